"""Registration: how a part lies in a picture, found from anywhere within limits.

A coarse correlation gives candidates; each is refined from coarse to fine, and that of which most of the artwork
agrees wins: on a periodic board the neighbour one period off agrees almost as well, never better.
"""

from dataclasses import replace

import numpy as np

from watcher.vision.arrays import U8
from watcher.vision.geometry import Size
from watcher.vision.level import Level, Registration, shrunk
from watcher.vision.pose import Pose
from watcher.vision.search import Limits, Search

_COARSE = 96
"""Longer side, in pixels, of the smallest picture: the one that is searched through."""
_FINE = 640
"""Longer side of the largest picture that is registered; a tenth of a pixel of it is found."""
_CERTAIN = 0.9
"""Agreement at which no other candidate is looked at more closely."""
_DOUBTED = 4
_SAME = 2.0
"""Pixels between two poses that are one."""
_ROUND = 0.05
"""Agreement that a part may lose when it is taken not to be turned."""
_NEARER = 0.02
"""Agreement that a pose at the limits must have more than one where the part is expected."""


class Aligner:
    """One reference, to which many pictures of its size are registered.

    Parameters
    ----------
    reference : uint8, grey, of shape (H, W).
    limits : where the part may lie.
    watched : uint8 of the same shape, 0 = says nothing of where the part lies; None: everything does.
    """

    def __init__(self, reference: U8, limits: Limits, watched: U8 | None = None) -> None:
        self.size: Size = (reference.shape[1], reference.shape[0])
        self.limits = limits
        self.levels = [Level(reference, size, watched, limits.perspective) for size in _sizes(self.size)]
        self._search: Search | None = None
        self._rival: float | None = None
        self._small = shrunk(reference, self.levels[0].size)

    @property
    def edges(self) -> int:
        """How many points of the artwork speak at the finest level: without any nothing can be registered."""
        return len(self.levels[-1].points)

    @property
    def rival(self) -> float:
        """How much of the artwork agrees with itself a few pixels off: near 1 on periodic boards."""
        if self._rival is None:
            small = self._small
            found = [self.levels[0].refined(small, pose, 4) for pose in self._searching().candidates(small)]
            apart = max(self.size) / max(self.levels[0].size) * 2.5
            others = [one for one in found if np.hypot(*one.pose.parameters(self.size)[0]) > apart]
            self._rival = max(
                (one.agreement for one in others if self.limits.hold(one.pose, self.size)), default=0.0
            )
        return self._rival

    def _searching(self) -> Search:
        if self._search is None:  # many are never asked: their parts lie as the last one did
            self._search = Search(self._small, self.size, self.limits)
        return self._search

    def find(self, picture: U8) -> Registration:
        """How the part lies in `picture` (uint8, grey), from anywhere within the limits."""
        small = shrunk(picture, self.levels[0].size)
        candidates = self._searching().candidates(small)
        roughly = self._apart([self.levels[0].refined(small, pose, 8) for pose in candidates])
        upright = (
            one.pose if self.limits.hold(one.pose, self.size) else self._upright(one.pose) for one in roughly
        )
        near = [pose for pose in upright if self.limits.hold(pose, self.size)]
        second = min(1, len(self.levels) - 1)
        finer = shrunk(picture, self.levels[second].size)
        tried = [self.levels[second].refined(finer, pose, 4) for pose in near]
        tried.sort(key=self._worth, reverse=True)
        best = Registration(Pose())
        for one in self._apart(tried)[:_DOUBTED]:
            best = max(best, self._down(picture, one, second + 1), key=self._worth)
            if best.agreement >= _CERTAIN:
                break
        return self.within(picture, best)

    def within(self, picture: U8, found: Registration) -> Registration:
        """`found`, or where that is beyond the limits the same not turned, if that fits about as well.

        A round part lies any way round: nothing but noise tells how far it is turned.
        """
        if self.limits.hold(found.pose, self.size):
            return found
        finest = self.levels[-1]
        straight = finest.refined(shrunk(picture, finest.size), self._upright(found.pose), 0)
        fits = straight.agreement >= found.agreement - _ROUND and self.limits.hold(straight.pose, self.size)
        return replace(straight, gain=found.gain, offset=found.offset) if fits else found

    def _upright(self, pose: Pose) -> Pose:
        """Not turned, with the middle of the artwork where `pose` has it."""
        finest, (width, height) = self.levels[-1].size, self.size
        if not len(self.levels[-1].points):
            return pose
        middle = (self.levels[-1].points.mean(axis=0) + 0.5) * (width / finest[0], height / finest[1]) - 0.5
        scale = pose.parameters(self.size)[2]
        straight = Pose.of((0.0, 0.0), 0.0, scale, self.size)
        x, y = (pose.points(middle[None]) - straight.points(middle[None]))[0]
        return Pose.of((float(x), float(y)), 0.0, scale, self.size)

    def _apart(self, found: list[Registration]) -> list[Registration]:
        """Without those that lie as a better one does."""
        corners = np.array([[0.0, 0.0], [self.size[0], 0.0], [0.0, self.size[1]], [self.size[0], self.size[1]]])
        kept: list[Registration] = []
        for one in found:
            places = one.pose.points(corners)
            if all(np.abs(places - other.pose.points(corners)).max() > _SAME for other in kept):
                kept.append(one)
        return kept

    def _worth(self, one: Registration) -> float:
        """Agreement; of poses that agree about equally (stripes, moved along themselves) the nearer is meant."""
        (x, y), angle, scale = one.pose.parameters(self.size)
        limits = self.limits
        far = np.hypot(x, y) / (limits.shift + 1) + abs(angle) / (limits.angle + 1)
        return one.agreement - _NEARER * float(far + abs(scale - 1) / (limits.scale + 0.01))

    def follow(self, picture: U8, start: Pose) -> Registration:
        """How the part lies in `picture`, if about as `start` says: a few pixels off at most."""
        return self._down(picture, Registration(start), max(0, len(self.levels) - 2))

    def _down(self, picture: U8, found: Registration, first: int) -> Registration:
        for level in self.levels[first:]:
            found = level.refined(shrunk(picture, level.size), found.pose, 15)
        return found


def _sizes(full: Size) -> list[Size]:
    """Sizes of the levels, smallest first; each about twice the one before."""
    longer = max(full)
    finest = min(1.0, _FINE / longer)
    sides = [finest * longer]
    while sides[-1] > _COARSE * 1.5:
        sides.append(sides[-1] / 2)
    return [(max(8, round(full[0] * s / longer)), max(8, round(full[1] * s / longer))) for s in reversed(sides)]


__all__ = ["Aligner", "Limits", "Registration"]
