"""A camera's reference over a restart: what it had learnt or taken is found again where it still fits."""

import hashlib
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.camera.options import CameraOptions
from watcher.camera.private import Veil
from watcher.errors import PictureUnreadable, ReferenceUnusable
from watcher.pictures import read_picture
from watcher.references import LoadedReference, Origin, Store, own_name
from watcher.vision.arrays import U8
from watcher.vision.geometry import Size
from watcher.vision.reference.options import FixedOptions
from watcher.vision.restless import RESTLESS

log = logging.getLogger(__name__)

SETTINGS_KEY = "settings"
"""Beside the detector's own arrays: a digest of the settings under which they were made."""
KEPT_VERSIONS = 5
_ASPECT_TOLERANCE = 0.01
_OF_THE_CAMERA = Origin(source="the camera")


class Remembers(Protocol):
    """The part of a detector that can be put away and found again."""

    def memory(self) -> dict[str, NDArray[Any]]: ...

    def remember(self, memory: dict[str, NDArray[Any]], full_size: Size) -> None: ...

    def use_reference(self, picture: U8) -> None: ...


class Memory:
    """Loads and saves the reference of one camera; says in the log what it found.

    Parameters
    ----------
    options : of the camera.
    store : where references lie.
    veil : blacks out private areas of a picture that is given as reference.
    """

    def __init__(self, options: CameraOptions, store: Store, veil: Veil) -> None:
        self._camera, self._reference = options.key, options.reference
        self._store, self._veil = store, veil
        self._digest = _digest(options)
        self._saving: threading.Thread | None = None
        self._said = ""
        self.picture: U8 | None = None
        """The configured picture as it was given to the detector; None where there is none."""

    def use_options(self, options: CameraOptions) -> bool:
        """Other options of the same camera from now on; whether what was learnt before still fits."""
        before = self._reference.kind, self._digest.tobytes()
        self.settle()
        self._reference, self._digest = options.reference, _digest(options)
        self.picture = None
        return before == (self._reference.kind, self._digest.tobytes())

    @property
    def name(self) -> str:
        """Under which the camera's own reference is stored."""
        return own_name(self._reference.kind)

    def restore(self, detector: Remembers, size: Size, *, anew: bool = False) -> str:
        """Give a new detector its reference, and return what it is called; empty: it has to learn or take one.

        `anew`: what was only learnt is not wanted any more; what was given or taken is.

        Raises
        ------
        ReferenceUnusable : the configured picture cannot be used; there is nothing to learn instead.
        """
        if isinstance(self._reference, FixedOptions) and self._reference.image is not None:
            path = Path(self._reference.image)
            self.picture = self._picture(path, size)
            detector.use_reference(self.picture)
            return path.stem
        self.settle()
        if anew and not isinstance(self._reference, FixedOptions):
            return ""
        try:
            if self._store.newest(self._camera, self.name) is None:
                return ""
            loaded = self._store.load(self._camera, self.name)
            self._check_settings(loaded)
            if anew:
                loaded = replace(loaded, memory=without(loaded.memory, RESTLESS))
            self.use(detector, loaded, size)
        except ReferenceUnusable as error:
            log.warning("%s: the stored reference is not used, a new one is made: %s", self._camera, error)
            return ""
        chosen = loaded.stored.chosen
        log.info("%s: goes on with its stored reference %s", self._camera, chosen)
        return chosen

    def use(self, detector: Remembers, loaded: LoadedReference, size: Size) -> None:
        """Give the detector a stored reference; ReferenceUnusable where it does not fit frames of `size`."""
        if loaded.stored.full_size != size:
            width, height = loaded.stored.full_size
            raise ReferenceUnusable(
                f"{loaded.stored.label} was made of pictures of {width}x{height},"
                f" the camera gives {size[0]}x{size[1]}"
            )
        detector.remember(_without_settings(loaded.memory), loaded.stored.full_size)

    def choose(self, loaded: LoadedReference) -> None:
        """Go on with a stored reference at the next start, too; ReferenceUnusable where the disk does not take it.

        It is repeated under the camera's own name, as the newest there: what is learnt or taken later follows it.
        """
        origin = Origin(source=loaded.stored.origin.source, pictures=loaded.stored.origin.pictures,
                        of=loaded.stored.chosen)  # fmt: skip
        self._store_own(_without_settings(loaded.memory), loaded.stored.full_size, origin)

    def choose_aside(self, loaded: LoadedReference) -> None:
        """The same without waiting for the disk; what it does not take is said in the log.

        Nothing where a picture is configured, which comes first at every start.
        """
        if not isinstance(self._reference, FixedOptions) or self._reference.image is None:
            self._aside(lambda: self.choose(loaded))

    def save(self, detector: Remembers, size: Size) -> None:
        """Put the reference away, now."""
        memory = _copied(detector.memory())
        if memory:
            self.settle()
            self._written(lambda: self._store_own(memory, size, _OF_THE_CAMERA))

    def save_aside(self, detector: Remembers, size: Size) -> bool:
        """Put the reference away without waiting for the disk; False: not now, the last time still goes on."""
        if self._saving is not None and self._saving.is_alive():
            return False
        memory = _copied(detector.memory())
        if memory:
            self._aside(lambda: self._store_own(memory, size, _OF_THE_CAMERA))
        return True

    def settle(self, timeout: float = 1.0) -> None:
        """Wait until what is being put away has been; no longer than `timeout` seconds."""
        if self._saving is not None:
            self._saving.join(timeout)

    def _aside(self, write: Callable[[], None]) -> None:
        before = self._saving

        def run() -> None:
            if before is not None:
                before.join()  # the newest version counts: they come in the order in which they were wanted
            self._written(write)

        self._saving = threading.Thread(target=run, name=f"save:{self._camera}", daemon=True)
        self._saving.start()

    def _store_own(self, memory: Mapping[str, NDArray[Any]], size: Size, origin: Origin) -> None:
        memory = {**memory, SETTINGS_KEY: self._digest}
        self._store.save(self._camera, self.name, memory, size, keep=KEPT_VERSIONS, origin=origin)

    def _written(self, write: Callable[[], None]) -> None:
        try:
            write()
            self._said = ""
        except (ReferenceUnusable, OSError) as error:
            if str(error) != self._said:
                self._said = str(error)
                log.warning("%s: the reference is not kept for the next start: %s", self._camera, error)

    def _check_settings(self, loaded: LoadedReference) -> None:
        made_with = loaded.memory.get(SETTINGS_KEY)
        if made_with is None or not np.array_equal(made_with, self._digest):
            raise ReferenceUnusable(f"{loaded.stored.label} was made with other settings")

    def _picture(self, path: Path, size: Size) -> U8:
        try:
            picture = read_picture(path)
        except PictureUnreadable as error:
            raise ReferenceUnusable(f"the reference cannot be used: {error}") from None
        height, width = picture.shape[:2]
        if (width, height) == size:
            return self._veil.blacked(picture)
        if abs(width * size[1] / (height * size[0]) - 1) > _ASPECT_TOLERANCE:
            raise ReferenceUnusable(
                f"the reference {path} is {width}x{height}, the camera gives {size[0]}x{size[1]}:"
                " the aspect differs; take a reference with this camera"
            )
        log.info("%s: the reference %s is resized from %dx%d", self._camera, path, width, height)
        return self._veil.blacked(cast(U8, cv2.resize(picture, size, interpolation=cv2.INTER_AREA)))


def _digest(options: CameraOptions) -> NDArray[np.uint8]:
    detector = options.detector
    told = repr((detector.size, detector.color, detector.light, options.reference, options.watched))
    return np.frombuffer(hashlib.sha256(told.encode()).digest(), np.uint8)


def without(memory: Mapping[str, NDArray[Any]], left_out: str) -> dict[str, NDArray[Any]]:
    """A memory less one of its arrays."""
    return {key: array for key, array in memory.items() if key != left_out}


def _without_settings(memory: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return without(memory, SETTINGS_KEY)


def _copied(memory: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {key: np.array(array) for key, array in memory.items()}
