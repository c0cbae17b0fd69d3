"""The daemon on streams of real recordings, with a real broker and a real subscriber, through all that happens.

Where the recordings are not at hand the same is shown on drawn scenes.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from json import loads
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.end_to_end.contract import Payload, checked
from tests.end_to_end.daemon import Daemon
from tests.support import scenes
from tests.support.broker import Listener, Mosquitto, retained
from tests.support.data import FOLDER
from tests.support.mjpeg import HttpCamera
from tests.support.rtsp import RtspServer
from tests.support.wait import until
from watcher.vision.geometry import Box

U8 = NDArray[np.uint8]

FPS = 10
MARGIN = 30
"""Seconds that anything may take; most takes a tenth of it. Two busy cores are slow."""


@dataclass(frozen=True)
class Scene:
    """Pictures of one place at `FPS`: while nothing happens, and while something does."""

    quiet: Sequence[U8]
    visit: Sequence[U8]

    @property
    def size(self) -> tuple[int, int]:
        return self.quiet[0].shape[1], self.quiet[0].shape[0]


def real(name: str, quiet: slice, visit: slice, step: int = 1) -> Scene | None:
    """Two parts of a recording, every `step`-th frame; None where there is no such recording."""
    path = FOLDER / "clips" / name
    if not path.exists():
        return None
    with av.open(str(path)) as container:
        frames = islice(container.decode(video=0), 0, visit.stop)
        kept = {
            number: frame.to_ndarray(format="bgr24")
            for number, frame in enumerate(frames)
            if number % step == 0 and (quiet.start <= number < quiet.stop or number >= visit.start)
        }
    return Scene(*([kept[n] for n in kept if part.start <= n < part.stop] for part in (quiet, visit)))


def drawn(size: tuple[int, int], seed: int) -> Scene:
    quiet = [scenes.picture(number, size=size, seed=seed) for number in range(20)]
    return Scene(quiet, list(scenes.visit(40, comes=0, goes=40, size=size, seed=seed)))


def there_and_back(pictures: Sequence[U8]) -> list[U8]:
    """In a loop without a leap."""
    return [*pictures, *pictures[-2:0:-1]]


@pytest.fixture(scope="module")
def yard() -> Scene:
    """An empty room into which the first person comes, at 10 pictures a second."""
    return real("one-by-one-person-detection.mp4", slice(20, 55), slice(58, 88)) or drawn((768, 432), 3)


@pytest.fixture(scope="module")
def table() -> Scene:
    """A table from which a hand takes a bottle; every third of nearly 30 pictures a second."""
    return real("bottle-detection.mp4", slice(120, 144), slice(176, 212), 3) or drawn((640, 360), 4)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    made = Mosquitto(tmp_path / "broker").start()
    yield made
    made.stop()


@pytest.fixture
def ear(broker: Mosquitto) -> Iterator[Listener]:
    made = Listener(broker.port, "watcher/#")
    yield made
    made.close()


def configured(folder: Path, port: int, cameras: str) -> Path:
    (folder / "config.yaml").write_text(
        f"mqtt: {{host: 127.0.0.1, port: {port}}}\nstorage: {{folder: data, keep_free: 1 MB}}\ncameras:\n{cameras}"
    )
    return folder


def events(ear: Listener, camera: str) -> list[Payload]:
    return [loads(payload) for payload in ear.on(f"watcher/{camera}/event")]


def phases(ear: Listener, camera: str) -> list[str]:
    return [one["event_type"] for one in events(ear, camera)]


def says(ear: Listener, topic: str, *payloads: bytes, since: int = 0) -> bool:
    """Whether these were said on the topic one after the other, with nothing else between, ending now."""
    told = [each.payload for each in list(ear.heard)[since:] if each.topic == f"watcher/{topic}"]
    return told[-len(payloads) :] == list(payloads)


def wait_until_watching(ear: Listener, camera: str) -> None:
    for topic, payload in (("availability", b"online"), ("change", b"OFF")):
        what = f"{camera}/{topic} is {payload!r}"
        until(lambda: ear.newest(f"watcher/{camera}/{topic}") == payload, MARGIN, what)  # noqa: B023 - called here


def pictures(ear: Listener, camera: str, size: tuple[int, int]) -> dict[str, U8]:
    """The four pictures on the topics of a camera, decoded; all but the difference are of full size."""
    found = {}
    for name in ("snapshot", "snapshot/clean", "snapshot/reference", "snapshot/difference"):
        data = until(lambda: ear.newest(f"watcher/{camera}/{name}"), MARGIN, f"{camera}/{name}")  # noqa: B023
        assert data[:3] == b"\xff\xd8\xff"
        found[name] = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        height, width, _ = found[name].shape
        assert abs(width / height - size[0] / size[1]) < 0.01
        assert (width, height) == size or name == "snapshot/difference"
    return found


def boxed(found: dict[str, U8]) -> bool:
    """Whether straight lines, down and across, stand out from the clean picture far beyond what JPEG does."""
    apart = cv2.absdiff(found["snapshot"], found["snapshot/clean"]).max(axis=2)
    lines = (apart > 40).astype(np.uint8)[apart.shape[0] // 10 :]  # below the caption
    across, down = (cv2.erode(lines, np.ones(shape, np.uint8)).any() for shape in ((1, 15), (15, 1)))
    return bool(across and down) and lines.mean() < 0.3


def test_two_streams_from_the_first_picture_to_the_last_word(
    tmp_path: Path, broker: Mosquitto, ear: Listener, daemons: list[Daemon], yard: Scene, table: Scene
) -> None:
    film = [*there_and_back(yard.quiet), *yard.visit, *yard.visit[::-1]]
    quiet, visit = (scenes.jpegs(there_and_back(part)) for part in (table.quiet, table.visit))
    units = scenes.h264(film, fps=FPS)
    with RtspServer(units, fps=FPS) as rtsp, HttpCamera(quiet, fps=FPS) as http:
        cameras = f"  yard: {{source: '{rtsp.url}'}}\n  table: {{source: '{http.url}'}}\n"
        daemons.append(daemon := Daemon(configured(tmp_path, broker.port, cameras)))
        for camera in ("yard", "table"):
            wait_until_watching(ear, camera)
        an_event_of_the_room(ear, yard)
        an_event_at_the_table(ear, http, table, quiet, visit)
        before = len(ear.heard)
        the_room_is_lost_and_comes_back(ear, rtsp)
        the_table_went_on(ear, before)
        of_the_room = events(ear, "yard")  # later ones may be told while the subscriber is away, too
        the_broker_forgets_and_is_told_again(ear, broker)
        http.pictures = visit
        until(lambda: phases(ear, "table")[-1] != "ended", MARGIN, "another event at the table")
        assert daemon.terminate() == 0
    the_last_words(ear, broker, daemon)
    assert len(checked(events(ear, "table"), table.size, live=True)) >= 2
    while of_the_room[-1]["event_type"] != "ended":
        of_the_room.pop()
    assert checked(of_the_room, yard.size, live=True)


def an_event_of_the_room(ear: Listener, yard: Scene) -> None:
    started = until(lambda: events(ear, "yard"), MARGIN, "a person is seen in the room")[0]
    assert (started["event_type"], started["sequence"]) == ("started", 0)
    assert started["frame_size"] == list(yard.size)
    until(lambda: b"ON" in ear.on("watcher/yard/change"), MARGIN, "its topic says so too")
    until(lambda: boxed(pictures(ear, "yard", yard.size)), MARGIN, "a box is drawn around the person")
    until(lambda: "ended" in phases(ear, "yard"), MARGIN, "the person has gone")


def an_event_at_the_table(
    ear: Listener, http: HttpCamera, table: Scene, quiet: list[bytes], visit: list[bytes]
) -> None:
    assert phases(ear, "table") == [], "nothing has happened there"
    assert ear.newest("watcher/table/change") == b"OFF"
    http.pictures = visit
    until(lambda: phases(ear, "table")[:1] == ["started"], MARGIN, "the hand is seen")
    until(lambda: ear.newest("watcher/table/change") == b"ON", MARGIN)
    until(lambda: boxed(pictures(ear, "table", table.size)), MARGIN, "a box is drawn around the hand")
    found = pictures(ear, "table", table.size)
    there, then = (cv2.resize(one, (64, 36), interpolation=cv2.INTER_AREA).astype(int) for one in (
        found["snapshot/reference"], table.quiet[-1],
    ))  # fmt: skip
    assert np.abs(there - then).mean() < 12, "the reference shows the table without the hand"
    http.pictures = quiet
    until(lambda: "ended" in phases(ear, "table"), MARGIN, "the hand has gone")
    until(lambda: ear.newest("watcher/table/change") == b"OFF", MARGIN)
    assert says(ear, "table/change", b"OFF", b"ON", b"OFF")


def the_room_is_lost_and_comes_back(ear: Listener, rtsp: RtspServer) -> None:
    since = len(ear.heard)
    rtsp.freeze()  # whoever connects again gets no picture
    rtsp.drop()
    until(lambda: says(ear, "yard/availability", b"offline", since=since), MARGIN, "the room is offline")
    until(lambda: says(ear, "yard/change", b"None", since=since), MARGIN, "nothing is claimed of the room")
    health = loads(until(lambda: ear.newest("watcher/yard/health")))
    assert (health["state"], health["states"][0]) == ("lost", "lost")
    assert health["reason"]
    rtsp.thaw()
    until(lambda: says(ear, "yard/availability", b"offline", b"online", since=since), MARGIN, "it is back")
    back = lambda: [one for one in changes(ear, since) if one in (b"ON", b"OFF")]  # noqa: E731
    until(back, MARGIN, "it is known again whether something has changed in the room")
    assert changes(ear, since)[0] == b"None"
    assert back()[0] == b"OFF", "the loop begins with an empty room"
    assert loads(until(lambda: ear.newest("watcher/yard/health")))["state"] == "ok"


def changes(ear: Listener, since: int) -> list[bytes]:
    """What was said of the room on its topic ``change`` since then."""
    return [each.payload for each in list(ear.heard)[since:] if each.topic == "watcher/yard/change"]


def the_table_went_on(ear: Listener, since: int) -> None:
    told = {each.topic.removeprefix("watcher/table/") for each in list(ear.heard)[since:]}
    assert not told & {"availability", "health", "change", "event"}, "nobody touched the table"
    states = len(ear.on("watcher/table/state"))
    until(lambda: len(ear.on("watcher/table/state")) > states, MARGIN, "it says how it is")
    state = loads(ear.newest("watcher/table/state") or b"")
    assert state["fps"] > FPS / 2
    assert ear.on("watcher/table/availability")[-1] == b"online"


def the_broker_forgets_and_is_told_again(ear: Listener, broker: Mosquitto) -> None:
    topics = set(retained(broker.port, "watcher/#", ["watcher/status"], MARGIN))
    names = ("availability", "health", "change", "snapshot", "snapshot/clean", "state")
    assert topics >= {f"watcher/{camera}/{name}" for camera in ("yard", "table") for name in names}
    heard = len(ear.heard)
    broker.restart()
    until(lambda: says(ear, "status", b"online", since=heard), MARGIN, "the subscriber is back, too")
    again = retained(broker.port, "watcher/#", topics, MARGIN)
    assert again["watcher/status"] == b"online"
    for camera in ("yard", "table"):
        assert again[f"watcher/{camera}/availability"] == b"online"


def the_last_words(ear: Listener, broker: Mosquitto, daemon: Daemon) -> None:
    until(lambda: phases(ear, "table")[-1] == "ended", MARGIN, "the open event is ended")
    assert events(ear, "table")[-1]["end_reason"] == "stopped"
    kept = retained(broker.port, "watcher/#", ["watcher/status"])
    assert kept["watcher/status"] == b"offline"
    for camera in ("yard", "table"):
        assert (kept[f"watcher/{camera}/availability"], kept[f"watcher/{camera}/change"]) == (b"offline", b"None")
    assert "Traceback" not in "".join(daemon.said)
    assert " error " not in "".join(daemon.said)


def test_pictures_dropped_into_a_folder_are_an_event(
    tmp_path: Path, broker: Mosquitto, ear: Listener, daemons: list[Daemon]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    over, coming = threading.Event(), threading.Event()

    def drop() -> None:
        number = 0
        while not over.wait(1 / FPS):  # the rate of a camera, not a wait for something
            box = Box(60 + 4 * (number % 20), 60, 120 + 4 * (number % 20), 130)
            drawn = scenes.picture(number, boxes=[box] if coming.is_set() else [])
            (folder / f"{number}.jpg").write_bytes(scenes.jpegs([drawn])[0])
            number += 1

    source = f"{{kind: folder, path: {folder}, watch: true}}"
    daemons.append(daemon := Daemon(configured(tmp_path, broker.port, f"  drop: {{source: {source}}}\n")))
    daemon.says("watching 1 camera: drop (folder)")
    dropper = threading.Thread(target=drop, daemon=True)
    dropper.start()
    try:
        wait_until_watching(ear, "drop")
        coming.set()
        until(lambda: phases(ear, "drop")[:1] == ["started"], MARGIN, "it is seen")
        coming.clear()
        until(lambda: phases(ear, "drop")[-1] == "ended", MARGIN, "it has gone")
    finally:
        over.set()
        dropper.join()
    assert daemon.terminate() == 0
    (event,) = checked(events(ear, "drop"), (320, 180), live=True)
    assert event[-1]["end_reason"] in ("fell", "settled")
    assert "Traceback" not in "".join(daemon.said)
