"""A recording through the very same engine as a camera, as fast as it can be read.

    >>> for frame, detection, updates in watcher.replay("recording.mp4", profile="home"):
    ...     ...

The same input gives the same output, to the last byte: times are those of the recording, and ids are counted.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import cast

from watcher import profiles
from watcher.camera.detecting import detector_of
from watcher.camera.options import CameraOptions
from watcher.camera.private import Veil
from watcher.comparing import SAME_ASPECT
from watcher.errors import ReferenceUnusable, RequestRefused, SourceLost
from watcher.events.ids import replay_ids
from watcher.events.tracker import Tracker
from watcher.loop import Step, watch
from watcher.pictures import read_picture
from watcher.sources.build import make_source
from watcher.sources.folder import listed
from watcher.sources.options import (
    CustomOptions,
    DemoOptions,
    FolderOptions,
    SourceOptions,
    VideoOptions,
    options_from_text,
)  # fmt: skip
from watcher.vision.frame import Frame, Gap, Observation
from watcher.vision.geometry import Size
from watcher.vision.reference.options import FixedOptions

DEMO_LENGTH = 60.0
"""Seconds of the demo scene that are replayed: it has no end of its own."""


def replay(
    source: str | Path,
    profile: str = "home",
    config: str | Path | None = None,
    camera: str | None = None,
    fps: float | None = None,
    start: datetime | None = None,
) -> Iterator[Step]:
    """Every frame of a recording, what was detected in it, and what that means for events.

    Parameters
    ----------
    source : a recording, a folder of pictures, a glob, or ``demo``.
    profile : ``home``, ``wildlife``, ``inspection`` or ``plain``; a `config` has its own.
    config, camera : a config.yaml, and the camera in it whose settings are used; without `camera` the only one.
    fps : how fast pictures of a folder were taken, 10 where not given; recordings know it themselves.
    start : when the first frame was taken; else what the recording says, else 1970.

    Yields
    ------
    (observation, detection, updates) : the observation is a `Frame`; a `Tick` for a picture that cannot be read;
        and at the end a `Gap`, which ends the event that is open.

    Raises
    ------
    SourceUnavailable : it cannot be opened.
    SourceLost : it breaks off; everything before has been given.
    ConfigError, RequestRefused, ReferenceUnusable, ValueError : what they say.
    """
    return Replay(camera_options(source, profile, config, camera, fps, start)).steps()


def camera_options(
    source: str | Path,
    profile: str = "home",
    config: str | Path | None = None,
    camera: str | None = None,
    fps: float | None = None,
    start: datetime | None = None,
) -> CameraOptions:
    """The settings that a replay goes by: the config's camera, or the profile's, with this recording as source."""
    recording = _recording(options_from_text(str(source)), fps, start)
    if config is not None:
        return replace(_configured(Path(config), camera), source=recording)
    chosen = profiles.settings(profile)
    return CameraOptions(
        key=camera or "replay",
        source=recording,
        profile=cast(profiles.ProfileName, profile),  # settings has just found it
        detector=chosen.detector,
        events=chosen.events,
        reference=chosen.reference,
    )


class Replay:
    """One recording on its way through the engine; used once.

    Attributes
    ----------
    options : what it goes by.
    detector : asked for its masks after each step.
    stopped : whether `stop` was called.
    reference : what payloads name as the reference.
    """

    def __init__(self, options: CameraOptions) -> None:
        self.options = options
        self.source = make_source(options.source, options.key)
        self._veil = Veil([area.points for area in options.privacy.values()])
        self.detector = detector_of(options)
        self._tracker = Tracker(options.key, options.events, options.zones, replay_ids(options.key))
        self._given: Size | None = None
        self.reference = self._given_reference(options)
        self.stopped = False
        self._opened = False
        self._broke: SourceLost | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the pictures that are to come; of a recording, none."""
        options = self.options.source
        return tuple(path.name for path in listed(options.path)) if isinstance(options, FolderOptions) else ()

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that are read, as far as they are known: recording or pictures, and a fixed reference."""
        options, reference = self.options.source, self.options.compared
        given = reference.image if isinstance(reference, FixedOptions) else None
        fixed = () if given is None else (Path(given),)
        if isinstance(options, FolderOptions):
            return (*listed(options.path), *fixed)
        return (Path(options.path).expanduser(), *fixed) if isinstance(options, VideoOptions) else fixed

    @property
    def total(self) -> int | None:
        """How many frames there will be, as far as that is known beforehand: for people."""
        options = self.options.source
        if isinstance(options, VideoOptions):
            return _frame_count(Path(options.path).expanduser())
        if isinstance(options, DemoOptions) and options.length is not None:
            return round(options.length * options.fps)
        return len(self.names) or None

    def open(self) -> None:
        """Open the source, before anything is written; `steps` does it where nobody has."""
        self.source.open()
        self._opened = True

    def steps(self) -> Iterator[Step]:
        """Every step; SourceLost comes last, after the end of what was there."""
        if not self._opened:
            self.open()
        try:
            yield from watch(self._observations(), self.detector, self._tracker)
        finally:
            self.source.close()
        if self._broke is not None:
            raise self._broke

    def stop(self) -> None:
        """End after the present frame, as where a recording ends; may be called from a signal handler."""
        self.stopped = True

    def _observations(self) -> Iterator[Observation]:
        last: Observation | None = None
        try:
            for seen in self.source.frames():
                if last is None and isinstance(seen, Frame):
                    self._check_aspect(seen.size)
                last = seen
                yield self._veil.over(seen) if isinstance(seen, Frame) else seen
                if self.stopped:
                    break
        except SourceLost as broke:
            self._broke = broke
        if last is not None:
            ended = "replaying was interrupted" if self.stopped else "the recording ended"
            reason, detail = ("lost", str(self._broke)) if self._broke else ("stopped", ended)
            yield Gap(last.at, last.utc, reason, detail)

    def _check_aspect(self, size: Size) -> None:
        """Say it before anything is compared: without a reference no frame could be."""
        if self._given is None:
            return
        (width, height), (given_width, given_height) = size, self._given
        if abs(given_width * height / (given_height * width) - 1) <= SAME_ASPECT:
            return
        raise ReferenceUnusable(
            f"the reference {self.reference} is {given_width}x{given_height}, the recording {width}x{height}:"
            " the aspect differs; take a reference of the same shape"
        )

    def _given_reference(self, options: CameraOptions) -> str:
        if not isinstance(options.compared, FixedOptions):
            return "background"
        if options.compared.image is None:
            return "start"
        picture = read_picture(options.compared.image)
        self._given = picture.shape[1], picture.shape[0]
        self.detector.use_reference(self._veil.blacked(picture))
        return Path(options.compared.image).stem


def _frame_count(path: Path) -> int | None:
    """What the container says, or what follows from its duration; None where it says nothing."""
    import av
    from av.error import FFmpegError

    try:
        with av.open(f"file:{path}", options={"protocol_whitelist": "file"}) as container:
            stream = container.streams.video[0]
            if container.format.name == "avi" and stream.index_entries:
                return len(stream.index_entries)  # its header counts frames that were dropped, too
            if stream.frames or stream.average_rate is None or container.duration is None:
                return stream.frames or None
            return round(container.duration / av.time_base * stream.average_rate)
    except (FFmpegError, IndexError):
        return None  # whoever opens it next says why


def _configured(path: Path, camera: str | None) -> CameraOptions:
    from watcher.config import read

    cameras = read(path).options.cameras
    known = ", ".join(cameras)
    if camera is None and len(cameras) > 1:
        raise RequestRefused(f"{path} has several cameras; say which one's settings to use: {known}")
    if camera is None:
        return next(iter(cameras.values()))
    if camera not in cameras:
        raise RequestRefused(f"{path} has no camera {camera}; it has {known}")
    return cameras[camera]


def _recording(options: SourceOptions, fps: float | None, start: datetime | None) -> SourceOptions:
    if fps is not None and not isinstance(options, FolderOptions):
        raise RequestRefused("fps is for folders of pictures: a recording has times of its own")
    if isinstance(options, FolderOptions):
        rate = options.fps if fps is None else fps
        return replace(options, pace="fast", repeat=False, watch=False, start=start, fps=rate)
    if isinstance(options, VideoOptions):
        return replace(options, pace="fast", repeat=False, start=start)
    if isinstance(options, DemoOptions):
        return replace(options, pace="fast", length=options.length or DEMO_LENGTH)
    if isinstance(options, CustomOptions):
        return options
    raise RequestRefused(
        "only what has an end can be replayed: a recording, a folder or a glob of pictures, or demo"
    )
