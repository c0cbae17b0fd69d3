"""The recipes of an inspecting camera: which golden reference each has, read whole or refused with the reason."""

import glob
import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from watcher.camera.options import CameraOptions
from watcher.camera.private import Veil
from watcher.errors import PictureUnreadable, ReferenceUnusable
from watcher.inspection.golden import Golden, teach
from watcher.inspection.options import InspectionOptions
from watcher.pictures import picture_files, read_picture
from watcher.references import LoadedReference, Origin, Store, StoredReference
from watcher.vision.arrays import U8
from watcher.vision.options import WatchedOptions
from watcher.vision.reference.options import GoldenOptions

log = logging.getLogger(__name__)

EMPTY = "empty"
"""The name under which the empty place is stored."""


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """One product, ready to be inspected.

    Attributes
    ----------
    key : of the recipe; where a camera has none, the name of its reference.
    reference : the label of the golden reference, ``board-a@3``.
    digest : of everything that decides beside it: the same digest and reference give the same verdict.
    doubt : why it is not the newest version that is used; else empty.
    empty : the empty place, uint8 of the golden picture's size; None where nobody has shown it.
    """

    key: str
    reference: str
    digest: str
    golden: Golden
    options: InspectionOptions
    watched: WatchedOptions
    doubt: str = ""
    empty: U8 | None = None


def reference_name(options: CameraOptions, recipe: str | None = None) -> tuple[str, int | None]:
    """Name and version (None: the newest) of the golden reference of a recipe (None: the one in force)."""
    key = chosen(options) if recipe is None else recipe
    return _named(options.goldens.get(key, key))


def chosen(options: CameraOptions) -> str:
    """The key of the recipe in force."""
    return options.inspection.recipe or next(iter(options.goldens), GoldenOptions().name)


def settings_of(options: CameraOptions, recipe: str) -> tuple[InspectionOptions, WatchedOptions]:
    """What counts as a defect under a recipe, and where."""
    own = options.inspection.recipes.get(recipe)
    if own is None:
        return options.inspection, options.watched
    watched = WatchedOptions(
        zones=options.zones if own.zones is None else own.zones,
        ignore=options.ignore if own.ignore is None else own.ignore,
        privacy=options.privacy,
    )
    return own.inspection or options.inspection, watched


def load(options: CameraOptions, store: Store, version: str | None = None) -> Recipe:
    """The recipe in force; `version`: with this stored reference (NAME or NAME@VERSION) instead of its own.

    Raises
    ------
    ReferenceUnusable : its golden reference is missing or broken, and there is no older version that is whole.
    """
    key = chosen(options)
    name, number = reference_name(options) if version is None else _named(version)
    inspection, watched = settings_of(options, key)
    loaded, golden, doubt = _whole(store, options.key, name, number)
    return Recipe(
        key, loaded.label, _digest(inspection, watched), golden, inspection, watched, doubt,
        _empty(store, options.key, golden),
    )  # fmt: skip


def _named(label: str) -> tuple[str, int | None]:
    name, _, version = label.partition("@")
    return name, int(version) if version else None


def _whole(store: Store, camera: str, name: str, version: int | None) -> tuple[StoredReference, Golden, str]:
    """A version that can be used, and why it is not the newest one."""
    if version is not None:
        loaded = store.load(camera, name, version)
        return loaded.stored, golden_of(loaded), ""
    try:
        loaded = store.load(camera, name)
        return loaded.stored, golden_of(loaded), ""
    except ReferenceUnusable as error:
        broken = str(error)
    for older in reversed([one for one in store.list(camera) if one.name == name]):
        try:
            loaded = store.load(camera, name, older.version)
            golden = golden_of(loaded)
        except ReferenceUnusable:
            continue
        doubt = f"{broken}; {older.label} is used instead"
        log.error("%s: %s", camera, doubt)
        return older, golden, doubt
    raise ReferenceUnusable(broken)


def golden_of(loaded: LoadedReference) -> Golden:
    """The golden part of a stored reference; ReferenceUnusable says which and why not."""
    try:
        return Golden.remembered(loaded.memory)
    except ReferenceUnusable as error:
        raise ReferenceUnusable(f"{loaded.stored.label} of {loaded.stored.camera}: {error}") from None


def read_samples(files: tuple[Path, ...], veil: Veil, each: Callable[[], None] = lambda: None) -> list[U8]:
    """Good samples, private areas blacked out; ReferenceUnusable names the file that cannot be read."""
    samples = []
    for file in files:
        try:
            samples.append(veil.blacked(read_picture(file)))
        except PictureUnreadable as error:
            raise ReferenceUnusable(f"a good sample cannot be used: {error}") from None
        each()
    return samples


def unlearnt(options: CameraOptions, store: Store) -> tuple[Path, ...]:
    """The good samples that the configuration names, where they have not been learnt or one is newer than that.

    Raises
    ------
    ReferenceUnusable : there are none.
    """
    images, name = getattr(options.reference, "images", None), getattr(options.reference, "name", "")
    if images is None or reference_name(options)[0] != name:
        return ()
    files = tuple(Path(file) for file in sorted(glob.glob(images))) if glob.has_magic(images) else ()
    files = files or picture_files(Path(images))
    learnt = [one.made_at.timestamp() for one in store.list(options.key) if one.name == name]
    try:
        written = [file.stat().st_mtime for file in files]
    except OSError as error:
        raise ReferenceUnusable(f"the good samples {images} cannot be looked at ({error.strerror})") from None
    # What was written tomorrow, by a clock that was wrong, would be newer for ever.
    newest = max((when for when in written if when <= time.time()), default=0.0)
    return files if not learnt or newest > max(learnt) else ()


def learn(options: CameraOptions, store: Store, veil: Veil, files: tuple[Path, ...]) -> StoredReference:
    """Learn good samples as a new version of the camera's golden reference; takes seconds."""
    name, _ = reference_name(options)
    inspection, _ = settings_of(options, chosen(options))
    taught = teach(read_samples(files, veil), inspection)
    origin = Origin(source=str(getattr(options.reference, "images", "")), pictures=len(files))
    stored = store.save(options.key, name, taught.golden.memory(), taught.golden.size, origin=origin)
    for one in taught.disagreeing:
        log.warning("%s: the good sample %s is left out: %s", options.key, files[one.index].name, one.reason)
    return stored


def _empty(store: Store, camera: str, golden: Golden) -> U8 | None:
    try:
        stored = store.newest(camera, EMPTY)
        if stored is None:
            return None
        picture = golden_of(store.load(camera, EMPTY)).picture
    except ReferenceUnusable as error:
        log.warning("%s: how the empty place looks is learnt anew: %s", camera, error)
        return None
    if picture.shape[:2] != golden.picture.shape[:2]:
        log.warning("%s: %s has another size than the golden part; take it again", camera, stored.label)
        return None
    return picture


def _digest(inspection: InspectionOptions, watched: WatchedOptions) -> str:
    plain = {key: getattr(inspection, key) for key in InspectionOptions.__dataclass_fields__}
    return hashlib.sha256(repr((plain, watched)).encode()).hexdigest()[:8]
