"""The options dataclasses as a tree that can be walked: their keys, types, defaults and what they mean.

What people read about the configuration (errors, the schema, the tables in the README) is derived from the
dataclasses here and written down nowhere else.
"""

import ast
import dataclasses
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import pairwise
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from watcher.camera.kinds import ByKind, members
from watcher.camera.options import CameraOptions
from watcher.config.options import Options
from watcher.config.problem import Path
from watcher.quantities import Quantity
from watcher.secret import Secret

_PLAIN = {
    str: "text", int: "a whole number", float: "a number", bool: "true or false", NoneType: "null",
    datetime: "a time (2026-11-22T10:18:03Z)",
    Secret: "text, `{file: PATH}`, `{env: NAME}` or `{credential: NAME}`",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of a section: its type as annotated, its default (`MISSING` where it must be written)."""

    key: str
    hint: Any
    default: Any
    meaning: str


def settings(section: type) -> list[Setting]:
    """The keys of an options dataclass, in their order; `meaning` is the text below each attribute."""
    hints, meanings = keys(section), meanings_of(section)
    found = []
    for one in dataclasses.fields(section):
        default = one.default
        if one.default_factory is not dataclasses.MISSING:
            default = one.default_factory()
        found.append(Setting(one.name, hints[one.name], default, meanings.get(one.name, "")))
    return found


def keys(section: Any) -> dict[str, Any]:
    """The keys of an options dataclass and their types."""
    hints = get_type_hints(section, include_extras=True)
    return {one.name: hints[one.name] for one in dataclasses.fields(section)}


def required(section: type) -> list[str]:
    """The keys that must be written."""
    missing = dataclasses.MISSING
    fields = dataclasses.fields(section)
    return [one.name for one in fields if one.default is missing and one.default_factory is missing]


def written_keys(section: type) -> dict[str, Any]:
    """The keys that may stand in the file: a camera's key stands before its section."""
    return {key: hint for key, hint in keys(section).items() if (section, key) != (CameraOptions, "key")}


@cache
def meanings_of(section: type) -> dict[str, str]:
    """What stands below each attribute of a class and of those it derives from, as one line."""
    found: dict[str, str] = {}
    for cls in reversed(section.__mro__):
        if dataclasses.is_dataclass(cls):
            found.update(_docstrings(cls))
    return found


def _docstrings(cls: type) -> Iterator[tuple[str, str]]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    for attribute, text in pairwise(body):
        if (
            isinstance(attribute, ast.AnnAssign)
            and isinstance(attribute.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
            and isinstance(text.value.value, str)
        ):
            yield attribute.target.id, " ".join(text.value.value.split())


def bare(hint: Any) -> Any:
    """`hint` without its annotation, and without None where that is the only other choice."""
    if get_origin(hint) is Annotated:
        return bare(get_args(hint)[0])
    if is_union(hint):
        others = [choice for choice in get_args(hint) if choice is not NoneType]
        return bare(others[0]) if len(others) == 1 else hint
    return hint


def is_union(hint: Any) -> bool:
    """Whether it is a choice of types."""
    return get_origin(hint) in (Union, UnionType)


def quantity(hint: Any) -> Quantity | None:
    """The quantity that a value of this type is parsed as."""
    if get_origin(hint) is Annotated:
        return next((extra for extra in get_args(hint)[1:] if isinstance(extra, Quantity)), None)
    found = (quantity(choice) for choice in get_args(hint)) if is_union(hint) else iter(())
    return next((one for one in found if one is not None), None)


def is_kind(part: str | int, hint: Any) -> bool:
    """Whether a part of a location is no key but the kind that was chosen there."""
    return isinstance(part, str) and part.startswith("<") and part.endswith(">") and bool(kinds(hint))


def kinds(hint: Any) -> dict[str, type]:
    """The dataclasses that are told apart by `kind`; empty where `hint` is no such choice."""
    inner = bare(hint)
    choices = get_args(inner) if is_union(inner) else ()
    sections = [one for one in choices if dataclasses.is_dataclass(one) and "kind" in keys(one)]
    return members(inner) if len(sections) > 1 else {}


def section_of(hint: Any) -> type | None:
    """The options dataclass that a value of this type is, or may be."""
    inner = bare(hint)
    choices = get_args(inner) if is_union(inner) else (inner,)
    return next((one for one in choices if isinstance(one, type) and dataclasses.is_dataclass(one)), None)


def hint_at(location: Path) -> Any:
    """The type at a location as pydantic says it (with the chosen kind in angle brackets); None where unknown."""
    hint: Any = Options
    for part in location:
        inner = section_of(hint) or bare(hint)
        if is_kind(part, hint):
            hint = kinds(hint).get(str(part)[1:-1])
        elif dataclasses.is_dataclass(inner):
            hint = keys(inner).get(str(part))
        elif get_origin(inner) is dict:
            hint = get_args(inner)[1]
        elif get_origin(inner) is tuple:
            hint = get_args(inner)[0]
        else:
            return None
    return hint


def in_words(hint: Any) -> str:
    """What may be written there, for a person."""
    found = quantity(hint)
    if get_origin(hint) is Annotated:
        text = any(isinstance(extra, ByKind) and extra.text for extra in get_args(hint)[1:])
        return found.what if found else f"{'text or ' if text else ''}{in_words(get_args(hint)[0])}"
    if kinds(hint):
        return "a section with its `kind`"
    if is_union(hint):
        return " or ".join(in_words(choice) for choice in sorted(get_args(hint), key=dataclasses.is_dataclass))
    if get_origin(hint) is Literal:
        return ", ".join(f"`{name}`" for name in get_args(hint))
    if get_origin(hint) is tuple:
        return _tuple_in_words(get_args(hint))
    if get_origin(hint) is dict:
        inner = get_args(hint)[1]
        if inner is Secret:
            return "texts or places of secrets, by key"
        return "sections by key" if dataclasses.is_dataclass(inner) or kinds(inner) else "any keys"
    if dataclasses.is_dataclass(hint):
        return "a section"
    return _PLAIN.get(hint, "anything")


def _tuple_in_words(inside: tuple[Any, ...]) -> str:
    if Ellipsis in inside:
        inner = inside[0]
        return "a list of [x, y]" if get_origin(inner) is tuple else f"a list, each {in_words(inner)}"
    return f"[{', '.join(in_words(one).removeprefix('a ') for one in inside)}]"
