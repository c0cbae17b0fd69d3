"""Records that wait: order, receipts, and what goes at the bound."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.outbox.records import event, filled, taken, update
from watcher.outbox import MemoryOutbox


def test_each_record_is_handed_out_once_and_in_order():
    outbox = MemoryOutbox()
    filled(outbox, *event("a"), *event("b"))
    assert taken(outbox) == [("a", 0), ("a", 1), ("a", 2), ("b", 0), ("b", 1), ("b", 2)]
    assert taken(outbox) == []
    filled(outbox, update("c", 0, "started"))
    assert taken(outbox) == [("c", 0)]


def test_what_was_not_acknowledged_is_handed_out_again():
    outbox = MemoryOutbox()
    filled(outbox, *event("a", updates=2))
    records = [outbox.take("now") for _ in range(4)]
    outbox.acknowledge(records[0].number)
    outbox.acknowledge(records[2].number)
    outbox.acknowledge(999)
    outbox.rewind()
    assert outbox.waiting() == 2
    assert taken(outbox) == [("a", 1), ("a", 3)]


def test_the_time_of_publishing_is_that_of_the_first_try():
    outbox = MemoryOutbox()
    payload = update("a", 0, "started")
    outbox.put("porch", payload)
    assert outbox.take("first").payload["published_at"] == "first"
    outbox.rewind()
    assert outbox.take("second").payload["published_at"] == "first"
    assert payload["published_at"] is None, "the camera's own payload was changed"


def test_at_the_bound_the_oldest_closed_event_goes_whole():
    said = []
    outbox = MemoryOutbox(bound=6, said=said.append)
    filled(outbox, *event("a"), *event("b"))
    assert said == []
    filled(outbox, update("c", 0, "started"))
    assert outbox.lost() == 3
    assert said == [3]
    gap, *others = [outbox.take("now").payload for _ in range(5)]
    assert (gap["event_type"], gap["lost"], gap["from"], gap["to"]) == ("gap", 1, "a begins", "a ends")
    assert [(each["id"], each["sequence"]) for each in others] == [("b", 0), ("b", 1), ("b", 2), ("c", 0)]


def test_one_gap_counts_all_that_is_lost():
    outbox = MemoryOutbox(bound=6)
    for name in "abcdefgh":
        filled(outbox, *event(name))
    gap = outbox.take("now").payload
    assert gap["event_type"] == "gap"
    left = {name for name, _ in taken(outbox)}
    assert gap["lost"] == 8 - len(left)
    assert (gap["from"], gap["to"]) == ("a begins", "abcdefgh"[gap["lost"] - 1] + " ends")


def test_an_event_whose_beginning_is_known_to_subscribers_is_not_dropped():
    outbox = MemoryOutbox(bound=6)
    filled(outbox, *event("a"))
    outbox.acknowledge(outbox.take("now").number)
    outbox.rewind()
    filled(outbox, *event("b"), *event("c"))
    assert [each for each in taken(outbox) if "gap" not in each[0]] == [
        ("a", 1),
        ("a", 2),
        ("c", 0),
        ("c", 1),
        ("c", 2),
    ]


def test_of_an_endless_event_the_oldest_updates_go():
    outbox = MemoryOutbox(bound=5)
    filled(outbox, update("a", 0, "started"), *[update("a", 1 + i) for i in range(9)], update("a", 10, "ended"))
    assert taken(outbox) == [("a", 0), ("a", 7), ("a", 8), ("a", 9), ("a", 10)]


def test_what_is_under_way_stays():
    outbox = MemoryOutbox(bound=4)
    filled(outbox, *event("a", updates=2))
    first = [outbox.take("now") for _ in range(4)]
    filled(outbox, update("b", 0, "started"))
    assert outbox.waiting() == 5, "all was under way, so nothing could go"
    for record in first:
        outbox.acknowledge(record.number)
    assert taken(outbox) == [("b", 0)]


def test_a_bound_that_holds_no_event_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        MemoryOutbox(bound=1)


@given(st.lists(st.sampled_from(["put", "take", "acknowledge", "rewind"]), max_size=120), st.integers(3, 12))
def test_whatever_happens_order_stays_and_it_is_bounded(steps, bound):
    outbox = MemoryOutbox(bound=bound)
    feeds = {camera: iter([each for n in range(60) for each in event(f"{camera}{n:02}")]) for camera in "pq"}
    out, since_rewind = [], defaultdict(list)
    for index, step in enumerate(steps):
        if step == "put":
            camera = "pq"[index % 2]
            outbox.put(camera, next(feeds[camera]))
        elif step == "take":
            record = outbox.take("now")
            if record is not None:
                out.append(record)
                since_rewind[record.camera].append(record.number)
        elif step == "acknowledge" and out:
            outbox.acknowledge(out.pop(0).number)
        elif step == "rewind":
            outbox.rewind()
            out.clear()
            since_rewind.clear()
        assert outbox.waiting() <= bound + len(out) + 1
        for numbers in since_rewind.values():
            assert numbers == sorted(set(numbers))
