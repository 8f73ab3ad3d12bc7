"""Statistics of samples, and Statistics + Statistics.

Everything that is accumulated is a whole number, so sums do not depend on the order of samples or on how they are cut
into parts.  Means and deviations are derived at the end.

Image sums are taken before JPEG coding, which costs no decoding but misses what coding does to the deviation.  A fixed
share of samples (`is_checked`) is decoded again; the mean and variance of those before and after coding give the
correction.  For lossless layers the correction is zero.
"""

from __future__ import annotations

import functools
import math
import operator
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground.core import random
from figureground.core.sample import HALF
from figureground.image.masks import tight_box

CHECK_SHARE = 1 / 16
HEAT_CELLS = 32
AREA_BINS = 200  # of half a per cent of the canvas each
DEPTH_BINS = 1024
SHIFT_STEP, SHIFT_BINS = 10, 512  # depth codes a bin (1 cm where a code is 1 mm), and bins
Vector = tuple[int, ...] | NDArray[np.int64]  # an array for one sample, a tuple for a sum
_MEANING = ("unit", "scale", "offset")
_LEVELS = np.arange(256, dtype=np.int64)


def is_checked(index: int) -> bool:
    """Tell whether sample `index` is decoded again while the dataset is written: 1 in 16, and always the first."""
    return index == 0 or float(random.uniform(0, index, "decode check")) < CHECK_SHARE


@dataclass(frozen=True)
class Sums:
    """Count, sum and sum of squares of whole numbers, a channel each."""

    count: int = 0
    total: tuple[int, ...] = ()
    square: tuple[int, ...] = ()

    @staticmethod
    def of(values: NDArray[Any]) -> Sums:
        """Sum uint8 or uint16 values shaped (pixels, channels), exactly."""
        if values.dtype == np.uint8 and values.size:
            # Pillow counts bytes without large temporaries, which cost more here than the arithmetic
            shape = (1, -1) if values.shape[1] == 1 else (1, -1, values.shape[1])
            counts = np.array(Image.fromarray(values.reshape(shape)).histogram(), np.int64).reshape(-1, 256)
            return Sums(len(values), tuple((counts @ _LEVELS).tolist()), tuple((counts @ _LEVELS**2).tolist()))
        # float64 holds sums of squares of 2**21 pixels exactly; einsum, not @, whose BLAS threads would spin
        columns = [values[:, c].astype(np.float64) for c in range(values.shape[1])]
        return Sums(
            len(values), tuple(int(x.sum()) for x in columns), tuple(int(np.einsum("i,i", x, x)) for x in columns)
        )

    def __add__(self, other: Sums) -> Sums:
        if not self.total or not other.total:
            return self if self.total else other
        return Sums(self.count + other.count, _add(self.total, other.total), _add(self.square, other.square))

    def mean(self) -> tuple[float, ...]:
        return tuple(t / self.count for t in self.total) if self.count else ()

    def variance(self) -> tuple[float, ...]:
        # whole numbers until the division: no cancellation however many samples there are
        return tuple((self.count * s - t * t) / self.count**2 for t, s in zip(self.total, self.square, strict=True))


