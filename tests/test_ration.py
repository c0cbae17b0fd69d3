"""So much in a while, and then how much more there was."""

from watcher.ration import Ration


def test_so_much_in_a_while_and_again_in_the_next():
    ration = Ration(most=3, span=60)
    assert [ration.allows(float(at)) for at in (0, 1, 2, 3, 59, 60, 61)] == [True] * 3 + [False] * 2 + [True] * 2


def test_what_was_withheld_is_told_once_when_the_while_is_over():
    ration = Ration(most=1, span=60)
    for at in range(50):
        ration.allows(float(at))
    assert [ration.withheld(at) for at in (59.0, 60.0, 61.0)] == [0, 49, 0]


def test_nothing_was_withheld_before_the_first():
    assert Ration().withheld(0.0) == 0
