"""``watcher compare``: what differs between pictures, with exit statuses like diff's."""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from watcher.cli.inputs import files_of, refuse_overwriting
from watcher.cli.progress import progress
from watcher.errors import RequestRefused, SinkError, WatcherError
from watcher.profiles import PROFILES

if TYPE_CHECKING:
    from watcher.comparing import Comparison

PASSED, DIFFERENT, UNUSABLE, NO_VERDICT = 0, 1, 2, 3

_DESCRIPTION = """\
Compares pictures with a reference and says every region that differs. The SSIM beside it ("score" in JSON) is the
number that scikit-image gives for the whole picture in grey: it is for comparison with other tools and decides
nothing.
"""

_MOST_PLACES = 3
_DRAWINGS = ("reference", "annotated", "difference", "heatmap")

_EPILOG = """\
exit status: the first that applies of
  2  a picture cannot be read, or the reference cannot be used
  1  a picture differs
  3  there is no verdict on a picture
  0  nothing differs
"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command and its arguments."""
    parser = subparsers.add_parser(
        "compare",
        help="what differs between pictures",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "reference", metavar="REFERENCE",
        help="the good picture, or a folder of good samples of one size: averaged, or learnt from with --profile"
        " inspection",
    )  # fmt: skip
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="the pictures to judge, each by itself")
    parser.add_argument(
        "--profile", choices=tuple(PROFILES), default="plain",
        help="what counts as a difference (default: %(default)s: every change, as it is)",
    )  # fmt: skip
    parser.add_argument(
        "--roi", metavar="X,Y,W,H",
        help="compare only this part, in pixels of the reference or percentages (10%%,0,50%%,50%%)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object per picture")
    parser.add_argument(
        "--output", metavar="DIR", type=Path,
        help="write NNN_NAME_reference, _annotated, _difference and _heatmap.png there, numbered from 000",
    )  # fmt: skip
    parser.add_argument("--fill", action="store_true", help="in these, paint what changed instead of boxing it")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Judge every picture; a line each, in order."""
    on_screen = sys.stdout.isatty()
    judged: list[Comparison] = []
    try:
        if args.output is not None:
            inputs = [path for place in (args.reference, *args.images) for path in files_of(Path(place))]
            drawn = (_drawn(args.output, image, number) for number, image in enumerate(args.images))
            refuse_overwriting(chain.from_iterable(drawn), inputs)
        with progress("comparing", 1 if on_screen and args.json else len(args.images)) as bar:
            for number, comparison in enumerate(_comparisons(args)):
                _save(comparison, number, args)
                if args.json:
                    print(json.dumps(comparison.line()), flush=True)
                elif not on_screen:
                    print(_sentence(comparison), flush=True)
                judged.append(replace(comparison, evidence=None))  # the pictures themselves are not kept
                bar.advance()
    except WatcherError as error:
        print(error, file=sys.stderr)
        return UNUSABLE
    finally:  # after Ctrl-C too: what was compared until then was waited for
        if on_screen and not args.json and judged:
            _print_table(judged)
    return _status(judged)


def _comparisons(args: argparse.Namespace) -> "Iterator[Comparison]":
    from watcher.comparing import Comparer, not_inspected

    try:
        comparer = Comparer(args.reference, args.profile, args.roi)
    except ValueError as error:
        raise RequestRefused(str(error)) from None
    except WatcherError as error:
        for image in args.images:
            yield not_inspected(args.reference, image, error)
        return
    for image in args.images:
        try:
            yield comparer.against(image)
        except WatcherError as error:
            yield not_inspected(comparer.name, image, error)


def _save(comparison: "Comparison", number: int, args: argparse.Namespace) -> None:
    if args.output is None or comparison.evidence is None:
        return
    import cv2

    drawings = comparison.drawings(args.fill)
    try:
        args.output.mkdir(parents=True, exist_ok=True)
        for name, path in zip(_DRAWINGS, _drawn(args.output, comparison.image, number), strict=True):
            data = cv2.imencode(".png", getattr(drawings, name))[1]
            path.write_bytes(data.tobytes())
    except OSError as error:
        raise SinkError(f"the pictures could not be written to {args.output} ({error.strerror})") from None


def _drawn(folder: Path, image: str, number: int) -> tuple[Path, ...]:
    """The files that are written of a picture."""
    # Names end at 255 bytes; the rest of this one takes at most 24.
    stem = (
        os.fsencode(Path(image).stem).decode("utf-8", "backslashreplace").encode()[:200].decode("utf-8", "ignore")
    )
    return tuple(folder / f"{number:03d}_{stem}_{name}.png" for name in _DRAWINGS)


def _status(judged: "Sequence[Comparison]") -> int:
    if any(one.error for one in judged):
        return UNUSABLE
    if any(one.changed for one in judged):
        return DIFFERENT
    return NO_VERDICT if any(one.changed is None for one in judged) else PASSED


def _columns(comparison: "Comparison") -> tuple[str, str, str, str, str]:
    return (
        comparison.verdict.replace("_", " "),
        "" if comparison.score is None else f"{comparison.score:.4f}",
        "" if comparison.changed_fraction is None else f"{100 * comparison.changed_fraction:.3g} %",
        f"{len(comparison.regions)}",
        f"{comparison.elapsed_ms:.0f} ms",
    )


def _sentence(comparison: "Comparison") -> str:
    """The line of a picture where nobody looks at a screen."""
    verdict, score, _, _, elapsed = _columns(comparison)
    details = ", ".join(part for part in (f"SSIM {score}" if score else "", elapsed) if part)
    return f"{verdict}  {comparison.image}: {_reason(comparison)} ({details})"


def _reason(comparison: "Comparison") -> str:
    """The reason, and where the largest regions are: ``1 region differs, 0.9 % of …, at 254,93 53x55``."""
    boxes = [region.box for region in comparison.regions[:_MOST_PLACES]]
    if not boxes:
        return comparison.reason.removeprefix(f"{comparison.image}: ")  # which stands beside it
    places = "; ".join(f"{box.x0},{box.y0} {box.width}x{box.height}" for box in boxes)
    first = "the largest " if len(comparison.regions) > len(boxes) else ""
    return f"{comparison.reason}, {first}at {places}"


def _one_folder(images: Sequence[str]) -> str:
    """The folder of several pictures that lie in one: said once, it leaves the lines room for their names."""
    folders = {os.path.dirname(image) for image in images}
    return folders.pop() if len(folders) == 1 and len(images) > 1 else ""


def _print_table(judged: "Sequence[Comparison]") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    folder = _one_folder([one.image for one in judged])
    title = f"in {escape(folder)}" if folder else None
    table = Table(box=None, pad_edge=False, title=title, title_justify="left")
    for title in ("picture", "verdict"):
        table.add_column(title, overflow="fold")
    for title in ("SSIM", "changed", "regions", "time"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("reason", overflow="fold")
    colours = {"PASS": "green", "FAIL": "red", "NOT_INSPECTED": "yellow"}
    for one in judged:
        verdict, *rest = _columns(one)
        colour = colours[one.verdict]
        image = os.path.basename(one.image) if folder else one.image
        table.add_row(escape(image), f"[{colour}]{verdict}[/]", *rest, escape(_reason(one)))
    Console().print(table)
