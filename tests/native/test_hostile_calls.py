"""Whatever the kernel's functions are called with, they take it or refuse it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.native.calls import SIGNATURES, attempt, functions

kernel = pytest.importorskip("figureground.native._kernel", reason="the compiled kernel was not built here")


@pytest.mark.parametrize("name", functions(kernel))
def test_no_arguments_end_the_process(name: str) -> None:
    """`tests/long/kernel.py` does the same for longer, with sanitizers, which see what does not crash by itself."""
    taken = sum(attempt(kernel, name, seed) for seed in range(600))
    assert 0 < taken < 600, taken


def test_every_function_is_called_with_what_it_takes() -> None:
    assert set(functions(kernel)) == set(SIGNATURES)


def _of_one_pixel(bits: int) -> bytes:
    """Return the chunk of a picture of one pixel, whose header is said to have so many bits."""
    tokens = np.full(290, 1 << 5 | 8, np.uint32)
    parts = [kernel.png_pieces(np.zeros((1, 1), np.uint16), tokens, 0, rows, 0, rows) for rows in (1, 0)]
    base, fresh = (
        (np.frombuffer(words, "u8"), np.frombuffer(bits, "u2"), np.frombuffer(sums, "u4").reshape(-1, 2))
        for words, bits, sums in parts
    )
    return bytes(kernel.png_data((1, 1), (np.zeros(2, np.uint64), bits, 0), base, fresh, (0, 0, 0, 0)))


@pytest.mark.parametrize("bits", [129, 2**31 - 64, 2**31 - 62, 2**31 - 1, -1])
def test_a_header_has_no_more_bits_than_its_words(bits: int) -> None:
    """Rounded up to words, the most that the number can be is less than nothing: it read beyond the words."""
    assert len(_of_one_pixel(128)) > len(_of_one_pixel(0))
    with pytest.raises(ValueError, match="not the pieces"):
        _of_one_pixel(bits)


@pytest.mark.parametrize("foot", [1e300, -1e300, np.nan, np.inf])
@pytest.mark.parametrize("point", [1e30, -1e30, np.nan])
@pytest.mark.parametrize("turn", [0, 1])
def test_what_lies_far_off_is_beyond_the_canvas(foot: float, point: float, turn: int) -> None:
    """Numbers that no int64 holds went over its ends, to wherever the processor has it."""
    level, known = (0.0, 8.0, 4.0, -4.0, 0.0, 1.0, 0.2, 1.4), (0.01, 0.1, 1.0, 0.0, 0.1, 0.1, 0.9, 1.05, 0.3, 0.1)
    wanted = (4.0, 8.0, 1.7, 1.0, foot, foot, 0.0, 99.0, -1e300, 0.0)
    codes, barrier = np.ones((8, 8), np.uint16), np.zeros((10, 10), np.float32)
    points = np.full((3, 2), point, np.float32)

    def found(y: int) -> list[object]:
        places = np.array([[3, y]], np.int64)
        return list(kernel.promising(places, level, wanted, bytes([turn]), codes, known, points, barrier, 9))

    assert len(found(5)) == 1
    with pytest.raises(ValueError, match="a place beside the canvas"):
        found(2**63 - 1)
