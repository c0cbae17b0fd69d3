"""What Home Assistant is told, held against its rules: keys, ids, topics that exist, templates that render."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import jinja2
import pytest

from tests.events.dots import run
from tests.support.cameras import options
from watcher.camera.health import ORDER
from watcher.camera.settings import Adjusted
from watcher.deliveries import device_of
from watcher.events.payload import payload
from watcher.inspection.tally import Tally
from watcher.mqtt import topics
from watcher.mqtt.about import about
from watcher.mqtt.discovery import (
    DAEMON,
    HEALTH_STATES,
    PLATFORMS,
    Device,
    camera_message,
    daemon_message,
    without,
)  # fmt: skip
from watcher.settings import RECIPE
from watcher.vision.options import ZoneOptions

CORNERS = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
ADJUSTED = Adjusted(
    config=options(
        name="Front door",
        zones={"door": ZoneOptions(points=CORNERS, name="The door"), "a-b": ZoneOptions(points=CORNERS)},
    )
)
CAMERA = Device(key="porch", title="Front door", zones={"door": "The door", "a-b": ""}, settings=ADJUSTED.settings)
LINE = replace(
    CAMERA, key="bench", inspects=True, settings=(*CAMERA.settings, replace(RECIPE, choices=("board", "lid")))
)
PREFIX = "home/cellar"
MESSAGES = {
    "porch": camera_message(PREFIX, CAMERA), "bench": camera_message(PREFIX, LINE), DAEMON: daemon_message(PREFIX),
}  # fmt: skip
COMPONENTS = [
    pytest.param(key, name, one, id=f"{key} {name}") for key, message in MESSAGES.items()
    for name, one in message["cmps"].items()
]  # fmt: skip

NEEDS = {
    "binary_sensor": {"stat_t"}, "sensor": {"stat_t"}, "event": {"stat_t", "evt_typ"}, "image": {"img_t"},
    "camera": {"t"}, "switch": {"cmd_t", "stat_t"}, "number": {"cmd_t", "stat_t", "min", "max", "step"},
    "select": {"cmd_t", "stat_t", "ops"}, "button": {"cmd_t"},
    "device_automation": {"automation_type", "type", "subtype", "t"},
}  # fmt: skip
"""What a platform cannot do without."""
MAY = {"p", "uniq_id", "name", "def_ent_id", "avty", "avty_mode", "ent_cat", "en", "ic", "dev_cla", "val_tpl"}
MORE = {
    "binary_sensor": {"pl_on", "pl_off", "json_attr_t"},
    "sensor": {"stat_cla", "unit_of_meas", "sug_dsp_prc", "exp_aft", "ops", "json_attr_t"},
    "image": {"cont_type"}, "switch": {"pl_on", "pl_off"}, "number": {"mode", "unit_of_meas", "cmd_tpl"},
    "button": {"pl_prs"}, "device_automation": {"pl"},
}  # fmt: skip

(STARTED, *_, ENDED) = (
    payload(one, profile="home", reference="background@1", snapshot_file=None) for one in run("..######.....")
)
STATE = {"fps": 10.0, "dropped": 0, "changed_fraction": 0.0123, "similarity": None, "latency_ms": None}
HEALTH = {"state": "moved", "states": ["moved"], "since": "2026-11-22T10:18:03.250Z", "reason": "…"}
NOW = datetime(2026, 11, 22, tzinfo=UTC)
SAID: dict[topics.Topic, list[Any]] = {
    topics.STATUS: ["online", "offline"], topics.ABOUT: [about()], topics.INSTANCE: [{"id": "a", "host": "pi"}],
    topics.CHANGE: ["ON", "OFF", "None"], topics.ZONE: ["ON", "OFF", "None"], topics.HEALTH: [HEALTH],
    topics.EVENT: [STARTED, ENDED, {**STARTED, "event_type": "updated"}, {"event_type": "gap", "lost": 3}],
    topics.LAST_EVENT: [STARTED, ENDED], topics.STATE: [STATE, {**STATE, "similarity": 0.9, "latency_ms": 12.0}],
    topics.COUNTERS: [Tally(NOW).payload()], topics.LAST_VERDICT: [{"verdict": "FAIL"}],
    topics.VERDICT: [{"verdict": "FAIL"}], topics.READY: ["ON", "OFF"],
}  # fmt: skip
"""Real payloads by topic."""


def rendered(template: str, said: Any) -> str:
    """As Home Assistant renders a template of values: what it is given is text, and JSON where it is that."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    text = said if isinstance(said, str) else json.dumps(said)
    return environment.from_string(template).render(value=text, value_json=None if isinstance(said, str) else said)


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_a_message_has_what_is_required(message: dict[str, Any]) -> None:
    assert message["dev"]["ids"]
    assert message["o"]["name"]
    assert message["cmps"]
    assert len(json.dumps(message)) < 32_000
    known = {"dev", "o", "avty", "avty_mode", "qos", "cmps"}
    assert message.keys() <= known


