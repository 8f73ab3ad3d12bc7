"""Depth: what layered depth is worth to a network that is to see depth, beside the depth that another network saw.

Depth is scaled to the truth by the medians of the whole picture (Zhou et al. 2017), then measured: AbsRel on the whole
picture and on its figures, boundary F1 of all edges and boundary recall of the figures' outlines (Depth Pro).  A
constant, so scaled, is the truth's median: the best that says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from bench.worth_masks import KEPT_SIDE, drawn_evenly, opened, stretched
from bench.worth_net import SIDE, Pictures
from bench.worth_page import Table, depth_sheet
from figureground import VirtualDataset
from figureground.core.arrays import Bools, Singles
from figureground.drawn import LABELS, PersonAt, render_room
from figureground.evaluate.boundaries import boundary_f1, boundary_recall
from figureground.evaluate.metrics import abs_rel, align_scale, known, repaired
from figureground.evaluate.pairs import read_pairs, read_photo, read_truth
from figureground.networks.depth import DepthNetwork
from figureground.networks.registry import SHIPPED, open_network, resolve

LAYERED, SEEN, ALONE = (
    "composites, layered depth",
    "composites, the network's depth",
    "backgrounds, the network's depth",
)
CONSTANT, MEAN, TEACHER = "best constant", "mean map", "the network itself"
MAX_M = 10.0  # sensors say nothing beyond
ROOMS_SEED = 7_000_000  # of drawn rooms: no training saw them
_WORST, _LEAST_PX = 8, 60  # pictures on a sheet; px of a figure, below which a picture says nothing of figures
Measures = dict[str, list[float]]  # by measure, a value a picture, NaN where it is not defined


@dataclass(frozen=True)
class Stock:
    """What is trained on: images (n, h, w, 3) and the logarithm of their depth in metres (n, h, w), NaN unknown."""

    name: str
    images: Pictures
    log_depth: Singles


@dataclass(frozen=True)
class Test:
    """Pictures (n, SIDE, SIDE, 3), their true depth in metres, NaN unknown, and where figures are, (n, SIDE, SIDE).

    `own` are the pictures at their own size.  Pictures of one group, a number each, count as one.
    """

    name: str
    images: Pictures
    depth_m: Singles
    figures: Bools
    own: Sequence[Pictures]
    groups: Sequence[int]


def teacher() -> DepthNetwork:
    """Return the depth network in the package."""
    return open_network(resolve(SHIPPED, "", Path()))


def stocks_of(path: Path, samples: int, network: DepthNetwork) -> list[Stock]:
    """Return the pictures of a dataset with their layered depth, with the depth that a network sees in them, and their
    backgrounds alone with that."""
    data = opened(path, ["mask", "depth"])
    images, depths, used = [], [], set()
    for i in drawn_evenly(len(data), samples):
        sample = data[i]
        if sample.depth is None:
            raise ValueError(f"{path} has no depth")
        images.append(np.asarray(stretched(Image.fromarray(sample.image), KEPT_SIDE)))
        depths.append(at(sample.depth.values, KEPT_SIDE))
        used.add(sample.record.background)
    composites = np.stack(images)
    numbers = [k for k, one in enumerate(data.catalog.backgrounds) if one.id in used]
    virtual = data if isinstance(data, VirtualDataset) else None
    if virtual is None:
        raise ValueError(f"{path}: backgrounds are read of datasets that are rendered as they are read")
    alone = np.stack([np.asarray(stretched(Image.fromarray(virtual.background(k)[0]), KEPT_SIDE)) for k in numbers])
    return [
        Stock(LAYERED, composites, logarithm(np.stack(depths))),
        Stock(SEEN, composites, logarithm(seen(network, composites))),
        Stock(ALONE, alone, logarithm(seen(network, alone))),
    ]


def seen(network: DepthNetwork, images: Sequence[Pictures] | Pictures) -> Singles:
    """Return the depth in metres that a network sees in pictures of one size."""
    return np.stack([np.asarray(network(np.ascontiguousarray(image)[None])[0], np.float32) for image in images])


def logarithm(depth_m: Singles) -> Singles:
    """Return the logarithm of depth, NaN where it is unknown."""
    there = known(depth_m)
    return np.where(there, np.log(np.where(there, depth_m, 1)), np.nan).astype(np.float32)


def at(values: Singles, side: int) -> Singles:
    """Return a map at side x side px; none of its values is a mixture of others."""
    if values.shape == (side, side):
        return np.asarray(values, np.float32)
    rows, columns = (((np.arange(side) + 0.5) * length / side).astype(np.int64) for length in values.shape)
    return np.asarray(values[np.ix_(rows, columns)], np.float32)


def test_of(name: str, pictures: Sequence[tuple[Pictures, Singles, Bools, int]]) -> Test:
    """Return a test of pictures at their own size, their depth, figures and groups."""
    own, depths, figures, groups = zip(*pictures, strict=True)
    return Test(
        name,
        np.stack([np.asarray(stretched(Image.fromarray(image), SIDE)) for image in own]),
        np.stack([at(one, SIDE) for one in depths]),
        np.stack([at(one.astype(np.float32), SIDE) > 0 for one in figures]),
        own,
        groups,
    )


def tests_of(rgbd: Path, sensed: Path, rooms: int, pictures: int) -> list[Test]:
    """Return what has true depth: frames of a sensor, people in such frames, drawn rooms with a drawn person."""
    frames = []
    for k, pair in enumerate(read_pairs(rgbd)):
        depth = read_truth(pair, MAX_M)
        frames.append((read_photo(pair), depth, np.zeros(depth.shape, np.bool_), k))
    data, people = opened(sensed, ["mask", "depth"]), []
    for i in drawn_evenly(len(data), pictures):
        sample = data[i]
        if sample.depth is not None and sample.mask is not None:
            number = int(sample.record.background.lstrip("bg"))
            people.append((sample.image, sample.depth.values, sample.mask, number))
    drawn = [(*drawn_room(ROOMS_SEED + k), k) for k in range(rooms)]
    return [
        test_of("frames of a sensor", frames),
        test_of("people in frames of a sensor", people),
        test_of("drawn people in drawn rooms", drawn),
    ]


def drawn_room(seed: int) -> tuple[Pictures, Singles, Bools]:
    """Return a drawn room with a person in it, its exact depth, and where the person is."""
    rng = np.random.default_rng(seed)
    x, z, turn, height = rng.uniform((-1.0, 1.8, 0.0, 1.5), (1.0, 4.0, 360.0, 1.9))
    room = render_room(seed, KEPT_SIDE, PersonAt(seed, float(x), float(z), float(turn), float(height)))
    return room.rgb, room.depth_m, room.labels == LABELS["person"]


def measured(found: Sequence[Singles] | Singles, test: Test) -> Measures:
    """Return every measure of maps (n, SIDE, SIDE) in metres or any other scale; groups of pictures as their means."""
    rows = [_row(*one) for one in zip(found, test.depth_m, test.figures, strict=True)]
    groups = np.asarray(test.groups)
    table = {}
    for name in rows[0]:
        values = np.array([row[name] for row in rows])
        means = [values[(groups == k) & np.isfinite(values)] for k in sorted(set(test.groups))]
        table[name] = [float(of.mean()) if of.size else float("nan") for of in means]
    return table


def _row(found: Singles, truth: Singles, figure: Bools) -> dict[str, float]:
    scaled, there = align_scale(found, truth), known(truth)
    on_it = figure & there
    some = on_it.sum() >= _LEAST_PX
    return {
        "AbsRel, whole": abs_rel(scaled, truth, there),
        "AbsRel, figures": abs_rel(scaled, truth, on_it) if some else float("nan"),
        "edges, F1": boundary_f1(scaled, truth, there),
        "figures' outlines, recall": boundary_recall(repaired(scaled), figure) if some else float("nan"),
    }


def without_training(stocks: Sequence[Stock], tests: Sequence[Test], network: DepthNetwork) -> dict[str, Table]:
    """Return by test, measure and method what a constant, the mean of what is trained on, and the network that is
    learnt from score."""
    with np.errstate(invalid="ignore"):
        mean = np.exp(at(np.nanmean(stocks[0].log_depth, 0), SIDE))
    scores: dict[str, Table] = {}
    for test in tests:
        of = scores.setdefault(test.name, {})
        add(of, CONSTANT, measured(np.ones_like(test.depth_m), test))
        add(of, MEAN, measured(np.broadcast_to(mean, test.depth_m.shape), test))
        own = [at(seen(network, [image])[0], SIDE) for image in test.own]
        add(of, TEACHER, measured(own, test))
    return scores


def add(scores: Table, method: str, row: Measures) -> None:
    """Add a seed's row to each measure in which there is something to say."""
    for name, values in row.items():
        if np.isfinite(values).any():
            scores.setdefault(name, {}).setdefault(method, []).append(values)


def worst_of(test: Test, found: Singles) -> Image.Image:
    """Return the pictures on which maps are worst, the worst first: picture, truth, found."""
    errors = measured(found, replace(test, groups=range(len(found))))["AbsRel, whole"]
    worst = np.argsort(errors)[::-1][:_WORST]
    scaled = np.stack([align_scale(found[k], test.depth_m[k]) for k in worst]).astype(np.float32)
    return depth_sheet(test.images[worst], [test.depth_m[worst], scaled])
