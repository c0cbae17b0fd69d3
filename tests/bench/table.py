"""The table as it is printed, and pasted into the README."""

from tests.bench.measure import Figure

HEADER = ("row", "what", "measured", "quartiles", "must", "aim", "holds")


def lines(figures: list[Figure]) -> list[str]:
    """A table in Markdown, columns aligned for a terminal as well."""
    cells = [HEADER, *(_cells(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADER))]
    rows = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return [rows[0], rule, *rows[1:]]


def _cells(figure: Figure) -> tuple[str, ...]:
    sign = "≥" if figure.more_is_better else "≤"
    spread = " .. ".join(f"{end:.3g}" for end in figure.spread) if figure.spread else ""
    return (
        figure.row,
        figure.what,
        f"{figure.value:.3g} {figure.unit}".strip(),
        spread,
        f"{sign} {figure.must:g}",
        f"{sign} {figure.aim:g}",
        figure.holds,
    )
