"""Counter-based random draws: every number is a pure function of (seed, index, purpose).

There is no state and no stream, so draw 399,999 costs as much as draw 0, and no draw depends on how many came
before it.  The mixer is SplitMix64's finaliser (Steele, Lea, Flood 2014) applied twice; it is written in 64-bit
integer arithmetic, so its output cannot change with the version of numpy.
"""

from __future__ import annotations

import functools
import hashlib

import numpy as np
from numpy.typing import ArrayLike, NDArray


def content_index(source_sha256: str) -> int:
    """Return the number that a photo's draws count with: it hangs on the photo's content, not on its name."""
    return int(source_sha256[:16], 16)


_GAMMA, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_BITS = (1 << 64) - 1
# the same for arrays: making these numbers costs as much as using them
_STEP, _FACTORS = np.uint64(_GAMMA), (np.uint64(_FIRST), np.uint64(_SECOND))
_11, _27, _30, _31, _32 = (np.uint64(shift) for shift in (11, 27, 30, 31, 32))


def _mix(z: NDArray[np.uint64]) -> None:
    """Mix numbers in place."""
    z ^= z >> _30
    z *= _FACTORS[0]
    z ^= z >> _27
    z *= _FACTORS[1]
    z ^= z >> _31


def _mixed(z: int) -> int:
    z = ((z ^ (z >> 30)) * _FIRST) & _BITS
    z = ((z ^ (z >> 27)) * _SECOND) & _BITS
    return z ^ (z >> 31)


@functools.lru_cache(maxsize=1024)
def _key(seed: int, purpose: str) -> int:
    digest = hashlib.blake2b(f"{seed}/{purpose}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def bits(seed: int, index: ArrayLike | int, purpose: str) -> NDArray[np.uint64]:
    """Return 64 random bits for each index, in the shape of `index`."""
    key = _key(seed, purpose)
    if isinstance(index, int):  # at a fifth of what it costs as an array
        return np.array(_mixed((_mixed((index * _GAMMA + key) & _BITS) + key) & _BITS), np.uint64)
    counter = np.asarray(index)
    mixed = np.array(counter, np.uint64, ndmin=1)  # a copy, and no number of its own: those warn when they overflow
    mixed *= _STEP
    mixed += np.uint64(key)
    _mix(mixed)
    mixed += np.uint64(key)
    _mix(mixed)
    return mixed.reshape(counter.shape)


def uniform(seed: int, index: ArrayLike, purpose: str) -> NDArray[np.float64]:
    """Return a float64 in [0, 1) for each index (53 random bits)."""
    return (bits(seed, index, purpose) >> _11).astype(np.float64) * 2.0**-53


def integers(seed: int, index: ArrayLike, purpose: str, low: ArrayLike, high: ArrayLike) -> NDArray[np.int64]:
    """Return an integer in low..high (both included) for each index; low and high broadcast against index.

    The range must be below 2**32 wide; the bias of the multiply-and-shift is then below width / 2**32.
    """
    low = np.asarray(low, np.int64)
    width = np.asarray(high, np.int64) - low + 1
    if np.any(width < 1):
        raise ValueError("an empty range has no integer to draw: high < low")
    word = bits(seed, index, purpose) >> _32
    drawn: NDArray[np.int64] = low + ((word * width.astype(np.uint64)) >> _32).astype(np.int64)
    return drawn
