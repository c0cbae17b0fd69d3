"""The form of each payload, as JSON Schema (draft 7), by topic, for those who write subscribers."""

from typing import Any

from watcher import settings
from watcher.mqtt import topics
from watcher.mqtt.topics import Topic

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_FRACTION: Schema = {"type": "number", "minimum": 0, "maximum": 1}
_TIME: Schema = {
    "type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
    "examples": ["2026-11-22T10:18:03.250Z"],
}  # fmt: skip
_SCHEMA: Schema = {
    "const": 1,
    "description": "The version of this form; a higher one takes something away.",
}
_SIZE: Schema = {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2, "maxItems": 2}


def _maybe(schema: Schema) -> Schema:
    return {"oneOf": [schema, {"type": "null"}]}


def _object(optional: tuple[str, ...] = (), /, **properties: Schema) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def _choice(*values: str | None) -> Schema:
    return {"enum": list(values)}


def _said(what: str, schema: Schema) -> Schema:
    return {**schema, "description": what}


def table() -> str:
    """The fields of the JSON payloads as the README's Markdown table; that of an event stands there whole."""
    rows = ["| topic | payload |", "|---|---|"]
    told = {topic: schema for topic, schema in SCHEMAS.items() if topic.kind == "json" and "properties" in schema}
    for topic, schema in told.items():
        same = [other.name for other, its in told.items() if its is schema]
        if topic.name == same[0]:
            fields = ", ".join(_in_words(name, one) for name, one in schema["properties"].items())
            rows.append(f"| {', '.join(f'`{name}`' for name in same)} | {fields} |")
    return "\n".join(rows)


def _in_words(name: str, schema: Schema) -> str:
    """A field, and what may stand in it where its name does not say that."""
    inner = schema["oneOf"][0] if "oneOf" in schema else schema
    kinds = [str(one) for one in inner.get("enum", []) if one is not None]
    fields = list(inner.get("properties", {}) or inner.get("items", {}).get("properties", {}))
    told = " / ".join(f"`{one}`" for one in kinds) or ", ".join(fields)
    empty = "oneOf" in schema or None in inner.get("enum", [])
    return f"**{name}**" + (f" ({told})" if told else "") + (" or null" if empty else "")


_BOX = {"x": _NUMBER, "y": _NUMBER, "width": _COUNT, "height": _COUNT}
_REGION = _object(
    ("reference_box",),
    **_BOX,
    area=_COUNT,
    peak=_FRACTION,
    zone=_maybe(_TEXT),
    reference_box=_maybe(_object(**_BOX)),
)
_MEDIA = _object(
    ("clip",), snapshot=_maybe(_object(file=_TEXT, width=_COUNT, height=_COUNT)), clip=_maybe({"type": "object"})
)
_EVENT_TYPE = _choice("started", "updated", "ended")
_CAUSE = _choice("change", "passed", "appeared", "removed")
_END_REASON = _choice(
    "fell", "settled", "max_length", "camera_lost", "paused", "reloaded", "stopped", "crashed", None
)
_UPDATE: dict[str, Schema] = {
    "schema": _SCHEMA,
    "event_type": _EVENT_TYPE,
    "id": _said("The event's; sorts by time.", _TEXT),
    "camera": _TEXT,
    "sequence": _said("Counts from 0 within the event; with the id it tells duplicates.", _COUNT),
    "started_at": _said("Of the first frame of the change.", _TIME),
    "ended_at": _maybe(_TIME),
    "captured_at": _said("Of the frame that decided.", _TIME),
    "published_at": _maybe(_TIME),
    "media_time": _said("Seconds into the recording.", _maybe(_NUMBER)),
    "cause": _CAUSE,
    "end_reason": _END_REASON,
    "similarity": _said("Mean SSIM of the watched part; 1: the same.", _maybe(_NUMBER)),
    "changed_fraction": _said("Changed watched pixels / watched pixels.", _FRACTION),
    "zones": {"type": "array", "items": _TEXT},
    "regions": {"type": "array", "items": _REGION},
    "frame_size": _SIZE,
    "profile": _TEXT,
    "reference": _TEXT,
    "reason": _said("Why, in words.", _TEXT),
    "media": _MEDIA,
}
_GAP = _said("Events that could not be kept while the broker was away.", _object(
    ("id", "camera", "sequence", "published_at"), schema=_SCHEMA, event_type=_choice("gap"), id=_TEXT, camera=_TEXT,
    sequence=_COUNT, lost=_COUNT, **{"from": _maybe(_TIME), "to": _maybe(_TIME)}, published_at=_maybe(_TIME),
))  # fmt: skip
_LAST_EVENT = ("captured_at", "published_at", "media_time", "regions", "frame_size", "profile", "reference")
_COUNTERS = _object(
    ("skipped", "twice", "refused"), schema=_SCHEMA, since=_TIME, batch=_TEXT, inspected=_COUNT, passed=_COUNT,
    failed=_COUNT, not_inspected=_COUNT, skipped=_COUNT, twice=_COUNT, refused=_COUNT,
    **{"yield": _maybe(_FRACTION)},
    zones=_said("Failures by zone.", {"type": "object", "additionalProperties": _COUNT}),
)  # fmt: skip
_VERDICT = _object(
    ("settings", "frame_size", "media"), schema=_SCHEMA, id=_TEXT, camera=_TEXT, recipe=_maybe(_TEXT),
    part=_maybe(_TEXT), correlation_id=_maybe(_TEXT), captured_at=_TIME, published_at=_maybe(_TIME),
    verdict=_choice("PASS", "FAIL", "NOT_INSPECTED"), reason=_TEXT, changed=_maybe({"type": "boolean"}),
    score=_maybe(_NUMBER), changed_fraction=_maybe(_FRACTION), regions={"type": "array", "items": _REGION},
    alignment=_maybe(_object(
        shift={"type": "array", "items": _NUMBER, "minItems": 2, "maxItems": 2}, angle=_NUMBER, scale=_NUMBER,
        residual=_NUMBER,
    )),
    reference=_maybe(_TEXT), settings=_TEXT, elapsed_ms=_NUMBER,
    error=_maybe(_object(kind=_TEXT, message=_TEXT)), frame_size=_maybe(_SIZE), media=_MEDIA, counters=_COUNTERS,
)  # fmt: skip
_STATE_OF_HEALTH = _choice(
    "lost", "frozen", "corrupt", "obscured", "moved", "dark", "bright", "blurred", "starting", "paused", "ok"
)
_KNOWN_OR_NOT = _said("`None`: not known.", _choice("ON", "OFF", "None"))
_ONLINE = _choice("online", "offline")
_ANY = _said("Any payload.", _TEXT)
_JPEG = {"type": "string", "format": "binary"}

