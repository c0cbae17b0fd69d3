"""``defaults:`` and ``profile:`` laid under each camera, remembering where each value was written.

A value is taken from the first of these that has it: the camera's own section, ``defaults:``, the profile,
the options dataclass. Sections are merged key by key; lists and plain values are taken whole. A section
that names another ``kind`` than the one below it replaces that one altogether.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from watcher.config.document import Document
from watcher.config.problem import Path, Problem
from watcher.profiles import PROFILES

KEY = re.compile(r"[a-z][a-z0-9_-]{0,31}")
EXAMPLE = "cameras: {demo: {source: demo}}"
_NAMED = ("zones", "ignore", "privacy")
OWN = {"source": "where frames come from", "name": "a title", "key": "a key"}


@dataclass(slots=True)
class Layered:
    """Plain values as the options dataclasses want them, and for each the path at which it was written."""

    value: dict[str, Any] = field(default_factory=dict)
    origins: dict[Path, Path] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def origin(self, path: Path) -> Path:
        """The path in the file that `path` in `value` comes from."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.origins:
                return self.origins[path[:end]] + path[end:]
        return path


def lay_out(document: Document) -> Layered:
    """`document` with every camera complete. What is not of the expected form is left for the validation."""
    layered = Layered()
    root = document.value
    if root is None or root == {}:
        layered.problems.append(Problem(document.mark(()), (), f"the file is empty; write at least {EXAMPLE}"))
        return layered
    if not isinstance(root, dict):
        sentence = f"the file must hold sections (mqtt:, storage:, defaults:, cameras:); write at least {EXAMPLE}"
        layered.problems.append(Problem(document.mark(()), (), sentence))
        return layered
    layered.value = {key: value for key, value in root.items() if value is not None and key != "defaults"}
    _brokers(layered)
    defaults = _defaults(document, layered)
    cameras = layered.value.setdefault("cameras", {})
    if isinstance(cameras, dict):
        _cameras(document, layered, cameras, defaults)
    return layered


def _brokers(layered: Layered) -> None:
    """One broker is a list of one."""
    mqtt = layered.value.get("mqtt")
    if isinstance(mqtt, dict):
        layered.value["mqtt"] = [mqtt]
        layered.origins["mqtt", 0] = ("mqtt",)


def _defaults(document: Document, layered: Layered) -> dict[str, Any]:
    defaults = document.value.get("defaults")
    if defaults is None:
        return {}
    if not isinstance(defaults, dict):
        sentence = "must be a section of keys, like a camera's: profile, detector, events …"
        layered.problems.append(Problem(document.mark(("defaults",)), ("defaults",), sentence))
        return {}
    for key in OWN.keys() & defaults.keys():
        path = ("defaults", key)
        sentence = f"cannot be a default: {OWN[key]} belongs to one camera; write it there"
        layered.problems.append(Problem(document.mark(path), path, sentence))
    return {key: value for key, value in defaults.items() if key not in OWN}


def _cameras(document: Document, layered: Layered, cameras: dict[str, Any], defaults: dict[str, Any]) -> None:
    if not cameras and "cameras" not in {problem.path[0] for problem in document.problems if problem.path}:
        sentence = f"there is no camera; write for example {EXAMPLE}"
        layered.problems.append(Problem(document.mark(("cameras",)), ("cameras",), sentence))
    complete: dict[str, Any] = {}
    for key, written in cameras.items():
        _check_key(document, layered, ("cameras", key))
        camera = {} if written is None else written
        if not isinstance(camera, dict):
            complete[key] = camera
            continue
        if "key" in camera:
            path = ("cameras", key, "key")
            sentence = "is not known here: the camera's key stands before its section; take this out"
            layered.problems.append(Problem(document.mark(path), path, sentence))
        complete[key] = _camera(layered, key, camera, defaults)
        for section in (*_NAMED, "sinks"):
            areas = complete[key].get(section)
            for name in areas if isinstance(areas, dict) else ():
                _check_key(document, layered, layered.origin(("cameras", key, section, name)))
    layered.value["cameras"] = complete


def _camera(layered: Layered, key: str, camera: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    profile = camera.get("profile") or defaults.get("profile") or "home"
    below: Any = next((sections for name, sections in PROFILES.items() if name == profile), {})
    own: Path = ("cameras", key)
    layers = [_Layer(below, own), _Layer(defaults, ("defaults",)), _Layer(camera, own)]
    laid: dict[str, Any] = _laid(layered.origins, own, layers)
    return {**laid, "key": key}


@dataclass(frozen=True, slots=True)
class _Layer:
    value: Any
    path: Path


def _laid(origins: dict[Path, Path], at: Path, layers: Sequence[_Layer]) -> Any:
    """The layers as one value; the last one wins."""
    top = layers[-1]
    origins[at] = top.path
    if not isinstance(top.value, dict):
        return top.value
    sections = _compatible(layers)
    laid: dict[str, Any] = {}
    for key in dict.fromkeys(key for layer in sections for key in layer.value):
        having = [_Layer(one.value[key], (*one.path, key)) for one in sections if key in one.value]
        if len(at) == 2:  # an empty section (all its lines commented out, say) is as good as none
            having = [layer for layer in having if layer.value is not None]
        if having:
            laid[key] = _laid(origins, (*at, key), having)
    return laid


def _compatible(layers: Sequence[_Layer]) -> list[_Layer]:
    """The topmost layers that are sections of one kind, lowest first."""
    found: list[_Layer] = []
    kind = None
    for layer in reversed(layers):
        if not isinstance(layer.value, dict):
            break
        kind = kind or layer.value.get("kind")
        if kind != layer.value.get("kind", kind):
            break
        found.insert(0, layer)
    return found


def _check_key(document: Document, layered: Layered, path: Path) -> None:
    key = str(path[-1])
    if KEY.fullmatch(key):
        return
    fitting = re.sub(r"[^a-z0-9_]+", "-", key.lower()).strip("-_0123456789")[:32].rstrip("-")
    example = f"write {fitting}" if fitting else "write for example front-door"
    title = " and the title for people after name:" if len(path) < 4 or path[-2] in _NAMED else ""
    sentence = (
        "is not a key: keys have 1 to 32 of the characters a-z, 0-9, _ and -, and begin with a letter;"
        f" {example}{title}"
    )
    layered.problems.append(Problem(document.mark(path), path, sentence))
