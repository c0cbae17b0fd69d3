"""What blinks: change that comes and goes in its place, told from what passes through.

Two kinds of it. What *sways* brings tones that the scene itself has within a few pixels, nearly everywhere in its
piece (A. Elgammal, D. Harwood, L. Davis, "Non-parametric model for background subtraction", ECCV 2000,
doi:10.1007/3-540-45053-X_48, tell displaced background from objects by that). What *flickers* is small, appears,
and is gone again within seconds without having gone anywhere; pieces are followed from look to look for that. Cars,
people and animals bring tones of their own, and go somewhere.
"""

from dataclasses import dataclass, field
from math import hypot
from typing import cast

import cv2
import numpy as np

from watcher.vision.arrays import F32, U8, Mask, Window, parts, window_around
from watcher.vision.scratch import zeros

_SWAY = 13
"""Pixels, the side of the neighbourhood whose tones a swaying scene may bring; 2 % of the width to each side."""

_NEARLY_ALL = 0.85
"""Part of a piece's pixels that have such tones where it sways. Of leaves that change much at once it is more, of
cars and people it is less."""

_TOLERANCE = np.uint8(6)
"""Grey levels beyond those tones that count as such."""

_SMALL = 0.005
"""Part of the picture: what is larger does not flicker. Leaves change less than that in one piece."""

_SHORT = 3.0
"""Seconds: what stays for longer does not flicker either."""

_REACH = 0.05
"""Part of the picture's width within which a piece is looked for at the next look."""

_PLACE = 0.5
"""Of its own size: what went no further is where it was. And pixels, at least, by which outlines tremble:"""
_TREMBLE = 3.0

_CLEAR = 17
"""Pixels, the side of what around large pieces is taken for theirs: outlines break into small ones."""

_MOST = 64
"""With more pieces than this at once, the smallest are left out."""


