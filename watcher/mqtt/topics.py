"""THE table of topics: what is published and subscribed, and how. Everything else is made from it.

A topic's `name` is what stands below the prefix; ``<camera>``, ``<zone>`` and ``<setting>`` stand for keys.
"""

import re
from dataclasses import dataclass
from typing import Literal

Direction = Literal["out", "in"]
"""out: the daemon publishes it; in: the daemon obeys it."""
Kind = Literal["text", "json", "jpeg"]

_PLACE = re.compile(r"<([a-z]+)>")
_KEYS = {
    "camera": "[a-z][a-z0-9_-]{0,31}",
    "zone": "[a-z][a-z0-9_-]{0,31}",
    "setting": "[^/+#\\x00-\\x1f]{1,64}",  # wide, so that a misspelt one can be answered
}


@dataclass(frozen=True, slots=True)
class Topic:
    """One kind of topic. `retained` and `qos` are how it is published, or subscribed where it comes in."""

    name: str
    retained: bool
    qos: Literal[0, 1]
    direction: Direction
    kind: Kind
    what: str
    absolute: bool = False
    """Not under our prefix: Home Assistant's own topics."""

    @property
    def of_camera(self) -> bool:
        return self.name.startswith("<camera>/")

    @property
    def places(self) -> tuple[str, ...]:
        """What stands for keys beside the camera: "zone", "setting"."""
        return tuple(place for place in _PLACE.findall(self.name) if place != "camera")

    @property
    def below_camera(self) -> str:
        """The name without the camera, as `Outlet.state` takes it: "change", "zone/<zone>"."""
        return self.name.removeprefix("<camera>/")


@dataclass(frozen=True, slots=True)
class Place:
    """A topic found in the table, with the keys that stood in it."""

    topic: Topic
    keys: dict[str, str]


def _out(name: str, kind: Kind, what: str, *, retained: bool = True, qos: Literal[0, 1] = 1) -> Topic:
    return Topic(name, retained, qos, "out", kind, what)


def _in(name: str, kind: Kind, what: str) -> Topic:
    return Topic(name, False, 1, "in", kind, what)


STATUS = _out("status", "text", "`online` or `offline`; the broker itself says `offline` when the daemon dies.")
ABOUT = _out("about", "json", "Versions of the program and its parts, and the schema of the payloads.")
INSTANCE = _out("instance", "json", "Who publishes under this prefix: id and host.")
INSTANCE_ASK = _in("instance/ask", "text", "Makes the daemon publish `instance` again, as a sign of life.")
AVAILABILITY = _out(
    "<camera>/availability", "text",
    "`online` or `offline` (starting, lost or frozen); true only while `status` is `online`.",
)  # fmt: skip
HEALTH = _out("<camera>/health", "json", "The worst of the camera's states, since when, and why.")
CHANGE = _out("<camera>/change", "text", "`ON` while an event is open, `OFF`, or `None` where it is not known.")
ZONE = _out(
    "<camera>/zone/<zone>", "text",
    "`ON` while the zone differs from its reference, settled change included; `OFF`; `None` where it is not known.",
)  # fmt: skip
EVENT = _out(
    "<camera>/event", "json",
    "An event's beginning, its updates and its end; kept and sent again until the broker has it.",
    retained=False,
)  # fmt: skip
LAST_EVENT = _out("<camera>/last_event", "json", "The newest update of the newest event, for displays.")
SNAPSHOT = _out("<camera>/snapshot", "jpeg", "The newest event's picture, regions drawn; its best at its end.")
CLEAN = _out("<camera>/snapshot/clean", "jpeg", "The same picture without anything drawn.")
REFERENCE = _out("<camera>/snapshot/reference", "jpeg", "What was expected to be seen.")
DIFFERENCE = _out("<camera>/snapshot/difference", "jpeg", "How much each part differs from what was expected.")
VERDICT = _out(
    "<camera>/verdict", "json", "PASS, FAIL or NOT_INSPECTED of one inspection, at once or not at all.",
    retained=False,
)  # fmt: skip
VERDICT_LATE = _out(
    "<camera>/verdict/late", "json", "A verdict that could not be told within `verdict_ttl`; kept until it is.",
    retained=False,
)  # fmt: skip
LAST_VERDICT = _out("<camera>/last_verdict", "json", "The newest verdict, for displays.")
READY = _out("<camera>/ready", "text", "`ON`: the next part or trigger is inspected; `OFF`: it cannot be.")
COUNTERS = _out("<camera>/counters", "json", "Inspections counted since the last reset, yield, failures by zone.")
STATE = _out(
    "<camera>/state", "json",
    "Now: fps, dropped, changed_fraction, similarity, latency_ms; at most once a second, at least every 30 s.",
    qos=0,
)  # fmt: skip
DECISION = _out(
    "<camera>/decision", "json", "What nearly was an event, and why it was none; at most one a second.",
    retained=False, qos=0,
)  # fmt: skip
LIVE = _out(
    "<camera>/live", "jpeg", "What the camera sees now, at most once a second; off unless asked for (`live`).",
    retained=False, qos=0,
)  # fmt: skip
SETTING = _out("<camera>/setting/<setting>", "text", "The value in force; fractions from 0 to 1, times in seconds.")
SETTING_SET = _in(
    "<camera>/setting/<setting>/set", "text",
    "Changes a [setting](#settings-while-it-runs); `CONFIG`: back to what config.yaml says.",
)  # fmt: skip
REFERENCE_SET = _in("<camera>/reference/set", "text", "`TAKE`, or the name of a stored reference to use.")
INSPECT = _in(
    "<camera>/inspect",
    "text",
    "A trigger: empty, or JSON with `correlation_id` and `part`, which the verdict carries.",
)
INSPECT_TRUTH = _in(
    "<camera>/inspect/truth", "json", "`id` of a past inspection, and `truth`: `good` (it is learnt from) or `bad`."
)
COUNTERS_RESET = _in("<camera>/counters/reset", "text", "Counts from zero; the payload, if any, names the batch.")
SNAPSHOT_TAKE = _in("<camera>/snapshot/take", "text", "Publishes and stores a picture of now; any payload.")
LEARNT_RESET = _in("<camera>/learnt/reset", "text", "Forgets what was learnt of the scene; any payload.")
DISCOVERY = Topic(
    "homeassistant/device/<device>/config", True, 1, "out", "json",
    "Home Assistant's [device discovery](#home-assistant), one message a camera and one for the daemon.", True,
)  # fmt: skip
HOME_STATUS = Topic(
    "homeassistant/status", False, 1, "in", "text",
    "Home Assistant says `online`: everything retained is published again.", True,
)  # fmt: skip
ERROR = _out(
    "<camera>/error",
    "json",
    "A command that was refused, and why; it changed nothing. At most ten a minute.",
    retained=False,
)

