"""Where a cut-out stands."""

from __future__ import annotations

import numpy as np

from figureground.core.nouns import Mask

BAND = 0.04  # of the height: what is so near the lowest row stands, too
FIRM = 0.01  # of the height: a narrower tip, as of a thread or a lace, is no foot


def foot(mask: Mask) -> tuple[float, float]:
    """Return where a figure stands, (x, y) as fractions of width and height: the middle of its lowest 4 % of rows.

    That is between both feet where they stand as low; below the one before where they do not; and between the outer
    legs of a thing that has several.
    """
    height, width = mask.shape
    rows = np.flatnonzero(mask.any(1))
    firm = [row for row in rows[-max(1, round(BAND * height)) :] if _widest(mask[row]) >= FIRM * height]
    bottom = int(firm[-1] if firm else rows[-1]) + 1
    band = mask[max(0, bottom - max(1, round(BAND * height))) : bottom].any(0)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], band.astype(np.int8), [0]])))
    runs = list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
    feet = [run for run in runs if run[1] - run[0] >= FIRM * height] or runs
    middle = (feet[0][0] + feet[-1][1]) / 2
    return round(float(middle) / width, 5), round((bottom - 0.5) / height, 5)


def _widest(row: Mask) -> int:
    """Return the longest run of true pixels in a row."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))
