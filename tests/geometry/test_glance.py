"""The first look at a place, against counting pixels of the figure's mask."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.core.arrays import Bools
from figureground.geometry.glance import barrier_of, points_of, shares

SIZE = 60


def blob(seed: int, height: int, width: int) -> Bools:
    """A figure: an ellipse with an arm."""
    y, x = np.mgrid[0:height, 0:width]
    mask = ((x + 0.5) / width - 0.5) ** 2 + ((y + 0.5) / height - 0.5) ** 2 <= 0.25
    mask[height // 3 : height // 2, : width // 2] |= bool(seed % 2)
    return np.asarray(mask, np.bool_)


@given(st.integers(1, 200), st.integers(1, 90), st.integers(0, 1))
def test_points_lie_in_the_mask_evenly(height: int, width: int, seed: int) -> None:
    mask = blob(seed, height, width)
    points = points_of(mask)
    assert (len(points) > 0) == bool(mask.any())
    assert len(points) <= 1300
    columns, rows = (points * [width, height]).astype(int).T
    assert mask[rows, columns].all()
    if mask.sum() > 2000 and width >= 40:
        assert len(points) >= 200
        left = mask[:, : width // 2].sum() / mask.sum()
        assert abs((columns < width // 2).mean() - left) < 0.06


def test_a_mask_thinner_than_the_steps_has_points() -> None:
    mask = np.zeros((400, 400), np.bool_)
    mask[:, 200] = True
    assert len(points_of(mask)) > 0
    assert len(points_of(np.zeros((4, 4), np.bool_))) == 0


@settings(max_examples=150)
@given(
    st.integers(-50, SIZE),
    st.integers(-50, SIZE),
    st.integers(8, 70),
    st.integers(5, 50),
    st.integers(0, 1),
    st.integers(0, 2**31),
)
def test_the_share_is_about_that_of_the_mask(x: int, y: int, height: int, width: int, seed: int, noise: int) -> None:
    """Of the mask at its size and place, however it is turned: the frame cuts it off, nearer things hide it, and others
    stand close behind."""
    rng = np.random.default_rng(noise)
    nearness = np.zeros((SIZE, SIZE), np.float32)
    nearness[rng.integers(SIZE) :, rng.integers(SIZE) :] = 0.8
    nearness[: rng.integers(SIZE), : rng.integers(SIZE)] = rng.choice([0.47, 0.53])
    floor = np.zeros((SIZE, SIZE), np.bool_)
    floor[rng.integers(SIZE) :] = True
    source = blob(seed, 200, 120)
    corner, size = np.array([[x, y]]), np.array([[width, height]])
    each = []
    for flips in ((False,), (True,), (False, True)):
        limits = np.array([0.5]), np.array([0.45]), np.array([0.55])
        barrier = barrier_of(nearness, floor)
        seen, close = shares(points_of(source), barrier, [corner] * len(flips), size, limits, flips)
        each.append((float(seen[0]), float(close[0])))
        if len(flips) == 2:
            continue
        v, u = np.mgrid[0:height, 0:width]
        mask = source[(v * 200 + 100) // height, (u * 120 + 60) // width]
        canvas = np.zeros((SIZE + 200, SIZE + 200), np.bool_)
        canvas[100 + y : 100 + y + height, 100 + x : 100 + x + width] = mask[:, ::-1] if flips[0] else mask
        inside = canvas[100 : 100 + SIZE, 100 : 100 + SIZE]
        assert abs(seen[0] - (inside & ((nearness <= 0.5) | floor)).sum() / max(1, mask.sum())) < 0.12
        there = (nearness > 0.45) & (nearness <= 0.55) & ~floor
        assert abs(close[0] - (inside & there).sum() / max(1, mask.sum())) < 0.12
    assert each[2] == (min(each[0][0], each[1][0]), max(each[0][1], each[1][1]))


def test_many_places_are_each_as_if_alone() -> None:
    rng = np.random.default_rng(3)
    points = points_of(blob(1, 90, 40))
    barrier = barrier_of(rng.random((SIZE, SIZE), np.float32), rng.random((SIZE, SIZE)) < 0.5)
    corners, sizes = rng.integers(-20, SIZE, (30, 2)), rng.integers(1, 40, (30, 2))
    before = rng.random(30)
    far, near = before * rng.random(30), before * (1 + rng.random(30))
    together = shares(points, barrier, [corners, corners + 1], sizes, (before, far, near), (False, True))
    alone = [
        shares(
            points,
            barrier,
            [corners[k : k + 1], corners[k : k + 1] + 1],
            sizes[k : k + 1],
            (before[k : k + 1], far[k : k + 1], near[k : k + 1]),
            (False, True),
        )
        for k in range(30)
    ]
    assert np.array(together).T.tolist() == np.array(alone)[..., 0].tolist()
    nothing = shares(points, barrier, [corners[:0]], sizes[:0], (before[:0], far[:0], near[:0]), (False,))
    assert [one.shape for one in nothing] == [(0,), (0,)]


def test_a_turned_figure_is_seen_turned() -> None:
    """A figure whose left half alone is there, half in the frame: seen wholly or not at all."""
    mask = np.zeros((100, 80), np.bool_)
    mask[:, :40] = True
    barrier = barrier_of(np.zeros((SIZE, SIZE), np.float32), np.zeros((SIZE, SIZE), np.bool_))
    size, limits = np.array([[40, 50]]), (np.array([0.5]), np.array([0.4]), np.array([0.6]))
    for x, plain, turned in ((SIZE - 20, 1.0, 0.0), (-20, 0.0, 1.0)):
        corner = np.array([[x, 5]])
        for flips, expected in (((False,), plain), ((True,), turned), ((False, True), 0.0)):
            seen, close = shares(points_of(mask), barrier, [corner] * len(flips), size, limits, flips)
            assert (seen.tolist(), close.tolist()) == ([expected], [0])
