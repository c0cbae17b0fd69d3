"""``watcher reference``: the stored references of the cameras of a configuration."""

import argparse
import math
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from watcher.cli import FAILED, golden
from watcher.errors import (
    PictureUnreadable,
    ReferenceUnusable,
    RequestRefused,
    SinkError,
    SourceLost,
    SourceUnavailable,
)

if TYPE_CHECKING:
    from watcher.camera.options import CameraOptions
    from watcher.camera.private import Veil
    from watcher.config import Options
    from watcher.references import Origin, Store, StoredReference
    from watcher.vision.arrays import U8
    from watcher.vision.detector import Detector
    from watcher.vision.frame import Frame

LONGEST = 30.0
"""Seconds after which a recording that gives too little to take is given up."""
WATCHED_WITHIN = 10.0
"""Seconds in which a picture must come into a watched folder."""
OWN_NAMES = frozenset(("taken", "background"))
"""Under these a running camera keeps what it has taken or learnt itself."""

_DESCRIPTION = """\
Stored references are what a camera can be told to compare with: named, versioned, never overwritten. They lie
in the storage folder of the configuration, as NAME@1, NAME@2 and so on; NAME alone means the newest.
"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command, its own commands and their arguments."""
    parser = subparsers.add_parser("reference", help="the stored references of a camera", description=_DESCRIPTION)
    doing = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, what: str, *words: tuple[str, str]) -> argparse.ArgumentParser:
        made = doing.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
        made.add_argument("--config", metavar="FILE", type=Path, help="the configuration")
        for word, meaning in words:
            made.add_argument(word, metavar=word.upper(), help=meaning)
        made.set_defaults(action=globals()[f"_{name}"])
        return made

    camera, name = ("camera", "a camera of the configuration"), ("name", "what to call it, for example day")
    stored = ("name", "NAME, or NAME@VERSION")
    take = command("take", "store what the camera shows now, or a picture, as a new version", camera, name)
    take.add_argument("--from", metavar="FILE", dest="picture", type=Path, help="take this picture instead")
    golden.add_teaching(command("teach", "learn a golden reference from good samples"))
    listed = command("list", "say what is stored")
    listed.add_argument("camera", metavar="CAMERA", nargs="?", help="of this camera only")
    show = command("show", "say what a reference is, and write it as a picture", camera, stored)
    show.add_argument("--output", metavar="FILE", type=Path, help="write a PNG there, at the size that is compared")
    show.add_argument("--restless", metavar="FILE", type=Path, help="the same, with what is restless in colour")
    command("use", "make a camera compare with a stored reference", camera, stored)
    check = command("check", "say whether everything stored is whole, or try a recipe on pictures that are known")
    check.add_argument("camera", metavar="CAMERA", nargs="?", help="of this camera only")
    check.add_argument("folder", metavar="FOLDER", nargs="?", help="has good/ and bad/: inspect what lies there")
    check.add_argument("--recipe", metavar="KEY", help="the recipe, where the camera has several")
    check.add_argument("--reference", metavar="NAME@VERSION", help="against this reference instead")
    check.add_argument("--json", action="store_true", help="one JSON object a picture, and one for the curve")
    judge = command("judge", "say what the part of a past inspection really was; a good one is learnt from", camera)
    judge.add_argument("id", metavar="ID", help="of the verdict; watcher history CAMERA lists them")
    judge.add_argument("truth", choices=("good", "bad"), help="what it was")


def run(args: argparse.Namespace) -> int:
    """Read the configuration and do what was asked; what is wrong is a WatcherError."""
    from watcher import config
    from watcher.references import Store

    target = getattr(args, "target", None)
    if target is not None and args.config is None and not args.rest and _only_a_folder(target):
        return golden.try_out(args)
    options = config.read(config.find(args.config)).options
    camera = getattr(args, "camera", target)
    if camera is not None and camera not in options.cameras:
        raise RequestRefused(f"there is no camera {camera}; the configuration has {', '.join(options.cameras)}")
    store = Store(Path(options.storage.folder).absolute() / "references")
    return int(args.action(args, options, store))


def _take(args: argparse.Namespace, options: "Options", store: "Store") -> int:
    from watcher.pictures import read_picture
    from watcher.references import Origin

    camera = options.cameras[args.camera]
    check_name(args.name)
    if camera.inspects:
        given = None if args.picture is None else read_picture(args.picture)
        stored = golden.take(camera, args.name, store, given)
    elif args.picture is None:
        stored = _stored_from_camera(camera, args.name, store)
    else:
        origin = Origin(source=str(args.picture), pictures=1)
        stored = _stored_from_picture(camera, args.name, store, read_picture(args.picture), origin)
    print(f"stored {line_of(stored)}")
    return 0


