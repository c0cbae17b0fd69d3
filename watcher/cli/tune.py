"""``watcher tune``: watches for a while, tries other settings beside the present ones, and proposes."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from watcher.cli import FAILED
from watcher.cli.interrupted import stopped_by_hand
from watcher.cli.progress import progress
from watcher.errors import ConfigError, PictureUnreadable, RequestRefused, SourceLost
from watcher.profiles import PROFILES
from watcher.quantities import DURATION, FRACTION, PER_DAY, percent

if TYPE_CHECKING:
    from watcher.camera.options import CameraOptions
    from watcher.config import Loaded
    from watcher.sources import Source
    from watcher.tuning import Found, Outcome, Setting, Tuning
    from watcher.vision.frame import Frame, Tick

_DESCRIPTION = """\
Watches a camera for a while, or a recording to its end, with the present settings and, on the very same frames,
with others. Says how many events each would have meant, and what they were; proposes the settings that keep what
passes through or comes and stays, with the least of what only flickers in one place. With --write they are put into
the configuration, whose comments stay.
"""

STALE = 1.0
"""Seconds; a live frame that is older is let go: trying settings must not make the camera's queue longer."""

_QUANTITIES = {"rise": DURATION, "false_alarms": PER_DAY}
"""What values are written in; the others are fractions."""

SHOWN = 8
"""So many settings, and so many events, are told one by one."""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command and its arguments."""
    parser = subparsers.add_parser("tune", help="propose settings", description=_DESCRIPTION)
    parser.add_argument(
        "target", metavar="CAMERA|RECORDING",
        help="a camera of the configuration; or a recording, a folder of pictures, a glob in quotes",
    )  # fmt: skip
    parser.add_argument("--config", metavar="FILE", type=Path, help="the configuration")
    parser.add_argument("--camera", metavar="NAME", help="for a recording: begin with this camera's settings")
    parser.add_argument("--profile", choices=tuple(PROFILES), help="or with a profile's (default: home)")
    parser.add_argument("--fps", metavar="N", type=float, help="pictures a second of a folder (default: 10)")
    parser.add_argument(
        "--for", metavar="TIME", type=_duration, default=120.0, dest="length",
        help="how long to watch a camera (default: 2 min); Ctrl-C ends it earlier",
    )  # fmt: skip
    parser.add_argument(
        "--quiet", action="store_true",
        help="nothing happens meanwhile that is meant to be an event: propose the most sensitive that stays silent",
    )  # fmt: skip
    parser.add_argument("--write", action="store_true", help="put what is proposed into the configuration")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Watch, say what was found, and write it if asked; what is wrong is a WatcherError."""
    from watcher.replaying import Replay
    from watcher.sources.build import make_source
    from watcher.tuning import Tuning, proposal

    loaded, options = _chosen(args)
    if options.inspects:
        raise RequestRefused(
            f"{options.key} inspects parts: that is set by its good samples (watcher reference teach)"
        )
    if args.write and loaded is None:
        raise RequestRefused("--write needs a camera of a configuration; name it, or give --config and --camera")
    source = make_source(options.source, options.key)
    source.open()
    tuning = Tuning(options, _until(source, args.length))
    broke = _watched(tuning, source, round(args.length) if source.live else Replay(options).total)
    if tuning.frames < 2:
        raise PictureUnreadable(f"{args.target} gave {tuning.frames} frames: nothing can be said")
    outcomes = tuning.outcomes()
    proposed = proposal(outcomes, args.quiet)
    _say(args, options, tuning, outcomes, proposed)
    if broke is not None:
        print(str(broke), file=sys.stderr)
        return FAILED
    if args.write and loaded is not None:
        _write(loaded, options, tuning.present, proposed.setting)
    return 0


