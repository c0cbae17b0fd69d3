"""Commands of an inspection -> requests. Pure; what is wrong is a ValueError of one sentence."""

import json
import re
from typing import Any, Literal, cast

from watcher.requests import Inspect, ResetCounters, TellTruth

_LONGEST = 200
_WORD = re.compile(r"\w{0,32}")
"""Buttons and controllers send PRESS, ON, 1 or nothing."""
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


def trigger(text: str) -> Inspect:
    """`text` is empty, a word, or JSON with what the verdict shall carry."""
    if _WORD.fullmatch(text.strip()):
        return Inspect()
    told = _object(text, ("correlation_id", "part"), "send nothing, or")
    return Inspect(_carried(told, "correlation_id"), _carried(told, "part"))


def truth(text: str) -> TellTruth:
    told = _object(text, ("id", "truth"), "send")
    inspection, word = told.get("id"), told.get("truth")
    if not isinstance(inspection, str) or not _ID.fullmatch(inspection):
        raise ValueError("id is missing: it is that of the verdict")
    if word not in ("good", "bad"):
        raise ValueError("truth is good or bad")
    return TellTruth(inspection, cast(Literal["good", "bad"], word))


def reset(text: str) -> ResetCounters:
    batch = text.strip()
    if len(batch) > _LONGEST or not batch.isprintable():
        raise ValueError(f"a batch is named in one line of at most {_LONGEST} characters")
    return ResetCounters(batch)


def _object(text: str, known: tuple[str, str], instead: str) -> dict[str, Any]:
    wanted = f'{instead} JSON like {{"{known[0]}": "…", "{known[1]}": "…"}}'
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"the payload is no JSON; {wanted}") from None
    if not isinstance(told, dict):
        raise ValueError(f"the payload is not a JSON object; {wanted}")
    unknown = [key for key in told if key not in known]
    if unknown:
        raise ValueError(f"{unknown[0][:_LONGEST]!r} is not known here; {wanted}")
    return told


def _carried(told: dict[str, Any], key: str) -> str | None:
    """Text, or a number, which is carried as text."""
    value = told.get(key)
    if isinstance(value, bool) or not isinstance(value, (str, int, float, type(None))):
        raise ValueError(f"{key} is text or a number")
    carried = None if value is None else str(value)
    if carried is not None and len(carried) > _LONGEST:
        raise ValueError(f"{key} has {len(carried)} characters; at most {_LONGEST} are carried")
    return carried
