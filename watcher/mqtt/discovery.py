"""What Home Assistant is told of a camera and of the daemon: one retained message a device, made from the tables.

The keys are Home Assistant's own abbreviations: ``cmps`` components, ``p`` platform, ``uniq_id`` unique id,
``stat_t`` and ``cmd_t`` the topics of state and command, ``avty`` availability, ``ent_cat`` entity category, ``en``
enabled from the start. Every topic is built from the table of topics, every setting from the table of settings.
Pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from watcher import __version__
from watcher.mqtt import topics
from watcher.mqtt.topics import Topic
from watcher.settings import Setting

Component = dict[str, Any]

DAEMON = "daemon"
"""The daemon's own device; so no camera can have this key."""
_SILENT_AFTER = 120
"""Seconds after which a number of now is no longer shown; it comes at least every 30 s while the camera turns."""
_DIAGNOSTIC = {"ent_cat": "diagnostic"}
_UNUSUAL = {"en": False}
_FAULTY = "['lost', 'frozen', 'corrupt', 'obscured', 'moved', 'dark', 'bright', 'blurred']"
HEALTH_STATES = [
    "lost", "frozen", "corrupt", "obscured", "moved", "dark", "bright", "blurred", "starting", "paused", "ok",
]  # fmt: skip
_ON_OFF = {"pl_on": "ON", "pl_off": "OFF"}
_VERDICTS = ("PASS", "FAIL", "NOT_INSPECTED")
_OF_EVENTS = ("events.", "detector.", "zones.")
"""Settings that mean nothing to a camera that inspects begin like this."""
_EVENT_TYPES = ["started", "ended", "gap"]
"""Without ``updated``, which comes once a second and would only fill Home Assistant's database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A camera as Home Assistant gets to know it. `zones`: titles by key; `inspects`: it has verdicts."""

    key: str
    title: str = ""
    zones: Mapping[str, str] = field(default_factory=dict)
    settings: tuple[Setting, ...] = ()
    inspects: bool = False


def device_id(prefix: str, key: str) -> str:
    """The id of the device of a camera, or of the daemon: ``watcher_porch``."""
    return f"{prefix.replace('/', '_')}_{key}"


def camera_message(prefix: str, camera: Device) -> dict[str, Any]:
    """The discovery message of a camera."""
    make = _Maker(prefix, camera.key)
    return {
        "dev": {
            "ids": [device_id(prefix, camera.key)],
            "name": camera.title or camera.key,
            "mf": "watcher",
            "mdl": "Camera change detector",
            "sw": __version__,
            "via_device": device_id(prefix, DAEMON),
        },
        "o": {"name": "watcher", "sw": __version__},
        "avty": [{"t": make.topic(topics.STATUS)}, {"t": make.topic(topics.AVAILABILITY)}],
        "avty_mode": "all",
        "qos": 1,
        "cmps": dict(make.components(camera)),
    }


def daemon_message(prefix: str) -> dict[str, Any]:
    """The discovery message of the daemon itself."""
    make = _Maker(prefix, DAEMON)
    about = {"stat_t": make.topic(topics.ABOUT), **_DIAGNOSTIC}
    components = (
        make.component("connectivity", "binary_sensor", "Connected", {
            "dev_cla": "connectivity", "stat_t": make.topic(topics.STATUS), "pl_on": "online", "pl_off": "offline",
            **_DIAGNOSTIC,
        }),
        make.component("version", "sensor", "Version", {
            **about, "val_tpl": "{{ value_json.watcher }}", "json_attr_t": make.topic(topics.ABOUT),
            "ic": "mdi:tag-outline",
        }),
        make.component("host", "sensor", "Host", {
            "stat_t": make.topic(topics.INSTANCE), "val_tpl": "{{ value_json.host }}", "ic": "mdi:server",
            **_DIAGNOSTIC,
        }),
    )  # fmt: skip
    return {
        "dev": {
            "ids": [device_id(prefix, DAEMON)],
            "name": f"watcher ({prefix})" if prefix != "watcher" else "watcher",
            "mf": "watcher",
            "mdl": "Daemon",
            "sw": __version__,
        },
        "o": {"name": "watcher", "sw": __version__},
        "qos": 1,
        "cmps": dict(components),
    }


