"""JSON Schema of config.yaml: what an editor offers and explains while somebody writes.

It is pydantic's schema of the options dataclasses, brought into the shape of the file: one broker or several,
``defaults:``, and keys that may be left out because a profile or a default gives them.
"""

from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Any, get_args

from pydantic import TypeAdapter

from watcher.config import shape
from watcher.config.layers import KEY, OWN
from watcher.config.options import Options

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """The schema, as values for a JSON file."""
    written = TypeAdapter(Options).json_schema(ref_template="#/$defs/{model}")
    sections = {section.__name__: section for section in every_section()}
    for name, definition in written["$defs"].items():
        if name in sections:
            _explain(definition, sections[name])
    _explain(written, Options)
    _as_in_the_file(written)
    return {"$schema": DRAFT, "title": "config.yaml of watcher", **written}


def every_section() -> list[type]:
    """Every options dataclass that the configuration is made of, in the order in which they are met."""
    found: dict[type, None] = {}

    def meet(hint: Any) -> None:
        if isinstance(hint, type) and is_dataclass(hint):
            if hint not in found:
                found[hint] = None
                for inner in shape.keys(hint).values():
                    meet(inner)
            return
        for inner in get_args(hint):
            meet(inner)

    meet(Options)
    return list(found)


def _explain(definition: dict[str, Any], section: type) -> None:
    """Meanings of the keys, and examples of quantities."""
    properties = definition.get("properties", {})
    for setting in shape.settings(section):
        described = properties.get(setting.key)
        if described is None:
            continue
        described.pop("title", None)
        words = [setting.meaning]
        quantity = shape.quantity(setting.hint)
        if quantity is not None:
            words.append(f"{quantity.what[:1].upper()}{quantity.what[1:]}, for example {quantity.example}.")
        text = " ".join(word for word in words if word)
        if text:
            described["description"] = text
    definition["description"] = " ".join((section.__doc__ or "").split())
    definition.pop("title", None)


def _as_in_the_file(written: dict[str, Any]) -> None:
    definitions, properties = written["$defs"], written["properties"]
    camera = definitions["CameraOptions"]
    del camera["properties"]["key"]
    camera["required"] = [key for key in camera["required"] if key != "key"]
    definitions["Defaults"] = {
        **{key: value for key, value in camera.items() if key != "required"},
        "properties": {key: value for key, value in camera["properties"].items() if key not in OWN},
        "description": "Laid under every camera; what a camera says itself wins.",
    }
    properties["defaults"] = {"$ref": "#/$defs/Defaults"}
    brokers = properties["mqtt"]
    properties["mqtt"] = {
        "anyOf": [brokers["items"], {"type": "array", "items": brokers["items"]}],
        "description": brokers["description"],
    }
    for node in _nodes(written):
        _as_in_yaml(node)
    properties["cameras"]["minProperties"] = 1


def _as_in_yaml(node: dict[str, Any]) -> None:
    """One section or value: keys by the rule for keys, and null where a section may be left empty."""
    inner = node.get("additionalProperties")
    if isinstance(inner, dict) and "$ref" in inner:
        node["propertyNames"] = {"pattern": f"^{KEY.pattern}$"}


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _nodes(inner)
