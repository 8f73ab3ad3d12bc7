import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.core.arrays import Bytes
from figureground.render import harmonise


def card(seed: int, height: int = 48, width: int = 40, low: int = 0, high: int = 256) -> Bytes:
    """Return an RGBA cut-out of random colours and alpha."""
    return np.random.default_rng(seed).integers(low, high, (height, width, 4), np.uint8)


@settings(max_examples=40)
@given(st.floats(0.5, 12), st.integers(-300, 300), st.integers(-300, 300), st.integers(0, 2**31))
def test_noise_has_its_strength_and_leaves_alpha_alone(strength: float, x: int, y: int, seed: int) -> None:
    cutout = card(seed, 130, 120, 100, 156)
    before = cutout.copy()
    found = harmonise.add_noise(cutout, strength, x, y)
    assert np.array_equal(cutout, before)  # the photo that others share is not touched
    assert np.array_equal(found, harmonise.add_noise(cutout, strength, x, y))
    assert np.array_equal(found[..., 3], cutout[..., 3])
    grain = found[..., :3].astype(int) - cutout[..., :3]
    assert (grain == grain[..., :1]).all()  # grey
    assert abs(grain.mean()) < 0.05 * strength
    assert grain.std() == pytest.approx(math.hypot(strength, 0.29), rel=0.05)


def test_noise_belongs_to_its_place_on_the_canvas() -> None:
    """A figure one pixel to the right shows the tile's next column; the tile repeats after 256 px."""
    flat = np.full((40, 50, 4), 128, np.uint8)
    here = harmonise.add_noise(flat, 6.0, 10, 20)
    assert np.array_equal(harmonise.add_noise(flat, 6.0, 11, 22)[:-2, :-1], here[2:, 1:])
    assert np.array_equal(harmonise.add_noise(flat, 6.0, 10 - 256, 20 + 512), here)
    white = np.full((40, 50, 4), 255, np.uint8)
    assert harmonise.add_noise(white, 9.0, 0, 0)[..., :3].min() > 200  # clipped, not wrapped round
    assert harmonise.add_noise(flat * np.uint8(0), 9.0, 0, 0)[..., :3].max() < 55


def test_a_picture_shines_with_its_colours_around() -> None:
    picture = np.zeros((100, 120, 3), np.uint8)
    picture[:, 60:] = (200, 100, 50)
    found = harmonise.shine(picture)
    assert found[50, 10].tolist() == [0, 0, 0]
    assert found[50, 110].tolist() == [200, 100, 50]
    assert 90 <= found[50, 60, 0] <= 120
