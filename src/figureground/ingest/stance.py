"""How a cut-out stands: its foot, and whether it is cut off below."""

from __future__ import annotations

import numpy as np

from figureground.core.nouns import Alpha, Mask
from figureground.image.masks import mask_of


def foot(mask: Mask) -> tuple[float, float]:
    """Return where a figure stands, (x, y) as fractions of width and height: the middle of its lowest 4 % of rows."""
    rows = np.flatnonzero(mask.any(1))
    bottom = int(rows[-1]) + 1
    band = mask[max(0, bottom - max(1, round(0.04 * mask.shape[0]))) : bottom]
    columns = np.flatnonzero(band.any(0))
    middle = (columns[0] + columns[-1] + 1) / 2
    return round(float(middle) / mask.shape[1], 5), round((bottom - 0.5) / mask.shape[0], 5)


def cut_off_below(alpha: Alpha) -> str:
    """Return why a trimmed cut-out seems to be cut off at its lower edge, like a half-length portrait, or "".

    Feet meet the lower edge in narrow parts of the figure; a cut through coat, trunk or thighs is wide and straight.
    """
    mask = mask_of(alpha)
    height = mask.shape[0]
    widest = int(mask.sum(1).max())
    last = mask[-max(1, round(0.01 * height)) :].all(0)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], last.astype(np.int8), [0]])))
    runs = edges[1::2] - edges[::2]
    longest, together = (int(runs.max()), int(runs.sum())) if runs.size else (0, 0)
    if longest > 0.45 * widest or together > 0.62 * widest:
        return f"it ends in a straight cut over {together / widest:.0%} of its width, as a half-length portrait does"
    return ""
