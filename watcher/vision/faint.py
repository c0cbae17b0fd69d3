"""The closer look at a frame that shows nothing at the usual level: see `watcher.vision.alarms`."""

import numpy as np

from watcher.vision.alarms import Alarms, FaintLimits
from watcher.vision.arrays import F32, above
from watcher.vision.change import change_map, changed_pixels
from watcher.vision.regions import Patch, mask_of, patches
from watcher.vision.ssim import Comparison
from watcher.vision.watched import Watched


def faint_change(
    alarms: Alarms, comparison: Comparison, noise: F32, factor: F32 | None, watched: Watched, *,
    smallest: int, strong: float, reach: int, at: float,
) -> tuple[list[Patch], F32]:  # fmt: skip
    """What has changed by so little that only the false alarms wanted say whether it counts, and the change map.

    `noise`: its windowed variance, float32 (h, w); `factor`: how restless each part is, or None.
    """
    rows, columns = noise.shape
    whole = (slice(0, rows), slice(0, columns))
    change = change_map(comparison, FaintLimits(noise, alarms.ease), whole)
    if factor is not None:
        change = change.by(factor)
    strength = change.joined()
    changed = changed_pixels(change, watched.everything, reach)
    found = patches(changed, above(strength, strong), smallest, whole)
    mask = mask_of(found, (rows, columns)) if found else np.zeros((rows, columns), np.uint8)
    fractions = {**watched.zone_fractions(mask), "": watched.fraction(mask)}
    hit = any(0 < fractions[key] >= least for key, least in alarms.thresholds.items())
    trusted = alarms.known
    alarms.note(hit, at)
    # What does not count by itself is left out: noise is everywhere at this level, and would hold events open.
    return (found if trusted and hit else []), strength
