"""What becomes of a step of light: another look of the same scene, known already or learnt at once.

Where the light has stepped (see `watcher.vision.step`) the looks that are known are tried first. If none fits, the
reference is put into the new light (`watcher.vision.relit`): what that does not explain is new and stays change;
the rest is the look from now on. Nothing is blind meanwhile. A thing that fills most of the picture is no light:
the edges of the scene must still be there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from watcher.vision.arrays import F32, U8, above
from watcher.vision.change import ChangeMap, Levels, Limits, change_map, changed_pixels
from watcher.vision.frame import Chroma
from watcher.vision.lit import Lit
from watcher.vision.reference.bank import Bank, Look, planes_of
from watcher.vision.reference.scene import Scene
from watcher.vision.reference.tint import Tint
from watcher.vision.regions import Patch, mask_of, patches
from watcher.vision.relit import Predicted, predicted
from watcher.vision.ssim import Comparison
from watcher.vision.step import MUCH, Origin, Steps, color_flipped
from watcher.vision.tinge import Tinge
from watcher.vision.watched import Watched

ONLY_LIGHT = "only the light changed"
NOTEWORTHY = 0.01
"""Part of the picture that must have differed for that to be told."""

_REACH, _STRONG = 2, 0.6
_FITS, _BETTER = 0.15, 0.5
"""Part of the picture that may differ from a look that is known, and how much less than from the one in force."""

_MOST_NEW = 0.4
"""Part of the picture beyond which it is not light that makes it differ."""

_COARSER = 1.5
"""How much more must differ from a prediction than from a picture that has been seen."""

_EDGE, _PERSISTS, _THERE = 4.0, 0.73, 0.5
"""Grey levels a pixel that are an edge of the scene; how much of its edges must be there still (.75 and more is,
with somebody before a tenth of the picture; .70 and less, with a lorry), and how much where it differs."""

_LEAST_EDGES = 60
_LEAST_SPREAD, _MOST_MISFIT = 1.0, 150.0
_SPOT = np.ones((7, 7), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Relit:
    """The `look` that is in force from now on, what has really changed, the change map (float32 (h, w)), and where
    (255) the frame shows nothing but another light than the look in force."""

    look: Look
    found: list[Patch]
    change: F32
    light_only: U8 | None = None


class Relighting:
    """Follows the looks of one scene at one size."""

    def __init__(self, watched: Watched, level: Levels, smallest: int) -> None:
        self.bank = Bank()
        self._watched, self._smallest = watched, smallest
        self._fine = level
        self._coarse = Levels(min(0.95, level.structure * _COARSER), level.tone * _COARSER, level.color)
        self._steps = Steps()

    def judged(self, look: Look, luma: U8, found: Sequence[Patch], colors: Tinge, at: float) -> Relit | None:
        """What a frame with change shows; None where it has nothing to do with a step of light."""
        share = sum(patch.area for patch in found) / max(1, self._watched.pixels)
        sudden, origin = self._steps.sudden(share, at), self._steps.origin(at)
        flipped = self._steps.look_due(share, at) and color_flipped(colors, look.tint, self._watched.everything)
        if sudden or flipped:
            if known := self.known(look, luma, 1.0 if flipped else share, at):
                return known
            if origin is None:
                return self._first(look, luma, found, colors, at)
        if origin is None:
            return None
        made, change, new = self._predicted(origin, luma, at)
        if self._watched.fraction(mask_of(new, luma.shape)) > _MOST_NEW:
            self._steps.forget()
            return None
        if share > MUCH:
            return Relit(_adopted(origin.look, luma, made, new, colors.whole, at), new, change)
        return self._held(look, found, new, change)

    def quiet(self, at: float) -> None:
        """A frame came in which nothing differs."""
        self._steps.quiet(at)

    def best(self, luma: U8) -> tuple[Look, float] | None:
        """The look in the bank that is nearest to a frame, and which part of the picture differs from it."""
        tried = []
        for look in self.bank:
            _, _, share, lit = self._tried(look, luma, look.stale)
            # A dark, flat picture is any scene in a light that leaves nothing of it.
            if _persists(look.scene.expected[0], luma, lit.picture, lit.clipped(luma)):
                tried.append((look, share))
        return min(tried, key=lambda one: one[1], default=None)

    def _first(self, look: Look, luma: U8, found: Sequence[Patch], colors: Tinge, at: float) -> Relit | None:
        lit = Lit(self._watched.everything)
        lit.show(look.scene.expected[0])
        origin = Origin(look, lit)
        made, change, new = self._predicted(origin, luma, at)
        if self._watched.fraction(mask_of(new, luma.shape)) > _MOST_NEW:
            return None
        old = cast(U8, cv2.subtract(mask_of(found, luma.shape), mask_of(new, luma.shape)))
        if not _persists(look.scene.expected[0], luma, made.picture, made.same, old):
            return None
        self._steps.begin(origin, at)
        self.bank.put(look)
        return Relit(_adopted(look, luma, made, new, colors.whole, at), new, change)

    def known(self, look: Look, luma: U8, share: float, at: float) -> Relit | None:
        """The look in the bank that the frame shows, if there is one."""
        best = self.best(luma)
        if best is None or best[1] > min(_FITS, _BETTER * share):
            return None
        known = best[0]
        _catch_up(known, look, luma, self._tried(known, luma)[3])
        changed, change, _, lit = self._tried(known, luma)
        self.bank.take(known)
        if all(one is not look for one in self.bank):
            self.bank.put(look)
        self._steps.begin(Origin(known, lit), at)
        return Relit(known, changed, change)

    def _held(self, look: Look, found: Sequence[Patch], new: Sequence[Patch], change: F32) -> Relit:
        """While the light settles: what differs from the new look, and is new to the old one, too."""
        differs = mask_of(found, change.shape)
        kept = cast(U8, cv2.bitwise_and(differs, cv2.dilate(mask_of(new, change.shape), _SPOT)))
        whole = (slice(0, change.shape[0]), slice(0, change.shape[1]))
        left = patches(kept, above(change, 0.5), self._smallest, whole)
        return Relit(look, left, change, cast(U8, cv2.subtract(differs, mask_of(left, change.shape))))

    def _predicted(self, origin: Origin, luma: U8, at: float) -> tuple[Predicted, F32, list[Patch]]:
        """The reference in the light of the frame, the change map against that, and what has changed."""
        lit = origin.lit
        lit.see(luma)
        lit.match(at)
        made = predicted(luma, planes_of(origin.look), lit.picture, self._watched.everything)
        comparison = Comparison(cast(tuple[int, int], luma.shape))
        comparison.set_reference(made.picture)
        comparison.load(luma, made.same)
        misfit = np.minimum(cv2.multiply(comparison.mean, comparison.mean), np.float32(_MOST_MISFIT))
        spread = cv2.blur(misfit, (63, 63)) + np.float32(made.spread + _LEAST_SPREAD)
        change = change_map(comparison, Limits(cast(F32, spread), comparison, self._coarse), _everywhere(luma))
        return made, change.joined(), self._found(change)

    def _tried(self, look: Look, luma: U8, stale: U8 | None = None) -> tuple[list[Patch], F32, float, Lit]:
        """What differs from a look: the patches, the change map, its part of the picture; and the light on it."""
        lit = Lit(self._watched.everything)
        lit.show(look.scene.expected[0])
        lit.see(luma)
        lit.match(0.0)
        spread = look.scene.spread
        if spread is None:
            spread = np.full(luma.shape, 4, np.float32)
        lit.match_parts(float(np.median(spread[::8, ::8])))
        comparison = Comparison(cast(tuple[int, int], luma.shape))
        comparison.set_reference(lit.picture)
        comparison.load(luma, lit.clipped(luma))
        change = change_map(comparison, Limits(lit.spread(spread), comparison, self._fine), _everywhere(luma))
        found = self._found(change)
        differs = mask_of(found, luma.shape)
        if stale is not None:
            differs = cast(U8, cv2.subtract(differs, stale))
        return found, change.joined(), self._watched.fraction(differs), lit

    def _found(self, change: ChangeMap) -> list[Patch]:
        changed = changed_pixels(change, self._watched.everything, _REACH)
        return patches(changed, above(change.joined(), _STRONG), self._smallest, _everywhere(changed))


def _everywhere(picture: U8) -> tuple[slice, slice]:
    return slice(0, picture.shape[0]), slice(0, picture.shape[1])


def _persists(reference: F32, luma: U8, made: F32, same: U8 | None, asked: U8 | None = None) -> bool:
    """Whether the edges of the scene are there in a frame, as in `made`: the scene in its light.

    Those in `same` (255), which are clipped, do not count; in `asked` (255) most of them must be there as well.
    """
    here, edges = (_slopes(one) for one in (luma.astype(np.float32), made))
    known = np.hypot(*_slopes(reference)) > _EDGE
    if same is not None:
        known &= same == 0
    if np.count_nonzero(known) < _LEAST_EDGES:
        return False
    alike = (here[0] * edges[0] + here[1] * edges[1]) / (np.hypot(*here) * np.hypot(*edges) + np.float32(1))
    inside = known if asked is None else known & (asked > 0)
    there = np.count_nonzero(inside) < _LEAST_EDGES or float(alike[inside].mean()) > _THERE
    return there and float(alike[known].mean()) > _PERSISTS


def _slopes(picture: F32) -> tuple[F32, F32]:
    smooth = cv2.GaussianBlur(picture, (0, 0), 1.0)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, dx, 1 - dx, scale=1 / 8) for dx in (1, 0))
    return cast(F32, across), cast(F32, down)


def _adopted(before: Look, luma: U8, made: Predicted, new: Sequence[Patch], chroma: Chroma, at: float) -> Look:
    """The look that a frame shows; where something is new, what the scene is predicted to look like."""
    hidden = cv2.dilate(mask_of(new, luma.shape), _SPOT) > 0
    old = before.scene
    planes = [np.where(hidden, made.picture, luma).astype(np.float32)]
    for kept, now in zip(old.expected[1:], chroma, strict=False):
        planes.append(np.where(hidden, kept, now).astype(np.float32))
    spread = np.full(luma.shape, 2 * made.spread + _LEAST_SPREAD, np.float32)
    scene = Scene(np.stack(planes), spread)
    scene.begin()
    scene.settle_as(old)
    tint = Tint()
    tint.learn(chroma, np.full_like(luma, 255), at)
    return Look(scene, tint)


def _catch_up(known: Look, look: Look, luma: U8, lit: Lit) -> None:
    """Take over into a look that comes into force what has settled, or gone, since it was so last."""
    settled = look.scene.settled > 0
    outdated = settled if known.stale is None else settled | (known.stale > 0)
    known.stale = None
    if not outdated.any():
        return
    known.scene.catch_up(outdated, lit.undone(luma), look.scene)
