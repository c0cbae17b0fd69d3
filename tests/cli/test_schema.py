"""The JSON Schema of config.yaml: complete, explained, and in the shape of the file."""

import json

import pytest

from watcher.camera.options import CameraOptions
from watcher.cli import main
from watcher.config import shape
from watcher.config.schemas import every_section
from watcher.sources import KINDS


@pytest.fixture
def schema(capsys):
    assert main(["schema"]) == 0
    return json.loads(capsys.readouterr().out)


def nodes(value):
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(inner)


def test_it_is_a_schema_of_2020_12_whose_references_lead_somewhere(schema):
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    references = {node["$ref"] for node in nodes(schema) if isinstance(node.get("$ref"), str)}
    assert references
    assert {name.removeprefix("#/$defs/") for name in references} <= schema["$defs"].keys()
    assert not any("discriminator" in node for node in nodes(schema))


def test_the_top_is_that_of_the_file(schema):
    assert schema["properties"].keys() == {"mqtt", "storage", "outbox", "defaults", "cameras"}
    assert schema["required"] == ["cameras"]
    assert schema["additionalProperties"] is False
    one, several = schema["properties"]["mqtt"]["anyOf"]
    assert several == {"type": "array", "items": one}


def test_a_camera_is_what_one_writes(schema):
    camera = schema["$defs"]["CameraOptions"]
    assert camera["required"] == ["source"]
    assert camera["properties"].keys() == shape.written_keys(CameraOptions).keys()
    defaults = schema["$defs"]["Defaults"]
    assert "required" not in defaults
    assert defaults["properties"].keys() == camera["properties"].keys() - {"source", "name"}


def test_a_source_is_text_or_one_of_the_kinds(schema):
    text, *sections = schema["$defs"]["CameraOptions"]["properties"]["source"]["anyOf"]
    assert text == {"type": "string"}
    kinds = [schema["$defs"][one["$ref"].removeprefix("#/$defs/")]["properties"]["kind"] for one in sections]
    assert [kind.get("const") for kind in kinds] == [*KINDS, None]


def test_keys_follow_the_rule_for_keys(schema):
    cameras = schema["properties"]["cameras"]
    assert cameras["propertyNames"] == {"pattern": "^[a-z][a-z0-9_-]{0,31}$"}
    zones = schema["$defs"]["CameraOptions"]["properties"]["zones"]
    assert zones["propertyNames"] == cameras["propertyNames"]


def test_every_section_is_there_and_its_keys_are_explained(schema):
    for section in every_section():
        definition = schema if section.__name__ == "Options" else schema["$defs"][section.__name__]
        assert definition["description"]
        for key, meaning in shape.meanings_of(section).items():
            if (section, key) != (CameraOptions, "key"):
                assert definition["properties"][key]["description"].startswith(meaning), (section, key)


def test_quantities_take_their_units(schema):
    rise = schema["$defs"]["EventsOptions"]["properties"]["rise"]
    assert rise["description"].endswith("A duration, for example 0.5 s.")
    assert {one["type"] for one in rise["anyOf"]} == {"number", "string"}
