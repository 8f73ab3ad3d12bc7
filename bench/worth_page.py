"""The tables and pictures of `bench/worth.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from bench.worth_net import Pictures
from figureground.core.arrays import Bools, Singles
from figureground.core.nouns import DepthMap
from figureground.evaluate.framings import Spread
from figureground.evaluate.intervals import crossed_interval, shown, span
from figureground.image.colourmap import depth_scale

Scores = dict[str, list[list[float]]]  # by method: a row a seed, a value a picture
Table = dict[str, Scores]  # scores by measure
_GAP = 4  # px between the pictures of a sheet


def table(title: str, measure: str, scores: Scores, first: str) -> str:
    """Return a line a method: mean over pictures and seeds, interval, each seed's mean, difference to `first`."""
    lines = [f"| {title} | {measure} | 95 % | seeds | to {first} | 95 % |", "|---|---|---|---|---|---|"]
    for name, rows in scores.items():
        own, moved = crossed_interval(rows), "– | –"
        if name != first:
            paired = crossed_interval(rows, scores[first])
            moved = f"{shown(paired.mean, True)} | {span(paired, True)}"
        seeds = " ".join(shown(float(np.nanmean(row))) for row in rows) if len(rows) > 1 else "–"
        lines.append(f"| {name} | {shown(own.mean)} | {span(own)} | {seeds} | {moved} |")
    return "\n".join(lines)


def summary(title: str, scores: Table) -> str:
    """Return a line a method and a column a measure: means with their intervals; `scores` by measure, then method."""
    lines = [f"| {title} | " + " | ".join(scores) + " |", "|---|" + "---|" * len(scores)]
    for name in next(iter(scores.values())):
        found = [crossed_interval(of[name]) for of in scores.values() if name in of]
        lines.append(f"| {name} | " + " | ".join(f"{shown(one.mean)} ({span(one)})" for one in found) + " |")
    return "\n".join(lines)


def sizes(spreads: Mapping[str, Spread]) -> str:
    """Return a row a set of pictures: height, area and cut sides."""
    lines = [
        "| pictures | number | height 10 % | median | 90 % | area, median | cut below | left or right | above |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, one in spreads.items():
        low, middle, high = (one.heights[k] for k in (1, 3, 5))
        sides = one.cut["left"] + one.cut["right"]
        cells = f"{low:.2f} | {middle:.2f} | {high:.2f} | {one.areas[3]:.3f} | {one.cut['bottom']:.0%} | {sides:.0%}"
        lines.append(f"| {name} | {one.pictures} | {cells} | {one.cut['top']:.0%} |")
    return "\n".join(lines)


def mask_sheet(images: Pictures, truth: Bools, found: Bools) -> Image.Image:
    """Return a line a picture: as it is, with its true mask, with what was found.  What is not figure is dimmed."""
    lines = []
    for picture, *masks in zip(images, truth, found, strict=True):
        dimmed = [np.where(mask[..., None], picture, picture // 4 + 20) for mask in masks]
        lines.append(_line([picture, *dimmed]))
    return _sheet(lines, 2)


def depth_sheet(images: Pictures, maps: Sequence[Singles]) -> Image.Image:
    """Return a line a picture: as it is, and maps (n, h, w) of its depth in metres, in the colours of the first."""
    lines = []
    for k, picture in enumerate(images):
        depths = [DepthMap(of[k].astype(np.float32), "m", "larger is farther") for of in maps]
        scale = depth_scale(depths[:1])
        shown_ = [np.asarray(Image.fromarray(scale.picture(one)).convert("RGB")) for one in depths] if scale else []
        lines.append(_line([picture, *shown_]))
    return _sheet(lines, 2)


def _line(tiles: Sequence[Pictures]) -> Pictures:
    gap = np.full((tiles[0].shape[0], _GAP, 3), 255, np.uint8)
    return np.hstack([part for tile in tiles for part in (tile.astype(np.uint8), gap)][:-1])


def _sheet(lines: Sequence[Pictures], columns: int) -> Image.Image:
    """Return lines below each other, in columns."""
    rows = -(-len(lines) // columns)
    blank = np.full_like(lines[0], 255)
    padded = [*lines, *[blank] * (rows * columns - len(lines))]
    edge = ((0, _GAP), (0, 3 * _GAP), (0, 0))
    framed = [np.pad(line, edge, constant_values=255) for line in padded]
    stacks = [np.vstack(framed[k::columns]) for k in range(columns)]
    return Image.fromarray(np.hstack(stacks))
