"""The detector: an observation against what is expected -> a Detection. The order of the steps, nothing else.

    view -> light matched -> quiet? -> change map -> changed pixels -> regions

A frame that differs from the reference by no more than its noise is recognised by two comparisons of small
arrays; everything else is computed only for the others. See `watcher.vision.change` for what counts as change
and `watcher.vision.reference.scene` for what is expected.
"""

import math
from dataclasses import replace
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.errors import PictureUnreadable, ReferenceUnusable
from watcher.events.event import EventUpdate
from watcher.quantities import percent
from watcher.vision.alarms import Wanted
from watcher.vision.arrays import F32, U8
from watcher.vision.condition import Condition
from watcher.vision.detection import Detection, Region
from watcher.vision.frame import ArrayPixels, Frame, Observation, Tick, View
from watcher.vision.geometry import Box, Size, watched_mask
from watcher.vision.options import DetectorOptions, WatchedOptions
from watcher.vision.reference.bank import Look, look_memory, remembered_look
from watcher.vision.reference.given import given_planes
from watcher.vision.reference.learning import Learning
from watcher.vision.reference.options import BackgroundOptions, FixedOptions
from watcher.vision.reference.scene import Memory, Planes, Scene
from watcher.vision.shake import Steady, sharpened
from watcher.vision.shrink import Shrinker, analysed_size
from watcher.vision.stage import Stage
from watcher.vision.sway import STANDING, Sway, moved_box, outward
from watcher.vision.tinge import Tinge
from watcher.vision.turns import Turns

TAKEN_AT_START = 1.0
"""Seconds over which a fixed reference is taken from the camera: long enough to lose its noise."""

BELIEVED_AFTER = 3
"""So many pictures in a row of one new size: the camera, or the recording, has changed to it."""

STRANGE = 0.5
"""A remembered background that differs in more than this part of the picture is of another scene."""

TRIES_EVERY = 1.0
"""Seconds between two tries of the looks that are known, while the picture shows nothing of the one in force."""

OUT_OF_REACH = "the camera shakes, and the reference was not found in this picture"