def _chosen(args: argparse.Namespace) -> "tuple[Loaded | None, CameraOptions]":
    """The settings to begin with, and the configuration that they are from."""
    from watcher import config
    from watcher.replaying import camera_options

    try:
        loaded = config.read(config.find(args.config)) if args.profile is None else None
    except ConfigError as error:
        if args.config is not None or args.camera is not None:
            raise
        if not _there(args.target):
            raise RequestRefused(f"{args.target} is neither a recording nor a camera: {error}") from None
        loaded = None
    cameras = loaded.options.cameras if loaded is not None else {}
    if loaded is not None and args.target in cameras and args.camera is None:
        return loaded, cameras[args.target]
    if not _there(args.target):
        known = f"; the configuration has {', '.join(cameras)}" if cameras else ""
        raise RequestRefused(f"{args.target} is neither a recording nor a camera{known}")
    named = args.camera or (args.config and next(iter(cameras), None))
    try:
        options = camera_options(
            args.target, args.profile or "home", args.config if named else None, args.camera, args.fps
        )
    except ValueError as error:
        raise RequestRefused(f"{args.target}: {error}") from None
    return (loaded if named else None), options


def _there(target: str) -> bool:
    """Whether it can be a recording: something on the disk, a glob, or a drawn scene."""
    return target == "demo" or Path(target).expanduser().exists() or any(mark in target for mark in "*?[")


def _until(source: "Source", length: float) -> "Iterator[Frame | Tick]":
    """What the source gives; of a live one for so long, without what has waited too long."""
    began = time.monotonic()
    for seen in source.frames():
        now = time.monotonic()
        if source.live and now - began >= length:
            return
        if not source.live or now - seen.at < STALE:
            yield seen


def _watched(tuning: "Tuning", source: "Source", total: int | None) -> SourceLost | None:
    """Watch to the end; why it ended early, where it did. `total`: seconds of a camera, frames of a recording."""
    from watcher.vision.frame import Gap

    with progress("watching", total) as bar, stopped_by_hand(tuning.stop):
        seconds = 0
        try:
            for seen, _, _ in tuning.steps():
                while source.live and seconds < int(tuning.seconds):
                    seconds += 1
                    bar.advance(f"{tuning.frames} frames")
                if not source.live and not isinstance(seen, Gap):
                    bar.advance()
        except SourceLost as lost:
            return lost
        finally:
            source.close()
    return None


def _say(
    args: argparse.Namespace, options: "CameraOptions", tuning: "Tuning", outcomes: "list[Outcome]",
    proposed: "Outcome",
) -> None:  # fmt: skip
    rate = (tuning.frames - 1) / tuning.seconds if tuning.seconds else 0.0
    print(f"watched {tuning.seconds:.1f} s of {args.target}: {tuning.frames} frames, {rate:.3g} a second;"
          f" profile {options.profile}")  # fmt: skip
    if tuning.noise is not None:
        print(f"noise from frame to frame: {tuning.noise:.1f} grey levels")
    present = outcomes[0]
    print("\nwhat settings would have meant:")
    shown = [present, *([proposed] if proposed is not present else []), *_telling(outcomes, proposed)]
    named = [(_words(present.setting, outcome.setting), outcome) for outcome in shown[: SHOWN + 2]]
    width = max(len(words) for words, _ in named) + 2
    for words, outcome in named:
        mark = " *" if outcome is proposed else "  "
        print(f"{mark} {words:{width}} {_events(outcome.events, tuning.seconds)}")
    _say_events(present, proposed)
    _say_proposal(args, options, present, proposed)


def _say_events(present: "Outcome", proposed: "Outcome") -> None:
    """The events of the present settings, each with what would become of it."""
    if present.events:
        print("\nwith the present settings:")
    for event in present.events[:SHOWN]:
        kept = any(one.at <= event.at + event.lasted and one.at + one.lasted >= event.at for one in proposed.events)
        print(f"   {_event(event)}{'' if kept or proposed is present else '  (not with the proposal)'}")
    if len(present.events) > SHOWN:
        print(f"   and {len(present.events) - SHOWN} more")