class _Maker:
    """Makes the components of one device."""

    def __init__(self, prefix: str, key: str) -> None:
        self._prefix, self._key = prefix, key
        self._only_daemon = {"avty": [{"t": topics.build(prefix, topics.STATUS)}]}

    def topic(self, topic: Topic, **keys: str) -> str:
        return topics.build(self._prefix, topic, camera=self._key, **keys)

    def component(self, name: str, platform: str, title: str, more: Component) -> tuple[str, Component]:
        unique = f"{device_id(self._prefix, self._key)}_{name.replace('-', '_')}"
        made = {"p": platform, "name": title, "uniq_id": f"{device_id(self._prefix, self._key)}_{name}"}
        return name, {**made, "def_ent_id": f"{platform}.{unique.lower().replace('-', '_')}", **more}

    def components(self, camera: Device) -> Iterator[tuple[str, Component]]:
        yield from self._zones(camera)
        yield from self._health()
        yield from self._numbers()
        yield from self._pictures()
        for setting in camera.settings:
            if not camera.inspects or not setting.key.startswith(_OF_EVENTS):
                yield from self._setting(setting)
        yield from self._buttons()
        if camera.inspects:
            yield from self._inspection()
        else:
            yield from self._change()

    def _zones(self, camera: Device) -> Iterator[tuple[str, Component]]:
        for zone, title in camera.zones.items():
            seen = {"dev_cla": "occupancy", "stat_t": self.topic(topics.ZONE, zone=zone), **_ON_OFF}
            yield self.component(f"zone_{zone}", "binary_sensor", f"Zone {title or zone}", seen)

    def _change(self) -> Iterator[tuple[str, Component]]:
        told = {"stat_t": self.topic(topics.CHANGE), "json_attr_t": self.topic(topics.LAST_EVENT)}
        yield self.component("change", "binary_sensor", "Change", {"dev_cla": "motion", **told, **_ON_OFF})
        shown = f"{{{{ value if value_json.event_type in {_EVENT_TYPES} else '' }}}}"
        event = {"evt_typ": _EVENT_TYPES, "stat_t": self.topic(topics.EVENT), "val_tpl": shown}
        yield self.component("event", "event", "Event", {"dev_cla": "motion", **event, **self._only_daemon})
        yield self.component("last_event", "sensor", "Last event", {
            "dev_cla": "timestamp", "stat_t": self.topic(topics.LAST_EVENT), **self._only_daemon,
            "val_tpl": "{{ value_json.started_at }}", "json_attr_t": self.topic(topics.LAST_EVENT),
        })  # fmt: skip
        yield self.component("similarity", "sensor", "Similarity", {
            **self._now(), "sug_dsp_prc": 3, "val_tpl": "{{ value_json.similarity }}",
            "ic": "mdi:approximately-equal", **_DIAGNOSTIC,
        })  # fmt: skip
        yield self.component("forget_learnt", "button", "Forget what was learnt", {
            "cmd_t": self.topic(topics.LEARNT_RESET), "pl_prs": "PRESS", "ic": "mdi:restart", "ent_cat": "config",
        })  # fmt: skip
        yield self._trigger("change_started", topics.EVENT, "event_type", "started")
        yield self._trigger("change_ended", topics.EVENT, "event_type", "ended")

    def _health(self) -> Iterator[tuple[str, Component]]:
        health = {"stat_t": self.topic(topics.HEALTH), **_DIAGNOSTIC, **self._only_daemon}
        faulty = f"{{{{ 'ON' if value_json.state in {_FAULTY} else 'OFF' }}}}"
        problem = {"dev_cla": "problem", "val_tpl": faulty, **health}
        yield self.component("problem", "binary_sensor", "Problem", problem)
        yield self.component("health", "sensor", "Health", {
            "dev_cla": "enum", "ops": HEALTH_STATES, "val_tpl": "{{ value_json.state }}",
            "json_attr_t": self.topic(topics.HEALTH), "ic": "mdi:heart-pulse", **health,
        })  # fmt: skip

    def _now(self) -> Component:
        """A number of the state topic."""
        return {"stat_t": self.topic(topics.STATE), "exp_aft": _SILENT_AFTER, "stat_cla": "measurement"}

    def _numbers(self) -> Iterator[tuple[str, Component]]:
        now = self._now()
        yield self.component("changed_area", "sensor", "Changed area", {
            **now, "unit_of_meas": "%", "sug_dsp_prc": 2, "ic": "mdi:image-filter-center-focus",
            "val_tpl": "{{ (value_json.changed_fraction * 100) | round(4) }}",
        })  # fmt: skip
        yield self.component("fps", "sensor", "Frame rate", {
            **now, "unit_of_meas": "fps", "val_tpl": "{{ value_json.fps }}", "ic": "mdi:filmstrip",
            **_DIAGNOSTIC, **_UNUSUAL,
        })  # fmt: skip
        yield self.component("latency", "sensor", "Latency", {
            **now, "dev_cla": "duration", "unit_of_meas": "ms", "val_tpl": "{{ value_json.latency_ms }}",
            **_DIAGNOSTIC, **_UNUSUAL,
        })  # fmt: skip
        yield self.component("dropped", "sensor", "Dropped frames", {
            **now, "stat_cla": "total_increasing", "val_tpl": "{{ value_json.dropped }}",
            "ic": "mdi:filmstrip-off", **_DIAGNOSTIC, **_UNUSUAL,
        })  # fmt: skip

    def _pictures(self) -> Iterator[tuple[str, Component]]:
        of_event: tuple[tuple[str, str, Topic, Component], ...] = (
            ("snapshot", "Snapshot", topics.SNAPSHOT, {}),
            ("snapshot_clean", "Snapshot clean", topics.CLEAN, _UNUSUAL),
            ("snapshot_reference", "Expected picture", topics.REFERENCE, _DIAGNOSTIC),
            ("snapshot_difference", "Difference", topics.DIFFERENCE, {**_DIAGNOSTIC, **_UNUSUAL}),
        )
        for name, title, topic, more in of_event:
            picture = {"img_t": self.topic(topic), "cont_type": "image/jpeg", **self._only_daemon}
            yield self.component(name, "image", title, {**picture, **more})
        shown = self.topic(topics.SETTING, setting="live")
        yield self.component("live_picture", "camera", "Live", {
            "t": self.topic(topics.LIVE), "avty_mode": "all",
            "avty": [
                {"t": topics.build(self._prefix, topics.STATUS)}, {"t": self.topic(topics.AVAILABILITY)},
                {"t": shown, "pl_avail": "ON", "pl_not_avail": "OFF"},
            ],
        })  # fmt: skip

    def _setting(self, setting: Setting) -> Iterator[tuple[str, Component]]:
        """A switch, a number or a select; one can be set also while the camera is away."""
        told = {
            "stat_t": self.topic(topics.SETTING, setting=setting.name),
            "cmd_t": self.topic(topics.SETTING_SET, setting=setting.name),
            "ent_cat": "config",
            **({"ic": setting.icon} if setting.icon else {}),
            **({} if setting.usual else _UNUSUAL),
            **self._only_daemon,
        }
        if setting.quantity is not None:
            yield self.component(setting.name, "number", setting.title, {**told, **_number(setting)})
        elif not setting.choices:
            yield self.component(setting.name, "switch", setting.title, {**told, "pl_on": "ON", "pl_off": "OFF"})
        elif len(setting.choices) > 1:
            yield self.component(setting.name, "select", setting.title, {**told, "ops": list(setting.choices)})

    def _buttons(self) -> Iterator[tuple[str, Component]]:
        config = {"ent_cat": "config"}
        yield self.component("take_reference", "button", "Take reference", {
            "cmd_t": self.topic(topics.REFERENCE_SET), "pl_prs": "TAKE", "ic": "mdi:image-check", **config,
        })  # fmt: skip
        yield self.component("take_snapshot", "button", "Take snapshot", {
            "cmd_t": self.topic(topics.SNAPSHOT_TAKE), "pl_prs": "PRESS", "ic": "mdi:camera",
        })  # fmt: skip

    def _inspection(self) -> Iterator[tuple[str, Component]]:
        yield self.component("ready", "binary_sensor", "Ready", {
            "stat_t": self.topic(topics.READY), "pl_on": "ON", "pl_off": "OFF", "ic": "mdi:flag-checkered",
        })  # fmt: skip
        yield self.component("verdict", "sensor", "Verdict", {
            "dev_cla": "enum", "ops": list(_VERDICTS), "stat_t": self.topic(topics.LAST_VERDICT),
            "val_tpl": "{{ value_json.verdict }}", "json_attr_t": self.topic(topics.LAST_VERDICT),
            "ic": "mdi:check-decagram",
        })  # fmt: skip
        counts = {"stat_t": self.topic(topics.COUNTERS), "stat_cla": "total_increasing", "ic": "mdi:counter"}
        for name in ("inspected", "passed", "failed", "not_inspected"):
            told = {**counts, "val_tpl": f"{{{{ value_json.{name} }}}}"}
            yield self.component(f"count_{name}", "sensor", name.replace("_", " ").capitalize(), told)
        yield self.component("yield", "sensor", "Yield", {
            **counts, "stat_cla": "measurement", "unit_of_meas": "%", "sug_dsp_prc": 1, "ic": "mdi:percent",
            "val_tpl": "{{ None if value_json['yield'] is none else (value_json['yield'] * 100) | round(2) }}",
        })  # fmt: skip
        yield self.component("inspect", "button", "Inspect", {
            "cmd_t": self.topic(topics.INSPECT), "pl_prs": "", "ic": "mdi:magnify-scan",
        })  # fmt: skip
        yield self.component("reset_counters", "button", "Reset counters", {
            "cmd_t": self.topic(topics.COUNTERS_RESET), "pl_prs": "", "ic": "mdi:numeric-0-box",
            "ent_cat": "config",
        })  # fmt: skip

        for verdict in _VERDICTS:
            yield self._trigger(f"verdict_{verdict.lower()}", topics.VERDICT, "verdict", verdict)

    def _trigger(self, kind: str, topic: Topic, key: str, value: str) -> tuple[str, Component]:
        """A device trigger: for automations without a topic to be written."""
        return f"trigger_{kind}", {
            "p": "device_automation",
            "automation_type": "trigger",
            "type": kind,
            "subtype": self._key,
            "t": self.topic(topic),
            "pl": value,
            "val_tpl": f"{{{{ value_json.{key} }}}}",
        }


