"""The largest and cheapest matching, held against trying everything."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from watcher.events.pairing import cheapest_pairs

Costs = list[dict[int, float]]


@given(st.lists(st.dictionaries(st.integers(0, 3), st.integers(0, 9).map(float), max_size=4), max_size=4))
def test_is_the_best_of_all(costs: Costs) -> None:
    pairs = cheapest_pairs(costs)
    assert len(set(pairs.values())) == len(pairs)
    assert (-len(pairs), sum(costs[row][column] for row, column in pairs.items())) == best(costs)


def best(costs: Costs) -> tuple[int, float]:
    """Minus the number of pairs, and their total cost."""
    tried = [
        [costs[row][column] for row, column in enumerate(order[: len(costs)]) if column in costs[row]]
        for order in permutations(range(8), len(costs))
        if all(column < 4 or column == 4 + row for row, column in enumerate(order))
    ]
    return min((-len(found), sum(found)) for found in tried)


def test_the_nearest_for_each_in_turn_would_leave_one_out() -> None:
    assert cheapest_pairs([{0: 1.0, 1: 2.0}, {0: 5.0}]) == {0: 1, 1: 0}


def test_nothing() -> None:
    assert cheapest_pairs([]) == {}
    assert cheapest_pairs([{}, {}]) == {}