TABLE: tuple[Topic, ...] = (
    STATUS, ABOUT, INSTANCE, INSTANCE_ASK, AVAILABILITY, HEALTH, CHANGE, ZONE, EVENT, LAST_EVENT,
    SNAPSHOT, CLEAN, REFERENCE, DIFFERENCE,
    VERDICT, VERDICT_LATE, LAST_VERDICT, READY, COUNTERS, INSPECT, INSPECT_TRUTH, COUNTERS_RESET,
    STATE, DECISION, LIVE, SETTING, SETTING_SET, REFERENCE_SET, SNAPSHOT_TAKE,
    LEARNT_RESET, ERROR, DISCOVERY, HOME_STATUS,
)  # fmt: skip


def _pattern(topic: Topic) -> re.Pattern[str]:
    return re.compile(_PLACE.sub(lambda place: f"(?P<{place[1]}>{_KEYS[place[1]]})", topic.name))


_PATTERNS = tuple((topic, _pattern(topic)) for topic in TABLE if not topic.absolute)
_BELOW_CAMERA = tuple(
    (topic, re.compile(_PLACE.sub(lambda place: _KEYS[place[1]], topic.below_camera)))
    for topic in TABLE
    if topic.of_camera
)


def build(prefix: str, topic: Topic, **keys: str) -> str:
    """The topic with its keys in place; ValueError where a key is missing or cannot stand in a topic."""

    def key(place: re.Match[str]) -> str:
        value = keys.get(place[1])
        if value is None or not re.fullmatch(_KEYS[place[1]], value):
            raise ValueError(f"{place[1]} {value!r} cannot stand in the topic {topic.name}")
        return value

    if topic.absolute:
        raise ValueError(f"the topic {topic.name} is not under the prefix")
    return f"{prefix}/{_PLACE.sub(key, topic.name)}"


def device(discovery_prefix: str, device_id: str) -> str:
    """The topic of a discovery message."""
    return DISCOVERY.name.replace("homeassistant", discovery_prefix, 1).replace("<device>", device_id)


def is_device(text: str) -> bool:
    """Whether a topic can be that of a discovery message, under whichever discovery prefix."""
    return re.fullmatch(r".+/device/[A-Za-z0-9_-]+/config", text) is not None


def parse(prefix: str, text: str) -> Place | None:
    """Which kind of topic `text` is, and its keys; None where it is none of ours."""
    if not text.startswith(f"{prefix}/"):
        return None
    below = text[len(prefix) + 1 :]
    for topic, pattern in _PATTERNS:
        match = pattern.fullmatch(below)
        if match:
            return Place(topic, match.groupdict())
    return None


def of_state(name: str) -> Topic | None:
    """The kind of topic that a camera's state of this name ("change", "zone/door") is published on."""
    for topic, pattern in _BELOW_CAMERA:
        if topic.direction == "out" and pattern.fullmatch(name):
            return topic
    return None


def subscriptions(prefix: str) -> tuple[str, ...]:
    """The filters under which everything arrives that the daemon obeys."""
    return tuple(
        f"{prefix}/{_PLACE.sub('+', topic.name)}"
        for topic in TABLE
        if topic.direction == "in" and not topic.absolute
    )


def table() -> str:
    """The topics as the README's Markdown table."""
    rows = ["| topic | retained | QoS | payload | what |", "|---|---|---|---|---|"]
    for topic in TABLE:
        arrow = "in: " if topic.direction == "in" else ""
        retained = "yes" if topic.retained else "no" if topic.direction == "out" else ""
        rows.append(f"| `{topic.name}` | {retained} | {topic.qos} | {arrow}{topic.kind} | {topic.what} |")
    return "\n".join(rows)
