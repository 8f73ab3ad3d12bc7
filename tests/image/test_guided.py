"""A map of a reduced copy, drawn by the picture itself."""

import numpy as np
import pytest
from PIL import Image

from figureground.core.arrays import Bytes, Floats, Singles
from figureground.image import guided


def colours(seed: int, height: int = 24, width: int = 30) -> Bytes:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def slow(copy: Bytes, values: Singles, radius: int) -> Floats:
    """Ridge regression in every window, then the mean of what the windows around a pixel say."""
    height, width = values.shape
    found = np.zeros((height, width, 4))
    image = copy / 255

    def window(y: int, x: int) -> tuple[slice, slice]:
        return slice(max(y - radius, 0), y + radius + 1), slice(max(x - radius, 0), x + radius + 1)

    for y in range(height):
        for x in range(width):
            own, level = image[window(y, x)].reshape(-1, 3), values[window(y, x)].ravel()
            middle = own.mean(0)
            spread = (own - middle).T @ (own - middle) / len(own) + guided.EPSILON * np.eye(3)
            slope = np.linalg.solve(spread, (own - middle).T @ (level - level.mean()) / len(own))
            found[y, x] = [*slope, level.mean() - slope @ middle]
    return np.array([[found[window(y, x)].mean((0, 1)) for x in range(width)] for y in range(height)])


@pytest.mark.parametrize("radius", [1, 2, 5])
def test_lines_are_those_of_a_slow_regression(radius: int) -> None:
    copy = colours(radius)
    values = np.random.default_rng(9).random(copy.shape[:2]).astype(np.float32)
    np.testing.assert_allclose(guided.lines(copy, values, radius), slow(copy, values, radius), atol=2e-4)


def test_a_map_that_follows_the_colours_is_followed() -> None:
    picture = np.asarray(Image.fromarray(colours(1)).resize((240, 192), Image.Resampling.BICUBIC))
    copy = np.asarray(Image.fromarray(picture).resize((60, 48), Image.Resampling.BOX))
    truth, small = (p @ np.array([0.5, 0.3, 0.1], np.float32) / 255 for p in (picture, copy))
    found = guided.drawn_by(picture, copy, small.astype(np.float32), 2)
    plain = np.asarray(Image.fromarray(small.astype(np.float32)).resize((240, 192), Image.Resampling.BILINEAR))
    assert np.abs(found - truth).max() < 0.2 * np.abs(plain - truth).max()


def test_where_colours_say_nothing_the_map_is_blurred_alone() -> None:
    grey = np.full((40, 40, 3), 90, np.uint8)
    values = np.random.default_rng(2).random((40, 40)).astype(np.float32)
    found = guided.drawn_by(grey, grey, values, 2)
    assert found.std() < values.std() / 3
    assert abs(found.mean() - values.mean()) < 0.01
