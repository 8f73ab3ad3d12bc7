"""Which photos are kept out of training, and the split of a scene that follows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from figureground.core import random
from figureground.core.job import Placing
from figureground.core.nouns import Background, Catalog, Foreground, Scene
from figureground.core.random import content_index
from figureground.core.record import split_of


def held_out(
    seed: int, kind: str, sources: Sequence[str], fraction: float, groups: Sequence[str] = ()
) -> frozenset[int]:
    """Return the indices of the photos (given by their sha256) that are kept out of training.

    Exactly round(fraction * n) of them, but never all; a photo's rank depends on its content alone.  Photos of one
    group ("" is none) go together, by the group's rank, which depends on its name; then it is as many as whole groups
    make, and, if any are wanted, at least those of the smallest.
    """
    together: dict[tuple[str, int], list[int]] = {}
    for i, sha in enumerate(sources):
        group = groups[i] if groups else ""
        key = (hashlib.sha256(f"group {group}".encode()).hexdigest(), -1) if group else (sha, i)
        together.setdefault(key, []).append(i)
    ranks = {key: int(random.bits(seed, content_index(key[0]), f"split {kind}")) for key in together}
    order = sorted(together, key=lambda key: (ranks[key], key))
    wanted = min(round(fraction * len(sources)), len(sources) - 1)
    found: set[int] = set()
    for key in order:
        if len(found) + len(together[key]) <= wanted:
            found.update(together[key])
    if wanted > 0 and not found and len(order) > 1:
        found.update(together[min(order, key=lambda key: len(together[key]))])
    return frozenset(found)


@dataclass(frozen=True)
class Split:
    """The numbers of the backgrounds and of the foregrounds that training never meets."""

    backgrounds: frozenset[int]
    foregrounds: frozenset[int]

    def of(self, scene: Scene) -> str:
        """Return which of the four splits a scene belongs to.

        Who stands in, and who stands beside, is of the split of whose turn it was; so is a scene without figures.  So
        a sample's number alone says its split, see `plan.splits`.
        """
        turn = [scene.turn[1]] if scene.turn else []
        shown = [figure.foreground for figure in scene.figures] or turn
        return split_of(scene.background in self.backgrounds, any(number in self.foregrounds for number in shown))


def together(photos: Sequence[Background | Foreground]) -> list[str]:
    """Return for each photo a name that those share which must stand in one split: of one group, or nearly alike.

    Both join: twins bring their groups together.  "" for a photo that is alone; a group's name where that is all.
    """
    heads: dict[str, str] = {}

    def head(name: str) -> str:
        while heads.get(name, name) != name:
            name = heads[name]
        return name

    names = []
    for photo in photos:
        own = [*([photo.group] if photo.group else []), *([f"twins {photo.twins}"] if photo.twins else [])]
        names.append(own[0] if own else "")
        for name in own[1:]:
            first, second = sorted((head(own[0]), head(name)), key=lambda text: (text.startswith("twins "), text))
            heads[second] = first  # a group's name before one of twins
    return [head(name) if name else "" for name in names]


def split(placing: Placing, catalog: Catalog) -> Split:
    """Return what is kept out of training."""
    backgrounds = [photo.source_sha256 for photo in catalog.backgrounds]
    foregrounds = [photo.source_sha256 for photo in catalog.foregrounds]
    return Split(
        held_out(placing.seed, "background", backgrounds, placing.held_out[0], together(catalog.backgrounds)),
        held_out(placing.seed, "foreground", foregrounds, placing.held_out[1], together(catalog.foregrounds)),
    )
