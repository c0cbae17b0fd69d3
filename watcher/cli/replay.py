"""``watcher replay``: a recording through the very same engine as a camera, as fast as it can be read."""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from watcher.cli import FAILED, INTERRUPTED
from watcher.cli.inputs import files_of, refuse_overwriting
from watcher.cli.interrupted import stopped_by_hand
from watcher.cli.progress import progress
from watcher.errors import PictureUnreadable, RequestRefused, SinkError, WatcherError
from watcher.profiles import PROFILES
from watcher.quantities import counted

if TYPE_CHECKING:
    from watcher.events.event import EventUpdate
    from watcher.events.truth import Truth
    from watcher.loop import Step
    from watcher.replaying import Replay

_DESCRIPTION = """\
Puts a recording, a folder of pictures or a glob through the very same engine as a camera, and says what it finds.
The same input gives the same output, to the last byte.
"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command and its arguments."""
    parser = subparsers.add_parser("replay", help="the events of a recording", description=_DESCRIPTION)
    parser.add_argument(
        "source", metavar="SOURCE", help="a recording, a folder of pictures, a glob in quotes, or demo"
    )
    settings = parser.add_mutually_exclusive_group()
    settings.add_argument("--config", metavar="FILE", type=Path, help="use a camera's settings from this file")
    settings.add_argument("--profile", choices=tuple(PROFILES), help="or a profile's (default: home)")
    parser.add_argument("--camera", metavar="NAME", help="which camera of --config; the camera's name in events")
    parser.add_argument("--events", metavar="FILE", type=Path, help="write the events there, a JSON object a line")
    parser.add_argument(
        "--masks", metavar="DIR", type=Path,
        help="write what changed in each frame there as PNG: 255 changed, 0 same, 128 not watched or no verdict",
    )  # fmt: skip
    parser.add_argument(
        "--restless", metavar="FILE", type=Path,
        help="write the last picture there as PNG, with what was learnt to be restless (leaves, water) in colour",
    )  # fmt: skip
    parser.add_argument("--fps", metavar="N", type=float, help="pictures a second of a folder (default: 10)")
    parser.add_argument(
        "--start", metavar="TIME", type=_moment,
        help="when the first frame was taken (2026-11-22T10:18:03Z; UTC where no zone is given)",
    )  # fmt: skip
    parser.add_argument("--truth", metavar="FILE", type=Path, help="hold the events against what a person saw")
    parser.add_argument("--json", action="store_true", help="print the events as JSON, one object a line")
    parser.set_defaults(run=run)


LARGEST_TRUTH = 1_000_000
"""Bytes: what a person has written down of many hours."""


@dataclass(slots=True)
class Tally:
    """What a replay has come to so far."""

    frames: int = 0
    unreadable: int = 0
    trouble: str = ""
    blind: int = 0
    blinded: str = ""
    times: list[float] = field(default_factory=list)
    updates: "list[EventUpdate]" = field(default_factory=list)

    @property
    def events(self) -> int:
        return len({update.event.id for update in self.updates})

    @property
    def seconds(self) -> float:
        """From the first frame to the last."""
        return self.times[-1] - self.times[0] if self.times else 0.0

    def count(self, step: "Step") -> None:
        from watcher.vision.frame import Frame, Tick

        seen, detection, updates = step
        self.updates += updates
        if isinstance(seen, Frame):
            self.frames += 1
            self.times.append(seen.at)
            if detection.outcome == "blind":
                self.blind += 1
                where = seen.name or f"at {_clock(seen.at)}"
                self.blinded = self.blinded or f"{where}: {detection.reason}"
        elif isinstance(seen, Tick) and seen.trouble:
            self.unreadable += 1
            self.trouble = self.trouble or seen.sentence


