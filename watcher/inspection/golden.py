"""The golden part: what it looks like, and how much it may vary from place to place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watcher.errors import ReferenceUnusable
from watcher.inspection.options import InspectionOptions
from watcher.vision.arrays import F32, U8
from watcher.vision.geometry import Size

_SCHEMA = 1


@dataclass(frozen=True, slots=True, eq=False)
class Golden:
    """What good samples have in common.

    Attributes
    ----------
    picture : uint8, BGR of shape (H, W, 3) or grey of shape (H, W): what a good part looks like.
    spread : float32 (H, W), grey levels: standard deviation from sample to sample. Of a single sample nothing is
        known: 0.
    count : how many samples it was learnt from.
    rough : float32 (H, W): how rough the samples' surface was, each by itself; None where that is `picture`'s own.
    rough_spread : float32 (H, W): how much that varied from sample to sample; None where that is not known.
    hue_spread : float32 at half that size: standard deviation of the colour from sample to sample, levels in the
        a, b plane of Lab; None where there is no colour, or one sample.
    """

    picture: U8
    spread: F32
    count: int
    rough: F32 | None = None
    rough_spread: F32 | None = None
    hue_spread: F32 | None = None

    @property
    def size(self) -> Size:
        """(width, height) of the pictures that it judges."""
        return self.picture.shape[1], self.picture.shape[0]

    def memory(self) -> dict[str, NDArray[Any]]:
        """What must be kept to be the same after a restart."""
        return {
            "golden_schema": np.array(_SCHEMA),
            "picture": self.picture,
            "spread": self.spread.astype(np.float16),
            "count": np.array(self.count),
            **{key: part.astype(np.float16) for key, part in self._learnt.items() if part is not None},
        }

    @property
    def _learnt(self) -> dict[str, F32 | None]:
        return {"rough": self.rough, "rough_spread": self.rough_spread, "hue_spread": self.hue_spread}

    @staticmethod
    def remembered(memory: Mapping[str, NDArray[Any]]) -> "Golden":
        """The golden part that `memory` was made of.

        Raises
        ------
        ReferenceUnusable : it is something else, of a format that is not known, or broken.
        """
        if "golden_schema" not in memory:
            raise ReferenceUnusable("this reference is not a golden part: teach one with `watcher reference teach`")
        schema = int(memory["golden_schema"])
        if schema != _SCHEMA:
            raise ReferenceUnusable(f"this golden part was written in the format {schema}, which is not known here")
        try:
            picture, spread, count = memory["picture"], memory["spread"], int(memory["count"])
        except KeyError as error:
            raise ReferenceUnusable(f"this golden part is broken: {error} is missing") from None
        if picture.dtype != np.uint8 or picture.ndim not in (2, 3) or spread.shape != picture.shape[:2]:
            raise ReferenceUnusable("this golden part is broken: its arrays do not fit together")
        keys = ("rough", "rough_spread", "hue_spread")
        more = (memory[key].astype(np.float32) if key in memory else None for key in keys)
        return Golden(picture, spread.astype(np.float32), count, *more)


@dataclass(frozen=True, slots=True)
class Disagreeing:
    """A sample that is not like the others: its place in the list, from 0; which part of it differs; why."""

    index: int
    fraction: float
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """What was learnt, and what a person should know of it.

    `disagreeing` samples were left out. `smallest_defect` is the smallest, in pixels, that this set can hold: what
    is smaller is lost in its variation.
    """

    golden: Golden
    disagreeing: tuple[Disagreeing, ...] = ()
    smallest_defect: float = 0.0
    reason: str = field(default="")

    def picture(self) -> U8:
        """For people: what a good part looks like, and where it varies. uint8 BGR."""
        from watcher.inspection.drawing import taught_picture

        return taught_picture(self.golden)


def teach(samples: Sequence[U8], options: InspectionOptions | None = None) -> Taught:
    """A golden part from one or many good samples (uint8, BGR or grey, all of one size).

    Raises
    ------
    ReferenceUnusable : there are none, their sizes differ, or fewer than half of them agree.
    """
    from watcher.inspection.learning import learnt

    check_samples(samples)
    return learnt(samples, options or InspectionOptions())


def extend(golden: Golden, samples: Sequence[U8], options: InspectionOptions | None = None) -> Taught:
    """`golden` with more good samples; raises as `teach` does, also where their size is another."""
    from watcher.inspection.learning import extended

    check_samples(samples, golden.size)
    return extended(golden, samples, options or InspectionOptions())


def accept(golden: Golden, sample: U8, options: InspectionOptions | None = None) -> Taught:
    """`golden` with a sample of which a person says that it is good: where it differs, parts may from now on.

    Raises
    ------
    ReferenceUnusable : it has another size, or is no such part.
    """
    from watcher.inspection.learning import accepted

    check_samples([sample], golden.size)
    return accepted(golden, sample, options or InspectionOptions())


def check_samples(samples: Sequence[U8], size: Size | None = None) -> None:
    """Refuse samples that cannot be learnt together: ReferenceUnusable says which."""
    if not samples:
        raise ReferenceUnusable("there are no good samples")
    wanted = size or (samples[0].shape[1], samples[0].shape[0])
    for number, sample in enumerate(samples, 1):
        if (sample.shape[1], sample.shape[0]) != wanted:
            raise ReferenceUnusable(
                f"good samples must have one size: {wanted[0]}x{wanted[1]} is wanted,"
                f" number {number} is {sample.shape[1]}x{sample.shape[0]}"
            )
