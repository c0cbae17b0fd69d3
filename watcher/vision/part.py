"""A rectangular part of a picture, as people write it."""

from collections.abc import Iterable

from watcher.vision.geometry import Box, Size

Part = str | tuple[int, int, int, int]
"""(x, y, width, height) in pixels, or the same as text, where each may also be a percentage."""


def part_box(part: Part | None, size: Size) -> Box:
    """The part of a picture of `size` (width, height) that `part` means; all of it for None.

    Raises
    ------
    ValueError : it is not four numbers, has no area, or reaches outside the picture.
    """
    if part is None:
        return Box(0, 0, *size)
    if isinstance(part, str):
        values = part.split(",")
    else:
        values = [str(value) for value in part] if isinstance(part, Iterable) else []
    if len(values) != 4:
        raise ValueError(f"a part is X,Y,WIDTH,HEIGHT, not {part!r}")
    x, y, width, height = (_pixels(value.strip(), size[n % 2], part) for n, value in enumerate(values))
    box = Box(x, y, x + width, y + height)
    if width < 1 or height < 1:
        raise ValueError(f"the part {part!r} has no area")
    if box.intersection(Box(0, 0, *size)) != box:
        raise ValueError(f"the part {part!r} reaches outside the picture, which is {size[0]}x{size[1]}")
    return box


def _pixels(value: str, whole: int, part: Part) -> int:
    try:
        return round(float(value[:-1]) / 100 * whole) if value.endswith("%") else int(value)
    except (ValueError, OverflowError):
        raise ValueError(f"a part is X,Y,WIDTH,HEIGHT in whole pixels or percentages, not {part!r}") from None
