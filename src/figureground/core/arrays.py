"""Names for arrays by what they hold; the nouns with a meaning (Picture, Mask, Alpha ...) are in `nouns.py`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Bytes = NDArray[np.uint8]
