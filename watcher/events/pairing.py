"""Pairing two lists one to one, as many pairs as possible and of those the cheapest."""

from collections.abc import Mapping, Sequence

_GAIN = 1e-9
"""Smaller improvements are rounding, which could go in circles."""


def cheapest_pairs(costs: Sequence[Mapping[int, float]]) -> dict[int, int]:
    """Row to column of the largest matching with the least total cost.

    `costs` has for each row the cost of every column that it may be paired with. Rows are paired by augmenting
    along the cheapest alternating path until there is none (successive shortest paths): each step is optimal
    for its number of pairs, which taking the nearest for each row in turn is not.
    """
    owners: dict[int, int] = {}
    while (end := _augmenting_path(costs, owners)) is not None:
        column: int | None
        column, came_by, paired = end
        while column is not None:
            row = came_by[column]
            owners[column], column = row, paired.get(row)
    return {row: column for column, row in owners.items()}


def _augmenting_path(
    costs: Sequence[Mapping[int, float]], owners: Mapping[int, int]
) -> tuple[int, dict[int, int], dict[int, int]] | None:
    """The free column at the end of the cheapest path, the row by which each column is reached, and the
    pairs as they are; None where no more rows can be paired."""
    paired = {row: column for column, row in owners.items()}
    rows = {row: 0.0 for row in range(len(costs)) if row not in paired}
    columns: dict[int, float] = {}
    came_by: dict[int, int] = {}
    for _ in costs:
        better = False
        for row, so_far in list(rows.items()):
            for column, cost in costs[row].items():
                total = so_far + cost
                if paired.get(row) == column or total >= columns.get(column, float("inf")) - _GAIN:
                    continue
                columns[column], came_by[column], better = total, row, True
                if column in owners:
                    rows[owners[column]] = total - costs[owners[column]][column]
        if not better:
            break
    free = [column for column in columns if column not in owners]
    if not free:
        return None
    return min(free, key=lambda column: (columns[column], column)), came_by, paired
