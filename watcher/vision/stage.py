"""Everything of a detector that depends on the size of the picture: masks, buffers, the scene."""

import math
from collections.abc import Callable
from functools import partial
from typing import cast

import cv2
import numpy as np

from watcher.vision.alarms import Alarms, Wanted
from watcher.vision.arrays import F32, U8, above, at_most, window_around, windows_around
from watcher.vision.change import (
    AROUND,
    WORTH_A_WINDOW,
    Changes,
    Mapped,
    change_map,
    changed_pixels,
    levels,
    sharp_in,
)
from watcher.vision.color import color_difference
from watcher.vision.detection import Detection
from watcher.vision.faint import faint_change
from watcher.vision.frame import View
from watcher.vision.gauge import Gauge
from watcher.vision.geometry import Size
from watcher.vision.likeness import Likeness
from watcher.vision.lit import Lit
from watcher.vision.options import DetectorOptions, WatchedOptions
from watcher.vision.reference.bank import Look
from watcher.vision.reference.scene import Planes, Scene
from watcher.vision.reference.tint import Tint
from watcher.vision.regions import Patch, mask_of, patches
from watcher.vision.relighting import NOTEWORTHY, ONLY_LIGHT, Relighting
from watcher.vision.restless import Restless
from watcher.vision.scratch import zeros
from watcher.vision.shadows import Shadows
from watcher.vision.stamps import Stamps
from watcher.vision.telling import Telling
from watcher.vision.tinge import Tinge
from watcher.vision.turns import Turns
from watcher.vision.watched import Watched

REACH = 2
"""Pixels of the window's halo (sigma 1.5) beyond an object; measured on the labelled sequences."""

STRONG = 0.6
"""A region holds at least one pixel whose change is this large; 0.5 is what makes a pixel belong to one."""

GUARD_TIME = 1.0
"""Seconds for which a pixel that was changed is not learnt from, so that an object's gaps are not either."""

GUARD_REACH = 7
"""Side in pixels of what is not learnt around change: the faint rims of objects."""

ADAPT_EVERY = 0.25
"""Seconds between two steps of the slow learning; the scene does not move faster than that."""

FOLLOW_EVERY, STEP_EVERY = 1.0, 0.1
"""Seconds for which what rests on the reference need not follow what was learnt; and between the steps in which it
then does."""

MOST_OWED = 0.04
"""Part of its way to a frame that the reference may have gone without that."""


