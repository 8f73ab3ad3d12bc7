"""Depth of unknown scale and shift: freed of them, so that people have their size."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from figureground.core.arrays import Singles
from figureground.core.nouns import DepthMap
from figureground.drawn import Rendering, render_room
from figureground.geometry.floor import Told, fit_floor
from figureground.geometry.plane import FITTED
from figureground.geometry.shift import without_shift

SIDE = 112
SEEDS = (3001, 3012)  # the camera looks down 8.4 degrees, and 0.3


@functools.cache
def drawn(room: int) -> Rendering:
    return render_room(SEEDS[room], SIDE)


def ratio(values: Singles, room: int, inverse: bool, focal: bool = False) -> float:
    """Return how tall people would look in a room of such depth, as a part of how tall they are."""
    one = drawn(room)
    f = one.camera.focal * SIDE
    free, told = without_shift(values, inverse, (f, f) if focal else None)
    assert told
    found = fit_floor(DepthMap(free, "relative", "larger is nearer"), one.rgb, FITTED, Told(0.0, 1.4))
    assert not isinstance(found, str)
    horizon, foot = float(one.camera.horizon_y(SIDE / 2, SIDE)), 0.85 * SIDE
    return (foot - found[0].horizon_y) / (foot - horizon)


@pytest.mark.parametrize("room", [0, 1])
@pytest.mark.parametrize("shift", [-0.6, 0.0, 2.0])
def test_people_have_their_size_whatever_the_shift_of_inverse_depth(room: int, shift: float) -> None:
    q = 1 / drawn(room).depth_m
    values = (700 * (q + shift * float(np.median(q)))).astype(np.float32)
    assert ratio(values, room, True) == pytest.approx(1, abs=0.08)
    assert ratio(values, room, True, focal=True) == pytest.approx(1, abs=0.04)


def test_eight_bits_are_enough() -> None:
    q = 1 / drawn(0).depth_m
    codes = np.rint(255 * (q - q.min()) / np.ptp(q)).astype(np.float32)
    assert ratio(codes, 0, True) == pytest.approx(1, abs=0.08)


@pytest.mark.parametrize("shift", [-0.5, 1.5])
def test_depth_that_is_not_inverse_is_unbent(shift: float) -> None:
    z = drawn(0).depth_m
    values = (0.01 * (z + shift * float(z.min()))).astype(np.float32)
    assert ratio(values, 0, False) == pytest.approx(1, abs=0.1)


def test_holes_stay_holes_and_the_order_stays() -> None:
    q = (1 / drawn(0).depth_m).astype(np.float32)
    q[10:20, 30:50] = np.nan
    free, _ = without_shift(5 * q - 2, True, None)
    assert np.array_equal(np.isnan(free), np.isnan(q))
    known = np.isfinite(q)
    assert (free[known] > 0).all()
    assert np.corrcoef(free[known], q[known])[0, 1] > 0.9999


def test_without_a_floor_nothing_tells_the_shift() -> None:
    wall = np.tile(np.linspace(1, 2, 80, dtype=np.float32)[::-1, None], (1, 80))  # nearer towards the top
    free, told = without_shift(wall, True, None)
    assert not told
    assert float(free.max() / free.min()) == pytest.approx(3.5, rel=0.02)