def test_ids_are_unique_and_come_from_the_prefix() -> None:
    ids = [one["uniq_id"] for message in MESSAGES.values() for one in message["cmps"].values() if "uniq_id" in one]
    assert len(ids) == len(set(ids))
    assert all(one.startswith("home_cellar_") for one in ids)
    entities = [one["def_ent_id"] for m in MESSAGES.values() for one in m["cmps"].values() if "def_ent_id" in one]
    assert len(entities) == len(set(entities))


def test_names_on_a_device_are_unique() -> None:
    for message in MESSAGES.values():
        names = [(one["p"], one["name"]) for one in message["cmps"].values() if "name" in one]
        assert len(names) == len(set(names))


@pytest.mark.parametrize(("key", "name", "one"), COMPONENTS)
def test_a_component_has_what_its_platform_needs_and_nothing_unknown(
    key: str, name: str, one: dict[str, Any]
) -> None:
    platform = one["p"]
    assert platform in PLATFORMS
    assert NEEDS[platform] <= one.keys()
    assert one.keys() <= MAY | NEEDS[platform] | MORE.get(platform, set())
    assert platform == "device_automation" or {"uniq_id", "name"} <= one.keys()
    assert one.get("ent_cat") in {None, "diagnostic", "config"}
    assert one.get("ent_cat") != "config" or platform in {"switch", "number", "select", "button"}
    assert one.get("ent_cat") != "diagnostic" or platform in {"sensor", "binary_sensor", "image"}
    assert one.get("ic", "mdi:").startswith("mdi:")


@pytest.mark.parametrize(("key", "name", "one"), COMPONENTS)
def test_every_topic_is_in_the_table_and_goes_the_right_way(key: str, name: str, one: dict[str, Any]) -> None:
    for field, text in one.items():
        if field in {"stat_t", "img_t", "t", "json_attr_t", "cmd_t"}:
            place = topics.parse(PREFIX, text)
            assert place is not None, text
            assert place.topic.direction == ("in" if field == "cmd_t" else "out")
            assert place.keys.get("camera") in {None, key}
            if field in {"img_t"}:
                assert place.topic.kind == "jpeg"
                assert place.topic.retained, "so that it is there after Home Assistant restarts"
            if one["p"] == "event":
                assert not place.topic.retained, "Home Assistant ignores retained events"
    for source in one.get("avty", []):
        assert topics.parse(PREFIX, source["t"]) is not None


