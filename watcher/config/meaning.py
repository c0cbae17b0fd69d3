"""What pydantic cannot know: whether the settings make sense together, and whether the files are there."""

import glob
import importlib.util
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path as File

from watcher.camera.options import CameraOptions
from watcher.config.options import Options
from watcher.config.validation import Finding
from watcher.sinks.options import ExecOptions
from watcher.sources.options import CustomOptions, FolderOptions, SourceOptions, V4l2Options, VideoOptions
from watcher.sources.urls import address
from watcher.vision.options import AreaOptions
from watcher.vision.reference.options import FixedOptions, GoldenOptions

Point = tuple[float, float]

GRID = 24
"""Rows and columns of samples by which it is told whether anything of a zone can be seen."""

_SECRET = re.compile("auth|token|key|secret|pass|cookie", re.IGNORECASE)
_NOT_THERE = "does not exist"
_RELATIVE = "(relative paths begin in the folder of the config file)"


def mistakes(options: Options) -> Iterator[Finding]:
    """What cannot work."""
    yield from _shared_devices(options.cameras)
    if "daemon" in options.cameras:
        sentence = "is what Home Assistant knows the daemon itself by; choose another key, name: may say daemon"
        yield Finding(("cameras", "daemon"), sentence)
    for key, camera in options.cameras.items():
        at = ("cameras", key)
        for section, areas in (("zones", camera.zones), ("ignore", camera.ignore), ("privacy", camera.privacy)):
            for name, area in areas.items():
                if crosses_itself(area.points):
                    sentence = "the polygon crosses itself; list its corners in the order of a walk round it"
                    yield Finding((*at, section, name, "points"), sentence)
        if isinstance(camera.reference, FixedOptions) and camera.reference.image is not None:
            yield from _missing_picture((*at, "reference", "image"), camera.reference.image)
        if isinstance(camera.reference, GoldenOptions) and camera.reference.images is not None:
            yield from _missing_samples((*at, "reference", "images"), camera.reference.images)
        yield from _strange_recipes((*at, "inspection", "recipes"), camera)
        yield from _missing_recording((*at, "source"), camera.source)
        yield from _missing_package((*at, "source"), camera.source)
    yield from _missing_for_brokers(options)
    yield from _same_brokers(options)
    yield from _unusable_storage(options)


def doubts(options: Options, mode: int) -> Iterator[Finding]:
    """What works but may not be meant; `mode` is that of the configuration file."""
    for key, camera in options.cameras.items():
        yield from _hidden_zones(key, camera)
        yield from _untaught(("cameras", key), camera, File(options.storage.folder) / "references" / key)
    for index, broker in enumerate(options.mqtt):
        if broker.password is not None and broker.password.unset:
            unset = f"the environment variable {broker.password.unset} is not set here; the daemon needs it"
            yield Finding(("mqtt", index, "password"), unset)
        if broker.password is not None and broker.password.missing:
            sentence = f"the file {broker.password.missing} does not exist yet {_RELATIVE}"
            yield Finding(("mqtt", index, "password"), sentence)
    for key, camera in options.cameras.items():
        for name, sink in camera.sinks.items():
            if isinstance(sink, ExecOptions) and shutil.which(sink.command[0]) is None:
                sentence = f"there is no program {sink.command[0]}; nothing is told until there is"
                yield Finding(("cameras", key, "sinks", name, "command"), sentence)
    if mode & 0o044:
        yield from _open_secrets(options)


def crosses_itself(points: tuple[Point, ...]) -> bool:
    """Whether two sides of a polygon that are not neighbours meet."""
    count = len(points)
    sides = [(points[index], points[(index + 1) % count]) for index in range(count)]
    return any(
        _meet(*sides[first], *sides[second])
        for first in range(count)
        for second in range(first + 2, count)
        if (second + 1) % count != first
    )


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    def side(p: Point, q: Point, r: Point) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


