"""Slow loops that fast code is compared with."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def slow_visible(mask: np.ndarray[Any, Any], x: int, y: int, flip: bool, size: int) -> int:
    canvas = np.zeros((size + 400, size + 400), bool)
    canvas[200 + y : 200 + y + mask.shape[0], 200 + x : 200 + x + mask.shape[1]] = mask[:, ::-1] if flip else mask
    return int(canvas[200 : 200 + size, 200 : 200 + size].sum())


def filled(polygon: NDArray[np.floating], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return the pixels whose middles lie inside a polygon, (n, 2) of x and y, by the even-odd rule, line by line."""
    out = np.zeros(shape, np.bool_)
    begin, end = polygon, np.roll(polygon, -1, 0)
    middles = np.arange(shape[1]) + 0.5
    for row in range(shape[0]):
        crosses = (begin[:, 1] <= row + 0.5) != (end[:, 1] <= row + 0.5)
        down = (begin[crosses, 1] < end[crosses, 1])[:, None]  # to and fro cross a line at the same place
        upper = np.where(down, begin[crosses], end[crosses])
        lower = np.where(down, end[crosses], begin[crosses])
        at = upper[:, 0] + (row + 0.5 - upper[:, 1]) / (lower[:, 1] - upper[:, 1]) * (lower[:, 0] - upper[:, 0])
        out[row] = (at[None] <= middles[:, None]).sum(1) % 2 == 1
    return out
