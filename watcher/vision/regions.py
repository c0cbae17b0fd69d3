"""From changed pixels to regions: components, specks dropped, neighbours joined, boxes in full-frame pixels."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from watcher.vision.arrays import F32, U8, Window, parts, window_around
from watcher.vision.detection import Region, StillCause
from watcher.vision.geometry import Box, Size

MOST = 64
"""The largest so many components are kept: beyond that boxes tell nobody anything, and joining is quadratic."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A connected set of changed pixels of the analysed picture: its box (in its pixels) and masks (uint8, 255)."""

    box: Box
    area: int
    members: tuple[U8, ...]
    corners: tuple[tuple[int, int], ...]
    """(y, x) in the analysed picture of each member mask's corner."""


Stillness = Callable[[Patch], tuple[float, StillCause | None]]


def patches(changed: U8, strong: U8, smallest: int, window: Window) -> list[Patch]:
    """Connected components of `changed` that hold a pixel of `strong` and at least `smallest` pixels.

    Both are uint8, not 0 = set, and show the `window` of the analysed picture: hysteresis as in J. Canny, "A
    computational approach to edge detection", 1986, doi:10.1109/TPAMI.1986.4767851. Largest first, at most `MOST`.
    """
    if cv2.countNonZero(changed) == 0:
        return []  # OpenCV 5 dies of a picture without pixels
    inner = window_around(changed, 0)
    changed, strong = changed[inner], strong[inner]
    top, left = window[0].start + inner[0].start, window[1].start + inner[1].start
    found: list[Patch] = []
    for there, member in parts(changed):
        area = cv2.countNonZero(member)
        if area >= smallest and cv2.countNonZero(cv2.bitwise_and(member, strong[there])):
            rows, columns = there
            box = Box(left + columns.start, top + rows.start, left + columns.stop, top + rows.stop)
            found.append(Patch(box, area, (member,), ((box.y0, box.x0),)))
    return sorted(found, key=lambda patch: (-patch.area, patch.box.y0, patch.box.x0))[:MOST]


def joined(found: Sequence[Patch], distance: int) -> list[Patch]:
    """Patches whose boxes lie within `distance` pixels of each other become one; largest first."""
    waiting = list(found)
    done: list[Patch] = []
    while waiting:
        patch = waiting.pop(0)
        near = patch.box.grown(distance)
        others = [other for other in waiting if _touch(near, other.box)]
        if not others:
            done.append(patch)
            continue
        waiting = [other for other in waiting if not _touch(near, other.box)]
        for other in others:
            patch = _union(patch, other)
        waiting.insert(0, patch)
    return sorted(done, key=lambda patch: -patch.area)


def region(
    patch: Patch, change: F32, zones: Mapping[str, U8], scale: tuple[float, float], full: Size, still: Stillness
) -> Region:
    """A patch in full-frame pixels, with what the change map and the zones say of it."""
    peak, mean = _strength(patch, change)
    still_for, stayed = still(patch)
    return Region(
        box=patch.box.scaled(*scale, full),
        area=round(patch.area * scale[0] * scale[1]),
        peak=round(peak, 4),
        mean=round(mean, 4),
        zones=tuple(key for key, mask in zones.items() if _meets(patch, mask)),
        still_for=still_for,
        stayed=stayed,
    )


def mask_of(found: Sequence[Patch], shape: tuple[int, int]) -> U8:
    """The pixels of all patches, 255, in a picture of `shape`."""
    mask = np.zeros(shape, np.uint8)
    for patch in found:
        for member, (y, x) in zip(patch.members, patch.corners, strict=True):
            there = mask[y : y + member.shape[0], x : x + member.shape[1]]
            cv2.bitwise_or(there, member, dst=there)
    return mask


def window_of(patch: Patch, member: int) -> tuple[slice, slice]:
    """Index of the part of the analysed picture under one member mask."""
    mask, (y, x) = patch.members[member], patch.corners[member]
    return slice(y, y + mask.shape[0]), slice(x, x + mask.shape[1])


def _strength(patch: Patch, change: F32) -> tuple[float, float]:
    """The largest value of the change map in a patch, and the mean."""
    peak = total = 0.0
    for n, member in enumerate(patch.members):
        values = change[window_of(patch, n)]
        peak = max(peak, cv2.minMaxLoc(values, member)[1])
        total += cv2.mean(values, member)[0] * cv2.countNonZero(member)
    return peak, total / patch.area


def _meets(patch: Patch, zone: U8) -> bool:
    return any(
        cv2.countNonZero(cv2.bitwise_and(zone[window_of(patch, n)], member)) > 0
        for n, member in enumerate(patch.members)
    )


def _touch(a: Box, b: Box) -> bool:
    return a.x0 <= b.x1 and b.x0 <= a.x1 and a.y0 <= b.y1 and b.y0 <= a.y1


def _union(a: Patch, b: Patch) -> Patch:
    return Patch(a.box.union(b.box), a.area + b.area, a.members + b.members, a.corners + b.corners)
