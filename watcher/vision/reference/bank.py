"""Several looks of one scene: by day, at night under infrared lamps, with the lamp on.

Each is a reference of its own, with its noise and its colours. The picture itself says which one it shows; the one
that has not been used for longest goes when there are too many. What has settled, or gone, while another look was
in force is noted, and taken over with the change of looks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from watcher.errors import ReferenceUnusable
from watcher.vision.arrays import U8
from watcher.vision.reference.scene import Memory, Scene, remembered
from watcher.vision.reference.tint import Tint

MOST = 3
"""Looks kept beside the one in force."""


@dataclass(slots=True, eq=False)
class Look:
    """One look of the scene. `stale` (255): what has settled or gone since it was in force; None: nothing."""

    scene: Scene
    tint: Tint = field(default_factory=Tint)
    stale: U8 | None = None


class Bank:
    """The looks that are not in force, the one used last at the end."""

    def __init__(self) -> None:
        self._looks: list[Look] = []

    def __iter__(self) -> Iterator[Look]:
        """The one used last first."""
        return reversed(self._looks.copy())

    def __len__(self) -> int:
        return len(self._looks)

    def put(self, look: Look) -> None:
        """Keep a look that is in force no longer."""
        self._looks = [*self._looks, look][-MOST:]

    def take(self, look: Look) -> None:
        """A look comes into force."""
        self._looks = [one for one in self._looks if one is not look]

    def clear(self) -> None:
        """Forget them all: the scene is another."""
        self._looks = []

    def outdate(self, where: U8) -> None:
        """Something has settled, or gone, in `where` (255)."""
        for look in self._looks:
            look.stale = where.copy() if look.stale is None else np.bitwise_or(look.stale, where)

    def memory(self) -> dict[str, NDArray[np.generic]]:
        """What must survive a restart."""
        kept: dict[str, NDArray[np.generic]] = {}
        for number, look in enumerate(self._looks):
            kept |= {f"look{number}_{key}": array for key, array in look_memory(look).items()}
        return kept

    def remember(self, memory: Memory, shape: tuple[int, int], count: int) -> None:
        """Go on with what `memory` gave before; a look that does not fit is left out."""
        self._looks = []
        for number in range(MOST):
            begins = f"look{number}_"
            part = {key.removeprefix(begins): array for key, array in memory.items() if key.startswith(begins)}
            if part:
                try:
                    self._looks.append(remembered_look(part, shape, count))
                except ReferenceUnusable:
                    continue


def look_memory(look: Look) -> dict[str, NDArray[np.generic]]:
    """One look, for `remembered_look`."""
    kept = {**look.scene.memory(), **look.tint.memory()}
    if look.stale is not None:
        kept["stale"] = look.stale
    return kept


def remembered_look(memory: Memory, shape: tuple[int, int], count: int) -> Look:
    """The look from `look_memory`, if it is of `shape` (h, w) and `count` planes; else ReferenceUnusable."""
    look = Look(remembered(memory, shape, count))
    look.tint.remember(memory, shape)
    stale = memory.get("stale")
    if stale is not None and stale.shape == shape and stale.dtype == np.uint8:
        look.stale = stale.astype(np.uint8)
    return look


def planes_of(look: Look) -> Sequence[NDArray[np.float32]]:
    """The luma of a look, and its colours (centred on 0) where they are known."""
    return [look.scene.expected[0], *look.tint.planes()]
