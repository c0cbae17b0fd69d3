"""``watcher history``: what was inspected and what has happened, out of the history on disk."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from watcher.errors import RequestRefused

if TYPE_CHECKING:
    from watcher.history import Past

_DESCRIPTION = """\
Lists the newest events of the cameras, and of those that inspect the newest inspections, oldest first; with
--events or --counters those of all. It may be read while the daemon runs.
"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command and its arguments."""
    parser = subparsers.add_parser(
        "history", help="past inspections and events", description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("camera", metavar="CAMERA", nargs="?", help="of this camera only")
    parser.add_argument("--config", metavar="FILE", type=Path, help="the configuration")
    parser.add_argument("--events", action="store_true", help="events, also of cameras that inspect")
    parser.add_argument("--counters", action="store_true", help="the counters of each shift or batch instead")
    parser.add_argument("--verdict", choices=("PASS", "FAIL", "NOT_INSPECTED"), help="only these inspections")
    parser.add_argument("--last", metavar="N", type=int, default=20, help="how many of each camera (%(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON object each, whole")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read the configuration for the folder, then the history in it."""
    from watcher import config
    from watcher.history import Past

    options = config.read(config.find(args.config)).options
    if args.camera is not None and args.camera not in options.cameras:
        raise RequestRefused(
            f"there is no camera {args.camera}; the configuration has {', '.join(options.cameras)}"
        )
    past = Past(Path(options.storage.folder).absolute())
    found = 0
    for camera in [args.camera] if args.camera else options.cameras:
        for line in _lines(args, past, camera, options.cameras[camera].inspects):
            print(line)
            found += 1
    if not found:
        print("nothing of the kind has been kept yet", file=sys.stderr)
    return 0


def _lines(args: argparse.Namespace, past: "Past", camera: str, inspects: bool) -> Iterator[str]:
    """What is asked for of one camera, oldest first."""
    if args.counters:
        for told in reversed(past.shifts(camera, args.last)):
            yield json.dumps({"camera": camera, **told}) if args.json else _shift(camera, told)
    elif args.events or not (inspects or args.verdict):
        for payload in reversed(past.events(camera, args.last)):
            yield json.dumps(payload) if args.json else _event(payload)
    else:
        for one in reversed(past.inspections(camera, args.last, args.verdict)):
            told = {**one.payload, "truth": one.truth}
            yield json.dumps(told) if args.json else _inspection(told)


def _inspection(told: dict[str, Any]) -> str:
    part = f"  part {told['part']}" if told.get("part") else ""
    truth = f"  ({told['truth']}, as a person says)" if told["truth"] else ""
    return (
        f"{told['captured_at']}  {told['camera']}  {told['id']}  {told['verdict'].replace('_', ' ')}{part}"
        f"  {told['recipe']}  {told['reason']}{truth}"
    )


def _shift(camera: str, told: dict[str, Any]) -> str:
    share = "" if told["yield"] is None else f", yield {100 * told['yield']:.1f} %"
    worst = ", ".join(f"{zone} {count}" for zone, count in told["zones"].items())
    return (
        f"{told['since']}  {camera}  {told['batch'] or '-'}  {told['inspected']} inspected, {told['failed']} failed"
        f"{f' ({worst})' if worst else ''}, {told['not_inspected']} not inspected, {told['skipped']} skipped{share}"
    )


def _event(told: dict[str, Any]) -> str:
    ended = told["ended_at"] or "open"
    return f"{told['started_at']}  {told['camera']}  {told['id']}  until {ended}  {told['cause']}  {told['reason']}"
