"""Deflate streams (RFC 1951) whose every pixel of two bytes has a code of its own, or belongs to a run of equal ones.

Huffman's codes are worked out in whole numbers by a rule that is stated here, so they are the same everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from figureground import native
from figureground.core.arrays import Ints

Words = NDArray[np.uint64]  # bits, the lowest of the first word first

LONGEST_RUN = 32  # pixels
_LITERALS, END = 256, 256
SYMBOLS = 277  # bytes, the end, and lengths up to that of the longest run
RUNS = END + 1  # in `Code.tokens`: a run of n pixels is at RUNS + n
_MOST_BITS = 15


@dataclass(frozen=True, eq=False)
class Code:
    """Huffman's code of a picture, and the stream's beginning that tells it.

    `tokens`: uint32, bits << 5 | how many they are: of bytes 0..255, of the end, and of runs of 0..32 pixels, which say
    that the pixel before is repeated so often.  Bits are in the order of the stream, the lowest first.
    `header`: what comes before the first token, of which the last word is used in part; `header_bits`: how many.
    """

    tokens: NDArray[np.uint32]
    header: Words
    header_bits: int


def _run_symbols() -> tuple[Ints, Ints, Ints]:
    """Return, of runs of 0..32 pixels, the length symbol (section 3.2.5), its extra bits and how many; 0 below 2."""
    length = 2 * np.arange(LONGEST_RUN + 1)
    extra_bits = np.select([length < 11, length < 19, length < 35], [0, 1, 2], 3)
    first = np.select([length < 11, length < 19, length < 35], [3, 11, 19], 35)
    symbol = np.select([length < 11, length < 19, length < 35], [257, 265, 269], 273) + (length - first >> extra_bits)
    possible = length >= 4
    return np.where(possible, symbol, 0), np.where(possible, (length - first) & (1 << extra_bits) - 1, 0), extra_bits


RUN_SYMBOLS, _RUN_EXTRA, _RUN_EXTRA_BITS = _run_symbols()
FEWEST_RUN = 3  # pixels: shorter ones are as long in codes of their own
_USED = np.union1d(np.arange(END + 1), RUN_SYMBOLS[FEWEST_RUN:])
# Of the code that tells the lengths of codes: 0..15 have four bits each, repetitions (16, 17, 18) are not used.
_LENGTHS_TOLD = [0, 0, 0, *[4] * 16]


def code_of(counts: Ints) -> Code:
    """Return the code for how often each of SYMBOLS comes, int64.  Every symbol that may come has one."""
    if native.kernel is not None:
        tokens, header, bits = native.kernel.deflate_code(counts)
        return Code(np.frombuffer(tokens, np.uint32), np.frombuffer(header, np.uint64), bits)
    lengths = _lengths(counts)
    order = np.lexsort((np.arange(SYMBOLS), lengths))[np.count_nonzero(lengths == 0) :]
    shares = 1 << (_MOST_BITS - lengths[order])
    codes = np.zeros(SYMBOLS, np.int64)
    # shorter codes come first, those of a length count up (section 3.2.2), and a code's first bit comes first
    codes[order] = _reversed(np.cumsum(shares) - shares, _MOST_BITS)
    runs = RUN_SYMBOLS
    bits, sizes = codes[runs] | _RUN_EXTRA << lengths[runs], lengths[runs] + _RUN_EXTRA_BITS
    # of two codes of one bit for distances, the second says 2 bytes
    tokens = np.concatenate([codes[: END + 1] << 5 | lengths[: END + 1], (bits | 1 << sizes) << 5 | sizes + 1])
    tokens[RUNS : RUNS + FEWEST_RUN] = 0
    # zlib's two bytes, the last block, which tells its codes, of how many literals and lengths, distances and lengths
    told = [(0x0178, 16), (1, 1), (2, 2), (SYMBOLS - 257, 5), (1, 5), (len(_LENGTHS_TOLD) - 4, 4)]
    told += [(length, 3) for length in _LENGTHS_TOLD]
    told += [(int(value), 4) for value in _reversed(np.array([*lengths, 1, 1]), 4)]
    values, sizes = np.array(told).T
    return Code(tokens.astype(np.uint32), strung(values.astype(np.uint64), sizes), int(sizes.sum()))


def _reversed(values: Ints, bits: int) -> Ints:
    """Return whole numbers of so many bits with the bits in the other order."""
    return sum((values >> k & 1) << (bits - 1 - k) for k in range(bits))  # type: ignore[return-value]


def _lengths(counts: Ints) -> Ints:
    """Return how many bits each symbol's code has, at most 15; 0 for those that never come.

    Counts of 0 are taken for 1.  Where a code were longer, all counts are halved, upwards, and it begins again.
    """
    left = np.maximum(counts[_USED], 1)
    while True:
        order = np.argsort(left, kind="stable")
        depths = _depths(left[order].tolist())
        if max(depths) <= _MOST_BITS:
            break
        left = (left + 1) // 2
    lengths = np.zeros(SYMBOLS, np.int64)
    lengths[_USED[order]] = depths
    return lengths


def _depths(weights: list[int]) -> list[int]:
    """Return how deep each leaf lies in Huffman's tree of ascending weights, two or more.

    The two lightest are joined first; of equal ones a leaf before a joint, and the first before the later.
    """
    count = len(weights)
    nodes, parents = list(weights), [0] * (2 * count - 1)
    leaf, joint = 0, count
    for made in range(count, 2 * count - 1):
        total = 0
        for _ in range(2):
            if leaf < count and (joint == made or nodes[leaf] <= nodes[joint]):
                taken, leaf = leaf, leaf + 1
            else:
                taken, joint = joint, joint + 1
            parents[taken] = made
            total += nodes[taken]
        nodes.append(total)
    depths = [0] * (2 * count - 1)
    for node in range(2 * count - 3, -1, -1):
        depths[node] = depths[parents[node]] + 1
    return depths[:count]


def strung(values: Words, sizes: Ints, at: Ints | None = None) -> Words:
    """Return values of up to 64 bits each, uint64, one after the other, or each from bit `at`, which ascends."""
    if at is None:
        at = np.cumsum(sizes) - sizes
    words = np.zeros((int(at[-1] + sizes[-1]) + 63) // 64 + 1, np.uint64)
    place, shift = at >> 6, (at & 63).astype(np.uint64)
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    words[place[starts]] = np.bitwise_or.reduceat(values << shift, starts)
    over = np.flatnonzero((at & 63) + sizes > 64)  # one at most goes over the end of a word
    words[place[over] + 1] |= values[over] >> (np.uint64(64) - shift[over])
    return words[:-1]
