"""One sample -> its statistics: sums of each layer, areas, boxes, and what decoding it again shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core import random
from figureground.core.arrays import Bytes, Ints
from figureground.core.layers import LAYERS
from figureground.core.nouns import HALF, Box
from figureground.core.record import Record
from figureground.image.masks import tight_box
from figureground.samples.stats import (
    AREA_BINS,
    DEPTH_BINS,
    HEAT_CELLS,
    SHIFT_BINS,
    SHIFT_STEP,
    VISIBLE_BINS,
    Statistics,
    Vector,
)
from figureground.samples.sums import LayerSums, Sums, changed_sums

CHECK_SHARE = 1 / 16
SUMMED = ("channels", "share", "codes")  # kinds of statistics that are means and deviations


def is_checked(index: int) -> bool:
    """Tell whether sample `index` is decoded again while the dataset is written: 1 in 16, and always the first."""
    return index == 0 or float(random.uniform(0, index, "decode check")) < CHECK_SHARE


@dataclass(frozen=True, eq=False)
class Base:
    """A layer of a background alone: its values, and their sums and histogram, which many samples share."""

    values: NDArray[Any]
    sums: Sums
    histogram: Ints | None = None


def base_of(layer: str, values: NDArray[Any], invalid: int | None = None) -> Base:
    """Return the base of a layer; `invalid` is the depth code that means no value."""
    codes = LAYERS[layer].statistics == "codes"
    return Base(values, _sums(layer, values, invalid), _histogram(values, invalid) if codes else None)


@dataclass(frozen=True, eq=False)
class Counted:
    """What is counted of a sample.

    `stored`: layer -> values before coding, as they are encoded, but the mask as uint8 (h, w) of 0 and 255.
    `decoded`: the same layers read back, for checked samples, else None.  `sizes`: bytes a layer.  `bases`: layers of
    the background alone, from which the sample differs only in the box `changed`, (rows, columns).  `lacking`: why a
    depth layer has no value at all, "" where each has some.
    """

    record: Record
    stored: Mapping[str, NDArray[Any]]
    sizes: Mapping[str, int]
    decoded: Mapping[str, NDArray[Any]] | None
    bases: Mapping[str, Base]
    changed: tuple[slice, slice] = (slice(None), slice(None))
    lacking: str = ""

    def invalid(self, layer: str) -> int | None:
        """Return the code of a depth layer that means no value; None for other layers."""
        return self.record.depths[layer].invalid if layer in self.record.depths else None


def statistics_of(one: Counted) -> Statistics:
    """Return the statistics of one sample."""
    figures = one.record.figures
    mask = one.stored["mask"]
    boxes = [figure.box for figure in figures]
    area = sum(figure.area for figure in figures)
    area_bin = min(area * AREA_BINS // mask.size, AREA_BINS - 1)
    visible = [min(int(figure.visible_fraction * VISIBLE_BINS), VISIBLE_BINS - 1) for figure in figures]
    wrong = one.decoded is not None and len(boxes) == 1 and tight_box(one.decoded["mask"] >= HALF) != boxes[0]
    around, moved, shifts = _depth_around(one)
    return Statistics(
        samples=1,
        pixels=mask.size,
        area=area,
        layers={layer: _layer_sums(one, layer) for layer in one.stored if LAYERS[layer].statistics in SUMMED},
        values={layer: _values(array) for layer, array in one.stored.items() if LAYERS[layer].statistics == "values"},
        against_mask=_against_mask(one),
        bytes=dict(one.sizes),
        backgrounds={one.record.background: 1},
        foregrounds={figures[0].foreground: 1},
        splits={one.record.split: 1},
        heat=_heat(mask, [box for box in boxes if box]),
        area_histogram=np.bincount([area_bin], minlength=AREA_BINS),
        depth_histogram=_depth_histogram(one),
        checked=int(one.decoded is not None),
        wrong_boxes=int(wrong),
        placements=dict(Counter(figure.placement for figure in figures)),
        figures={str(len(figures)): 1},
        classes=dict(Counter(figure.class_name for figure in figures)),
        visible_histogram=np.bincount(visible, minlength=VISIBLE_BINS),
        around=around,
        around_moved=moved,
        shift_histogram=shifts,
        no_depth={str(one.record.index): 1} if one.lacking else {},
        no_depth_why={one.lacking: 1} if one.lacking else {},
    )


def _layer_sums(one: Counted, layer: str) -> LayerSums:
    values, invalid = one.stored[layer], one.invalid(layer)
    if layer in one.bases:
        base = one.bases[layer]
        holes = LAYERS[layer].statistics == "codes"
        sums = changed_sums(base.sums, base.values[one.changed], values[one.changed], holes)
    else:
        sums = _sums(layer, values, invalid)
    if one.decoded is None:
        return LayerSums(sums)
    return LayerSums(sums, sums, _sums(layer, one.decoded[layer], invalid))


def _values(array: Bytes) -> Mapping[str, int]:
    """Return the pixels of each value that there is, by the value as text, as JSON has it."""
    counts = np.bincount(array.ravel())
    return {str(value): int(counts[value]) for value in np.flatnonzero(counts)}


def _against_mask(one: Counted) -> Mapping[str, int]:
    """Return the decoded px that contradict the mask, of each layer of a checked sample that says where figures are."""
    decoded = one.decoded or {}
    told = {layer: LAYERS[layer].figure_from for layer in decoded}
    mask = one.stored["mask"] >= HALF
    return {
        layer: int(np.count_nonzero((decoded[layer] >= least) != mask))
        for layer, least in told.items()
        if least is not None
    }


def _depth_histogram(one: Counted) -> Vector:
    if "depth" not in one.stored:
        return ()
    codes, invalid = one.stored["depth"], one.invalid("depth")
    base = one.bases.get("depth")
    if base is None or base.histogram is None:
        return _histogram(codes, invalid)
    before, after = base.values[one.changed], codes[one.changed]
    return base.histogram - _histogram(before, invalid) + _histogram(after, invalid)


def _depth_around(one: Counted) -> tuple[int, int, Vector]:
    """Return (px outside the mask, those whose decoded depth is not the background's own, how far a network's depth
    lies from it there) of a checked sample with layered depth."""
    if one.decoded is None or "depth" not in one.bases:
        return 0, 0, ()
    outside = one.decoded["mask"] < HALF
    own = one.bases["depth"].values[outside]
    moved = int(np.count_nonzero(one.decoded["depth"][outside] != own))
    layered, network = one.record.depths["depth"], one.record.depths.get("depth_network")
    alike = network is not None and (layered.unit, layered.scale, layered.offset) == (
        network.unit,
        network.scale,
        network.offset,
    )
    if network is None or not alike or layered.unit == "relative":
        return own.size, moved, ()
    theirs = one.decoded["depth_network"][outside].astype(np.int64)
    by = np.abs(theirs - own)[(own > 0) & (theirs != network.invalid)] // SHIFT_STEP
    return own.size, moved, np.bincount(np.minimum(by, SHIFT_BINS - 1), minlength=SHIFT_BINS)


def _heat(mask: Bytes, boxes: Sequence[Box]) -> Ints:
    """Return how many mask pixels lie in each cell of the 32 x 32 grid; `boxes` hold them all."""
    heat = np.zeros((HEAT_CELLS, HEAT_CELLS), np.int64)
    if boxes:
        x0, y0, x1, y1 = (pick(side) for pick, side in zip((min, min, max, max), zip(*boxes, strict=True), strict=True))
        down, across = (np.arange(HEAT_CELLS + 1) * side // HEAT_CELLS for side in mask.shape)
        # only the cells that the boxes touch are counted
        top, left = (int(np.searchsorted(e, at, "right")) - 1 for e, at in ((down, y0), (across, x0)))
        bottom, right = (int(np.searchsorted(e, at, "left")) for e, at in ((down, y1), (across, x1)))
        block = (mask[down[top] : down[bottom], across[left] : across[right]] >= HALF).astype(np.int32)
        rows = np.add.reduceat(block, down[top:bottom] - down[top], 0)
        heat[top:bottom, left:right] = np.add.reduceat(rows, across[left:right] - across[left], 1)
    return heat.ravel()


def _histogram(codes: NDArray[Any], invalid: int | None) -> Ints:
    """Return the depth histogram of codes; the invalid code does not count."""
    counts = np.bincount(codes.ravel() >> (6 if codes.dtype == np.uint16 else 0), minlength=DEPTH_BINS)
    if invalid is not None:
        counts[invalid] -= np.count_nonzero(codes == invalid)  # 0, in the first bin
    return counts


def _sums(layer: str, values: NDArray[Any], invalid: int | None) -> Sums:
    """Return the sums of a layer; pixels of unknown depth do not count."""
    kind = LAYERS[layer].statistics
    if kind == "codes" and invalid:
        return Sums.of(values[values != invalid].reshape(-1, 1))
    sums = Sums.of(values.reshape(-1, values.shape[2] if values.ndim == 3 else 1))
    if kind == "codes" and invalid is not None:
        # the invalid code is 0, which adds nothing but to the count
        sums = Sums(sums.count - int(np.count_nonzero(values == 0)), sums.total, sums.square)
    return sums
