"""Resizing figures, in whole numbers: the same bytes with every version of every library.

A pass along one axis is a matrix of weights that are whole multiples of 1/65536 and sum to 1 a row, held in float32.
Values are whole, 0..255, so no partial sum of a product has more than 24 bits, and float32 is exact: every order of
summation, and with it every matrix library, gives the same numbers.  Of the matrix only blocks along the diagonal are
kept.

The window is Hamming's, half a period wide as for reducing without ringing (as sharp as bicubic there), as a polynomial
within 1.4e-4 of it: sums, products and quotients alone round alike on every machine.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from figureground import native
from figureground.core.arrays import Bytes, Floats, Ints, Singles

_ONE = 1 << 16  # the weights of a row, and those of a blur, together, while they are whole numbers
_FINE = 1 << 20  # weights are rounded to this before they are brought to their sum
_BLOCK = 8  # values of the result worked out together: few, so that little is multiplied by zero
_HAMMING = (1.0, -2.91148, 3.44938, -2.01462, 0.52173)  # sinc(x) * (0.54 + 0.46 * cos(pi * x)) / (1 - x**2), in x**2
_TAIL = 11  # (1 - t**2 / (11 * s**2))**4 has the deviation s


@dataclass(frozen=True, eq=False)
class Pass:
    """One axis of a resize.

    `weights`: float32 (blocks, 8, span), of 8 values of the result each; `first`: the value of the source with which a
    block begins.  `margin`: values of the result beyond the source on either side, for the blur; `size`: of the
    result, margins included.
    """

    weights: Singles
    first: tuple[int, ...]
    margin: int
    size: int


def resized(planes: Bytes, height: int, width: int, blur: float = 0.0) -> tuple[Bytes, int]:
    """Return (planes in another size, px of margin on every side that a blur takes).

    `planes`: uint8 (h, planes, w), colours premultiplied by alpha.  `blur`: standard
    deviation, in px of the result, of the near-Gaussian that it is softened by; beyond the planes all is 0.  Returns
    uint8 (planes, height + 2 * margin, width + 2 * margin).  Constant planes stay what they are, but for their
    blurred edges; no value leaves the range of those it is made of.  Halves are rounded to even.
    """
    rows, count, columns = planes.shape
    if native.kernel is not None:
        soft = np.array(_near_gaussian(blur), np.int32)
        margin = len(soft) // 2
        found = np.empty((count, height + 2 * margin, width + 2 * margin), np.uint8)
        native.kernel.resize(np.ascontiguousarray(planes), soft, found)
        return found, margin
    down, across = one_pass(rows, height, blur), one_pass(columns, width, blur)
    span, lines = down.weights.shape[2], planes.reshape(rows, -1).astype(np.float32)
    tall = np.empty((len(down.first) * _BLOCK, count * columns), np.float32)
    for k, first in enumerate(down.first):
        np.matmul(down.weights[k], lines[first : first + span], out=tall[k * _BLOCK : (k + 1) * _BLOCK])
    lines = np.rint(tall[: down.size], out=tall[: down.size]).reshape(-1, columns)
    span = across.weights.shape[2]
    wide = np.empty((len(across.first) * _BLOCK, len(lines)), np.float32)
    for k, first in enumerate(across.first):
        place = slice(k * _BLOCK, (k + 1) * _BLOCK)
        np.matmul(across.weights[k], lines[:, first : first + span].T, out=wide[place])
    flat = np.rint(wide[: across.size], out=wide[: across.size]).astype(np.uint8)
    return np.ascontiguousarray(flat.reshape(across.size, down.size, count).transpose(2, 1, 0)), down.margin


@functools.lru_cache(maxsize=512)
def one_pass(source: int, size: int, blur: float) -> Pass:
    """Return the pass from `source` to `size` values, softened by `blur` px of the result."""
    soft = _near_gaussian(blur)
    margin = len(soft) // 2
    weights, first = _sharp(source, size, margin)
    if margin:
        # whole numbers below 2**33, and their sum as what the blur leaves of a constant
        weights = _to_sum(_mixing(soft) @ weights).astype(np.float32)
    return Pass(weights * np.float32(1 / _ONE), first, margin, size + 2 * margin)


@functools.lru_cache(maxsize=512)
def _sharp(source: int, size: int, margin: int) -> tuple[Singles, tuple[int, ...]]:
    """Return (weights, first values) of the blocks of a pass, each with the `margin` rows on either side of it that a
    blur mixes in; those beyond the source are nothing."""
    blocks = -(-(size + 2 * margin) // _BLOCK)
    rows = (np.arange(0, _BLOCK * blocks, _BLOCK) - 2 * margin)[:, None] + np.arange(_BLOCK + 2 * margin)
    first, weights = _window(source, size)
    inside = np.minimum(np.maximum(rows, 0), size - 1)
    begins = first[inside]
    begin = begins[:, 0]  # it grows from row to row
    taps = weights.shape[1]
    span = min(int((begins[:, -1] - begin).max()) + taps, source)
    begin = np.minimum(begin, source - span)
    found = np.zeros(rows.size * span, np.float32)
    place = (np.arange(rows.size) * span + (begins - begin[:, None]).ravel())[:, None] + np.arange(taps)
    found[place] = (rows == inside).reshape(-1, 1) * weights[inside.ravel()]
    return found.reshape(blocks, -1, span), tuple(begin.tolist())


def _mixing(soft: Sequence[int]) -> Floats:
    """Return the matrix (16, 16 + 2 * margin) that blurs."""
    matrix = np.zeros((_BLOCK, _BLOCK + len(soft)))  # float64, which holds what comes of it exactly
    matrix[:, : len(soft)] = soft
    return matrix.ravel()[: _BLOCK * (_BLOCK + len(soft) - 1)].reshape(_BLOCK, -1)  # each row one further to the right


def _to_sum(exact: Floats) -> Floats:
    """Return rows of numbers divided by 65536 and rounded, the largest of each so changed that sums are, too."""
    found = np.floor(exact * (1 / _ONE) + 0.5)
    sums = np.floor(exact.sum(-1) * (1 / _ONE) + 0.5)
    return _with_sums(found, sums)


def _with_sums(rows: Floats, sums: Floats | float) -> Floats:
    """Change the largest value of each row, in place, so that the row has this sum."""
    flat = rows.reshape(-1, rows.shape[-1])
    flat[np.arange(len(flat)), flat.argmax(-1)] += np.ravel(sums - rows.sum(-1))
    return rows


def _window(source: int, size: int) -> tuple[Ints, Floats]:
    """Return (first value of the source, weights of it and those that follow) of each value of the result.

    int64 (size,) and whole numbers (size, taps) that sum to 65536.
    """
    step = source / size
    reach = max(step, 1.0)
    centre = (np.arange(size) + 0.5) * step
    taps = min(source, math.ceil(2 * reach) + 1)
    first = np.minimum(np.maximum(np.floor(centre - reach + 0.5), 0), source - taps)
    x = (first[:, None] + np.arange(taps) + 0.5 - centre[:, None]) / reach
    square = x * x
    value = np.zeros_like(x)
    for factor in reversed(_HAMMING):
        value = value * square + factor
    return first.astype(np.int64), _whole(np.maximum(value * (1 - square), 0))


@functools.lru_cache(maxsize=256)
def _near_gaussian(deviation: float) -> tuple[int, ...]:
    """Return the 2 * reach + 1 weights of a blur, which sum to 65536."""
    reach = max(0, math.ceil(math.sqrt(_TAIL) * deviation) - 1) if deviation > 0 else 0
    t = np.arange(-reach, reach + 1)
    bump = 1 - t * t / (_TAIL * deviation * deviation) if reach else np.ones(1)
    (found,) = _whole((bump * bump * bump * bump)[None])
    return tuple(int(weight) for weight in found.tolist())


def _whole(weights: Floats) -> Floats:
    """Return rows of weights as whole numbers that sum to 65536."""
    fine = np.rint(weights * _FINE)  # their sums are exact, so that nothing hangs on the order of summing
    return _with_sums(np.rint(fine * _ONE / fine.sum(-1, keepdims=True)), float(_ONE))
