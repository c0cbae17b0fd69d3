"""A command for each record: no shell, a time limit, and nothing of what it prints."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from typing import Any

from watcher.errors import SinkError
from watcher.outbox import Record
from watcher.sinks.options import ExecOptions

_LOOK_EVERY = 0.02
_LONGEST_VARIABLE = 100_000
"""Bytes; Linux takes 128 kB for one variable."""
_PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "XDG_RUNTIME_DIR")
"""What a command gets of our own environment, with LC_*: the rest may hold secrets that it has no use for."""


class Exec:
    """Runs the command of `options` for each record, and takes it for delivered when it has run.

    Its output goes nowhere: it may hold a secret. A command that fails is not run again; one that cannot be started
    is, until it can.
    """

    def __init__(self, options: ExecOptions) -> None:
        self._options = options

        self._with_us = _ends_with_us()

    def __call__(self, record: Record, late: Callable[[], bool]) -> str:
        text = json.dumps(record.payload, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
        name = os.path.basename(self._options.command[0])
        with tempfile.TemporaryFile() as file:
            file.write(text.encode() + b"\n")
            file.seek(0)
            environment = self._environment(record.payload, text)
            try:
                child = subprocess.Popen(
                    self._command(environment),
                    stdin=file,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=environment,
                    start_new_session=True,  # so that all it starts can be ended with it
                )
            except OSError as error:
                raise SinkError(f"{name} cannot be started ({error.strerror})") from None
        return self._watched(child, name, late)

    def _command(self, environment: Mapping[str, str]) -> tuple[str, ...]:
        """What is run: the command, by what has it end with us where that is at hand and would find it."""
        program = self._options.command[0]
        found = shutil.which(program, path=environment.get("PATH", os.defpath))
        return self._options.command if found is None else (*self._with_us, *self._options.command)

    def _watched(self, child: subprocess.Popen[bytes], name: str, late: Callable[[], bool]) -> str:
        """Wait for its end, or end it; what is to be said of it."""
        deadline = time.monotonic() + self._options.timeout
        gone = False
        while not gone and time.monotonic() < deadline and not late():
            gone = _ended(child)
            if not gone:
                time.sleep(_LOOK_EVERY)
        given_up = not gone and time.monotonic() < deadline
        # Not reaped yet, so the number of its group still is its own.
        _kill_group(child.pid)
        status = child.wait()
        if given_up:
            raise SinkError(f"{name} was ended, because the daemon ends")
        if not gone:
            return f"{name} took longer than {self._options.timeout:g} s and was killed"
        return "" if status == 0 else f"{name} has failed ({_words(status)})"

    def _environment(self, payload: Mapping[str, Any], text: str) -> dict[str, str]:
        ours = {key: value for key, value in os.environ.items() if key in _PASSED_ON or key.startswith("LC_")}
        try:
            theirs = {name: value.text() for name, value in self._options.environment.items()}
        except ValueError as error:
            raise SinkError(f"a variable for the command is missing: {error}") from None
        return {**ours, **variables(payload, text), **theirs}


def _ends_with_us() -> tuple[str, ...]:
    """How to start a command that is killed when we are (util-linux); empty where that cannot be."""
    setpriv = shutil.which("setpriv")
    return () if setpriv is None else (setpriv, "--pdeathsig", "KILL", "--")


def variables(payload: Mapping[str, Any], text: str) -> dict[str, str]:
    """The record as variables: the whole JSON, where it is not too long, and what is asked for most."""
    snapshot = (payload.get("media") or {}).get("snapshot") or {}
    told = {
        "WATCHER_TYPE": payload.get("event_type", "verdict"),
        "WATCHER_CAMERA": payload.get("camera"),
        "WATCHER_ID": payload.get("id"),
        "WATCHER_SEQUENCE": payload.get("sequence"),
        "WATCHER_STARTED_AT": payload.get("started_at"),
        "WATCHER_ENDED_AT": payload.get("ended_at"),
        "WATCHER_CAUSE": payload.get("cause"),
        "WATCHER_ZONES": ",".join(payload.get("zones") or ()),
        "WATCHER_VERDICT": payload.get("verdict"),
        "WATCHER_REASON": payload.get("reason"),
        "WATCHER_SNAPSHOT": snapshot.get("file"),
        "WATCHER_EVENT": text if len(text.encode()) <= _LONGEST_VARIABLE else None,
    }
    return {name: str(value).replace("\0", "") for name, value in told.items() if value is not None}


def _ended(child: subprocess.Popen[bytes]) -> bool:
    """Whether it has ended; it is not reaped."""
    return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # nobody left, or only what has taken other rights


def _words(status: int) -> str:
    return f"exit status {status}" if status > 0 else f"signal {signal.Signals(-status).name}"
