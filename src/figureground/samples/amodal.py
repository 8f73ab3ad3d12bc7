"""What lies behind figures: their whole masks, and the depth of the background that they hide."""

from __future__ import annotations

import numpy as np

from figureground.core.errors import FigureGroundError
from figureground.core.nouns import DepthMap, Mask
from figureground.samples.sample import Sample


def amodal(sample: Sample) -> tuple[Mask, DepthMap]:
    """Return (the union of the figures' whole masks inside the frame, the depth of the background behind them).

    bool and float32 (height, width).  A whole mask is what would be seen of a figure if it stood alone.  The depth
    is known everywhere that the background's is, in the unit of the catalog: under the figures too, and equal to the
    sample's own elsewhere where its depth is layered.  Raises FigureGroundError where the catalog has no depth.
    """
    behind = sample.background_depth
    if behind is None:
        raise FigureGroundError(
            "the depth behind its figures is not known: the catalog has none of its background",
            sample.record.key,
            'build with depth.source = "layered", or give backgrounds known depth',
        )
    whole = np.zeros(sample.image.shape[:2], np.bool_)
    for i in range(len(sample.record.figures)):
        whole |= sample.whole_mask(i)
    return whole, behind
