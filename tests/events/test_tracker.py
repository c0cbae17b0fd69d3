"""When change is an event, as tables of dots."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.events.dots import OPTIONS, START, STEP, ZONES, detection, region, row, run, stream, tracker, zones_of
from watcher.events.event import EventUpdate
from watcher.events.options import EventsOptions
from watcher.events.steady import SteadyTime
from watcher.vision.detection import Detection

RISE = [
    ("...#....####......", "..........S....E.."),  # one frame is a glitch; three frames span 0.2 s
    ("..##..............", ".................."),  # 0.1 s only
    ("..##.##.##........", ".................."),  # interrupted change does not add up
    ("..#+#+#+#.........", ".................."),  # what is under the threshold does not rise
    ("..##t##....", ".....S....E"),  # a tick says nothing, but time passes
    ("..#ttttt...", "..........."),  # a silent camera does not rise
    ("..##bb#....", "......S...E"),  # nor do blind frames, which are no evidence against it either
    ("..##L##....", "..........."),  # a gap drops what is rising
    ("..##PS##...", "..........."),
]

FALL = [
    ("###.......", "..S...E..."),
    ("###..##...", "..S......."),  # back within fall: one event, its end waits
    ("###..##......", "..S.......E.."),
    ("###....###...", "..S...E..S..."),  # fall is over: another event is rising
    ("###ttttttt..", "..S........."),  # a silent camera does not fall
    ("###ttttttt....", "..S..........E"),  # the first frame without change begins the fall
    ("###bbbbb....", "..S........E"),
    ("###+++++....", "..S........E"),  # more than half of the threshold goes on
    ("###-----....", "..S...E....."),  # less is gone
    ("###.+++.....", "..S...E....."),  # what is gone comes back over the threshold, not over half of it
]


@pytest.mark.parametrize(("dots", "expected"), RISE + FALL)
def test_rises_and_falls(dots: str, expected: str) -> None:
    assert row(dots) == expected


def test_two_frames_are_needed_even_without_rise() -> None:
    assert row("..#..##....", replace(OPTIONS, rise=0.0)) == "......S...E"


def test_falls_at_once_without_fall() -> None:
    assert row("..###.###.", replace(OPTIONS, fall=0.0)) == "....SE..SE"


def test_an_event_is_as_long_as_its_change() -> None:
    started, ended = run("..####.....")
    assert (started.event.started, started.captured, started.media_time) == (0.2, 0.4, 0.4)
    assert started.event.started_at == START + timedelta(seconds=0.2)
    assert started.event.ended is None
    assert started.event.cause == "change"
    assert (ended.event.started, ended.event.ended, ended.captured) == (0.2, 0.5, 0.9)
    assert ended.event.ended_at == START + timedelta(seconds=0.5)
    assert (ended.event.cause, ended.event.end_reason) == ("passed", "fell")
    assert [update.sequence for update in (started, ended)] == [0, 1]
    assert started.regions
    assert not ended.regions
    assert started.frame_size == (8, 4)


def test_merge_keeps_an_event_open_for_what_comes_back() -> None:
    merging = replace(OPTIONS, merge=0.6)
    dots = "###.....##......."
    assert row(dots) == "..S...E.........."
    assert row(dots, merging) == "..S.............E"
    assert run(dots, merging)[-1].event.ended == pytest.approx(0.9)


def test_what_stays_settles() -> None:
    for letter, cause in (("a", "appeared"), ("r", "removed")):
        dots = "###" + letter * 4 + "...."
        assert row(dots) == "..S...E...."
        ended = run(dots)[-1]
        assert (ended.event.cause, ended.event.end_reason) == (cause, "settled")
        # It ended when the last thing moved; 0.4 s of stillness were needed to know.
        assert (ended.event.ended, ended.captured) == (0.2, 0.6)
        assert cause in ended.reason
        assert "0.4 s" in ended.reason


@pytest.mark.parametrize(
    ("dots", "expected"),
    [
        ("###aa#aaaaa...", "..S......E...."),  # moving once more begins it anew
        ("###wwww.......", "..S...E......."),  # a leaf that is too little to count does not keep it open
        ("###mmmmmmm....", "..S..........E"),  # what counts does
        ("###aattaa.....", "..S....E......"),  # stillness is the detector's to tell, of frames only
        ("###aa.........", "..S.....E....."),  # it went before it settled
    ],
)
def test_settles_only_when_all_is_still(dots: str, expected: str) -> None:
    assert row(dots) == expected


def test_unknown_regions_that_stay_have_appeared() -> None:
    seen = stream("###aaaa")
    watching = tracker()
    updates: list[EventUpdate] = []
    for observation, found in seen:
        regions = tuple(replace(one, stayed=None) for one in found.regions)
        updates += watching.step(observation, replace(found, regions=regions))
    assert updates[-1].event.cause == "appeared"


def test_change_without_regions_in_its_zone_is_not_still() -> None:
    found = Detection("changed", (), 0.9, 0.05, {"one": 0.05})
    watching = tracker(zones=ZONES)
    phases = [u.phase for seen, _ in stream("#########") for u in watching.step(seen, found)]
    assert phases == ["started"]


def test_ends_when_it_lasts_too_long_and_may_begin_again() -> None:
    short = replace(OPTIONS, max_length=0.6)
    dots = "##########...."
    assert row(dots, short) == "..S...E..S...E"
    first = run(dots, short)[1]
    assert (first.event.cause, first.event.end_reason, first.event.ended) == ("passed", "max_length", 0.6)
    assert row(dots, replace(OPTIONS, max_length=None)) == "..S..........E"


def test_a_tick_ends_what_lasts_too_long() -> None:
    ended = run("####tttt", replace(OPTIONS, max_length=0.6))[-1]
    assert (ended.event.end_reason, ended.event.ended) == ("max_length", pytest.approx(0.3))
    assert ended.captured == pytest.approx(0.3)  # of the last frame: a tick has no picture
    assert row("####bbbb", replace(OPTIONS, max_length=0.6)) == "..S...E."  # so does a frame that says nothing


@pytest.mark.parametrize(
    ("dots", "expected"),
    [
        ("###....##########", "..S...E......S..."),  # no event within 0.5 s; then 0.2 s of rise
        ("###....###.......", "..S...E.........."),  # what comes and goes meanwhile is none
        ("###...........###", "..S...E.........S"),
        ("###L#########", "..SE......S.."),  # after a gap too
    ],
)
def test_cooldown(dots: str, expected: str) -> None:
    assert row(dots, replace(OPTIONS, cooldown=0.5)) == expected


def test_change_that_outlasts_the_cooldown_starts_after_it() -> None:
    updates = run("###....##########", replace(OPTIONS, cooldown=0.5))
    assert updates[-1].phase == "started"
    assert updates[-1].event.started == pytest.approx(1.1)  # ended at 0.6 s, and 0.5 s on


@pytest.mark.parametrize(
    ("letter", "end_reason"),
    [
        ("L", "camera_lost"), ("F", "camera_lost"), ("O", "camera_lost"), ("P", "paused"),
        ("R", "reloaded"), ("S", "stopped"), ("C", "crashed"),
    ],
)  # fmt: skip
def test_a_gap_ends_an_event_at_the_last_frame(letter: str, end_reason: str) -> None:
    dots = "####tt" + letter + "......"
    assert row(dots) == "..S...E......"
    ended = run(dots)[-1]
    assert (ended.event.end_reason, ended.event.cause) == (end_reason, "passed")
    assert (ended.event.ended, ended.captured) == (pytest.approx(0.3), pytest.approx(0.3))


def test_unseen_for_long_is_lost() -> None:
    times = [0.0, 0.1, 0.2] + [0.3 + n for n in range(8)]
    assert row("###bbbbbbbb", times=times) == "..S.....E.."
    ended = run("###bbbbbbbb", times=times)[-1]
    assert (ended.event.end_reason, ended.event.ended) == ("camera_lost", 0.2)
    assert "too dark" in ended.reason
    assert run("###llllllll", times=times)[-1].event.end_reason == "reloaded"
    assert row("##bbbbbbbb#", times=times) == "..........."  # what was rising is dropped too


def test_blind_frames_do_not_add_up_over_seen_ones() -> None:
    dots = "###" + "bbb#" * 6
    times = [0.0, 0.1, 0.2] + [0.3 + n for n in range(24)]
    assert "E" not in row(dots, times=times)


def test_updates_when_the_zones_change() -> None:
    dots = "..111133322....."
    updates = run(dots, zones=ZONES)
    assert row(dots, zones=ZONES) == "....S.u..u.u..E."
    assert [update.zones for update in updates] == [("one",), ("one", "two"), ("two",), (), ()]
    assert [update.sequence for update in updates] == [0, 1, 2, 3, 4]


def test_change_may_pass_from_zone_to_zone_while_it_rises() -> None:
    assert row("..1222....", zones=ZONES).index("S") == 4


def test_change_outside_all_zones_is_none() -> None:
    watching = tracker(zones=ZONES)
    found = Detection("changed", (region(900),), 0.9, 0.5, {"one": 0.0, "two": 0.0})
    assert not [u for seen, _ in stream("######") for u in watching.step(seen, found)]


def test_each_zone_has_its_threshold() -> None:
    for one, two, zones in ((0.012, 0.012, ("one",)), (0.0, 0.02, ("two",)), (0.0, 0.019, None)):
        found = Detection("changed", (region(900),), 0.9, 0.01, {"one": one, "two": two})
        watching = tracker(zones=ZONES)
        updates = [u for seen, _ in stream("######") for u in watching.step(seen, found)]
        assert [u.zones for u in updates] == ([zones] if zones else [])


def test_without_a_threshold_any_region_counts() -> None:
    anything = replace(OPTIONS, threshold=0.0)
    assert row("..---......", anything) == "....S...E.."
    found = Detection("changed", (region(1, zones=("one",)),), 1.0, 0.0, {"one": 0.0})
    watching = tracker(zones={"one": 0.0})
    assert [u.zones for seen, _ in stream("###") for u in watching.step(seen, found)] == [("one",)]
    watching = tracker(zones={"two": 0.0})
    assert not [u for seen, _ in stream("###") for u in watching.step(seen, found)]


def test_at_most_one_update_a_second() -> None:
    dots = "#" * 40 + "." * 10
    # The whole picture is no zone: that nothing is left is told at the end, not as a change of zones.
    assert [n for n, sign in enumerate(row(dots)) if sign == "u"] == [12, 22, 32]
    assert row(dots)[43] == "E"
    in_zone = "1" * 15 + "2" * 20 + "." * 10
    assert [n for n, sign in enumerate(row(in_zone, zones=ZONES)) if sign == "u"] == [12, 15, 25, 35]


def test_reasons_say_what_was_seen() -> None:
    reasons = [update.reason for update in run("1" * 15 + "....", zones=ZONES)]
    assert reasons[0] == "changed 3.4 % of zone one for 0.2 s (threshold 1.0 %)"
    assert reasons[1] == "changed 3.4 % of zone one for 1.2 s (threshold 1.0 %)"
    assert reasons[-1] == "nothing changed for 0.3 s"
    assert run("###....")[0].reason == "changed 3.4 % of the picture for 0.2 s (threshold 1.0 %)"
    assert run("###----")[-1].reason == "less than half of the threshold changed for 0.3 s"
    assert run("###L")[-1].reason == "the camera was lost"


def test_the_wall_clock_does_not_count() -> None:
    dots = "..####....bb###aaaaaa..t##tt###L..###"

    def stepping(n: int, at: float) -> datetime:
        year = timedelta(days=365) * ((n // 3) % 3 - 1)
        return START + timedelta(seconds=at) + year

    assert row(dots, utc=stepping) == row(dots)
    steady, stepped = run(dots), run(dots, utc=stepping)
    assert [(u.captured, u.event.started, u.event.ended, u.reason) for u in steady] == [
        (u.captured, u.event.started, u.event.ended, u.reason) for u in stepped
    ]


def test_variable_frame_rate() -> None:
    times = [0.0, 0.5, 0.51, 0.52, 0.9, 3.0, 3.01, 3.4]
    assert row("..###...", times=times) == "....S..E"
    assert run("..###...", times=times)[-1].event.ended == 0.9


def test_time_that_steps_back_stands_still() -> None:
    times = [100.0, 100.1, 100.2, 5.0, 5.1, 5.2, 5.3, 5.4]
    assert row("###.....", times=times) == "..S...E."
    ended = run("###.....", times=times)[-1]
    assert ended.event.ended == pytest.approx(100.2)
    for bad in (float("nan"), float("inf"), float("-inf")):
        assert row("###....", times=[0.0, 0.1, 0.2, bad, 0.3, 0.4, 0.7], utc=lambda n, at: START)[-1] == "E"


def test_steady_time_leaves_good_times_alone() -> None:
    time = SteadyTime()
    good = [n / 29.97 for n in range(100)]
    assert [time.at(at) for at in good] == good
    assert SteadyTime().at(float("nan")) == 0.0


def test_the_best_frame_is_the_one_to_keep() -> None:
    watching = tracker()
    areas = [0, 100, 300, 200, 900, 400, 0]
    best = []
    for (seen, _), area in zip(stream("." * 7), areas, strict=True):
        found = Detection("changed", (region(area),), 0.9, 0.05) if area else Detection("clear")
        watching.step(seen, found)
        best.append(watching.is_best)
    assert best == [False, True, True, False, True, False, False]
    assert watching.best == pytest.approx(900 * 0.93)


def test_what_is_open_and_rising_can_be_asked() -> None:
    watching = tracker()
    states = []
    for seen in stream(".###....#"):
        watching.step(*seen)
        states.append("open" if watching.open else "rising" if watching.rising else "-")
    assert states == ["-", "rising", "rising", "open", "open", "open", "open", "-", "rising"]


def test_other_settings_hold_from_the_next_observation_on() -> None:
    watching = tracker()
    seen = stream("###+++++++")
    assert [u.phase for one in seen[:5] for u in watching.step(*one)] == ["started"]
    watching.adjust(EventsOptions(threshold=0.1, fall=0.2), {})
    assert [u.phase for one in seen[5:8] for u in watching.step(*one)] == ["ended"]


def test_zones_may_go_while_an_event_is_open() -> None:
    watching = tracker(zones=ZONES)
    seen = stream("111111....")
    updates = [u for one in seen[:4] for u in watching.step(*one)]
    watching.adjust(OPTIONS, zones_of({"two": 0.02}))
    updates += [u for one in seen[4:] for u in watching.step(*one)]
    assert [u.zones for u in updates] == [("one",), (), ()]
    assert updates[-1].event.end_reason == "fell"


def test_ids_are_asked_for_once_an_event() -> None:
    updates = run("###....###....###.S")
    assert len({u.event.id for u in updates}) == 3
    assert updates[0].event.id == f"{START:%Y%m%dT%H%M%S}000Z-porch-0001"


def test_dots_mean_what_they_say() -> None:
    assert detection("#").changed_fraction > OPTIONS.threshold > detection("+").changed_fraction
    assert detection("+").changed_fraction > OPTIONS.threshold / 2 > detection("-").changed_fraction
    assert [seen.at for seen, _ in stream("....")] == pytest.approx([n * STEP for n in range(4)])
