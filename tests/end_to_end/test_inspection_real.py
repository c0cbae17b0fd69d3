"""A line from beginning to end: taught by command, run by the daemon, a real broker, part after part."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest

from tests.end_to_end.daemon import Daemon
from tests.support import parts
from tests.support.broker import Listener, Mosquitto, retained
from tests.support.mjpeg import HttpCamera
from tests.support.wait import until
from watcher.cli import main
from watcher.vision.frame import encode_jpeg

CONFIG = """
mqtt: {{host: 127.0.0.1, port: {port}}}
storage: {{folder: data, keep_free: 0}}
cameras:
  bench:
    source: {{kind: mjpeg, url: "{url}"}}
    profile: inspection
    inspection: {{when: {when}, trigger_timeout: 1 s, recipes: {{a: {{}}, b: {{}}}}}}
"""


class Line:
    """A belt before a network camera, a broker, and who listens."""

    def __init__(self, folder: Path, when: str) -> None:
        self.folder = folder
        self.belt = HttpCamera([encode_jpeg(parts.empty(n), 95) for n in range(4)], fps=20)
        self.broker = Mosquitto(folder / "broker").start()
        (folder / "config.yaml").write_text(CONFIG.format(port=self.broker.port, url=self.belt.url, when=when))
        self.listener = Listener(self.broker.port, "watcher/bench/#")
        self.daemon: Daemon | None = None

    def lay(self, **part: Any) -> None:
        """Put a part down."""
        self.belt.pictures[:] = [encode_jpeg(parts.part(seed=n, **part), 95) for n in range(4)]

    def clear(self) -> None:
        self.belt.pictures[:] = [encode_jpeg(parts.empty(n), 95) for n in range(4)]

    def begin(self) -> None:
        self.daemon = Daemon(self.folder)
        self.says("ready", b"ON", 30)

    def says(self, topic: str, payload: bytes, timeout: float = 20) -> None:
        until(lambda: self.listener.newest(f"watcher/bench/{topic}") == payload, timeout, f"{topic} is {payload!r}")

    @property
    def verdicts(self) -> list[dict[str, Any]]:
        return [json.loads(one) for one in self.listener.on("watcher/bench/verdict")]

    def nth(self, number: int) -> dict[str, Any]:
        return until(lambda: len(self.verdicts) >= number and self.verdicts[number - 1], 20, f"verdict {number}")

    def send(self, topic: str, payload: str = "") -> None:
        self.listener.send(f"watcher/bench/{topic}", payload)

    def close(self) -> None:
        if self.daemon is not None:
            self.daemon.kill()
        self.listener.close()
        self.broker.kill()
        self.belt.close()


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: Any) -> Iterator[Line]:
    monkeypatch.chdir(tmp_path)
    line = Line(tmp_path, request.param)
    for recipe, design in (("a", 3), ("b", 8)):
        samples = [parts.part(seed=seed, design=design) for seed in range(4)]
        parts.written(tmp_path / f"good-{recipe}", samples)
        assert main(["reference", "teach", "bench", recipe, f"good-{recipe}"]) == 0
    cv2.imwrite("empty.png", parts.empty())
    assert main(["reference", "take", "bench", "empty", "--from", "empty.png"]) == 0
    yield line
    line.close()


@pytest.mark.parametrize("begun", ["still"], indirect=True)
def test_part_after_part(begun: Line, capsys: pytest.CaptureFixture[str]) -> None:
    line = begun
    line.begin()
    for number, (bad, word) in enumerate([(False, "PASS"), (True, "FAIL")], 1):
        line.lay(bad=bad)
        told = line.nth(number)
        assert (told["verdict"], told["reference"], told["recipe"]) == (word, "a@1", "a")
        line.says("ready", b"OFF")
        line.clear()
        line.says("ready", b"ON")
    kept = retained(line.broker.port, "watcher/bench/#", ["watcher/bench/counters", "watcher/bench/last_verdict"])
    assert "watcher/bench/verdict" not in kept, "never retained"
    assert json.loads(kept["watcher/bench/last_verdict"])["verdict"] == "FAIL"
    counters = json.loads(kept["watcher/bench/counters"])
    assert (counters["passed"], counters["failed"], counters["yield"]) == (1, 1, 0.5)
    snapshot = Path(line.nth(2)["media"]["snapshot"]["file"])
    until(snapshot.exists, 10)

    # killed without warning: it counts on, and what was inspected is found again
    assert line.daemon is not None
    line.daemon.kill()
    line.says("ready", b"ON")  # as it was left; `status` says what it is worth
    line.listener.heard.clear()
    line.begin()
    line.lay(design=8)
    assert line.nth(1)["verdict"] != "PASS", "another product"
    assert line.nth(1)["counters"]["inspected"] + line.nth(1)["counters"]["not_inspected"] == 3
    line.clear()
    line.says("ready", b"ON")

    # change-over by request, kept over a restart
    line.send("setting/recipe/set", "b")
    line.says("setting/recipe", b"b")
    line.lay(design=8)
    told = line.nth(2)
    assert (told["verdict"], told["recipe"], told["reference"]) == ("PASS", "b", "b@1")
    assert main(["history", "bench"]) == 0
    assert len(capsys.readouterr().out.splitlines()) >= 4

    # this was good
    fail = next(json.loads(one) for one in _history(capsys) if json.loads(one)["verdict"] == "FAIL")
    line.send("inspect/truth", json.dumps({"id": fail["id"], "truth": "bad"}))
    until((line.folder / f"data/truth/bench/a/bad/{fail['id']}.jpg").exists)
    assert line.daemon.terminate() == 0


def _history(capsys: pytest.CaptureFixture[str]) -> list[str]:
    capsys.readouterr()
    main(["history", "bench", "--json"])
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("begun", ["trigger"], indirect=True)
def test_triggers_are_answered_whatever_happens(begun: Line) -> None:
    line = begun
    line.lay()
    line.begin()
    line.send("inspect", '{"correlation_id": "1", "part": "SN 1"}')
    told = line.nth(1)
    assert (told["verdict"], told["correlation_id"], told["part"]) == ("PASS", "1", "SN 1")
    line.send("inspect", "not json at all")
    until(lambda: line.listener.newest("watcher/bench/error"))
    assert "no JSON" in json.loads(line.listener.newest("watcher/bench/error") or b"")["reason"]

    # a storm: each is answered, one inspection a frame
    for number in range(300):
        line.send("inspect", json.dumps({"correlation_id": f"storm-{number}"}))
    until(lambda: len(line.verdicts) >= 301, 20)
    assert len({one["correlation_id"] for one in line.verdicts}) == 301
    until(lambda: json.loads(line.listener.newest("watcher/bench/counters") or b"{}").get("twice", 0) > 200)

    # a camera that hangs: no frame, in time
    line.belt.freeze()
    began = time.monotonic()
    line.send("inspect", '{"correlation_id": "hangs"}')
    until(lambda: line.verdicts[-1]["correlation_id"] == "hangs", 10)
    assert "no frame" in line.verdicts[-1]["reason"]
    assert 0.9 < time.monotonic() - began < 4
    line.belt.thaw()

    # a broker that was away: what was decided meanwhile is late, not live
    line.says("ready", b"ON")
    count = len(line.verdicts)
    line.send("inspect", '{"correlation_id": "last"}')
    until(lambda: len(line.verdicts) == count + 1)
    assert not [one for one in line.listener.heard if one.topic.endswith("/verdict") and one.retained]


@pytest.mark.parametrize("begun", ["still"], indirect=True)
def test_a_folder_of_pictures_is_inspected_part_by_part(begun: Line) -> None:
    line = begun
    shown = [parts.empty(n) for n in range(8)]
    for design_is_bad in (False, True, False):
        shown += [parts.part(seed=n, bad=design_is_bad) for n in range(8)] + [parts.empty(n) for n in range(6)]
    parts.written(line.folder / "belt", shown)
    config = line.folder / "config.yaml"
    text = config.read_text().replace(
        f'{{kind: mjpeg, url: "{line.belt.url}"}}', "{kind: folder, path: belt, fps: 10}"
    )
    config.write_text(text)
    line.daemon = Daemon(line.folder)
    assert [line.nth(number)["verdict"] for number in (1, 2, 3)] == ["PASS", "FAIL", "PASS"]
    assert line.daemon.ended(30) == 0
    assert line.listener.newest("watcher/bench/ready") == b"OFF"


@pytest.mark.parametrize("begun", ["trigger"], indirect=True)
def test_a_verdict_that_is_too_late_is_never_live(begun: Line, capsys: pytest.CaptureFixture[str]) -> None:
    line = begun
    config = line.folder / "config.yaml"
    config.write_text(config.read_text().replace("trigger_timeout: 1 s", "verdict_ttl: 1 ms"))
    line.lay()
    line.begin()
    line.send("inspect", '{"correlation_id": "slow"}')
    late = until(lambda: line.listener.newest("watcher/bench/verdict/late"), 20)
    told = json.loads(late)
    assert (told["correlation_id"], told["verdict"]) == ("slow", "PASS")
    assert told["published_at"] > told["captured_at"]
    assert line.verdicts == []
    last = until(lambda: line.listener.newest("watcher/bench/last_verdict"), 10)
    assert json.loads(last)["id"] == told["id"]
    until(lambda: any(json.loads(one)["id"] == told["id"] for one in _history(capsys)))