def _say_proposal(
    args: argparse.Namespace, options: "CameraOptions", present: "Outcome", proposed: "Outcome"
) -> None:
    from watcher.tuning import changes, restless_place

    wanted = changes(present.setting, proposed.setting)
    if place := restless_place(present.unwanted):
        x, y = (f"{100 * value:.0f} %" for value in place)
        print(f"\nmost of what is not meant happens about {x} from the left and {y} from the top:")
        print("  a screen, a clock or a plant there belongs under ignore")
    if args.quiet and proposed.events:
        print("\nnone of the settings that were tried stays silent")
    if not wanted:
        print(
            "\nthe present settings are proposed: none that was tried does better"
            + ("" if present.events or args.quiet else ", for nothing happened; watch for longer, or say --quiet")
        )
        return
    sections: dict[str, list[str]] = {}
    for (section, key), value in wanted.items():
        sections.setdefault(section, []).append(f"{key}: {value}")
    print("\nproposed for the camera's section:" if args.write else
          "\nproposed; --write puts it into the camera's section of the configuration:")  # fmt: skip
    for section, values in sections.items():
        print(f"  {section}: {{{', '.join(values)}}}")


def _telling(outcomes: "list[Outcome]", proposed: "Outcome") -> "list[Outcome]":
    """Other settings worth a line: those that differ in one thing only."""
    from watcher.tuning import changes

    present = outcomes[0].setting
    return [one for one in outcomes[1:] if one is not proposed and len(changes(present, one.setting)) == 1]


def _words(present: "Setting", setting: "Setting") -> str:
    from watcher.tuning import changes

    found = changes(present, setting)
    if not found:
        return (
            f"as it is: {100 * setting.threshold:.3g} %, rise {setting.rise:g} s,"
            f" sensitivity {100 * setting.sensitivity:g} %"
        )
    return ", ".join(f"{key} {value}" for (_, key), value in found.items())


def _events(events: "tuple[Found, ...]", seconds: float) -> str:
    """``7 events, 630 an hour: 3 passed through, 4 in one place``."""
    from watcher.tuning import KINDS

    if not events:
        return "no event"
    counted = Counter(event.kind for event in events)
    kinds = ", ".join(f"{counted[kind]} {kind}" for kind in KINDS if counted[kind])
    hourly = f", {len(events) * 3600 / seconds:.3g} an hour" if seconds else ""
    return f"{len(events)} event{'' if len(events) == 1 else 's'}{hourly}: {kinds}"


def _event(event: "Found") -> str:
    x, y = (f"{100 * value:.0f} %" for value in event.place)
    return (
        f"{event.at:8.1f} s  {event.kind:18} {event.lasted:5.1f} s, {percent(event.fraction)} of the picture,"
        f" about {x} from the left and {y} from the top"
    )


def _write(loaded: "Loaded", options: "CameraOptions", present: "Setting", setting: "Setting") -> None:
    from watcher.config.editing import write_values
    from watcher.tuning import changes

    wanted = changes(present, setting)
    if not wanted:
        return
    values: dict[tuple[str | int, ...], str] = {
        ("cameras", options.key, *key): value for key, value in wanted.items()
    }
    write_values(loaded.path, values, replace(loaded.options, cameras=_with(loaded, options.key, wanted)))
    print(
        f"written into {loaded.path}; a daemon that runs takes it on when it is told to read it again, or started"
    )


def _with(loaded: "Loaded", key: str, wanted: Mapping[tuple[str, str], str]) -> "dict[str, CameraOptions]":
    """The cameras as they are to be read afterwards."""
    camera = loaded.options.cameras[key]
    for (section, name), text in wanted.items():
        value = None if text == "null" else _QUANTITIES.get(name, FRACTION).parse(text)
        camera = replace(camera, **{section: replace(getattr(camera, section), **{name: value})})
    return {**loaded.options.cameras, key: camera}


def _duration(text: str) -> float:
    try:
        seconds = DURATION.parse(text)
    except ValueError as error:
        words = str(error)  # some of which begin with what was given
        raise argparse.ArgumentTypeError(words if words.startswith("'") else f"{text!r} {words}") from None
    if not 1 <= seconds <= 86400:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 1 s and 1 day")
    return seconds
