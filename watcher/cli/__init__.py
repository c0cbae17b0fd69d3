"""What a person types: one file a command, loaded when that command is used.

A command's module has ``add(subparsers)`` for its arguments and ``run(args) -> int``, which gives the exit status.
"""

import argparse
import difflib
import errno
import os
import signal
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import TextIO

from watcher.errors import WatcherError

COMMANDS = {
    "run": "watch the cameras of a configuration and tell a broker",
    "check": "say whether a configuration can be used, and everything that is wrong with it",
    "compare": "the difference between pictures",
    "replay": "a recording or pictures through the same engine, as fast as it can",
    "tune": "watch for a while and propose settings",
    "reference": "the stored references of a camera",
    "history": "past inspections and events",
    "schema": "the JSON Schema of config.yaml, for editors",
}
"""In the order of the help; each is the module of that name beside this one."""

FAILED = 2
INTERRUPTED = 130
_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF, errno.EAGAIN, errno.ENXIO}
"""What writing to an output that was given to us can fail with; anything else is a mistake of ours."""
NOBODY_READS = 141
"""As a shell says it of a program that SIGPIPE ended."""


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status of one command. What went wrong in the world is said in one line on standard error."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        _listen()
        if _closed_output() and words[:1] != ["run"]:
            raise WatcherError("there is no standard output to write to; give one, if only /dev/null")
        status = _command(words)
        sys.stdout.flush()
    except WatcherError as error:
        _complain(str(error))
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _let_go_of(sys.stdout)
        return NOBODY_READS
    except OSError as error:
        if error.filename is not None:  # a file or folder that may not be entered, or whose name is too long
            _complain(f"{error.filename} cannot be used ({error.strerror})")
            return FAILED
        if error.errno not in _UNWRITABLE:
            raise
        _complain(f"the output cannot be written ({error.strerror})")
        _let_go_of(sys.stdout)
        return FAILED
    return status


def _command(words: list[str]) -> int:
    name = next((word for word in words if not word.startswith("-")), None)
    parser, module = _parser(name)
    try:
        if module is None and name is not None:
            parser.error(_unknown(name))
        args = parser.parse_args(words)
    except SystemExit as ended:  # argparse ends the program for --help, --version and a wrong word
        return ended.code if isinstance(ended.code, int) else FAILED
    if module is None:
        parser.print_help(sys.stderr)
        return FAILED
    return int(module.run(args))


def _parser(chosen: str | None) -> tuple[argparse.ArgumentParser, ModuleType | None]:
    """The parser, which knows the arguments of the chosen command and the others by name, and that command."""
    from watcher import __version__

    parser = argparse.ArgumentParser(
        prog="watcher",
        description="Watches cameras and says over MQTT, truthfully and at once, what has changed.",
        epilog="watcher COMMAND --help says more about one of them.",
    )
    parser.add_argument("--version", action="version", version=f"watcher {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    module = None
    for name, what in COMMANDS.items():
        if name == chosen:
            module = import_module(f"{__name__}.{name}")
            module.add(subparsers)
        else:
            subparsers.add_parser(name, help=what)
    return parser, module


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, COMMANDS, n=1)
    meant = f"did you mean {near[0]}?" if near else f"the commands are {', '.join(COMMANDS)}"
    return f"{name!r} is not a command; {meant}"


def _listen() -> None:
    """Ctrl-C is a KeyboardInterrupt from here on; before, `watcher.__main__` lets it end the program."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) == signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _closed_output() -> bool:
    """Whether we were started without a standard output. What is missing leads nowhere from now on."""
    missing = sys.stdout is None
    # Its number would be given to the next file that is opened, and what libraries print go there.
    if missing:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for as long as the program runs
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    return missing


def _complain(sentence: str) -> None:
    """One line on standard error, where somebody takes it."""
    try:
        print(sentence, file=sys.stderr)
    except OSError:
        _let_go_of(sys.stderr)


def _let_go_of(stream: TextIO) -> None:
    """Keeps the interpreter from complaining at its end, in its exit status too, about what nobody can read."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
