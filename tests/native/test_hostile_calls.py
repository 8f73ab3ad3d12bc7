"""Whatever the kernel's functions are called with, they take it or refuse it."""

from __future__ import annotations

import pytest

from tests.native.calls import SIGNATURES, attempt, functions

kernel = pytest.importorskip("figureground.native._kernel", reason="the compiled kernel was not built here")


@pytest.mark.parametrize("name", functions(kernel))
def test_no_arguments_end_the_process(name: str) -> None:
    """`tests/long/kernel.py` does the same for longer, with sanitizers, which see what does not crash by itself."""
    taken = sum(attempt(kernel, name, seed) for seed in range(600))
    assert 0 < taken < 600 or name not in SIGNATURES, taken