class _EventsFile:
    """Events as they come, a line each; SinkError where the disk does not take them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = path.open("w", encoding="utf-8")
        except OSError as error:
            raise self._trouble(error) from None

    def __enter__(self) -> "_EventsFile":
        return self

    def __exit__(self, kind: type[BaseException] | None, *unused: object) -> None:
        try:
            self._file.close()
        except OSError as error:  # what could not be written is tried once more, and has been said
            if kind is None:
                raise self._trouble(error) from None

    def write(self, line: str) -> None:
        try:
            self._file.write(line + "\n")
            self._file.flush()  # whoever follows the file sees it now, and an interruption loses nothing
        except OSError as error:
            raise self._trouble(error) from None

    def _trouble(self, error: OSError) -> SinkError:
        return SinkError(f"the events cannot be written to {self._path} ({error.strerror})")


def run(args: argparse.Namespace) -> int:
    """Replay, tell, and sum up."""
    tally, began = Tally(), time.monotonic()
    trouble, status = "", 0
    try:
        if not _replayed(args, tally):
            trouble, status = "interrupted", INTERRUPTED
    except WatcherError as error:
        trouble, status = str(error), FAILED
    if trouble:
        results = f"; the results are of the first {tally.frames} frames" if tally.frames else ""
        print(f"{trouble}{results}", file=sys.stderr)
    if tally.frames:
        _sum_up(tally, time.monotonic() - began)
    return status


def _replayed(args: argparse.Namespace, tally: Tally) -> bool:
    """Whether it came to the recording's end. WatcherError is for the caller, after what there was."""
    from watcher.cli.restless import RestlessPicture
    from watcher.events.truth import predictions, score
    from watcher.masks import Masks, refuse_equal_stems
    from watcher.vision.frame import Gap

    truth = _truth(args.truth)
    replay = _made(args)
    if args.masks is not None:
        refuse_equal_stems(replay.names)
    refuse_overwriting(_outputs(args, replay), _inputs(args, replay))
    with ExitStack() as stack:
        # What is written is begun only once there is something to read.
        replay.open()
        stack.callback(replay.source.close)
        masks = Masks(args.masks) if args.masks is not None else None
        restless = RestlessPicture(args.restless)
        events = stack.enter_context(_EventsFile(args.events)) if args.events is not None else None
        stack.enter_context(stopped_by_hand(replay.stop))
        bar = stack.enter_context(progress("replaying", replay.total if sys.stderr.isatty() else None))
        try:
            for step in replay.steps():
                tally.count(step)
                restless.note(step[0])
                if masks is not None:
                    masks.write(step[0], step[1], replay.detector)
                _tell(step[2], replay, args, events)
                if not isinstance(step[0], Gap):  # the end is no picture
                    bar.advance(counted(tally.events, "event"))
        finally:
            if masks is not None:
                masks.finish()
            restless.write(replay.detector)
    if not tally.frames and not replay.stopped:
        raise PictureUnreadable(_nothing_read(args.source, tally))
    if truth is not None:
        result = score(truth, predictions(tally.updates), tally.seconds, tally.times)
        print("\n".join(result.lines()), file=sys.stderr if args.json else sys.stdout)
    return not replay.stopped


def _nothing_read(source: str, tally: Tally) -> str:
    """That there was nothing to replay, with the name of what it was."""
    count = f"{source}: none of {tally.unreadable} pictures could be read, first: " if tally.unreadable > 1 else ""
    return f"{count}{tally.trouble}" if tally.trouble else f"{source} has no pictures"


def _made(args: argparse.Namespace) -> "Replay":
    from watcher.replaying import Replay, camera_options

    try:
        return Replay(
            camera_options(args.source, args.profile or "home", args.config, args.camera, args.fps, args.start)
        )
    except ValueError as error:
        raise RequestRefused(f"{args.source}: {error}") from None


def _outputs(args: argparse.Namespace, replay: "Replay") -> Iterator[Path]:
    """What would be written, as far as it is there already."""
    if args.events is not None:
        yield args.events
    if args.restless is not None:
        yield args.restless
    if args.masks is not None:
        stems = {Path(name).stem for name in replay.names}
        for path in files_of(args.masks):
            numbered = not stems and path.stem.isdecimal()
            if path.suffix == ".png" and (numbered or path.stem in stems):
                yield path


def _inputs(args: argparse.Namespace, replay: "Replay") -> Iterator[Path]:
    """What is read."""
    yield from (path for path in (args.truth, args.config) if path is not None)
    yield from replay.files


def _tell(
    updates: "tuple[EventUpdate, ...]", replay: "Replay", args: argparse.Namespace, events: _EventsFile | None
) -> None:
    from watcher.events.payload import payload

    for update in updates:
        told = payload(update, profile=replay.options.profile, reference=replay.reference, snapshot_file=None)
        line = json.dumps(told)
        if events is not None:
            events.write(line)
        if args.json:
            print(line, flush=True)
        elif update.phase != "updated":
            print(_sentence(update), flush=True)


def _sentence(update: "EventUpdate") -> str:
    event = update.event
    if update.phase == "started":
        return f"started {_clock(event.started)}  {update.reason}"
    ended = event.started if event.ended is None else event.ended
    length = f"{ended - event.started:.1f} s"
    return f"ended   {_clock(ended)}  {event.cause} ({event.end_reason}) after {length}  {update.reason}"


def _clock(seconds: float) -> str:
    """``1:02:03.250`` without what is zero in front: how players show a place in a recording."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}:{minutes:02d}" if hours else f"{minutes}") + f":{rest / 1000:06.3f}"


def _sum_up(tally: Tally, took: float) -> None:
    speed = f", {tally.seconds / took:.3g} times real time" if tally.seconds else ""
    events = counted(tally.events, "event")
    print(f"{tally.frames} frames, {tally.seconds:.1f} s, {events}; took {took:.1f} s{speed}", file=sys.stderr)
    if tally.unreadable:
        print(f"{tally.unreadable} could not be read, first: {tally.trouble}", file=sys.stderr)
    if tally.blind:
        print(f"{tally.blind} could not be compared, first {tally.blinded}", file=sys.stderr)


def _truth(path: Path | None) -> "Truth | None":
    from watcher.events.truth import read_truth
    from watcher.files import read_small

    if path is None:
        return None
    try:
        data, _ = read_small(path, LARGEST_TRUTH)
        if len(data) > LARGEST_TRUTH:
            raise RequestRefused(f"the truth {path} is larger than {LARGEST_TRUTH // 1_000_000} MB; name another")
        return read_truth(json.loads(data))
    except OSError as error:
        raise RequestRefused(f"the truth {path} cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise RequestRefused(f"{path} is not a truth file: {error}") from None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time; write for example 2026-11-22T10:18:03Z"
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
