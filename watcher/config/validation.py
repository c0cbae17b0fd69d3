"""Plain values to options: pydantic over the options dataclasses, until every problem has been found."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from watcher.config import shape
from watcher.config.options import Options
from watcher.config.problem import Path
from watcher.config.sentences import sentence, shown

ROUNDS = 6
"""How often what is wrong is taken out to see what else is wrong; one thing hides another twice at most."""
_NO_PLUGINS = "PYDANTIC_DISABLE_PLUGINS"
_PLACEHOLDER = {"kind": "demo"}


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem at a path of the plain values."""

    path: Path
    sentence: str


@cache
def _adapter() -> TypeAdapter[Options]:
    # Plugins of other packages have no say in this file, and looking for them takes a tenth of `watcher check`.
    before = os.environ.get(_NO_PLUGINS)
    os.environ[_NO_PLUGINS] = "__all__"
    try:
        return TypeAdapter(Options)
    finally:
        if before is None:
            del os.environ[_NO_PLUGINS]
        else:
            os.environ[_NO_PLUGINS] = before


def validate(values: dict[str, Any]) -> tuple[Options | None, list[Finding]]:
    """Options, and everything that is wrong with `values`, which it changes.

    Where something is wrong the options are those without it, so that the checks across keys have something
    to look at; None where not even that is possible.
    """
    findings: list[Finding] = []
    taken: set[Path] = set()
    for _ in range(ROUNDS):
        try:
            options = _adapter().validate_python(values)
        except ValidationError as error:
            errors = [_Error.of(one, values) for one in error.errors(include_url=False)]
        else:
            return options, [*findings, *_booleans(values, options)]
        findings += [one.finding for one in errors if one.applies and one.path not in taken]
        gone: set[Path] = set()
        for one in errors:
            if any(one.path[:end] in gone for end in range(1, len(one.path) + 1)):
                continue
            path = _taken_out(values, one.path)
            if path is None:
                return None, findings
            gone.add(path)
        taken |= gone
    return None, findings


@dataclass(frozen=True, slots=True)
class _Error:
    """One of pydantic's errors, where the location has been brought into line with the values.

    `applies` is False for the errors of those choices of a union that were clearly not meant.
    """

    path: Path
    finding: Finding
    applies: bool

    @classmethod
    def of(cls, error: Any, values: dict[str, Any]) -> "_Error":
        place, kind = tuple(error["loc"]), error["type"]
        if kind == "missing" and isinstance(place[-1], int):
            place, kind = place[:-1], "too_short"  # not the second number is wrong but the point that lacks it
        location, path, applies = _along(place, values)
        context = error.get("ctx", {})
        text = sentence(kind, location, error["input"], context, error["msg"])
        if error["type"] == "value_error":
            path, text = _at_its_key(location, path, text)
        elif location and _is_choice(shape.hint_at(location)):
            text = f"must be {shape.in_words(shape.hint_at(location))}, not {shown(error['input'], location)}"
        return cls(path, _about_points(path, text, error), applies)


def _along(location: Path, values: Any) -> tuple[Path, Path, bool]:
    """The location without the names of union members, the path of keys, and whether the member was meant."""
    known: Path = ()
    path: Path = ()
    applies = True
    at = values
    skip = False
    for index, part in enumerate(location):
        if shape.is_kind(part, shape.hint_at(known)):
            known = (*known, part)
            continue
        if skip:
            skip = False
            continue
        known, path = (*known, part), (*path, part)
        at = _inside(at, part)
        if index + 1 < len(location) and _is_choice(shape.hint_at(known)):
            skip = True
            name = getattr(shape.section_of(shape.hint_at(known)), "__name__", "")
            applies = applies and (name == location[index + 1]) == isinstance(at, dict)
    return known, path, applies


def _is_choice(hint: Any) -> bool:
    """Whether it is a section or something else, as in ``tls: true`` and ``tls: {ca: …}``."""
    return shape.section_of(hint) is not None and shape.is_union(shape.bare(hint)) and not shape.kinds(hint)


def _inside(value: Any, part: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(part)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return None


def _at_its_key(location: Path, path: Path, text: str) -> tuple[Path, str]:
    """The sentences of the dataclasses begin with the key they are about, or are about the one key they need."""
    section = shape.section_of(shape.hint_at(location))
    first, _, rest = text.partition(" ")
    if section is None or not path:
        return path, text
    if first in shape.keys(section):
        return (*path, first), rest
    must = shape.required(section)
    return (*path, must[0]) if len(must) == 1 else path, text


_OUT_OF_PICTURE = re.compile(r"is (above 1|below 0)")


def _about_points(path: Path, text: str, error: Any) -> Finding:
    """A point that is not in fractions is said once for the polygon, not once for each number."""
    if "points" not in path or error["type"] != "quantity" or not _OUT_OF_PICTURE.search(text):
        return Finding(path, text)
    points = path[: path.index("points") + 1]
    if text.startswith("is below"):
        return Finding(points, "points must lie inside the picture: fractions from 0 to 1, write for example 0.25")
    return Finding(points, "points are fractions of the picture from 0 to 1, not pixels: write for example 0.25")


def _taken_out(values: dict[str, Any], path: Path) -> Path | None:
    """Removes what is wrong at `path`; what was removed, None where nothing would be left to look at."""
    keys = [index for index, part in enumerate(path) if isinstance(part, str)]
    for end in reversed(keys):
        around, key = _at(values, path[:end]), path[end]
        if path[:end] and path[0] == "cameras" and end == 2 and key == "source" and isinstance(around, dict):
            if around.get(key) == _PLACEHOLDER:
                return None
            around[key] = dict(_PLACEHOLDER)
            return path[: end + 1]
        if isinstance(around, dict) and key in around:
            del around[key]
            return path[: end + 1]
    return None


def _at(values: Any, path: Path) -> Any:
    for part in path:
        values = _inside(values, part)
    return values


def _booleans(value: Any, option: Any, path: Path = ()) -> Iterator[Finding]:
    """``true`` where a number belongs: Python takes it for 1, a person does not mean that."""
    if isinstance(value, bool) and type(option) in (int, float):
        yield Finding(path, f"must be a number, not {shown(value)}")
    elif isinstance(value, dict):
        for key, inner in value.items():
            taken = option.get(key) if isinstance(option, dict) else getattr(option, key, None)
            yield from _booleans(inner, taken, (*path, key))
    elif isinstance(value, list) and isinstance(option, (list, tuple)):
        for index, (inner, taken) in enumerate(zip(value, option, strict=False)):
            yield from _booleans(inner, taken, (*path, index))
