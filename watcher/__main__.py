"""``python -m watcher``, and what the command ``watcher`` calls: the process around the command line."""

import signal
import sys

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # Until the command listens there is nothing that Ctrl-C could leave half done: it ends us without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def command() -> int:
    """The exit status of what was typed."""
    from watcher.cli import main
    from watcher.cli.chatter import without_chatter

    with without_chatter():
        status = main()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # nor while the interpreter ends
    return status


if __name__ == "__main__":
    sys.exit(command())
