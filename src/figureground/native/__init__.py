"""The compiled kernel, where it could be built: twins of some functions in numpy, equal to them bit for bit.

What is right is said by the numpy function that calls the kernel: it keeps its own body, which runs where the kernel is
None.  That is where it was not built (no C compiler at installation), and where FIGUREGROUND_NATIVE=0 is set.
"""

from __future__ import annotations

import os
from types import ModuleType

OFF = "FIGUREGROUND_NATIVE"


def _loaded() -> ModuleType | None:
    if os.environ.get(OFF) == "0":
        return None
    try:
        from figureground.native import _kernel
    except ImportError:
        return None
    return _kernel


kernel = _loaded()
