"""Counters: what they say, a restart, shifts."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from watcher.inspection.tally import Tally, begins_anew

SINCE = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


def filled():
    tally = Tally(SINCE, "lot 7")
    for _ in range(17):
        tally.count("PASS")
    tally.count("FAIL", ["left", "left", "pins"])
    tally.count("FAIL", ["pins"])
    tally.count("FAIL", ["pins"])
    tally.count("NOT_INSPECTED", [])
    tally.count("FAIL", ["pins"], again=True)
    tally.miss(skipped=2, refused=5)
    return tally


def test_they_say_yield_and_where_it_fails_most():
    assert filled().payload() == {
        "schema": 1, "since": "2026-11-22T06:00:00.000Z", "batch": "lot 7", "inspected": 20, "passed": 17,
        "failed": 3, "not_inspected": 1, "skipped": 2, "twice": 1, "refused": 5, "yield": 0.85,
        "zones": {"pins": 3, "left": 1},
    }  # fmt: skip
    assert list(filled().payload()["zones"]) == ["pins", "left"]


def test_without_any_there_is_no_yield():
    assert Tally(SINCE).payload()["yield"] is None


def test_without_zones_it_fails_somewhere_in_the_picture():
    tally = Tally(SINCE)
    tally.count("FAIL")
    assert tally.payload()["zones"] == {"picture": 1}


def test_they_go_on_after_a_restart():
    found = Tally.restored(json.loads(json.dumps(filled().payload())))
    assert found.payload() == filled().payload()
    found.count("PASS")
    assert found.payload()["passed"] == 18


@pytest.mark.parametrize("broken", [{}, {"since": "then"}, {**filled().payload(), "zones": []}])
def test_what_is_no_tally_is_refused(broken):
    with pytest.raises(ValueError, match="no counters"):
        Tally.restored(broken)


SHIFTS = [(6, 0), (14, 0), (22, 0)]


@pytest.mark.parametrize(
    ("since", "now", "anew"),
    [("05:59", "06:00", True), ("06:00", "13:59", False), ("13:00", "14:01", True), ("22:30", "05:00+", False),
     ("22:30", "06:00+", True), ("07:00", "07:00+", True)],
)  # fmt: skip
def test_a_shift_begins_anew_at_its_time(since, now, anew):
    def moment(text):
        hour, minute = text.removesuffix("+").split(":")
        return SINCE.replace(hour=int(hour), minute=int(minute)) + timedelta(days=text.endswith("+"))

    assert begins_anew(moment(since), moment(now), SHIFTS) is anew
    assert not begins_anew(moment(since), moment(now), [])