def _teach(args: argparse.Namespace, options: "Options", store: "Store") -> int:
    from watcher.pictures import mean_picture, picture_files, read_picture
    from watcher.references import Origin

    camera = options.cameras[args.target]
    if camera.inspects:
        return golden.teach(args, options, store)
    if len(args.rest) != 2:
        raise RequestRefused(
            f"{camera.key} has no golden reference (reference: {{kind: golden}}); to store the mean of good"
            " pictures instead, write its name and their folder"
        )
    name, folder = args.rest
    check_name(name)
    files = picture_files(Path(folder))
    try:
        mean = mean_picture(read_picture(file) for file in files)
    except PictureUnreadable as error:
        raise ReferenceUnusable(f"a good sample cannot be used: {error}") from None
    origin = Origin(source=folder, pictures=len(files))
    stored = _stored_from_picture(camera, name, store, mean, origin)
    print(f"stored {line_of(stored)}: the mean of {len(files)} pictures (what may vary between them is not learnt)")
    return 0


def _list(args: argparse.Namespace, options: "Options", store: "Store") -> int:
    for key in [args.camera] if args.camera else store.cameras():
        used = _used(options.cameras[key], store) if key in options.cameras else ""
        for stored in store.list(key):
            copy = f", {stored.origin.of} again" if stored.origin.of else ""
            print(f"{line_of(stored)}{copy}{', in use' if stored.label == used else ''}")
    return 0


def _show(args: argparse.Namespace, options: "Options", store: "Store") -> int:
    import cv2

    from watcher.cli.restless import write_restless

    name, version = named(args.name)
    loaded = store.load(args.camera, name, version)
    used = loaded.stored.label == _used(options.cameras[args.camera], store)
    print(f"{line_of(loaded.stored)}{', in use' if used else ''}")
    print(_origin_line(loaded.stored))
    if options.cameras[args.camera].inspects:
        golden.show(options.cameras[args.camera], loaded.stored.label, store, args.output)
        return 0
    if args.output is None and args.restless is None:
        return 0
    detector = _remembering(options.cameras[args.camera], store, args.name)
    expected = detector.expected()
    if expected is None:
        raise ReferenceUnusable(f"{loaded.stored.label} holds no picture")
    if args.restless is not None:
        write_restless(args.restless, detector, expected)
    if args.output is None:
        return 0
    data = cv2.imencode(".png", expected)[1].tobytes()
    try:
        args.output.write_bytes(data)
    except OSError as error:
        raise SinkError(f"{args.output} cannot be written ({error.strerror})") from None
    return 0


def _use(args: argparse.Namespace, options: "Options", store: "Store") -> int:
    from watcher.camera.memory import Memory
    from watcher.cli.telling import tell_daemon

    camera = options.cameras[args.camera]
    if camera.inspects:
        return golden.use(options, camera, args.name, store)
    _remembering(camera, store, args.name)
    if camera.reference.kind == "fixed" and camera.reference.image is not None:
        raise RequestRefused(
            f"{camera.key} has the picture {camera.reference.image} as its reference, which comes first at every"
            " start; remove reference.image from the configuration to use stored ones"
        )
    if tell_daemon(options.mqtt, camera.key, args.name):
        print(f"{camera.key} compares with {args.name} now")
        return 0
    loaded = store.load(camera.key, *named(args.name))
    Memory(camera, store, _veil(camera)).choose(loaded)
    print(f"no running daemon answers; {camera.key} compares with {loaded.stored.label} from its next start")
    return 0


def _check(args: argparse.Namespace, options: "Options", store: "Store") -> int:
    if args.folder is not None:
        from watcher.cli import validating

        return validating.check(args, options.cameras[args.camera], store)
    cameras = [args.camera] if args.camera else store.cameras()
    troubles = [trouble for camera in cameras for trouble in store.damaged(camera)]
    for trouble in troubles:
        print(trouble, file=sys.stderr)
    count = sum(len(store.list(camera)) for camera in cameras)
    if not troubles:
        print(f"{count} stored reference{'' if count == 1 else 's'}, all whole")
    return FAILED if troubles else 0


def _judge(args: argparse.Namespace, options: "Options", store: "Store") -> int:
    return golden.judge(args, options, store)


def _only_a_folder(target: str) -> bool:
    """Whether it names no camera but a folder of samples."""
    return "/" in target or Path(target).is_dir()


def _stored_from_picture(
    camera: "CameraOptions", name: str, store: "Store", picture: "U8", origin: "Origin"
) -> "StoredReference":
    from watcher.vision.frame import ArrayPixels, Frame

    clean = _veil(camera).blacked(picture)
    detector = _detector(camera)
    detector.use_reference(clean)
    frame = Frame(0.0, datetime.now(UTC), ArrayPixels(clean))
    detector.step(frame)
    return store.save(camera.key, name, detector.memory(), frame.size, origin=origin)


def _stored_from_camera(camera: "CameraOptions", name: str, store: "Store") -> "StoredReference":
    """What the detector itself takes of the first second, so that the picture's noise is not taken with it.

    Where pictures come seldom, it is the first one.
    """
    from watcher.camera.patience import interval
    from watcher.references import Origin

    detector, count = _detector(camera), 0
    if _watches_folder(camera) or interval(camera.source) >= 1.0:
        detector.take_reference()
    for frame in camera_frames(camera):
        detector.step(frame)
        count += 1
        if memory := detector.memory():
            origin = Origin(source="the camera", pictures=count)
            return store.save(camera.key, name, memory, frame.size, origin=origin)
    raise SourceLost(_nothing_taken(camera, count))


