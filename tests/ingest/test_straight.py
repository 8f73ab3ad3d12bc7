"""Colours that hold a ground are told from straight ones, and made straight."""

import numpy as np
import pytest

from figureground.ingest.straight import straightened
from tests.builders import figure_cutout


def laid_on(cutout: np.ndarray, ground: int) -> np.ndarray:
    a = cutout[..., 3:] / 255
    return np.dstack([np.rint(a * cutout[..., :3] + (1 - a) * ground), cutout[..., 3]]).astype(np.uint8)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("ground", "said"), [(0, "premultiplied"), (255, "white")])
def test_what_lay_on_black_or_white_is_told_and_taken_back(seed: int, ground: int, said: str) -> None:
    cutout = np.pad(figure_cutout(seed, 700, 260), ((20, 20), (20, 20), (0, 0)))  # more than one band of rows
    found, notes = straightened(laid_on(cutout, ground))
    assert len(notes) == 1
    assert said in notes[0]
    assert np.array_equal(found[..., 3], cutout[..., 3])
    seen = cutout[..., 3] >= 32
    assert np.abs(found[..., :3].astype(int) - cutout[..., :3])[seen].max() <= 4


@pytest.mark.parametrize("shade", [1.0, 0.3, 0.02])
def test_straight_ones_stay_also_dark_ones_with_black_below(shade: float) -> None:
    """Also where the pixels that nobody sees are black, as many programs leave them."""
    for seed in range(6):
        cutout = figure_cutout(seed, 300, 120)
        cutout[..., :3] = (cutout[..., :3] * shade).astype(np.uint8)
        cutout[cutout[..., 3] == 0] = 0
        found, notes = straightened(cutout)
        assert found is cutout
        assert notes == ()
    pale = figure_cutout(0, 300, 120)
    pale[..., :3] = 250
    assert straightened(pale)[1] == ()


def test_soft_pixels_that_no_ground_explains_speak_against_it() -> None:
    """A glint on a dark rim: colour brighter than its alpha cannot have been laid on black."""
    laid = laid_on(figure_cutout(0, 300, 120), 0)
    assert len(straightened(laid)[1]) == 1
    soft = np.flatnonzero((laid[..., 3].ravel() >= 16) & (laid[..., 3].ravel() <= 200))
    laid.reshape(-1, 4)[soft[::20], :3] = 255
    assert straightened(laid)[1] == ()


def test_hard_edges_hold_nothing() -> None:
    cutout = figure_cutout(0, 300, 120)
    cutout[..., 3] = np.where(cutout[..., 3] >= 128, 255, 0)
    assert straightened(laid_on(cutout, 0))[1] == ()
