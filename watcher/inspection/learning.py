"""What good samples have in common and how much they vary, robust to one bad sample among ten.

Each sample is laid onto the first that most of the others agree with. From their median and median absolute
deviation it shows which samples differ from the rest by more than the rest differ among themselves; those are left
out, and mean and standard deviation are taken of the others (HALCON's variation model does the same in its robust
mode, and in its standard mode afterwards).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import cv2
import numpy as np

from watcher.errors import ReferenceUnusable
from watcher.inspection.defects import Defect, defects
from watcher.inspection.difference import SPREAD, Tone, chroma, half, rough
from watcher.inspection.golden import Disagreeing, Golden, Taught
from watcher.inspection.limits import Reach, softened
from watcher.inspection.options import InspectionOptions
from watcher.inspection.registering import Registering, grey_of, limits_of
from watcher.inspection.tolerances import tolerances
from watcher.vision.arrays import F32, F64, U8
from watcher.vision.options import WatchedOptions

FEW = 3
"""So many samples can outvote a bad one; of fewer nobody knows which is the good one."""
RARE = 0.1
"""Part of the samples that may be bad at one place."""
FAINT = 60.0
"""Grey levels by which a defect differs from its surroundings, for `smallest_defect`."""
_OTHER = 12
"""Levels of grey or colour by which an accepted sample is another way to be good."""
_FIRST = 3
"""So many samples are tried as that onto which the others are laid."""
_TO_SIGMA = 1.4826
_BAND = 2_000_000
"""Values of the pile of samples that are sorted at once."""


@dataclass(frozen=True, slots=True, eq=False)
class _Laid:
    """A sample laid onto another: `picture` in that one's place and light; None where it could not be, and why."""

    picture: U8 | None
    reason: str = ""


def learnt(samples: Sequence[U8], options: InspectionOptions) -> Taught:
    """See `watcher.inspection.golden.teach`, which checks the samples."""
    if len(samples) == 1:
        golden = Golden(samples[0].copy(), np.zeros(samples[0].shape[:2], np.float32), 1)
        return Taught(golden, smallest_defect=_holds(golden, options))
    shaped = _alike(samples)
    laid = _laid(shaped, options)
    found = {index: one.picture for index, one in enumerate(laid) if one.picture is not None}
    lost = [Disagreeing(index, 1.0, one.reason) for index, one in enumerate(laid) if one.picture is None]
    bad = _bad(found, options)
    good = [picture for index, picture in found.items() if index not in bad]
    if 2 * len(good) < len(samples):
        raise ReferenceUnusable(
            f"only {len(good)} of {len(samples)} samples agree with each other; sort out those of other products"
        )
    golden = _golden(good)
    disagreeing = tuple(sorted([*lost, *bad.values()], key=lambda one: one.index))
    return Taught(golden, disagreeing, _holds(golden, options), _undecided(good, options))


def extended(golden: Golden, samples: Sequence[U8], options: InspectionOptions) -> Taught:
    """See `watcher.inspection.golden.extend`, which checks the samples."""
    base = golden.picture
    shaped = _alike([base, *samples])
    laid = _onto(shaped[0], shaped[1:], options)
    found = {index: one.picture for index, one in enumerate(laid) if one.picture is not None}
    lost = [Disagreeing(index, 1.0, one.reason) for index, one in enumerate(laid) if one.picture is None]
    judge = _Judge(grey_of(base), golden.spread, options)
    told = {index: judge.found(picture) for index, picture in found.items()}
    bad = {index: judge.told(index, ones) for index, ones in told.items() if ones}
    more = [picture for index, picture in found.items() if index not in bad]
    whole = _merged(golden, _golden(more)) if more else golden
    disagreeing = tuple(sorted([*lost, *bad.values()], key=lambda one: one.index))
    return Taught(whole, disagreeing, _holds(whole, options))


