"""What differs between two pictures: the same detector as for cameras, stepped once.

>>> result = watcher.compare("golden.png", "now.png")
>>> result.verdict, result.score, [region.box for region in result.regions]
"""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher import profiles
from watcher.errors import PictureUnreadable, ReferenceUnusable, WatcherError
from watcher.pictures import mean_picture, picture_files, read_picture, shown
from watcher.vision import draw
from watcher.vision.arrays import U8
from watcher.vision.detection import Detection, Region
from watcher.vision.detector import Detector
from watcher.vision.frame import ArrayPixels, Frame
from watcher.vision.geometry import Box, Size
from watcher.vision.options import WatchedOptions
from watcher.vision.part import Part, part_box
from watcher.vision.reference.options import FixedOptions
from watcher.vision.standard import standard_score

Verdict = Literal["PASS", "FAIL", "NOT_INSPECTED"]
Picture = str | Path | NDArray[np.uint8]
"""A file, or an array: uint8, BGR of shape (H, W, 3) or grey of shape (H, W)."""

FULL_RESOLUTION = 2048
"""Where the reference is fixed, pictures are analysed at their own size up to so many pixels."""
SAME_ASPECT = 0.01

# Change has no time here: one moment, the same for every pair.
_NOW = datetime(1970, 1, 1, tzinfo=UTC)


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
    detector's size.
    """

    reference: U8 = field(repr=False)
    picture: U8 = field(repr=False)
    part: Box
    change: NDArray[np.float32] = field(repr=False)
    changed: NDArray[np.uint8] = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """How a picture differs from its reference.

    Attributes
    ----------
    verdict : PASS where nothing differs, FAIL where something does, NOT_INSPECTED where that cannot be said.
    changed : True, False, or None where that cannot be said.
    score : scikit-image's `structural_similarity` of the grey pictures with Wang's parameters, after `roi` and
        resizing; None below 11x11 pixels. It is the number that other tools give; the verdict does not rest on it.
    changed_fraction : changed pixels / compared pixels, 0 to 1; None where not compared.
    regions : what differs, in pixels of the picture, largest first.
    reason : the verdict in words.
    error : why the picture could not be compared at all; `compare` raises it, only the command line keeps it here.
    evidence : both pictures and the map of change, which `drawings` are made from.
    """

    reference: str
    image: str
    verdict: Verdict
    changed: bool | None
    score: float | None
    changed_fraction: float | None
    regions: tuple[Region, ...]
    reason: str
    elapsed_ms: float
    error: WatcherError | None = None
    evidence: Evidence | None = field(default=None, repr=False)

    def drawings(self, fill: bool = False) -> Drawings:
        """The pictures of the well-known recipe: both with boxes (`fill`: painted over), difference, heat map.

        Raises
        ------
        ValueError : there was nothing to compare.
        """
        if self.evidence is None:
            raise ValueError(f"{self.image} was not compared: there is nothing to draw")
        return _drawings(self.evidence, self.regions, fill)

    def line(self) -> dict[str, Any]:
        """One line of ``watcher compare --json``."""
        error = self.error
        return {
            "schema": 1,
            "reference": self.reference,
            "image": self.image,
            "verdict": self.verdict,
            "changed": self.changed,
            "score": None if self.score is None else round(self.score, 6),
            "changed_fraction": None if self.changed_fraction is None else round(self.changed_fraction, 6),
            "regions": [_region_line(region) for region in self.regions],
            "alignment": None,
            "reason": self.reason,
            "elapsed_ms": round(self.elapsed_ms, 1),
            "error": None if error is None else {"kind": type(error).__name__, "message": str(error)},
        }


def compare(
    reference: Picture | Sequence[Picture],
    image: Picture,
    profile: str = "plain",
    roi: Part | None = None,
) -> Comparison:
    """What differs in `image` from `reference`.

    Parameters
    ----------
    reference : a picture, a folder of pictures, or a list of either pictures: several good samples of one size are
        averaged, which takes their noise off but blurs what moves between them. (What may vary from sample to
        sample is not learnt yet.)
    image : the picture to judge. Another size of the same aspect is resized to the reference.
    profile : ``plain``: every change counts, nothing is aligned and no light corrected; or one of the others.
    roi : compare only this part: (x, y, width, height) in pixels of the reference, or text as on the command
        line, ``"10,20,300,200"`` or ``"10%,10%,50%,50%"``.

    Raises
    ------
    PictureUnreadable, ReferenceUnusable : what it says; the latter also where the aspects differ.
    ValueError : an argument makes no sense.
    """
    return Comparer(reference, profile, roi).against(image)


class Comparer:
    """One reference for many pictures; `compare` is this for one."""

    def __init__(
        self,
        reference: Picture | Sequence[Picture],
        profile: str = "plain",
        roi: Part | None = None,
    ) -> None:
        chosen = profiles.settings(profile)
        self._options = chosen.detector
        if isinstance(chosen.reference, FixedOptions):
            self._options = replace(chosen.detector, size=FULL_RESOLUTION)
        self._threshold = chosen.events.threshold
        self.name = _name(reference)
        self._reference = _reference_picture(reference)
        self._part = part_box(roi, _size(self._reference))

    def against(self, image: Picture) -> Comparison:
        """One picture; each is judged by itself, whatever came before. Raises as `compare` does."""
        began = time.perf_counter()
        picture = _picture(image)
        full = _size(self._reference)
        self._check_aspect(_size(picture))
        level = _resized(picture, full)
        expected, found = _cropped(self._reference, self._part), _cropped(level, self._part)
        detector = self._detector(_size(picture))
        detector.use_reference(expected)
        detection = detector.step(Frame(0.0, _NOW, ArrayPixels(found)))
        score = standard_score(_grey(expected), _grey(found))
        evidence = self._evidence(detector, picture)
        regions = tuple(_placed(region, self._part, full, _size(picture)) for region in detection.regions)
        verdict, changed, reason = self._judged(detection)
        return Comparison(
            reference=self.name,
            image=_name(image),
            verdict=verdict,
            changed=changed,
            score=score,
            changed_fraction=None if changed is None else detection.changed_fraction,
            regions=regions,
            reason=reason,
            elapsed_ms=(time.perf_counter() - began) * 1000,
            evidence=evidence,
        )

    def _check_aspect(self, size: Size) -> None:
        (width, height), (wanted_width, wanted_height) = size, _size(self._reference)
        if abs(width * wanted_height / (height * wanted_width) - 1) > SAME_ASPECT:
            raise ReferenceUnusable(
                f"the picture is {width}x{height}, the reference {wanted_width}x{wanted_height}:"
                " pictures of another aspect cannot be compared"
            )

    def _detector(self, size: Size) -> Detector:
        # A picture that had to be enlarged is analysed at its own size: enlarging blurs, and blur is no change.
        own = round(max(self._part.width, self._part.height) * min(1.0, size[0] / self._reference.shape[1]))
        # A part of fewer pixels than count as a speck is no speck.
        smallest = min(self._options.smallest, self._part.area)
        # Whatever the picture shows is judged: a black one is another picture and no camera's trouble.
        size_analysed = max(32, min(self._options.size, own))
        options = replace(self._options, size=size_analysed, smallest=smallest, health=False)
        return Detector(options, WatchedOptions(), FixedOptions(), None)

    def _judged(self, detection: Detection) -> tuple[Verdict, bool | None, str]:
        if detection.outcome not in ("clear", "changed"):
            return "NOT_INSPECTED", None, detection.reason or f"there is no verdict: {detection.outcome}"
        count, share = len(detection.regions), f"{100 * detection.changed_fraction:.3g} %"
        if count == 0:
            return "PASS", False, "nothing differs"
        if detection.changed_fraction < self._threshold:
            return "PASS", False, f"changed {share}, less than the threshold {100 * self._threshold:.3g} %"
        return (
            "FAIL",
            True,
            f"{count} region{'s differ' if count > 1 else ' differs'}, {share} of what was compared",
        )

    def _evidence(self, detector: Detector, picture: U8) -> Evidence:
        part = _scaled(self._part, _size(self._reference), _size(picture))
        return Evidence(self._reference, picture, part, detector.change.copy(), detector.changed.copy())


def not_inspected(reference: str, image: str, error: WatcherError, elapsed_ms: float = 0.0) -> Comparison:
    """The line of a picture that could not be compared."""
    return Comparison(reference, image, "NOT_INSPECTED", None, None, None, (), str(error), elapsed_ms, error)


def _reference_picture(reference: Picture | Sequence[Picture]) -> U8:
    try:
        if isinstance(reference, (str, Path)) and os.path.isdir(reference):
            return mean_picture(_samples(picture_files(Path(reference))))
        if isinstance(reference, (str, Path, np.ndarray)):
            return _picture(reference)
        return mean_picture(_samples(reference))
    except PictureUnreadable as error:
        raise ReferenceUnusable(str(error)) from None


def _samples(samples: Sequence[Picture]) -> Iterator[U8]:
    return (_picture(sample) for sample in samples)


def _picture(picture: Picture) -> U8:
    """uint8 BGR of shape (H, W, 3)."""
    if isinstance(picture, (str, Path)):
        return read_picture(picture)
    if not isinstance(picture, np.ndarray):
        raise TypeError(f"expected a path or a NumPy array, got {type(picture).__name__}")
    if picture.size == 0:
        raise ValueError(f"the picture is empty: its shape is {picture.shape}")
    return ArrayPixels(np.ascontiguousarray(picture)).bgr()


def _name(picture: Picture | Sequence[Picture]) -> str:
    if isinstance(picture, (str, Path)):
        return shown(Path(picture))
    return "array" if isinstance(picture, np.ndarray) else f"{len(picture)} good samples"


def _region_line(region: Region) -> dict[str, Any]:
    box = region.box
    return {
        "x": box.x0, "y": box.y0, "width": box.width, "height": box.height,
        "area": region.area, "peak": round(region.peak, 4), "zone": region.zones[0] if region.zones else None,
    }  # fmt: skip


def _drawings(evidence: Evidence, regions: tuple[Region, ...], fill: bool) -> Drawings:
    size = _size(evidence.picture)
    whole = _size(evidence.reference)
    change = np.zeros((size[1], size[0]), np.float32)
    _cropped(change, evidence.part)[:] = cv2.resize(evidence.change, (evidence.part.width, evidence.part.height))
    difference = np.full_like(evidence.picture, 255)
    level = _resized(evidence.reference, size)
    _cropped(difference, evidence.part)[:] = draw.difference(
        _cropped(level, evidence.part), _cropped(evidence.picture, evidence.part)
    )
    if fill:
        changed = np.zeros((size[1], size[0]), np.uint8)
        part = (evidence.part.width, evidence.part.height)
        _cropped(changed, evidence.part)[:] = draw.scaled_mask(evidence.changed, part)
        marked = draw.filled(evidence.reference, changed), draw.filled(evidence.picture, changed)
    else:
        there = tuple(_resized_region(region, size, whole) for region in regions)
        marked = draw.annotated(evidence.reference, there), draw.annotated(evidence.picture, regions)
    return Drawings(*marked, difference, draw.heatmap(evidence.picture, change))


def _placed(region: Region, part: Box, full: Size, size: Size) -> Region:
    """A region of the part that was compared, in pixels of the picture as it was given."""
    box = region.box
    box = Box(box.x0 + part.x0, box.y0 + part.y0, box.x1 + part.x0, box.y1 + part.y0)
    return _resized_region(replace(region, box=box), full, size)


def _resized_region(region: Region, from_size: Size, to_size: Size) -> Region:
    if from_size == to_size:
        return region
    scale = to_size[0] * to_size[1] / (from_size[0] * from_size[1])
    area = max(1, round(region.area * scale))
    return replace(region, box=_scaled(region.box, from_size, to_size), area=area)


def _scaled(box: Box, from_size: Size, to_size: Size) -> Box:
    return box.scaled(to_size[0] / from_size[0], to_size[1] / from_size[1], to_size)


def _cropped(picture: NDArray[Any], part: Box) -> NDArray[Any]:
    return picture[part.y0 : part.y1, part.x0 : part.x1]


def _resized(picture: U8, size: Size) -> U8:
    if _size(picture) == size:
        return picture
    smaller = size[0] < picture.shape[1]
    return cast(U8, cv2.resize(picture, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC))


def _grey(picture: U8) -> U8:
    return cast(U8, cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))


def _size(picture: NDArray[Any]) -> Size:
    return picture.shape[1], picture.shape[0]