SCHEMAS: dict[Topic, Schema] = {
    topics.STATUS: _ONLINE,
    topics.ABOUT: _object(
        schema=_SCHEMA, watcher=_TEXT, python=_TEXT,
        packages={"type": "object", "additionalProperties": _maybe(_TEXT)},
    ),
    topics.INSTANCE: _object(id=_TEXT, host=_TEXT),
    topics.INSTANCE_ASK: _ANY,
    topics.AVAILABILITY: _ONLINE,
    topics.HEALTH: _object(
        state=_said("The worst of `states`.", _STATE_OF_HEALTH),
        states={"type": "array", "items": _STATE_OF_HEALTH, "minItems": 1}, since=_TIME, reason=_TEXT,
    ),
    topics.CHANGE: _KNOWN_OR_NOT,
    topics.ZONE: _KNOWN_OR_NOT,
    topics.EVENT: {"oneOf": [_object(**_UPDATE), _GAP]},
    topics.LAST_EVENT: _object(**{key: one for key, one in _UPDATE.items() if key not in _LAST_EVENT}),
    topics.SNAPSHOT: _JPEG,
    topics.CLEAN: _JPEG,
    topics.REFERENCE: _JPEG,
    topics.DIFFERENCE: _JPEG,
    topics.VERDICT: _VERDICT,
    topics.VERDICT_LATE: _VERDICT,
    topics.LAST_VERDICT: _VERDICT,
    topics.READY: _choice("ON", "OFF"),
    topics.COUNTERS: _COUNTERS,
    topics.INSPECT: _said("Nothing, a word, or JSON with `correlation_id` and `part`.", _TEXT),
    topics.INSPECT_TRUTH: _object(id=_TEXT, truth=_choice("good", "bad")),
    topics.COUNTERS_RESET: _said("The name of the new batch, or nothing.", {**_TEXT, "maxLength": 200}),
    topics.STATE: _object(
        fps=_NUMBER, dropped=_COUNT, changed_fraction=_FRACTION, similarity=_maybe(_NUMBER),
        latency_ms=_maybe(_NUMBER),
    ),
    topics.DECISION: _object(
        schema=_SCHEMA, camera=_TEXT, captured_at=_TIME, media_time=_maybe(_NUMBER), zone=_maybe(_TEXT),
        changed_fraction=_maybe(_FRACTION), threshold=_maybe(_FRACTION),
        strength=_said("The change in thresholds.", _maybe(_NUMBER)),
        regions={"type": "array", "items": _REGION}, frame_size=_maybe(_SIZE), reason=_TEXT,
    ),
    topics.LIVE: _JPEG,
    topics.SETTING: _said("ON, OFF, a number (fractions from 0 to 1, seconds) or a name.", _TEXT),
    topics.SETTING_SET: _said(
        f"As told on the setting's topic; numbers also with a unit (1.5 %, 10 min); {settings.AS_CONFIGURED}: back"
        " to what config.yaml says.",
        {**_TEXT, "maxLength": 4096},
    ),
    topics.REFERENCE_SET: _said("TAKE, or the name of a stored reference: day, day@3.", _TEXT),
    topics.SNAPSHOT_TAKE: _ANY,
    topics.LEARNT_RESET: _ANY,
    topics.ERROR: _object(
        schema=_SCHEMA, at=_TIME, command=_said("The topic below the camera.", _TEXT),
        payload={**_TEXT, "maxLength": 200}, reason=_TEXT,
    ),
    topics.DISCOVERY: _said("See Home Assistant, MQTT device discovery.", {"type": "object"}),
    topics.HOME_STATUS: _ONLINE,
}  # fmt: skip
