"""Photos that their EXIF block turns, and depth maps that were made of them before or after."""

from __future__ import annotations

import io
import struct
import warnings

import numpy as np
from PIL import ExifTags, Image

from figureground.core.arrays import Singles
from figureground.core.errors import SetAsideError
from figureground.ingest.framing import same_aspect

# EXIF orientation -> what makes the stored picture upright: mirrored left to right, then quarter turns to the left
_UPRIGHT = {2: (True, 0), 3: (False, 2), 4: (True, 2), 5: (True, 1), 6: (False, 3), 7: (True, 3), 8: (False, 1)}
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF")  # of them HEIF alone may be unknown to Pillow
_DAMAGED_EXIF = (
    *(OSError, SyntaxError, ValueError, EOFError, LookupError, OverflowError, MemoryError, struct.error, TypeError),
    *(AttributeError, ArithmeticError, AssertionError, RecursionError, Image.DecompressionBombError),
)


def orientation(data: bytes) -> int:
    """Return how a photo's EXIF block says that it is turned: 2 to 8, or 1 for upright."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
                found = picture.getexif().get(ExifTags.Base.Orientation, 1)
        except _DAMAGED_EXIF:
            return 1
    return found if found in _UPRIGHT else 1


def upright(values: Singles, photo_shape: tuple[int, ...], turn: int) -> tuple[Singles, str, str]:
    """Return a map as its photo lies once it is upright, with a note and a warning on that ("" for none).

    A map that fits the photo only as the sensor saw it is turned with it; where both fit it is taken as it is.
    `turn`: the photo's EXIF orientation.  Raises SetAsideError for a map on its side of a photo that nothing turns.
    """
    height, width = values.shape
    size = f"{width} x {height} px"
    fits, on_its_side = same_aspect(values.shape, photo_shape), same_aspect((width, height), photo_shape)
    if fits and turn == 1:
        return values, "", ""
    if fits and (turn < 5 or on_its_side):
        return (
            values,
            "",
            f"its EXIF block turns it, and its depth map ({size}) fits both ways: taken as made of the upright photo; "
            "if it was made of the file as stored, turn the maps, or save the photos upright",
        )
    if fits or not on_its_side:
        return values, "", ""  # another shape altogether is told by `framed_depth`
    if turn < 5:
        raise SetAsideError(f"its depth map ({size}) lies on its side: turn it as the photo lies")
    mirrored, quarters = _UPRIGHT[turn]
    turned = np.rot90(values[:, ::-1] if mirrored else values, quarters)
    return turned, f"its depth map lay as the sensor saw it ({size}): turned with the photo", ""
