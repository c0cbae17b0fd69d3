"""Row ssim: our map against scikit-image's, on the same pairs."""

from pathlib import Path

import cv2
import numpy as np
from skimage.metrics import structural_similarity

from tests.bench import clips
from tests.bench.measure import Figure, in_turns, ratio
from watcher.vision.ssim import Comparison

_SIZE = (320, 180)


def figures(folder: Path, rounds: int) -> list[Figure]:
    views = [_view(frame) for frame in clips.drawn_frames(8)][::4]
    reference = views[0]
    comparison = Comparison(reference.shape)
    comparison.set_reference(reference)

    def ours(view: np.ndarray) -> np.ndarray:
        comparison.load(view)
        return comparison.ssim()

    def theirs(view: np.ndarray) -> np.ndarray:
        return structural_similarity(
            reference,
            view,
            data_range=255,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            full=True,
        )[1]

    taken = in_turns(
        {"ours": lambda: [ours(view) for view in views], "theirs": lambda: [theirs(view) for view in views]},
        max(rounds, 5),
    )
    factor, spread = ratio(taken, "theirs", "ours")
    worst = max(float(np.abs(ours(view) - theirs(view)).max()) for view in views)
    each = min(taken["ours"]) / len(views) * 1000
    return [
        Figure(
            "ssim", "map at 320x180, times faster than scikit-image", factor, "x", 12, 20, True, spread,
            f"{each:.2f} ms of CPU a map, the reference's statistics kept; {len(views)} drawn frames",
        ),
        Figure("ssim", "largest difference from scikit-image's map", worst, "", 2e-4, 2e-4),
    ]  # fmt: skip


def _view(frame: np.ndarray) -> np.ndarray:
    return cv2.resize(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), _SIZE, interpolation=cv2.INTER_AREA)
