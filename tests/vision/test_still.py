"""What has come to rest, and whether it appeared or was taken away."""

import numpy as np
import pytest

from tests.vision.pictures import flat, in_light, painted, textured, with_noise
from watcher.vision.geometry import Box
from watcher.vision.regions import patches
from watcher.vision.still import Stillness, relit, stayed

SCENE = textured()
WHOLE = (slice(0, 180), slice(0, 320))
THING = textured(seed=5, low=0, high=255)


def mask(*boxes):
    changed = flat(0)
    for box in boxes:
        changed = painted(changed, box, 255)
    return changed


def patch_of(box):
    changed = mask(box)
    return patches(changed, changed, 1, WHOLE)[0]


def at_rest(frames, boxes, sigma=2.0, dt=0.1):
    """When the change in the last box moved last, counted back from the last frame."""
    still = Stillness(SCENE.shape)
    still.set_noise(np.full(SCENE.shape, sigma**2, np.float32))
    at = 0.0
    for n, (frame, box) in enumerate(zip(frames, boxes, strict=True)):
        at = n * dt
        if box is None:
            still.quiet(frame, at)
        else:
            still.changed(frame, mask(box), at, WHOLE)
    return at - still.since(patch_of(boxes[-1]))


BOX = Box(100, 60, 160, 120)


def test_what_lies_there_is_still_from_when_it_came():
    frames = [SCENE] * 5 + [painted(SCENE, BOX, 220)] * 21
    assert at_rest(frames, [None] * 5 + [BOX] * 21) == pytest.approx(2.0)


@pytest.mark.parametrize("sigma", [0, 3, 6, 12])
def test_noise_is_no_motion(sigma):
    frames = [with_noise(f, sigma, n) for n, f in enumerate([SCENE] * 5 + [painted(SCENE, BOX, 220)] * 21)]
    assert at_rest(frames, [None] * 5 + [BOX] * 21, sigma=max(sigma, 0.7)) == pytest.approx(2.0)


def test_what_walks_is_not_still():
    boxes = [Box(20 + 8 * n, 60, 80 + 8 * n, 120) for n in range(20)]
    frames = [painted(SCENE, box, THING) for box in boxes]
    assert at_rest(frames, boxes) < 0.15


def test_what_turns_in_its_place_is_not_still():
    frames = [painted(SCENE, BOX, np.roll(THING, 3 * n, 1)) for n in range(20)]
    assert at_rest(frames, [BOX] * 20) == 0


def test_a_twinkle_of_a_few_pixels_is_still():
    frames = [painted(SCENE, BOX, 220)] * 10
    frames += [painted(frames[0], Box(110, 70, 116, 76), 60 * (n % 2)) for n in range(11)]
    assert at_rest(frames, [BOX] * 21) == pytest.approx(2.0)


def test_a_hand_in_a_quarter_of_it_is_not():
    frames = [painted(SCENE, BOX, 220)] * 10
    frames += [painted(frames[0], Box(100, 60, 130, 90), 60 * (n % 2)) for n in range(11)]
    assert at_rest(frames, [BOX] * 21) == 0


def test_exposure_that_swings_is_no_motion():
    scene = painted(SCENE, BOX, 180)
    frames = [SCENE, *[in_light(scene, 1, 6 * (n % 2)) for n in range(21)]]
    assert at_rest(frames, [None] + [BOX] * 21) == pytest.approx(2.0)


def test_who_stands_and_sways_is_not_still():
    frames = [painted(SCENE, Box(100 + (n // 20), 60, 160 + (n // 20), 120), 220) for n in range(81)]
    frames = [with_noise(frame, 2, n) for n, frame in enumerate(frames)]
    assert at_rest(frames, [BOX] * 81) < 2.0  # a pixel in two seconds, and nothing from frame to frame


def test_an_exposure_that_swings_slowly_into_white_is_no_sway():
    scene = painted(painted(SCENE, BOX, 90), Box(200, 20, 300, 100), 230)
    frames = [in_light(scene, 1 + 0.012 * n, 0) for n in range(26)]
    assert at_rest(frames, [BOX] * 26) == pytest.approx(2.5)


@pytest.mark.parametrize("gain", [0.6, 1.7])
def test_a_picture_is_relit_as_the_frame_is(gain):
    frame = in_light(SCENE, gain, 0)
    thing = painted(frame, BOX, 20)
    apart = np.abs(relit(SCENE, thing).astype(int) - frame)[frame < 255]
    assert np.percentile(apart, 98) <= 6
    assert np.array_equal(relit(SCENE[:4, :4], SCENE[:4, :4]), SCENE[:4, :4])  # too little to tell


def test_what_fades_in_starts_its_time_anew():
    frames = [painted(SCENE, BOX, 220)] * 21
    grown = Box(100, 60, 220, 120)
    assert at_rest(frames, [BOX] * 15 + [grown] * 6) == pytest.approx(0.5)


def test_it_is_moving_in_its_first_frame_even_when_nothing_was_seen_before():
    assert at_rest([painted(SCENE, BOX, 220)], [BOX]) == 0


def test_a_clock_set_back_is_no_motion_to_come():
    still = Stillness(SCENE.shape)
    frame = painted(SCENE, BOX, 220)
    still.changed(frame, mask(BOX), 1000.0, WHOLE)
    for n in range(11):
        still.changed(frame, mask(BOX), 5.0 + n * 0.1, WHOLE)
    assert still.since(patch_of(BOX)) == pytest.approx(5.0)


@pytest.mark.parametrize("value", [20, 250, THING], ids=["dark", "bright", "textured"])
@pytest.mark.parametrize("background", [flat(128), textured(fine=4)], ids=["flat", "textured"])
def test_what_appeared_and_what_was_removed(value, background):
    with_it, without = with_noise(painted(background, BOX, value), 2, 1), with_noise(background, 2, 2)
    patch = patch_of(BOX.grown(1))
    assert stayed(patch, with_it, without.astype(np.float32)) == "appeared"
    assert stayed(patch, without, with_it.astype(np.float32)) == "removed"


@pytest.mark.parametrize("box", [Box(0, 0, 50, 50), Box(270, 130, 320, 180), Box(0, 0, 320, 180), Box(0, 0, 1, 1)])
def test_at_the_edge_of_the_picture(box):
    frame = painted(flat(128), box, 220)
    assert stayed(patch_of(box), frame, flat(128).astype(np.float32)) == "appeared"
