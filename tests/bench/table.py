"""The table as it is printed, and pasted into the README."""

import math
from collections.abc import Mapping, Sequence

from tests.bench.measure import Figure

HEADER = ("row", "what", "measured", "quartiles", "must", "aim", "holds")


def lines(figures: list[Figure]) -> list[str]:
    """A table in Markdown, columns aligned for a terminal as well."""
    return _aligned([HEADER, *(_cells(figure) for figure in figures)])


def beside(figures: list[Figure], peers: Mapping[str, Sequence[float | None]]) -> list[str]:
    """What peers reach on the same, a column each and a cell for each figure; [] without peers."""
    if not peers:
        return []
    rows = [
        (figure.row, figure.what, measured(figure), *("" if one is None else _number(one) for one in theirs))
        for figure, *theirs in zip(figures, *peers.values(), strict=True)
        if any(one is not None for one in theirs)
    ]
    return _aligned([("row", "what", "watcher", *peers), *rows])


def lost(figures: list[Figure], peers: Mapping[str, Sequence[float | None]]) -> list[str]:
    """Where a peer is better, a line each."""
    return [
        f"lost to {name}: {figure.row}, {figure.what}: {_number(figure.value)} against {_number(value)}"
        for name, values in peers.items()
        for figure, value in zip(figures, values, strict=True)
        if figure.value is not None and value is not None and figure.value != value
        if (value > figure.value) == figure.more_is_better
    ]


def measured(figure: Figure) -> str:
    """A figure's value with its unit."""
    return "–" if figure.value is None else f"{_number(figure.value)} {figure.unit}".strip()


def _aligned(cells: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    rows = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return [rows[0], rule, *rows[1:]]


def _cells(figure: Figure) -> tuple[str, ...]:
    sign = "≥" if figure.more_is_better else "≤"
    must, aim = ("" if bound is None else f"{sign} {bound:g}" for bound in (figure.must, figure.aim))
    spread = " .. ".join(f"{end:.3g}" for end in figure.spread) if figure.spread else ""
    return (
        figure.row,
        figure.what,
        measured(figure),
        spread,
        must,
        aim,
        figure.holds,
    )


def _number(value: float) -> str:
    """Three digits; whole numbers, which are counts, in full."""
    if math.isinf(value):
        return "never"
    return f"{value:,.0f}" if value == int(value) and abs(value) < 1e9 else f"{value:.3g}"
