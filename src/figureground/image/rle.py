"""Run-length codes of masks, as COCO writes them: text that pycocotools reads."""

from __future__ import annotations

import numpy as np

from figureground.core.nouns import Mask


def encode(mask: Mask) -> str:
    """Return the COCO compressed RLE "counts" of a mask.

    Pixels run down the columns; runs of 0 and 1 alternate, beginning with 0.  From the fourth on a run is written as
    the difference to the one before last.  Each number is cut into 5-bit pieces, lowest first, the sixth bit says
    "more", and 48 is added to make a character.
    """
    flat = np.asfortranarray(mask).ravel(order="F")
    edges = np.flatnonzero(np.diff(flat)) + 1
    bounds = np.concatenate([[0], edges, [flat.size]])
    runs = np.diff(bounds).tolist()
    if flat.size and flat[0]:
        runs.insert(0, 0)
    out = []
    for i, run in enumerate(runs):
        number = run - runs[i - 2] if i > 2 else run
        while True:
            piece = number & 31
            number >>= 5
            more = number != (-1 if piece & 16 else 0)
            out.append(chr(48 + (piece | 32 if more else piece)))
            if not more:
                break
    return "".join(out)


def decode(counts: str, shape: tuple[int, ...]) -> Mask:
    """Return the bool (height, width) mask of a COCO compressed RLE.  Raises ValueError when it does not fit."""
    runs: list[int] = []
    number = shift = 0
    for character in counts:
        piece = ord(character) - 48
        if not 0 <= piece < 64:
            raise ValueError(f"{character!r} is no part of a run length")
        number |= (piece & 31) << shift
        shift += 5
        if not piece & 32:
            if piece & 16:
                number -= 1 << shift
            runs.append(number + (runs[-2] if len(runs) > 2 else 0))
            number = shift = 0
    if shift:
        raise ValueError("the last run length is not finished")
    if sum(runs) != int(np.prod(shape)) or any(run < 0 for run in runs):
        raise ValueError(f"the run lengths add up to {sum(runs)}, not to {int(np.prod(shape))} pixels")
    values = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return np.asarray(values.reshape(shape, order="F"), np.bool_)
