"""Counter-based random draws: every number is a pure function of (seed, index, purpose).

There is no state and no stream, so draw 399,999 costs as much as draw 0, and no draw depends on how many came
before it.  The mixer is SplitMix64's finaliser (Steele, Lea, Flood 2014) applied twice; it is written in 64-bit
integer arithmetic, so its output cannot change with the version of numpy.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import ArrayLike, NDArray


def content_index(source_sha256: str) -> int:
    """Return the number that a photo's draws count with: it hangs on the photo's content, not on its name."""
    return int(source_sha256[:16], 16)


_GAMMA = np.uint64(0x9E3779B97F4A7C15)


def _mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def bits(seed: int, index: ArrayLike, purpose: str) -> NDArray[np.uint64]:
    """Return 64 random bits for each index, in the shape of `index`."""
    digest = hashlib.blake2b(f"{seed}/{purpose}".encode(), digest_size=8).digest()
    key = np.uint64(int.from_bytes(digest, "little"))
    counter = np.atleast_1d(np.asarray(index)).astype(np.uint64)
    mixed = _mix(_mix(counter * _GAMMA + key) + key)
    return mixed.reshape(np.shape(index))


def uniform(seed: int, index: ArrayLike, purpose: str) -> NDArray[np.float64]:
    """Return a float64 in [0, 1) for each index (53 random bits)."""
    return (bits(seed, index, purpose) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def integers(seed: int, index: ArrayLike, purpose: str, low: ArrayLike, high: ArrayLike) -> NDArray[np.int64]:
    """Return an integer in low..high (both included) for each index; low and high broadcast against index.

    The range must be below 2**32 wide; the bias of the multiply-and-shift is then below width / 2**32.
    """
    low = np.asarray(low, np.int64)
    width = np.asarray(high, np.int64) - low + 1
    if np.any(width < 1):
        raise ValueError("an empty range has no integer to draw: high < low")
    word = bits(seed, index, purpose) >> np.uint64(32)
    drawn: NDArray[np.int64] = low + ((word * width.astype(np.uint64)) >> np.uint64(32)).astype(np.int64)
    return drawn
