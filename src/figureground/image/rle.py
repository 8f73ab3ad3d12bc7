"""Run-length codes of masks, as COCO writes them: text that pycocotools reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from figureground import native
from figureground.core.nouns import Mask

_BITS = 5  # of a number, in each character
_LONGEST = 60  # bits of a number: adding up any number of such takes no time


def encode(mask: Mask, frame: tuple[int, ...] | None = None, corner: tuple[int, int] = (0, 0)) -> str:
    """Return the COCO compressed RLE "counts" of a mask.

    `frame`: (height, width) of a larger one, 0 but for this, whose upper left pixel is at `corner`, (row, column).
    Pixels run down the columns; runs of 0 and 1 alternate, beginning with 0.  From the fourth on a run is written as
    the difference to the one before last.  Each number is cut into 5-bit pieces, lowest first, the sixth bit says
    "more", and 48 is added to make a character.
    """
    height, width = frame or mask.shape
    (top, left), (rows, columns) = corner, mask.shape
    if native.kernel is not None:
        text: str = native.kernel.rle(np.ascontiguousarray(mask), height, width, top, left)
        return text
    flat = np.zeros(columns * height + 2, np.bool_)  # those columns alone, with a 0 before and after
    flat[1:-1].reshape(columns, height)[:, top : top + rows] = mask.T
    bounds = np.flatnonzero(flat[1:] != flat[:-1]) + left * height
    runs = np.diff(np.concatenate([[0], bounds, [height * width]]))
    if runs.size > 1 and not runs[-1]:
        runs = runs[:-1]  # the last pixel is 1
    numbers = runs.copy()
    numbers[3:] -= runs[1:-2]
    # the last piece of a number is the one whose fifth bit is its sign
    longest = int(np.abs(numbers).max()).bit_length() // _BITS + 1
    rest = numbers[:, None] >> (np.arange(longest) * _BITS)
    beyond = rest >> (_BITS - 1)
    more = (beyond != 0) & (beyond != -1)
    written = np.ones(more.shape, np.bool_)
    written[:, 1:] = more[:, :-1]
    characters = ((rest & 31) + 32 * more + 48)[written]
    return bytes(characters.tolist()).decode("ascii")


def decode(counts: str, shape: tuple[int, ...]) -> Mask:
    """Return the bool (height, width) mask of a COCO compressed RLE.  Raises ValueError when it does not fit."""
    runs: list[int] = []
    number = shift = 0
    for character in counts:
        piece = ord(character) - 48
        if not 0 <= piece < 64:
            raise ValueError(f"{character!r} is no part of a run length")
        number |= (piece & 31) << shift
        shift += _BITS
        if shift > _LONGEST:
            raise ValueError("a run length of more digits than any picture has pixels")
        if not piece & 32:
            if piece & 16:
                number -= 1 << shift
            runs.append(number + (runs[-2] if len(runs) > 2 else 0))
            number = shift = 0
    if shift:
        raise ValueError("the last run length is not finished")
    return mask_of_runs(runs, shape)


def mask_of_runs(runs: Sequence[int], shape: tuple[int, ...]) -> Mask:
    """Return the bool (height, width) mask of run lengths, which alternate, beginning with 0, down the columns.

    Raises ValueError where they do not fit.
    """
    if sum(runs) != int(np.prod(shape)) or any(run < 0 for run in runs):
        raise ValueError(f"the run lengths add up to {sum(runs)}, not to {int(np.prod(shape))} pixels")
    values = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return np.asarray(values.reshape(shape, order="F"), np.bool_)
