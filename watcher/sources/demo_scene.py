"""The demo's scene: a front yard, drawn; what happens in it follows a script, so the truth is known.

A small delivery robot comes along the path, stands at the door for six seconds and leaves again; later a cloud
passes, which changes the light and is no event. Sensor noise lies over everything.
"""

import math
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.vision.arrays import U8
from watcher.vision.geometry import Box, Size

SIZE: Size = (640, 360)
CYCLE = 30.0
"""Seconds after which everything happens again."""

LIGHT_CHANGE = 0.2
NOISE_SIGMA = 2.5

_FINE = 2
_NOISE_MARGIN = 64
_FAR_X, _DOOR_X, _GROUND_Y = 645, 300, 322
_Color = tuple[int, int, int]


class Act(NamedTuple):
    """Something that happens, in seconds from the beginning of a cycle; `what` is comes, stays, goes or light."""

    start: float
    end: float
    what: str


TRUTH = (Act(5.0, 8.0, "comes"), Act(8.0, 14.0, "stays"), Act(14.0, 17.0, "goes"), Act(20.0, 27.0, "light"))
"""The script. The first three are one visit of one object; ``light`` is no change of the scene."""


class DemoScene:
    """Draws the scene at any time; the same seed and time give the same picture, to the bit."""

    truth = TRUTH
    cycle = CYCLE
    size = SIZE

    def __init__(self, seed: int = 7) -> None:
        self._seed = seed

    def picture(self, seconds: float) -> U8:
        """The scene at a time, uint8 BGR of shape (360, 640, 3), with light and noise."""
        picture = self.still(seconds)
        gain = light(seconds)
        if gain != 1.0:
            picture = cast(U8, cv2.convertScaleAbs(picture, alpha=gain))
        return self._noisy(picture, seconds)

    def still(self, seconds: float) -> U8:
        """The scene in even light and without noise."""
        picture = self.background.copy()
        box = object_box(seconds)
        if box is not None:
            _blend(picture, self._robot, _robot_left(box))
        return picture

    @cached_property
    def background(self) -> U8:
        """The empty yard."""
        chance = np.random.default_rng(self._seed)
        canvas = np.zeros((SIZE[1] * _FINE, SIZE[0] * _FINE, 3), np.uint8)
        for paint in (_sky, _hedge, _lawn, _fence, _path, _house, _door, _window, _flowers, _tree):
            paint(canvas, chance)
        return cast(U8, cv2.resize(canvas, SIZE, interpolation=cv2.INTER_AREA))

    @cached_property
    def _robot(self) -> NDArray[np.float32]:
        return _robot_sprite()

    @cached_property
    def _noise(self) -> tuple[U8, U8]:
        """What is added and what is taken away: two tiles, larger than the picture, to cut from anywhere."""
        chance = np.random.default_rng(self._seed + 1)
        shape = (SIZE[1] + _NOISE_MARGIN, SIZE[0] + _NOISE_MARGIN, 3)
        noise = np.round(chance.normal(0, NOISE_SIGMA, shape)).astype(np.int16)
        return np.clip(noise, 0, 255).astype(np.uint8), np.clip(-noise, 0, 255).astype(np.uint8)

    def _noisy(self, picture: U8, seconds: float) -> U8:
        chance = np.random.default_rng((self._seed, round(seconds * 1000)))
        y, x = (int(place) for place in chance.integers(0, _NOISE_MARGIN, 2))
        more, less = (tile[y : y + SIZE[1], x : x + SIZE[0]] for tile in self._noise)
        return cast(U8, cv2.subtract(cv2.add(picture, more), less))


def light(seconds: float) -> float:
    """The light's factor at a time: 1, but while the cloud passes, when it goes down by 20 % and up by as much."""
    begin, end, _ = TRUTH[3]
    part = (seconds % CYCLE - begin) / (end - begin)
    if not 0 < part < 1:
        return 1.0
    # Two waves multiplied begin and end without a jump; 0.77 is their greatest product.
    return 1 - LIGHT_CHANGE * math.sin(2 * math.pi * part) * math.sin(math.pi * part) / 0.77


