"""``watcher check``: whether a configuration can be used, before anything depends on it."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from watcher.cli import FAILED

if TYPE_CHECKING:
    from watcher.config import Options
    from watcher.mqtt.options import MqttOptions
    from watcher.sources.options import SourceOptions

_DESCRIPTION = """\
Reads the configuration and says everything that is wrong with it at once, each with its line and column and what
to write instead. Without --config that is ./config.yaml, else /etc/watcher/config.yaml.
"""
_EPILOG = "exit status: 0 it can be used; 2 it cannot, or with --connect something does not answer"

OPENCV_WHEELS = (
    "opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless",
)  # fmt: skip


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command and its arguments."""
    parser = subparsers.add_parser(
        "check",
        help="say whether a configuration can be used, and everything that is wrong with it",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    parser.add_argument("--config", metavar="FILE", type=Path, help="the configuration")
    parser.add_argument(
        "--connect",
        action="store_true",
        help="also open every camera and broker once, try the storage, and say what is found",
    )


def run(args: argparse.Namespace) -> int:
    """Says that it is fine, or raises `ConfigError` with everything that is not."""
    from watcher import config
    from watcher.config.problem import printable

    loaded = config.read(config.find(args.config))
    for warning in (*loaded.warnings, *wheel_warnings()):
        print(f"warning: {warning}", file=sys.stderr)
    print(printable(f"{loaded.path} is fine: {summary(loaded.options)}"))
    if not args.connect:
        return 0
    from watcher.cli.probing import probe_all

    sys.stdout.flush()
    failed = 0
    for found in probe_all(loaded.options):
        print(printable(f"  {found.what}: {found.sentence}"), flush=True)
        failed += not found.answers
    return FAILED if failed else 0


def summary(options: "Options") -> str:
    """The cameras and brokers in one line: ``2 cameras (porch: rtsp …), broker localhost:1883``."""
    cameras = [f"{key}: {source_words(camera.source)}" for key, camera in options.cameras.items()]
    count = f"{len(cameras)} camera{'s' if len(cameras) > 1 else ''}"
    brokers = ", ".join(broker_words(broker) for broker in options.mqtt)
    told = f"broker{'s' if len(options.mqtt) > 1 else ''} {brokers}" if brokers else "no broker"
    return f"{count} ({', '.join(cameras)}), {told}"


def source_words(source: "SourceOptions") -> str:
    """A source's kind and where it is, without secrets."""
    from watcher.sources.urls import shown

    place = next((str(getattr(source, key)) for key in ("url", "path", "device") if hasattr(source, key)), "")
    return f"{source.kind} {shown(place)}".strip()


def broker_words(broker: "MqttOptions") -> str:
    """Where a broker is, and under which topics it is told."""
    return f"{'embedded' if broker.embedded else broker.address} (topics {broker.prefix}/…)"


def wheel_warnings(places: Sequence[str] | None = None) -> list[str]:
    """What to say where more than one OpenCV is installed in `places`: they overwrite one another's files."""
    # Looked for by the names of their folders: importlib.metadata takes 20 ms to load, a tenth of the command.
    found = {name for place in (sys.path if places is None else places) for name in _distributions(place)}
    installed = [name for name in OPENCV_WHEELS if name in found]
    if len(installed) < 2:
        return []
    return [
        f"{' and '.join(installed)} are both installed and overwrite one another's files; remove all of them and "
        "install opencv-python-headless alone"
    ]


def _distributions(place: str) -> list[str]:
    """The packages that were installed into a folder."""
    try:
        names = os.listdir(place or ".")
    except OSError:
        return []
    return [name.partition("-")[0].replace("_", "-").lower() for name in names if name.endswith(".dist-info")]
