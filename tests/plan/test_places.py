from __future__ import annotations

import numpy as np

from figureground.plan import cut, heights, places
from tests.plan.wanted import wanted_of


def test_cuts_lie_beyond_the_frame_where_their_place_says_so() -> None:
    suited = []
    for seed in range(600):
        drawn = np.random.default_rng(seed)
        rows, columns = (int(n) for n in drawn.integers(4, 70, 2))
        wanted, count = wanted_of(drawn, (rows, columns)), int(drawn.integers(0, 60))
        floor = np.floor(drawn.random((count, 3)) * [columns, 1.5 * rows, 60]).astype(np.float32)
        tall = drawn.integers(0, int(wanted.most) + 2, count)
        sizes = heights.sizes_of(wanted.cutout, tall.astype(np.float64))
        contacts = floor[:, :2].astype(np.int64)
        right = np.ones(count, np.bool_)
        for flip in wanted.flips:
            corners = places.corners_of(wanted.cutout, contacts, sizes[:, 0], sizes[:, 1], flip)
            right &= cut.beyond(wanted.cutout, wanted.canvas, corners, sizes, flip)
        found = places.suits_cuts(wanted, floor, tall)
        one = tall == 1
        np.testing.assert_array_equal(places.suits_cuts(wanted, floor[one], 1), found[one])
        np.testing.assert_array_equal(found, right, f"case {seed}")
        suited += found.tolist()
    assert 0.1 < np.mean(suited) < 0.9
