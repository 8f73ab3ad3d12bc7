"""The kernel's checksum is zlib's, of bytes of any number that lie anywhere, in pieces of any size."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from figureground import native
from figureground.native import crc32

kernel = pytest.importorskip("figureground.native._kernel", reason="the compiled kernel was not built here")
if kernel.crc32(b"", 0) is None:
    pytest.skip("this processor has no carry-less product", allow_module_level=True)


def test_equal_to_zlib(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = np.random.default_rng(0)
    for size in [*range(600), 4095, 65_536, 100_001, 1_000_003]:
        data = drawn.integers(0, 256, size + 15, np.uint8).tobytes()
        start = int(drawn.integers(16))
        piece = memoryview(data)[start : start + size]
        for before in (0, 2**32 - 1, int(drawn.integers(2**32))):
            assert kernel.crc32(piece, before) == zlib.crc32(piece, before)
        cut = int(drawn.integers(size + 1))
        assert crc32(piece[cut:], crc32(piece[:cut])) == zlib.crc32(piece)
    for same in (bytes(5000), b"\xff" * 5000):
        assert kernel.crc32(same, 0) == zlib.crc32(same)
    found = crc32(data)
    monkeypatch.setattr(native, "kernel", None)
    assert crc32(data) == found == zlib.crc32(data)


@pytest.mark.parametrize("before", [-1, 2**32])
def test_what_is_no_checksum_is_refused(before: int) -> None:
    with pytest.raises(ValueError, match="32 bits"):
        kernel.crc32(b"", before)
