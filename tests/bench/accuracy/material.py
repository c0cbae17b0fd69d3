"""What is measured on: sequences and recordings beside the project, none of which belongs to it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(os.environ.get("WATCHER_DATA", Path(__file__).parents[4] / "shared" / "data")).resolve()


class Missing(Exception):
    """The measuring data is not on this machine."""


def shared(name: str) -> Path:
    """A file or folder of the measuring data; `Missing` says in one line what is not there."""
    path = FOLDER / name
    if not path.exists():
        raise Missing(f"needs the measuring data: {name} is not in {FOLDER} (set WATCHER_DATA)")
    return path


@dataclass(frozen=True, slots=True)
class Sequence:
    """Pictures with a mask of truth for each: 0 and 50 (shadow) background, 85 and 170 not scored, 255 change."""

    name: str
    folder: str
    fps: float = 25.0

    @property
    def input(self) -> Path:
        return shared(f"{self.folder}/input")

    def truth_of(self, picture: str) -> Path:
        """The mask for a picture of that name: in000012.jpg has gt000012.png."""
        return FOLDER / self.folder / "groundtruth" / f"gt{Path(picture).stem.removeprefix('in')}.png"


SEQUENCES = (
    Sequence("highway", "cdnet-highway"),
    Sequence("office", "cdnet-office"),
    Sequence("HallAndMonitor", "sbi/HallAndMonitor"),
    Sequence("HighwayI", "sbi/HighwayI"),
    Sequence("IBMtest2", "sbi/IBMtest2"),
)


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording with the truth of its events, and the profile that its scene asks for."""

    name: str
    file: str
    profile: str

    @property
    def path(self) -> Path:
        return shared(f"clips/{self.file}")

    @property
    def truth(self) -> Path:
        return shared(f"truth/{Path(self.file).stem}.json")


CLIPS = (
    Clip("bottle", "bottle-detection.mp4", "home"),
    Clip("one-by-one", "one-by-one-person-detection.mp4", "home"),
    Clip("tree", "tree.avi", "wildlife"),
    Clip("atv", "atv.mp4", "wildlife"),
    Clip("atv2", "atv2.mp4", "wildlife"),
    Clip("atv3", "atv3.mp4", "wildlife"),
)


def leafy() -> Iterator[Clip]:
    """The recordings in which leaves move all the time."""
    return (clip for clip in CLIPS if clip.profile == "wildlife")
