"""How a camera is, by its pictures: from single pictures to states, and what becomes of events meanwhile."""

import math
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest

from tests.vision.pictures import flat, in_light, painted, textured, with_noise
from tests.vision.shaking import pushed
from watcher.events.ids import replay_ids
from watcher.events.options import EventsOptions
from watcher.events.tracker import Tracker
from watcher.loop import watch
from watcher.vision.condition import FALL, FROZEN_AFTER, LEARNS_AFTER, RISE
from watcher.vision.detector import Detector
from watcher.vision.frame import ArrayPixels, Frame, PlanarPixels, Tick
from watcher.vision.geometry import Box
from watcher.vision.options import DetectorOptions, WatchedOptions
from watcher.vision.reference.options import BackgroundOptions, FixedOptions

SCENE = textured(low=40, high=200)
OTHER = textured(seed=9, low=40, high=200)
THING = Box(120, 60, 180, 130)
START = datetime(2026, 1, 1, tzinfo=UTC)


class Seen:
    """A camera's life in pictures: `show` for so many seconds; what came of it in `detections` and `updates`."""

    def __init__(self, reference=None, options=None, events=None, fps=10.0):
        self._detector = Detector(
            options or DetectorOptions(), WatchedOptions(), reference or BackgroundOptions(), absorb_after=600.0
        )
        events = events or EventsOptions(threshold=0.003, rise=0.3, fall=1.0, settle=2.0)
        self._tracker = Tracker("porch", events, {}, replay_ids("porch"))
        self.at, self._dt, self._count = 0.0, 1 / fps, 0
        self.detections, self.updates = [], []

    @property
    def detector(self):
        return self._detector

    @property
    def last(self):
        return self.detections[-1]

    @property
    def troubles(self):
        return set(self.last.troubles)

    @property
    def started(self):
        return [update for update in self.updates if update.phase == "started"]

    @property
    def ended(self):
        return [update for update in self.updates if update.phase == "ended"]

    def show(self, picture, seconds, noise=2.0):
        """`picture`: an array, or a function of the picture's number that gives one or a `Tick`'s trouble."""
        count = round(seconds / self._dt)
        for _, detection, updates in watch(self._frames(picture, count, noise), self._detector, self._tracker):
            self.detections.append(detection)
            self.updates.extend(updates)
        return self

    def _frames(self, picture, count, noise):
        for n in range(count):
            shown = picture(n) if callable(picture) else picture
            utc = START + timedelta(seconds=self.at)
            if isinstance(shown, str):
                yield Tick(self.at, utc, trouble=shown)
            else:
                array = isinstance(shown, np.ndarray)
                pixels = ArrayPixels(with_noise(shown, noise, self._count)) if array else shown
                yield Frame(self.at, utc, pixels, self._count)
            self.at += self._dt
            self._count += 1


def watching(**options):
    seen = Seen(**options).show(SCENE, 5)
    assert seen.last.outcome == "clear"
    assert seen.troubles == set()
    return seen


def assert_an_event_still_comes(seen):
    before = len(seen.started)
    seen.show(lambda n: painted(SCENE, Box(40 + 4 * n, 60, 100 + 4 * n, 130), OTHER), 2).show(SCENE, 2)
    assert len(seen.started) == before + 1


COVERED = np.clip(70 + np.tile(np.linspace(-12, 12, 320), (180, 1)), 0, 255).astype(np.uint8)
BLURRED = cv2.GaussianBlur(SCENE, (0, 0), 6)
TURNED = OTHER
STATES = {"obscured": COVERED, "moved": TURNED, "dark": flat(6), "bright": flat(255), "blurred": BLURRED}


@pytest.mark.parametrize("state", STATES)
def test_a_state_is_said_after_a_while_is_no_event_and_ends(state):
    seen = watching().show(STATES[state], RISE[state] - 0.5)
    assert seen.troubles == set()
    assert seen.last.outcome == "blind" or state == "blurred"
    seen.show(STATES[state], 3.0)
    assert seen.troubles == {state}
    assert seen.last.troubles[state]
    seen.show(SCENE, FALL[state] - 0.5)
    assert state in seen.troubles
    seen.show(SCENE, 3.0)
    assert seen.troubles == set()
    assert seen.last.outcome == "clear"
    assert seen.started == []
    assert_an_event_still_comes(seen)


