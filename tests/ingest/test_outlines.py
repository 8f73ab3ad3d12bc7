"""A network's small map becomes a background's depth: its edges on the picture's, its values among those that were."""

import numpy as np
import pytest
from numpy.typing import NDArray

from figureground.core.card import Card
from figureground.core.nouns import DepthMap, DepthUnit, Direction
from figureground.drawn import render_room
from figureground.ingest.outlines import estimated, outlined
from figureground.networks.depth import DepthNetwork
from figureground.networks.tensors import resized_map

SIDE = 160


def network(values: NDArray[np.float32], card: Card | None = None) -> DepthNetwork:
    """Return a network that sees these depths, whatever it is shown."""
    card = card or Card("stand-in", values.shape[0], "metric")
    return DepthNetwork(card, lambda batch: {"depth": values[None, None]}, "stand-in.onnx")


def steps_at(depth: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    """Return the mean step of log depth between neighbours where the truth has a large one."""
    rises = [np.abs(np.diff(np.log(values), axis=1)) for values in (depth, truth)]
    return float(rises[0][rises[1] > 0.3].mean())


def test_edges_of_a_small_map_move_onto_those_of_the_picture() -> None:
    room = render_room(5, SIDE)
    small = resized_map(resized_map(room.depth_m, 40, 40), 112, 112)
    plain = resized_map(small, SIDE, SIDE)
    made = estimated(network(small), room.rgb)
    assert made.values.shape == room.depth_m.shape
    assert steps_at(made.values, room.depth_m) > 1.5 * steps_at(plain, room.depth_m)
    errors = [float(np.abs(values / room.depth_m - 1).mean()) for values in (made.values, plain)]
    assert errors[0] < errors[1] + 0.005
    assert plain.min() * 0.999 <= made.values.min() <= made.values.max() <= plain.max() * 1.001


def test_a_map_as_large_as_the_picture_is_taken_as_it_is() -> None:
    room = render_room(5, SIDE)
    assert np.array_equal(estimated(network(room.depth_m), room.rgb).values, room.depth_m)
    larger = resized_map(room.depth_m, 2 * SIDE, 2 * SIDE)
    assert np.array_equal(estimated(network(larger), room.rgb).values, resized_map(larger, SIDE, SIDE))


def test_a_picture_without_edges_blurs_no_more_than_its_windows_and_invents_nothing() -> None:
    flat = np.full((SIDE, SIDE, 3), 120, np.uint8)
    depth = DepthMap(np.full((SIDE, SIDE), 2.5, np.float32), "m", "larger is farther")
    np.testing.assert_allclose(outlined(depth, flat, 4).values, 2.5, rtol=1e-5)
    split = np.where(np.arange(SIDE) < SIDE // 2, 2, 4) * np.ones((SIDE, 1))
    made = outlined(DepthMap(split.astype(np.float32), "m", "larger is farther"), flat, 4).values
    assert (made[:, : SIDE // 2 - 9] == 2).all()
    assert (made[:, SIDE // 2 + 9 :] == 4).all()


def test_what_is_unknown_stays_so_and_has_no_part_in_what_lies_about_it() -> None:
    room = render_room(6, SIDE)
    values = room.depth_m.copy()
    values[40:50, 40:50] = np.nan
    made = outlined(DepthMap(values, "m", "larger is farther"), room.rgb, 3).values
    assert np.array_equal(np.isnan(made), np.isnan(values))
    near = np.s_[36:54, 36:54]
    np.testing.assert_array_equal(made[near], values[near])
    assert not np.array_equal(made[:20], values[:20])


@pytest.mark.parametrize(
    ("unit", "direction", "scale", "changed"),
    [
        ("1/m", "larger is nearer", 1.0, True),
        ("relative", "larger is nearer", 30.0, True),
        ("relative", "larger is farther", 1.0, False),
    ],
)
def test_units(unit: DepthUnit, direction: Direction, scale: float, changed: bool) -> None:
    room = render_room(6, SIDE)
    inverse = (scale / room.depth_m).astype(np.float32)
    made = outlined(DepthMap(inverse, unit, direction), room.rgb, 3)
    assert (made.unit, made.direction) == (unit, direction)
    assert np.array_equal(made.values, inverse) is not changed
    if changed:
        metric = outlined(DepthMap(room.depth_m, "m", "larger is farther"), room.rgb, 3)
        np.testing.assert_allclose(scale / made.values, metric.values, rtol=2e-3)