class Stage:
    """The comparison of pictures of one size with one scene."""

    def __init__(
        self,
        size: Size,
        full_size: Size,
        options: DetectorOptions,
        watched: WatchedOptions,
        wanted: Wanted | None = None,
        turns: Turns | None = None,
    ) -> None:
        self._turns = turns or Turns()
        self.size = size
        self._options = options
        shape = (size[1], size[0])
        self.watched = Watched(watched, size)
        self.scene: Scene | None = None
        self._level = levels(options.sensitivity)
        self._lit = Lit(self.watched.everything)
        self._telling = Telling(size, full_size, options.join, self.watched)
        self._gauge = Gauge(shape, self._lit, self._level, self._telling.still)
        self._comparison = self._gauge.comparison
        self.restless = Restless(shape, self._turns)
        self.alarms = None if wanted is None else Alarms(wanted)
        self.relighting = Relighting(self.watched, self._level, options.smallest)
        self.relights = self.only_light = False  # whether the scene may be given another look
        self.tint = Tint()
        explains = options.shadows and options.light
        self._shadows = Shadows(self.watched, self._comparison) if explains else None
        self._whole = (slice(0, size[1]), slice(0, size[0]))
        self._nothing: U8 = zeros(shape, np.uint8)
        self._no_change: F32 = zeros(shape, np.float32)
        self.change = self._no_change
        self._map = Mapped(shape)
        self._active = self._luma = self._unlike = self._nothing
        self._changed_at = Stamps(shape)
        self._adapted_at = self._followed_at = self._stepped_at = -np.inf
        self._owed = 0.0
        self._steps: list[Callable[[], None]] = []
        self._covered = self._nothing
        self._likeness = Likeness(self.watched, self._comparison, self._turns)

    # -- the reference -----------------------------------------------------------------------------------

    def set_scene(self, scene: Scene, tint: Tint | None = None) -> None:
        """Compare with `scene` from now on; `tint` is its colours, where they are others."""
        self.scene, self.tint = scene, tint or self.tint
        self._lit.forget()
        self._gauge.guess = None
        self.restless.begin()
        self._active, self.change = self._nothing, self._no_change
        self._likeness.forget()
        self._refresh()

    def another_look(self, luma: U8, at: float) -> bool:
        """Whether a picture that shows nothing of the scene shows one of its known looks; in force from now on."""
        if relit := self.relighting.known(Look(self._known_scene(), self.tint), luma, 1.0, at):
            self.set_scene(relit.look.scene, relit.look.tint)
        return relit is not None

    def put_away(self) -> None:
        """Another scene will be learnt; what this one looked like may come back, what was restless will not."""
        self.relighting.bank.put(Look(self._known_scene(), self.tint))
        self.tint = Tint()
        self.restless.forget()

    @property
    def unchanged(self) -> U8:
        """255 where nothing has changed in the last frame."""
        return cast(U8, cv2.bitwise_not(self._active))

    def learns(self, planes: Planes, at: float, follows: float) -> bool:
        """Learn from a frame, if it is time to; whether it was.

        `follows` : seconds over which the reference follows what is seen, 0 where it never does.
        """
        elapsed = at - self._adapted_at
        if self._turns.mine(elapsed, ADAPT_EVERY):
            self._adapted_at = at
            self._adapt(planes, at, min(max(elapsed, 0.0), 2 * ADAPT_EVERY), follows)
            return True
        if self._steps and self._turns.mine(at - self._stepped_at, STEP_EVERY):
            self._stepped_at = at
            self._steps.pop(0)()
        return False

    def _adapt(self, planes: Planes, at: float, seconds: float, follows: float) -> None:
        """Learn from a frame what has been unchanged for a while: its look, and its noise over time."""
        scene = self._known_scene()
        recent = self._changed_at.between(at - GUARD_TIME, at)
        if cv2.countNonZero(recent):
            recent = cast(U8, cv2.dilate(recent, np.ones((GUARD_REACH, GUARD_REACH), np.uint8)))
        unchanged = at_most(recent, 0)
        if scene.spread is None:  # a picture was given, or taken, of which nothing was known
            scene.spread = self._gauge.guess
        difference = self._comparison.difference
        if not follows:
            # Light that drifts away from a reference that never follows is no noise: without its local mean.
            difference = cast(F32, cv2.subtract(difference, self._comparison.mean))
        scene.adapt_spread(self._lit.as_before(difference), unchanged, seconds)
        if follows:
            weight = 1 - math.exp(-seconds / follows)
            scene.adapt(planes, unchanged, weight)
            self._owed = 1 - (1 - self._owed) * (1 - weight)
        self._covered = recent
        if 0 <= at - self._followed_at < FOLLOW_EVERY and self._owed < MOST_OWED:
            return
        if self._active is self._nothing:
            self._follow(at)
            self._refresh()
        elif not self._steps:
            # One after the other, in frames to come.
            self._stepped_at = at
            self._steps = [lambda: self._follow(at), lambda: self._refresh(noise=False), self._follow_noise]

    def _follow_noise(self) -> None:
        self._gauge.follow_noise(self._known_scene().spread)

    def _follow(self, at: float) -> None:
        """What cannot be seen now becomes brighter and darker with the rest of the picture."""
        if self._owed > 0 and self._options.light:
            self._lit.renew(at, self._gauge.noise)
            self._known_scene().follow(self._lit.of, self._covered, self._owed)
        self._followed_at, self._owed = at, 0.0

    def settle(self, planes: Planes, at: float) -> None:
        """What is changed now has come to stay."""
        scene = self._known_scene()
        # With its shadow: that stays as well.
        where = cast(
            U8,
            cv2.dilate(cv2.bitwise_or(self._active, self._unlike), np.ones((GUARD_REACH, GUARD_REACH), np.uint8)),
        )
        same = self._like_before()
        # A change that had not settled differs from what was there, be it of the same tone; around it nothing does.
        same[(self._active > 0) & (scene.settled == 0)] = 0
        gain = np.float32(self._lit.light.gain)
        colors = ((c - np.float32(128)) / gain + np.float32(128) for c in planes[1:])
        self.relighting.bank.outdate(where)
        scene.settle(where, (self._lit.undone(self._luma), *colors), same, at)
        self._changed_at.forget(where)
        self._active = self._nothing
        self._refresh()

    def rest(self) -> None:
        """Nothing more is asked about this frame."""
        self._comparison.rest()

    def absorb(self, before: float) -> float:
        """What settled before `before` seconds becomes the reference; what part of the watched that is."""
        had = self._settled_fractions[""]
        if not self._known_scene().absorb(before):
            return 0.0
        self._refresh()
        return max(0.0, had - self._settled_fractions[""])

    # -- the comparison ----------------------------------------------------------------------------------

    def compare(self, planes: Planes, view: View, colors: Tinge) -> Detection:
        """One frame against the scene; `colors` are its own, which only a frame with change is asked for."""
        luma = self._luma = planes[0]
        self._lit.see(luma)
        suspects, why, self.only_light = self._load(luma), "", False
        if suspects is not None and self._options.light and self._lit.match(view.at):
            self.only_light = cv2.countNonZero(suspects) > NOTEWORTHY * self.watched.pixels
            self._turns.take()
            self._show()
            suspects = self._load(luma)
        if suspects is not None or len(planes) > 1:
            found = self._changed(self._change(suspects, len(planes) > 1, view.at), planes, view.at, colors)
            if found and self.relights:
                found = self._relit(found, view.at, colors)
            if found:
                if self.alarms is not None:
                    self.alarms.passed(view.at)
                return self._detection(found, luma, view)
            why = self.restless.reason(self.watched, REACH)
        elif self._options.restless and self.restless.due(view.at):
            self.restless.look(luma, self._lit.picture, None, view.at)
        if self.alarms is not None and (found := self._faint(self.alarms, view.at)):
            return self._detection(found, luma, view)
        self.change = self._no_change
        self._map.let_go()
        self._active = self._nothing
        self._telling.still.quiet(luma, view.at)
        self.relighting.quiet(view.at)
        return Detection(
            "clear",
            similarity=self._likeness.of(view.at, "clear"),
            zone_fractions=self._no_fractions,
            settled_fractions=self._settled_fractions,
            gain=round(self._lit.light.gain, 4),
            reason=ONLY_LIGHT if self.only_light else why,
        )

    def all_changed(self) -> U8:
        """255 where the picture differs from its reference now, settled change included."""
        scene = self.scene
        if scene is None or not scene.any_settled:
            return self._active
        # What leaves a place where it had settled differs from its settled look, and not from the reference.
        returned = cv2.bitwise_and(cv2.bitwise_and(self._active, scene.settled), self._like_before())
        everything = cv2.bitwise_or(self._active, cv2.bitwise_and(scene.settled, self.watched.everything))
        return cast(U8, cv2.subtract(everything, returned))

    def _like_before(self) -> U8:
        """255 where the last frame has the tone of the reference without what has settled on it."""
        before = self._lit.of(self._known_scene().before()[0])
        apart = np.abs(cv2.blur(cv2.subtract(self._luma, before, dtype=cv2.CV_32F), (5, 5)))
        return at_most(apart.astype(np.float32), self._level.tone * 0.7)

    def _load(self, luma: U8) -> U8 | None:
        """Load a frame in the present light; the pixels that may have changed, None for a quiet frame."""
        self._gauge.load(luma, self._known_scene().spread)
        return self._gauge.limits.suspects(self._comparison, self.watched.everything)

    def _change(self, suspects: U8 | None, colored: bool, at: float) -> Changes:
        """How much differs, once light on parts of the picture has been looked for."""
        changes = self._changes_near(suspects, colored)
        if self._options.light and suspects is not None:
            sharp = partial(sharp_in, changes, self._nothing.shape)
            if self._lit.worth_a_look(sharp, at) and self._lit.match_parts(self._gauge.noise):
                self._show()
                return self._changes_near(self._load(self._luma), colored)
        return changes

    def _changes_near(self, suspects: U8 | None, colored: bool) -> Changes:
        """The same in the light known so far; only around the suspects, where colour cannot be elsewhere."""
        windows = [self._whole]
        if suspects is not None and not colored:
            windows = windows_around(suspects, AROUND, WORTH_A_WINDOW, cuts=1)
        return [(window, change_map(self._comparison, self._gauge.limits, window)) for window in windows]

    def _changed(self, changes: Changes, planes: Planes, at: float, colors: Tinge) -> list[Patch]:
        """What has changed."""
        self._unlike = self._nothing
        changed = np.zeros(self._nothing.shape, np.uint8)
        sharp = partial(sharp_in, changes, self._nothing.shape)
        if len(planes) == 3:
            color = self._color_apart(planes)
            sharp = partial(sharp_in, changes, self._nothing.shape, above(color, 0.5))
            changes = [(window, change.also(color[window])) for window, change in changes]
        if self._options.restless:
            changes = self.restless.calm(changes, self._luma, self._lit.picture, at)
        for window, change in changes:
            changed[window] = changed_pixels(change, self.watched.everything[window], REACH)
        if self._shadows is not None and self._shadows.conceivable(changed):
            self._unlike = changed
            look = Look(self._known_scene(), self.tint)
            changed = self._shadows.removed(changed, sharp, self._gauge.limits, look, at, colors)
        if cv2.countNonZero(changed) == 0:
            return []
        self.change, inner = self._map.of(changes), window_around(changed, 0)
        return patches(changed[inner], above(self.change[inner], STRONG), self._options.smallest, inner)

    def _color_apart(self, planes: Planes) -> F32:
        """How much differs in colour, be it of the same tone: 0.5 counts."""
        expected = self._known_scene().expected
        color = color_difference(planes[1:], expected[1:], self._options.light, self._lit.light.gain)
        color *= 0.5 / self._level.color
        return color

    def _faint(self, alarms: Alarms, at: float) -> list[Patch]:
        """What has changed by so little that only the number of false alarms wanted says whether it counts."""
        if self._options.light and self._lit.match(at):
            self._show()
            self._load(self._luma)
        found, strength = faint_change(
            alarms, self._comparison, self._gauge.limits.spread, self.restless.factor, self.watched,
            smallest=self._options.smallest, strong=STRONG, reach=REACH, at=at,
        )  # fmt: skip
        if found:
            self.change, self._unlike = strength, self._nothing
        return found

    def _relit(self, found: list[Patch], at: float, colors: Tinge) -> list[Patch]:
        """What has changed, if the light has stepped: then the scene has another look from now on."""
        relit = self.relighting.judged(Look(self._known_scene(), self.tint), self._luma, found, colors, at)
        if relit is None:
            return found
        self.only_light = True
        if relit.look.scene is not self.scene:
            self.set_scene(relit.look.scene, relit.look.tint)
            self._load(self._luma)
        elif relit.light_only is not None and cv2.countNonZero(relit.light_only):
            cv2.copyTo(self._lit.undone(self._luma), relit.light_only, self._known_scene().expected[0])
            self._refresh()
        self.change = relit.change
        return relit.found

    def _detection(self, found: list[Patch], luma: U8, view: View) -> Detection:
        shape = luma.shape[:2]
        self._active = mask_of(found, shape)
        window = window_around(self._active, 0)
        self._changed_at.set(self._active[window], view.at, window)
        return Detection(
            "changed",
            regions=self._telling.regions(found, self._active, self.change, luma, self._lit.picture, view),
            similarity=self._likeness.of(view.at, "changed"),
            changed_fraction=self.watched.fraction(self._active),
            zone_fractions=self.watched.zone_fractions(self._active),
            settled_fractions=self._settled_fractions,
            gain=round(self._lit.light.gain, 4),
        )

    # -- what is cached ----------------------------------------------------------------------------------

    def _known_scene(self) -> Scene:
        if self.scene is None:
            raise ValueError("there is no reference yet")
        return self.scene

    def _refresh(self, noise: bool = True) -> None:
        """The scene has changed: everything that rests on it anew, what rests on its `noise` alone if wanted."""
        if noise:
            self._steps = []
        scene = self._known_scene()
        self._lit.show(scene.expected[0])
        self._show(noise)
        settled = cast(U8, cv2.bitwise_and(scene.settled, self.watched.everything))
        self._settled_fractions = {"": self.watched.fraction(settled), **self.watched.zone_fractions(settled)}
        self._no_fractions = dict.fromkeys(self.watched.zones, 0.0)

    def _show(self, noise: bool = False) -> None:
        """What is expected, or the light on it, is another."""
        self._gauge.show(self._known_scene().spread, noise)