@pytest.mark.parametrize(("key", "name", "one"), COMPONENTS)
def test_templates_render_on_real_payloads(key: str, name: str, one: dict[str, Any]) -> None:
    template = one.get("val_tpl")
    if template is None:
        return
    place = topics.parse(PREFIX, one.get("stat_t") or one["t"])
    assert place is not None
    told = SAID.get(place.topic) or [ADJUSTED.told(60.0)[place.keys["setting"]]]
    for said in told:
        result = rendered(template, said)
        if one["p"] == "number":
            assert one["min"] <= float(result) <= one["max"]
        if "unit_of_meas" in one and one["p"] == "sensor":
            assert result == "None" or float(result) >= 0
        if one["p"] == "binary_sensor":
            assert result in {"ON", "OFF"}
        if one.get("dev_cla") == "timestamp":
            assert datetime.fromisoformat(result).tzinfo is not None
        if one.get("dev_cla") == "enum":
            assert result in one["ops"]
        if one["p"] == "event":
            assert result == "" or json.loads(result)["event_type"] in one["evt_typ"]


@pytest.mark.parametrize(("key", "name", "one"), [one for one in COMPONENTS if one.values[2]["p"] == "number"])
def test_what_a_number_sends_is_what_is_then_shown(key: str, name: str, one: dict[str, Any]) -> None:
    setting = next(each for each in ADJUSTED.settings if each.name == name)
    for shown in (0, 0.01, 1.5, 2.0, 10):
        value = setting.parse(rendered(one["cmd_tpl"], str(shown)))
        assert float(rendered(one["val_tpl"], setting.told(value))) == pytest.approx(shown)


@pytest.mark.parametrize(
    ("key", "name", "one"), [one for one in COMPONENTS if one.values[2]["p"] in {"switch", "select"}]
)
def test_what_a_switch_or_select_sends_can_be_obeyed(key: str, name: str, one: dict[str, Any]) -> None:
    setting = next(each for each in LINE.settings if each.name == name)
    for sent in one.get("ops", [one.get("pl_on"), one.get("pl_off")]):
        assert setting.told(setting.parse(sent)) == sent


def test_every_setting_and_zone_is_there() -> None:
    components = MESSAGES["porch"]["cmps"]
    assert {one.name for one in ADJUSTED.settings} - {"profile"} <= components.keys(), "profile: nothing to choose"
    assert {"zone_door", "zone_a-b", "change", "event", "snapshot", "live_picture"} <= components.keys()
    assert set(HEALTH_STATES) == set(ORDER)


def test_a_camera_has_what_it_tells_and_nothing_else() -> None:
    watches, inspects = (MESSAGES[key]["cmps"].keys() for key in ("porch", "bench"))
    of_events = {
        "change",
        "event",
        "last_event",
        "threshold",
        "sensitivity",
        "trigger_change_started",
        "forget_learnt",
    }
    of_inspections = {"ready", "verdict", "inspect", "recipe", "count_failed", "yield", "trigger_verdict_fail"}
    assert of_events <= watches
    assert of_inspections <= inspects
    assert not of_events & inspects
    assert not of_inspections & watches


def test_a_device_is_made_of_a_cameras_options() -> None:
    made = device_of(ADJUSTED)
    assert made.title == "Front door"
    assert made.zones == {"door": "The door", "a-b": ""}
    assert made.settings == ADJUSTED.settings
    assert not made.inspects


class TestGone:
    def test_what_is_no_longer_there_is_left_with_its_platform(self) -> None:
        now = camera_message("watcher", Device(key="porch"))
        before = camera_message("watcher", Device(key="porch", zones={"door": ""}))
        left = without(now, before)
        assert left["cmps"]["zone_door"] == {"p": "binary_sensor"}
        assert {key: one for key, one in left["cmps"].items() if key != "zone_door"} == now["cmps"]
        assert without(now, left) == now, "once is enough"
        assert without(now, left, taken_back=True) == left, "but who comes late has to hear it"

    @pytest.mark.parametrize("before", [
        None, {}, 7, {"cmps": 7}, {"cmps": {"x": 7}}, {"cmps": {"x": {"p": "nonsense", "a": 1}}},
        {"cmps": {"x": {"p": ["sensor"], "a": 1}}}, {"cmps": {"x": {"a": 1}}},
    ], ids=str)  # fmt: skip
    def test_what_is_no_message_of_ours_changes_nothing(self, before: Any) -> None:
        now = daemon_message("watcher")
        assert without(now, before) == now
