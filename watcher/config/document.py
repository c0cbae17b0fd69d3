"""YAML to plain values that know where they were written.

YAML 1.1 has traps, and they are taken out: only ``true`` and ``false`` are booleans (``no`` and ``on`` stay
text), only decimal numbers are numbers (``12:30:00``, ``0x1F``, ``007`` and dates stay text), a key given twice
is refused, and aliases cannot blow a small file up into a huge one.
"""

import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.composer import Composer, ComposerError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from watcher.config.problem import Mark, Path, Problem

DEEPEST = 24
"""Nesting beyond this is no configuration."""
MOST_VALUES = 20_000
"""As many values as a hundred cameras with a dozen polygons each; an alias counts as often as it is used."""

_TAG = "tag:yaml.org,2002:"
_CORE = frozenset(_TAG + name for name in ("str", "int", "float", "bool", "null", "map", "seq", "merge"))


@dataclass(slots=True)
class Document:
    """The values of a file, where each was written, and what was wrong with it so far."""

    value: Any = None
    marks: dict[Path, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def mark(self, path: Path) -> Mark:
        """Where `path` was written: its key, or that of the nearest thing around it."""
        while path and path not in self.marks:
            path = path[:-1]
        return self.marks.get(path, Mark(1, 1))


def parse(text: str) -> Document:
    """`text` as a document. Never raises: what is wrong is among the document's problems."""
    document = Document()
    try:
        node = _Composer(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Mark(mark.line + 1, mark.column + 1) if mark else Mark(1, 1)
        document.problems.append(Problem(place, (), _in_words(error)))
        return document
    except ReaderError as error:
        place = _position(text, error.position)
        sentence = f"the character U+{int(error.character):04X} is not allowed in YAML; remove it"
        document.problems.append(Problem(place, (), sentence))
        return document
    if node is not None:
        _Construction(document).build(node)
    return document


def tree(text: str) -> Node | None:
    """The nodes of a text that `parse` has found to be right, with the places of their beginnings and ends."""
    return _Composer(text).get_single_node()


class _Resolver(BaseResolver):
    """What a plain scalar is."""


for _name, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("merge", r"<<", "<"),
):
    _Resolver.add_implicit_resolver(
        _TAG + _name, re.compile(rf"(?:{_pattern})\Z"), [*_first, *([""] if _name == "null" else [])]
    )


class _Composer(Reader, Scanner, Parser, Composer, _Resolver):
    """PyYAML's parts with our own idea of scalars, and a bound on nesting."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        _Resolver.__init__(self)
        self._depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        if self._depth > DEEPEST:
            raise ComposerError(None, None, f"{_NESTED} {DEEPEST} levels", self._here())
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def _here(self) -> Any:
        return self.peek_event().start_mark  # type: ignore[no-untyped-call]


_NOTHING = object()
"""In the place of a value that could not be read."""


class _TooMuch(Exception):
    """A file, or what its aliases stand for, is more than anybody can have meant."""


class _Construction:
    """Makes plain values of nodes, and notes where they stood."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._count = 0
        self._visited: set[int] = set()
        self._repeated: Node | None = None

    def build(self, node: Node) -> None:
        self._document.marks[()] = _mark(node)
        try:
            self._document.value = self._value(node, ())
        except _TooMuch:
            self._document.problems.append(self._too_much(node))

    def _too_much(self, root: Node) -> Problem:
        if self._repeated is not None:
            sentence = (
                f"with its aliases the file stands for more than {MOST_VALUES} values;"
                " write out what this one stands for, or use it less often"
            )
            return Problem(_mark(self._repeated), (), sentence)
        node, path, count = _bulk(root)
        sentence = f"the file has more than {MOST_VALUES} values, {count} of them here; leave out what need not be"
        return Problem(self._document.mark(path) if path else _mark(node), path, sentence)

    def _value(self, node: Node, path: Path) -> Any:
        self._count += 1
        if self._count > MOST_VALUES or len(path) > DEEPEST:
            raise _TooMuch
        if self._repeated is None and id(node) in self._visited:
            self._repeated = node
        self._visited.add(id(node))
        if node.tag not in _CORE:
            tag = node.tag.replace(_TAG, "!!")
            self._wrong(node, path, f"has the tag {_short(tag)}; tags are not used here, leave it out")
            return _NOTHING
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return self._sequence(node, path)
        return self._scalar(node, path)

    def _sequence(self, node: SequenceNode, path: Path) -> list[Any]:
        values = []
        for index, item in enumerate(node.value):
            self._document.marks[*path, index] = _mark(item)
            value = self._value(item, (*path, index))
            values.append(None if value is _NOTHING else value)
        return values

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, item in node.value:
            if key.tag == f"{_TAG}merge":
                for name, value in self._merged(item, path).items():
                    values.setdefault(name, value)
        own: dict[str, Mark] = {}
        for key, item in node.value:
            if key.tag == f"{_TAG}merge":
                continue
            if not isinstance(key, ScalarNode):
                self._wrong(key, path, "has a list or a section as a key; a key is a word")
                continue
            name, place = str(key.value), _mark(key)
            if name in own:
                sentence = f"is given twice, first in line {own[name].line}; leave one of them out"
                self._wrong(key, (*path, name), sentence)
                continue
            own[name] = self._document.marks[*path, name] = place
            value = self._value(item, (*path, name))
            if value is not _NOTHING:
                values[name] = value
        return values

    def _merged(self, node: Node, path: Path) -> dict[str, Any]:
        nodes = node.value if isinstance(node, SequenceNode) else [node]
        values: dict[str, Any] = {}
        for one in nodes:
            if not isinstance(one, MappingNode):
                self._wrong(one, path, "<< takes a section, as in <<: *name, or a list of them")
                continue
            self._count += 1
            for name, value in self._mapping(one, path).items():
                values.setdefault(name, value)
            if self._count > MOST_VALUES:
                raise _TooMuch
        return values

    def _scalar(self, node: Node, path: Path) -> Any:
        text = str(node.value)
        try:
            match node.tag.removeprefix(_TAG):
                case "null":
                    return None
                case "bool":
                    return {"true": True, "false": False}[text.lower()]
                case "int":
                    return int(text)
                case "float":
                    number = float(text)
                    if not math.isfinite(number):
                        raise ValueError(text)
                    return number
        except (ValueError, KeyError):
            self._wrong(node, path, f"{_short(text)} cannot be read as a number, true or false")
            return _NOTHING
        return text

    def _wrong(self, node: Node, path: Path, sentence: str) -> None:
        self._document.problems.append(Problem(_mark(node), path, sentence))


_NESTED = "nested deeper than"

_SENTENCES = (
    (r"found character '\\t'", "a tab cannot indent YAML; use spaces"),
    (r"found character '(.)' that cannot start", "text that begins with {0} must stand in quotes"),
    (r"mapping values are not allowed", "a ':' is not allowed here; indent the line like its neighbours, or put"
     " text that has ': ' in it in quotes"),
    (r"could not find expected ':'", "here a key has no ':' after it; write key: value"),
    (r"expected <block end>", "the indentation does not fit the lines above; keys of one section begin in the"
     " same column"),
    (r"expected ',' or '([]}])'", "a list or section opened before is not closed; a ',' or {0} is missing"),
    (r"expected the node content", "a value is missing here"),
    (r"but found another document", "there is a second document in the file; take out the '---' line"),
    (r"found unexpected end of stream", "quotes that were opened before are not closed"),
    (r"found undefined alias", "the alias is not defined before; write &name where it is first used"),
    (r"found duplicate anchor", "the anchor is defined twice; give one of them another name"),
    (_NESTED, f"sections and lists are nested deeper than {DEEPEST} levels"),
)  # fmt: skip


def _in_words(error: yaml.MarkedYAMLError) -> str:
    """What YAML's parser says, for somebody who does not know its inside."""
    said = " ".join(part for part in (error.context, error.problem) if part)
    for pattern, sentence in _SENTENCES:
        match = re.search(pattern, said)
        if match:
            return sentence.format(*match.groups())
    return f"is not YAML ({error.problem or error.context})"


def _mark(node: Node) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)


def _position(text: str, offset: int) -> Mark:
    before = text[:offset]
    return Mark(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


def _bulk(root: Node) -> tuple[Node, Path, int]:
    """The innermost section or list of a tree without aliases that holds more than half of all values: itself, its
    path and how many it holds."""
    counts: dict[int, int] = {}

    def count(node: Node) -> int:
        counts[id(node)] = 1 + sum(count(item) for _, item in _items(node))
        return counts[id(node)]

    path: Path = ()
    total, node = count(root), root
    while inner := [one for one in _items(node) if 2 * counts[id(one[1])] > total]:
        key, node = inner[0]
        path = (*path, key)
    return node, path, counts[id(node)] - 1


def _items(node: Node) -> list[tuple[str | int, Node]]:
    """What a section or list holds, each with its part of the path."""
    if isinstance(node, MappingNode):
        return [(str(key.value) if isinstance(key, ScalarNode) else "", item) for key, item in node.value]
    return list(enumerate(node.value)) if isinstance(node, SequenceNode) else []


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
