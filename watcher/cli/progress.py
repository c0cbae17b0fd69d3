"""A progress bar on standard error for long work; nothing where that is not a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Bar(Protocol):
    """What the work tells its bar."""

    def advance(self, note: str = "") -> None:
        """One more is done; `note` is shown beside the bar."""
        ...


class _NoBar:
    def advance(self, note: str = "") -> None:
        pass


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Bar]:
    """A bar with count, time left and a note while the work lasts; `total` None: not known, a count alone."""
    if not sys.stderr.isatty() or total == 1:
        yield _NoBar()
        return
    # Imported here: rich takes a tenth of a second, and a pipe needs none of it.
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )  # fmt: skip

    columns = [
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        *([TimeRemainingColumn()] if total is not None else []), TextColumn("{task.fields[note]}"),
    ]  # fmt: skip
    # What is printed meanwhile appears above the bar; a pipe must get it as it is, and not on standard error.
    on_screen = sys.stdout.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=on_screen) as shown:
        task = shown.add_task(what, total=total, note="")

        class _Shown:
            def advance(self, note: str = "") -> None:
                shown.update(task, advance=1, note=note)

        yield _Shown()
