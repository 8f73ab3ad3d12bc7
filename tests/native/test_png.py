"""Depth's compiled PNG is the numpy one's, byte by byte, and refuses what is no picture of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from figureground import native
from figureground.image import deflate, png16
from tests.image.test_png16 import box_of, codes, shape_of

kernel = pytest.importorskip("figureground.native._kernel", reason="the compiled kernel was not built here")


@pytest.mark.parametrize("seed", range(0, 1000, 50))
def test_equal_to_the_specification(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(seed, seed + 50):
        drawn = np.random.default_rng([number, 1])
        shape = shape_of(drawn)
        values, box = codes(number, *shape), box_of(drawn, *shape)
        changed = values.copy()
        changed[box] = codes(number + 1 + number % 5, *shape)[box]
        found = []
        for engine in (kernel, None):
            with monkeypatch.context() as patched:
                patched.setattr(native, "kernel", engine)
                base = png16.kept(values)
                found.append(
                    (
                        png16._differing(changed, values, box),
                        png16.encode(values),
                        base.pieces.sums.tolist(),
                        png16.encode_changed(changed, base, box),
                    )
                )
        assert found[0] == found[1], number


def test_codes_are_equal_too(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = np.random.default_rng(1)
    for number in range(200):
        counts = np.floor(np.exp(drawn.random(deflate.SYMBOLS) * (number % 40))).astype(np.int64)
        counts[drawn.random(deflate.SYMBOLS) < 0.3] = 0
        with monkeypatch.context() as patched:
            found = deflate.code_of(counts)
            patched.setattr(native, "kernel", None)
            expected = deflate.code_of(counts)
        assert np.array_equal(found.tokens, expected.tokens)
        assert np.array_equal(found.header, expected.header)
        assert found.header_bits == expected.header_bits


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (2, 3, 1)])
def test_what_is_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    values = np.zeros(shape, np.uint16)
    with pytest.raises(ValueError, match=r"no PNG|dimensions"):
        kernel.png_counts(values)
    with pytest.raises(ValueError, match="bytes an item"):
        kernel.png_counts(np.zeros((3, 3), np.uint8))


TOKENS = deflate.code_of(np.zeros(deflate.SYMBOLS, np.int64)).tokens


@pytest.mark.parametrize("box", [(-1, 3, 0, 1), (0, 6, 0, 1), (3, 2, 0, 1), (0, 3, -1, 1), (0, 3, 0, 3), (0, 3, 1, 0)])
def test_pieces_beyond_the_picture_are_refused(box: tuple[int, int, int, int]) -> None:
    values = np.zeros((5, 40), np.uint16)
    with pytest.raises(ValueError, match="no pieces"):
        kernel.png_pieces(values, TOKENS, *box)
    with pytest.raises(ValueError, match="no tokens"):
        kernel.png_pieces(values, TOKENS | 31, 0, 5, 0, 2)
    with pytest.raises(ValueError, match="no tokens"):
        kernel.png_pieces(values, TOKENS[1:], 0, 5, 0, 2)
    for wrong in ((-1, 3, 0, 9), (0, 6, 0, 9), (0, 3, -1, 9), (0, 3, 0, 41)):
        with pytest.raises(ValueError, match="box"):
            kernel.png_differing(values, values, *wrong)
    with pytest.raises(ValueError, match="one size"):
        kernel.png_differing(values, values[1:], 0, 1, 0, 1)
    with pytest.raises(ValueError, match="count of each"):
        kernel.deflate_code(np.zeros(5, np.int64))
    with pytest.raises(ValueError, match="symbol"):
        kernel.deflate_code(np.full(deflate.SYMBOLS, 2**55))  # their sum has no room


def changed_arguments() -> list[tuple[Any, ...]]:
    base = png16.kept(np.zeros((5, 40), np.uint16))
    pieces = base.pieces.words, base.pieces.bits, base.pieces.sums
    none = pieces[0][:0], pieces[1][:0], pieces[2][:0]
    header, nowhere = (base.code.header, base.code.header_bits, 1), (0, 0, 0, 0)
    return [
        ((6, 40), header, pieces, none, nowhere),
        ((5, 65), header, pieces, none, nowhere),
        ((0, 40), header, pieces, none, nowhere),
        ((5, 40), (header[0], 64 * header[0].size + 1, 1), pieces, none, nowhere),
        ((5, 40), header, (pieces[0][1:], *pieces[1:]), none, nowhere),
        ((5, 40), header, (pieces[0], pieces[1] + 64, pieces[2]), none, nowhere),
        ((5, 40), header, (*pieces[:2], pieces[2][1:]), none, nowhere),
        ((5, 40), header, pieces, none, (0, 1, 0, 1)),
        ((5, 40), header, pieces, pieces, (0, 5, 0, 3)),
        ((5, 40), header, pieces, pieces, (0, 6, 0, 2)),
    ]


@pytest.mark.parametrize("wrong", changed_arguments(), ids=range(10))
def test_pieces_of_another_picture_are_refused(wrong: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=r"not the pieces|two sums"):
        kernel.png_data(*wrong)
