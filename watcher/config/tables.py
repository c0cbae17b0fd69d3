"""The tables of the README: every key of config.yaml, what may be written, its default, what it means."""

import dataclasses
from collections.abc import Iterator
from typing import Any, get_args

from watcher.camera.options import CameraOptions, LiveOptions
from watcher.config import shape
from watcher.events.options import EventsOptions
from watcher.inspection.options import LightOptions, PoseOptions
from watcher.inspection.when import LineOptions, RecipeOptions
from watcher.mqtt.options import DiscoveryOptions, MqttOptions, TlsOptions
from watcher.outbox.options import OutboxOptions
from watcher.profiles import PROFILES
from watcher.quantities import DURATION, FRACTION, SIZE, Quantity
from watcher.sinks.options import RecordOptions, StorageOptions
from watcher.vision.options import DetectorOptions, ToleranceOptions, ZoneOptions

_AREAS = "An area under `ignore` or `privacy` has `points` and `name` alone."
_LAYERS = (
    "A value is taken from the first of these that has it: the camera's own section, `defaults:` (which takes"
    " everything that a camera takes, but `source` and `name`), the profile, the default in the tables below."
    " Sections are merged key by key; a list is taken whole."
)


def reference() -> str:
    """Everything that can be set, as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _LAYERS
    yield from _table("mqtt", MqttOptions)
    yield from _table("mqtt.tls", TlsOptions)
    yield from _table("mqtt.discovery", DiscoveryOptions)
    yield from _table("storage", StorageOptions)
    yield from _table("outbox", OutboxOptions)
    yield from _table("cameras.<key>", CameraOptions)
    camera = shape.keys(CameraOptions)
    for key in ("source", "reference"):
        for kind, section in shape.kinds(camera[key]).items():
            yield from _table(f"cameras.<key>.{key}, kind: {kind}", section)
    yield from _table("cameras.<key>.zones.<key>", ZoneOptions)
    yield from ("", _AREAS)
    yield from _table("cameras.<key>.zones.<key>.tolerance", ToleranceOptions)
    yield from _table("cameras.<key>.detector", DetectorOptions)
    yield from _table("cameras.<key>.events", EventsOptions)
    yield from _table("cameras.<key>.inspection", LineOptions)
    yield from _table("cameras.<key>.inspection.pose", PoseOptions)
    yield from _table("cameras.<key>.inspection.light", LightOptions)
    yield from _table("cameras.<key>.inspection.recipes.<key>", RecipeOptions)
    yield ""
    yield "A recipe's own `inspection` takes the keys of the camera's from `smallest_defect` to `light`."
    yield from _table("cameras.<key>.record", RecordOptions)
    for kind, section in shape.kinds(get_args(camera["sinks"])[1]).items():
        yield from _table(f"cameras.<key>.sinks.<key>, kind: {kind}", section)
    yield from _table("cameras.<key>.live", LiveOptions)
    yield from _profiles()


def _table(title: str, section: type) -> Iterator[str]:
    yield from ("", f"#### `{title}`", "", " ".join((section.__doc__ or "").split()), "")
    yield from ("| key | what | default | meaning |", "|---|---|---|---|")
    written = shape.written_keys(section)
    for setting in shape.settings(section):
        if setting.key in written and not (setting.key == "kind" and isinstance(setting.default, str)):
            row = (f"`{setting.key}`", shape.in_words(setting.hint), _default(setting), setting.meaning)
            yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def _default(setting: shape.Setting) -> str:
    default = setting.default
    if default is dataclasses.MISSING:
        return "must be written"
    if dataclasses.is_dataclass(default) or default in ({}, ()):
        return ""
    return f"`{_written(default, shape.quantity(setting.hint))}`" if default != "" else ""


def _written(value: Any, quantity: Quantity | None) -> str:
    """A value as one writes it in the file."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(_written(one, quantity) for one in value)}]"
    if quantity is DURATION:
        return f"{value / 60:g} min" if value >= 120 and value % 60 == 0 else f"{value:g} s"
    if quantity is FRACTION:
        return f"{value * 100:g} %" if 0 < value < 0.1 else f"{value:g}"
    if quantity is SIZE:
        return f"{value / 10**9:g} GB"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _profiles() -> Iterator[str]:
    """What each profile lays under, one column each; where it says nothing the default of the tables holds."""
    yield from ("", "#### What a `profile` sets", "")
    yield f"| key | {' | '.join(f'`{name}`' for name in PROFILES)} |"
    yield f"|---|{'---|' * len(PROFILES)}"
    keys = dict.fromkeys(
        (section, key) for sections in PROFILES.values() for section, values in sections.items() for key in values
    )
    camera = shape.keys(CameraOptions)
    for section, key in keys:
        hint = shape.keys(shape.section_of(camera[section])).get(key)
        cells = []
        for sections in PROFILES.values():
            values = sections.get(section, {})
            cells.append(f"`{_written(values[key], shape.quantity(hint))}`" if key in values else "")
        yield f"| `{section}.{key}` | {' | '.join(cells)} |"