def _add(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(map(operator.add, a, b))


@dataclass(frozen=True)
class LayerSums:
    """Sums of one layer as written (`all`), and of the checked samples before and after coding."""

    all: Sums = Sums()
    before: Sums = Sums()
    after: Sums = Sums()

    def __add__(self, other: LayerSums) -> LayerSums:
        return LayerSums(self.all + other.all, self.before + other.before, self.after + other.after)

    def moments(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return (mean, standard deviation) a channel of what a reader decodes."""
        means = self.all.mean()
        variances = self.all.variance()
        if self.after.count:
            means = tuple(m + b - a for m, a, b in zip(means, self.before.mean(), self.after.mean(), strict=True))
            variances = tuple(
                v + b - a for v, a, b in zip(variances, self.before.variance(), self.after.variance(), strict=True)
            )
        return means, tuple(math.sqrt(max(v, 0.0)) for v in variances)


@dataclass(frozen=True)
class Statistics:
    """What a set of samples amounts to.  `heat[i][j]` counts mask pixels in cell (i, j) of a 32 x 32 grid.

    `depth_histogram` has 1024 bins over the code range of the encoding; `layers["depth"]` sums valid codes only.
    """

    samples: int = 0
    pixels: int = 0
    area: int = 0  # mask pixels, as the records have them
    layers: Mapping[str, LayerSums] = field(default_factory=dict)
    bytes: Mapping[str, int] = field(default_factory=dict)
    backgrounds: Mapping[str, int] = field(default_factory=dict)
    foregrounds: Mapping[str, int] = field(default_factory=dict)
    splits: Mapping[str, int] = field(default_factory=dict)
    heat: Vector = ()
    area_histogram: Vector = ()
    depth_histogram: Vector = ()
    checked: int = 0
    wrong_boxes: int = 0  # checked samples whose decoded mask has another box than the record
    placements: Mapping[str, int] = field(default_factory=dict)  # figures by how they were placed
    figures: Mapping[str, int] = field(default_factory=dict)  # samples by their number of figures
    visible_histogram: Vector = ()  # figures by visible fraction, 20 bins over 0..1
    around: int = 0  # px of checked samples outside the mask, where depth is layered
    around_moved: int = 0  # of these, px whose decoded depth is not the background's own
    shift_histogram: Vector = ()  # |depth of the composite - of its background| by the network, outside masks

    def __add__(self, other: Statistics) -> Statistics:
        return _sum_of([self, other])


def total(found: Sequence[Statistics]) -> Statistics:
    """Return the sum of many statistics, the same as adding them one after the other."""
    return _sum_of(list(found)) if found else Statistics()


def _sum_of(found: Sequence[Statistics]) -> Statistics:
    plain: dict[str, Any] = {}
    for name in Statistics.__dataclass_fields__:
        values = [value for value in (getattr(one, name) for one in found) if not _empty(value)]
        if name == "layers":
            layers = sorted({layer for one in values for layer in one})
            plain[name] = {
                layer: functools.reduce(operator.add, (one[layer] for one in values if layer in one))
                for layer in layers
            }
        elif not values:
            plain[name] = getattr(found[0], name)
        elif isinstance(values[0], tuple | np.ndarray):
            plain[name] = tuple(np.sum([np.asarray(value, np.int64) for value in values], 0).tolist())
        elif isinstance(values[0], Mapping):
            counter: Counter[str] = Counter()
            for one in values:
                counter.update(one)
            plain[name] = dict(sorted(counter.items()))
        else:
            plain[name] = sum(values)
    return Statistics(**plain)


def _empty(value: Any) -> bool:
    return len(value) == 0 if isinstance(value, tuple | np.ndarray) else not value


@dataclass(frozen=True, eq=False)
class Base:
    """A layer of a background alone: its values, and their sums and histogram, which many samples share."""

    values: NDArray[Any]
    sums: Sums
    histogram: NDArray[np.int64] | None = None


def base_of(layer: str, values: NDArray[Any], record: Mapping[str, Any]) -> Base:
    """Return the base of a layer; `record` says which depth code is invalid."""
    depth = layer == "depth"
    return Base(values, _sums(layer, values, record), _histogram(values, record["depth_invalid"]) if depth else None)


def of_sample(
    stored: Mapping[str, NDArray[Any]],
    decoded: Mapping[str, NDArray[Any]] | None,
    record: Mapping[str, Any],
    sizes: Mapping[str, int],
    bases: Mapping[str, Base] | None = None,
    changed: tuple[slice, slice] = (slice(None), slice(None)),
) -> Statistics:
    """Return the statistics of one sample.

    `stored`: layer -> values before coding: image uint8 (h, w, 3), mask uint8 (h, w) of 0 and 255, depth codes (h, w).
    `decoded`: the same layers read back, for checked samples, else None.  `sizes`: bytes a layer.  `bases`: layers
    of the background alone, from which the sample differs only in the box `changed`, (rows, columns).
    """
    bases = bases or {}
    boxes = [tuple(figure["box"]) if figure["box"] else None for figure in record["figures"]]
    heat = _heat(stored["mask"], [box for box in boxes if box])
    area = sum(figure["area"] for figure in record["figures"])
    area_bin = min(area * AREA_BINS // stored["mask"].size, AREA_BINS - 1)
    histogram: Vector = ()
    if "depth" in stored:
        codes, invalid = stored["depth"], record["depth_invalid"]
        base = bases.get("depth")
        if base is not None and base.histogram is not None:
            histogram = base.histogram - _histogram(base.values[changed], invalid) + _histogram(codes[changed], invalid)
        else:
            histogram = _histogram(codes, invalid)
    around = moved = 0
    shifts: Vector = ()
    if decoded is not None and "depth" in bases:
        outside = decoded["mask"] < HALF
        own = bases["depth"].values[outside]
        around, moved = own.size, int(np.count_nonzero(decoded["depth"][outside] != own))
        meanings = [[record.get(f"{layer}_{name}") for name in _MEANING] for layer in ("depth", "depth_network")]
        if "depth_network" in decoded and meanings[0] == meanings[1] and meanings[0][0] != "relative":
            known = own > 0
            by = np.abs(decoded["depth_network"][outside].astype(np.int64) - own)[known] // SHIFT_STEP
            shifts = np.bincount(np.minimum(by, SHIFT_BINS - 1), minlength=SHIFT_BINS)
    visible = [min(int(figure["visible_fraction"] * 20), 19) for figure in record["figures"]]
    wrong = decoded is not None and len(boxes) == 1 and tight_box(decoded["mask"] >= HALF) != boxes[0]
    layers = {}
    for name, values in stored.items():
        if name in bases:
            base = bases[name]
            sums = _changed(base.sums, base.values[changed], values[changed], name.startswith("depth"))
        else:
            sums = _sums(name, values, record)
        after = _sums(name, decoded[name], record) if decoded is not None else Sums()
        layers[name] = LayerSums(sums, sums if decoded is not None else Sums(), after)
    return Statistics(
        1,
        stored["mask"].size,
        area,
        layers,
        dict(sizes),
        {record["background"]: 1},
        {record["figures"][0]["foreground"]: 1},
        {record["split"]: 1},
        heat,
        np.bincount([area_bin], minlength=AREA_BINS),
        histogram,
        int(decoded is not None),
        int(wrong),
        dict(Counter(figure["placement"] for figure in record["figures"])),
        {str(len(record["figures"])): 1},
        np.bincount(visible, minlength=20),
        around,
        moved,
        shifts,
    )


def _heat(mask: NDArray[np.uint8], boxes: Sequence[tuple[int, ...]]) -> NDArray[np.int64]:
    """Return how many mask pixels lie in each cell of the 32 x 32 grid; `boxes` hold them all."""
    heat = np.zeros((HEAT_CELLS, HEAT_CELLS), np.int64)
    if boxes:
        x0, y0, x1, y1 = (pick(side) for pick, side in zip((min, min, max, max), zip(*boxes, strict=True), strict=True))
        edges = np.arange(HEAT_CELLS + 1) * mask.shape[0] // HEAT_CELLS
        # only the cells that the boxes touch are counted
        top, left = (int(np.searchsorted(edges, at, "right")) - 1 for at in (y0, x0))
        bottom, right = (int(np.searchsorted(edges, at, "left")) for at in (y1, x1))
        block = (mask[edges[top] : edges[bottom], edges[left] : edges[right]] >= HALF).astype(np.int32)
        rows = np.add.reduceat(block, edges[top:bottom] - edges[top], 0)
        heat[top:bottom, left:right] = np.add.reduceat(rows, edges[left:right] - edges[left], 1)
    return heat.ravel()


def _histogram(codes: NDArray[Any], invalid: int | None) -> NDArray[np.int64]:
    """Return the depth histogram of codes; the invalid code does not count."""
    counts = np.bincount(codes.ravel() >> (6 if codes.dtype == np.uint16 else 0), minlength=DEPTH_BINS)
    if invalid is not None:
        counts[invalid] -= np.count_nonzero(codes == invalid)  # 0, in the first bin
    return counts


def _changed(sums: Sums, old: NDArray[Any], new: NDArray[Any], depth: bool) -> Sums:
    """Return the sums of a layer in which the values `old` have become `new`; of depth, code 0 does not count."""
    wide: type[np.signedinteger[Any]] = np.int32 if new.dtype == np.uint8 else np.int64
    before: NDArray[np.signedinteger[Any]] = old.astype(wide)
    after: NDArray[np.signedinteger[Any]] = new.astype(wide)
    count = sums.count + (int(np.count_nonzero(after)) - int(np.count_nonzero(before)) if depth else 0)
    difference = after - before
    after += before
    after *= difference  # the difference of the squares
    channels = len(sums.total) or 1
    # rows first: a sum down columns of three is slow
    total, square = (x.sum(0, dtype=np.int64).reshape(-1, channels).sum(0).tolist() for x in (difference, after))
    return Sums(count, _add(sums.total, total), _add(sums.square, square))


def _sums(layer: str, values: NDArray[Any], record: Mapping[str, Any]) -> Sums:
    """Return the sums of a layer; pixels of unknown depth do not count."""
    if layer == "image":
        return Sums.of(values.reshape(-1, 3))
    sums = Sums.of(values.reshape(-1, 1))
    if layer.startswith("depth") and record[f"{layer}_invalid"] is not None:
        # the invalid code is 0, which adds nothing but to the count
        sums = Sums(sums.count - int(np.count_nonzero(values == 0)), sums.total, sums.square)
    return sums


def to_json(statistics: Statistics) -> dict[str, Any]:
    """Return plain lists and numbers; `from_json` is the inverse."""
    plain = {name: getattr(statistics, name) for name in Statistics.__dataclass_fields__ if name != "layers"}
    plain["layers"] = {
        name: {
            stage: [sums.count, list(sums.total), list(sums.square)]
            for stage, sums in (("all", layer.all), ("before", layer.before), ("after", layer.after))
        }
        for name, layer in statistics.layers.items()
    }
    return {
        name: np.asarray(value).tolist() if isinstance(value, tuple | np.ndarray) else value
        for name, value in plain.items()
    }


def from_json(plain: Mapping[str, Any]) -> Statistics:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    values["layers"] = {
        name: LayerSums(
            **{stage: Sums(count, tuple(total), tuple(square)) for stage, (count, total, square) in layer.items()}
        )
        for name, layer in plain["layers"].items()
    }
    return Statistics(**values)
