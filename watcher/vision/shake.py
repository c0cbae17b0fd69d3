"""Camera shake and slow drift: where the reference lies in each picture, and the picture brought back onto it.

A camera that stands is recognised by a look at some hundred points of the reference (`watcher.vision.points`), and
nothing more is done. Where too many of them are off, turn and shift are refined from where the camera stood last;
where that does not meet, every shift within `REACH` is tried on a picture of half the size without its low
frequencies (nor soft shadows), and refined from there.

What was found is believed only where it fits nearly everywhere. A thing that moves, and a tree that sways, make
their own part fit better, and the parts that stand still worse. Of a camera that has stood so far more is asked
than of one that is known to shake.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import cv2
import numpy as np

from watcher.vision.arrays import F32, U8
from watcher.vision.points import Fit, Points, edge_places
from watcher.vision.reference.scene import Planes, Scene, learnt
from watcher.vision.sway import STANDING, Sway, drawn_back
from watcher.vision.turns import Turns

REACH = 16
"""Pixels of the analysed picture: larger shifts are not shake, the camera has been moved."""

STILL = 0.12
"""Pixels at the corners of the picture: less is not worth bending the picture for."""

SHAKES_FOR, SHAKES = 10.0, 0.3
"""Seconds after the last shift for which a camera is known to shake, and pixels at the corners of such a shift: a
mast that trembles by less would cost a search in every frame, and shows in none."""

_AS_USUAL = 0.85
"""Part of the usual share of fitting points at which a place is taken to be the right one."""

_ALL_FIT = 0.995
"""The same for a camera that shakes: small shifts count there, too."""

_UNLIKE = 0.35
"""A share like that of a picture of something else."""

_FINE, _COARSE = (6, 2.5), (5, 2.0)
"""Points in each part of the picture, and how steep they are at least, grey levels a pixel."""

_FAINT = 0.4
"""A gain at which a covered lens could be the scene in a dim light."""

_NEAR, _FAR = (2.0, 1.5, 1.0, 1.0), (3.0, 2.0, 1.0, 1.0, 1.0)
"""Tolerances of the steps from where the camera stood last, and from where a search has led."""

_UNKNOWN_VARIANCE = 4.0
_FOLLOWS_EVERY, _CHOOSES_EVERY = 1.0, 10.0
"""Seconds after which the points' grey levels follow the reference, and after which others are chosen."""

_CALMED = np.float32(0.15)
"""What half the size and smoothing leave of the noise's variance; chroma subsampling and JPEG correlate it."""

_ROUNDS = 2
_MOST_REST = 8
"""Pictures that are passed over after a search in vain, at most: something large moves before a standing camera."""


class Layer:
    """The reference at one size, and the points of it; half the size and no low frequencies where `coarse`."""

    def __init__(self, looked_at: U8, coarse: bool) -> None:
        self._coarse = coarse
        self._looked_at = cast(U8, _half(looked_at)) if coarse else looked_at
        self.points: Points | None = None

    def choose(self, expected: F32, spread: F32 | None) -> None:
        """Choose points of `expected` (float32 (h, w)), where its noise has the variance `spread`."""
        picture, noise = self._prepared(expected, spread)
        places = edge_places(picture, noise, self._looked_at, *(_COARSE if self._coarse else _FINE))
        before, self.points = self.points, None
        if places is not None:
            self.points = Points(picture, places, noise.ravel()[places])
            if before is not None:
                trust = np.ones(picture.size, np.float32)
                trust[before.places] = before.trust
                self.points.trust = trust[places]

    def follow(self, expected: F32, spread: F32 | None) -> None:
        """The same points in a reference that has learnt a little."""
        if self.points is not None:
            picture, noise = self._prepared(expected, spread)
            trust, places = self.points.trust, self.points.places
            self.points = Points(picture, places, noise.ravel()[places])
            self.points.trust = trust

    def seen(self, picture: U8 | F32) -> F32:
        """A picture as `refined` and `searched` of a coarse layer want it."""
        half = _half(picture).astype(np.float32)
        low = cv2.blur(half, (13, 13))
        return cast(F32, cv2.subtract(cv2.GaussianBlur(half, (7, 7), 2.0), low))

    def _prepared(self, expected: F32, spread: F32 | None) -> tuple[F32, F32]:
        noise = np.full_like(expected, _UNKNOWN_VARIANCE) if spread is None else spread
        if self._coarse:
            return self.seen(expected), cast(F32, _half(noise) * _CALMED)
        return expected, noise


