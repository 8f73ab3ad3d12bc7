"""The membrane against a direct solution of its equations, and the laws that it keeps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.core.arrays import Bools, Floats, Singles
from figureground.image.membrane import membrane, spread
from tests.builders import standing_cutout


def ties(inside: Bools, free: Bools | None = None) -> Singles:
    """Return to how many px outside each px of a mask is tied, those beyond the array among them; none where free."""
    ringed = np.pad(inside, 1)
    height, width = inside.shape
    outside = [~ringed[dy : dy + height, dx : dx + width] for dy, dx in ((0, 1), (2, 1), (1, 0), (1, 2))]
    found = np.where(inside, np.sum(outside, 0), 0)
    return np.where(free, 0, found).astype(np.float32) if free is not None else found.astype(np.float32)


def solved(inside: Bools, links: Singles, given_sums: Singles) -> tuple[Floats, Bools]:
    """Return the values by elimination, and which px are tied to anything, over however many others."""
    numbers = np.full(inside.shape, -1)
    numbers[inside] = np.arange(np.count_nonzero(inside))
    matrix = np.diag(links[inside].astype(np.float64))
    for one, other in ((numbers[1:], numbers[:-1]), (numbers[:, 1:], numbers[:, :-1])):
        both = (one >= 0) & (other >= 0)
        for a, b in ((one[both], other[both]), (other[both], one[both])):
            matrix[a, b] -= 1
            np.add.at(matrix, (a, a), 1)
    tied = links[inside] > 0
    for _ in range(tied.size):
        wider = tied | ((matrix != 0) @ tied)
        if np.array_equal(wider, tied):
            break
        tied = wider
    values = np.zeros((len(given_sums), tied.size))
    values[:, tied] = np.linalg.solve(matrix[np.ix_(tied, tied)], given_sums[:, inside][:, tied].T).T
    found, where = np.zeros(given_sums.shape), np.zeros(inside.shape, np.bool_)
    found[:, inside], where[inside] = values, tied
    return found, where


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 26),
    st.integers(1, 26),
    st.sampled_from([0.5, 0.8, 0.95, 1.0]),
    st.integers(1, 3),
    st.integers(0, 2**31),
)
def test_it_is_the_solution_of_its_equations(height: int, width: int, part: float, channels: int, seed: int) -> None:
    """Any mask, speckled ones too, tied all along its outline: off by less than 1 % of what is given."""
    random = np.random.default_rng(seed)
    inside = random.random((height, width)) < part
    links = ties(inside)
    sums = (links * random.uniform(-255, 255, (channels, height, width))).astype(np.float32)
    wanted, tied = solved(inside, links, sums)
    found = membrane(inside, links, sums)
    assert found.dtype == np.float32
    assert found.shape == sums.shape
    assert not found[:, ~inside].any()
    assert np.abs(found - wanted)[:, tied].max(initial=0) < 0.01 * 255


def figure() -> Bools:
    return standing_cutout(2, 60, 24)[..., 3] >= 128


@pytest.mark.parametrize("side", ["none", "below", "left"])
def test_so_it_is_of_a_figure_that_the_frame_cuts(side: str) -> None:
    inside, free = figure(), None
    if side == "below":
        inside = inside[:35]
        free = np.zeros(inside.shape, np.bool_)
        free[-1] = True
    if side == "left":
        inside = inside[:, 9:]
        free = np.zeros(inside.shape, np.bool_)
        free[:, 0] = True
    links = ties(inside, free)
    assert free is None or (inside & free).sum() > 3
    sums = (links * np.random.default_rng(5).uniform(-255, 255, (3, *inside.shape))).astype(np.float32)
    wanted, tied = solved(inside, links, sums)
    assert tied[inside].all()
    assert np.abs(membrane(inside, links, sums) - wanted).max() < 0.01 * 255


def test_what_is_given_alike_everywhere_is_found_alike_everywhere() -> None:
    inside = figure()
    links = ties(inside)
    links[:20] = 0  # the head's outline is free
    found = membrane(inside, links, 40 * links[None])
    assert np.abs(found[:, inside] - 40).max() < 0.1


def test_a_slope_outside_goes_on_inside() -> None:
    """A plane solves Laplace's equation, so nothing else may come of its values."""
    inside = figure()
    height, width = inside.shape
    rows, columns = np.mgrid[-1 : height + 1, -1 : width + 1]
    plane = (2 * rows - 3 * columns).astype(np.float32)
    ringed = np.pad(inside, 1)
    sums = np.zeros((1, height, width), np.float32)
    for dy, dx in ((0, 1), (2, 1), (1, 0), (1, 2)):
        here = slice(dy, dy + height), slice(dx, dx + width)
        sums[0] += np.where(inside & ~ringed[here], plane[here], 0)
    found = membrane(inside, ties(inside), sums)[0]
    assert np.abs(found - plane[1:-1, 1:-1])[inside].max() < 0.3


def test_it_stays_between_what_is_given() -> None:
    random = np.random.default_rng(9)
    for _ in range(30):
        inside = random.random((random.integers(1, 40), random.integers(1, 40))) < 0.9
        links = ties(inside)
        found = membrane(inside, links, (links * random.uniform(10, 90, (2, *inside.shape))).astype(np.float32))
        assert found[:, inside].min(initial=10) > 9.5
        assert found[:, inside].max(initial=90) < 90.5


def test_where_nothing_ties_it_is_nothing() -> None:
    inside = figure()
    nothing = np.zeros((3, *inside.shape), np.float32)
    assert not membrane(inside, nothing[0], nothing).any()
    assert not membrane(np.zeros((5, 7), np.bool_), np.zeros((5, 7), np.float32), nothing[:, :5, :7]).any()


def test_a_piece_that_nothing_ties_is_like_what_is_beside_it() -> None:
    inside = np.zeros((20, 21), np.bool_)
    inside[:, :10] = inside[5:15, 11:] = True
    links = ties(inside)
    links[:, 10:] = 0
    found = membrane(inside, links, 50 * links[None])[0]
    assert np.abs(found[:, :10] - 50).max() < 0.5
    assert 0 <= found[inside].min() <= found[inside].max() < 51


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.floats(0.02, 1), st.integers(0, 2**31))
def test_values_spread_from_where_they_are_known(height: int, width: int, part: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    known = random.random((height, width)) < part
    known[random.integers(height), random.integers(width)] = True
    values = (random.uniform(-9, 9, (2, height, width)) * known).astype(np.float32)
    found = spread(values, known)
    assert np.array_equal(found[:, known], values[:, known])
    for plane, own in zip(found, values, strict=True):
        assert own[known].min() - 1e-4 <= plane.min()
        assert plane.max() <= own[known].max() + 1e-4


def test_near_ones_count_most() -> None:
    known = np.zeros((16, 30), np.bool_)
    known[:, 0] = known[:, -1] = True
    found = spread(np.where(known, [0.0] * 15 + [100.0] * 15, 0)[None].astype(np.float32), known)[0]
    assert found[:, 1:4].max() < 25
    assert found[:, -4:-1].min() > 75
    assert (np.diff(found, axis=1) >= 0).all()
