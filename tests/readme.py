"""The parts of the README that are made from the code; `python -m tests.readme` puts them there anew."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import cv2
import yaml

from watcher import config, settings
from watcher.mqtt import asyncapi, payloads, topics
from watcher.sources.demo_scene import DemoScene
from watcher.vision.detector import Detector
from watcher.vision.draw import annotated
from watcher.vision.frame import ArrayPixels, Frame
from watcher.vision.options import DetectorOptions, WatchedOptions
from watcher.vision.reference.options import BackgroundOptions

README = Path(__file__).parents[1] / "README.md"
ASYNCAPI = README.parent / "docs" / "asyncapi.yaml"
PICTURE = README.parent / "docs" / "demo.png"

BLOCKS: Mapping[str, Callable[[], str]] = {
    "topics": topics.table, "payloads": payloads.table, "settings": settings.table,
    "config reference": config.reference,
}  # fmt: skip


def block(name: str) -> str:
    """What stands in the README between the markers of this name."""
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", README.read_text("utf-8"), re.DOTALL)
    assert found, f"README.md has no block between <!-- {name} --> and <!-- /{name} -->"
    return found[1].strip()


def command(name: str) -> str:
    """The command in the README's fenced block under the marker of this name."""
    found = re.search(rf"<!-- {name} -->\n```sh\n(.*?)\n```", README.read_text("utf-8"), re.DOTALL)
    assert found, f"README.md has no command under <!-- {name} -->"
    return found[1]


def write() -> None:
    text = README.read_text("utf-8")
    for name, made in BLOCKS.items():
        text = re.sub(
            rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)",
            lambda marks, made=made: f"{marks[1]}{made().strip()}\n{marks[2]}",
            text,
            flags=re.DOTALL,
        )
    README.write_text(text, "utf-8")


def describe() -> None:
    """docs/asyncapi.yaml, from the table of topics."""
    made = json.loads(json.dumps(asyncapi.document()))  # without the sharing that YAML would show as anchors
    text = yaml.safe_dump(made, sort_keys=False, allow_unicode=True, width=116)
    ASYNCAPI.write_text(f"# Made by python -m tests.readme from watcher/mqtt/topics.py.\n{text}", "utf-8")


def draw() -> None:
    """The picture at the top: the demo scene through the engine, as it is published."""
    detector = Detector(DetectorOptions(), WatchedOptions(), BackgroundOptions(), None)
    scene = DemoScene()
    for index in range(69):
        frame = Frame(index / 10, datetime(2026, 1, 1, tzinfo=UTC), ArrayPixels(scene.picture(index / 10)), index)
        detection = detector.step(frame)
        detector.learn(frame, detection, ())
    cv2.imwrite(str(PICTURE), annotated(frame.bgr(), detection.regions))


if __name__ == "__main__":
    write()
    describe()
    draw()
