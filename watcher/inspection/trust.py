"""When a picture cannot be judged, and why: said in words, never passed."""

from typing import Any

import cv2
import numpy as np

from watcher.inspection.light import Light
from watcher.inspection.options import LightOptions
from watcher.inspection.uneven import Uneven
from watcher.vision.align import Limits, Registration
from watcher.vision.arrays import U8
from watcher.vision.geometry import Size

AGREES = 0.45
"""Part of the artwork's edges that must be found. A wrong board has up to 0.25 of them by chance, a good one in bad
light and out of place has 0.85 or more, and one of which a third is covered still 0.6."""
_BLUR = 1.2
"""Pixels of a level (sigma) by which an edge is soft there anyway."""
_BURNT = 250
_NOISY = 35.0
"""Grey levels: of that much noise limits are made that many a defect would pass."""
_cv2: Any = cv2
_SEEN = 0.6
"""Part of what is watched that the picture must show."""


def unregistered(found: Registration, picture: U8, golden: U8, limits: Limits, size: Size) -> str:
    """Why a picture (uint8, grey) cannot be trusted to be registered; empty where it can."""
    if found.agreement < AGREES or found.inside < _SEEN:
        return _what_is_wrong(found, picture, golden)
    if not limits.hold(found.pose, size):
        (x, y), angle, scale = found.pose.parameters(size)
        return (
            f"the part lies outside the limits: moved by {x:.0f}, {y:.0f} pixels, turned by {angle:.1f} degrees,"
            f" {abs(100 * scale - 100):.1f} % {'larger' if scale > 1 else 'smaller'}"
        )
    return ""


def _what_is_wrong(found: Registration, picture: U8, golden: U8) -> str:
    """The likeliest reason why the part was not found."""
    now, before = picture[::4, ::4], golden[::4, ::4]
    low, high = (float(value) for value in np.percentile(now, (2, 98)))
    if high < max(25.0, 0.2 * float(np.percentile(before, 98))):
        return "too dark: the lens is covered or the light is off"
    steep, was_steep = (_steepness(one) for one in (picture, golden))
    if steep > 0.4 * was_steep:
        share = f"{100 * found.agreement:.0f} % of the golden part's edges were found"
        return f"no part, or another one, or it lies outside the limits: {share}"
    if low >= _BURNT:
        return "too bright: the picture is burnt out"
    if high - low < 30:
        return "the picture shows nothing: the lens is covered, or there is no part"
    return "out of focus, or there is no part: no sharp edge is to be seen"


def _steepness(picture: U8) -> float:
    """How steep the steepest edges are."""
    across, down = (cv2.Sobel(picture, cv2.CV_32F, dx, 1 - dx)[::2, ::2] for dx in (1, 0))
    return float(np.percentile(np.hypot(across, down), 99.9))


def blurred_by(found: Registration, light: Light) -> float:
    """Pixels (sigma) of the finest level by which the picture is less sharp than the golden one, about."""
    sharpness = min(1.0, max(0.02, found.sharpness / light.gain))
    return _BLUR * float(np.sqrt(1 / sharpness**2 - 1))


def badly_lit(light: Light, options: LightOptions) -> str:
    """Why the light on a registered part is beyond its limits; empty where it is not."""
    if not 1 / options.gain <= light.gain <= options.gain:
        return f"the light is beyond its limits: contrast is {light.gain:.2f} times the golden part's"
    brighter = light.level - 128
    if abs(brighter) > options.offset:
        word = "bright" if brighter > 0 else "dark"
        return f"too {word}: everything is {abs(brighter):.0f} grey levels off the golden part"
    return ""


def drowned(noise: float) -> str:
    """Why nothing could be seen for noise (standard deviation, grey levels); empty where it can."""
    return (
        f"too noisy, or not like the golden part: {noise:.0f} grey levels off everywhere" if noise > _NOISY else ""
    )


def unevenly_lit(uneven: Uneven | None, options: LightOptions) -> str:
    """Why the light differs too much from place to place; empty where it does not."""
    if uneven is None or max(uneven.most - 1, 1 - uneven.least) <= options.uneven:
        return ""
    return (
        f"uneven light: {100 * uneven.least:.0f} to {100 * uneven.most:.0f} % of the golden part's from place to"
        f" place, {100 * options.uneven:.0f} % either way are allowed"
    )


def burnt_out(now: U8, golden: U8, light: Light, compared: U8, options: LightOptions) -> str:
    """Why too much of a registered picture (grey, as it came) is glare; empty where it is not.

    What covers the part and is dark is no matter of light: that is a defect.
    """
    now, golden, compared = (part[::3, ::3] for part in (now, golden, compared))
    lost = _cv2.compare(now, (_BURNT - 1,), cv2.CMP_GT)
    due = _cv2.compare(golden, ((_BURNT - 40 - light.offset) / light.gain,), cv2.CMP_GT)
    wrongly = cv2.bitwise_and(cv2.bitwise_and(lost, cv2.bitwise_not(due)), compared)
    share = cv2.countNonZero(wrongly) / max(1, cv2.countNonZero(compared))
    return f"glare: {100 * share:.0f} % of the part is burnt out" if share > options.clipped else ""
