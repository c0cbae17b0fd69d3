"""The rows: each gives figures with what they must and should be."""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from skimage.metrics import structural_similarity

from tests.bench.inspection import boards
from tests.bench.inspection.boards import Corners, Pair, Trouble
from tests.bench.inspection.scoring import Score
from tests.bench.measure import Figure, in_turns, ratio
from watcher.inspection.golden import teach
from watcher.inspection.inspector import Inspector
from watcher.inspection.options import InspectionOptions
from watcher.inspection.verdict import Inspection
from watcher.quantities import Length

SENSITIVE = 0.75
DEFAULT = InspectionOptions()
TIGHT = InspectionOptions(margin=Length("0 px"))


@cache
def pairs() -> tuple[Pair, ...]:
    return tuple(boards.deeppcb())


def judged(pair: Pair, options: InspectionOptions = DEFAULT) -> Inspection:
    """A pair by itself: nothing is known of how any other part lay."""
    return Inspector(teach([pair.golden], options).golden, options).inspect(pair.picture)


def boxes(inspection: Inspection) -> list[Corners]:
    return [
        (float(r.box.x0), float(r.box.y0), float(r.box.x1), float(r.box.y1)) for r in inspection.regions
    ]  # fmt: skip


def scored(some: Iterable[Pair], options: InspectionOptions = DEFAULT) -> Score:
    score = Score()
    for pair in some:
        score.add(boxes(judged(pair, options)), pair)
    return score


def deeppcb() -> Iterator[Figure]:
    score = scored(pairs())
    yield Figure("deeppcb", "F", score.f, "", 0.975, 0.992, True)
    yield Figure("deeppcb", "false boxes per picture", score.false_each, "", 0.12, 0.03)
    for what, chosen in (("boards settings were chosen on", True), ("boards only measured", False)):
        part = scored(p for p in pairs() if (p.name[:5] in boards.PRODUCTS_CHOSEN_ON) == chosen)
        note = f"{part.pictures} pairs, {part.false_each:.3f} false boxes per picture"
        yield Figure("deeppcb", f"F, {what}", part.f, "", 0.975, 0.992, True, note=note)
    tight = scored(pairs(), TIGHT)
    note = f"boxes as found, without their 9 px margin: F {tight.f:.4f}"
    yield Figure("deeppcb", "touched", score.touched_share, "", 0.97, 0.99, True, note=note)


def sensitive() -> Iterator[Figure]:
    score = scored(pairs(), InspectionOptions(sensitivity=SENSITIVE))
    note = f"sensitivity {SENSITIVE}"
    yield Figure("sensitive", "defects touched", score.touched_share, "", 0.997, 0.999, True, note=note)
    yield Figure("sensitive", "false boxes per picture", score.false_each, "", 1.0, 1.0)


def disturbed() -> Iterator[Figure]:
    as_is = scored(pairs()).f
    for number, (what, trouble) in enumerate([*boards.ALONE.items(), ("all at once", boards.ALL)]):
        score = scored(in_trouble(pairs(), trouble, seed=number))
        note = f"{what}: F {score.f:.4f}, {score.false_each:.3f} false boxes per picture"
        yield Figure("disturbed", f"F lost, {what}", as_is - score.f, "", 0.02, 0.005, note=note)


def in_trouble(some: Iterable[Pair], trouble: Trouble, seed: int) -> Iterator[Pair]:
    rng = np.random.default_rng(seed)
    return (trouble.on(pair, rng) for pair in some)


