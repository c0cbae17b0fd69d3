"""Commands as they come in -> requests or refusals."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher import settings
from watcher.mqtt.commands import Command, Refusal, read
from watcher.mqtt.topics import parse
from watcher.requests import Adjust, ForgetLearnt, SetReference, TakeSnapshot

TAILS = [
    "reference/set", "snapshot/take", "learnt/reset", "setting/colour/set",
    *(f"setting/{one.name}/set" for one in settings.of_camera([("door", "")])),
]  # fmt: skip


def told(tail, payload, retained=False):
    return read(parse("watcher", f"watcher/porch/{tail}"), payload, retained=retained)


@pytest.mark.parametrize(
    ("tail", "payload", "request_"),
    [
        ("reference/set", b"TAKE", SetReference()),
        ("reference/set", b"day", SetReference("day")),
        ("reference/set", b" day@12\n", SetReference("day@12")),
        ("snapshot/take", b"", TakeSnapshot()),
        ("snapshot/take", b"PRESS", TakeSnapshot()),
        ("setting/enabled/set", b"ON", Adjust("enabled", True)),
        ("setting/enabled/set", b"OFF", Adjust("enabled", False)),
        ("setting/enabled/set", b"on", Adjust("enabled", True)),
        ("setting/enabled/set", b" Off\n", Adjust("enabled", False)),
        ("setting/threshold/set", b"0.015", Adjust("threshold", 0.015)),
        ("setting/threshold/set", b"1.5 %", Adjust("threshold", 0.015)),
        ("setting/threshold/set", b"CONFIG", Adjust("threshold", None)),
        ("setting/threshold_door/set", b"2 %", Adjust("threshold_door", 0.02)),
        ("setting/mute/set", b"10 min", Adjust("mute", 600.0)),
        ("setting/mute/set", b"0", Adjust("mute", 0.0)),
        ("setting/profile/set", b"wildlife", Adjust("profile", "wildlife")),
        ("setting/reference_mode/set", b"fixed", Adjust("reference_mode", "fixed")),
        ("learnt/reset", b"PRESS", ForgetLearnt()),
    ],
)
def test_what_is_asked(tail, payload, request_):
    assert told(tail, payload) == Command("porch", tail, payload.decode(), request_)


@pytest.mark.parametrize(
    ("tail", "payload", "reason"),
    [
        ("reference/set", b"../../etc/passwd", "name of a stored reference"),
        ("reference/set", b"", "write TAKE"),
        ("setting/enabled/set", b"yes", "enabled is ON or OFF"),
        ("setting/threshold/set", b"3", "write 3 %"),
        ("setting/threshold/set", b"-1 %", "threshold is below 0"),
        ("setting/threshold/set", b"much", "threshold 'much' is not a fraction"),
        ("setting/threshold/set", b"1" * 4000 + b" x y", "threshold is not a fraction"),
        ("setting/threshold/set", b"1e999", "finite"),
        ("setting/colour/set", b"ON", "there is no setting colour"),
        ("setting/threshold_/set", b"1 %", "there is no setting threshold_"),
        ("setting/mute/set", b"CONFIG", "mute 'CONFIG' is not a duration"),
        ("setting/profile/set", b"garden", "profile is one of home, wildlife"),
        ("snapshot/take", b"x" * 4097, "4097 bytes"),
        ("snapshot/take", b"\xff\xd8\xff", "not UTF-8"),
    ],
)
def test_what_is_refused(tail, payload, reason):
    refusal = told(tail, payload)
    assert isinstance(refusal, Refusal)
    assert reason in refusal.reason
    assert refusal.name == tail


def test_a_retained_command_is_refused_whatever_it_says():
    assert "retained" in told("reference/set", b"TAKE", retained=True).reason


def test_the_message_of_a_refusal():
    message = told("setting/enabled/set", b"x" * 300).message("2026-11-22T10:18:03.250Z")
    assert message == {
        "schema": 1,
        "at": "2026-11-22T10:18:03.250Z",
        "command": "setting/enabled/set",
        "payload": "x" * 200,
        "reason": "enabled is ON or OFF",
    }


@given(st.sampled_from(TAILS), st.binary(max_size=5000) | st.text(max_size=300).map(str.encode), st.booleans())
def test_nothing_a_payload_can_hold_raises(tail, payload, retained):
    result = told(tail, payload, retained)
    if isinstance(result, Refusal):
        written = json.dumps(result.message("now"))
        assert len(result.payload[:200]) <= 200
        assert written
    else:
        assert not retained
        if isinstance(result.request, Adjust) and isinstance(result.request.value, float):
            assert result.request.value >= 0
