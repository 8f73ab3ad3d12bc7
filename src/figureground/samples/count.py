"""One sample -> what is counted of its pixels: sums of each layer, where figures are, what decoding it again shows."""

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
from figureground.samples.stats import DEPTH_BINS, HEAT_CELLS, SHIFT_BINS, SHIFT_STEP
from figureground.samples.sums import Sums, changed_codes, changed_sums

CHECK_SHARE = 1 / 16
_DRAWN = 1024  # samples whose draws are made together


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


@dataclass(frozen=True, eq=False)
class Checked:
    """What decoding a sample again shows.

    `layers`: sums of what was decoded.  `wrong_box`: whether the decoded mask has another box than the record's one
    figure.  `against_mask`: layer -> decoded px that contradict the mask.  Where depth is layered, `around`: px outside
    the mask, and `around_moved`: those whose decoded depth is not the background's own; `shifts`: how far a network's
    depth lies from it there, int64 (SHIFT_BINS,), None where there is nothing to compare.
    """

    layers: Mapping[str, Sums]
    wrong_box: bool
    against_mask: Mapping[str, int]
    around: int
    around_moved: int
    shifts: Ints | None


@dataclass(frozen=True, eq=False)
class Counts:
    """What is found in a sample's pixels, beside what its record says; small, as many finished samples wait for others.

    `shape`: of its pictures, (height, width).  `sizes`: bytes a layer.  `layers`: the sums of layers as they are
    encoded; `values`: px by value, as text, of the others that are counted.  `frame`: the box around all that is seen
    of figures, None where nothing is; `cut`: the sides at which the frame cuts that off.  `heat`: first row and column
    of those cells of the 32 x 32 grid that the frame's box touches, and their mask px, int64 (rows, columns); None
    where there is no box.  `depth`: histogram of codes, int64 (DEPTH_BINS,), None without depth.  `lacking`: as in
    Counted.  `checked`: None for samples that are not decoded again.
    """

    shape: tuple[int, int]
    sizes: Mapping[str, int]
    layers: Mapping[str, Sums]
    values: Mapping[str, Mapping[str, int]]
    frame: Box | None
    cut: Sequence[str]
    heat: tuple[int, int, Ints] | None
    depth: Ints | None
    lacking: str
    checked: Checked | None


def counts_of(one: Counted) -> Counts:
    """Return what is found in the pixels of a sample."""
    mask = one.stored["mask"]
    frame = _frame(one.record)
    layers, values, histograms = dict[str, Sums](), dict[str, Mapping[str, int]](), dict[str, Ints]()
    for layer, array in one.stored.items():
        kind = LAYERS[layer].statistics
        if kind == "codes":
            layers[layer], histograms[layer] = _depth_sums(one, layer)
        elif kind == "values":
            values[layer] = _values(array)
        elif kind is not None:
            layers[layer] = _byte_sums(one, layer)
    return Counts(
        (mask.shape[0], mask.shape[1]),
        one.sizes,
        layers,
        values,
        frame,
        () if frame is None else _cut(mask, frame),
        None if frame is None else _heat(mask, frame),
        histograms.get("depth"),
        one.lacking,
        None if one.decoded is None else _checked_of(one, one.decoded, layers),
    )


def _frame(record: Record) -> Box | None:
    """Return the box around all that is seen of a record's figures; None where nothing is."""
    boxes = [figure.box for figure in record.figures if figure.box]
    if len(boxes) < 2:
        return boxes[0] if boxes else None
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def _cut(mask: Mask, frame: Box) -> Sequence[str]:
    """Return `cut_sides` of a mask; `frame`: a box that holds it, without which most need no look."""
    x0, y0, x1, y1 = frame
    height, width = mask.shape
    return cut_sides(mask) if y0 == 0 or x0 == 0 or y1 == height or x1 == width else ()


def _checked_of(one: Counted, decoded: Mapping[str, NDArray[Any]], layers: Iterable[str]) -> Checked:
    figures = one.record.figures
    around, moved, shifts = _depth_around(one, decoded)
    return Checked(
        {layer: _sums(layer, decoded[layer], one.invalid(layer)) for layer in layers},
        len(figures) == 1 and tight_box(decoded["mask"] >= HALF) != figures[0].box,
        _against_mask(decoded, one.stored["mask"]),
        around,
        moved,
        shifts,
    )


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


def _against_mask(decoded: Mapping[str, NDArray[Any]], mask: Mask) -> Mapping[str, int]:
    """Return the decoded px that contradict the mask, of each layer that says where figures are."""
    told = {layer: LAYERS[layer].figure_from for layer in decoded}
    return {
        layer: int(np.count_nonzero((decoded[layer] >= least) != mask))
        for layer, least in told.items()
        if least is not None
    }


def _depth_around(one: Counted, decoded: Mapping[str, NDArray[Any]]) -> tuple[int, int, Ints | None]:
    """Return (px outside the mask, those whose decoded depth is not the background's own, how far a network's depth
    lies from it there) where depth is layered."""
    if "depth" not in one.bases:
        return 0, 0, None
    outside = decoded["mask"] < HALF
    own = one.bases["depth"].values
    around = int(np.count_nonzero(outside))
    moved = int(np.count_nonzero((decoded["depth"] != own) & outside))
    layered, network = one.record.depths["depth"], one.record.depths.get("depth_network")
    alike = network is not None and (layered.unit, layered.scale, layered.offset) == (
        network.unit,
        network.scale,
        network.offset,
    )
    if network is None or not alike or layered.unit == "relative":
        return around, moved, None
    own, theirs = own[outside], decoded["depth_network"][outside].astype(np.int64)
    by = np.abs(theirs - own)[(own > 0) & (theirs != network.invalid)] // SHIFT_STEP
    return around, moved, np.bincount(np.minimum(by, SHIFT_BINS - 1), minlength=SHIFT_BINS)


def _heat(mask: Mask, frame: Box) -> tuple[int, int, Ints]:
    """Return (first row, first column, mask px of each cell, int64 (rows, columns)) of those cells of the 32 x 32 grid
    that `frame` touches, a box that holds all of the mask."""
    x0, y0, x1, y1 = frame
    down, across = _edges(mask.shape[0]), _edges(mask.shape[1])
    top, bottom = _cells(down, y0, y1)
    left, right = _cells(across, x0, x1)
    cells = np.zeros((bottom - top, right - left), np.int64)
    if native.kernel is not None:
        native.kernel.heat(mask, down[top : bottom + 1], across[left : right + 1], cells)
        return top, left, cells
    block = mask[down[top] : down[bottom], across[left] : across[right]].view(np.uint8)
    # bytes hold the rows of a cell of most canvases
    kind = np.uint8 if mask.shape[0] <= HEAT_CELLS * 254 else np.int64
    rows = np.add.reduceat(block, down[top:bottom] - down[top], 0, kind)
    np.add.reduceat(rows, across[left:right] - across[left], 1, np.int64, cells)
    return top, left, cells


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