class Detector:
    """Compares frames with a reference that it keeps, and learns; one per camera, used by one thread.

    `take_reference` and `use_reference` come into force with the next frame.
    """

    def __init__(
        self,
        options: DetectorOptions,
        watched: WatchedOptions,
        reference: FixedOptions | BackgroundOptions,
        absorb_after: float | None,
        wanted: Wanted | None = None,
    ) -> None:
        self._options, self._watched, self._reference = options, watched, reference
        self._absorb_after, self._wanted = absorb_after, wanted
        self._may_relight = options.light and isinstance(reference, BackgroundOptions)
        self._shrinker, self._color_shrinker = Shrinker(), Shrinker()
        self._stage: Stage | None = None
        self._full_size: Size | None = None
        self._take = False
        self._given: ArrayPixels | None = None
        self._learning: Learning | None = self._new_learning()
        self._unproven = False
        self._turns = Turns()
        self._planes: Planes = ()
        self._steady: Steady | None = None
        self._condition = Condition(self._turns) if options.health else None
        self._strays, self._stray_size, self._tried_at = 0, (0, 0), -math.inf
        self._kept: ArrayPixels | None = None
        self._decided = ""

    # -- what was seen -----------------------------------------------------------------------------------

    def step(self, seen: Observation) -> Detection:
        """What is different in `seen` from what is expected; ``blind`` where there is nothing to compare."""
        if not isinstance(seen, Frame):
            if isinstance(seen, Tick) and seen.trouble and self._condition is not None:
                self._condition.damaged(seen.at, seen.sentence)
            return self._told(Detection("blind", reason="no frame"))
        if reason := self._other_size(seen):
            return self._told(Detection("blind", reason=reason))
        try:
            view = seen.view(analysed_size(seen.size, self._options.size), self._shrinker, self._options.color)
        except PictureUnreadable as error:
            if self._condition is not None:
                self._condition.damaged(seen.at, str(error))
            return self._told(Detection("blind", reason=str(error)))
        return self._told(self._seen(seen, view))

    def _seen(self, seen: Frame, view: View) -> Detection:
        self._turns.frame(view.at)
        stage = self._stage_for(view)
        first = stage.scene is None
        self._planes = (view.luma, *(view.chroma or ()))
        problem = self._broken(seen, view, stage) or self._renew_reference(stage, view)
        problem = problem or (OUT_OF_REACH if self._lost else self._strange(stage, view.at))
        if problem:
            return Detection("blind", reason=problem)
        stage.relights = self._learning is None and self._may_relight
        detection = self._outward(stage.compare(self._planes, view, self._tinge(seen)), view)
        if self._learning is not None:
            # Compared all the same: the maps show what differs from what has been learnt so far.
            # The first has only itself to be compared with, which says nothing.
            similarity = None if first else detection.similarity
            return Detection("learning", similarity=similarity, reason="the reference is being learnt")
        if self._unproven:
            self._unproven = False
            if detection.changed_fraction > STRANGE and isinstance(self._reference, BackgroundOptions):
                self._begin_anew()
                self._planes = (view.luma, *(view.chroma or ()))
                self._renew_reference(stage, view)
                return Detection("learning", reason="the remembered reference shows another scene")
        return detection

    def learn(self, seen: Observation, detection: Detection, updates: tuple[EventUpdate, ...]) -> None:
        """Take what is not change, or has settled, into the reference."""
        stage = self._stage
        if not isinstance(seen, Frame) or stage is None or stage.scene is None:
            return
        stage.restless.catch_up()
        self._learn(stage, stage.scene, seen, detection, updates)
        stage.rest()

    def _learn(
        self, stage: Stage, scene: Scene, seen: Frame, detection: Detection, updates: tuple[EventUpdate, ...]
    ) -> None:
        if detection.outcome not in ("clear", "changed"):
            return
        if any(update.event.end_reason == "settled" for update in updates):
            stage.settle(self._planes, seen.at)
            return  # the comparison is still that with the scene before: its difference is no noise
        if self._condition is not None and not self._condition.teaches:
            return
        if self._options.shadows and stage.tint.due(seen.at, detection.outcome == "clear", self._turns):
            stage.tint.learn(self._tinge(seen).whole, stage.unchanged, seen.at)
        if not stage.learns(self._planes, seen.at, self._adapts):
            return
        if self._absorb_after is not None and scene.any_settled:
            self._note_absorbed(stage.absorb(seen.at - self._absorb_after), self._absorb_after)

    def _note_absorbed(self, share: float, after: float) -> None:
        if share > 0:
            self._decided = f"what had stayed for {after:g} s is background now: {percent(share)} of the picture"

    # -- how the camera is -------------------------------------------------------------------------------

    def _told(self, detection: Detection) -> Detection:
        """The detection with what is wrong with the camera, and what was decided while it learnt."""
        if self._decided and detection.outcome in ("clear", "changed"):
            reason = "; ".join(filter(None, (self._decided, detection.reason)))
            detection, self._decided = replace(detection, reason=reason), ""
        if self._condition is None or not (troubles := self._condition.troubles):
            return detection
        return replace(detection, troubles=troubles)

    def _other_size(self, seen: Frame) -> str:
        """Why a frame is left out that has another size than those before; empty where it may be taken.

        A size that has come `BELIEVED_AFTER` times in a row is that of the camera from then on.
        """
        if self._full_size is None or seen.size == self._full_size or self._unproven:
            self._strays = 0
            return ""
        self._strays = self._strays + 1 if seen.size == self._stray_size else 1
        self._stray_size = seen.size
        if self._strays >= BELIEVED_AFTER:
            self._stage = self._steady = None
            if self._kept is not None:
                self._given = self._kept
            self._learning = self._new_learning()
            return ""
        (width, height), (before_width, before_height) = seen.size, self._full_size
        return f"the picture is {width}x{height}, it was {before_width}x{before_height} before"

    def _broken(self, seen: Frame, view: View, stage: Stage) -> str:
        """Why a picture is neither compared nor learnt from, by itself; empty where it may be."""
        if self._condition is None:
            return ""
        expected = None if stage.scene is None else stage.scene.expected[0]
        size = stage.size
        return self._condition.seen(view.luma, view.at, expected, lambda: seen.pixels.chroma(size, Shrinker()))

    def _strange(self, stage: Stage, at: float) -> str:
        """Why a picture is not compared that shows nothing of the scene; empty where it may be."""
        scene = stage.scene
        if self._condition is None or scene is None or self._learning is not None or self._unproven:
            return ""
        steady, luma = self._steady, self._planes[0]
        share, crisp = (None, lambda: 1.0) if steady is None else (steady.share, lambda: steady.crispness(luma))
        held = self._condition.compared(luma, scene, share, crisp, at)
        if held and self._may_relight and not 0 <= at - self._tried_at < TRIES_EVERY:
            self._tried_at = at
            if stage.another_look(luma, at):
                self._condition.begin()
                return ""
        if self._condition.wants_another and isinstance(self._reference, BackgroundOptions):
            self._begin_anew()
        return held

    def _begin_anew(self) -> None:
        """Learn the scene from the next picture on; what it looked like so far may come back."""
        self._learning, self._steady = self._new_learning(), None
        if self._stage is not None and self._stage.scene is not None:
            self._stage.put_away()
        if self._condition is not None:
            self._condition.begin()

    # -- the reference -----------------------------------------------------------------------------------

    def take_reference(self) -> None:
        """The next frame becomes the reference."""
        self._take, self._given, self._kept = True, None, None

    def use_reference(self, picture: U8) -> None:
        """`picture` (uint8 BGR or grey, the frames' aspect) becomes the reference with the next frame."""
        self._given, self._take = ArrayPixels(picture.copy()), False
        self._kept = self._given

    def memory(self) -> dict[str, NDArray[np.generic]]:
        """What must survive a restart; empty while still learning."""
        stage = self._stage
        if stage is None or stage.scene is None or self._learning is not None:
            return {}
        alarms = {} if stage.alarms is None else stage.alarms.memory()
        look = look_memory(Look(stage.scene, stage.tint))
        return {**look, **stage.restless.memory(), **alarms, **stage.relighting.bank.memory()}

    def remember(self, memory: Memory, full_size: Size) -> None:
        """Begin with what `memory` gave before, for frames of `full_size`; ReferenceUnusable if it cannot be."""
        size = analysed_size(full_size, self._options.size)
        shape, count = (size[1], size[0]), 3 if self._options.color else 1
        look = remembered_look(memory, shape, count)
        self._full_size = full_size
        self._stage = Stage(size, full_size, self._options, self._watched, self._wanted, self._turns)
        self._steady = None
        self._stage.set_scene(look.scene, look.tint)
        self._stage.relighting.bank.remember(memory, shape, count)
        self._stage.restless.remember(memory)
        if self._stage.alarms is not None:
            self._stage.alarms.remember(memory)
        self._learning, self._unproven = None, True

    def expected(self) -> U8 | None:
        """What the picture is expected to look like, uint8 at the analysed size: BGR where colour is watched."""
        if self._stage is None or self._stage.scene is None:
            return None
        planes: list[U8] = [np.clip(np.round(p), 0, 255).astype(np.uint8) for p in self._stage.scene.expected]
        if len(planes) == 1:
            return planes[0]
        return cast(U8, cv2.cvtColor(cv2.merge(planes), cv2.COLOR_YCrCb2BGR))

    # -- the maps of the last step -----------------------------------------------------------------------

    @property
    def size(self) -> Size | None:
        """(width, height) of the analysed picture; None before the first frame."""
        return None if self._stage is None else self._stage.size

    @property
    def changed(self) -> U8:
        """uint8 (h, w): 255 where the picture differs from its reference, settled change included."""
        return cast(U8, outward(self._existing_stage().all_changed(), self._sway))

    @property
    def change(self) -> F32:
        """The change map, float32 (h, w) in [0, 1]; zeros for a quiet frame."""
        return cast(F32, outward(self._existing_stage().change, self._sway))

    @property
    def restlessness(self) -> F32:
        """By what each part's threshold is raised because it is restless, float32 (h, w) from 1."""
        return self._existing_stage().restless.map

    @property
    def watched(self) -> NDArray[np.bool_]:
        """bool (h, w): True where the picture is looked at."""
        return outward(self._existing_stage().watched.everything, self._sway) > 0

    @property
    def _sway(self) -> Sway:
        """Where the reference lies in the last picture; the maps of the stage are the reference's."""
        return STANDING if self._steady is None else self._steady.sway

    @property
    def _lost(self) -> bool:
        return self._steady is not None and self._steady.lost

    def _draw_back(self, stage: Stage, at: float) -> None:
        """Bring the picture back onto the scene, where the camera shakes and that is wanted."""
        if not self._options.steady or stage.scene is None:
            return
        if self._steady is None:
            width, height = stage.size
            hidden = [area.points for area in (*self._watched.ignore.values(), *self._watched.privacy.values())]
            looked_at = watched_mask((width, height), [], hidden).astype(np.uint8) * np.uint8(255)
            self._steady = Steady(cast(U8, cv2.erode(looked_at, np.ones((5, 5), np.uint8))), self._turns)
        self._steady.find(self._planes[0], stage.scene.expected, stage.scene.spread, at)
        self._planes = self._steady.drawn_back(self._planes, stage.scene.expected)

    def _outward(self, detection: Detection, view: View) -> Detection:
        """The detection in pixels of the picture, each region with its place in the reference."""
        if self._sway == STANDING:
            return detection
        sway, scale, full = self._sway, view.scale, view.full_size
        regions = tuple(_moved(one, moved_box(one.box, sway, scale, full)) for one in detection.regions)
        shift = (round(self._sway.x * view.scale[0], 2), round(self._sway.y * view.scale[1], 2))
        return replace(detection, regions=regions, shift=shift)

    def _tinge(self, frame: Frame) -> Tinge:
        """The colours of a frame that has been looked at, as the reference lies."""
        known = (self._planes[1], self._planes[2]) if len(self._planes) == 3 else None
        # A shrinker of its own: the brightness of this frame is still in use.
        return Tinge(frame.pixels, self._existing_stage().size, self._color_shrinker, known)

    def _existing_stage(self) -> Stage:
        if self._stage is None:
            raise ValueError("the detector has not seen a frame yet")
        return self._stage

    def _new_learning(self) -> Learning | None:
        if isinstance(self._reference, BackgroundOptions):
            return Learning(self._reference.learn)
        return Learning(TAKEN_AT_START) if self._reference.image is None else None

    @property
    def _adapts(self) -> float:
        """Seconds over which the reference follows; 0 where it never does."""
        return self._reference.adapt if isinstance(self._reference, BackgroundOptions) else 0.0

    def _stage_for(self, view: View) -> Stage:
        if self._stage is None or self._full_size != view.full_size:
            if self._unproven:
                self._unproven, self._learning = False, self._new_learning()
            size = (view.luma.shape[1], view.luma.shape[0])
            self._stage, self._steady = (
                Stage(size, view.full_size, self._options, self._watched, self._wanted, self._turns),
                None,
            )
            self._full_size = view.full_size
        return self._stage

    def _renew_reference(self, stage: Stage, view: View) -> str:
        """Put a new reference in force if one is due; what is wrong with it in words, or nothing."""
        if self._take or self._given is not None:
            self._steady = None
            if self._condition is not None:
                self._condition.begin()
            planes = self._planes
            if self._given is not None:
                try:
                    planes = given_planes(self._given, view, self._options.color)
                except ReferenceUnusable as error:
                    return str(error)
            spread = stage.scene.spread if stage.scene is not None else None
            stage.relighting.bank.clear()
            stage.set_scene(Scene(np.stack(planes).astype(np.float32), spread))
            self._take, self._given, self._learning, self._unproven = False, None, None, False
        self._draw_back(stage, view.at)
        if self._learning is not None:
            scene = None if self._lost else self._learning.add(self._planes, view.at)
            if scene is not None:
                stage.set_scene(scene)
            if self._learning.done:
                if self._steady is not None and self._steady.shakes:
                    stage.set_scene(sharpened(self._steady, self._learning.samples, view.at))
                    self._planes = (view.luma, *(view.chroma or ()))
                    self._draw_back(stage, view.at)
                self._learning = None
        elif stage.scene is None:
            return "there is no reference"
        return ""


def _moved(region: Region, box: Box) -> Region:
    """The region as it lies in the picture, of which a part may have left it."""
    return replace(region, box=box, area=min(region.area, box.area), reference_box=region.box)
