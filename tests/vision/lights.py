"""What is asked of whatever finds the light on the whole picture, in spite of what covers part of it."""

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
import pytest

from tests.vision.pictures import flat, in_light, painted, textured, with_noise
from watcher.vision.geometry import Box

SCENE = textured(low=40, high=200, fine=5)  # enough contrast that the light is really in the picture
LIGHTS = [(0.7, 0), (0.85, 10), (1.0, 0), (1.0, 25), (1.0, -25), (1.15, -10), (1.25, 0), (0.5, 30)]
OBJECT = Box(60, 20, 220, 164)  # 40 % of the picture
LEVELS = np.array([50, 128, 190])


class FindsLight:
    """The questions; each finder says how they are put and how well they are to be answered (levels, gains)."""

    everything: ClassVar[np.ndarray]
    """Weights of the grid, all one."""
    watched_levels: ClassVar[np.ndarray] = LEVELS
    near: ClassVar[float]
    near_level: ClassVar[float]
    near_gain: ClassVar[float]
    near_beside_object: ClassVar[float]
    near_where_watched: ClassVar[float]
    near_flat: ClassVar[float]
    near_gain_of_noise: ClassVar[float]
    near_level_of_noise: ClassVar[float]
    clips: ClassVar[bool]
    """Whether what is black or white is left out."""

    @staticmethod
    @abstractmethod
    def found(frame: np.ndarray, reference: np.ndarray = SCENE, weight: Any = None) -> Any: ...

    @staticmethod
    @abstractmethod
    def seen(light: Any, levels: Any) -> Any:
        """What levels of the reference are in that light."""

    @staticmethod
    @abstractmethod
    def straight(gain: float, offset: float) -> Any:
        """A light of that gain and offset."""

    @staticmethod
    @abstractmethod
    def cells(picture: np.ndarray) -> np.ndarray: ...

    def off(self, light, gain, offset, levels=LEVELS):
        """How far the light is from the true one, in grey levels at the dark and bright ends of the scene."""
        return np.abs(self.seen(light, levels) - (gain * levels + offset)).max()

    @pytest.mark.parametrize(("gain", "offset"), LIGHTS)
    def test_gain_and_offset_are_found(self, gain, offset):
        light = self.found(with_noise(in_light(SCENE, gain, offset), 4, 1))
        assert self.off(light, gain, offset) < self.near
        assert abs(light.level - (gain * 128 + offset)) < self.near_level
        assert abs(light.gain - gain) < self.near_gain

    @pytest.mark.parametrize(("gain", "offset"), LIGHTS)
    @pytest.mark.parametrize(
        "value", [10, 250, textured(seed=7, low=0, high=255)], ids=["dark", "bright", "textured"]
    )
    def test_an_object_over_two_fifths_of_the_picture_does_not_pull_it_along(self, gain, offset, value):
        frame = painted(in_light(SCENE, gain, offset), OBJECT, value)
        assert OBJECT.area / SCENE.size == 0.4
        assert self.off(self.found(with_noise(frame, 4, 1)), gain, offset) < self.near_beside_object

    def test_a_plain_fit_would_be_pulled_along(self):
        """The test of the object can fail: least squares misses by far more."""
        frame = painted(SCENE, OBJECT, 250)
        gain, offset = np.polyfit(self.cells(SCENE).ravel(), self.cells(frame).ravel(), 1)
        assert self.off(self.straight(gain, offset), 1, 0) > 30

    @pytest.mark.parametrize(
        ("now", "before"), [(120, 100), (60, 100), (100, 100), (0, 0), (255, 255), (255, 0), (0, 255)]
    )
    def test_flat_pictures_differ_by_an_offset_and_never_by_a_wild_gain(self, now, before):
        light = self.found(flat(now), flat(before))
        assert light.gain == pytest.approx(1.0)
        if 0 < now < 255 or not self.clips:
            assert self.seen(light, before) == pytest.approx(now, abs=self.near_flat)

    def test_noise_on_a_flat_picture_is_no_light(self):
        light = self.found(with_noise(flat(100), 6, 1), with_noise(flat(100), 6, 2))
        assert abs(light.gain - 1) < self.near_gain_of_noise
        assert abs(self.seen(light, 100) - 100) < self.near_level_of_noise

    def test_what_is_not_watched_has_no_say(self):
        """Three quarters are not watched and differ wildly; in the rest an object covers two fifths."""
        weight = self.everything.copy()
        weight[:, weight.shape[1] // 4 :] = 0
        frame = painted(in_light(SCENE, 0.8, 20), Box(80, 0, 320, 180), textured(seed=9, low=0, high=255))
        frame = painted(frame, Box(0, 0, 80, 72), 250)
        light = self.found(frame, weight=weight)
        assert self.off(light, 0.8, 20, self.watched_levels) < self.near_where_watched

    @pytest.mark.parametrize("size", [(320, 180), (32, 24), (7, 5), (1, 1), (2, 300), (1000, 3)])
    def test_the_grid_is_the_same_for_every_size(self, size):
        grid = self.cells(flat(90, size))
        assert grid.shape == self.everything.shape
        assert grid.dtype == np.float32
        assert (grid == 90).all()
