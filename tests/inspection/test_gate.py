"""When to look, as tables of dots: a frame a character, ten a second.

``.`` nothing there, ``~`` something there that moves, ``#`` something there that is still; ``!`` below one:
it is inspected, ``2``: again.
"""

import pytest

from watcher.inspection.gate import ROOM, Gate, Place, Trigger
from watcher.inspection.when import LineOptions

PLACES = {".": Place(True, False), ",": Place(False, False), "~": Place(False, True), "#": Place(True, True)}


def looked(gate, frames, triggers="", first=0):
    """A row like `frames`: where it was inspected; a digit in `triggers`: so many arrive before it."""
    row = ""
    for number, one in enumerate(frames):
        at = (first + number) / 10
        for _ in range(int(triggers[number : number + 1].strip() or 0)):
            gate.trigger(Trigger(at - 0.05))
        due = gate.step(at, PLACES[one])
        row += " " if due is None else "2" if due.again else "!"
    return row.rstrip()


STILL = [
    # one part: once, when it has lain still for 0.3 s
    ("...~~~######...", "         !", 0),
    # it stays for long: once
    ("..~~####################", "       !", 0),
    # moved a little while it lies there: still the same part
    ("..~~######~~~~######", "       !", 0),
    # two parts with the place empty between
    ("..~~#####~~...~~#####", "       !           !", 0),
    # one frame in which it is not seen is an error of seeing
    ("..~~######.######", "       !", 0),
    # gone before it lay still: counted
    ("...~~~~~~...~~#####", "                 !", 1),
    ("...~~##~~...~~#....", "", 2),
    # a hand that holds it: nothing until the hand is gone
    ("..~~~~##~~~##~~~#####", "                   !", 0),
    # it lies there from the beginning
    ("######", "   !", 0),
    # movement without a part is nothing
    ("..,,,,,...,,,...", "", 0),
]


@pytest.mark.parametrize(("frames", "inspected", "skipped"), STILL)
def test_part_present_and_still(frames, inspected, skipped):
    gate = Gate(LineOptions(when="still"))
    assert looked(gate, frames) == inspected
    assert gate.skipped == skipped


def test_where_one_part_pushes_the_next_movement_makes_another():
    gate = Gate(LineOptions(when="still", rearm="moved"))
    assert looked(gate, "~~#######~~~######~######") == "     !         !      !"


def test_how_long_it_lies_still_can_be_set_but_one_frame_is_never_enough():
    assert looked(Gate(LineOptions(still_for=0.0)), "..~~####") == "     !"
    assert looked(Gate(LineOptions(still_for=1.0)), "..~~################") == "              !"


def test_it_is_armed_until_a_part_has_its_verdict_and_again_when_that_is_gone():
    gate = Gate(LineOptions())
    armed = ""
    for number, one in enumerate("..~~#####...."):
        gate.step(number / 10, PLACES[one])
        armed += "Y" if gate.armed else "n"
    assert armed == "YYYYYYYnnnnYY"


def test_a_part_after_the_camera_was_lost_is_another():
    gate = Gate(LineOptions())
    assert looked(gate, "..~######") == "      !"
    gate.unknown()
    assert looked(gate, "######", first=9) == "   !"
    looked(gate, "...~~~", first=20)
    gate.unknown()
    assert gate.skipped == 1


TRIGGERED = [
    # each is judged by the first frame captured at or after it, a storm by one frame
    ("..........", "  1   1   ", "  !   !"),
    ("..........", "  9   2   ", "  !   !"),
    # whatever lies there
    ("..~~##....", "   1 1  1 ", "   ! !  !"),
]


@pytest.mark.parametrize(("frames", "triggers", "inspected"), TRIGGERED)
def test_on_trigger(frames, triggers, inspected):
    gate = Gate(LineOptions(when="trigger"))
    assert looked(gate, frames, triggers) == inspected
    assert gate.overdue(100.0) == ()


