"""watcher: says, truthfully and at once, what has changed before a camera.

    import watcher
    result = watcher.compare("golden.png", "now.png", profile="inspection")
    for frame, detection, updates in watcher.replay("recording.mp4", profile="home"): ...

Importing this costs nothing: what it offers is loaded when it is asked for.

The house
---------
Observations come in at one end and updates of events go out at the other. What lies between is pure, and is the
same for a camera, a recording and a heap of pictures::

    observations ──> detector ──> tracker ──> updates
         ^               ^           |           |
      sources        reference    requests     outlets

An observation is a frame, a tick (nothing came for a while) or a gap (why nothing will), and it is also the clock:
no duration is measured by anything else. ``loop.watch`` is the whole program in six lines; the rest feeds it,
runs it in threads, or carries away what it says.

A module imports from its own floor or from those below:

=====  ==========================================================================================================
floor  who lives there
=====  ==========================================================================================================
5      ``cli``: what a person types, one file a command
4      ``config``: config.yaml to options, the only reader of the file; ``service``: builds everything, watches over
       it, listens to signals, with ``deliveries`` and ``post`` to hand on what cameras say; ``replaying``: a
       recording through the same engine; ``tuning``: other settings beside the present ones
3      ``camera``: one camera's life in two threads, one that captures and one that watches; ``comparing``: pictures
       against a reference
2      ``sources``: where frames come from, one file a kind; ``sinks``: what is kept on disk and shown in the
       terminal; ``mqtt``: the one table of topics, the client, a broker of our own; ``outbox``: what is not
       delivered yet; ``references``: the store of references, named and versioned; ``history``: events and
       inspections in SQLite; ``pictures`` and ``masks``: files of them; ``notify``: what systemd is told;
       ``claims``: folders for one daemon alone
1      ``vision``: frames, maps of change, regions, references, the detector; ``events``: when change begins, ends
       and counts; ``inspection``: golden parts, verdicts, when to look; ``requests``: what is asked of a running
       camera; ``settings``: what can be set of one; ``profiles``: defaults for a use; ``ration``: how much may be
       said; ``loop``.
       Arrays and values in, values out: no clock, no log, no thread, no file, no chance
0      ``errors``: everything raised on purpose; ``quantities``: 0.3 s, 1.5 %, 5 GB; ``plugins``: a class by name;
       ``files``: small ones that people write, and claims; ``secret``: what never shows
=====  ==========================================================================================================

Each family says what can be set in its ``options.py``: frozen dataclasses of the standard library alone. ``config``
knows them all and none of them knows ``config``. A family with kinds is a protocol, a map from the kind to its two
names, and one file a kind; a kind may also be ``package.module:Class``.
"""

from importlib import import_module

TYPE_CHECKING = False  # that of `typing`, which takes longer to import than all the rest here
if TYPE_CHECKING:
    from typing import Any

    from watcher.comparing import compare
    from watcher.replaying import replay

__all__ = ["__version__", "compare", "replay"]

__version__ = "0.1.0"

_WHERE = {"compare": "watcher.comparing", "replay": "watcher.replaying"}


def __getattr__(name: str) -> "Any":
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
