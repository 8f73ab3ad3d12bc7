"""Photos that their EXIF block turns, and maps and masks that were made of them before or after."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground.core.errors import SetAsideError
from figureground.ingest.framing import same_aspect

# what made a photo upright -> the same for arrays: mirrored left to right, then quarter turns to the left
_UPRIGHT = {
    Image.Transpose.FLIP_LEFT_RIGHT: (True, 0),
    Image.Transpose.ROTATE_180: (False, 2),
    Image.Transpose.FLIP_TOP_BOTTOM: (True, 2),
    Image.Transpose.TRANSPOSE: (True, 1),
    Image.Transpose.ROTATE_270: (False, 3),
    Image.Transpose.TRANSVERSE: (True, 3),
    Image.Transpose.ROTATE_90: (False, 1),
}
Values = TypeVar("Values", bound=NDArray[Any])


def upright(
    values: Values, photo_shape: tuple[int, ...], turn: Image.Transpose | None, what: str
) -> tuple[Values, str, str]:
    """Return a map as its photo lies once it is upright, with a note and a warning on that ("" for none).

    A map that fits the photo only as the sensor saw it is turned with it; where both fit it is taken as it is.
    `turn`: what made the photo upright.  `what`: "depth map" or "mask".  Raises SetAsideError for a map on its side of
    a photo that nothing turns.
    """
    height, width = values.shape
    size = f"{width} x {height} px"
    fits, on_its_side = same_aspect(values.shape, photo_shape), same_aspect((width, height), photo_shape)
    mirrored, quarters = _UPRIGHT[turn] if turn is not None else (False, 0)
    if fits and turn is None:
        return values, "", ""
    if fits and (on_its_side or quarters % 2 == 0):
        return (
            values,
            "",
            f"its EXIF block turns it, and its {what} ({size}) fits both ways: taken as made of the upright photo; "
            f"if it was made of the file as stored, turn the {what}s, or save the photos upright",
        )
    if fits or not on_its_side:
        return values, "", ""  # another shape altogether is for the caller to tell
    if quarters % 2 == 0:
        raise SetAsideError(f"its {what} ({size}) lies on its side: turn it as the photo lies")
    turned: Any = np.rot90(values[:, ::-1] if mirrored else values, quarters)
    return turned, f"its {what} ({size}) lay as the sensor saw the photo: turned with it", ""