def object_box(seconds: float) -> Box | None:
    """Where the robot is, its shadow and its flag included; None while it is not in the picture."""
    comes, stays, goes, _ = TRUTH
    at = seconds % CYCLE
    if not comes.start < at < goes.end:
        return None
    if at < comes.end:
        way = _eased((at - comes.start) / (comes.end - comes.start))
    elif at < stays.end:
        way = 1.0
    else:
        way = 1 - _eased((at - goes.start) / (goes.end - goes.start))
    x = round(_FAR_X + (_DOOR_X - _FAR_X) * way)
    height, width = _SPRITE
    box = Box(x, _GROUND_Y - height, x + width, _GROUND_Y).intersection(Box(0, 0, *SIZE))
    return box if box.area else None


def _robot_left(box: Box) -> tuple[int, int]:
    return box.x0, box.y0


def _eased(part: float) -> float:
    """0 to 1, starting and stopping gently."""
    return part * part * (3 - 2 * part)


def _blend(picture: U8, sprite: NDArray[np.float32], corner: tuple[int, int]) -> None:
    """Lay a sprite (BGR and opacity) over the picture, cut off at its right edge."""
    x, y = corner
    width = min(sprite.shape[1], picture.shape[1] - x)
    part, cut = picture[y : y + sprite.shape[0], x : x + width], sprite[:, :width]
    opacity = cut[..., 3:]
    part[:] = np.round(part * (1 - opacity) + cut[..., :3] * opacity).astype(np.uint8)


def _box(canvas: U8, x0: float, y0: float, x1: float, y1: float, color: _Color) -> None:
    start, end = (round(x0 * _FINE), round(y0 * _FINE)), (round(x1 * _FINE) - 1, round(y1 * _FINE) - 1)
    cv2.rectangle(canvas, start, end, color, cv2.FILLED)


def _shape(canvas: U8, points: list[tuple[float, float]], color: _Color) -> None:
    corners = np.round(np.array(points) * _FINE).astype(np.int32)
    cv2.fillPoly(canvas, [corners], color, cv2.LINE_AA)


def _disc(canvas: U8, x: float, y: float, radius: float, color: _Color) -> None:
    cv2.circle(canvas, (round(x * _FINE), round(y * _FINE)), round(radius * _FINE), color, cv2.FILLED, cv2.LINE_AA)


