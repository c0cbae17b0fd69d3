"""The topics as an AsyncAPI 3 document, for programs that make subscribers or documentation of it."""

import re
from dataclasses import fields
from typing import Any

from watcher import __version__, settings
from watcher.mqtt import topics
from watcher.mqtt.options import MqttOptions
from watcher.mqtt.payloads import SCHEMAS
from watcher.mqtt.topics import Topic

_CONTENT = {"text": "text/plain", "json": "application/json", "jpeg": "image/jpeg"}
_WORDS = re.compile(r"[^A-Za-z0-9]+")
_PREFIX = next(one.default for one in fields(MqttOptions) if one.name == "prefix")
_PARAMETERS: dict[str, dict[str, Any]] = {
    "prefix": {"description": "`mqtt.prefix` of config.yaml; it may have slashes.", "default": _PREFIX},
    "camera": {"description": "The camera's key in config.yaml."},
    "zone": {"description": "The zone's key in config.yaml."},
    "setting": {
        "description": "The setting's name; `threshold_` with a zone's key is that zone's threshold.",
        "examples": [one.name for one in settings.TABLE],
    },
    "device": {"description": "The prefix (/ as _), _ and the camera's key, or `daemon`."},
}


def document() -> dict[str, Any]:
    """The whole document; watcher is the application, so it sends what the table calls out."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "watcher",
            "version": __version__,
            "description": "What watcher says over MQTT, and what it obeys. Made from the table of topics.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "broker": {
                "host": "localhost:1883",
                "protocol": "mqtt",
                "protocolVersion": "5",
                "description": "Yours, or one of watcher's own. MQTT 3.1.1 is spoken where the broker knows no 5.",
            }
        },
        "channels": {_name(topic): _channel(topic) for topic in topics.TABLE},
        "operations": {_operation_name(topic): _operation(topic) for topic in topics.TABLE},
        "components": {"messages": {_name(topic): _message(topic) for topic in topics.TABLE}},
    }


def _name(topic: Topic) -> str:
    first, *more = [word for word in _WORDS.split(topic.name) if word]
    return first + "".join(word.capitalize() for word in more)


def _channel(topic: Topic) -> dict[str, Any]:
    address = topic.name.replace("<", "{").replace(">", "}")
    places = re.findall(r"<([a-z]+)>", topic.name)
    if not topic.absolute:
        address, places = "{prefix}/" + address, ["prefix", *places]
    made: dict[str, Any] = {
        "address": address,
        "description": topic.what,
        "messages": {_name(topic): {"$ref": f"#/components/messages/{_name(topic)}"}},
    }
    if places:
        made["parameters"] = {place: _PARAMETERS[place] for place in places}
    return made


def _operation_name(topic: Topic) -> str:
    return ("send" if topic.direction == "out" else "receive") + _name(topic)[0].upper() + _name(topic)[1:]


def _operation(topic: Topic) -> dict[str, Any]:
    binding: dict[str, Any] = {"qos": topic.qos, "bindingVersion": "0.2.0"}
    if topic.direction == "out":
        binding["retain"] = topic.retained
    return {
        "action": "send" if topic.direction == "out" else "receive",
        "channel": {"$ref": f"#/channels/{_name(topic)}"},
        "summary": topic.what,
        "bindings": {"mqtt": binding},
    }


def _message(topic: Topic) -> dict[str, Any]:
    return {"name": _name(topic), "contentType": _CONTENT[topic.kind], "payload": SCHEMAS[topic]}
