"""Pictures for people: boxes, zones, heat maps and differences, drawn on copies.

Everything is scaled to the picture: lines and letters look the same on 320 pixels as on 4K. Nothing here
decides anything; what is drawn is given.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from watcher.quantities import percent
from watcher.vision.arrays import U8
from watcher.vision.detection import Region
from watcher.vision.geometry import Box, Point, Size

Colour = tuple[int, int, int]

# Vermilion and sky blue of Okabe and Ito's palette, which people with any colour vision tell apart; BGR.
_MARK: Colour = (0, 94, 213)
_ZONE: Colour = (233, 180, 86)
_HALO: Colour = (16, 16, 16)
_TEXT: Colour = (255, 255, 255)

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_MOST_LABELS = 24
_UNSEEN, _BLACK = 8, 64


@dataclass(frozen=True, slots=True)
class Pen:
    """Widths that suit a picture: `line`, height of `text`, both in pixels; `scale` and `weight` of the letters."""

    line: int
    text: int
    scale: float
    weight: int

    @classmethod
    def of(cls, size: Size) -> "Pen":
        """For a picture of this size (width, height): lines of 2 at 720p and 6 at 4K, letters of 9 at least."""
        side = min(size[0], size[1] * 16 / 9)
        line = max(1, round(side / 640))
        text = max(9, round(side / 80))
        return cls(line, text, text / 22, 1 if text < 20 else 2)

    def fitting(self, text: str, width: int) -> "Pen":
        """The same, with smaller letters where the text would be wider than `width` pixels."""
        pen = self
        for _ in range(8):  # letters do not shrink quite as their scale does, nor the same in every OpenCV
            share = width / _strip_size(text, pen)[0]
            if share >= 1:
                break
            pen = Pen(pen.line, max(6, int(pen.text * share)), pen.scale * min(share, 0.97), pen.weight)
        return pen


def annotated(
    picture: U8,
    regions: Sequence[Region] = (),
    zones: Mapping[str, Sequence[Point]] | None = None,
    caption: str = "",
    label: Callable[[Region], str] | None = None,
) -> U8:
    """A copy with a box around each region, zones faintly, and a line of text along the top.

    Parameters
    ----------
    picture : uint8, BGR of shape (H, W, 3) or grey of shape (H, W).
    regions : boxes and areas in pixels of `picture`. A box's strip has the zone's name where there is one, and how
        much of the picture has changed in it ("door 1.3 %"); where strips would cover one another, the smaller
        regions go without.
    zones : points in fractions of the picture, by key.
    caption : empty for none.
    label : other words for a region's strip.

    Returns
    -------
    uint8 BGR of shape (H, W, 3).
    """
    canvas = _colour_copy(picture)
    share = label or (lambda region: percent(region.area / (canvas.shape[0] * canvas.shape[1])))
    pen = Pen.of(_size(canvas))
    _draw_zones(canvas, zones or {}, pen)
    for region in regions:
        _draw_box(canvas, region.box, pen)
    taken = [_draw_strip(canvas, caption, (0, 0), _HALO, pen.fitting(caption, canvas.shape[1]))] if caption else []
    for region in sorted(regions, key=lambda one: -one.box.area)[:_MOST_LABELS]:
        others = [other.box for other in regions if other is not region and not _within(region.box, other.box)]
        text = " ".join((*region.zones[:1], share(region)))
        _draw_label(canvas, region.box, text, pen, taken, others)
    return canvas


def filled(picture: U8, changed: NDArray[np.uint8], strength: float = 0.6) -> U8:
    """A copy with what has changed painted over and outlined.

    Parameters
    ----------
    picture : uint8, BGR or grey.
    changed : uint8 of shape (h, w), any size; 0 = same.
    strength : how much of the paint covers, 0 to 1.
    """
    canvas = _colour_copy(picture)
    size = _size(canvas)
    mask = scaled_mask(changed, size)
    levels = np.arange(256)[:, None] * (1 - strength) + np.array(_MARK) * strength
    paint = np.round(levels).astype(np.uint8)[None]
    cv2.copyTo(cv2.LUT(canvas, paint), mask, canvas)
    outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(canvas, outlines, -1, _MARK, Pen.of(size).line, cv2.LINE_AA)
    return canvas


def heatmap(picture: U8, change: NDArray[np.float32]) -> U8:
    """The picture in grey, with how much each part has changed as colour over it.

    The colours are Inferno's (perceptually even, readable in grey and with any colour vision) and cover more the
    more has changed: what is the same stays grey.

    Parameters
    ----------
    picture : uint8, BGR or grey.
    change : float32 of shape (h, w), any size, 0 = same to 1 = different.
    """
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    levels = np.round(np.clip(change, 0, 1) * 255).astype(np.uint8)
    levels = cast(U8, cv2.resize(levels, (grey.shape[1], grey.shape[0]), interpolation=cv2.INTER_LINEAR))
    table = _heat_table()
    canvas = np.empty((*grey.shape, 3), np.uint8)
    for y in range(0, grey.shape[0], 64):  # NumPy's index takes 16 bytes a pixel: in bands, also at 100 megapixels
        canvas[y : y + 64] = table[levels[y : y + 64], grey[y : y + 64]]
    return canvas


def captioned(picture: U8, caption: str) -> U8:
    """A copy (uint8 BGR) with a line of text along the top."""
    canvas = _colour_copy(picture)
    pen = Pen.of(_size(canvas)).fitting(caption, canvas.shape[1])
    _draw_strip(canvas, caption, (0, 0), _HALO, pen)
    return canvas


def difference(reference: U8, picture: U8) -> U8:
    """How far each pixel lies from the reference, in brightness or colour (the larger), dark on white.

    The curve is fixed, so that pictures stay comparable with one another: up to 8 levels stay white, which is what
    compression and noise make anywhere; from there it darkens fast, and 64 levels and more are black.

    Parameters
    ----------
    reference, picture : uint8, BGR or grey; the reference is resized to the picture.
    """
    now = _colour_copy(picture)
    expected = _colour_copy(reference)
    if _size(expected) != _size(now):
        expected = cast(U8, cv2.resize(expected, _size(now), interpolation=cv2.INTER_AREA))
    # In blue alone compression errs nearly twice as far as in Cb, of which it is made.
    apart = cv2.absdiff(cv2.cvtColor(now, cv2.COLOR_BGR2YCrCb), cv2.cvtColor(expected, cv2.COLOR_BGR2YCrCb))
    luma, red, blue = cv2.split(apart)
    share = np.clip((np.arange(256) - _UNSEEN) / (_BLACK - _UNSEEN), 0, 1) ** 0.8
    curve = np.round(255 * (1 - share)).astype(np.uint8)
    dark = cv2.LUT(cv2.max(luma, cv2.max(red, blue)), curve)
    return cast(U8, cv2.cvtColor(dark, cv2.COLOR_GRAY2BGR))


def scaled_mask(mask: NDArray[np.uint8], size: Size) -> U8:
    """A mask (0 and 255) at another size (width, height), with smooth edges where it is enlarged."""
    if (mask.shape[1], mask.shape[0]) == size:
        return mask
    grown = cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR)
    return cast(U8, cv2.threshold(grown, 127, 255, cv2.THRESH_BINARY)[1])


def _heat_table() -> U8:
    """The colour for each change (first index, 0-255) over each grey (second): uint8 of shape (256, 256, 3)."""
    # Inferno begins at black, which on a grey picture reads as shadow: its lower fifth is left out.
    levels = np.linspace(51, 255, 256).round().astype(np.uint8)
    colours = cv2.applyColorMap(levels[:, None], cv2.COLORMAP_INFERNO)  # 1-D arrays differ between OpenCV 4 and 5
    cover = (np.minimum(1.0, np.linspace(0, 1.6, 256)) * 0.85)[:, None, None]
    grey = np.arange(256)[None, :, None]
    return np.round(grey * (1 - cover) + colours * cover).astype(np.uint8)


def _colour_copy(picture: U8) -> U8:
    if picture.dtype != np.uint8 or picture.ndim not in (2, 3) or (picture.ndim == 3 and picture.shape[2] != 3):
        raise ValueError(f"expected uint8 of shape (H, W) or (H, W, 3), got {picture.dtype} {picture.shape}")
    return cast(U8, cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)) if picture.ndim == 2 else picture.copy()


def _size(picture: U8) -> Size:
    return picture.shape[1], picture.shape[0]


def _draw_zones(canvas: U8, zones: Mapping[str, Sequence[Point]], pen: Pen) -> None:
    """Outlines at half strength: a zone must not hide what happens on its edge."""
    width, height = _size(canvas)
    for points in zones.values():
        corners = np.array([(x * width - 0.5, y * height - 0.5) for x, y in points])
        outline = [np.round(corners * 16).astype(np.int32)]
        # Only the polygon's own bounds are copied and mixed, not the whole picture for each zone.
        x0, y0 = np.floor(corners.min(axis=0)).astype(int) - pen.line - 1
        x1, y1 = np.ceil(corners.max(axis=0)).astype(int) + pen.line + 2
        part = canvas[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)]
        before = part.copy()
        cv2.polylines(canvas, outline, True, _ZONE, pen.line, cv2.LINE_AA, shift=4)
        cv2.addWeighted(before, 0.5, part, 0.5, 0, dst=part)


def _draw_box(canvas: U8, box: Box, pen: Pen) -> None:
    """Around what changed, not over it: the line's inner edge is the box; a dark halo parts it from any ground."""
    width, height = _size(canvas)
    half = pen.line / 2
    outer = box.grown(round(half + 0.5))
    x0, y0 = max(pen.line, outer.x0), max(pen.line, outer.y0)
    x1, y1 = min(width - 1 - pen.line, outer.x1 - 1), min(height - 1 - pen.line, outer.y1 - 1)
    for colour, extra in ((_HALO, 2 * max(1, pen.line // 2)), (_MARK, 0)):
        cv2.rectangle(canvas, (x0, y0), (max(x0, x1), max(y0, y1)), colour, pen.line + extra)


def _draw_label(canvas: U8, region: Box, text: str, pen: Pen, taken: list[Box], others: Sequence[Box]) -> None:
    """A strip above the box, below or inside, where it covers no other strip and, if that can be, no other box."""
    width, height = _strip_size(text, pen)
    box = region.grown(pen.line)
    tops = (box.y0 - height, box.y1, box.y0 + pen.line)
    places = [(top, _kept_inside(box.x0, top, width, height, _size(canvas))) for top in tops]
    free = [
        place
        for top, place in places
        if place.y0 == top and all(place.intersection(one).area == 0 for one in taken)
    ]
    best = min(free, key=lambda place: sum(place.intersection(one).area > 0 for one in others), default=None)
    if best is not None:
        taken.append(_draw_strip(canvas, text, (best.x0, best.y0), _MARK, pen))


def _within(inner: Box, outer: Box) -> bool:
    return inner.intersection(outer) == inner


def _draw_strip(canvas: U8, text: str, corner: tuple[int, int], colour: Colour, pen: Pen) -> Box:
    """Text on a filled strip whose top left corner is given; returns what it covers."""
    width, height = _strip_size(text, pen)
    strip = Box(corner[0], corner[1], corner[0] + width, corner[1] + height)
    cv2.rectangle(canvas, (strip.x0, strip.y0), (strip.x1 - 1, strip.y1 - 1), colour, cv2.FILLED)
    baseline = strip.y1 - (height - pen.text) // 2 - max(1, pen.text // 10)
    start = (strip.x0 + pen.text // 3, baseline)
    cv2.putText(canvas, text, start, _FONT, pen.scale, _TEXT, pen.weight, cv2.LINE_AA)
    return strip


def _strip_size(text: str, pen: Pen) -> Size:
    (width, _), _ = cv2.getTextSize(text, _FONT, pen.scale, pen.weight)
    return width + 2 * (pen.text // 3), round(pen.text * 1.5)


def _kept_inside(x: int, y: int, width: int, height: int, size: Size) -> Box:
    x = max(0, min(x, size[0] - width))
    y = max(0, min(y, size[1] - height))
    return Box(x, y, x + width, y + height)