def _inside(points: tuple[Point, ...], x: float, y: float) -> bool:
    """Whether a point lies in a polygon (crossings of a ray to the right)."""
    inside = False
    before = points[-1]
    for point in points:
        crosses = (point[1] > y) != (before[1] > y)
        if crosses and x < (before[0] - point[0]) * (y - point[1]) / (before[1] - point[1]) + point[0]:
            inside = not inside
        before = point
    return inside


def _hidden_zones(key: str, camera: CameraOptions) -> Iterator[Finding]:
    hidden = [*camera.ignore.values(), *camera.privacy.values()]
    if not hidden:
        return
    whole = AreaOptions(points=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    areas: Mapping[str, AreaOptions] = camera.zones or {"": whole}
    for name, zone in areas.items():
        if _all_hidden(zone.points, hidden):
            path = ("cameras", key, "zones", name) if name else ("cameras", key)
            what = "this zone" if name else "the picture"
            yield Finding(path, f"nothing of {what} is watched: ignore and privacy areas cover all of it")


def _all_hidden(points: tuple[Point, ...], hidden: list[AreaOptions]) -> bool:
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    top, bottom = min(y for _, y in points), max(y for _, y in points)
    steps = [(index + 0.5) / GRID for index in range(GRID)]
    samples = ((left + (right - left) * i, top + (bottom - top) * j) for i in steps for j in steps)
    seen = [(x, y) for x, y in samples if _inside(points, x, y)]
    return bool(seen) and all(any(_inside(area.points, x, y) for area in hidden) for x, y in seen)


def _shared_devices(cameras: Mapping[str, CameraOptions]) -> Iterator[Finding]:
    users: dict[str, str] = {}
    for key, camera in cameras.items():
        if isinstance(camera.source, V4l2Options):
            device = os.path.realpath(camera.source.device)
            if device in users:
                sentence = f"{device} is already used by camera {users[device]}; a device serves one camera"
                yield Finding(("cameras", key, "source"), sentence)
            users.setdefault(device, key)


def _missing_picture(path: tuple[str, ...], image: str) -> Iterator[Finding]:
    if not _is(image, os.path.isfile):
        what = "is a folder; name one picture in it" if _is(image, os.path.isdir) else _why_not(image)
        yield Finding(path, f"{image} {what} {_RELATIVE}")


def _missing_samples(path: tuple[str, ...], images: str) -> Iterator[Finding]:
    """Whether there are good samples to learn from; what they show is seen when they are learnt."""
    if not (_any_matches(images) if glob.has_magic(images) else _is(images, os.path.isdir)):
        what = "no picture matches" if glob.has_magic(images) else "there is no folder"
        yield Finding(path, f"{what} {images} {_RELATIVE}")


def _untaught(path: tuple[str, ...], camera: CameraOptions, stored: File) -> Iterator[Finding]:
    """Golden references that nobody has taught yet, and the empty place that nobody has shown."""
    if not camera.inspects:
        return
    learns = getattr(camera.reference, "images", None) is not None
    for label in camera.goldens.values():
        name = label.partition("@")[0]
        if not learns and not any((stored / name).glob("*.json")):
            how = f"watcher reference teach {camera.key} {name} FOLDER"
            yield Finding(path, f"no golden reference {name} is stored yet, so nothing can be inspected; {how}")
    if camera.inspection.when == "still" and not any((stored / "empty").glob("*.json")):
        how = f"watcher reference take {camera.key} empty"
        yield Finding(path, f"the place without a part has not been shown and has to be learnt; better: {how}")


def _strange_recipes(path: tuple[str, ...], camera: CameraOptions) -> Iterator[Finding]:
    """States of zones have topics: a recipe may not bring others than the camera has."""
    for key, recipe in camera.inspection.recipes.items():
        for zone in (recipe.zones or {}).keys() - camera.zones.keys():
            known = ", ".join(camera.zones) or "none"
            yield Finding(
                (*path, key, "zones", zone), f"is not a zone of the camera (known: {known}); draw it there too"
            )


def _missing_recording(path: tuple[str, ...], source: SourceOptions) -> Iterator[Finding]:
    if not isinstance(source, VideoOptions | FolderOptions) or _is(source.path, os.path.exists):
        return
    if isinstance(source, FolderOptions):
        if glob.has_magic(source.path) and (source.watch or _any_matches(source.path)):
            return
        none = "no picture matches" if glob.has_magic(source.path) else "there is no such folder or picture:"
        yield Finding((*path, "path"), f"{none} {source.path} {_RELATIVE}")
        return
    yield Finding((*path, "path"), f"{_missing(source.path)} {_RELATIVE}")


def _missing_package(path: tuple[str, ...], source: SourceOptions) -> Iterator[Finding]:
    """Looked for, not imported: code of others runs where the camera runs."""
    if not isinstance(source, CustomOptions):
        return
    module = source.kind.partition(":")[0]
    package = module.partition(".")[0]
    try:
        there = importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        there = False
    if not there:
        how = f"there is no {package} where watcher is installed; install it there"
        yield Finding(path, f"{module} cannot be imported ({how})")


def _any_matches(pattern: str) -> bool:
    try:
        return next(glob.iglob(pattern), None) is not None
    except (OSError, ValueError):
        return False


def _is(path: str, what: Callable[[str], bool]) -> bool:
    """What `os.path` says; no for what cannot be a path at all."""
    try:
        return what(path)
    except (OSError, ValueError):
        return False


def _missing(recording: str) -> str:
    why = _why_not(recording)
    return f"there is no recording {recording}" if why == _NOT_THERE else f"the recording {recording} {why}"


def _why_not(path: str) -> str:
    """What is wrong with a file that is not found."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return _NOT_THERE
    except (OSError, ValueError) as error:
        return f"cannot be looked at ({getattr(error, 'strerror', None) or error})"
    return "is not a file"


def _missing_for_brokers(options: Options) -> Iterator[Finding]:
    for index, broker in enumerate(options.mqtt):
        for key in ("ca", "cert", "key"):
            file = getattr(broker.tls, key, None)
            if file is not None and not _is(file, os.path.isfile):
                yield Finding(("mqtt", index, "tls", key), f"the file {file} does not exist {_RELATIVE}")


def _same_brokers(options: Options) -> Iterator[Finding]:
    seen: set[tuple[str, str]] = set()
    for index, broker in enumerate(options.mqtt):
        if (broker.address, broker.prefix) in seen:
            sentence = f"is told twice: {broker.address} under {broker.prefix} stands above already"
            yield Finding(("mqtt", index), sentence)
        seen.add((broker.address, broker.prefix))


def _unusable_storage(options: Options) -> Iterator[Finding]:
    folder = File(options.storage.folder)
    if _is(str(folder), os.path.exists) and not _is(str(folder), os.path.isdir):
        yield Finding(("storage", "folder"), f"{folder} is a file, not a folder; name a folder")


def _open_secrets(options: Options) -> Iterator[Finding]:
    sentence = "stands in plain text in a file that others on this machine can read; run chmod 600 on the file"
    for index, broker in enumerate(options.mqtt):
        if broker.password is not None and broker.password.plain:
            how = f"{sentence}, or write {{file: PATH}}, {{env: NAME}} or {{credential: NAME}}"
            yield Finding(("mqtt", index, "password"), how)
    for key, camera in options.cameras.items():
        for name, sink in camera.sinks.items():
            values = sink.environment if isinstance(sink, ExecOptions) else sink.headers
            for field, value in values.items():
                if value.plain and _SECRET.search(field):
                    section = "environment" if isinstance(sink, ExecOptions) else "headers"
                    yield Finding(("cameras", key, "sinks", name, section, field), sentence)
        url = getattr(camera.source, "url", None)
        if getattr(camera.source, "password", None):
            yield Finding(("cameras", key, "source", "password"), sentence)
        elif isinstance(url, str) and address(url).password:
            yield Finding(("cameras", key, "source", "url"), f"a password {sentence}")
