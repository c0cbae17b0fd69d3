"""Changes of light, drawn from a seed and laid over real pictures: the generator of rows light and arrival.

A trial's number is its seed, so that any one of them can be repeated. What is drawn, each with equal chance:

=========  =================================================================================================
gain       sun and cloud, exposure: all values times 0.5 to 2 (log-uniform)
gamma      haze, contrast, a camera's tone curve: 255 (v / 255)^gamma, gamma 0.6 to 1.6 (log-uniform)
colour     daylight to bulb or shade: 2700 to 10,000 K from 6500 K, evenly in mired
mixed      all three of them at once, each over its whole range
cone       a lamp goes on or off: an ellipse somewhere in the picture, brightest at its centre, its values up to
           twice as bright, with an edge that is 10 to 60 % of its radius wide
infrared   the IR-cut filter flips: colour is gone from one frame to the next, the channels weigh as the sensor
           sees near infrared (at random, mostly red), the lamps of the camera light the middle more than the
           corners, there is more noise, and exposure settles over the ramp, for 3 s at most
=========  =================================================================================================

A ramp takes 0.04 to 30 s (log-uniform); every other change goes back the same way after a few seconds, as a cloud
passes. The values are those of the picture's code (gamma-coded), not of linear light: what cameras do to pictures,
they do to these. Everything is clipped to 0..255 and rounded to whole levels again; the noise of the real frames is
amplified with them.

Colour: Planck's law at 610, 545 and 465 nm (red, green, blue), relative to 6500 K and to green, to the power of
1/2.2, since values are gamma-coded.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np

KINDS = ("gain", "gamma", "colour", "mixed", "cone", "infrared")
RAMPS = (0.04, 30.0)
_SLOWEST_FILTER = 3.0
_SPARE = 64
_DAYLIGHT = 6500.0
_WAVES = {"blue": 465e-9, "green": 545e-9, "red": 610e-9}


@dataclass(frozen=True, slots=True)
class Cone:
    """A lamp's ellipse: centre and radii in fractions of the picture's width and height, edge in fractions of the
    radius; `strength` is how much brighter its centre becomes (1: twice)."""

    centre: tuple[float, float]
    radii: tuple[float, float]
    turned: float
    edge: float
    strength: float
    goes_off: bool

    def shape(self, size: tuple[int, int]) -> np.ndarray:
        """How much of the lamp's light falls on each pixel, float32 (H, W), 0 to 1."""
        width, height = size
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        x, y = x / width - self.centre[0], y / height - self.centre[1]
        cosine, sine = math.cos(self.turned), math.sin(self.turned)
        radius = np.hypot((cosine * x + sine * y) / self.radii[0], (cosine * y - sine * x) / self.radii[1])
        inside = np.clip((1 + self.edge / 2 - radius) / self.edge, 0, 1)
        # Smooth edge, and light that falls off towards it as that of a lamp above does.
        return (inside * inside * (3 - 2 * inside) / (1 + radius * radius)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Infrared:
    """The picture without its filter: weights of blue, green and red, exposure at first, corners, noise."""

    weights: tuple[float, float, float]
    flash: float
    corners: float
    noise: float


@dataclass(frozen=True, slots=True)
class Change:
    """One change of light. `ramp` in seconds; `hold` seconds later it goes back if it `returns`."""

    kind: str
    ramp: float
    hold: float
    returns: bool
    gain: float = 1.0
    gamma: float = 1.0
    kelvin: float = _DAYLIGHT
    cone: Cone | None = None
    infrared: Infrared | None = None

    def __str__(self) -> str:
        parts = [f"{self.kind}, ramp {self.ramp:.2f} s{', and back' if self.returns else ''}"]
        parts += [f"gain {self.gain:.2f}"] if self.gain != 1 else []
        parts += [f"gamma {self.gamma:.2f}"] if self.gamma != 1 else []
        parts += [f"{self.kelvin:.0f} K"] if self.kelvin != _DAYLIGHT else []
        if self.cone:
            way = "off" if self.cone.goes_off else "on"
            parts.append(f"goes {way}, x{1 + self.cone.strength:.2f}, edge {self.cone.edge:.2f}")
        if self.infrared:
            parts.append(f"weights BGR {self.infrared.weights[0]:.2f} {self.infrared.weights[1]:.2f}"
                         f" {self.infrared.weights[2]:.2f}, noise {self.infrared.noise:.1f}")  # fmt: skip
        return "; ".join(parts)

    def amount(self, since: float) -> float:
        """How far it has gone, 0 to 1, so many seconds after it began."""
        back = self.ramp + self.hold
        if self.returns and since > back:
            return max(0.0, 1 - (since - back) / self.ramp)
        return min(max(since / self.ramp, 0.0), 1.0)

    @property
    def length(self) -> float:
        """Seconds from its beginning until nothing changes any more."""
        return 2 * self.ramp + self.hold if self.returns else self.ramp


def drawn(chance: np.random.Generator) -> Change:
    """The change of light that `chance` gives."""
    kind = KINDS[int(chance.integers(len(KINDS)))]
    plain = Change(
        kind,
        ramp=_log_uniform(chance, *RAMPS),
        hold=float(chance.uniform(2.5, 5)),
        returns=bool(chance.random() < 0.5),
    )
    gain, gamma = _log_uniform(chance, 0.5, 2.0), _log_uniform(chance, 0.6, 1.6)
    kelvin = 1e6 / float(chance.uniform(1e6 / 10_000, 1e6 / 2700))
    if kind == "gain":
        return replace(plain, gain=gain)
    if kind == "gamma":
        return replace(plain, gamma=gamma)
    if kind == "colour":
        return replace(plain, kelvin=kelvin)
    if kind == "mixed":
        return replace(plain, gain=gain, gamma=gamma, kelvin=kelvin)
    if kind == "cone":
        return replace(plain, cone=_cone(chance))
    ramp = min(plain.ramp, _SLOWEST_FILTER)
    return replace(plain, ramp=ramp, gain=_log_uniform(chance, 0.6, 1.6), infrared=_infrared(chance))


class Lighting:
    """A change of light laid over pictures of one size; `chance` for the noise that infrared adds."""

    def __init__(self, change: Change, size: tuple[int, int], chance: np.random.Generator) -> None:
        self._change, self._size, self._chance = change, size, chance
        self._cone = change.cone.shape(size) if change.cone else None
        self._middle = _vignette(size, change.infrared.corners) if change.infrared else None

    def on(self, picture: np.ndarray, amount: float) -> np.ndarray:
        """A uint8 BGR picture in this light, of which there is so much (0: none, the very picture; 1: all)."""
        change = self._change
        if change.infrared is not None:
            return picture if amount == 0 else self._without_filter(picture, change.infrared, amount)
        if self._cone is not None and change.cone is not None:
            lamp = 1 + np.float32(change.cone.strength) * self._cone
            # A lamp that goes off: the picture is as it was taken with its light, and loses it.
            factor = lamp ** np.float32(-amount) if change.cone.goes_off else 1 + (lamp - 1) * np.float32(amount)
            return cv2.multiply(picture, cv2.merge([factor] * 3), dtype=cv2.CV_8U)
        return picture if amount == 0 else cv2.LUT(picture, _curve(change, round(amount, 6)))

    def _without_filter(self, picture: np.ndarray, infrared: Infrared, amount: float) -> np.ndarray:
        assert self._middle is not None
        grey = cv2.transform(picture, np.float32([infrared.weights])).astype(np.float32)
        grey *= self._middle * np.float32(infrared.flash ** (1 - amount) * self._change.gain)
        y, x = (int(step) for step in self._chance.integers(0, _SPARE, 2))
        height, width = grey.shape
        grey += _grain(self._size)[y : y + height, x : x + width] * np.float32(infrared.noise)
        return cv2.cvtColor(np.clip(np.round(grey), 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)


@lru_cache(maxsize=4096)
def _curve(change: Change, amount: float) -> np.ndarray:
    """What each value becomes, uint8 of shape (1, 256, 3) in the order blue, green, red."""
    value = np.arange(256) / 255
    mired = 1e6 / _DAYLIGHT + amount * (1e6 / change.kelvin - 1e6 / _DAYLIGHT)
    curves = [
        value ** (change.gamma**amount) * change.gain**amount * factor for factor in channel_gains(1e6 / mired)
    ]
    table = np.stack(curves, axis=-1) * 255
    return np.clip(np.round(table), 0, 255).astype(np.uint8)[None]


def channel_gains(kelvin: float) -> tuple[float, float, float]:
    """What light of a colour temperature does to the values of blue, green and red, relative to daylight."""
    blue, green, red = (_planck(wave, kelvin) / _planck(wave, _DAYLIGHT) for wave in _WAVES.values())
    return (blue / green) ** (1 / 2.2), 1.0, (red / green) ** (1 / 2.2)


def _planck(wave: float, kelvin: float) -> float:
    """Spectral radiance of a black body at a wavelength, in no particular unit."""
    return 1 / (math.exp(0.014387769 / (wave * kelvin)) - 1)


def _cone(chance: np.random.Generator) -> Cone:
    x, y, wide, high = (float(chance.uniform(*ends)) for ends in ((0, 1), (0, 1), (0.15, 0.5), (0.15, 0.6)))
    return Cone(
        (x, y), (wide, high), float(chance.uniform(0, math.pi)), float(chance.uniform(0.1, 0.6)),
        float(chance.uniform(0.2, 1.0)), bool(chance.random() < 0.5),
    )  # fmt: skip


def _infrared(chance: np.random.Generator) -> Infrared:
    blue, green, red = chance.dirichlet((1.5, 2.5, 4.0))
    return Infrared(
        (float(blue), float(green), float(red)), _log_uniform(chance, 0.5, 2.0), float(chance.uniform(0.6, 1.0)),
        float(chance.uniform(0.5, 4.0)),
    )  # fmt: skip


def _vignette(size: tuple[int, int], corners: float) -> np.ndarray:
    """1 in the middle, `corners` in the corners, float32 (H, W)."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    away = ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) * 2
    return (1 - (1 - corners) * away).astype(np.float32)


@lru_cache(maxsize=8)
def _grain(size: tuple[int, int]) -> np.ndarray:
    """Noise of sigma 1, somewhat larger than a picture: each frame takes another cut of it."""
    return np.random.default_rng(4).standard_normal((size[1] + _SPARE, size[0] + _SPARE), np.float32)


def _log_uniform(chance: np.random.Generator, low: float, high: float) -> float:
    return float(math.exp(chance.uniform(math.log(low), math.log(high))))
