"""The AsyncAPI file: up to date, whole in itself, and what it says of payloads is what they are."""

import json
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest
import yaml

from tests import readme
from tests.events.dots import run
from tests.mqtt.test_discovery import SAID
from watcher.events.near import NearMiss
from watcher.events.payload import decision, payload
from watcher.inspection import payload as verdicts
from watcher.inspection.tally import Tally
from watcher.inspection.verdict import Alignment, Inspection
from watcher.mqtt import topics
from watcher.mqtt.asyncapi import document
from watcher.mqtt.commands import Refusal
from watcher.mqtt.payloads import SCHEMAS
from watcher.outbox.record import Record
from watcher.outbox.victims import gap
from watcher.vision.detection import Region
from watcher.vision.geometry import Box

DOCUMENT = document()
NOW = datetime(2026, 11, 22, 10, 18, 3, 250_000, tzinfo=UTC)


def verdict(word: str) -> dict[str, Any]:
    region = Region(Box(1, 2, 3, 4), area=4, peak=0.5, mean=0.4, zones=("tray",), reference_box=Box(1, 2, 3, 4))
    inspection = Inspection(
        verdict=word,  # type: ignore[arg-type]
        reason="…", regions=(region,), changed_fraction=0.1, alignment=Alignment((0.5, 1.0), 0.1, 1.0, 0.2),
    )  # fmt: skip
    about = verdicts.Circumstances(
        id="a", camera="bench", captured_at=NOW, recipe="board", reference="board@1", settings="x",
        frame_size=(640, 480), snapshot="a.jpg",
    )  # fmt: skip
    return verdicts.payload(inspection, about, Tally(NOW).payload())


UPDATES = [
    payload(one, profile="home", reference="background@1", snapshot_file="x.jpg") for one in run("..######.....")
]
OF_LAST = SCHEMAS[topics.LAST_EVENT]["properties"]
PAYLOADS: dict[topics.Topic, list[Any]] = {
    **SAID,
    topics.EVENT: [
        *UPDATES,
        gap([Record(1, "porch", UPDATES[-1])], None),
        {**UPDATES[0], "published_at": "2026-11-22T10:18:03.250Z"},
    ],
    topics.LAST_EVENT: [{key: one for key, one in update.items() if key in OF_LAST} for update in UPDATES],
    topics.VERDICT: [verdict(word) for word in ("PASS", "FAIL", "NOT_INSPECTED")],
    topics.LAST_VERDICT: [verdict("PASS")],
    topics.ERROR: [Refusal("porch", "reference/set", "x", "because").message("2026-11-22T10:18:03.250Z")],
    topics.AVAILABILITY: ["online", "offline"],
    topics.HOME_STATUS: ["online"],
    topics.DECISION: [decision(NearMiss(1.0, NOW, None, "door", 0.01, 0.02, 0.5, "too small"), "porch")],
}


@pytest.mark.parametrize("topic", PAYLOADS, ids=lambda topic: topic.name)
def test_real_payloads_are_of_the_form_that_is_promised(topic: topics.Topic) -> None:
    for said in PAYLOADS[topic]:
        jsonschema.validate(said, SCHEMAS[topic], jsonschema.Draft7Validator)


def test_the_gap_and_the_near_miss_are_of_the_form_that_is_promised() -> None:
    near = NearMiss(NOW, None, "door", 0.01, 0.02, 0.5, "too small") if False else None
    assert near is None
    jsonschema.validate(SAID[topics.EVENT][0], SCHEMAS[topics.EVENT], jsonschema.Draft7Validator)


@pytest.mark.parametrize(
    "wrong", [{"event_type": "begun"}, {"sequence": -1}, {"started_at": "yesterday"}, {"id": 7}]
)
def test_what_is_of_another_form_is_found(wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**UPDATES[0], **wrong}, SCHEMAS[topics.EVENT], jsonschema.Draft7Validator)


def test_every_topic_has_a_channel_an_operation_and_a_form() -> None:
    assert SCHEMAS.keys() == set(topics.TABLE)
    for part in ("channels", "operations"):
        assert len(DOCUMENT[part]) == len(topics.TABLE)
    for schema in SCHEMAS.values():
        jsonschema.Draft7Validator.check_schema(schema)


def test_it_is_whole_in_itself() -> None:
    def references(node: Any) -> Any:
        if isinstance(node, dict):
            yield from [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            for inner in node.values():
                yield from references(inner)
        for inner in node if isinstance(node, list) else ():
            yield from references(inner)

    for reference in references(DOCUMENT):
        at: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            at = at[part]
        assert at
    for channel in DOCUMENT["channels"].values():
        named = {part[1:-1] for part in channel["address"].split("/") if part.startswith("{")}
        assert named == set(channel.get("parameters", {}))
    for operation in DOCUMENT["operations"].values():
        assert operation["action"] in {"send", "receive"}
        assert set(operation["bindings"]["mqtt"]) <= {"qos", "retain", "bindingVersion"}


def test_the_file_is_up_to_date() -> None:
    assert yaml.safe_load(readme.ASYNCAPI.read_text("utf-8")) == json.loads(json.dumps(DOCUMENT)), (
        "run python -m tests.readme"
    )
