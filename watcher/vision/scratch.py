"""Arrays that are needed for a moment only, lent from one camera to the next.

A camera needs a dozen planes while it compares a frame, and none until the next one comes. Lent, there are as many
as frames are compared at the same time: one set for each core, and not one for each camera.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_MOST_IDLE = 16
"""Of one kind: what two cores need. Where more were lent at once they are let go of."""

# One append or pop is one step, also where several threads do it.
_idle: dict[tuple[tuple[int, ...], str], list[NDArray[Any]]] = {}


def borrowed(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """An array for oneself until `give_back`; what is in it means nothing."""
    try:
        return _idle[shape, np.dtype(dtype).str].pop()
    except (KeyError, IndexError):
        return np.empty(shape, dtype)


def give_back(*arrays: NDArray[Any]) -> None:
    """Let others have what was borrowed; nobody may look at it any more."""
    for array in arrays:
        idle = _idle.setdefault((array.shape, array.dtype.str), [])
        if len(idle) < _MOST_IDLE:
            idle.append(array)


def let_go() -> None:
    """Keep nothing for the next one: what a moment took in which much happened is not needed for long."""
    _idle.clear()


@cache
def zeros(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Zeros for everybody; nobody can write to them."""
    array = np.zeros(shape, dtype)
    array.flags.writeable = False
    return array
