"""The compiled run-length code is the numpy one's, letter by letter."""

from __future__ import annotations

import numpy as np
import pytest

from figureground import native
from figureground.image import rle

kernel = pytest.importorskip("figureground.native._kernel", reason="the compiled kernel was not built here")


def masks(seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    drawn = np.random.default_rng(seed)
    rows, columns = (int(n) for n in drawn.integers(0 if seed % 7 == 0 else 1, 40, 2))
    if seed % 3 == 0:
        return np.full((rows, columns), seed % 2 == 0)
    return np.asarray(np.repeat(drawn.random((rows, columns)) < drawn.random(), 1 + seed % 3, axis=1))


@pytest.mark.parametrize("seed", range(0, 3000, 100))
def test_equal_to_the_specification(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(seed, seed + 100):
        mask = masks(number)
        drawn = np.random.default_rng([number, 1])
        before = [int(n) * (number % 2) for n in drawn.integers(0, 5, 4)]
        frame = mask.shape[0] + before[0] + before[1], mask.shape[1] + before[2] + before[3]
        corner = before[0], before[2]
        found = rle.encode(mask, frame, corner)
        with monkeypatch.context() as changed:
            changed.setattr(native, "kernel", None)
            assert found == rle.encode(mask, frame, corner)
        whole = np.zeros(frame, np.bool_)
        whole[corner[0] : corner[0] + mask.shape[0], corner[1] : corner[1] + mask.shape[1]] = mask
        assert found == rle.encode(whole)


def test_runs_as_long_as_pictures() -> None:
    mask = np.ones((3, 2), np.bool_)
    for frame in ((40_000, 50_000), (3, 700_000_000), (3, 2)):
        assert kernel.rle(mask, *frame, 0, 0) == rle_by_hand(frame)


def rle_by_hand(frame: tuple[int, int]) -> str:
    height, width = frame
    runs = [0, 3, height - 3, 3, height * width - height - 3] if height > 3 else [0, 6, height * width - 6]
    runs = runs[:-1] if not runs[-1] else runs
    text = ""
    for k, run in enumerate(runs):
        number = run - runs[k - 2] if k > 2 else run
        while True:
            piece, number = number & 31, number >> 5
            more = number != -1 if piece & 16 else number != 0
            text += chr(48 + piece + 32 * more)
            if not more:
                break
    return text


@pytest.mark.parametrize("place", [(-1, 0), (0, -1), (2, 0), (0, 3)])
def test_a_mask_beyond_its_frame_is_refused(place: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="frame"):
        kernel.rle(np.ones((3, 2), np.bool_), 4, 4, *place)
    with pytest.raises(ValueError, match="dimensions"):
        kernel.rle(np.ones((3, 2, 1), np.bool_), 4, 4, 0, 0)


def test_the_kernel_is_taken_where_it_is_there() -> None:
    assert native.kernel is kernel
