"""A finished sample, as readers get it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from figureground.core.arrays import Bytes
from figureground.core.nouns import DepthMap, Mask, Picture
from figureground.core.record import Record
from figureground.image import rle

# a background's id -> its picture alone, and its depth where the catalog has it
Scenery = Callable[[str], tuple[Picture, DepthMap | None]]


@dataclass(frozen=True, eq=False)
class Sample:
    """One sample.  Its arrays are writable and its own; what a dataset does not have is None.

    `image`: uint8 (height, width, 3), sRGB.  `mask`: bool (height, width), what is seen of all figures.  `depth`:
    float32 values with unit and direction, NaN where unknown.  `record`: all that is known of it.  `instances`: uint8
    (height, width), i + 1 where figure i of the record is seen, 0 elsewhere; only where samples may have several
    figures.  `depth_network`: depth by the network where the dataset has both kinds.
    """

    image: Picture
    record: Record
    mask: Mask | None = None
    depth: DepthMap | None = None
    instances: Bytes | None = None
    depth_network: DepthMap | None = None
    scenery: Scenery | None = None

    def figure_mask(self, i: int) -> Mask:
        """Return what is seen of figure i of the record, bool (height, width).  Raises IndexError outside."""
        figures = len(self.record.figures)
        if not -figures <= i < figures:
            raise IndexError(f"figure {i} of {figures}")
        if self.instances is not None:
            return np.asarray(self.instances == i % figures + 1, np.bool_)
        if self.mask is None:
            raise ValueError("this sample has neither mask nor instances")
        return self.mask.copy()

    def whole_mask(self, i: int) -> Mask:
        """Return figure i's amodal mask: what would be seen of it inside the frame if it stood alone."""
        visible = self.figure_mask(i)
        whole = self.record.figures[i].whole
        return visible if whole is None else rle.decode(whole, visible.shape)

    @property
    def background(self) -> Picture | None:
        """The clean plate: the background without its figures, uint8 (height, width, 3)."""
        return self.scenery(self.record.background)[0] if self.scenery else None

    @property
    def background_depth(self) -> DepthMap | None:
        """The depth behind the figures; None where the catalog has none."""
        return self.scenery(self.record.background)[1] if self.scenery else None
