"""What commands have set, kept over a restart: ``overrides.yaml`` in the storage folder.

Each value stands there with the one of config.yaml that it replaced. Once config.yaml says something else there,
somebody has decided anew: config.yaml wins, which is said once.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path as File
from typing import Any

from watcher.camera.settings import Adjusted
from watcher.events.payload import utc_text
from watcher.files import read_small, write_whole
from watcher.settings import MUTE, Value

log = logging.getLogger(__name__)

NAME = "overrides.yaml"
LARGEST = 256 * 1024
"""Bytes; a hundred cameras with everything set take half of it."""
_VALUES = bool | int | float | str
_HEADER = """\
# What commands have set while watcher ran, each with the value of config.yaml that it replaced. Written by watcher;
# what you change in config.yaml wins over it.
"""


@dataclass(frozen=True, slots=True)
class Override:
    """A value that a command has set, and what config.yaml said at that time."""

    value: Value
    replaced: Value


Overrides = Mapping[str, Mapping[str, Override]]
"""By camera, then by key."""


def read_overrides(folder: File) -> tuple[dict[str, dict[str, Override]], tuple[str, ...]]:
    """What is kept in the storage folder, and a sentence where that cannot be used: it is left out then."""
    # YAML, which only reading needs; the daemon reads in a process of its own.
    from watcher.config.document import parse

    file = folder / NAME
    try:
        content, _ = read_small(file, LARGEST)
    except FileNotFoundError:
        return {}, ()
    except (OSError, ValueError) as error:
        return {}, (f"{file} cannot be read ({getattr(error, 'strerror', None) or error}); it is left out",)
    try:
        document = parse(content[:LARGEST].decode("utf-8"))
    except UnicodeDecodeError:
        return {}, (f"{file} is no text; it is left out",)
    cameras = document.value.get("cameras") if isinstance(document.value, dict) else None
    if document.problems or len(content) > LARGEST or not isinstance(cameras, dict):
        return {}, (f"{file} is not as watcher writes it; it is left out",)
    found = {str(camera): dict(_overrides(keys)) for camera, keys in cameras.items() if isinstance(keys, dict)}
    return found, ()


def _overrides(keys: dict[Any, Any]) -> Iterator[tuple[str, Override]]:
    for key, one in keys.items():
        if isinstance(one, dict) and one.keys() == {"value", "replaced"}:
            value, replaced = one["value"], one["replaced"]
            if isinstance(value, _VALUES) and isinstance(replaced, _VALUES | None):
                yield str(key), Override(value, replaced)


def laid_over(config: Adjusted, kept: Mapping[str, Override]) -> tuple[Adjusted, tuple[str, ...]]:
    """The settings with what was kept for the camera, as far as it still holds; a sentence for what does not."""
    values: dict[str, Value] = {}
    said = []
    for key, one in kept.items():
        if key == MUTE.name:
            config = replace(config, muted_until=_future(one.value))
            continue
        try:
            now = config.configured(key)
        except LookupError:
            said.append(f"there is no {key} any more, which a command had set to {_shown(one.value)}")
            continue
        if now == one.replaced:
            values[key] = one.value
        else:
            said.append(
                f"{key} was changed from {_shown(one.replaced)} to {_shown(now)} in config.yaml, which wins over"
                f" {_shown(one.value)}, as a command had set it"
            )
    made, left_out = config.restored(values)
    return made, (*said, *left_out)


def overrides_of(adjusted: Adjusted) -> dict[str, Override]:
    """What is to be kept of a camera's settings."""
    found = {key: Override(value, adjusted.configured(key)) for key, value in adjusted.values.items()}
    until = adjusted.muted_until
    if until is not None and until > datetime.now(UTC):
        found[MUTE.name] = Override(utc_text(until), None)
    return found


class Keeper:
    """Keeps `overrides.yaml` as it should be; what the disk does not take is said once and tried again."""

    def __init__(self, folder: File, written: Overrides) -> None:
        self._file = folder / NAME
        self._written = {camera: dict(keys) for camera, keys in written.items() if keys}
        self._said = ""

    def keep(self, cameras: Mapping[str, Adjusted]) -> bool:
        """Write what has changed; False where it has to be tried again."""
        wanted = {key: found for key, adjusted in cameras.items() if (found := overrides_of(adjusted))}
        if wanted == self._written:
            return True
        try:
            write_whole(self._file, _text(wanted).encode())
        except OSError as error:
            if str(error) != self._said:
                self._said = str(error)
                log.warning(
                    "what commands have set holds only until the next start: %s cannot be written (%s)",
                    self._file, error.strerror,
                )  # fmt: skip
            return False
        self._written, self._said = wanted, ""
        return True


def _text(overrides: Overrides) -> str:
    # JSON is YAML, so that writing needs no YAML; one line a value, for people.
    lines = [_HEADER, "cameras:\n" if overrides else "cameras: {}\n"]
    for camera, keys in overrides.items():
        lines.append(f"  {json.dumps(camera)}:\n")
        lines += [
            f"    {json.dumps(key)}: {{value: {_plain(one.value)}, replaced: {_plain(one.replaced)}}}\n"
            for key, one in keys.items()
        ]
    return "".join(lines)


def _plain(value: Value) -> str:
    text = json.dumps(value)
    # 1e-05 is no number in YAML 1.1, 1.0e-05 is.
    return text.replace("e", ".0e") if isinstance(value, float) and "e" in text and "." not in text else text


def _shown(value: Value) -> str:
    return "null" if value is None else f"{value:g}" if isinstance(value, float) else str(value).lower()


def _future(value: Value) -> datetime | None:
    """The end of a mute, if it is one and still to come."""
    try:
        until = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    now = datetime.now(UTC)
    return until if until.tzinfo is not None and until > now else None
