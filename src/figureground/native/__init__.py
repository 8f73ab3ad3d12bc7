"""The compiled kernel, where it could be built: twins of some functions in numpy, equal to them bit for bit.

What is right is said by the numpy function that calls the kernel: it keeps its own body, which runs where the kernel is
None.  That is where it was not built (no C compiler at installation), and where FIGUREGROUND_NATIVE=0 is set; `absent`
says which, in words for users.
"""

from __future__ import annotations

import os
import zlib
from types import ModuleType

OFF = "FIGUREGROUND_NATIVE"


def _loaded() -> tuple[ModuleType | None, str]:
    """Return (the kernel, "") or (None, why it is not used)."""
    if os.environ.get(OFF) == "0":
        return None, f"the compiled kernel is turned off by {OFF}=0: the same samples, slower"
    try:
        from figureground.native import _kernel
    except ImportError as problem:
        why = "is not there" if isinstance(problem, ModuleNotFoundError) else f"cannot be loaded ({problem})"
        return None, f"the compiled kernel {why}: the same samples, slower; install figureground with a C compiler"
    return _kernel, ""


kernel, absent = _loaded()


def crc32(data: bytes | memoryview, before: int = 0) -> int:
    """Return the CRC-32 of bytes behind others whose CRC-32 is `before`, as `zlib.crc32` does."""
    found: int | None = None if kernel is None else kernel.crc32(data, before)
    return zlib.crc32(data, before) if found is None else found
