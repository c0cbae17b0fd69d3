"""How a reference comes to be: learnt from the first seconds, taken from one frame, given, or remembered."""

from watcher.vision.reference.scene import SAMPLES, Planes, Scene, learnt


class Learning:
    """Gathers pictures for `seconds` and gives the scene that they show, better with every picture.

    A running median instead of a mean: what passes by while it learns leaves no ghost. Pictures are spread over
    the time; at least three are waited for where frames come slowly.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.done = False
        self.samples: list[Planes] = []
        """The pictures that the scene rests on, oldest first."""
        self._began: float | None = None
        self._last = 0.0

    def add(self, planes: Planes, at: float) -> Scene | None:
        """The scene as known with this frame; None where the frame adds nothing to what was known."""
        if self._began is None or at < self._last:
            self._began, self.samples = at, []
        elif at - self._last < self.seconds / SAMPLES:
            return None
        self._last = at
        self.samples.append(tuple(plane.copy() for plane in planes))
        self.samples = self.samples[-SAMPLES:]
        count = len(self.samples)
        self.done = at - self._began >= self.seconds * (1 - 1 / SAMPLES) and count >= 3
        # With 1, 3, 7 and 15 pictures, and at the end: between those the median moves little and costs as much.
        return learnt(self.samples) if self.done or count & (count + 1) == 0 else None
