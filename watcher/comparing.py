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
from watcher.inspection.golden import teach
from watcher.inspection.inspector import Inspector
from watcher.inspection.verdict import Alignment, Inspection
from watcher.pictures import mean_picture, picture_files, read_picture, shown
from watcher.vision.arrays import U8
from watcher.vision.detection import Detection, Region
from watcher.vision.detector import Detector
from watcher.vision.evidence import Drawings, Evidence, cropped, drawings, resized, resized_region, scaled, size_of
from watcher.vision.frame import ArrayPixels, Frame
from watcher.vision.geometry import Box, Size
from watcher.vision.options import WatchedOptions, ZoneOptions
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
    alignment : how the part lies, where the profile registers pictures (`inspection`); else None.
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
    alignment: Alignment | None = None

    def drawings(self, fill: bool = False) -> Drawings:
        """The pictures of the well-known recipe: both with boxes (`fill`: painted over), difference, heat map.

        Raises
        ------
        ValueError : there was nothing to compare.
        """
        if self.evidence is None:
            raise ValueError(f"{self.image} was not compared: there is nothing to draw")
        return drawings(self.evidence, self.regions, fill)

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
            "alignment": None if self.alignment is None else self.alignment.line(),
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
    reference : a picture, a folder of pictures, or a list of either pictures: several good samples of one size.
        With the profile `inspection` they are registered to each other and teach what may vary; otherwise they are
        averaged, which takes their noise off but blurs what moves between them.
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
        self._inspector: Inspector | None = None
        if profile == "inspection":
            golden = teach(_good_samples(reference)).golden
            self._reference = _picture(golden.picture)
            self._part = part_box(roi, size_of(self._reference))
            self._inspector = Inspector(golden, None, _only(self._part, golden.size))
        else:
            self._reference = _reference_picture(reference)
            self._part = part_box(roi, size_of(self._reference))

    def against(self, image: Picture) -> Comparison:
        """One picture; each is judged by itself, whatever came before. Raises as `compare` does."""
        began = time.perf_counter()
        picture = _picture(image)
        if self._inspector is not None:
            return self._inspected(self._inspector, picture, _name(image), began)
        full = size_of(self._reference)
        self._check_aspect(size_of(picture))
        level = resized(picture, full)
        expected, found = cropped(self._reference, self._part), cropped(level, self._part)
        detector = self._detector(size_of(picture))
        detector.use_reference(expected)
        detection = detector.step(Frame(0.0, _NOW, ArrayPixels(found)))
        score = standard_score(_grey(expected), _grey(found))
        evidence = self._evidence(detector, picture)
        regions = tuple(_placed(region, self._part, full, size_of(picture)) for region in detection.regions)
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

    def _inspected(self, inspector: Inspector, picture: U8, name: str, began: float) -> Comparison:
        """By the inspection engine: registered, and judged by itself, however the last one lay."""
        full, size = inspector.golden.size, size_of(picture)
        level = resized(picture, full) if self._has_aspect(size) else picture
        inspector.forget()
        found = inspector.inspect(level)
        score = None
        if size_of(level) == full:
            expected, seen = (cropped(one, self._part) for one in (self._reference, level))
            score = standard_score(_grey(expected), _grey(seen))
        return Comparison(
            reference=self.name,
            image=name,
            verdict=found.verdict,
            changed={"PASS": False, "FAIL": True}.get(found.verdict),
            score=score,
            changed_fraction=found.changed_fraction,
            regions=tuple(resized_region(replace(region, zones=()), full, size) for region in found.regions),
            reason=found.reason,
            elapsed_ms=(time.perf_counter() - began) * 1000,
            evidence=_evidence(self._reference, picture, found),
            alignment=found.alignment,
        )

    def _has_aspect(self, size: Size) -> bool:
        (width, height), (wanted_width, wanted_height) = size, size_of(self._reference)
        return abs(width * wanted_height / (height * wanted_width) - 1) <= SAME_ASPECT

    def _check_aspect(self, size: Size) -> None:
        (width, height), (wanted_width, wanted_height) = size, size_of(self._reference)
        if not self._has_aspect(size):
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
        part = scaled(self._part, size_of(self._reference), size_of(picture))
        return Evidence(self._reference, picture, part, detector.change.copy(), detector.changed.copy())


def not_inspected(reference: str, image: str, error: WatcherError, elapsed_ms: float = 0.0) -> Comparison:
    """The line of a picture that could not be compared."""
    return Comparison(reference, image, "NOT_INSPECTED", None, None, None, (), str(error), elapsed_ms, error)


def _good_samples(reference: Picture | Sequence[Picture]) -> list[U8]:
    try:
        if isinstance(reference, (str, Path)) and os.path.isdir(reference):
            return list(_samples(picture_files(Path(reference))))
        if isinstance(reference, (str, Path, np.ndarray)):
            return [_picture(reference)]
        return list(_samples(reference))
    except PictureUnreadable as error:
        raise ReferenceUnusable(str(error)) from None


def _only(part: Box, size: Size) -> WatchedOptions:
    """Nothing but a part of the reference is watched; everything where that is the whole of it."""
    if part == Box(0, 0, *size):
        return WatchedOptions()
    (x0, x1), (y0, y1) = ((low / side, high / side) for low, high, side in _sides(part, size))
    return WatchedOptions(zones={"roi": ZoneOptions(points=((x0, y0), (x1, y0), (x1, y1), (x0, y1)))})


def _sides(part: Box, size: Size) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    return (part.x0, part.x1, size[0]), (part.y0, part.y1, size[1])


def _evidence(reference: U8, picture: U8, found: Inspection) -> Evidence | None:
    """None where nothing could be compared."""
    if found.drawn is None:
        return None
    maps = found.drawn()
    size = size_of(picture)
    return Evidence(
        reference, picture, Box(0, 0, *size), maps.difference, maps.changed, resized(_picture(maps.golden), size)
    )


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
    if isinstance(picture, np.ndarray):
        return "array"
    if not isinstance(picture, Sequence):
        raise TypeError(f"expected a path, a NumPy array or a list of them, got {type(picture).__name__}")
    return f"{len(picture)} good samples"


def _region_line(region: Region) -> dict[str, Any]:
    box, there = region.box, region.reference_box
    return {
        **_sides_of(box),
        "area": region.area, "peak": round(region.peak, 4), "zone": region.zones[0] if region.zones else None,
        **({} if there is None else {"reference_box": _sides_of(there)}),
    }  # fmt: skip


def _placed(region: Region, part: Box, full: Size, size: Size) -> Region:
    """A region of the part that was compared, in pixels of the picture as it was given."""
    box = region.box
    box = Box(box.x0 + part.x0, box.y0 + part.y0, box.x1 + part.x0, box.y1 + part.y0)
    return resized_region(replace(region, box=box), full, size)


def _grey(picture: U8) -> U8:
    return cast(U8, cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))


def _sides_of(box: Box) -> dict[str, int]:
    return {"x": box.x0, "y": box.y0, "width": box.width, "height": box.height}