def _grain(canvas: U8, box: Box, chance: np.random.Generator, strength: float, coarse: int) -> None:
    """Uneven brightness over a part, in blotches of about `coarse` pixels."""
    height, width = box.height * _FINE, box.width * _FINE
    blotches = chance.normal(0, strength, (height // coarse + 2, width // coarse + 2)).astype(np.float32)
    uneven = cv2.resize(blotches, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]
    part = canvas[box.y0 * _FINE : box.y1 * _FINE, box.x0 * _FINE : box.x1 * _FINE]
    part[:] = np.clip(part + uneven, 0, 255).astype(np.uint8)


def _sky(canvas: U8, chance: np.random.Generator) -> None:
    rows = np.linspace(0, 1, 150 * _FINE)[:, None]
    top, low = np.array([196, 150, 104]), np.array([208, 192, 172])
    canvas[: 150 * _FINE] = (top + (low - top) * rows)[:, None, :].astype(np.uint8)
    _grain(canvas, Box(0, 0, 640, 150), chance, 5, 90)


def _hedge(canvas: U8, chance: np.random.Generator) -> None:
    for x in np.arange(200, 660, 9):
        _disc(canvas, float(x), 128 + chance.normal(0, 6), chance.uniform(14, 26), (44, 84, 56))
    _box(canvas, 200, 128, 640, 200, (44, 84, 56))
    for _ in range(900):
        across, down = chance.uniform(205, 640), chance.uniform(108, 198)
        _disc(
            canvas,
            across,
            down,
            chance.uniform(1, 3),
            (int(chance.uniform(34, 62)), int(chance.uniform(74, 122)), 62),
        )


def _lawn(canvas: U8, chance: np.random.Generator) -> None:
    rows = np.linspace(0, 1, 170 * _FINE)[:, None, None]
    canvas[190 * _FINE :] = (np.array([78, 142, 100]) + rows * np.array([-22, -26, -22])).astype(np.uint8)
    _grain(canvas, Box(0, 190, 640, 360), chance, 6, 40)
    for _ in range(5200):
        x, y = chance.uniform(0, 640), chance.uniform(192, 360)
        length = (y - 170) / 34
        shade = int(chance.uniform(-26, 30))
        start = (round(x * _FINE), round(y * _FINE))
        end = (round((x + chance.normal(0, 1)) * _FINE), round((y - length) * _FINE))
        cv2.line(canvas, start, end, (66 + shade // 2, 124 + shade, 86 + shade), 1, cv2.LINE_AA)


def _fence(canvas: U8, chance: np.random.Generator) -> None:
    for y in (160, 186):
        _box(canvas, 262, y, 640, y + 5, (186, 196, 200))
    for x in range(264, 640, 15):
        shade = int(chance.uniform(-12, 10))
        color = (206 + shade, 214 + shade, 218 + shade)
        _shape(canvas, [(x, 208), (x, 150), (x + 4, 144), (x + 8, 150), (x + 8, 208)], color)


def _path(canvas: U8, chance: np.random.Generator) -> None:
    edge = [(168.0, 236.0), (238.0, 236.0), (330.0, 276.0), (640.0, 284.0), (640.0, 338.0), (212.0, 338.0)]
    _shape(canvas, edge, (138, 148, 154))
    inside = np.zeros(canvas.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.round(np.array(edge) * _FINE).astype(np.int32)], 255)
    stones = canvas.copy()
    for row, y in enumerate(range(236, 340, 13)):
        for x in range(150 - 12 * (row % 2), 650, 26):
            shade = int(chance.normal(0, 10))
            _box(stones, x + 1, y + 1, x + 25, y + 12, (158 + shade, 170 + shade, 178 + shade))
    _grain(stones, Box(0, 236, 640, 340), chance, 5, 6)
    canvas[inside > 0] = stones[inside > 0]


def _house(canvas: U8, chance: np.random.Generator) -> None:
    _box(canvas, 0, 30, 252, 236, (112, 122, 134))
    for row, y in enumerate(range(30, 236, 7)):
        for x in range(-10 + 8 * (row % 2), 252, 16):
            shade = int(chance.normal(0, 9))
            color = (78 + shade, 98 + shade, 152 + shade)
            _box(canvas, max(0, x + 1), y + 1, min(252, x + 15), y + 6, color)
    _grain(canvas, Box(0, 30, 252, 236), chance, 4, 24)
    _shape(canvas, [(0, 8), (268, 8), (262, 34), (0, 34)], (58, 62, 78))
    _box(canvas, 0, 32, 262, 37, (214, 216, 216))


def _door(canvas: U8, chance: np.random.Generator) -> None:
    _box(canvas, 166, 112, 236, 236, (206, 210, 212))
    _box(canvas, 172, 118, 230, 236, (74, 92, 44))
    for y in (128, 182):
        _box(canvas, 180, y, 198, y + 44, (64, 80, 36))
        _box(canvas, 204, y, 222, y + 44, (64, 80, 36))
    _disc(canvas, 224, 182, 3, (96, 188, 214))
    _box(canvas, 158, 234, 246, 243, (170, 176, 180))
    _disc(canvas, 152, 128, 6, (150, 214, 236))


def _window(canvas: U8, chance: np.random.Generator) -> None:
    _box(canvas, 36, 84, 128, 168, (222, 224, 224))
    _box(canvas, 42, 90, 122, 162, (122, 102, 78))
    _shape(canvas, [(42, 140), (92, 90), (112, 90), (42, 160)], (150, 132, 108))
    _box(canvas, 79, 90, 85, 162, (222, 224, 224))
    _box(canvas, 42, 122, 122, 127, (222, 224, 224))
    _box(canvas, 30, 166, 134, 173, (196, 200, 202))


def _flowers(canvas: U8, chance: np.random.Generator) -> None:
    _box(canvas, 0, 232, 150, 252, (46, 62, 82))
    colors: list[_Color] = [(70, 80, 216), (84, 196, 232), (210, 206, 226), (186, 92, 164)]
    for _ in range(260):
        _disc(canvas, chance.uniform(2, 148), chance.uniform(226, 252), chance.uniform(2, 4), (56, 110, 74))
    for _ in range(110):
        color = colors[int(chance.integers(len(colors)))]
        _disc(canvas, chance.uniform(3, 147), chance.uniform(224, 250), chance.uniform(1.5, 3), color)


def _tree(canvas: U8, chance: np.random.Generator) -> None:
    _shape(canvas, [(556, 236), (562, 120), (578, 120), (588, 236)], (58, 78, 98))
    for _ in range(420):
        angle, way = chance.uniform(0, 2 * math.pi), math.sqrt(chance.uniform(0, 1))
        x, y = 570 + 66 * way * math.cos(angle), 72 + 62 * way * math.sin(angle)
        shade = chance.uniform(-16, 20) - (y - 72) * 0.3
        _disc(canvas, x, y, chance.uniform(4, 9), (int(50 + shade), int(104 + shade), int(74 + shade)))


_SPRITE = (92, 116)
"""Height and width of the robot's picture."""


def _robot_sprite() -> NDArray[np.float32]:
    """The robot as BGR and opacity (0-1), drawn large and made smaller, so that its edges are soft."""
    height, width = _SPRITE
    color = np.zeros((height * _FINE, width * _FINE, 3), np.uint8)
    solid, shadow = (np.zeros(color.shape[:2], np.uint8) for _ in range(2))
    centre, axes = (58 * _FINE, 84 * _FINE), (56 * _FINE, 7 * _FINE)
    cv2.ellipse(shadow, centre, axes, 0, 0, 360, 120, cv2.FILLED, cv2.LINE_AA)
    shadow = cast(U8, cv2.GaussianBlur(shadow, (0, 0), 3))
    for layer in (color, solid):
        _paint_robot(layer, _as_it_is if layer is color else _white)
    opacity = np.maximum(solid, shadow).astype(np.float32) / 255
    color[solid == 0] = (30, 30, 30)
    sprite = np.dstack([color.astype(np.float32), opacity])
    return cast(NDArray[np.float32], cv2.resize(sprite, (width, height), interpolation=cv2.INTER_AREA))


def _as_it_is(blue: int, green: int, red: int) -> _Color:
    return blue, green, red


def _white(blue: int, green: int, red: int) -> _Color:
    return 255, 255, 255


def _paint_robot(layer: U8, shade: Callable[[int, int, int], _Color]) -> None:
    _box(layer, 92, 6, 94, 40, shade(60, 60, 60))
    _shape(layer, [(93, 5), (93, 19), (74, 12)], shade(36, 112, 238))
    _shape(layer, [(12, 44), (20, 34), (100, 34), (106, 44)], shade(62, 60, 58))
    _shape(
        layer,
        [(8, 48), (14, 42), (104, 42), (109, 48), (109, 70), (104, 76), (14, 76), (8, 70)],
        shade(226, 232, 236),
    )
    _box(layer, 8, 58, 109, 63, shade(36, 112, 238))
    _disc(layer, 18, 53, 3, shade(210, 250, 255))
    _disc(layer, 27, 53, 3, shade(210, 250, 255))
    for x in (26, 58, 90):
        _disc(layer, x, 77, 11, shade(40, 38, 38))
        _disc(layer, x, 77, 5, shade(150, 152, 154))
