"""Cameras: the matrix, the way down, and where numbers are from."""

import dataclasses
import itertools
import typing

import numpy as np
import pytest

from figureground.core.camera import FIELDS, ORIGINS, UNKNOWN, Camera, Origin, weakest
from tests.builders import View


def test_what_follows_from_several_is_as_good_as_the_weakest() -> None:
    order: tuple[Origin, ...] = typing.get_args(Origin)
    for a, b in itertools.product(order, repeat=2):
        assert weakest(a, b) == weakest(b, a) == order[max(order.index(a), order.index(b))]


def test_every_number_has_an_origin_and_a_meaning() -> None:
    assert set(ORIGINS.values()) == {name for name in FIELDS if name.endswith("_from")}
    assert all(knob.metadata["meaning"] for knob in dataclasses.fields(Camera))
    assert {name for name in FIELDS if isinstance(getattr(UNKNOWN, name), str)} == set(ORIGINS.values())
    assert not UNKNOWN.known
    assert Camera(fx=1.0).known


def test_the_matrix_is_that_of_a_pinhole() -> None:
    found = Camera(fx=200.0, fy=150.0, cx=64.0, cy=48.5).matrix
    assert found.dtype == np.float64
    assert found.tolist() == [[200, 0, 64], [0, 150, 48.5], [0, 0, 1]]


@pytest.mark.parametrize(("pitch", "roll"), [(0, 0), (8, 0), (12, 1.5), (-5, -3), (30, 20)])
def test_down_is_down(pitch: float, roll: float) -> None:
    expected = View(pitch_deg=pitch, roll_deg=roll).axes()[1]
    np.testing.assert_allclose(Camera(pitch_deg=pitch, roll_deg=roll).down, expected, atol=1e-12)
