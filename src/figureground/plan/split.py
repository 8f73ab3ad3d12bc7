"""Which photos are kept out of training, and the split of a scene that follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from figureground.core import random
from figureground.core.job import Placing
from figureground.core.nouns import Catalog, Scene
from figureground.core.random import content_index
from figureground.core.record import split_of


def held_out(seed: int, kind: str, sources: Sequence[str], fraction: float) -> frozenset[int]:
    """Return the indices of the photos (given by their sha256) that are kept out of training.

    Exactly round(fraction * n) of them, but never all; a photo's rank depends on its content alone.
    """
    ranks = [int(random.bits(seed, content_index(sha), f"split {kind}")) for sha in sources]
    wanted = min(round(fraction * len(sources)), len(sources) - 1)
    return frozenset(sorted(range(len(sources)), key=lambda i: (ranks[i], sources[i]))[: max(wanted, 0)])


@dataclass(frozen=True)
class Split:
    """The numbers of the backgrounds and of the foregrounds that training never meets."""

    backgrounds: frozenset[int]
    foregrounds: frozenset[int]

    def of(self, scene: Scene) -> str:
        """Return which of the four splits a scene belongs to."""
        new_foreground = any(figure.foreground in self.foregrounds for figure in scene.figures)
        return split_of(scene.background in self.backgrounds, new_foreground)


def split(placing: Placing, catalog: Catalog) -> Split:
    """Return what is kept out of training."""
    backgrounds = [photo.source_sha256 for photo in catalog.backgrounds]
    foregrounds = [photo.source_sha256 for photo in catalog.foregrounds]
    return Split(
        held_out(placing.seed, "background", backgrounds, placing.held_out[0]),
        held_out(placing.seed, "foreground", foregrounds, placing.held_out[1]),
    )
