"""Commands as they come in over MQTT -> requests. Pure, and nothing that a payload can hold raises."""

import re
from dataclasses import dataclass
from typing import Any

from watcher import settings
from watcher.mqtt import inspecting, topics
from watcher.requests import Adjust, ForgetLearnt, Request, SetReference, TakeSnapshot

LARGEST = 4096
"""Bytes; a longer payload is refused unread."""
_SHOWN = 200
_REFERENCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}(@[0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class Command:
    """What a camera is asked. `name` is the topic below the camera ("reference/set")."""

    camera: str
    name: str
    payload: str
    request: Request


@dataclass(frozen=True, slots=True)
class Refusal:
    """A command that cannot be obeyed, and why; `payload` as far as it can be shown."""

    camera: str
    name: str
    payload: str
    reason: str

    def message(self, at: str) -> dict[str, Any]:
        """The payload of `<camera>/error`; `at` is the present time as text."""
        return {
            "schema": 1,
            "at": at,
            "command": self.name,
            "payload": self.payload[:_SHOWN],
            "reason": self.reason,
        }


def read(place: topics.Place, payload: bytes, *, retained: bool) -> Command | Refusal:
    """What a message on a camera's command topic asks for, or why it is refused."""
    camera = place.keys["camera"]
    name = place.topic.below_camera.replace("<setting>", place.keys.get("setting", ""))
    text = payload[: 4 * _SHOWN].decode("utf-8", "replace")
    if retained:
        reason = (
            "a retained command is ignored: it would be obeyed again at every connection; send it without retain"
        )
        return Refusal(camera, name, text, reason)
    if len(payload) > LARGEST:
        return Refusal(camera, name, text, f"the payload has {len(payload)} bytes; at most {LARGEST} are read")
    try:
        text = payload.decode("utf-8")
        return Command(camera, name, text, _request(place, text))
    except UnicodeDecodeError:
        return Refusal(camera, name, text, "the payload is not UTF-8 text")
    except ValueError as error:
        return Refusal(camera, name, text, str(error))


def _request(place: topics.Place, text: str) -> Request:
    if place.topic is topics.SNAPSHOT_TAKE:
        return TakeSnapshot()
    if place.topic is topics.INSPECT:
        return inspecting.trigger(text)
    if place.topic is topics.INSPECT_TRUTH:
        return inspecting.truth(text)
    if place.topic is topics.COUNTERS_RESET:
        return inspecting.reset(text)
    if place.topic is topics.LEARNT_RESET:
        return ForgetLearnt()
    if place.topic is topics.REFERENCE_SET:
        return _set_reference(text)
    if place.topic is topics.SETTING_SET:
        return _setting(place.keys["setting"], text)
    raise ValueError("this is not a command of a camera")


def _set_reference(text: str) -> SetReference:
    name = text.strip()
    if name == "TAKE":
        return SetReference()
    if not _REFERENCE_NAME.fullmatch(name):
        raise ValueError("write TAKE for a picture of now, or the name of a stored reference, like day or day@3")
    return SetReference(name)


def _setting(name: str, text: str) -> Adjust:
    return Adjust(name, settings.find(name).parse(text))
