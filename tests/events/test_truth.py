"""Scoring against what a person saw."""

import json
from typing import Any

import pytest

from tests.events.dots import run
from tests.support.data import shared
from watcher.events.truth import Prediction, Score, predictions, read_truth, score


def truth(*events: tuple[float, float] | dict[str, Any], **more: Any) -> dict[str, Any]:
    """A truth file at 10 fps; an event is (start, end) or all of its entry."""
    entries = [
        event if isinstance(event, dict) else {"start_s": event[0], "end_s": event[1], "kind": f"at {event[0]:g}"}
        for event in events
    ]
    return {"fps": 10.0, "frames": 1000, "duration_s": 100.0, "events": entries, **more}


def scored(document: dict[str, Any], *starts: float, frames: tuple[float, ...] = ()) -> Score:
    found = [Prediction(str(n), start, start + 0.3, start + 1) for n, start in enumerate(starts)]
    return score(read_truth(document), found, 100.0, frames)


def counts(result: Score) -> tuple[int, int, int, int, int]:
    """Hits, misses, excused, false, ignored."""
    return (
        len(result.hits), len(result.misses), len(result.excused), len(result.false), len(result.ignored),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("start", "hit"),
    [(9.6, True), (9.5, False), (9.79, True), (10.0, True), (11.0, True), (11.1, False), (15.0, False)],
)
def test_a_hit_starts_from_the_shadow_less_tolerance_to_a_second_late(start: float, hit: bool) -> None:
    document = truth({"start_s": 10.0, "end_s": 20.0, "with_shadow_s": [9.8, 21.0]})
    assert counts(scored(document, start)) == ((1, 0, 0, 0, 0) if hit else (0, 1, 0, 1, 0))


def test_tolerance_is_in_frames_of_the_event_or_the_file() -> None:
    event = {"start_s": 10.0, "end_s": 20.0}
    assert counts(scored(truth({**event, "tolerance_frames": 5}), 9.5))[0] == 1
    assert counts(scored(truth(event, tolerance_frames=5), 9.5))[0] == 1
    assert counts(scored(truth(event), 9.5))[0] == 0


def test_tolerance_follows_a_variable_frame_rate() -> None:
    event = truth({"start_s": 10.0, "end_s": 20.0})
    assert counts(scored(event, 8.0, frames=(0.0, 8.0, 9.0, 10.0, 10.1)))[0] == 1
    assert counts(scored(event, 7.9, frames=(0.0, 8.0, 9.0, 10.0, 10.1)))[0] == 0
    assert counts(scored(event, 9.9, frames=(9.9, 10.0)))[0] == 1  # no frames before the first


def test_one_prediction_for_each_event() -> None:
    assert counts(scored(truth((10, 20)), 10.0, 10.5)) == (1, 0, 0, 1, 0)
    assert counts(scored(truth((10, 20), (30, 40)), 10.0)) == (1, 1, 0, 0, 0)
    assert counts(scored(truth())) == (0, 0, 0, 0, 0)


def test_neighbours_are_excused() -> None:
    assert counts(scored(truth((10, 20), (21.9, 30)), 10.0)) == (1, 0, 1, 0, 0)
    assert counts(scored(truth((10, 20), (22.0, 30)), 10.0)) == (1, 1, 0, 0, 0)
    assert counts(scored(truth((10, 20), (15, 18)), 15.0)) == (1, 0, 1, 0, 0)
    # Excused are neighbours of a hit, not neighbours of what is excused.
    assert counts(scored(truth((10, 20), (21, 30), (31, 40)), 10.0)) == (1, 1, 1, 0, 0)
    assert counts(scored(truth((10, 20), (21, 30)), 25.0)) == (0, 2, 0, 1, 0)


def test_nobody_is_paired_with_what_another_needs() -> None:
    # The second event can only have 10.9; the first one, nearer to it, must take 9.9.
    wide = {"start_s": 10.85, "end_s": 20.0, "with_shadow_s": [9.5, 20.0]}
    narrow = {"start_s": 10.9, "end_s": 20.0}
    result = scored(truth(wide, narrow), 9.9, 10.86)
    assert counts(result) == (2, 0, 0, 0, 0)
    assert [hit.prediction.start_s for hit in result.hits] == [9.9, 10.86]


def test_a_prediction_that_would_be_false_is_paired_first() -> None:
    document = truth((10.0, 20.0), dont_care=[{"start_s": 9.95, "end_s": 10.05}])
    result = scored(document, 10.0, 10.6)
    assert counts(result) == (1, 0, 0, 0, 1)
    assert result.hits[0].delay_s == pytest.approx(0.6)


def test_dont_care_and_nuisances() -> None:
    document = truth(
        (50.0, 60.0),
        dont_care=[{"start_s": 10.0, "end_s": 12.0, "kind": "insect"}],
        nuisances=[
            {"start_s": 20.0, "end_s": 30.0, "kind": "dust"},
            {"start_s": 0.0, "end_s": 99.0, "kind": "leaves"},
        ],
        uncertain=["whether", {"start_s": 70.0, "end_s": 71.0}],
    )
    result = scored(document, 11.0, 25.0, 40.0, 50.0, 70.5, 99.5)
    assert counts(result) == (1, 0, 0, 3, 2)
    assert result.nuisances == ("dust, leaves", "leaves", "")


def test_lines_for_people() -> None:
    document = truth((10.0, 20.0), (40.0, 50.0), nuisances=[{"start_s": 60, "end_s": 70, "kind": "dust"}])
    assert scored(document, 10.1, 65.0).lines() == [
        "hits 1, misses 1, excused 0, false 1 (1 of them provoked by a nuisance), ignored 0, watched 100.0 s",
        "delay of the start: median +0.10 s, from +0.10 to +0.10 s; reported after: median 0.40 s, at most 0.40 s",
        "hit       10.100 s  +0.10 s  at 10",
        "miss      40.000 s  at 40",
        "false     65.000 s  during: dust",
    ]
    assert len(scored(truth()).lines()) == 1


def test_predictions_of_updates() -> None:
    first, second = predictions(run("...####....####.S"))
    assert (first.start_s, first.said_s, first.end_s) == (0.3, 0.5, pytest.approx(0.6))
    assert (second.start_s, second.end_s) == (1.1, pytest.approx(1.5))
    assert predictions([]) == ()


@pytest.mark.parametrize(
    "document",
    [[], {}, {"events": 3}, {"events": [{}]}, {"events": [{"start_s": "x", "end_s": 1}]}, {"events": [7]},
     {"events": [], "nuisances": {}}, {"events": [{"start_s": 1, "end_s": 2, "with_shadow_s": []}]}],
)  # fmt: skip
def test_says_what_is_wrong_with_a_truth_file(document: Any) -> None:
    with pytest.raises(ValueError, match=r"truth file|with_shadow_s"):
        read_truth(document)


def test_every_truth_file_scores_itself_in_full() -> None:
    files = sorted(shared("truth").glob("*.json"))
    assert files
    for file in files:
        document = json.loads(file.read_text())
        starts = [event["start_s"] for event in document["events"]]
        assert counts(scored(document, *starts)) == (len(starts), 0, 0, 0, 0), file.name