@pytest.mark.parametrize("state", STATES)
def test_states_do_not_flap(state):
    short = 3.0 if state == "blurred" else 0.5  # sharpness is looked at now and then
    seen = watching()
    for _ in range(3):
        seen.show(STATES[state], RISE[state] * 0.5).show(SCENE, short)
    assert all(not detection.troubles for detection in seen.detections)
    seen.show(STATES[state], RISE[state] + 3)
    for _ in range(3):
        seen.show(SCENE, FALL[state] * 0.5).show(STATES[state], short)
        assert seen.troubles == {state}
    assert seen.started == []


def test_it_teaches_nothing():
    seen = watching()
    before = seen.detector.expected().astype(int)
    for picture in STATES.values():
        seen.show(picture, 8).show(SCENE, 2)
    assert np.abs(seen.detector.expected().astype(int) - before).mean() < 0.5


def test_an_hour_of_black_is_dark_and_no_event():
    seen = Seen(fps=0.5, events=EventsOptions(threshold=0.003)).show(SCENE, 20).show(flat(0), 3600, noise=0)
    assert seen.troubles == {"dark"}
    assert seen.last.outcome == "blind"
    seen.show(SCENE, 20)
    assert (seen.troubles, seen.last.outcome, seen.updates) == (set(), "clear", [])


def test_a_camera_that_begins_in_the_dark_learns_when_there_is_light():
    seen = Seen().show(flat(4), 20)
    assert seen.troubles == {"dark"}
    assert seen.last.outcome == "clear"
    seen.show(SCENE, 4)
    assert seen.last.outcome == "clear"
    seen.show(SCENE, 2)
    assert (seen.troubles, seen.started) == (set(), [])
    assert_an_event_still_comes(seen)


def test_a_torch_in_a_dark_room_is_an_event():
    seen = Seen().show(flat(4), 10)
    seen.show(lambda n: painted(flat(4), Box(20 + 8 * n, 60, 80 + 8 * n, 120), 200), 2)
    assert len(seen.started) == 1


# -- frozen -------------------------------------------------------------------------------------------------


def test_a_frozen_picture_is_said_and_the_event_in_it_ends():
    seen = watching().show(SCENE, 15)
    still = with_noise(painted(SCENE, THING, OTHER), 2, 1)
    seen.show(lambda n: painted(SCENE, Box(40 + 8 * n, 60, 100 + 8 * n, 130), OTHER), 1)
    seen.show(still, FROZEN_AFTER - 1, noise=0)
    assert "frozen" not in seen.troubles
    seen.show(still, 2.5, noise=0)
    assert "frozen" in seen.troubles
    assert seen.last.outcome == "blind"
    seen.show(SCENE, 0.3)
    assert seen.troubles == set()


def test_a_camera_with_noise_is_never_frozen_and_neither_is_a_drawn_scene():
    assert watching().show(SCENE, 30).troubles == set()
    drawn = Seen().show(SCENE, 30, noise=0)
    drawn.show(lambda n: painted(SCENE, Box(40 + 2 * n, 60, 100 + 2 * n, 130), OTHER), 8, noise=0)
    assert drawn.show(SCENE, 40, noise=0).troubles == set()


def test_an_encoder_that_leaves_noise_out_between_keyframes_is_not_frozen():
    seen = Seen(fps=5.0)
    for n in range(12):
        seen.show(with_noise(SCENE, 2, n), 8, noise=0)
    assert all("frozen" not in detection.troubles for detection in seen.detections)


def test_black_and_white_are_not_called_frozen():
    seen = watching().show(SCENE, 15)
    for level, state in ((0, "dark"), (255, "bright")):
        assert seen.show(flat(level), 30, noise=0).troubles == {state}


