"""How a camera is, as far as its pictures tell: frozen, corrupt, obscured, moved, dark, bright, blurred.

None of these is change. A picture that is broken, or shows nothing of the scene, is not compared and teaches
nothing, from the first one on; that the camera is in such a state is said once it has lasted (`RISE`), and until it
has been over for a while (`FALL`).

A picture that has nothing in common with the reference is held back for `HELD` seconds. By then it stands still,
and the camera has been moved or covered; or it does not, and what moves there right before the lens is change.
"""

import math
from collections.abc import Callable
from typing import Literal

import cv2
import numpy as np

from watcher.vision import quality
from watcher.vision.arrays import F32, U8
from watcher.vision.frame import Chroma
from watcher.vision.reference.scene import Scene
from watcher.vision.turns import Turns

State = Literal["frozen", "corrupt", "obscured", "moved", "dark", "bright", "blurred"]

RISE: dict[State, float] = {
    "frozen": 0.0, "corrupt": 0.0, "obscured": 3.0, "moved": 3.0, "dark": 2.0, "bright": 3.0, "blurred": 10.0,
}  # fmt: skip
"""Seconds for which something must last before it is said."""

FALL: dict[State, float] = {
    "frozen": 0.0, "corrupt": 5.0, "obscured": 2.0, "moved": 2.0, "dark": 2.0, "bright": 3.0, "blurred": 5.0,
}  # fmt: skip
"""Seconds for which it must be over."""

FROZEN_AFTER = 15.0
"""Seconds of the very same picture from a camera whose pictures have never been the same for longer than a tenth of
that; a sensor has noise, but an encoder may drop it for as long as a group of pictures lasts."""

FROZEN_WITHOUT_NOISE = 300.0
"""The same where pictures without noise are usual: drawn ones, screens, pictures fetched now and then."""

CORRUPT, CORRUPT_WITHIN = 3, 5.0
"""So many broken pictures within so many seconds are a state of the camera."""

HELD = 4.0
STILL_FOR = 2.0
"""Seconds for which a strange picture has stood still when the camera is taken to have been moved."""

LEARNS_AFTER = 10.0
"""Seconds after which a camera that was moved, and stands, gets to know what it sees now."""

_LOOKS_EVERY = 2.0
_STANDS_AFTER = 0.5
_GATHERS_EVERY = 1.0
_STRANGE = 0.16
"""Part of the scene that is recognised at least. Pictures of other scenes have up to 0.14 in common by chance (six
public sequences against one another), those of the same scene 0.33 and more, in any light."""

_FLAT = 0.7
_BLURRED, _SHARP = 0.5, 0.65
_DOUBTFUL, _FITTING = 0.45, 0.9
"""Share of the scene's points that fit below which a picture may be of something else, and above which it is not
blurred either."""

_DULL = 0.7
_LITTLE_NOISE = 2.0
_STEP = 6.0
FROZEN_FRAMES = 20
_LIVES_AFTER, _REMEMBERED = 100, 20_000
_SELDOM = 0.02
"""Part of all pictures that are the same as the one before, at most, from a sensor with noise."""

_MANY = 1000
"""Pictures that are the same before one without noise counts as frozen: a screen seldom stands for so many."""


class _Lasting:
    """A yes or no that counts once it has lasted."""

    def __init__(self, rise: float, fall: float) -> None:
        self._rise, self._fall = rise, fall
        self._since: float | None = None
        self.on = False
        self.reason = ""

    @property
    def pending(self) -> bool:
        """Whether anything changes by time alone, without a reason."""
        return self.on or self._since is not None

    def step(self, at: float, reason: str) -> None:
        """`reason` is empty where there is nothing."""
        if reason:
            self.reason = reason
        if bool(reason) == self.on:
            self._since = None
            return
        if self._since is None or at < self._since:
            self._since = at
        if at - self._since >= (self._fall if self.on else self._rise) - 1e-6:
            self.on, self._since = not self.on, None