def _nothing_taken(camera: "CameraOptions", count: int) -> str:
    """Why there was nothing to take after `count` pictures, and what to do."""
    instead = "or take a picture that you have with --from FILE"
    if _watches_folder(camera):
        return (
            f"no new picture came into {getattr(camera.source, 'path', '')} within {_limit(camera):g} s, and what"
            f" was there before does not count; put one there while this waits, {instead}"
        )
    if count == 0:
        return f"{camera.key} gave no picture within {_limit(camera):g} s; see watcher check --connect, {instead}"
    return f"{camera.key} gave too few pictures to take a reference of ({count}); try again, {instead}"


def camera_frames(camera: "CameraOptions", more: float = 0.0) -> "Iterator[Frame]":
    """The camera's frames, until it has ended or the time is over; `more` seconds than one picture needs."""
    from watcher.sources.build import make_source
    from watcher.vision.frame import Frame

    try:
        source, veil = make_source(camera.source, camera.key), _veil(camera)
    except ValueError as error:
        raise SourceUnavailable(f"{camera.key}: {error}") from None
    source.open()
    ends = time.monotonic() + _limit(camera) + more
    # Closed from outside, also a source that waits for its next picture comes to its end.
    late = threading.Timer(_limit(camera) + more, source.close)
    late.daemon = True
    late.start()
    try:
        for seen in source.frames():
            if isinstance(seen, Frame):
                yield veil.over(seen)
    except SourceLost:
        if time.monotonic() < ends:
            raise
    finally:
        late.cancel()
        source.close()


def _limit(camera: "CameraOptions") -> float:
    """Seconds that a source has, once it is open, to give what can be taken: its own patience where it has one."""
    from watcher.camera.patience import patience_with

    if _watches_folder(camera):
        return WATCHED_WITHIN
    own = patience_with(camera.source).first_within
    return own if math.isfinite(own) else LONGEST


def _watches_folder(camera: "CameraOptions") -> bool:
    return bool(getattr(camera.source, "watch", False))


def _remembering(camera: "CameraOptions", store: "Store", label: str) -> "Detector":
    """A detector of the camera with this stored reference; ReferenceUnusable where it does not fit its settings."""
    from watcher.camera.memory import Memory

    loaded = store.load(camera.key, *named(label))
    detector = _detector(camera)
    Memory(camera, store, _veil(camera)).use(detector, loaded, loaded.stored.full_size)
    return detector


def _detector(camera: "CameraOptions") -> "Detector":
    from watcher.vision.detector import Detector
    from watcher.vision.reference.options import FixedOptions

    return Detector(camera.detector, camera.watched, FixedOptions(), None)


def _veil(camera: "CameraOptions") -> "Veil":
    from watcher.camera.private import Veil

    return Veil([area.points for area in camera.privacy.values()])


def check_name(name: str) -> None:
    if name in OWN_NAMES or "@" in name:
        raise RequestRefused(
            f"a reference cannot be stored as {name}: choose a name like day, without a version;"
            f" {' and '.join(sorted(OWN_NAMES))} are the camera's own"
        )


def named(label: str) -> tuple[str, int | None]:
    name, at, version = label.partition("@")
    if at and not version.isdecimal():
        raise RequestRefused(f"{label!r} does not name a reference; write NAME or NAME@VERSION, say day@3")
    return name, int(version) if at else None


def line_of(stored: "StoredReference") -> str:
    width, height = stored.full_size
    made = stored.made_at.astimezone(UTC).isoformat(" ", timespec="seconds").replace("+00:00", " UTC")
    return f"{stored.camera} {stored.label}, {width}x{height}, made {made}"


def _origin_line(stored: "StoredReference") -> str:
    """Of what it was made, as far as that was kept."""
    origin = stored.origin
    again = f"{origin.of} again" if origin.of else ""
    count = "" if origin.pictures is None else f"{origin.pictures} picture{'' if origin.pictures == 1 else 's'}"
    made = (
        f"made of {count or 'pictures'}: {origin.source}" if origin.source else "of what it was made was not kept"
    )
    return f"  {'; '.join(part for part in (again, made) if part)}"


def _used(camera: "CameraOptions", store: "Store") -> str:
    """The label of the stored reference that the camera goes on with at its next start; empty: none of them."""
    from watcher.references import own_name

    if camera.reference.kind == "fixed" and camera.reference.image is not None:
        return ""
    own = camera.reference.name if camera.reference.kind == "golden" else own_name(camera.reference.kind)
    try:
        newest = store.newest(camera.key, own)
    except ReferenceUnusable:
        return ""
    if newest is None:
        return ""
    there = {stored.label for stored in store.list(camera.key)}
    return newest.chosen if newest.chosen in there else newest.label
