"""``watcher run``: the daemon."""

import argparse
import gc
import logging
import os
import signal
import sys
import threading

from watcher.cli.heap import Leftovers, keep_small

_DESCRIPTION = """\
Watches the cameras of a configuration until it is stopped (Ctrl-C, SIGTERM), or until every recording has ended.
SIGHUP takes up a changed configuration. Events are printed, one line each; everything else goes to standard error.
"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command and its arguments."""
    parser = subparsers.add_parser("run", help="watch the cameras of a configuration", description=_DESCRIPTION)
    parser.add_argument(
        "--config", metavar="FILE", help="the configuration (default: ./config.yaml, then /etc/watcher/config.yaml)"
    )
    parser.add_argument("--verbose", action="store_true", help="say more about what goes on inside")


def run(args: argparse.Namespace) -> int:
    """The daemon's exit status."""
    _listen_early()
    # Before NumPy is imported: threads of its own would only fight with the cameras' for the cores, and halve
    # the time that starting takes.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    keep_small()
    import cv2

    from watcher import config
    from watcher.service import Service
    from watcher.vision import scratch

    cv2.setNumThreads(1)
    # What was loaded stays: looking through it for garbage now and then would stop all threads for 50 ms.
    gc.freeze()
    log_to_stderr(logging.DEBUG if args.verbose else logging.INFO)
    return Service(config.find(args.config), settled=Leftovers(scratch.let_go)).run()


def _listen_early() -> None:
    """Until the service listens: a reload has nothing to reload, and whoever asks to stop is obeyed at once."""
    if threading.current_thread() is threading.main_thread():  # only that one may listen to signals
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, frame: os._exit(0))


def log_to_stderr(level: int) -> None:
    """One line an entry: with the time for people, with systemd's priority where its journal reads."""
    output = logging.StreamHandler(sys.stderr)
    journal = "JOURNAL_STREAM" in os.environ
    output.setFormatter(_ForJournal() if journal else _ForPeople())
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(logging.WARNING)
    logging.getLogger("watcher").setLevel(level)


class _ForPeople(logging.Formatter):
    """``10:18:03 warning porch: the stream ended; trying again``"""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        first, *rest = super().format(record).splitlines() or [""]
        time, level, *words = first.split(" ", 2)
        return "\n".join([" ".join([time, level.lower(), *words]), *rest])


class _ForJournal(logging.Formatter):
    """``<4>porch: the stream ended; trying again``; every line of a traceback with its priority, too."""

    def format(self, record: logging.LogRecord) -> str:
        priority = {50: 2, 40: 3, 30: 4, 20: 6, 10: 7}.get(record.levelno, 6)
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).splitlines())
