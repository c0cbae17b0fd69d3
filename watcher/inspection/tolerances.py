"""What the user lets pass, as maps: the whole part's settings, and those of its zones laid over them."""

from dataclasses import dataclass

import numpy as np

from watcher.inspection.difference import COLOR, TONE
from watcher.inspection.options import InspectionOptions
from watcher.vision.arrays import F32, U8
from watcher.vision.geometry import Size, polygon_mask
from watcher.vision.options import Measure, ToleranceOptions, WatchedOptions


@dataclass(frozen=True, slots=True, eq=False)
class Tolerances:
    """At the analysed size. `bright`, `dark`, `color` : float32, levels that pass on a flat part. `least` :
    float32, the weight at which a defect counts. `tone`, `hue`, `grain` : uint8, 255 where that is compared, in
    `grain` 128 where it is only if the samples say that tone cannot be."""

    bright: F32
    dark: F32
    color: F32
    least: F32
    tone: U8
    hue: U8
    grain: U8


def smallest(options: InspectionOptions, watched: WatchedOptions) -> float:
    """The smallest defect wanted anywhere, in pixels of the picture: what the analysed size follows from."""
    wanted = [options.smallest_defect, *(zone.tolerance.smallest_defect for zone in watched.zones.values())]
    return min(options.pixels(one) for one in wanted if one is not None)


def tolerances(options: InspectionOptions, watched: WatchedOptions, size: Size, scale: float) -> Tolerances:
    """`scale` : pixels of the picture per analysed pixel."""
    shape = size[1], size[0]
    limits: list[F32] = [np.zeros(shape, np.float32) for _ in range(4)]
    masks: list[U8] = [np.zeros(shape, np.uint8) for _ in range(3)]
    whole = np.ones(shape, np.bool_)
    areas = [(whole, ToleranceOptions())]
    areas += [(polygon_mask(zone.points, size), zone.tolerance) for zone in watched.zones.values()]
    for where, own in areas:
        for limit, value in zip(limits, _limits(options, own, scale), strict=True):
            limit[where] = value
        for mask, level in zip(masks, _compared(own.measure or options.measure), strict=True):
            mask[where] = level
    bright, dark, color, least = limits
    tone, hue, grain = masks
    return Tolerances(bright, dark, color, least, tone, hue, grain)


def _limits(options: InspectionOptions, own: ToleranceOptions, scale: float) -> tuple[float, float, float, float]:
    sensitivity = options.sensitivity if own.sensitivity is None else own.sensitivity
    factor = 4 ** (0.5 - sensitivity)
    bright = own.bright if own.bright is not None else options.bright
    dark = own.dark if own.dark is not None else options.dark
    defect = options.pixels(own.smallest_defect or options.smallest_defect) / scale
    return (
        TONE * factor if bright is None else bright,
        TONE * factor if dark is None else dark,
        COLOR * factor,
        defect**2 * 256 ** (0.5 - sensitivity),
    )


def _compared(measure: Measure) -> tuple[int, int, int]:
    return {"auto": (255, 255, 128), "tone": (255, 0, 0), "color": (0, 255, 0), "structure": (0, 0, 255)}[measure]
