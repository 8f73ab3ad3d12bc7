"""How should a network with a square input see a canvas of another shape: stretched, or between bars?

    python bench/letterbox.py PAIRS NETWORK [NETWORK ...]

PAIRS is a folder of photos with sensor depth (docs/depth-quality.md).  Every photo is cut to each shape, and its depth
estimated with both values of the card's `fit`; the table gives the mean AbsRel over the photos, in metres as the
network gives them and of maps scaled to the truth's median.  "middle of 4:3" counts the pixels that a square crop of
the photo keeps, and has the crop itself as a third way.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from figureground.core.nouns import DepthMap, Picture
from figureground.evaluate import metrics
from figureground.evaluate.depth import MAX_M, resized
from figureground.evaluate.pairs import Truth, read_pairs, read_photo, read_truth
from figureground.networks.depth import DepthNetwork
from figureground.networks.registry import open_network, resolve

SHAPES = {"4:3": 4 / 3, "16:9": 16 / 9, "3:4": 3 / 4, "9:16": 9 / 16}  # width / height
ALIGNMENTS = ("metric", "scaled")
Place = tuple[slice, slice]


def middle(shape: tuple[int, ...], ratio: float) -> Place:
    """Return (rows, columns) of the largest box of that width / height in the middle of a picture."""
    height, width = shape[:2]
    across, down = min(width, round(height * ratio)), min(height, round(width / ratio))
    top, left = (height - down) // 2, (width - across) // 2
    return slice(top, top + down), slice(left, left + across)


def errors(network: DepthNetwork, photo: Picture, truth: Truth, place: Place | None = None) -> NDArray[np.float64]:
    """Return the AbsRel of a photo's estimate, an alignment each, over the truth's pixels in `place`; NaN: none."""
    depth = resized(network.estimate(np.ascontiguousarray(photo)), *truth.shape)
    if place is not None:
        truth, depth = truth[place], DepthMap(depth.values[place], depth.unit, depth.direction)
    found = metrics.aligned(depth, truth, MAX_M)
    return np.array([metrics.errors(found[a], truth).abs_rel if a in found else np.nan for a in ALIGNMENTS])


def row(name: str, shape: str, ways: Iterable[NDArray[np.float64]]) -> str:
    """Return a line of the table; `ways`: of each way, the errors of each photo."""
    means = [np.mean(way, axis=0) for way in ways]
    cells = [" / ".join(f"{mean[i]:.3f}" for mean in means) for i in range(len(ALIGNMENTS))]
    return f"| {name} | {shape} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("networks", nargs="+")
    options = parser.parse_args()
    pairs = [(read_photo(pair), read_truth(pair, MAX_M)) for pair in read_pairs(options.pairs)]
    print(f"AbsRel over {len(pairs)} photos: stretched / letterboxed (/ square crop)\n")
    print("| network | canvas | in metres | scaled |\n|---|---|---|---|")
    for name in options.networks:
        network = open_network(resolve(name, "", Path()))
        cards = [dataclasses.replace(network.card, fit=fit) for fit in ("stretch", "letterbox")]
        ways = [dataclasses.replace(network, card=card) for card in cards]
        for shape, ratio in SHAPES.items():
            cut = [(p[middle(p.shape, ratio)], t[middle(t.shape, ratio)]) for p, t in pairs]
            print(row(network.card.name, shape, [np.array([errors(way, *pair) for pair in cut]) for way in ways]))
        inside = [np.array([errors(way, p, t, middle(t.shape, 1.0)) for p, t in pairs]) for way in ways]
        crop = [errors(ways[0], p[middle(p.shape, 1.0)], t[middle(t.shape, 1.0)]) for p, t in pairs]
        print(row(network.card.name, "middle of 4:3", [*inside, np.array(crop)]))


if __name__ == "__main__":
    main()
