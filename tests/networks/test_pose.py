"""The head for poses: what it is shown, and that it counts as the slow way does."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from figureground.networks.pose import POSES, SIDE, Head, miniature, read_head, run, shares


def random_head() -> dict[str, NDArray[Any]]:
    """A head of random numbers, with two layers."""
    draw = np.random.default_rng(0)
    return {
        "w0": draw.integers(-127, 128, (3, 1, 3, 3)).astype(np.int8),
        "b0": draw.integers(-9000, 9000, 3).astype(np.int32),
        "w1": draw.integers(-127, 128, (4, 3, 3, 3)).astype(np.int8),
        "b1": draw.integers(-9000, 9000, 4).astype(np.int32),
        "w2": draw.integers(-127, 128, (len(POSES), 16)).astype(np.int8),
        "b2": draw.integers(-9000, 9000, len(POSES)).astype(np.int32),
        "shifts": np.array([8, 9], np.int8),
        "scale": np.array(1e6),
    }


def slowly(arrays: dict[str, NDArray[Any]], picture: NDArray[np.uint8]) -> list[int]:
    """The last sums of a head, in Python's whole numbers."""
    maps = [picture.astype(int).tolist()]
    for n in range(2):
        weights, bias, shift = arrays[f"w{n}"].tolist(), arrays[f"b{n}"].tolist(), int(arrays["shifts"][n])
        side = len(maps[0])
        layer = []
        for out, b in zip(weights, bias, strict=True):
            rows = []
            for y in range(0, side, 2):
                row = []
                for x in range(0, side, 2):
                    total = b
                    for plane, taps in zip(maps, out, strict=True):
                        for dy in range(3):
                            for dx in range(3):
                                v, u = y + dy - 1, x + dx - 1
                                if 0 <= v < side and 0 <= u < side:
                                    total += taps[dy][dx] * plane[v][u]
                    row.append(min(255, max(0, total >> shift)))
                rows.append(row)
            layer.append(rows)
        maps = layer
    half = len(maps[0]) // 2
    quarters = [
        sum(sum(row[x : x + half]) for row in plane[y : y + half])
        for plane in maps
        for y in (0, half)
        for x in (0, half)
    ]
    pairs = zip(arrays["w2"].tolist(), arrays["b2"].tolist(), strict=True)
    return [sum(w * q for w, q in zip(row, quarters, strict=True)) + b for row, b in pairs]


def test_it_counts_in_whole_numbers_without_an_error() -> None:
    arrays = random_head()
    picture = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE)).astype(np.uint8)
    logits = run(read_head(arrays), picture) * float(arrays["scale"])
    assert np.rint(logits).astype(int).tolist() == slowly(arrays, picture)


def test_sums_are_far_from_where_floats_round() -> None:
    head = read_head(random_head())
    assert isinstance(head, Head)
    largest = 127 * 255 * 9 * 64  # of any layer with up to 64 maps before it
    assert largest + 2**31 < 2**53


@pytest.mark.parametrize("shape", [(300, 100), (40, 90), (7, 3), (64, 64), (1, 1)])
def test_a_miniature_keeps_proportions_and_turns_with_the_mask(shape: tuple[int, int]) -> None:
    mask = np.ones(shape, np.bool_)
    small = miniature(mask)
    assert small.shape == (SIDE, SIDE)
    assert small.dtype == np.uint8
    assert small.max() == 255
    rows, columns = (int((small > 127).any(axis).sum()) for axis in (1, 0))
    assert max(rows, columns) == 60
    assert rows / columns == pytest.approx(shape[0] / shape[1], rel=0.05)
    assert small.astype(int).sum() == small[2:-2, 2:-2].astype(int).sum()


def test_shares_are_hundredths_of_one() -> None:
    mask = np.ones((100, 40), np.bool_)
    found = shares(mask)
    assert tuple(found) == POSES
    assert sum(found.values()) == pytest.approx(1, abs=0.03)
    assert all(round(share, 2) == share for share in found.values())