def good(trials: int = 1000) -> Iterator[Figure]:
    """Every golden picture against itself, varied and in trouble; every tenth a photograph reduced to 960 px."""
    rng = np.random.default_rng(2026)
    said = {"PASS": 0, "FAIL": 0, "NOT_INSPECTED": 0}
    photographs = _small_photographs()
    for number in range(trials):
        golden = photographs[number // 10 % 3] if number % 10 == 9 else pairs()[number % len(pairs())].golden
        pair = Pair(str(number), golden, boards.varied(golden, rng), ())
        said[judged(boards.ALL.on(pair, rng)).verdict] += 1
    share = 1000 / trials
    yield Figure("good", f"FAIL of {trials}, scaled to 1000", said["FAIL"] * share, "", 1, 0)
    yield Figure("good", f"NOT_INSPECTED of {trials}, scaled to 1000", said["NOT_INSPECTED"] * share, "", 10, 0)


@cache
def _small_photographs() -> tuple[np.ndarray, ...]:
    goldens = {pair.name[:2]: pair.golden for pair in boards.hripcb()}
    sizes = ((960, round(960 * g.shape[0] / g.shape[1])) for g in goldens.values())
    return tuple(
        cv2.resize(g, s, interpolation=cv2.INTER_AREA) for g, s in zip(goldens.values(), sizes, strict=True)
    )


def photographs() -> Iterator[Figure]:
    yield from _touches("photographs", boards.hripcb(), 1.0, 1.0)


def photographs_moved() -> Iterator[Figure]:
    trouble = replace(boards.ALL, blur=0, noise=0, jpeg=0)
    yield from _touches("photographs-moved", in_trouble(boards.hripcb(), trouble, 7), 0.98, 1.0)
    yield from _touches("photographs-all", in_trouble(boards.hripcb(), boards.ALL, 8), 0.98, 1.0)


def _touches(row: str, some: Iterable[Pair], must: float, aim: float) -> Iterator[Figure]:
    score = Score()
    inspectors: dict[str, Inspector] = {}
    for pair in some:
        product = pair.name[:2]
        if product not in inspectors:
            inspectors = {product: Inspector(teach([pair.golden]).golden)}
        score.add_touches(boxes(inspectors[product].inspect(pair.picture)), pair)
    note = f"{row}: {score.touched} of {score.true} authors' boxes on {score.pictures} boards"
    yield Figure(row, "authors' boxes touched", score.touched_share, "", must, aim, True, note=note)
    yield Figure(row, "false boxes per board", score.false_each, "", 1, 0)


def refused() -> Iterator[Figure]:
    """What must never pass, and the word that its reason must have."""
    rng = np.random.default_rng(5)
    some = pairs()[::3]
    tried = passed = wrong = 0
    words: dict[str, int] = {}
    for number, pair in enumerate(some):
        inspector = Inspector(teach([pair.golden]).golden)
        for kind, picture, wanted in _hopeless(pair, some[(number + len(some) // 2) % len(some)], rng):
            said = inspector.inspect(picture)
            tried += 1
            passed += said.verdict == "PASS"
            right = said.verdict == "FAIL" if wanted == "FAIL" else any(word in said.reason for word in wanted)
            wrong += not right
            words[kind] = words.get(kind, 0) + (not right)
    note = f"{tried} pictures; wrong reasons by kind: {words}"
    yield Figure("refused", "PASS where nothing can be said", passed, "", 0, 0, note=note)
    yield Figure("refused", "part with another reason than the right one", wrong / tried, "", 0.05, 0)


def _hopeless(pair: Pair, other: Pair, rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray, object]]:
    shape = pair.golden.shape
    noise = rng.normal(0, 3, shape)
    ground = np.clip(150 + noise, 0, 255).astype(np.uint8)
    yield "wrong board", other.golden, ("another one",)
    yield "no board", ground, ("no part", "shows nothing")
    yield "covered lens", np.clip(8 + noise, 0, 255).astype(np.uint8), ("too dark", "covered")
    yield "out of focus", cv2.GaussianBlur(pair.golden, (0, 0), 8), ("out of focus",)
    yield "burnt out", np.full(shape, 255, np.uint8), ("too bright", "shows nothing", "burnt out")
    covered = pair.golden.copy()
    covered[: shape[0] // 3, : shape[1] // 2] = 110
    yield "a sixth covered", covered, "FAIL"


def speed(rounds: int = 7) -> Iterator[Figure]:
    yield from _speed("part within 2 px of the last", Trouble(shift=1.4), True, 0.9, 0.5, rounds)
    trouble = Trouble(shift=12, angle=2, scale=0.01)
    yield from _speed("part anywhere within the limits", trouble, False, 2.5, 1.2, rounds)


def _speed(what: str, trouble: Trouble, last: bool, must: float, aim: float, rounds: int) -> Iterator[Figure]:
    some = list(in_trouble(pairs()[::13], trouble, 3))
    inspectors = [Inspector(teach([pair.golden]).golden) for pair in some]
    grey = [[cv2.cvtColor(p, cv2.COLOR_BGR2GRAY) for p in (pair.golden, pair.picture)] for pair in some]

    def ours() -> None:
        for inspector, pair in zip(inspectors, some, strict=True):
            if not last:
                inspector.forget()
            inspector.inspect(pair.picture)

    def theirs() -> None:
        for golden, picture in grey:
            structural_similarity(
                golden, picture, data_range=255, gaussian_weights=True, sigma=1.5,
                use_sample_covariance=False, full=True,
            )  # fmt: skip

    for inspector, pair in zip(inspectors, some, strict=True):
        inspector.inspect(pair.golden)  # where the last part lay
    taken = in_turns({"ours": ours, "theirs": theirs}, rounds)
    factor, spread = ratio(taken, "ours", "theirs")
    note = f"{what}: {1000 * min(taken['ours']) / len(some):.1f} ms of CPU each, {len(some)} pairs of 640x640"
    yield Figure(
        "speed", f"time / scikit-image's gaussian SSIM, {what}", factor, "", must, aim, False, spread, note
    )


def latency() -> Iterator[Figure]:
    from tests.bench.inspection.latency import figures

    with tempfile.TemporaryDirectory(prefix="watcher-bench-") as folder:
        yield from figures(Path(folder))


ROWS: dict[str, tuple[str, Callable[[], Iterator[Figure]]]] = {
    "deeppcb": ("154 pairs of binarised boards, default settings: F and false boxes", deeppcb),
    "sensitive": (f"the same at sensitivity {SENSITIVE}: defects touched, false boxes", sensitive),
    "disturbed": ("the same moved, turned, scaled, re-lit, blurred, noisy, compressed: F lost", disturbed),
    "good": ("1000 golden pictures against themselves, varied and in all that trouble: FAIL, NOT_INSPECTED", good),
    "photographs": ("18 board photographs: authors' boxes touched, false boxes", photographs),
    "photographs-moved": (
        "the same moved, turned, scaled, re-lit; and blurred, noisy, compressed",
        photographs_moved,
    ),
    "refused": ("wrong board, no board, covered lens, out of focus, burnt out: never PASS", refused),
    "latency": ("deciding frame, 1280x720, to the verdict at a subscriber, local broker: 95th percentile", latency),
    "speed": ("time of a 640x640 pair / scikit-image's gaussian SSIM on it", speed),
}


def timed(row: str) -> tuple[list[Figure], float]:
    began = time.monotonic()
    return list(ROWS[row][1]()), time.monotonic() - began


__all__ = ["ROWS", "timed"]
