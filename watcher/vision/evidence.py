"""What a comparison was made from, and the pictures of it that people look at."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.vision import draw
from watcher.vision.arrays import U8
from watcher.vision.detection import Region
from watcher.vision.geometry import Box, Size


@dataclass(frozen=True, slots=True)
class Drawings:
    """Pictures for people, uint8 BGR: the first at the reference's size, the others at the picture's."""

    reference: U8 = field(repr=False)
    annotated: U8 = field(repr=False)
    difference: U8 = field(repr=False)
    heatmap: U8 = field(repr=False)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a comparison was made from; `part` is what was compared, in pixels of the picture.

    `change` (float32, 0 = same to 1 = different) and `changed` (uint8, 255 = changed) cover that part, at the
    detector's size. `level` is the reference as it would look in the picture's frame, where it was registered.
    """

    reference: U8 = field(repr=False)
    picture: U8 = field(repr=False)
    part: Box
    change: NDArray[np.float32] = field(repr=False)
    changed: NDArray[np.uint8] = field(repr=False)
    level: U8 | None = field(default=None, repr=False)


def drawings(evidence: Evidence, regions: Sequence[Region], fill: bool) -> Drawings:
    """The well-known four; regions are in pixels of the picture."""
    size = size_of(evidence.picture)
    whole = size_of(evidence.reference)
    change = np.zeros((size[1], size[0]), np.float32)
    cropped(change, evidence.part)[:] = cv2.resize(evidence.change, (evidence.part.width, evidence.part.height))
    difference = np.full_like(evidence.picture, 255)
    level = resized(evidence.reference, size) if evidence.level is None else evidence.level
    cropped(difference, evidence.part)[:] = draw.difference(
        cropped(level, evidence.part), cropped(evidence.picture, evidence.part)
    )
    if fill:
        changed = np.zeros((size[1], size[0]), np.uint8)
        part = (evidence.part.width, evidence.part.height)
        cropped(changed, evidence.part)[:] = draw.scaled_mask(evidence.changed, part)
        shown = evidence.reference if evidence.level is None else level
        marked = draw.filled(shown, changed), draw.filled(evidence.picture, changed)
    else:
        there = tuple(_in_reference(region, size, whole) for region in regions)
        marked = draw.annotated(evidence.reference, there), draw.annotated(evidence.picture, regions)
    return Drawings(*marked, difference, draw.heatmap(evidence.picture, change))


def _in_reference(region: Region, size: Size, whole: Size) -> Region:
    """Where a region of the picture lies in the reference."""
    if region.reference_box is not None:
        return replace(region, box=region.reference_box)
    return resized_region(region, size, whole)


def resized_region(region: Region, from_size: Size, to_size: Size) -> Region:
    """A region in a picture of another size."""
    if from_size == to_size:
        return region
    scale = to_size[0] * to_size[1] / (from_size[0] * from_size[1])
    area = max(1, round(region.area * scale))
    return replace(region, box=scaled(region.box, from_size, to_size), area=area)


def scaled(box: Box, from_size: Size, to_size: Size) -> Box:
    """A box in a picture of another size."""
    return box.scaled(to_size[0] / from_size[0], to_size[1] / from_size[1], to_size)


def cropped(picture: NDArray[Any], part: Box) -> NDArray[Any]:
    """That part of a picture."""
    return picture[part.y0 : part.y1, part.x0 : part.x1]


def resized(picture: U8, size: Size) -> U8:
    """`picture` at `size`."""
    if size_of(picture) == size:
        return picture
    smaller = size[0] < picture.shape[1]
    return cast(U8, cv2.resize(picture, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC))


def size_of(picture: NDArray[Any]) -> Size:
    """(width, height)."""
    return picture.shape[1], picture.shape[0]
