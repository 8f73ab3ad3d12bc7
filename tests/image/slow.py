"""Slow loops that fast code is compared with."""

from typing import Any

import numpy as np


def slow_visible(mask: np.ndarray[Any, Any], x: int, y: int, flip: bool, size: int) -> int:
    canvas = np.zeros((size + 400, size + 400), bool)
    canvas[200 + y : 200 + y + mask.shape[0], 200 + x : 200 + x + mask.shape[1]] = mask[:, ::-1] if flip else mask
    return int(canvas[200 : 200 + size, 200 : 200 + size].sum())
