"""What an inspecting camera learns from people: pictures of now, and the truth about past inspections."""

import logging
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from watcher.camera import recipes
from watcher.camera.options import CameraOptions
from watcher.camera.private import Veil
from watcher.errors import PictureUnreadable, ReferenceUnusable, RequestRefused, WatcherError
from watcher.history import Past, PastInspection
from watcher.inspection.golden import accept, teach
from watcher.pictures import read_picture
from watcher.references import Origin, Store, StoredReference
from watcher.vision.arrays import U8

log = logging.getLogger(__name__)

FOLDER = "truth"
"""Below the storage: ``truth/<camera>/<recipe>/good`` and ``…/bad``, as `watcher reference check` reads them."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What came of it: in words, and the new version where there is one."""

    words: str
    stored: StoredReference | None = None


class Lessons:
    """One lesson at a time, in a thread of its own: learning takes seconds, and nobody waits for it."""

    def __init__(self, camera: str) -> None:
        self._camera = camera
        self._thread: threading.Thread | None = None

    @property
    def going_on(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def begin(self, lesson: Callable[[], Lesson], learnt: Callable[[StoredReference], None]) -> None:
        """Do it; `learnt` is told of a new version. RequestRefused while another one goes on."""
        if self.going_on:
            raise RequestRefused("it is still learning from what it was told last; ask again in a few seconds")
        self._thread = threading.Thread(
            target=self._run, args=(lesson, learnt), name=f"learn:{self._camera}", daemon=True
        )
        self._thread.start()

    def _run(self, lesson: Callable[[], Lesson], learnt: Callable[[StoredReference], None]) -> None:
        try:
            done = lesson()
            log.info("%s: %s", self._camera, done.words)
            if done.stored is not None:
                learnt(done.stored)
        except WatcherError as error:
            log.warning("%s: nothing was learnt: %s", self._camera, error)
        except Exception:  # the top of this thread
            log.exception("%s: nothing was learnt: a fault in the program", self._camera)


def taken(options: CameraOptions, store: Store, picture: U8) -> Lesson:
    """One good part becomes a new version of the golden reference in force; ReferenceUnusable where it cannot."""
    name, _ = recipes.reference_name(options)
    inspection, _ = recipes.settings_of(options, recipes.chosen(options))
    golden = teach([picture], inspection).golden
    origin = Origin(source="the camera", pictures=1)
    stored = store.save(options.key, name, golden.memory(), golden.size, origin=origin)
    return Lesson(f"{stored.label} is the picture of now", stored)


def past_inspection(folder: Path, camera: str, inspection: str) -> PastInspection:
    """The inspection in the history of this storage; RequestRefused where this camera has none of that id."""
    found = Past(folder).inspection(inspection)
    if found is None or found.camera != camera:
        raise RequestRefused(f"there is no inspection {inspection} of {camera} in the history")
    return found


def clean_picture(past: PastInspection) -> Path:
    """The picture of an inspection without boxes; RequestRefused where none was kept."""
    snapshot = (past.payload.get("media") or {}).get("snapshot")
    if snapshot is None:
        raise RequestRefused(
            f"of the inspection {past.id} no picture was kept (inspection.pictures, record.snapshot)"
        )
    annotated = Path(snapshot["file"])
    clean = annotated.with_name(f"{annotated.stem}_clean.jpg")
    if not clean.is_file():
        raise RequestRefused(f"the picture of the inspection {past.id} is no longer there ({clean})")
    return clean


def learn_truth(
    options: CameraOptions,
    folder: Path,
    store: Store,
    veil: Veil,
    past: PastInspection,
    truth: Literal["good", "bad"],
) -> Lesson:
    """Note what the part of a past inspection really was, keep its picture, and learn from a good one.

    Raises
    ------
    RequestRefused, ReferenceUnusable, SinkError : nothing has changed then but that the truth may be noted.
    """
    clean = clean_picture(past)
    _keep(folder, past, clean, truth)
    Past(folder).tell_truth(past.id, truth)
    if truth == "bad":
        missed = past.verdict == "PASS"
        words = f"{past.id} was bad" + (", and had passed: an escape" if missed else f" ({past.verdict})")
        return Lesson(words + _learnt_before(options, store, past))
    if past.verdict == "PASS":
        return Lesson(f"{past.id} was good, as it was told")
    stored = _learn(options, store, veil, past, clean)
    return Lesson(f"{past.id} was good: {stored.label} has learnt from it", stored)


def _learnt_before(options: CameraOptions, store: Store, past: PastInspection) -> str:
    """What to do about it where it was said to be good before, and learnt from."""
    from_it = [one.label for one in store.list(options.key) if one.origin.source.endswith(f" and {past.id}")]
    if not from_it:
        return ""
    return f"; but {from_it[-1]} has learnt from it as a good one: teach the part anew, or name an older version"


def _learn(options: CameraOptions, store: Store, veil: Veil, past: PastInspection, clean: Path) -> StoredReference:
    name = str(past.payload.get("reference", "")).partition("@")[0]
    if not name:
        raise RequestRefused(f"the inspection {past.id} had no golden reference that could learn from it")
    loaded = store.load(options.key, name)
    inspection, _ = recipes.settings_of(options, str(past.payload.get("recipe")))
    try:
        picture = veil.blacked(read_picture(clean))
    except PictureUnreadable as error:
        raise ReferenceUnusable(f"the picture of {past.id} cannot be used: {error}") from None
    taught = accept(recipes.golden_of(loaded), picture, inspection)
    pictures = None if loaded.stored.origin.pictures is None else loaded.stored.origin.pictures + 1
    origin = Origin(source=f"{loaded.stored.label} and {past.id}", pictures=pictures)
    return store.save(options.key, name, taught.golden.memory(), taught.golden.size, origin=origin)


def _keep(folder: Path, past: PastInspection, clean: Path, truth: str) -> None:
    """The picture beside others of the same truth; what was said of it before no longer counts."""
    home = folder / FOLDER / past.camera / str(past.payload.get("recipe") or "golden")
    kept = home / truth / f"{past.id}.jpg"
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_name(f".{kept.name}.{os.getpid()}.part")
        shutil.copyfile(clean, part)
        os.replace(part, kept)
        other = home / ("bad" if truth == "good" else "good") / kept.name
        other.unlink(missing_ok=True)
    except OSError as error:
        raise RequestRefused(
            f"the picture of {past.id} could not be kept ({error.strerror}: {error.filename})"
        ) from None
