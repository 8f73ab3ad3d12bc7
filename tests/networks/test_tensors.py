"""Pictures as networks take them."""

import numpy as np
import pytest

from figureground.networks.tensors import IMAGENET_MEAN, IMAGENET_STD, normalised


@pytest.mark.parametrize(
    ("mean", "std"), [((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)), (IMAGENET_MEAN, IMAGENET_STD), ((0.3, 0.1, 0.9), (3, 1, 0.1))]
)
@pytest.mark.parametrize("size", [(60, 56), (1, 1), (17, 3)])
def test_normalising_is_the_formula_to_the_last_bit(
    mean: tuple[float, ...], std: tuple[float, ...], size: tuple[int, int]
) -> None:
    """Depth is stored, so a picture's bits decide a dataset's bytes."""
    picture = np.random.default_rng(5).integers(0, 256, (*size, 3), np.uint8)
    steps = picture.astype(np.float32) / np.float32(255)
    expected = (steps - np.array(mean, np.float32)) / np.array(std, np.float32)
    found = normalised(picture, mean, std), normalised(picture, mean, std, "nhwc")
    for values, wanted in zip(found, (expected.transpose(2, 0, 1), expected), strict=True):
        assert values.dtype == np.float32
        assert values.flags.c_contiguous
        assert np.array_equal(values, wanted)
