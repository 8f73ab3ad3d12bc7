"""Scores of an outline: the area under the curve by its definition, and figures whose noise is known."""

import numpy as np
import pytest

from figureground.core import random
from figureground.core.arrays import Bools, Bytes
from figureground.evaluate.seams import PIECES, area_under_curve, scores

SIDE = 120


def picture(noise_inside: float, seed: int) -> tuple[Bytes, Bools]:
    """Return a grey picture with noise of 4 levels, and a disc in it with other noise and another grey."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    mask = (y - 45) ** 2 + (x - 50) ** 2 < 28**2
    noise = (random.uniform(seed, np.arange(SIDE**2), "noise").reshape(SIDE, SIDE) - 0.5) * 3.46
    grey = np.where(mask, 170 + noise_inside * noise, 90 + 4 * noise)
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, 2), mask


def auc(noise_inside: float) -> float:
    found = [scores(*picture(noise_inside, seed), seed) for seed in range(12)]
    return area_under_curve(np.concatenate([f.outline for f in found]), np.concatenate([f.control for f in found]))


def test_area_under_curve_is_that_of_its_definition() -> None:
    draws = random.integers(1, np.arange(50), "auc", 0, 9).astype(np.float64)  # with ties
    high, low = draws[:20] + 2, draws[20:]
    slow = np.mean([(a > b) + 0.5 * (a == b) for a in high for b in low])
    assert area_under_curve(high, low) == pytest.approx(slow)
    assert area_under_curve(low, high) == pytest.approx(1 - slow)
    assert np.isnan(area_under_curve(high, low[:0]))


def test_other_noise_is_seen_and_another_grey_alone_is_not() -> None:
    assert auc(4) == pytest.approx(0.5, abs=0.1)
    assert auc(1) > 0.95
    assert auc(16) > 0.95


def test_pieces_are_those_that_the_number_of_the_sample_draws() -> None:
    image, mask = picture(1, 0)
    one, again, other = scores(image, mask, 7), scores(image, mask, 7), scores(image, mask, 8)
    assert np.array_equal(one.outline, again.outline)
    assert not np.array_equal(one.outline, other.outline)
    assert 0 < len(one.outline) == len(one.control) <= PIECES


def test_no_room_gives_no_scores() -> None:
    image, mask = picture(1, 0)
    for hidden in (np.zeros_like(mask), np.ones_like(mask)):
        assert len(scores(image, hidden, 0).outline) == len(scores(image, hidden, 0).control) == 0
    assert len(scores(image[:20], mask[:20], 0).outline) == 0
