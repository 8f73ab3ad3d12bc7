"""One sample -> its statistics: sums of each layer, areas, boxes, and what decoding it again shows."""

from __future__ import annotations

import bisect
import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground import native
from figureground.core import random
from figureground.core.arrays import Bools, Bytes, Ints
from figureground.core.layers import LAYERS
from figureground.core.nouns import HALF, Box, Mask
from figureground.core.record import Record
from figureground.image.masks import cut_sides, tight_box
from figureground.samples.stats import (
    AREA_BINS,
    DEPTH_BINS,
    FRAME_BINS,
    HEAT_CELLS,
    PLAUSIBLE_BINS,
    SHIFT_BINS,
    SHIFT_STEP,
    UNCUT,
    VISIBLE_BINS,
    Statistics,
    Vector,
)
from figureground.samples.sums import LayerSums, Sums, changed_codes, changed_sums

CHECK_SHARE = 1 / 16
_DRAWN = 1024  # samples whose draws are made together
SUMMED = ("channels", "share", "codes")  # kinds of statistics that are means and deviations


def is_checked(index: int) -> bool:
    """Tell whether sample `index` is decoded again while the dataset is written: 1 in 16, and always the first."""
    block, at = divmod(index, _DRAWN)
    return index == 0 or bool(_checked(block)[at])


