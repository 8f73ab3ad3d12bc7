"""How good a depth network is: its estimates against sensor depth, picture by picture, beside a constant's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground.core.errors import FigureGroundError, NoDepthError
from figureground.core.nouns import DepthMap, DepthUnit, Direction, Picture
from figureground.core.progress import Progress, silent
from figureground.evaluate import metrics
from figureground.evaluate.metrics import DepthErrors
from figureground.evaluate.pairs import Pair, Truth, read_photo, read_truth

MAX_M = 10.0  # NYU's usual limit
VIEWS = 60
_VIEW_SIDE = 224  # px


@dataclass(frozen=True, eq=False)
class View:
    """What a page shows of a picture, at most 224 px large, sampled without averaging so that holes stay holes.

    `photo` uint8 (h, w, 3); `truth_m` float32 (h, w), NaN where unknown; `estimates_m` alignment -> float32 (h, w).
    """

    photo: Picture
    truth_m: Truth
    estimates_m: Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Row:
    """One picture: alignment -> errors, of the network and of the constant.  `view` is None where it was not kept."""

    name: str
    network: Mapping[str, DepthErrors]
    constant: Mapping[str, DepthErrors]
    view: View | None = None


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A network's errors over pairs, in the pairs' order.

    `unit` and `direction` are those of its maps; the truth counts up to `max_m`, and estimates are held to it.
    `constant_m` is the median of all true depths, every pixel of every picture counting alike, to 1 mm: the constant
    with the least mean absolute error.  It is what "constant" means under "metric"; under "scaled" it becomes each
    picture's own median and under "scale and shift" the constant that fits each picture's inverse depth best.
    """

    name: str
    unit: DepthUnit
    direction: Direction
    max_m: float
    constant_m: float
    rows: tuple[Row, ...]

    @property
    def headline(self) -> str:
        """The alignment by which pictures are ordered: "metric" where the network's unit allows it."""
        return next(iter(self.rows[0].network))

    def overall(self) -> dict[str, DepthErrors]:
        """Return alignment -> the network's mean errors over the pictures, each counting alike."""
        return {a: metrics.mean([row.network[a] for row in self.rows]) for a in self.rows[0].network}

    def overall_constant(self) -> dict[str, DepthErrors]:
        """Return alignment -> the constant's mean errors over the pictures, each counting alike."""
        return {a: metrics.mean([row.constant[a] for row in self.rows]) for a in self.rows[0].constant}


def evaluate(
    estimate: Callable[[Picture], DepthMap],
    pairs: Sequence[Pair],
    *,
    name: str = "network",
    max_m: float = MAX_M,
    views: int = VIEWS,
    progress: Progress = silent,
) -> Evaluation:
    """Return how far the estimates are from the sensor's depth, beside a constant's.

    The network is given the whole photo.  Where its map has another size than the truth the *map* is resized, in its
    own unit, by Pillow's BILINEAR (half-pixel centres; triangles as wide as the step when it shrinks); the truth never
    is, so only measured depths count.  All depth files are read before the network runs, so that a bad one is named at
    once.  `views`: how many of the worst pictures keep what a page shows of them; memory does not grow beyond that.
    `progress` is called with ("truth" or "depth", done, all).

    Raises FigureGroundError for no pairs, a bad file, a photo and depth of different aspect, or an impossible max_m.
    """
    if not pairs:
        raise FigureGroundError("no pairs to evaluate on", "pairs", "give at least one photo with its depth")
    if not 0 < max_m <= 1000:
        raise FigureGroundError(f"max_m = {max_m} is no depth limit", "max_m", "metres, above 0 and at most 1000")
    constant_m = _median(pairs, max_m, progress)
    rows: list[Row] = []
    kinds = set()
    for pair in pairs:
        photo, truth = read_photo(pair), read_truth(pair, max_m)
        if abs(truth.shape[0] * photo.shape[1] / (truth.shape[1] * photo.shape[0]) - 1) > 0.02:
            raise FigureGroundError(
                f"photo and depth differ in shape: {photo.shape[1]} x {photo.shape[0]} and "
                f"{truth.shape[1]} x {truth.shape[0]} px",
                str(pair.depth),
                "they must show the same view; is one turned or cropped?",
            )
        depth = estimated(estimate, photo, pair.name)
        kinds.add((depth.unit, depth.direction))
        flat = DepthMap(np.full(truth.shape, constant_m, np.float32), "m", "larger is farther")
        found = metrics.aligned(resized(depth, *truth.shape), truth, max_m)
        network = {a: metrics.errors(values, truth) for a, values in found.items()}
        constant = {a: metrics.errors(values, truth) for a, values in metrics.aligned(flat, truth, max_m).items()}
        rows.append(Row(pair.name, network, constant, _view(photo, truth, found)))
        _keep_worst(rows, views)
        progress("depth", len(rows), len(pairs))
    if len(kinds) > 1:
        raise ValueError(f"the network's maps differ in unit or direction: {sorted(kinds)}")
    unit, direction = kinds.pop()
    return Evaluation(name, unit, direction, max_m, constant_m, tuple(rows))


def estimated(estimate: Callable[[Picture], DepthMap], photo: Picture, name: str) -> DepthMap:
    """Return the network's depth.  A picture without any is no reason to measure the network on the others alone."""
    try:
        return estimate(photo)
    except NoDepthError as error:
        raise FigureGroundError(
            error.what, f"{name}; {error.where}", f"{error.remedy}; or leave the picture out, and say so"
        ) from None


def resized(depth: DepthMap, height: int, width: int) -> DepthMap:
    """Return the map at another size, bilinearly in its own unit; NaN spreads to all that it touches."""
    if depth.values.shape == (height, width):
        return depth
    image = Image.fromarray(np.ascontiguousarray(depth.values, np.float32))
    values = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
    return DepthMap(values, depth.unit, depth.direction)


def _median(pairs: Sequence[Pair], max_m: float, progress: Progress) -> float:
    """Return the median of all true depths, m, to 1 mm, from a histogram: memory stays flat."""
    counts = np.zeros(round(max_m * 1000) + 2, np.int64)
    for done, pair in enumerate(pairs, 1):
        truth = read_truth(pair, max_m)
        millimetres = np.rint(truth[np.isfinite(truth)].astype(np.float64) * 1000).astype(np.int64)
        counts += np.bincount(millimetres, minlength=counts.size)
        progress("truth", done, len(pairs))
    below = np.cumsum(counts)
    return max(metrics.MIN_M, float(np.searchsorted(below, below[-1] / 2)) / 1000)


def _view(photo: Picture, truth: Truth, found: Mapping[str, metrics.Metres]) -> View:
    height, width = truth.shape
    share = min(1.0, _VIEW_SIDE / max(truth.shape))
    size = max(1, round(height * share)), max(1, round(width * share))
    rows, columns = (((np.arange(n) + 0.5) * full / n).astype(int) for n, full in zip(size, truth.shape, strict=True))
    small = np.asarray(Image.fromarray(photo).resize((size[1], size[0]), Image.Resampling.LANCZOS))
    maps = {a: values[rows][:, columns].astype(np.float32) for a, values in found.items()}
    return View(small, truth[rows][:, columns], maps)


def _keep_worst(rows: list[Row], views: int) -> None:
    """Drop the view of the best picture that has one, if there are more than `views`; the first of equals stays."""
    kept = [i for i, row in enumerate(rows) if row.view is not None]
    if len(kept) > views:
        best = min(reversed(kept), key=lambda i: next(iter(rows[i].network.values())).abs_rel)
        rows[best] = replace(rows[best], view=None)
