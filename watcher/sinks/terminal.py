"""What happens, for people at the terminal: one line for each thing worth knowing."""

import logging
import queue
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TextIO

from watcher.quantities import percent
from watcher.sinks import Pictures, StateValue

if TYPE_CHECKING:
    from watcher.events.event import EventUpdate

log = logging.getLogger(__name__)

_WAITING = 1000
GOING_ON_EVERY = 30.0
"""Seconds of an event, at least, between two lines that say no more than that it goes on."""
VERDICT_EVERY = 1.0
_MARKS = {"PASS": ("✔", "green"), "FAIL": ("✘", "bold red"), "NOT_INSPECTED": ("?", "yellow"),
          "started": ("●", "bold red"), "updated": ("│", "yellow"), "ended": ("○", "green")}  # fmt: skip
_ENDINGS = {
    "passed": "passed",
    "appeared": "something stayed",
    "removed": "something is gone",
}


class Terminal:
    """Prints to `output` (standard output), coloured where that is a terminal: the beginning and the end of each
    event, a change of its zones, and every 30 seconds that it goes on.

    A thread of its own prints, ``out:terminal``, so that a terminal that is held holds nobody else; what does not
    fit into its waiting line is left out and counted.
    """

    def __init__(self, output: TextIO | None = None) -> None:
        self._output = sys.stdout if output is None else output
        self._lines: queue.Queue[dict[str, Any] | None] = queue.Queue(_WAITING)
        self._left_out = 0
        self._said: dict[str, dict[str, Any]] = {}
        self._thread = threading.Thread(target=self._run, name="out:terminal", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def verdict(self, camera: str, payload: dict[str, Any], until: float) -> None:
        self.record(camera, payload)

    def record(self, camera: str, payload: dict[str, Any]) -> None:
        try:
            self._lines.put_nowait(payload)
        except queue.Full:
            self._left_out += 1

    def state(self, camera: str, name: str, value: StateValue) -> None:
        """States are not printed: the camera's log says what matters of them."""

    def pictures(self, camera: str, update: "EventUpdate", pictures: Pictures) -> None:
        """Pictures are not printed."""

    def stop(self, timeout: float) -> None:
        if self._thread.ident is None:
            return
        try:
            self._lines.put(None, timeout=timeout / 2)
        except queue.Full:
            return
        self._thread.join(timeout / 2)

    def _run(self) -> None:
        try:
            show = _rich(self._output) if self._output.isatty() else _plain(self._output)
            while (payload := self._lines.get()) is not None:
                if self._worth_a_line(payload):
                    show(payload)
                if self._left_out:
                    log.warning("the terminal was too slow for %d lines", self._left_out)
                    self._left_out = 0
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is closed"
            log.warning("nothing more is printed, for the output takes nothing any more: %s", why)
        except Exception:
            log.exception("the terminal has a fault; nothing more is printed")

    def _worth_a_line(self, payload: dict[str, Any]) -> bool:
        """Whether an update says more than the last line of its event did; it is taken for said then."""
        camera = str(payload.get("camera"))
        before = self._said.get(camera)
        if "verdict" in payload:
            return self._worth_a_verdict(camera, payload, before or {})
        if payload.get("event_type") == "updated" and before is not None and before.get("id") == payload.get("id"):
            then, now = _moment(before.get("captured_at")), _moment(payload.get("captured_at"))
            soon = then is not None and now is not None and abs((now - then).total_seconds()) < GOING_ON_EVERY
            # At the rim of a zone change leaves it and is back within a second.
            if soon and (not payload.get("zones") or before.get("zones") == payload.get("zones")):
                return False
        self._said[camera] = payload
        return True

    def _worth_a_verdict(self, camera: str, payload: dict[str, Any], before: dict[str, Any]) -> bool:
        """Ten verdicts a second that say the same are one line a second."""
        then, now = _moment(before.get("captured_at")), _moment(payload.get("captured_at"))
        soon = then is not None and now is not None and abs((now - then).total_seconds()) < VERDICT_EVERY
        keys = ("verdict", "part", "correlation_id", "recipe")
        if soon and all(before.get(key) == payload.get(key) for key in keys):
            return False
        self._said[camera] = payload
        return True


def line(payload: dict[str, Any]) -> tuple[str, str, str, str]:
    """Time, camera, mark and sentence of an event payload, as the line shows them."""
    mark, _ = _MARKS.get(_kind(payload), ("·", ""))
    return _time(payload.get("captured_at")), str(payload.get("camera", "")), mark, _sentence(payload)


def _kind(payload: dict[str, Any]) -> str:
    return str(payload.get("verdict", payload.get("event_type")))


def _sentence(payload: dict[str, Any]) -> str:
    kind = _kind(payload)
    if "verdict" in payload:
        part = f" {payload['part']}" if payload.get("part") else ""
        return f"{kind.replace('_', ' ')}{part}: {payload.get('reason')}"
    zones = ", ".join(payload.get("zones") or ())
    where = f" in {zones}" if zones else ""
    if kind == "ended":
        return f"ended{_length(payload)}: {_ending(payload)}"
    fraction = payload.get("changed_fraction")
    changed = f", {percent(fraction)}" if kind == "updated" and isinstance(fraction, float) else ""
    reason = f": {payload['reason']}" if kind == "started" and payload.get("reason") else ""
    word = "going on" if kind == "updated" else kind
    return f"{word}{where}{changed}{reason}"


def _ending(payload: dict[str, Any]) -> str:
    cause = _ENDINGS.get(str(payload.get("cause")), str(payload.get("cause")))
    reason = payload.get("end_reason")
    return cause if reason in {None, "fell", "settled"} else f"{cause} ({str(reason).replace('_', ' ')})"


def _length(payload: dict[str, Any]) -> str:
    begun, ended = _moment(payload.get("started_at")), _moment(payload.get("ended_at"))
    if begun is None or ended is None:
        return ""
    return f" after {(ended - begun).total_seconds():.1f} s"


def _time(value: object) -> str:
    """The time of day as the clock on the wall shows it; of another day (recordings) with its date."""
    moment = _moment(value)
    if moment is None:
        return "        "
    local = moment.astimezone()
    today = local.date() == datetime.now().astimezone().date()
    return local.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S")


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return None


def _plain(output: TextIO) -> Callable[[dict[str, Any]], None]:
    def show(payload: dict[str, Any]) -> None:
        time, camera, mark, sentence = line(payload)
        try:
            output.write(f"{time}  {camera:<12} {mark} {sentence}\n")
        except UnicodeEncodeError:
            output.write(f"{time}  {camera:<12} {sentence.encode('ascii', 'replace').decode()}\n")
        output.flush()

    return show


def _rich(output: TextIO) -> Callable[[dict[str, Any]], None]:
    from rich.console import Console
    from rich.text import Text

    console = Console(file=output, highlight=False, soft_wrap=True)

    def show(payload: dict[str, Any]) -> None:
        time, camera, mark, sentence = line(payload)
        style = _MARKS.get(_kind(payload), ("", ""))[1]
        text = Text.assemble((time, "dim"), "  ", (f"{camera:<12}", "bold"), " ", (mark, style), " ", sentence)
        console.print(text)

    return show
