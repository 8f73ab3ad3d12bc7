"""What placing may know of pixels: areas, and places on floors.  `render/sprites.py` answers."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Protocol, TypeVar

from figureground.core.arrays import Singles
from figureground.core.nouns import Figure
from figureground.image.masks import AreaTable
from figureground.plan.places import Outlook
from figureground.plan.plausible import View

Found = TypeVar("Found")


class Sight(Protocol):
    """The same arguments give the same answer."""

    def table(self, foreground: int) -> AreaTable:
        """Return the summed areas of the cut-out's mask (`image.masks.area_table`)."""
        ...

    def footing(self, background: int) -> Singles:
        """Return the places for a foot on a background with a floor (`geometry.footing`): float32 (n, 3), by height."""
        ...

    def outlook(self, background: int, foreground: int) -> Outlook:
        """Return what a first look at a figure on a background needs (`plan.places.promising`)."""
        ...

    def known(self, key: Hashable, find: Callable[[], Found]) -> Found:
        """Return what was found before under a key, or find it; it may be found anew at any time."""
        ...

    def areas(self, background: int, figure: Figure) -> tuple[int, int]:
        """Return (px of the figure's whole mask, px of it that frame and background leave), as if it were alone."""
        ...

    def shares(self, background: int, figures: Sequence[Figure]) -> list[int]:
        """Return how many px are seen of each figure when all of them are there, in their order."""
        ...

    def views(self, background: int, figures: Sequence[Figure]) -> list[View]:
        """Return what is seen of each figure when all of them are there, in their order."""
        ...


def needed(sight: Sight | None) -> Sight:
    if sight is None:
        raise ValueError("these scenes need the photos' pixels: give `sight`")
    return sight
