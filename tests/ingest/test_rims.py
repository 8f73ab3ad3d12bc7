"""A mask drawn a little too wide holds ground in its rim; what its colours tell is taken out, and nothing else."""

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Bytes
from figureground.ingest.rims import trimmed

GREEN, RED = (40, 160, 60), (190, 60, 50)


def photo(inner: NDArray[np.bool_]) -> Bytes:
    """Return a red figure before a green ground, with noise."""
    flat = np.where(inner[..., None], RED, GREEN) + np.random.default_rng(1).normal(0, 3, (*inner.shape, 3))
    return np.clip(np.rint(flat), 0, 255).astype(np.uint8)


def disc(radius: float) -> NDArray[np.bool_]:
    y, x = np.mgrid[0:100, 0:100]
    return np.hypot(y - 50, x - 50) <= radius


def test_ground_in_the_rim_is_taken_out() -> None:
    figure = disc(30)
    wide = disc(32).astype(np.uint8) * np.uint8(255)
    found = trimmed(photo(figure), wide)
    assert np.array_equal(found >= 128, figure)
    assert (found <= wide).all()


def test_a_true_mask_stays() -> None:
    figure = disc(30)
    mask = figure.astype(np.uint8) * np.uint8(255)
    assert np.array_equal(trimmed(photo(figure), mask), mask)
    narrow = disc(27).astype(np.uint8) * np.uint8(255)
    assert np.array_equal(trimmed(photo(figure), narrow), narrow)  # nothing is added


def test_what_the_colours_do_not_tell_stays() -> None:
    mask = disc(30).astype(np.uint8) * np.uint8(255)
    alike = np.random.default_rng(2).integers(100, 130, (100, 100, 3), np.uint8)
    assert np.array_equal(trimmed(alike, mask), mask)
    belt = photo(disc(30))
    belt[48:53] = (30, 30, 220)  # of neither's colour, up to the outline and past it
    rows = slice(48, 53)
    assert np.array_equal(trimmed(belt, mask)[rows], mask[rows])
    for plain in (np.zeros((100, 100), np.uint8), np.full((100, 100), 255, np.uint8)):
        assert np.array_equal(trimmed(belt, plain), plain)


def test_fingers_are_not_eaten() -> None:
    """They are too narrow for a colour that is surely theirs, and stay as the mask has them."""
    figure = np.zeros((60, 60), bool)
    figure[5:55, 20:24] = True
    mask = figure.astype(np.uint8) * np.uint8(255)
    assert np.array_equal(trimmed(photo(figure), mask), mask)
