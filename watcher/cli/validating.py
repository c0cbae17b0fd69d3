"""A recipe against pictures that are known: false calls, escapes, and how both follow the threshold."""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from watcher.cli.progress import progress
from watcher.errors import PictureUnreadable, ReferenceUnusable, RequestRefused

if TYPE_CHECKING:
    from watcher.camera.options import CameraOptions
    from watcher.camera.private import Veil
    from watcher.camera.recipes import Recipe
    from watcher.inspection.inspector import Inspector
    from watcher.inspection.verdict import Inspection
    from watcher.references import Store
    from watcher.vision.arrays import U8

RIGHT, WRONG = 0, 1
SENSITIVITIES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Known:
    """A picture that is known to show a good part, or a bad one."""

    file: Path
    good: bool


@dataclass(slots=True)
class Score:
    """How a setting does on all of them."""

    sensitivity: float
    good: int = 0
    bad: int = 0
    false_calls: int = 0
    escapes: int = 0
    not_inspected: int = 0
    good_not_inspected: int = 0

    def count(self, known: Known, verdict: str) -> str:
        """Take a verdict into account; what was wrong with it, in words."""
        self.good += known.good
        self.bad += not known.good
        if verdict == "NOT_INSPECTED":
            self.not_inspected += 1
            self.good_not_inspected += known.good
            return "not inspected" if known.good else ""
        if known.good and verdict == "FAIL":
            self.false_calls += 1
            return "false call"
        if not known.good and verdict == "PASS":
            self.escapes += 1
            return "escape"
        return ""

    @property
    def right(self) -> bool:
        """A bad part that could not be inspected has not passed, and nothing more is asked of it."""
        return not (self.false_calls or self.escapes or self.good_not_inspected)

    def line(self) -> dict[str, float | int]:
        return {
            "sensitivity": self.sensitivity, "good": self.good, "bad": self.bad, "false_calls": self.false_calls,
            "escapes": self.escapes, "not_inspected": self.not_inspected,
        }  # fmt: skip


def check(args: argparse.Namespace, camera: "CameraOptions", store: "Store") -> int:
    """Inspect every picture; the exit status says whether all verdicts were right."""
    from watcher.camera.private import Veil
    from watcher.inspection.inspector import Inspector

    known = tuple(_known(Path(args.folder)))
    veil = Veil([area.points for area in camera.privacy.values()])
    recipe = _recipe(args, camera, store)
    own = recipe.options.sensitivity
    settings = sorted({*SENSITIVITIES, own})
    inspectors = {
        at: Inspector(recipe.golden, replace(recipe.options, sensitivity=at), recipe.watched) for at in settings
    }
    scores = {at: Score(at) for at in settings}
    if not args.json:
        print(f"{recipe.key} against {recipe.reference}, {len(known)} pictures")
    with progress("inspecting", len(known)) as bar:
        for one in known:
            picture = _picture(one.file, veil)
            for at, inspector in inspectors.items():
                inspection = _inspected(inspector, picture)
                wrong = scores[at].count(one, inspection.verdict)
                if at == own:
                    _say(one, inspection, wrong, as_json=args.json)
            bar.advance()
    _print(scores, own, as_json=args.json)
    return RIGHT if scores[own].right else WRONG


def _known(folder: Path) -> Iterator[Known]:
    from watcher.pictures import picture_files

    homes = {name: folder / name for name in ("good", "bad")}
    if not any(home.is_dir() for home in homes.values()):
        raise RequestRefused(f"{folder} has neither a folder good nor a folder bad with pictures that are known")
    for name, home in homes.items():
        if home.is_dir():
            try:
                yield from (Known(file, name == "good") for file in picture_files(home))
            except ReferenceUnusable:
                continue  # an empty one: there may be no bad parts yet


def _recipe(args: argparse.Namespace, camera: "CameraOptions", store: "Store") -> "Recipe":
    from watcher.camera import recipes

    if not camera.inspects:
        raise RequestRefused(
            f"{camera.key} does not inspect; give it a golden reference (reference: {{kind: golden}})"
        )
    if args.recipe is not None:
        try:
            camera = replace(camera, inspection=replace(camera.inspection, recipe=args.recipe))
        except ValueError as error:
            raise RequestRefused(str(error)) from None
    return recipes.load(camera, store, args.reference)


def _picture(file: Path, veil: "Veil") -> "U8 | PictureUnreadable":
    from watcher.pictures import read_picture

    try:
        return veil.blacked(read_picture(file))
    except PictureUnreadable as error:
        return error


def _inspected(inspector: "Inspector", picture: "U8 | PictureUnreadable") -> "Inspection":
    from watcher.inspection.verdict import Inspection

    if isinstance(picture, PictureUnreadable):
        return Inspection("NOT_INSPECTED", str(picture))
    return inspector.inspect(picture)


def _say(known: Known, inspection: "Inspection", wrong: str, *, as_json: bool) -> None:
    truth = "good" if known.good else "bad"
    if as_json:
        told = {"image": str(known.file), "truth": truth, "verdict": inspection.verdict, "wrong": wrong or None,
                "regions": len(inspection.regions), "reason": inspection.reason}  # fmt: skip
        print(json.dumps(told), flush=True)
    elif wrong:
        print(f"  {wrong}: {known.file} is {truth}, {inspection.verdict}: {inspection.reason}", flush=True)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _print(scores: "dict[float, Score]", own: float, *, as_json: bool) -> None:
    curve: Sequence[Score] = [scores[at] for at in sorted(scores)]
    now = scores[own]
    if as_json:
        print(json.dumps({"sensitivity": own, **now.line(), "curve": [one.line() for one in curve]}))
        return
    print(
        f"{_counted(now.false_calls, 'false call')} in {now.good} good,"
        f" {_counted(now.escapes, 'escape')} in {now.bad} bad,"
        f" {now.not_inspected} not inspected"
    )
    print("sensitivity  false calls  escapes  not inspected")
    for one in curve:
        mark = "  <- the recipe's" if one is now else ""
        print(f"{one.sensitivity:11.2f}  {one.false_calls:11d}  {one.escapes:7d}  {one.not_inspected:13d}{mark}")
