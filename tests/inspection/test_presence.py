"""Whether a part lies there and whether it moves, on drawn scenes."""

import cv2
import numpy as np
import pytest

from watcher.inspection.presence import Presence, view_size

SIZE = (160, 90)
RANDOM = np.random.default_rng(5)
BELT = cv2.GaussianBlur(RANDOM.integers(70, 110, (90, 160), dtype=np.uint8), (0, 0), 2)
ARTWORK = cv2.resize(
    RANDOM.integers(0, 2, (8, 12), dtype=np.uint8) * 140 + 60, (84, 56), interpolation=cv2.INTER_NEAREST
)
OTHER = cv2.resize(
    RANDOM.integers(0, 2, (6, 9), dtype=np.uint8) * 120 + 80, (84, 56), interpolation=cv2.INTER_NEAREST
)


def scene(part=ARTWORK, x=38, y=17, gain=1.0, offset=0.0, noise=2.0, seed=0):
    picture = BELT.astype(np.float32)
    if part is not None:
        x0, x1 = max(0, x), min(160, x + 84)
        if x1 > x0:
            picture[y : y + 56, x0:x1] = part[:, x0 - x : x1 - x]
    picture = picture * gain + offset + np.random.default_rng(seed).normal(0, noise, picture.shape)
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def walk(presence, pictures, first=0):
    """A character a picture: ``.`` nothing, ``,`` only movement, ``~`` a part that moves, ``#`` a still one."""
    row = ""
    for number, picture in enumerate(pictures):
        place = presence.look(picture, (first + number) / 10)
        row += "#" if place.still and place.present else "~" if place.present else "." if place.still else ","
    return row


def ride(seed=0):
    """An empty belt, a part that comes in from the left, lies, and goes out to the right."""
    shown = [scene(None, seed=n) for n in range(5)]
    shown += [scene(x=x, seed=x + 200) for x in range(-72, 38, 10)]
    shown += [scene(seed=n + 500) for n in range(6)]
    shown += [scene(x=x, seed=x) for x in range(48, 160, 10)]
    return [*shown, *(scene(None, seed=n + 900) for n in range(5))]


def test_a_part_rides_through():
    row = walk(Presence(scene(), scene(None, seed=77)), ride())
    assert row[1:5] == "...."
    assert row[16:22].strip("~") == "#####"
    assert row[-4:] == "...."
    assert "#" not in row[5:16] + row[22:33]


def test_one_pixel_a_frame_is_movement():
    shown = [scene(x=38 + n, seed=n) for n in range(12)]
    assert "#" not in walk(Presence(scene(), scene(None)), shown)[1:]


def test_creeping_is_movement_too():
    big = cv2.resize(scene(noise=0), (1280, 720), interpolation=cv2.INTER_CUBIC)
    shown = [
        cv2.resize(np.roll(big, n, axis=1), SIZE, interpolation=cv2.INTER_AREA) for n in range(24)
    ]  # fmt: skip - an eighth of a pixel a frame
    assert walk(Presence(scene(), scene(None)), shown).count("~") >= 4


@pytest.mark.parametrize("noise", [0.0, 2.0, 8.0])
def test_noise_and_flicker_are_no_movement(noise):
    shown = [scene(gain=1 + 0.04 * (n % 2), offset=3 * (n % 3), noise=noise, seed=n) for n in range(12)]
    assert walk(Presence(scene(), scene(None)), shown)[1:] == "#" * 11


def test_another_part_and_one_that_lies_askew_are_parts():
    askew = cv2.warpAffine(scene(), cv2.getRotationMatrix2D((80, 45), 20, 1), SIZE, borderMode=cv2.BORDER_REFLECT)
    presence = Presence(scene(), scene(None, seed=3))
    assert walk(presence, [scene(OTHER, seed=1), scene(OTHER, seed=2), askew, askew]) == "~#~#"


def test_a_small_thing_is_none():
    dirt = scene(None)
    dirt[40:44, 70:76] = 200
    assert walk(Presence(scene(), scene(None, seed=3)), [dirt, dirt, dirt]) == ",.."


def test_a_small_part_is_seen_and_one_that_cannot_be_is_said():
    small = scene(None)
    small[40:50, 70:82] = 190
    presence = Presence(small, scene(None, seed=3))
    assert presence.trouble == ""
    assert walk(presence, [small, small, scene(None), scene(None)]) == "~#,."
    assert "looks like the golden part" in Presence(scene(), scene(seed=5)).trouble
    assert Presence(scene()).trouble == ""


def test_the_light_of_a_day_changes_what_empty_looks_like():
    presence = Presence(scene(), scene(None))
    days = [scene(None, gain=1 + n / 1000, offset=n / 10, seed=n) for n in range(400)]
    assert walk(presence, days)[1:] == "." * 399
    assert walk(presence, [scene(gain=1.4, offset=40, seed=n) for n in range(3)], 400)[-1] == "#"


def test_the_empty_place_is_learnt_where_nobody_has_shown_it():
    presence = Presence(scene())
    assert not presence.knows_empty
    assert walk(presence, [scene(seed=n) for n in range(15)])[1:] == "#" * 14
    assert not presence.knows_empty, "the golden part is not taken for it"
    walk(presence, [scene(None, seed=n) for n in range(15)], 20)
    assert presence.knows_empty
    assert walk(presence, [scene(OTHER, seed=n) for n in range(4)], 40)[1:] == "###"
    assert walk(presence, [scene(None, seed=n) for n in range(4)], 50)[1:] == "..."


def test_what_was_learnt_wrongly_is_put_right():
    presence = Presence(scene())
    walk(presence, [scene(OTHER, seed=n) for n in range(15)])
    assert presence.knows_empty, "another part lay there from the beginning"
    assert walk(presence, [scene(None, seed=n) for n in range(4)], 20)[-1] == "#", "so the empty place is a part"
    presence.not_a_part()
    assert walk(presence, [scene(None, seed=n) for n in range(4)], 30)[-1] == "."
    assert walk(presence, [scene(OTHER, seed=n) for n in range(4)], 40)[-1] == "#"


def test_what_is_not_watched_does_not_move():
    watched = np.ones((90, 160), bool)
    watched[:, 130:] = False
    shown = []
    for n in range(8):
        picture = scene(seed=n)
        picture[20:60, 135:155] = 255 * (n % 2)
        shown.append(picture)
    assert walk(Presence(scene(), scene(None), watched), shown)[1:] == "#######"
    assert "#" not in walk(Presence(scene(), scene(None)), shown)


@pytest.mark.parametrize(
    ("full", "view"), [((1280, 720), (160, 90)), ((720, 1280), (90, 160)), ((100, 50), (100, 50))]
)
def test_the_size_of_the_view(full, view):
    assert view_size(full) == view
