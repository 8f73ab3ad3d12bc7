from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from figureground.image.masks import tight_box
from figureground.samples import stats
from figureground.samples.count import base_of, is_checked
from tests.samples.counting import as_read, counted, figure, record


def test_several_figures_and_depth_around_them_are_counted() -> None:
    """Against counts made here: figures of a sample, px whose depth is not the background's, the network's shifts."""
    rng = np.random.default_rng(5)
    own = rng.integers(1000, 9000, (48, 48)).astype(np.uint16)
    own[3, :7] = 0  # unknown
    mask = np.zeros((48, 48), bool)
    mask[10:30, 5:15] = mask[10:30, 25:35] = True
    depth, network = own.copy(), own.copy()
    depth[mask] = 700
    depth[2, 2:6] += 1  # four px that should not have moved
    network[:2, :10] += 57  # shifted by 5 steps of 10
    network[2, :3] += 60000 - 9000  # by more than there are bins
    about = record(
        *(figure(200, None, f"fg{i}", "ground", v) for i, v in enumerate((1.0, 0.52))),
        depths=("depth", "depth_network"),
    )
    stored: dict[str, np.ndarray[Any, Any]] = {"image": np.zeros((48, 48, 3), np.uint8), "mask": mask}
    stored |= {"depth": depth, "depth_network": network}
    base = {"depth": base_of("depth", own, 0)}
    read = as_read(stored)
    found = counted(about, stored, read, bases=base)
    assert found.area == 400
    assert (found.figures, found.placements, found.foregrounds) == ({"2": 1}, {"ground": 2}, {"fg0": 1})
    assert {i: n for i, n in enumerate(found.visible_histogram) if n} == {10: 1, 19: 1}
    assert (found.around, found.around_moved) == (48 * 48 - 400, 4)
    assert {i: n for i, n in enumerate(found.shift_histogram) if n} == {0: 48 * 48 - 400 - 7 - 23, 5: 20, 511: 3}
    for decoded, bases in ((None, base), (read, None)):
        unchecked = counted(about, stored, decoded, bases=bases)
        assert (unchecked.around, unchecked.around_moved, unchecked.shift_histogram) == (0, 0, ())
    twice = found + found
    assert (twice.around, twice.around_moved, twice.figures) == (2 * found.around, 8, {"2": 2})
    assert sum(twice.shift_histogram) == 2 * sum(found.shift_histogram)
    assert stats.from_json(stats.to_json(twice)) == twice


@given(st.integers(0, 2**31), st.booleans(), st.sampled_from([np.uint16, np.uint8]))
def test_sums_from_the_background_and_a_box_are_those_of_all_pixels(seed: int, checked: bool, dtype: Any) -> None:
    """A sample's sums are its background's, less and plus those of the box that a figure changed: a short cut."""
    rng = np.random.default_rng(seed)
    top = np.iinfo(dtype).max + 1
    image = rng.integers(0, 256, (48, 48, 3), np.uint8)
    depth = (rng.integers(0, top, (48, 48)) * (rng.random((48, 48)) < 0.9)).astype(dtype)
    (y0, y1), (x0, x1) = (np.sort(rng.choice(49, 2, replace=False)).tolist() for _ in range(2))
    changed = slice(y0, y1), slice(x0, x1)
    mask = np.zeros((48, 48), bool)
    mask[changed] = rng.integers(0, 2, (y1 - y0, x1 - x0)) > 0
    box = tight_box(mask)
    about = record(figure(int(mask.sum()), box))
    bases = {"image": base_of("image", image), "depth": base_of("depth", depth, 0)}
    stored = {"image": image.copy(), "mask": mask, "depth": depth.copy()}
    stored["image"][changed] = rng.integers(0, 256, (y1 - y0, x1 - x0, 3), np.uint8)
    stored["depth"][changed] = rng.integers(0, top, (y1 - y0, x1 - x0)).astype(dtype)
    decoded = as_read(stored) if checked else None
    short = counted(about, stored, decoded, {"image": 7}, bases, changed)
    long = counted(about, stored, decoded, {"image": 7})
    around = 48 * 48 - int(mask.sum()) if checked else 0
    assert short.around == around
    plain = stats.to_json(stats.total([short])) | {"around": 0, "around_moved": 0, "shift_histogram": []}
    assert plain == stats.to_json(stats.total([long])) | {"shift_histogram": []}
    heat = np.reshape(stats.total([short]).heat, (32, 32))
    edges = np.arange(33) * 48 // 32
    slow = [[int(mask[a:b, c:d].sum()) for c, d in pairwise(edges)] for a, b in pairwise(edges)]
    assert heat.tolist() == slow


def test_a_sixteenth_is_checked_and_always_the_first() -> None:
    chosen = [k for k in range(8000) if is_checked(k)]
    assert chosen[0] == 0
    assert 400 < len(chosen) < 600