class Condition:
    """Judges the pictures of one camera, one after the other; belongs to its detector."""

    def __init__(self, turns: Turns | None = None) -> None:
        self._turns = turns or Turns()
        self._lasting = {state: _Lasting(RISE[state], FALL[state]) for state in RISE}
        self._now: dict[State, str] = {}
        self._freeze = _Freeze()
        self._damages: list[float] = []
        self._looked_at = -math.inf
        self._blurred = ""
        self._strange_since: float | None = None
        self._still_since: float | None = None
        self._sample: U8 | None = None
        self._night = self._dawns = self._unsettled = False
        self._some: U8 | None = None
        self._some_from: object = None
        self._gathered_at = -math.inf

    @property
    def troubles(self) -> dict[str, str]:
        """The states that hold, each with its reason."""
        return {state: lasting.reason for state, lasting in self._lasting.items() if lasting.on}

    @property
    def teaches(self) -> bool:
        """Whether the last picture may be learnt from."""
        return not self._now

    @property
    def wants_another(self) -> bool:
        """Whether the scene is to be learnt anew: the camera was moved, and has stood since for long enough; or it
        began in the dark, and there is light."""
        since, at = self._still_since, self._looked_at
        stands = since is not None and at - since >= LEARNS_AFTER
        return self._dawns or (self._lasting["moved"].on and stands)

    def begin(self) -> None:
        """Another reference: what was judged by the one before is open."""
        self._strange_since = self._still_since = self._sample = None
        self._blurred = ""
        self._night = self._dawns = False
        self._looked_at = -math.inf
        for state in ("obscured", "moved", "blurred"):
            self._lasting[state] = _Lasting(RISE[state], FALL[state])

    def damaged(self, at: float, trouble: str) -> None:
        """A picture came that could not be decoded at all."""
        self._now = {}
        self._count_damage(at, trouble)
        self._settle(at)

    def seen(self, luma: U8, at: float, expected: F32 | None, chroma: Callable[[], Chroma]) -> str:
        """Why the picture is not to be compared, from itself and what is expected; empty where it may be."""
        self._now = {}
        since = self._freeze.step(luma, at)
        reason = ""
        if expected is not None:
            reason = quality.damage(luma, expected, chroma, self._some_of(expected, at))
        if reason:
            self._count_damage(at, reason)
        elif exposed := quality.exposure(luma):
            self._now[exposed] = "the picture is black" if exposed == "dark" else "the picture is burnt out"
        elif since:  # black and white have no noise
            self._now["frozen"] = f"the very same picture for {since:.0f} s, though pictures arrive"
        blind = self._now.get("frozen") or reason
        if not blind and expected is not None and ("dark" in self._now or "bright" in self._now):
            # Where it has been so when the scene was learnt, it can be compared all the same.
            known = np.clip(expected, 0, 255).astype(np.uint8)
            same = quality.is_dark(known) if "dark" in self._now else quality.is_bright(known)
            blind = "" if same else self._now.get("dark") or self._now.get("bright", "")
        if blind:
            self._settle(at)
        return blind

    def compared(self, luma: U8, scene: Scene, share: float | None, crisp: Callable[[], float], at: float) -> str:
        """Why the picture, drawn back onto the scene, is not to be compared with it; empty where it may be.

        `share` and `crisp` are those of `Steady`. Called for each picture that `seen` let pass.
        """
        expected = scene.expected[0]
        due = self._turns.mine(at - self._looked_at, _LOOKS_EVERY)
        if due:
            self._looked_at = at
            self._night = share is None and quality.is_dark(np.clip(expected, 0, 255).astype(np.uint8))
        held = ""
        if self._night and quality.is_lit(luma):
            self._dawns, held = True, "it was dark when the scene was learnt"
        elif self._strange_since is not None or (due if share is None else share < _DOUBTFUL):
            held = self._strange(luma, expected, at)
        if not held:
            odd = share is not None and share < _FITTING and crisp() < _DULL
            if due or odd:
                self._look_for_blur(luma, scene)
            held = self._blurred if odd else ""
        if self._blurred:
            self._now["blurred"] = self._blurred
        self._settle(at)
        return held

    def _some_of(self, expected: F32, at: float) -> U8:
        """`quality.some_known` of the reference: gathering them from all over the memory is what takes the time."""
        whole = expected if expected.base is None else expected.base
        if self._some is None or whole is not self._some_from or not 0 <= at - self._gathered_at < _GATHERS_EVERY:
            self._some, self._some_from, self._gathered_at = quality.some_known(expected), whole, at
        return self._some

    def _look_for_blur(self, luma: U8, scene: Scene) -> None:
        variance = _LITTLE_NOISE if scene.spread is None else float(scene.spread[::8, ::8].mean())
        sharp = quality.sharpness(luma, scene.expected[0], variance)
        limit = _SHARP if self._blurred else _BLURRED
        blurred = sharp is not None and sharp < limit
        self._blurred = f"the picture has {sharp:.0%} of its usual sharpness" if blurred else ""

    def _count_damage(self, at: float, reason: str) -> None:
        """One broken picture is left out; several within a short time are a state."""
        recent = [before for before in self._damages if 0 <= at - before <= CORRUPT_WITHIN]
        self._damages = [*recent[-CORRUPT:], at]
        if len(self._damages) >= CORRUPT:
            self._now["corrupt"] = reason

    def _strange(self, luma: U8, expected: F32, at: float) -> str:
        like = quality.likeness(luma, expected)
        if like is None or like.known >= _STRANGE:
            self._strange_since = self._still_since = self._sample = None
            return ""
        if self._strange_since is None or at < self._strange_since:
            self._strange_since, self._still_since = at, None
        self._stands(luma, at)
        if like.flat >= _FLAT:
            self._now["obscured"] = reason = "something without structure is before the lens"
            return reason
        reason = f"only {like.known:.0%} of the scene is recognised: the camera was turned, or is blocked"
        strange_for, still_for = (
            at - self._strange_since,
            at - (at if self._still_since is None else self._still_since),
        )
        if still_for >= min(STILL_FOR, strange_for) or self._lasting["moved"].on:
            self._now["moved"] = reason
        return reason if strange_for < HELD or still_for >= _STANDS_AFTER else ""

    def _stands(self, luma: U8, at: float) -> None:
        """Follow since when the picture has stood still."""
        sample = luma[::4, ::4].copy()
        before, self._sample = self._sample, sample
        moves = True
        if before is not None and before.shape == sample.shape:
            step = np.abs(sample.astype(np.int16) - before)
            moves = float(np.mean(step > 3 * _STEP)) > 0.05 or float(step.mean()) > _STEP
        if moves or self._still_since is None or at < self._still_since:
            self._still_since = at

    def _settle(self, at: float) -> None:
        if not self._now and not self._unsettled:
            return
        for state, lasting in self._lasting.items():
            lasting.step(at, self._now.get(state, ""))
        self._unsettled = any(lasting.pending for lasting in self._lasting.values())