@functools.lru_cache(maxsize=16)
def _checked(block: int) -> Bools:
    return random.uniform(0, np.arange(block * _DRAWN, (block + 1) * _DRAWN), "decode check") < CHECK_SHARE


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

    `stored`: layer -> values before coding, as they are encoded.  `decoded`: the same layers read back, the mask as
    uint8 (h, w) of 0 and 255, for checked samples, else None.  `sizes`: bytes a layer.  `bases`: layers of
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
    figures, turn = one.record.figures, one.record.turn
    mask = one.stored["mask"]
    boxes = [figure.box for figure in figures if figure.box]
    area = sum(figure.area for figure in figures)
    wrong = one.decoded is not None and len(figures) == 1 and tight_box(one.decoded["mask"] >= HALF) != figures[0].box
    around, moved, shifts = _depth_around(one)
    layers = {layer: values for layer, values in one.stored.items() if LAYERS[layer].statistics in SUMMED}
    depths = {layer: _depth_sums(one, layer) for layer in layers if LAYERS[layer].statistics == "codes"}
    return Statistics(
        samples=1,
        pixels=mask.size,
        area=area,
        layers={
            layer: _layer_sums(one, layer, depths[layer][0] if layer in depths else _byte_sums(one, layer))
            for layer in layers
        },
        values={layer: _values(array) for layer, array in one.stored.items() if LAYERS[layer].statistics == "values"},
        against_mask=_against_mask(one),
        bytes=dict(one.sizes),
        backgrounds={turn[0]: 1},
        foregrounds={turn[1]: 1},
        stood_in=_counts(_stood_in(one.record)),
        fewer={one.record.fewer: 1} if one.record.fewer else {},
        splits={one.record.split: 1},
        heat=_heat(mask, boxes),
        area_histogram=_one_of(min(area * AREA_BINS // mask.size, AREA_BINS - 1), AREA_BINS),
        depth_histogram=depths["depth"][1] if "depth" in depths else (),
        checked=int(one.decoded is not None),
        wrong_boxes=int(wrong),
        placements=_counts(figure.placement for figure in figures),
        figures={str(len(figures)): 1},
        classes=_counts(figure.class_name for figure in figures),
        visible_histogram=_visible([figure.visible_fraction for figure in figures]),
        around=around,
        around_moved=moved,
        **_framed(mask, boxes),
        **_plausible(one.record),
        shift_histogram=shifts,
        no_depth={str(one.record.index): 1} if one.lacking else {},
        no_depth_why={one.lacking: 1} if one.lacking else {},
    )


def _framed(mask: Mask, boxes: Sequence[Box]) -> dict[str, Any]:
    """Return what is counted of how the figures fill the frame, all of them taken as one; `boxes` hold them."""
    if not boxes:
        return {}
    x0, y0, x1, y1 = (pick(side) for pick, side in zip((min, min, max, max), zip(*boxes, strict=True), strict=True))
    height, width = mask.shape
    return {
        "framed": 1,
        "height_histogram": _one_of(min((y1 - y0) * FRAME_BINS // height, FRAME_BINS - 1), FRAME_BINS),
        "width_histogram": _one_of(min((x1 - x0) * FRAME_BINS // width, FRAME_BINS - 1), FRAME_BINS),
        "cut": dict.fromkeys(cut_sides(mask) or (UNCUT,), 1),
    }


def _plausible(record: Record) -> dict[str, Any]:
    """Return what is counted of a sample's plausibility; nothing where it is unknown."""
    if record.plausibility < 0:
        return {}
    at = min(int(record.plausibility * PLAUSIBLE_BINS), PLAUSIBLE_BINS - 1)
    return {
        "plausibility_histogram": _one_of(at, PLAUSIBLE_BINS),
        "doubts": dict.fromkeys(record.doubts, 1),
        "worst": {str(record.index): round(1000 * record.plausibility)},
    }


@functools.lru_cache(maxsize=1024)
def _one_of(at: int, bins: int) -> Ints:
    """Return a histogram of one thing; it is shared, so read only."""
    histogram = np.zeros(bins, np.int64)
    histogram[at] = 1
    histogram.flags.writeable = False
    return histogram


def _visible(fractions: Sequence[float]) -> Vector:
    if not fractions:
        return ()
    bins = [_one_of(min(int(fraction * VISIBLE_BINS), VISIBLE_BINS - 1), VISIBLE_BINS) for fraction in fractions]
    return bins[0] if len(bins) == 1 else np.sum(bins, 0)


def _stood_in(record: Record) -> Iterable[str]:
    """Yield "foreground" and "background" where another than the one whose turn it was is seen."""
    if record.turn_foreground and record.figures:
        yield "foreground"
    if record.turn_background:
        yield "background"


def _counts(names: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts


def _layer_sums(one: Counted, layer: str, sums: Sums) -> LayerSums:
    if one.decoded is None:
        return LayerSums(sums)
    return LayerSums(sums, sums, _sums(layer, one.decoded[layer], one.invalid(layer)))


def _byte_sums(one: Counted, layer: str) -> Sums:
    """Return the sums of a layer of bytes or of the mask."""
    values = one.stored[layer]
    if layer not in one.bases:
        return _sums(layer, values, None)
    base = one.bases[layer]
    return changed_sums(base.sums, base.values[one.changed], values[one.changed])


def _depth_sums(one: Counted, layer: str) -> tuple[Sums, Ints]:
    """Return the sums and the histogram of a layer of depth codes."""
    codes, invalid = one.stored[layer], one.invalid(layer)
    base = one.bases.get(layer)
    if base is None or base.histogram is None or codes.dtype != np.uint16:
        return _sums(layer, codes, invalid), _histogram(codes, invalid)
    return changed_codes(base.sums, base.histogram, base.values[one.changed], codes[one.changed])


def _values(array: Bytes) -> Mapping[str, int]:
    """Return the pixels of each value that there is, by the value as text, as JSON has it."""
    counts = np.bincount(array.ravel())
    return {str(value): int(counts[value]) for value in np.flatnonzero(counts)}


def _against_mask(one: Counted) -> Mapping[str, int]:
    """Return the decoded px that contradict the mask, of each layer of a checked sample that says where figures are."""
    if one.decoded is None:
        return {}
    told = {layer: LAYERS[layer].figure_from for layer in one.decoded}
    mask = one.stored["mask"]
    return {
        layer: int(np.count_nonzero((one.decoded[layer] >= least) != mask))
        for layer, least in told.items()
        if least is not None
    }


def _depth_around(one: Counted) -> tuple[int, int, Vector]:
    """Return (px outside the mask, those whose decoded depth is not the background's own, how far a network's depth
    lies from it there) of a checked sample with layered depth."""
    if one.decoded is None or "depth" not in one.bases:
        return 0, 0, ()
    outside = one.decoded["mask"] < HALF
    own = one.bases["depth"].values
    around = int(np.count_nonzero(outside))
    moved = int(np.count_nonzero((one.decoded["depth"] != own) & outside))
    layered, network = one.record.depths["depth"], one.record.depths.get("depth_network")
    alike = network is not None and (layered.unit, layered.scale, layered.offset) == (
        network.unit,
        network.scale,
        network.offset,
    )
    if network is None or not alike or layered.unit == "relative":
        return around, moved, ()
    own, theirs = own[outside], one.decoded["depth_network"][outside].astype(np.int64)
    by = np.abs(theirs - own)[(own > 0) & (theirs != network.invalid)] // SHIFT_STEP
    return around, moved, np.bincount(np.minimum(by, SHIFT_BINS - 1), minlength=SHIFT_BINS)


def _heat(mask: Mask, boxes: Sequence[Box]) -> Ints:
    """Return how many mask pixels lie in each cell of the 32 x 32 grid; `boxes` hold them all."""
    heat = np.zeros((HEAT_CELLS, HEAT_CELLS), np.int64)
    if boxes:
        x0, y0, x1, y1 = (pick(side) for pick, side in zip((min, min, max, max), zip(*boxes, strict=True), strict=True))
        down, across = _edges(mask.shape[0]), _edges(mask.shape[1])
        # only the cells that the boxes touch are counted
        top, bottom = _cells(down, y0, y1)
        left, right = _cells(across, x0, x1)
        cells = heat[top:bottom, left:right]
        if native.kernel is not None:
            native.kernel.heat(mask, down[top : bottom + 1], across[left : right + 1], cells)
            return heat.ravel()
        block = mask[down[top] : down[bottom], across[left] : across[right]].view(np.uint8)
        # bytes hold the rows of a cell of most canvases
        kind = np.uint8 if mask.shape[0] <= HEAT_CELLS * 254 else np.int64
        rows = np.add.reduceat(block, down[top:bottom] - down[top], 0, kind)
        np.add.reduceat(rows, across[left:right] - across[left], 1, np.int64, cells)
    return heat.ravel()


@functools.lru_cache(maxsize=8)
def _edges(side: int) -> Ints:
    """Return where the cells of a side begin, and where the last one ends."""
    return np.arange(HEAT_CELLS + 1) * side // HEAT_CELLS


def _cells(edges: Ints, start: int, stop: int) -> tuple[int, int]:
    """Return (first cell, beyond the last one) of those that a stretch of a side touches."""
    return bisect.bisect_right(edges, start) - 1, bisect.bisect_left(edges, stop)


def _histogram(codes: NDArray[Any], invalid: int | None) -> Ints:
    """Return the depth histogram of codes; the invalid code does not count."""
    counts = _binned(codes.ravel(), codes.dtype)
    if invalid is not None:
        counts[invalid] -= np.count_nonzero(codes == invalid)  # of 16 bits it is 0, in the first bin
    return counts


def _binned(codes: NDArray[Any], stored: np.dtype[Any]) -> Ints:
    """Return the depth histogram of all codes, (n,), as they are `stored`."""
    return np.bincount(codes >> (6 if stored == np.uint16 else 0), minlength=DEPTH_BINS)


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
