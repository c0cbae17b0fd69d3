"""Golden references from the command line: teaching and showing them, and the truth about past inspections."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from watcher.cli.progress import progress
from watcher.errors import ReferenceUnusable, RequestRefused, SinkError

if TYPE_CHECKING:
    from watcher.camera.options import CameraOptions
    from watcher.camera.private import Veil
    from watcher.config import Options
    from watcher.inspection.golden import Golden, Taught
    from watcher.inspection.options import InspectionOptions
    from watcher.references import Store, StoredReference
    from watcher.vision.arrays import U8

SHOWN = "golden.png"


def add_teaching(teach: argparse.ArgumentParser) -> None:
    """The arguments of ``watcher reference teach``."""
    teach.add_argument(
        "target", metavar="CAMERA|FOLDER", help="the camera that learns; a folder alone is only tried out"
    )
    teach.add_argument(
        "rest", metavar="[NAME] [FOLDER]", nargs="*",
        help="the name of the reference, and a folder of good samples; without it they are taken with the camera",
    )  # fmt: skip
    teach.add_argument("--add", action="store_true", help="to what the newest version has learnt")
    teach.add_argument("--samples", metavar="N", type=int, default=10, help="how many are taken (%(default)s)")
    teach.add_argument("--every", metavar="S", type=float, default=0.5, help="seconds between them (%(default)s)")
    teach.add_argument("--output", metavar="FILE", type=Path, help="draw what was learnt there, as PNG")


def teach(args: argparse.Namespace, options: "Options", store: "Store") -> int:
    """Learn a golden reference for a camera, from a folder of good samples or from what the camera shows."""
    from watcher.camera import recipes
    from watcher.cli.reference import check_name, line_of
    from watcher.references import Origin

    camera = options.cameras[args.target]
    own, _ = recipes.reference_name(camera)
    name, folder = _name_and_folder(args.rest, own)
    if name != own:
        check_name(name)
    before = _newest(store, camera.key, name) if args.add else None
    samples, names, source = _samples(camera, folder, args)
    if before is not None:
        _check_sizes([before.picture, *samples], ["what was learnt before", *names])
    inspection = _inspection(camera, name)
    taught = _taught(samples, names, inspection, before)
    count = len(samples) - len(taught.disagreeing) + (0 if before is None else before.count)
    origin = Origin(source=source, pictures=count)
    stored = store.save(camera.key, name, taught.golden.memory(), taught.golden.size, origin=origin)
    print(f"stored {line_of(stored)}")
    shown = args.output or stored.path.with_name(f"{stored.version}-shown.png")
    _write(shown, taught.picture())
    print(f"shown in {shown}: a good part, and beside it where good parts vary")
    _tell(options, camera, stored, own)
    return 0


def try_out(args: argparse.Namespace) -> int:
    """What a folder of good samples would teach; nothing is stored, because it is not said for which camera."""
    from watcher.camera.private import Veil
    from watcher.inspection.options import InspectionOptions
    from watcher.pictures import picture_files

    files = picture_files(Path(args.target))
    samples = _read(files, Veil([]))
    taught = _taught(samples, [file.name for file in files], InspectionOptions(), None)
    shown = args.output or Path(SHOWN)
    _write(shown, taught.picture())
    print(f"shown in {shown}: a good part, and beside it where good parts vary")
    print(f"nothing is stored; with a camera it is: watcher reference teach CAMERA {args.target}")
    return 0


def take(camera: "CameraOptions", name: str, store: "Store", picture: "U8 | None") -> "StoredReference":
    """One good part, or the empty place: a picture, or what the camera shows for a moment."""
    from watcher.camera import recipes
    from watcher.camera.private import Veil
    from watcher.inspection.golden import teach as learnt
    from watcher.pictures import mean_picture
    from watcher.references import Origin

    if picture is None:
        # The mean of a moment: the noise of a single frame is no part of what a part looks like.
        pictures = list(_shots(camera, count=8, every=0.0))
        picture, source, count = mean_picture(pictures), "the camera", len(pictures)
    else:
        picture, source, count = (
            Veil([one.points for one in camera.privacy.values()]).blacked(picture),
            "a picture",
            1,
        )
    inspection = _inspection(camera, name)
    golden = learnt([picture], inspection).golden
    note = f"{source}, for the empty place" if name == recipes.EMPTY else source
    return store.save(camera.key, name, golden.memory(), golden.size, origin=Origin(source=note, pictures=count))


def show(camera: "CameraOptions", label: str, store: "Store", output: Path | None) -> None:
    """Say what a golden reference holds, and draw it."""
    from watcher.camera import recipes
    from watcher.cli.reference import named
    from watcher.inspection.drawing import taught_picture

    name, version = named(label)
    golden = recipes.golden_of(store.load(camera.key, name, version))
    print(f"  {golden.count} good sample{'' if golden.count == 1 else 's'}")
    if output is not None:
        _write(output, taught_picture(golden))


def use(options: "Options", camera: "CameraOptions", label: str, store: "Store") -> int:
    """Make a running daemon inspect against a stored golden reference."""
    from watcher.camera import recipes
    from watcher.cli.reference import named
    from watcher.cli.telling import tell_daemon

    name, version = named(label)
    recipes.golden_of(store.load(camera.key, name, version))
    if tell_daemon(options.mqtt, camera.key, label):
        print(f"{camera.key} inspects against {label} now, until it is started again")
        return 0
    raise RequestRefused(
        f"no running daemon answers; which golden reference {camera.key} begins with is written in the"
        " configuration (reference.name, or inspection.recipes)"
    )


def judge(args: argparse.Namespace, options: "Options", store: "Store") -> int:
    """Say what the part of a past inspection really was."""
    from watcher.camera import lessons, recipes
    from watcher.camera.private import Veil

    camera = options.cameras[args.camera]
    folder = Path(options.storage.folder).absolute()
    past = lessons.past_inspection(folder, camera.key, args.id)
    veil = Veil([area.points for area in camera.privacy.values()])
    lesson = lessons.learn_truth(camera, folder, store, veil, past, args.truth)
    print(lesson.words)
    if lesson.stored is not None:
        _tell(options, camera, lesson.stored, recipes.reference_name(camera)[0])
    return 0


def _name_and_folder(rest: list[str], own: str) -> tuple[str, Path | None]:
    """What stands behind the camera: a name, a folder, both in this order, or nothing."""
    if len(rest) == 2:
        return rest[0], Path(rest[1])
    if len(rest) == 1 and (Path(rest[0]).exists() or "/" in rest[0]):
        return own, Path(rest[0])
    return (rest[0] if rest else own), None


def _samples(
    camera: "CameraOptions", folder: Path | None, args: argparse.Namespace
) -> tuple[list["U8"], list[str], str]:
    """Good samples, what they are called, and where they come from."""
    from watcher.camera.private import Veil
    from watcher.pictures import picture_files

    if folder is not None:
        files = picture_files(folder)
        veil = Veil([area.points for area in camera.privacy.values()])
        return _read(files, veil), [file.name for file in files], str(folder)
    with progress("taking samples", args.samples) as bar:
        samples = []
        for sample in _shots(camera, args.samples, args.every):
            samples.append(sample)
            bar.advance()
    return samples, [f"sample {number}" for number in range(1, len(samples) + 1)], "the camera"


def _read(files: tuple[Path, ...], veil: "Veil") -> list["U8"]:
    from watcher.camera.recipes import read_samples

    with progress("reading samples", len(files)) as bar:
        samples = read_samples(files, veil, bar.advance)
    _check_sizes(samples, [file.name for file in files])
    return samples


def _check_sizes(samples: list["U8"], names: list[str]) -> None:
    """Good samples have one size; who is asked for another set wants to know which picture is the stranger."""
    sizes = [(sample.shape[1], sample.shape[0]) for sample in samples]
    usual = max(set(sizes), key=sizes.count)
    strange = [(name, size) for name, size in zip(names, sizes, strict=True) if size != usual]
    if strange:
        listed = ", ".join(f"{name} is {width}x{height}" for name, (width, height) in strange[:5])
        raise ReferenceUnusable(
            f"good samples must have one size: most are {usual[0]}x{usual[1]}, {listed}; take all with one camera"
        )


def _taught(
    samples: list["U8"], names: list[str], inspection: "InspectionOptions", before: "Golden | None"
) -> "Taught":
    """What is learnt, said in words: who disagrees, and the smallest defect that can be held."""
    from watcher.inspection.golden import extend
    from watcher.inspection.golden import teach as learnt

    print(f"learning from {len(samples)} sample{'' if len(samples) == 1 else 's'} …", file=sys.stderr)
    taught = learnt(samples, inspection) if before is None else extend(before, samples, inspection)
    for one in taught.disagreeing:
        # Of more samples the first place is that of what was learnt before.
        place = one.index - (before is not None and one.index >= len(names))
        print(f"  left out: {names[place] if 0 <= place < len(names) else one.index}: {one.reason}")
    agreed = len(samples) - len(taught.disagreeing)
    width, height = taught.golden.size
    print(f"  {agreed} of {len(samples)} samples of {width}x{height} agree")
    wanted = inspection.pixels(inspection.smallest_defect)
    print(f"  the smallest defect that this set can hold: {_length(taught.smallest_defect, inspection)}")
    if taught.smallest_defect > wanted + 0.5:
        print(
            f"  you asked for {_length(wanted, inspection)}: the samples vary too much for that; see where, below"
        )
    if taught.golden.count == 1:
        print("  one sample alone does not show how good parts vary: edges are given room instead; add more")
    if taught.reason:
        print(f"  {taught.reason}")
    return taught


def _length(pixels: float, inspection: "InspectionOptions") -> str:
    scale = inspection.pixels_per_mm
    return f"{pixels:.3g} px" + (f" ({pixels / scale:.2g} mm)" if scale else "")


def _newest(store: "Store", camera: str, name: str) -> "Golden":
    from watcher.camera.recipes import golden_of

    return golden_of(store.load(camera, name))


def _inspection(camera: "CameraOptions", name: str) -> "InspectionOptions":
    """What counts as a defect for the recipe that has this reference."""
    from watcher.camera import recipes

    for key in camera.inspection.recipes:
        if recipes.reference_name(camera, key)[0] == name:
            return recipes.settings_of(camera, key)[0]
    return camera.inspection


def _shots(camera: "CameraOptions", count: int, every: float) -> Iterator["U8"]:
    """So many pictures of the camera, `every` seconds apart."""
    from watcher.cli.reference import camera_frames

    taken, due = 0, float("-inf")
    for frame in camera_frames(camera, more=count * every):
        if frame.at < due:
            continue
        yield frame.bgr().copy()
        taken, due = taken + 1, frame.at + every
        if taken == count:
            return
    if taken == 0:
        raise ReferenceUnusable(f"{camera.key} gave no picture; see watcher check --connect")


def _tell(options: "Options", camera: "CameraOptions", stored: "StoredReference", own: str) -> None:
    """A running daemon goes on with what it is told, where that is of the recipe that it inspects."""
    from watcher.cli.telling import tell_daemon

    pinned = [label for label in camera.goldens.values() if label.startswith(f"{stored.name}@")]
    if pinned:
        print(f"{camera.key} keeps to {pinned[0]}, as its configuration says")
    if pinned or (stored.name != own and not camera.inspection.recipes):
        return
    try:
        told = tell_daemon(options.mqtt, camera.key, stored.label)
    except RequestRefused as refused:
        print(f"the running daemon goes on with what it has: {refused}")
        return
    if told:
        print(f"{camera.key} inspects against {stored.label} now")


def _write(path: Path, picture: "U8") -> None:
    import cv2

    data = cv2.imencode(".png", picture)[1].tobytes()
    try:
        path.write_bytes(data)
    except OSError as error:
        raise SinkError(f"{path} cannot be written ({error.strerror})") from None