def test_every_trigger_of_a_storm_is_answered_by_the_one_frame():
    gate = Gate(LineOptions(when="trigger"))
    triggers = [Trigger(1.0 + n / 1000, str(n)) for n in range(100)]
    assert all(gate.trigger(one) for one in triggers)
    assert gate.step(0.9) is None, "captured before they came"
    assert gate.step(1.05).triggers == tuple(triggers[:51])
    assert gate.step(1.1).triggers == tuple(triggers[51:])


def test_one_that_is_heard_after_the_frame_was_looked_at_is_judged_by_it():
    gate = Gate(LineOptions(when="trigger"))
    assert gate.step(1.0) is None
    gate.trigger(Trigger(0.99, "a"))
    gate.trigger(Trigger(1.01, "b"))
    assert [one.correlation_id for one in gate.asked(1.0).triggers] == ["a"]
    assert gate.asked(1.0) is None
    assert [one.correlation_id for one in gate.step(1.1).triggers] == ["b"]


def test_a_storm_is_bounded_and_counted():
    gate = Gate(LineOptions(when="trigger"))
    assert sum(gate.trigger(Trigger(1.0)) for _ in range(ROOM + 7)) == ROOM
    assert gate.refused == 7


def test_a_frame_of_the_very_moment_counts():
    gate = Gate(LineOptions(when="trigger"))
    gate.trigger(Trigger(1.0))
    assert gate.step(1.0) is not None


def test_a_trigger_without_a_frame_is_given_up():
    gate = Gate(LineOptions(when="trigger", trigger_timeout=0.5))
    gate.trigger(Trigger(1.0, "a"))
    gate.trigger(Trigger(1.2, "b"))
    assert gate.deadline == 1.5
    assert gate.overdue(1.4) == ()
    assert [one.correlation_id for one in gate.overdue(1.5)] == ["a"]
    assert [one.correlation_id for one in gate.overdue(1.7)] == ["b"]
    assert gate.step(2.0) is None
    assert gate.deadline is None


def test_when_nothing_will_come_any_more_nobody_is_left_waiting():
    gate = Gate(LineOptions(when="trigger"))
    gate.trigger(Trigger(1.0, "a"))
    assert [one.correlation_id for one in gate.all_waiting()] == ["a"]
    assert gate.step(2.0) is None


def test_a_trigger_while_the_gate_waits_for_stillness():
    gate = Gate(LineOptions(when="still"))
    # the part has its verdict by the trigger, and gets no second one by itself; asked again it is twice
    assert looked(gate, "..~~#########...", "    1   1") == "    !   2"
    # asked while it lies there after its own verdict
    assert looked(gate, "~~#######", "        1", first=20) == "     !  2"


def test_continuous_is_every_frame_and_what_is_missed_is_counted():
    gate = Gate(LineOptions(when="continuous"))
    assert looked(gate, "..~~##") == "!!!!!!"
    gate.missed(3)
    assert gate.skipped == 3


def test_continuous_may_be_slower_and_then_nothing_is_missed():
    gate = Gate(LineOptions(when="continuous", every=0.5))
    assert looked(gate, "............", "   1") == "!  !    !"
    gate.missed(3)
    assert gate.skipped == 0


def test_a_trigger_in_continuous_inspection_is_no_second_one():
    gate = Gate(LineOptions(when="continuous"))
    gate.trigger(Trigger(0.95, "a"))
    due = gate.step(1.0)
    assert [one.correlation_id for one in due.triggers] == ["a"]
    assert not due.again


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"trigger_timeout": 0}, "above 0 s"),
        ({"verdict_ttl": 0}, "above 0 s"),
        ({"recipe": "a"}, "there is none"),
        ({"reset_at": ("25:00",)}, "times like 06:00"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, why):
    with pytest.raises(ValueError, match=why):
        LineOptions(**wrong)
