"""config.yaml to options: every problem at once, each with its place."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import TYPE_CHECKING, Any

from watcher.camera.options import CameraOptions
from watcher.camera.settings import Adjusted
from watcher.config.options import Options
from watcher.config.overrides import Overrides, read_overrides
from watcher.config.problem import Mark, Path, Problem, lines, refusal
from watcher.errors import ConfigError
from watcher.files import read_small
from watcher.profiles import PROFILES

if TYPE_CHECKING:
    from watcher.config.document import Document
    from watcher.config.layers import Layered
    from watcher.config.validation import Finding

LARGEST = 256 * 1024
"""Bytes; a hundred cameras with a dozen polygons each take half of it."""

PLACES = ("config.yaml", "/etc/watcher/config.yaml")
"""Where the configuration is looked for when none is named, in this order."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used; `warnings` are lines about what works but may not be meant."""

    options: Options
    warnings: tuple[str, ...]
    path: File
    profiles: Mapping[str, Mapping[str, CameraOptions]] = field(default_factory=dict)
    """Each camera under every other profile that fits to what the file says of it, to be chosen while it runs."""
    overrides: Overrides = field(default_factory=dict)
    """What commands have set, as it is kept in the storage folder."""

    def adjusted(self, camera: str) -> Adjusted:
        """A camera's settings as the file has them, without what commands have set."""
        return Adjusted(config=self.options.cameras[camera], profiles=self.profiles.get(camera, {}))


def find(named: str | os.PathLike[str] | None = None) -> File:
    """The configuration file: the one that was named, else the first of `PLACES` that is there."""
    if named is not None:
        return File(named)
    for place in PLACES:
        if os.path.exists(place):
            return File(place)
    raise ConfigError(f"there is neither ./{PLACES[0]} nor {PLACES[1]}; name the file with --config FILE")


def read(path: str | os.PathLike[str]) -> Loaded:
    """The configuration in a file; `ConfigError` has one line for everything that is wrong in it."""
    # YAML and pydantic, which only reading itself needs.
    from watcher.config import meaning
    from watcher.config.document import parse
    from watcher.config.layers import lay_out
    from watcher.config.places import settle, settle_texts
    from watcher.config.validation import validate

    file = File(path)
    text, mode = _text(file)
    document = parse(text)
    if document.value is None and document.problems:
        raise refusal(str(file), document.problems)
    layered = lay_out(document)
    problems = [*document.problems, *layered.problems]
    folder = file.parent.resolve()
    settle_texts(layered.value, folder)
    options, findings = validate(layered.value) if layered.value else (None, [])
    if options is not None:
        options = settle(options, folder)
        findings += meaning.mistakes(options)
    problems += _placed(findings, document, layered)
    if problems or options is None:
        raise refusal(str(file), problems)
    warnings = _placed(list(meaning.doubts(options, mode)), document, layered)
    overrides, troubles = read_overrides(File(options.storage.folder))
    return Loaded(
        options, (*lines(str(file), warnings), *troubles), file, _profiles(text, options, folder), overrides
    )


def _profiles(text: str, options: Options, folder: File) -> dict[str, dict[str, CameraOptions]]:
    """Each camera as it would be if its `profile:` were another one, where that is a configuration at all."""
    # YAML and pydantic, which only reading itself needs.
    from watcher.config import meaning
    from watcher.config.document import parse
    from watcher.config.layers import lay_out
    from watcher.config.places import settle, settle_texts
    from watcher.config.validation import validate

    found: dict[str, dict[str, CameraOptions]] = {key: {} for key in options.cameras}
    for profile in PROFILES:
        document = parse(text)  # anew: what is wrong is taken out of it
        for key, camera in document.value["cameras"].items():
            document.value["cameras"][key] = {**(camera or {}), "profile": profile}
        layered = lay_out(document)
        settle_texts(layered.value, folder)
        other, findings = validate(layered.value)
        if other is None:
            continue
        other = settle(other, folder)
        wrong = {finding.path[1] for finding in (*findings, *meaning.mistakes(other)) if len(finding.path) > 1}
        for key, camera in other.cameras.items():
            if key not in wrong and profile != options.cameras[key].profile:
                found[key][profile] = camera
    return found


def _placed(findings: "list[Finding]", document: "Document", layered: "Layered") -> list[Problem]:
    """The findings with their places in the file, less those about values that could not even be read."""
    unread = {problem.path for problem in document.problems if _value(document, problem.path) is _NOT_THERE}
    placed = []
    for finding in findings:
        path = layered.origin(finding.path)
        if path and isinstance(_value(document, path[:-1]), str):
            path = path[:-1]  # a source in one string
        if path not in unread:
            placed.append(Problem(document.mark(path), path, finding.sentence))
    return placed


_NOT_THERE = object()


def _value(document: "Document", path: Path) -> Any:
    """What the file has at a path."""
    value = document.value
    for part in path:
        try:
            value = value[part]
        except (TypeError, LookupError):
            return _NOT_THERE
    return value


def _text(file: File) -> tuple[str, int]:
    """The file's text and mode; every reason not to have it is one sentence."""
    try:
        content, mode = read_small(file, LARGEST)
    except IsADirectoryError:
        raise _refused(file, f"is a folder; name the file in it, say {file / 'config.yaml'}") from None
    except FileNotFoundError:
        where = "" if file.is_absolute() else f" (that is {file.absolute()})"
        raise _refused(file, f"does not exist{where}; name another with --config") from None
    except (OSError, ValueError) as error:
        raise _refused(file, f"cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if len(content) > LARGEST:
        raise _refused(file, f"is larger than {LARGEST // 1024} kB; that is no configuration")
    try:
        return content.decode("utf-8-sig"), mode
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        mark = Mark(before.count(b"\n") + 1, column)
        sentence = f"byte 0x{content[error.start]:02X} is not UTF-8; save the file as UTF-8 text"
        raise refusal(str(file), [Problem(mark, (), sentence)]) from None


def _refused(file: File, sentence: str) -> ConfigError:
    return refusal(str(file), [Problem(None, (), sentence)])
