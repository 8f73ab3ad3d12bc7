from typing import Any

import numpy as np
import pytest

from figureground.image import filters


def slow_box_blur(values: np.ndarray[Any, Any], radius: int) -> np.ndarray[Any, Any]:
    out = np.empty_like(values)
    for y in range(values.shape[0]):
        for x in range(values.shape[1]):
            window = values[max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1]
            out[y, x] = window.mean((0, 1))
    return out


@pytest.mark.parametrize("radius", [0, 1, 3, 50])
def test_box_blur_equals_a_loop(radius: int) -> None:
    values = np.random.default_rng(2).random((9, 13, 3), np.float32)
    assert np.allclose(filters.box_blur(values, radius), slow_box_blur(values, radius), atol=1e-6)