class _Freeze:
    """Follows for how long the picture has been the very same, and how usual that is."""

    def __init__(self) -> None:
        self._last: U8 | None = None
        self._since = 0.0
        self._run = 0
        self._pairs = self._same = 0
        self._longest = 0.0

    def step(self, luma: U8, at: float) -> float:
        """For how many seconds the picture has been frozen; 0 where it is not."""
        last, self._last = self._last, luma
        if last is None or last.shape != luma.shape or at < self._since:
            self._since, self._run = at, 0
            return 0.0
        if cv2.norm(last, luma, cv2.NORM_INF) == 0:
            self._run += 1
            lasted = at - self._since
            return lasted if self._run >= FROZEN_FRAMES and lasted >= self._limit() else 0.0
        self._pairs, self._same = self._pairs + self._run + 1, self._same + self._run
        if self._pairs > _REMEMBERED:
            self._pairs, self._same = self._pairs // 2, self._same // 2
        self._longest = max(self._longest * 0.999, min(at - self._since, FROZEN_WITHOUT_NOISE / 10))
        self._since, self._run = at, 0
        return 0.0

    def _limit(self) -> float:
        if self._pairs < _LIVES_AFTER or self._same > _SELDOM * self._pairs:
            return FROZEN_WITHOUT_NOISE if self._run >= _MANY else math.inf
        return max(FROZEN_AFTER, 10 * self._longest)