# -- broken pictures ----------------------------------------------------------------------------------------


def smeared(picture):
    copy = picture.copy()
    copy[110:] = copy[110]
    return copy


@pytest.mark.parametrize("broken", [
    painted(SCENE, Box(0, 90, 320, 180), 128), smeared(with_noise(SCENE, 2, 3)), flat(128),
], ids=["grey rest", "smeared rest", "grey"])  # fmt: skip
def test_a_broken_picture_is_left_out_and_several_are_a_state(broken):
    seen = watching()
    seen.show(broken, 0.1, noise=0)
    assert seen.last.outcome == "blind"
    assert seen.last.reason
    seen.show(SCENE, 5)
    seen.show(lambda n: broken if n % 4 == 0 else SCENE, 3, noise=0)
    assert seen.troubles == {"corrupt"}
    assert seen.show(SCENE, FALL["corrupt"] + 0.5).troubles == set()
    assert seen.started == []
    assert_an_event_still_comes(seen)


def test_pictures_that_cannot_be_decoded_are_a_state_too():
    seen = watching().show(lambda n: "a picture arrived damaged", 0.5)
    assert seen.troubles == {"corrupt"}
    assert seen.last.troubles["corrupt"] == "a picture arrived damaged"
    assert seen.show(SCENE, FALL["corrupt"] + 1).troubles == set()


def test_an_event_goes_on_behind_a_few_broken_pictures():
    seen = watching()
    moving = lambda n: painted(SCENE, Box(40 + 2 * n, 60, 100 + 2 * n, 130), OTHER)  # noqa: E731
    broken = painted(SCENE, Box(0, 90, 320, 180), 128)
    seen.show(lambda n: broken if n in (15, 16, 17, 30) else moving(n), 5).show(SCENE, 2)
    assert len(seen.started) == len(seen.ended) == 1


def test_green_blocks_are_no_event():
    grey = np.full((180, 320), 128, np.uint8)
    block = Box(100, 60, 200, 110)
    luma, chroma = painted(SCENE, block, 0), painted(grey, block, 0)
    seen = watching()
    seen.show(lambda n: PlanarPixels(luma, chroma, chroma, full_range=True, bt709=False), 1)
    assert seen.troubles == {"corrupt"}
    assert "green" in seen.last.reason
    assert seen.started == []


# -- moved --------------------------------------------------------------------------------------------------


def test_a_camera_that_stays_turned_gets_to_know_what_it_sees_now():
    seen = watching().show(TURNED, LEARNS_AFTER - 1)
    assert seen.troubles == {"moved"}
    seen.show(TURNED, 5)
    assert (seen.troubles, seen.last.outcome, seen.started) == (set(), "clear", [])
    seen.show(lambda n: painted(TURNED, Box(40 + 4 * n, 60, 100 + 4 * n, 130), SCENE), 2)
    assert len(seen.started) == 1


def test_a_fixed_reference_is_kept_and_the_camera_stays_moved_until_it_is_back():
    seen = Seen(reference=FixedOptions()).show(SCENE, 3).show(TURNED, 20)
    assert seen.troubles == {"moved"}
    seen.show(SCENE, 3)
    assert (seen.troubles, seen.last.outcome, seen.started) == (set(), "clear", [])


def test_while_it_is_being_turned_there_is_no_storm_of_events():
    wide = textured((1600, 180), low=40, high=200)
    seen = Seen().show(wide[:, :320], 5)
    seen.show(lambda n: wide[:, 40 * n : 40 * n + 320], 3.2).show(wide[:, 1280:], 15)
    assert seen.started == []
    assert seen.last.outcome == "clear"


def test_what_moves_right_before_the_lens_is_an_event():
    seen = watching()
    near = lambda n: np.roll(OTHER, (17 * n, 31 * n), (0, 1))  # noqa: E731
    seen.show(lambda n: painted(SCENE, Box(0, 0, min(320, 30 * n), 180), near(n)), 12)
    assert len(seen.started) == 1
    assert seen.troubles == set()
    seen.show(SCENE, 3)
    assert len(seen.ended) == 1


