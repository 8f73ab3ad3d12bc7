"""Which samples to show, and what they were made from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from figureground.core.layers import LAYERS
from figureground.core.nouns import Background, Catalog, Cutout, DepthMap, Foreground, Mask, Picture
from figureground.core.record import Record
from figureground.dataset.names import CATALOG
from figureground.dataset.stored import Dataset
from figureground.image.colourmap import DepthScale, depth_scale, label_colours
from figureground.ingest.catalog import numbers_of
from figureground.ingest.pixels import Pixels
from figureground.samples.sample import Sample

CANDIDATES = 8  # considered for each one shown

Trait = tuple[str, Any]


@dataclass(frozen=True, eq=False)
class Shown:
    """A sample beside what it was made from: its prepared background and the cut-out of its first figure, or of the
    one whose turn it was where it has none."""

    record: Record
    background_entry: Background
    foreground_entry: Foreground
    background: Picture
    cutout: Cutout
    image: Picture
    mask: Mask | None
    depth: DepthMap | None
    extra: Mapping[str, Picture]  # what else there is, by layer


def spread(dataset: Dataset, n: int) -> list[int]:
    """Return up to n sample indices, in order: spread over the dataset, and as different as they can be.

    A split, a background, a foreground, a twin (plain or mirrored), or none at all that has been seen least often so
    far is taken.
    """
    return spread_by(lambda candidates: {k: _traits(dataset.record(k)) for k in candidates}, len(dataset), n)


def spread_by(traits_of: Callable[[Sequence[int]], Mapping[int, Sequence[Trait]]], total: int, n: int) -> list[int]:
    """Return up to n numbers below `total`, in order: spread, and with traits as different as they can be.

    From each of n stretches that one of a few candidates is taken whose traits have been seen least often so far.
    """
    n = min(n, total)
    seen: dict[Trait, int] = {}
    chosen = []
    for i in range(n):
        first, end = i * total // n, (i + 1) * total // n
        step = max(1, (end - first) // CANDIDATES)
        candidates = [*range(first, end, step), end - 1]
        traits = traits_of(candidates)
        best = min(candidates, key=lambda k: (sum(seen.get(t, 0) for t in traits[k]), k))
        for trait in traits[best]:
            seen[trait] = seen.get(trait, 0) + 1
        chosen.append(best)
    return chosen


def _traits(record: Record) -> list[Trait]:
    return [
        ("background", record.background),
        ("foreground", record.turn[1]),
        ("mirrored", record.mirrored),
        ("split", record.split),
        ("any figure", bool(record.figures)),
    ]


def load(dataset: Dataset, indices: Iterable[int]) -> Iterator[Shown]:
    """Yield samples with their background and cut-out."""
    pixels = Pixels(dataset.catalog, dataset.store.below(CATALOG))
    return beside(dataset.catalog, pixels, (dataset[index] for index in indices))


def beside(catalog: Catalog, pixels: Pixels, found: Iterable[Sample]) -> Iterator[Shown]:
    """Yield samples with their background and cut-out, of the catalog that they were made of."""
    backgrounds, foregrounds = numbers_of(catalog.backgrounds), numbers_of(catalog.foregrounds)
    for sample in found:
        b = backgrounds[sample.record.background]
        shown = [figure.foreground for figure in sample.record.figures[:1]] or [sample.record.turn[1]]
        f = foregrounds[shown[0]]
        yield Shown(
            sample.record,
            catalog.backgrounds[b],
            catalog.foregrounds[f],
            pixels.background(b),
            pixels.cutout(f),
            sample.image,
            sample.mask,
            sample.depth,
            layer_pictures(sample),
        )


def layer_pictures(sample: Sample) -> dict[str, Picture]:
    """Return the layers of a sample that hold a number a pixel as pictures: grey levels, and numbers in colours."""
    grey = {name: getattr(sample, name) for name, layer in LAYERS.items() if layer.coder == "grey"}
    return {
        name: np.repeat(values[..., None], 3, 2) if LAYERS[name].statistics == "channels" else label_colours(values)
        for name, values in grey.items()
        if values is not None
    }


def scales(rows: Sequence[Shown]) -> list[DepthScale | None]:
    """Return the depth scale of each sample: one for all where values compare, one each for relative depth."""
    maps = [row.depth for row in rows if row.depth is not None]
    if not maps:
        return [None] * len(rows)
    if maps[0].unit == "relative":
        return [depth_scale([row.depth]) if row.depth is not None else None for row in rows]
    return [depth_scale(maps)] * len(rows)
