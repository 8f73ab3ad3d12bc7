"""How should a network with a square input see a canvas of another shape: stretched, or between bars?

    python bench/letterbox.py PAIRS NETWORK [NETWORK ...]

PAIRS is a folder of photos with sensor depth (docs/depth-quality.md).  Every photo is cut to each shape, and its depth
estimated with both values of the card's `fit`; the table gives the mean AbsRel of maps scaled to the truth's median.
"middle square" counts the same pixels in all columns, those that a square crop of the photo keeps, and has the crop
itself as a third way.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from figureground.core.nouns import DepthMap, Picture
from figureground.evaluate import metrics
from figureground.evaluate.depth import MAX_M, resized
from figureground.evaluate.pairs import Truth, read_pairs, read_photo, read_truth
from figureground.networks.depth import DepthNetwork
from figureground.networks.registry import open_network, resolve

SHAPES = {"1:1": 1.0, "4:3": 4 / 3, "16:9": 16 / 9, "3:4": 3 / 4, "9:16": 9 / 16}  # width / height
WAYS = ("stretch", "letterbox")


def middle(pixels: NDArray[np.generic], ratio: float) -> tuple[slice, slice]:
    """Return (rows, columns) of the largest box of that width / height in the middle of a picture."""
    height, width = pixels.shape[:2]
    across, down = min(width, round(height * ratio)), min(height, round(width / ratio))
    top, left = (height - down) // 2, (width - across) // 2
    return slice(top, top + down), slice(left, left + across)


def error(network: DepthNetwork, photo: Picture, truth: Truth, place: tuple[slice, slice] | None = None) -> float:
    """Return the scaled AbsRel of a photo's estimate, of the truth's pixels in `place` only."""
    depth = resized(network.estimate(np.ascontiguousarray(photo)), *truth.shape)
    if place is not None:
        truth, depth = truth[place], DepthMap(depth.values[place], depth.unit, depth.direction)
    found = metrics.aligned(depth, truth, MAX_M)
    return metrics.errors(found.get("scaled", next(iter(found.values()))), truth).abs_rel


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("networks", nargs="+")
    options = parser.parse_args()
    pairs = [(read_photo(pair), read_truth(pair, MAX_M)) for pair in read_pairs(options.pairs)]
    print(f"{len(pairs)} photos, mean scaled AbsRel\n\n| network | pixels | stretch | letterbox | square crop |")
    print("|---|---|---:|---:|---:|")
    for name in options.networks:
        network = open_network(resolve(name, "", Path()))
        ways = [dataclasses.replace(network, card=dataclasses.replace(network.card, fit=way)) for way in WAYS]
        for shape, ratio in SHAPES.items():
            cut = [(p[middle(p, ratio)], t[middle(t, ratio)]) for p, t in pairs]
            means = [np.mean([error(way, *pair) for pair in cut]) for way in ways]
            print(f"| {network.card.name} | {shape} | {means[0]:.3f} | {means[1]:.3f} | |")
        inside = [np.mean([error(way, p, t, middle(t, 1.0)) for p, t in pairs]) for way in ways]
        crop = np.mean([error(ways[0], p[middle(p, 1.0)], t[middle(t, 1.0)]) for p, t in pairs])
        print(f"| {network.card.name} | middle square of 4:3 | {inside[0]:.3f} | {inside[1]:.3f} | {crop:.3f} |")


if __name__ == "__main__":
    main()