def accepted(golden: Golden, sample: U8, options: InspectionOptions) -> Taught:
    """See `watcher.inspection.golden.accept`, which checks the sample."""
    base, shaped = _alike([golden.picture, sample])
    laid = _onto(base, [shaped], options)[0]
    if laid.picture is None:
        raise ReferenceUnusable(f"the sample cannot be laid onto the golden part: {laid.reason}")
    sample, whole = laid.picture, _merged(golden, _golden([laid.picture]))
    apart = cv2.absdiff(softened(base), softened(sample))
    strongest = apart if apart.ndim == 2 else apart.max(axis=2)
    # Half way between both where they differ: each of them is as good as the other from now on, in colour too.
    differs = cv2.dilate((strongest > _OTHER).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    picture = whole.picture.copy()
    between = cv2.addWeighted(base, 0.5, sample, 0.5, 0)
    picture = np.where(differs if picture.ndim == 2 else differs[..., None], between, picture).astype(np.uint8)
    middle = softened(grey_of(picture)).astype(np.float32)
    reach = cv2.max(*(np.abs(softened(grey_of(one)).astype(np.float32) - middle) for one in (base, sample)))
    wider = cv2.dilate(np.where(differs, reach, 0).astype(np.float32), np.ones((5, 5), np.uint8))
    spread = cv2.max(whole.spread, np.multiply(wider, np.float32(1.1 / SPREAD)))
    varied = replace(whole, picture=picture, spread=cast(F32, spread))
    return Taught(varied, smallest_defect=_holds(varied, options))


class _Judge:
    """Whether a laid sample differs by more than passes."""

    def __init__(self, grey: U8, spread: F32, options: InspectionOptions) -> None:
        size = grey.shape[1], grey.shape[0]
        smallest = min(6.0, options.pixels(options.smallest_defect))
        reach = Reach.of(smallest)
        allowed = tolerances(options, WatchedOptions(), size, 1.0)
        self._least = np.full(grey.shape, smallest**2, np.float32)
        self._join = reach.edge + 1
        self._tone = Tone(grey, spread, allowed.bright, allowed.dark, reach)
        self._compared = np.full(grey.shape, 255, np.uint8)
        rim = reach.rim
        self._compared[:rim], self._compared[-rim:], self._compared[:, :rim], self._compared[:, -rim:] = 0, 0, 0, 0

    def found(self, picture: U8) -> list[Defect]:
        """Where it does."""
        return defects(self._tone.differences(grey_of(picture), self._compared), self._join, self._least)

    def told(self, index: int, found: Sequence[Defect]) -> Disagreeing:
        """That in words."""
        area = sum(one.area for one in found)
        largest = max(found, key=lambda one: one.area).box
        places = f"{len(found)} places" if len(found) > 1 else "one place"
        reason = f"it differs from the others in {places}, the largest at {largest.x0}, {largest.y0}"
        return Disagreeing(index, area / self._compared.size, reason)


def _alike(samples: Sequence[U8]) -> list[U8]:
    """All of them grey, or all colour."""
    if len({sample.ndim for sample in samples}) == 1:
        return list(samples)
    return [one if one.ndim == 3 else cast(U8, cv2.cvtColor(one, cv2.COLOR_GRAY2BGR)) for one in samples]


def _laid(samples: Sequence[U8], options: InspectionOptions) -> list[_Laid]:
    """All samples laid onto the first that most agree with."""
    best: list[_Laid] = []
    for first in range(min(_FIRST, len(samples))):
        laid = _onto(samples[first], samples, options)
        if sum(one.picture is not None for one in laid) > sum(one.picture is not None for one in best):
            best = laid
        if 2 * sum(one.picture is not None for one in best) > len(samples):
            break
    return best


def _onto(base: U8, samples: Sequence[U8], options: InspectionOptions) -> list[_Laid]:
    grey = grey_of(base)
    watched = np.full(grey.shape, 255, np.uint8)
    registering = Registering(grey, watched, limits_of(options, (grey.shape[1], grey.shape[0])), 0)
    laid = []
    for sample in samples:
        if sample is base:
            laid.append(_Laid(sample))
            continue
        placed = registering.placed(grey_of(sample))
        if isinstance(placed, str):
            laid.append(_Laid(None, placed))
            continue
        lit = registering.light(placed.drawn(grey_of(sample)), placed)
        drawn = lit.levelled(placed.drawn(sample))
        drawn[placed.compared == 0] = base[placed.compared == 0]  # what it does not show says nothing
        laid.append(_Laid(drawn))
    return laid


def _bad(found: dict[int, U8], options: InspectionOptions) -> dict[int, Disagreeing]:
    """Those that differ from the median of all by more than their own spread allows."""
    if len(found) < FEW:
        return {}
    greys = [softened(grey_of(picture)) for picture in found.values()]
    middle, deviation = _median(greys)
    judge = _Judge(middle, _spread_out(deviation), options)
    told = {index: judge.found(picture) for index, picture in found.items()}
    # Where several differ each is right: that is what may vary from part to part.
    often = np.sum([_mask(one, middle.shape) for one in told.values()], axis=0) > max(1, RARE * len(found))
    alone = {
        index: [one for one in ones if not often[_window(one)][one.mask > 0].any()] for index, ones in told.items()
    }
    return {index: judge.told(index, ones) for index, ones in alone.items() if ones}


def _undecided(good: Sequence[U8], options: InspectionOptions) -> str:
    """What a person should know of two samples that differ: neither can be outvoted."""
    if len(good) != 2:
        return ""
    one, other = (grey_of(picture) for picture in good)
    judge = _Judge(one, np.zeros(one.shape, np.float32), options)
    told = judge.found(other)
    if not told:
        return ""
    where = judge.told(1, told).reason.removeprefix("it differs from the others ")
    return (
        f"the two samples differ {where}: where they do nothing will be found; if one of them is bad leave it out,"
        " with a third one it is known which"
    )


def _window(one: Defect) -> tuple[slice, slice]:
    return slice(one.box.y0, one.box.y1), slice(one.box.x0, one.box.x1)


def _mask(told: Sequence[Defect], shape: tuple[int, ...]) -> U8:
    """1 where a sample differs, and around: a serial number differs now here, now there."""
    mask = np.zeros(shape, np.uint8)
    for one in told:
        mask[_window(one)] |= one.mask // 255
    return cast(U8, cv2.dilate(mask, np.ones((31, 31), np.uint8)))


def _spread_out(spread: F32) -> F32:
    """What varies at a place varies about it: a few samples have not shown that everywhere by themselves."""
    return cast(F32, cv2.max(spread, cv2.GaussianBlur(spread, (0, 0), 5.0) * np.float32(0.9)))


def _median(greys: Sequence[U8]) -> tuple[U8, F32]:
    """Median and spread (from the median absolute deviation) of every pixel, a band of rows at a time."""
    height, width = greys[0].shape
    middle, spread = np.empty((height, width), np.uint8), np.empty((height, width), np.float32)
    rows = max(1, _BAND // (width * len(greys)))
    for top in range(0, height, rows):
        band = np.stack([grey[top : top + rows] for grey in greys]).astype(np.int16)
        centre = np.median(band, axis=0)
        middle[top : top + rows] = np.round(centre)
        spread[top : top + rows] = _TO_SIGMA * np.median(np.abs(band - centre), axis=0)
    return middle, spread


def _golden(good: Sequence[U8]) -> Golden:
    """Mean and spread of samples that agree."""
    total = np.zeros(good[0].shape, np.float64)
    grain = np.zeros(good[0].shape[:2], np.float32)
    grains = np.zeros_like(grain)
    sums: F64 = np.zeros(grain.shape, np.float64)
    squares: F64 = np.zeros(grain.shape, np.float64)
    for picture in good:
        grey = softened(grey_of(picture)).astype(np.float64)
        total += picture
        sums += grey
        squares += grey * grey
        one = rough(grey_of(picture))
        grain += one
        grains += one * one
    count = len(good)
    variance = np.maximum(squares / count - (sums / count) ** 2, 0)
    # Few samples have not shown yet how far they vary.
    spread = np.sqrt(variance * (count / max(1, count - 1))) * (1 + 2 / count)
    mean = np.round(total / count).astype(np.uint8)
    return Golden(
        mean,
        spread.astype(np.float32) if count > 1 else np.zeros_like(grain),
        count,
        np.divide(grain, np.float32(count)),
        _rough_spread(grain, grains, count),
        _hue_spread(good),
    )


def _hue_spread(good: Sequence[U8]) -> F32 | None:
    """How much the colour differs from sample to sample; None without colour, or of one sample."""
    if good[0].ndim == 2 or len(good) < 2:
        return None
    sums = squares = np.zeros(1)
    for picture in good:
        hues = np.stack(chroma(half(picture))).astype(np.float64) - 128
        sums, squares = sums + hues, squares + hues * hues
    count = len(good)
    variance = np.maximum(squares / count - np.square(sums / count), 0).sum(axis=0) * count / (count - 1)
    return cast(F32, (np.sqrt(variance) * (1 + 2 / count)).astype(np.float32))


def _rough_spread(sums: F32, squares: F32, count: int) -> F32 | None:
    """Standard deviation from sample to sample of how rough a surface is; None of too few."""
    if count < FEW:
        return None
    mean = np.divide(sums, np.float32(count))
    variance = np.maximum(squares / np.float32(count) - mean * mean, 0) * np.float32(count / (count - 1))
    return cast(F32, np.sqrt(variance).astype(np.float32))


def _merged(one: Golden, other: Golden) -> Golden:
    """Both, as if learnt together."""
    count = one.count + other.count
    part = one.count / count
    apart = softened(grey_of(one.picture)).astype(np.float32) - softened(grey_of(other.picture))
    variance = part * np.square(one.spread) + (1 - part) * np.square(other.spread) + part * (1 - part) * apart**2
    mean = part * one.picture.astype(np.float32) + (1 - part) * other.picture.astype(np.float32)
    grain = part * _grain(one) + (1 - part) * _grain(other)
    varies = [each.rough_spread for each in (one, other) if each.rough_spread is not None]
    return Golden(
        np.round(mean).astype(np.uint8), np.sqrt(variance).astype(np.float32), count, grain.astype(np.float32),
        np.maximum.reduce(varies) if varies else None, _merged_hues(one, other),
    )  # fmt: skip


def _merged_hues(one: Golden, other: Golden) -> F32 | None:
    """How much the colour varies among the samples of both."""
    if one.picture.ndim == 2 or other.picture.ndim == 2:
        return None
    part = one.count / (one.count + other.count)
    before, now = (np.stack(chroma(half(each.picture))).astype(np.float32) for each in (one, other))
    between = part * (1 - part) * np.square(before - now).sum(axis=0)
    within = [each.hue_spread for each in (one, other) if each.hue_spread is not None]
    variance = between + (np.square(np.maximum.reduce(within)) if within else np.float32(0))
    return cast(F32, np.sqrt(variance).astype(np.float32))


def _grain(golden: Golden) -> F32:
    return rough(grey_of(golden.picture)) if golden.rough is None else golden.rough


def _holds(golden: Golden, options: InspectionOptions) -> float:
    """The smallest defect (pixels) of `FAINT` grey levels that this golden part does not hide in its variation."""
    wanted = options.pixels(options.smallest_defect)
    blind = (golden.spread * SPREAD > FAINT).astype(np.uint8)
    if not blind.any():
        return wanted
    deepest = float(cv2.distanceTransform(blind, cv2.DIST_L2, 3).max())
    return wanted if deepest <= 1 else wanted + 2 * deepest
