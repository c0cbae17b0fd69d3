"""Row shake: the five sequences of row pixel with a shaking camera, profile ``home``.

Every frame is moved by up to 3 px (of the sequence's own pixels) in x and in y and turned by up to 0.3 degrees
about its middle, each drawn evenly and for each frame anew: the harshest reading, no frame helps to place the
next. Cubic interpolation, since linear would blur some frames and not others, which no camera does; outside the
picture its border is mirrored. Truth is moved alike (nearest value), and a border of 6 px is not scored. What is
lost is against the same sequence unmoved with the same border left out.
"""

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from tests.bench.accuracy.asked import Asked, spread
from tests.bench.accuracy.engine import Pictures, watching
from tests.bench.accuracy.material import SEQUENCES, Sequence
from tests.bench.accuracy.pixels import Count, truth_mask
from tests.bench.accuracy.rows import Measured
from tests.bench.measure import Figure
from watcher.masks import mask
from watcher.vision.frame import Frame

PIXELS, DEGREES, BORDER = 3.0, 0.3, 6


def measured(asked: Asked) -> Measured:
    works = [(sequence, shaken) for sequence in SEQUENCES for shaken in (False, True)]
    counts = list(spread(_count, works, asked.jobs))
    pairs = list(zip(SEQUENCES, counts[::2], counts[1::2], strict=True))
    lost = sum(still.f - shaken.f for _, still, shaken in pairs) / len(pairs)
    figures = [Figure("shake", "pixel F lost, mean of five sequences (home)", lost, "", 0.05, 0.02)]
    figures += [
        Figure("shake", f"F lost, {one.name}", still.f - shaken.f, f"({still.f:.3f} to {shaken.f:.3f})")
        for one, still, shaken in pairs
    ]
    return Measured(figures)


def _count(work: tuple[Sequence, bool]) -> Count:
    sequence, shaken = work
    paths = sorted(sequence.input.iterdir())

    def pictures() -> Iterator[np.ndarray]:
        for index, path in enumerate(paths):
            picture = cv2.imread(str(path))
            assert picture is not None, f"{path} cannot be read"
            yield moved(picture, index, cv2.INTER_CUBIC) if shaken else picture

    def truth(index: int) -> np.ndarray:
        found = truth_mask(str(sequence.truth_of(paths[index].name)))
        return moved(found, index, cv2.INTER_NEAREST) if shaken else found

    return counted(pictures, truth, sequence.fps)


def counted(pictures: Callable[[], Pictures], truth: Callable[[int], np.ndarray], fps: float) -> Count:
    """The pixels of pictures as they are watched, held against the truth of each; a border is not scored."""
    count, replay, inner = Count(), watching(pictures, fps), (slice(BORDER, -BORDER), slice(BORDER, -BORDER))
    for seen, detection, _ in replay.steps():
        if isinstance(seen, Frame):
            count.add(mask(seen.size, detection, replay.detector)[inner], truth(seen.index)[inner])
    return count


def moved(picture: np.ndarray, index: int, interpolation: int) -> np.ndarray:
    """A picture or its truth as frame `index` of the shaking camera."""
    chance = np.random.default_rng((3, index))
    (x, y), angle = chance.uniform(-PIXELS, PIXELS, 2), chance.uniform(-DEGREES, DEGREES)
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.0)
    turn[:, 2] += (x, y)
    return cv2.warpAffine(picture, turn, (width, height), flags=interpolation, borderMode=cv2.BORDER_REFLECT_101)
