"""Row pixel: the F-measure of changed pixels over five labelled sequences, profile ``home``.

Each sequence is replayed from its first frame in order, also the part that is not labelled, so that the reference
is learnt as a camera would learn it; the masks are those that ``watcher replay --masks`` writes. Pixels are summed
over all labelled frames of a sequence (not averaged over frames), then F is taken, then the mean over sequences.
128 (no verdict, still learning) counts as unchanged: abstaining is missing.

Beside it, in the same pass over the same pictures, OpenCV's MOG2 and KNN with the settings that they come with, one
update a frame, their masks cleaned with a median of 5x5 pixels as everybody does: once with the shadows that they
tell taken off, once with shadows counted as change.
"""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from tests.bench.accuracy.asked import Asked, spread
from tests.bench.accuracy.material import SEQUENCES, Sequence
from tests.bench.accuracy.pixels import Count, truth_mask
from tests.bench.accuracy.rows import Measured
from tests.bench.accuracy.sheets import save_errors
from tests.bench.measure import Figure
from watcher.masks import mask
from watcher.replaying import Replay, camera_options
from watcher.vision.frame import Frame

_PEERS: dict[str, Callable[[], cv2.BackgroundSubtractor]] = {
    "MOG2": cv2.createBackgroundSubtractorMOG2,
    "KNN": cv2.createBackgroundSubtractorKNN,
}

_SHOWN = 20
"""One picture in so many is drawn where pictures are asked for."""

_SHADOWS = {"": 255, " + shadows": 127}
"""The least value of a peer's mask that counts as change."""


def measured(asked: Asked) -> Measured:
    counts = list(spread(_count, [(one, asked.peers, asked.save) for one in SEQUENCES], asked.jobs))
    ours = [count["watcher"] for count in counts]
    names = [sequence.name for sequence in SEQUENCES]
    worst = min(range(len(ours)), key=lambda n: ours[n].f)
    figures = [
        Figure("pixel", "F, mean of five sequences (home)", _mean(ours), "", 0.87, 0.92, True),
        Figure("pixel", "F, the worst of them", ours[worst].f, f"({names[worst]})", 0.75, 0.82, True),
    ]
    figures += [
        Figure(
            "pixel",
            f"F, {name}",
            one.f,
            f"(precision {one.precision:.2f}, recall {one.recall:.2f})",
            None,
            None,
            True,
        )
        for name, one in zip(names, ours, strict=True)
    ]
    peers = {
        peer: [_mean(theirs), min(one.f for one in theirs), *(one.f for one in theirs)]
        for peer in counts[0]
        if peer != "watcher"
        for theirs in [[count[peer] for count in counts]]
    }
    return Measured(figures, peers=peers)


def _mean(counts: list[Count]) -> float:
    return sum(one.f for one in counts) / len(counts)


def _count(work: tuple[Sequence, bool, Path | None]) -> dict[str, Count]:
    sequence, with_peers, save = work
    peers = {name: make() for name, make in _PEERS.items()} if with_peers else {}
    counts = {"watcher": Count()} | {f"{name}{kind}": Count() for name in peers for kind in _SHADOWS}
    replay = Replay(camera_options(sequence.input, "home", fps=sequence.fps))
    for seen, detection, _ in replay.steps():
        if not isinstance(seen, Frame):
            continue
        assert seen.name is not None
        truth = truth_mask(str(sequence.truth_of(seen.name)))
        said = {name: peer.apply(seen.bgr()) for name, peer in peers.items()}
        if not np.any((truth != 85) & (truth != 170)):
            continue
        ours = mask(seen.size, detection, replay.detector)
        counts["watcher"].add(ours, truth)
        if save is not None and seen.index % _SHOWN == 0:
            name = f"pixel-{sequence.name}-{seen.index:05d}.png"
            save_errors(save / name, seen, ours, truth, f"{detection.outcome} {detection.reason}")
        for name, changed in said.items():
            for kind, least in _SHADOWS.items():
                sure = np.where(changed >= least, 255, 0).astype(np.uint8)
                counts[f"{name}{kind}"].add(cv2.medianBlur(sure, 5), truth)
    return counts
