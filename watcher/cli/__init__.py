"""What a person types: one file a command, loaded when that command is used.

A command's module has ``add(subparsers)`` for its arguments and ``run(args) -> int``, which gives the exit status.
"""

import argparse
import difflib
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from watcher.errors import WatcherError

COMMANDS = {
    "run": "watch the cameras of a configuration and tell a broker",
    "check": "say whether a configuration can be used, and everything that is wrong with it",
    "compare": "the difference between pictures",
    "replay": "a recording or pictures through the same engine, as fast as it can",
    "reference": "the stored references of a camera",
    "schema": "the JSON Schema of config.yaml, for editors",
}
"""In the order of the help; each is the module of that name beside this one."""

FAILED = 2
INTERRUPTED = 130
NOBODY_READS = 141
"""As a shell says it of a program that SIGPIPE ended."""


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status of one command. What went wrong in the world is said in one line on standard error."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        status = _command(words)
        sys.stdout.flush()
    except WatcherError as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _let_go_of_output()
        return NOBODY_READS
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


def _let_go_of_output() -> None:
    """Keeps the interpreter from complaining at its end about what nobody wanted to read."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