class Steady:
    """Follows a camera that shakes; one per reference and size of picture.

    Parameters
    ----------
    looked_at : uint8 (h, w), 255 where the picture shows the scene: no burnt-in text, nothing blacked out.

    Attributes
    ----------
    share : part of the reference's points that the last picture shows where they should be, 0 to 1; None where the
        reference has too few edges to tell. 0 where the light leaves so little of them that anything would fit.
    lost : the camera shakes, and this picture was found nowhere near the reference.
    """

    def __init__(self, looked_at: U8, turns: Turns | None = None) -> None:
        self._turns = turns or Turns()
        self._size = (looked_at.shape[1], looked_at.shape[0])
        self._looked_at = looked_at
        self.forget()

    def forget(self) -> None:
        """Another reference, which shows what the camera sees just now."""
        self._fine, self._coarse = Layer(self._looked_at, False), Layer(self._looked_at, True)
        self._chosen_at = self._followed_at = -math.inf
        self._coarse_chosen_at = self._coarse_followed_at = -math.inf
        self._reference: F32 | None = None
        self._spread: F32 | None = None
        self._fit = Fit()
        self._swayed_at = -math.inf
        self._usual = 0.8
        self._rest = self._rests = 0
        self.share: float | None = None
        self.lost = False

    @property
    def shakes(self) -> bool:
        """Whether the camera has been seen to move since the last `forget`."""
        return self._swayed_at > -math.inf

    @property
    def sway(self) -> Sway:
        """Where the reference lies in the last picture."""
        return self._fit.sway

    def drawn_back(self, planes: Sequence[U8], reference: F32) -> tuple[U8, ...]:
        """The planes of the last picture as the `reference` lies, which fills in what the picture does not show."""
        if self.sway == STANDING:
            return tuple(planes)
        fit, points = self._fit, self._fine.points
        middle = float(points.values.mean()) if points is not None else 0.0
        beyond = [cv2.convertScaleAbs(reference[0], None, fit.gain, fit.offset + (1 - fit.gain) * middle)]
        beyond += [cv2.convertScaleAbs(color) for color in reference[1:]]
        return tuple(
            drawn_back(plane, fit.sway, cast(U8, rest)) for plane, rest in zip(planes, beyond, strict=True)
        )

    def crispness(self, picture: U8) -> float:
        """How steep the edges are in a picture that was drawn back, in parts of what they are in the reference.

        In the light of the picture; 1 where the reference has too few.
        """
        points = self._fine.points
        return 1.0 if points is None else points.crispness(picture) / self._fit.gain

    def find(self, picture: U8, reference: F32, spread: F32 | None, at: float) -> Sway:
        """Where `reference` lies in `picture` (uint8 (h, w)).

        `reference` is the scene's planes, float32 (n, h, w), of which the first is looked at: the same array for as
        long as it only learns. `spread` is the variance of its noise, `at` seconds.
        """
        self._follow(reference, spread, at)
        points = self._fine.points
        self.lost = False
        if points is None:
            self._fit, self.share = Fit(), None
            return STANDING
        shakes = 0 <= at - self._swayed_at < SHAKES_FOR
        base, misfit = self._nearest(picture, points)
        share = points.share(misfit)
        if share < (_ALL_FIT if shakes else _AS_USUAL * self._usual) and not self._resting(shakes, share):
            base, misfit = self._found(picture, points, base, misfit, shakes)
            share = points.share(misfit)
            if share >= _UNLIKE:  # of a picture of something else there is nothing to learn
                points.learn_trust(misfit)
        reach = base.sway.reach(self._size)
        if reach >= SHAKES:
            self._swayed_at = at
        elif reach < STILL and base.sway != STANDING:
            base = replace(base, sway=STANDING)
        self._fit, self.share = base, share if base.gain > _FAINT else 0.0
        if share >= _UNLIKE:
            self._usual += (share - self._usual) * (0.3 if share > self._usual else 0.01)
        return base.sway

    def _nearest(self, picture: U8, points: Points) -> tuple[Fit, F32]:
        """Where the camera was last, or where it stands: whichever fits better, and how the points fit there."""
        standing = points.misfit_standing(picture, self._fit)
        if self._fit.sway == STANDING:
            return self._fit, standing
        still = replace(self._fit, sway=STANDING)
        misfit = points.misfit(picture, self._fit)
        return (self._fit, misfit) if points.share(misfit) >= points.share(standing) else (still, standing)

    def _resting(self, shakes: bool, share: float) -> bool:
        """Whether to leave it this time: the camera has been found to stand again and again behind what moves."""
        if shakes or share < _UNLIKE:
            self._rest = self._rests = 0
        self._rest = max(0, self._rest - 1)
        return self._rest > 0

    def _found(self, picture: U8, points: Points, base: Fit, at_base: F32, shakes: bool) -> tuple[Fit, F32]:
        """Where the camera stands now, if it can be told, and how the points fit there; else as it was."""
        best, at_best = base, at_base
        if points.share(at_base) > _UNLIKE:
            near = points.refined(picture, base, _NEAR)
            best, at_best = self._better(picture, points, near, best, at_best)
        searching = points.share(at_best) < _AS_USUAL * self._usual
        if searching:
            best, at_best = self._better(picture, points, self._searched(picture, points, base), best, at_best)
        self._rests, rests = 0, self._rests
        if best.sway != base.sway:
            # In the same light, or it would be the light that makes the difference.
            lit = replace(best, sway=base.sway)
            at_lit = points.misfit(picture, lit)
            if points.share(at_lit) > points.share(at_base):
                base, at_base = lit, at_lit
            if not self._believed(points, base.sway, at_base, best.sway, at_best, shakes):
                best, at_best = base, at_base
                self._rests = min(_MOST_REST, 2 * rests + 1)
        self._rest = self._rests
        self.lost = searching and shakes and points.share(at_best) < _UNLIKE
        return best, at_best

    def _searched(self, picture: U8, points: Points, base: Fit) -> Fit:
        """A fit from all shifts that shaking may make, by the coarse layer."""
        coarse = self._coarse_points()
        if coarse is None:
            return base
        small = self._coarse.seen(picture)
        wide = Fit(coarse.searched(small, base.gain, REACH // 2), base.gain)
        wide = coarse.refined(small, wide, (3.0, 2.0, 1.5), light=False)
        fit = points.refined(picture, replace(base, sway=wide.sway.doubled()), _FAR)
        misfit = points.misfit(picture, fit)
        if points.share(misfit) > _AS_USUAL * self._usual:
            coarse.learn_trust(coarse.misfit(small, Fit(fit.sway.halved(), fit.gain)))
        return fit

    def _better(self, picture: U8, points: Points, fit: Fit, other: Fit, at_other: F32) -> tuple[Fit, F32]:
        """Whichever fits better; a step that is too small keeps the place, and takes the light."""
        if fit.sway.apart(other.sway, self._size) < STILL:
            fit = replace(fit, sway=other.sway)
        misfit = points.misfit(picture, fit)
        return (fit, misfit) if points.share(misfit) > points.share(at_other) else (other, at_other)

    def _believed(self, points: Points, before: Sway, at_before: F32, now: Sway, at_now: F32, shakes: bool) -> bool:
        """Whether the points say, nearly everywhere, that the camera has moved from `before` to `now`."""
        if now.reach(self._size) > 2 * REACH:
            return False
        gain = (_loss(at_before) - _loss(at_now)) * points.trust
        total = np.bincount(points.cell, points.trust)
        cells = np.bincount(points.cell, gain) / np.maximum(total, 1e-6)
        better, worse = int(np.count_nonzero(cells > 0.05)), int(np.count_nonzero(cells < -0.05))
        evidence = float(gain.sum()) / float(points.trust.sum())
        if shakes:
            return better >= 3 * worse + 3 and evidence > 0.02
        if points.share(at_before) < _UNLIKE:  # nothing says that it stands
            return better >= max(3 * worse + 3, 0.4 * np.count_nonzero(total)) and evidence > 0.1
        return better >= max(4 * worse + 3, 0.5 * np.count_nonzero(total)) and evidence > 0.15

    def _follow(self, reference: F32, spread: F32 | None, at: float) -> None:
        """Keep the points those of the reference, which learns."""
        if reference is not self._reference or self._turns.mine(at - self._chosen_at, _CHOOSES_EVERY):
            self._fine.choose(reference[0], spread)
            self._chosen_at = self._followed_at = at
        elif self._turns.mine(at - self._followed_at, _FOLLOWS_EVERY):
            self._fine.follow(reference[0], spread)
            self._followed_at = at
        self._reference, self._spread = reference, spread

    def _coarse_points(self) -> Points | None:
        """The same for the coarse layer, which is seldom asked for."""
        if self._reference is not None:
            if self._coarse_chosen_at != self._chosen_at:
                self._coarse.choose(self._reference[0], self._spread)
            elif self._coarse_followed_at != self._followed_at:
                self._coarse.follow(self._reference[0], self._spread)
            self._coarse_chosen_at, self._coarse_followed_at = self._chosen_at, self._followed_at
        return self._coarse.points


def sharpened(steady: Steady, samples: Sequence[Planes], at: float) -> Scene:
    """The scene of samples that a shaking camera took while it was learnt, each drawn back onto it once more.

    The first of them met a reference of one picture, with whatever stood in it, and may lie askew.
    """
    scene = learnt(samples)
    for _ in range(_ROUNDS):
        drawn = []
        for planes in samples:
            steady.find(planes[0], scene.expected, scene.spread, at)
            if not steady.lost:
                drawn.append(steady.drawn_back(planes, scene.expected))
        if len(drawn) < len(samples) // 2:
            break
        scene, samples = learnt(drawn), drawn
    return scene


def _half(picture: U8 | F32) -> U8 | F32:
    size = (max(1, picture.shape[1] // 2), max(1, picture.shape[0] // 2))
    return cast(F32, cv2.resize(picture, size, interpolation=cv2.INTER_AREA))


def _loss(misfit: F32) -> F32:
    square = np.square(misfit)
    return cast(F32, square / (1 + square))