@dataclass(slots=True, eq=False)
class _Piece:
    """A small piece of change that is followed: where it was first and is, how far it went, where it has been."""

    since: float
    start: tuple[float, float]
    place: tuple[float, float]
    area: int
    side: int
    largest: int
    farthest: float = 0.0
    missing: int = 0
    been: list[tuple[Window, Mask]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Found:
    place: tuple[float, float]
    area: int
    side: int
    window: Window
    mask: Mask


class Blinks:
    """Looks at what is changed a few times a second, and tells what has blinked."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._nothing: U8 = zeros(shape, np.uint8)
        self._around = np.ones((_SWAY, _SWAY), np.uint8)
        self.forget()

    def forget(self) -> None:
        """Frames are missing: nothing is known of what was changed before."""
        self._swaying = self._large = self._nothing
        self._pieces: list[_Piece] = []

    def look(self, luma: U8, expected: F32, changed: U8 | None, at: float) -> U8 | None:
        """Pixels (255) that have blinked since the last look; None where nothing has. `changed` (255): what differs
        from `expected` (float32) in the frame `luma`, all (h, w); None: nothing does."""
        before, large = self._swaying, self._large
        self._swaying = self._large = self._nothing
        found: list[_Found] = []
        if changed is not None and cv2.countNonZero(changed):
            found = self._sorted_out(luma, expected, changed)
        flickered = self._follow(found, at)
        if before is self._swaying and not flickered:
            return None
        blinked = cv2.bitwise_xor(before, self._swaying)
        for piece in flickered:
            for window, mask in piece.been:
                blinked[window][mask] = 255
        # What something large has met, or left, did not blink.
        return cast(U8, cv2.subtract(blinked, cv2.bitwise_or(large, self._large)))

    def _sorted_out(self, luma: U8, expected: F32, changed: U8) -> list[_Found]:
        """The pieces that do not sway; notes what does, and what is large."""
        window = window_around(changed, _SWAY)
        size, changed = changed.size, changed[window]
        scene = cv2.convertScaleAbs(expected[window])
        tolerance = np.full_like(scene, _TOLERANCE)
        low = cv2.subtract(cv2.erode(scene, self._around), tolerance)
        high = cv2.add(cv2.dilate(scene, self._around), tolerance)
        within = cv2.bitwise_and(cv2.inRange(luma[window], low, high), changed)
        joined = cast(U8, cv2.dilate(changed, np.ones((5, 5), np.uint8)))
        swaying, large = np.zeros_like(changed), np.zeros_like(changed)
        rest: list[tuple[int, Window, U8]] = []
        for there, member in parts(joined):
            own = cast(U8, cv2.bitwise_and(member, changed[there]))
            area = cv2.countNonZero(own)
            if cv2.countNonZero(cv2.bitwise_and(own, within[there])) >= _NEARLY_ALL * area:
                cv2.bitwise_or(swaying[there], own, dst=swaying[there])
                continue
            if area > _SMALL * size:
                cv2.bitwise_or(large[there], member, dst=large[there])
            rest.append((area, there, member))
        self._swaying = np.zeros_like(self._nothing)
        self._swaying[window] = swaying
        if cv2.countNonZero(large):
            self._large = np.zeros_like(self._nothing)
            self._large[window] = cv2.dilate(large, np.ones((_CLEAR, _CLEAR), np.uint8))
        rest.sort(key=lambda one: -one[0])
        top, left = window[0].start, window[1].start
        return [_found(area, there, member, top, left) for area, there, member in rest[:_MOST]]

    def _follow(self, found: list[_Found], at: float) -> list[_Piece]:
        """Follow the pieces; those that are gone and have flickered."""
        reach = _REACH * self._nothing.shape[1]
        pairs = sorted(
            (gap, n, m)
            for n, one in enumerate(found)
            for m, piece in enumerate(self._pieces)
            if (gap := hypot(one.place[0] - piece.place[0], one.place[1] - piece.place[1])) <= reach
            and one.area <= 6 * piece.area
            and piece.area <= 6 * one.area
        )
        known: dict[int, _Piece] = {}
        for _, n, m in pairs:
            if n not in known and self._pieces[m] not in known.values():
                known[n] = self._pieces[m]
        for piece in self._pieces:
            piece.missing += 1
        followed = [_gone_on(known.get(n), one, at) for n, one in enumerate(found)]
        lost = [piece for piece in self._pieces if piece.missing > 1]
        self._pieces = followed + [piece for piece in self._pieces if piece.missing == 1]
        return [piece for piece in lost if self._flickered(piece, at)]

    def _flickered(self, piece: _Piece, at: float) -> bool:
        small = piece.largest <= _SMALL * self._nothing.size
        return small and 0 <= at - piece.since <= _SHORT and piece.farthest <= max(_TREMBLE, _PLACE * piece.side)


def _gone_on(piece: _Piece | None, one: _Found, at: float) -> _Piece:
    if piece is None:
        piece = _Piece(at, one.place, one.place, one.area, one.side, one.area)
    far = hypot(one.place[0] - piece.start[0], one.place[1] - piece.start[1])
    piece.place, piece.area, piece.missing = one.place, one.area, 0
    piece.side, piece.largest = max(piece.side, one.side), max(piece.largest, one.area)
    piece.farthest = max(piece.farthest, far)
    if at - piece.since <= _SHORT:
        piece.been.append((one.window, one.mask))
    return piece


def _found(area: int, there: Window, member: U8, top: int, left: int) -> _Found:
    """A piece that lies `there` in a window which begins at `top`, `left`."""
    rows, columns = (slice(part.start + n, part.stop + n) for part, n in zip(there, (top, left), strict=True))
    moments = cv2.moments(member, binaryImage=True)
    place = columns.start + moments["m10"] / moments["m00"], rows.start + moments["m01"] / moments["m00"]
    return _Found(place, area, max(member.shape) - 4, (rows, columns), member > 0)
