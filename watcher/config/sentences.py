"""What pydantic found, said to a person: what is wrong, and what to write instead."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args, get_origin

from watcher.config import shape
from watcher.config.problem import Path
from watcher.sources.urls import shown as without_login

_SECRET = re.compile(r"pass|secret|token|credential", re.IGNORECASE)
_FILE_ONLY = ("defaults",)


def sentence(kind: str, location: Path, value: Any, context: Mapping[str, Any], message: str) -> str:
    """One sentence for one of pydantic's errors; its own `message` only where the kind is new to us."""
    said = _SENTENCES.get(kind, _own if "sentence" in context else None)
    text = said(location, value, context) if said else f"cannot be used here ({message[:1].lower()}{message[1:]})"
    return without_login(" ".join(text.split()))


def shown(value: Any, location: Path = ()) -> str:
    """A value as it was written, short, on one line and without secrets."""
    if any(isinstance(part, str) and _SECRET.search(part) for part in location):
        return "the value"
    if value is None:
        return "an empty value"
    if isinstance(value, dict):
        return "a section of keys"
    if isinstance(value, (list, tuple)):
        return "a list"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """The nearest of the known words, or all of them."""
    words = [word for word in known if not word.startswith("package.module")]
    near = difflib.get_close_matches(given.lower(), words, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(words)}"


def _unknown(location: Path, value: Any, context: Mapping[str, Any]) -> str:
    section, key = shape.section_of(shape.hint_at(location[:-1])), str(location[-1])
    known = list(shape.written_keys(section)) if section else []
    known += _FILE_ONLY if len(location) == 1 else []
    elsewhere = _other_kind(location)
    if elsewhere:
        return f"belongs to kind: {elsewhere}, not to kind: {str(location[-2])[1:-1]}"
    return f"is not known here; {did_you_mean(key, known)}" if known else f"is not known here ({key})"


def _other_kind(location: Path) -> str:
    """The other kinds of the same section that have the key."""
    if len(location) < 3:
        return ""
    choice = shape.kinds(shape.hint_at(location[:-2]))
    having = [kind for kind, section in choice.items() if location[-1] in shape.keys(section)]
    return " or ".join(having)


def _missing(location: Path, value: Any, context: Mapping[str, Any]) -> str:
    if not isinstance(location[-1], str) or shape.hint_at(location[:-1]) is None:
        return _count(location, value, context)
    section = shape.section_of(shape.hint_at(location[:-1]))
    meaning = shape.meanings_of(section).get(location[-1], "") if section else ""
    first = meaning.split(". ")[0].rstrip(".")
    return f"is missing: {first[:1].lower()}{first[1:]}" if first else "is missing; write it"


def _choice(location: Path, value: Any, context: Mapping[str, Any]) -> str:
    known = [str(name) for name in get_args(shape.bare(shape.hint_at(location)))]
    return f"{shown(value, location)} is not one of the choices; {did_you_mean(str(value), known)}"


def _kind(location: Path, value: Any, context: Mapping[str, Any]) -> str:
    given, known = str(context["given"]), [str(kind) for kind in context["kinds"]]
    if not given:
        return f"has no kind; write kind: with one of {', '.join(known)}"
    return f"{shown(given)} is not a known kind; {did_you_mean(given, known)}"


def _kind_section(location: Path, value: Any, context: Mapping[str, Any]) -> str:
    choice = shape.kinds(shape.hint_at(location))
    text = "one string (a URL, a file, /dev/video0, demo) or " if location[-1] == "source" else ""
    example = next(iter(choice), "fixed")
    return f"must be {text}a section with its kind, as in {{kind: {example}}}, not {shown(value, location)}"


def _text(location: Path, value: Any, context: Mapping[str, Any]) -> str:
    if isinstance(value, (int, float)):
        return f"must be text; put {shown(value, location)} in quotes"
    return f"must be text, not {shown(value, location)}"


def _count(location: Path, value: Any, context: Mapping[str, Any]) -> str:
    inner = shape.bare(shape.hint_at(location))
    wanted = get_args(inner) if get_origin(inner) is tuple else ()
    if not wanted or Ellipsis in wanted:
        return "has the wrong number of values"
    example = "[x, y]" if "points" in location else shape.in_words(inner)
    return f"must have exactly {len(wanted)} values, {example}"


def _list(location: Path, value: Any, context: Mapping[str, Any]) -> str:
    said = f"must be a list, not {shown(value, location)}"
    inner = shape.bare(shape.hint_at(location))
    if "points" in location:
        example = "[[0, 0], [1, 0], [1, 1]]" if location[-1] == "points" else "[0.25, 0.5]"
        return f"{said}; write for example {example}"
    if get_args(inner) == (int, int):
        return f"{said}; write for example [1280, 720]"
    alone = isinstance(value, str | int | float) and "the value" not in said
    return f"{said}; write [{value}]" if alone and Ellipsis in get_args(inner) else said


def _must_be(what: str) -> Callable[[Path, Any, Mapping[str, Any]], str]:
    def say(location: Path, value: Any, context: Mapping[str, Any]) -> str:
        return f"must be {what}, not {shown(value, location)}"

    return say


def _bound(words: str, key: str) -> Callable[[Path, Any, Mapping[str, Any]], str]:
    def say(location: Path, value: Any, context: Mapping[str, Any]) -> str:
        return f"must be {words} {context[key]}, not {shown(value, location)}"

    return say


def _own(location: Path, value: Any, context: Mapping[str, Any]) -> str:
    return str(context["sentence"])


def _checked(location: Path, value: Any, context: Mapping[str, Any]) -> str:
    return str(context["error"])


_whole, _number = _must_be("a whole number"), _must_be("a number")
_time = _must_be("a time, as in 2026-11-22T10:18:03Z")
_section, _flag = _must_be("a section of keys"), _must_be("true or false")

_SENTENCES: Mapping[str, Callable[[Path, Any, Mapping[str, Any]], str]] = {
    "unexpected_keyword_argument": _unknown,
    "extra_forbidden": _unknown,
    "missing": _missing,
    "literal_error": _choice,
    "kind": _kind,
    "kind_section": _kind_section,
    "value_error": _checked,
    "string_type": _text,
    "string_too_long": _bound("at most as long as", "max_length"),
    "string_too_short": _bound("at least as long as", "min_length"),
    "int_type": _whole,
    "int_parsing": _whole,
    "int_parsing_size": _whole,
    "int_from_float": _whole,
    "float_type": _number,
    "float_parsing": _number,
    "finite_number": _number,
    "datetime_type": _time,
    "datetime_parsing": _time,
    "datetime_from_date_parsing": _time,
    "datetime_object_invalid": _time,
    "bool_type": _flag,
    "bool_parsing": _flag,
    "dict_type": _section,
    "mapping_type": _section,
    "dataclass_type": _section,
    "dataclass_exact_type": _section,
    "tuple_type": _list,
    "list_type": _list,
    "too_long": _count,
    "too_short": _count,
    "none_required": _must_be("null or left out"),
    "greater_than": _bound("above", "gt"),
    "greater_than_equal": _bound("at least", "ge"),
    "less_than": _bound("below", "lt"),
    "less_than_equal": _bound("at most", "le"),
}
