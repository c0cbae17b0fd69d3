"""A picture that is given as reference, as the detector sees pictures."""

from datetime import UTC, datetime

from watcher.errors import ReferenceUnusable
from watcher.vision.frame import ArrayPixels, Frame, View
from watcher.vision.reference.scene import Planes
from watcher.vision.shrink import Shrinker

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


def given_planes(picture: ArrayPixels, view: View, color: bool) -> Planes:
    """`picture` at the size of `view`, with colours if `color`; ReferenceUnusable if its aspect is another."""
    (given_width, given_height), (width, height) = picture.size, view.full_size
    ratio = (given_width * height) / (given_height * width)
    if abs(ratio - 1) > 0.01:
        raise ReferenceUnusable(
            f"the reference is {given_width}x{given_height}, the picture {width}x{height}:"
            " another aspect; give a reference of the same shape"
        )
    size = (view.luma.shape[1], view.luma.shape[0])
    given = Frame(view.at, _NO_TIME, picture).view(size, Shrinker(), color)
    return (given.luma, *(given.chroma or ()))