def _number(setting: Setting) -> Component:
    """A number in the unit that people see; the command carries that unit."""
    shown = {"min": 0, "max": setting.most, "step": setting.step, "mode": "box", "unit_of_meas": setting.unit}
    factor = setting.quantity.units[setting.unit] if setting.quantity is not None else 1
    template = "{{ value | float }}" if factor == 1 else f"{{{{ (value | float / {factor:g}) | round(6) }}}}"
    return {**shown, "val_tpl": template, "cmd_tpl": f"{{{{ value }}}} {setting.unit}"}


def without(now: Mapping[str, Any], before: Any, *, taken_back: bool = False) -> Mapping[str, Any]:
    """The message `now`, with those components taken back that stood in the one before, which may be anything.

    Home Assistant removes a component that is left with nothing but its platform. Those that `before` had taken
    back already are left out, unless `taken_back`: who hears only the newest message has to hear of them still.
    """
    earlier = before.get("cmps") if isinstance(before, Mapping) else None
    if not isinstance(earlier, Mapping):
        return now
    removed = {
        name: {"p": component["p"]}
        for name, component in earlier.items()
        if name not in now["cmps"] and _known(component) and (taken_back or len(component) > 1)
    }
    return {**now, "cmps": {**now["cmps"], **removed}}


def _known(component: Any) -> bool:
    platform = component.get("p") if isinstance(component, Mapping) else None
    return isinstance(platform, str) and platform in PLATFORMS


PLATFORMS = frozenset((
    "binary_sensor", "sensor", "event", "image", "camera", "switch", "number", "select", "button",
    "device_automation",
))  # fmt: skip
