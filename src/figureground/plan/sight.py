"""What placing may know of pixels: areas, and places on floors.  `render/sprites.py` answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from figureground.core.arrays import Ints
from figureground.core.nouns import Figure
from figureground.image.masks import AreaTable


class Sight(Protocol):
    """The same arguments give the same answer."""

    def table(self, foreground: int) -> AreaTable:
        """Return the summed areas of the cut-out's mask (`image.masks.area_table`)."""
        ...

    def footing(self, background: int) -> Ints:
        """Return the (x, y) pixels that show floor of known depth, int64 (n, 2), row by row."""
        ...

    def inverse_depth(self, background: int, x: int, y: int) -> float:
        """Return the background's inverse depth at a pixel, NaN where unknown."""
        ...

    def areas(self, background: int, figure: Figure) -> tuple[int, int]:
        """Return (px of the figure's whole mask, px of it that frame and background leave), as if it were alone."""
        ...

    def shares(self, background: int, figures: Sequence[Figure]) -> list[int]:
        """Return how many px are seen of each figure when all of them are there, in their order."""
        ...


def needed(sight: Sight | None) -> Sight:
    if sight is None:
        raise ValueError("these scenes need the photos' pixels: give `sight`")
    return sight