def test_a_lorry_over_two_thirds_of_the_picture_is_an_event():
    seen = watching().show(lambda n: painted(SCENE, Box(0, 0, min(215, 20 * n), 180), OTHER), 3)
    assert len(seen.started) == 1
    assert seen.troubles == set()


@pytest.mark.parametrize("light", [(0.35, 0), (1.5, -40), (0.4, 120)])
def test_light_is_none_of_these(light):
    seen = watching().show(in_light(SCENE, *light), 20)
    assert seen.troubles == set()


def test_a_shaking_camera_is_not_moved():
    seen = watching().show(lambda n: pushed(SCENE, 4 * math.sin(n), 3 * math.cos(1.3 * n)), 20)
    assert (seen.troubles, seen.started) == (set(), [])


# -- times, sizes, references -------------------------------------------------------------------------------


def test_time_going_backwards_does_no_harm():
    seen = watching()
    seen.at = -5000.0
    seen.show(SCENE, 3)
    assert (seen.last.outcome, seen.troubles, seen.updates) == ("clear", set(), [])
    seen.show(COVERED, RISE["obscured"] + 0.5)
    assert seen.troubles == {"obscured"}
    seen.at = -90000.0
    seen.show(SCENE, FALL["obscured"] + 1)
    assert (seen.last.outcome, seen.troubles) == ("clear", set())
    assert_an_event_still_comes(seen)


@pytest.mark.parametrize(
    "turned", [np.ascontiguousarray(SCENE.T), textured((640, 480), seed=4)], ids=["on end", "size"]
)
def test_a_picture_of_another_size_or_on_end_in_mid_stream_is_learnt_anew(turned):
    seen = watching().show(turned, 0.2)
    assert seen.last.outcome == "blind"
    assert "it was 320x180 before" in seen.last.reason
    seen.show(turned, 5)
    assert (seen.last.outcome, seen.started) == ("clear", [])
    height, width = turned.shape
    thing = Box(width // 4, height // 4, width // 2, height // 2)
    seen.show(lambda n: painted(turned, Box(thing.x0 + 2 * n, thing.y0, thing.x1 + 2 * n, thing.y1), 255), 2)
    assert len(seen.started) == 1


def test_pictures_of_two_sizes_in_turn_do_not_throw_away_what_was_learnt():
    other = textured((640, 480), seed=4)
    seen = watching().show(lambda n: other if n % 2 else SCENE, 6)
    seen.show(SCENE, 1)
    assert (seen.last.outcome, seen.started) == ("clear", [])


def test_a_given_reference_holds_for_another_size_of_the_same_aspect():
    seen = Seen(reference=FixedOptions(image="door.png"))
    seen.detector.use_reference(cv2.resize(SCENE, (640, 360)))
    seen.show(SCENE, 2)
    double = cv2.resize(SCENE, (640, 360), interpolation=cv2.INTER_CUBIC)
    assert seen.show(double, 2).last.outcome == "clear"


@pytest.mark.parametrize("reference", [BackgroundOptions(), FixedOptions()], ids=["background", "fixed"])
def test_a_reference_taken_while_somebody_stood_there_recovers_and_says_so(reference):
    with_somebody = painted(SCENE, THING, OTHER)
    seen = Seen(reference=reference).show(with_somebody, 4)
    leaving = lambda n: painted(SCENE, Box(120 + 12 * n, 60, 180 + 12 * n, 130), OTHER)  # noqa: E731
    seen.show(lambda n: leaving(n) if n < 20 else SCENE, 8)
    assert len(seen.started) == 1
    (ended,) = seen.ended
    assert (ended.event.end_reason, ended.event.cause) == ("settled", "removed")
    assert "removed" in ended.reason
    assert seen.last.outcome == "clear"
    assert_an_event_still_comes(seen)


def test_it_can_be_switched_off():
    seen = Seen(options=DetectorOptions(health=False)).show(SCENE, 5).show(flat(0), 5)
    assert seen.troubles == set()
    assert len(seen.started) == 1
