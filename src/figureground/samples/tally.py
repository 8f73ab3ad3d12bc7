"""Samples, one after the other -> their statistics: each is added in place, a few numbers to what is there.

What a record says of its sample is taken from there; the rest is what `count.counts_of` found in its pixels.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from figureground.core.arrays import Ints
from figureground.core.record import Record
from figureground.samples.count import Checked, Counts
from figureground.samples.stats import (
    AREA_BINS,
    FRAME_BINS,
    HEAT_CELLS,
    LENGTHS,
    PLAUSIBLE_BINS,
    UNCUT,
    VISIBLE_BINS,
    WORST,
    Statistics,
    least_of,
)
from figureground.samples.sums import LayerSums, Sums

_COUNTS = tuple(one.name for one in fields(Statistics) if one.type == "Mapping[str, int]" and one.name != "worst")
_NUMBERS = tuple(one.name for one in fields(Statistics) if one.type == "int")


class _Running:
    """Sums that grow."""

    __slots__ = ("count", "square", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total: tuple[int, ...] = ()
        self.square: tuple[int, ...] = ()

    def add(self, sums: Sums) -> None:
        if not sums.total:
            return  # no channels yet
        self.count += sums.count
        if self.total:
            self.total = tuple(map(operator.add, self.total, sums.total))
            self.square = tuple(map(operator.add, self.square, sums.square))
        else:
            self.total, self.square = sums.total, sums.square

    def sums(self) -> Sums:
        return Sums(self.count, self.total, self.square)


class _Layer:
    """A layer's sums as written, and of checked samples before and after coding."""

    __slots__ = ("after", "all", "before")

    def __init__(self) -> None:
        self.all, self.before, self.after = _Running(), _Running(), _Running()

    def sums(self) -> LayerSums:
        return LayerSums(self.all.sums(), self.before.sums(), self.after.sums())


class Tally:
    """The statistics of a set of samples while it grows, as adding up those of each alone would give them."""

    def __init__(self) -> None:
        self._numbers = dict.fromkeys(_NUMBERS, 0)
        self._counts: dict[str, dict[str, int]] = {name: defaultdict(int) for name in _COUNTS}
        self._bins: dict[str, list[int]] = {}
        self._codes: dict[str, Ints] = {}  # the histograms that many px of a sample fall into
        self._heat = np.zeros((HEAT_CELLS, HEAT_CELLS), np.int64)
        self._layers: dict[str, _Layer] = defaultdict(_Layer)
        self._values: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._worst: dict[str, int] = {}

    def add(self, record: Record, found: Counts) -> None:
        """Take in a sample: what its record says, and what was found in its pixels."""
        self._numbers["samples"] += 1
        self._add_turn(record)
        self._add_figures(record, found)
        self._add_plausibility(record)
        self.add_bytes(found.sizes)
        self._add_pixels(found)
        if found.checked is not None:
            self._add_checked(found, found.checked)
        if found.lacking:
            self._counts["no_depth"][str(record.index)] += 1
            self._counts["no_depth_why"][found.lacking] += 1

    def add_bytes(self, sizes: Mapping[str, int]) -> None:
        """Take in bytes by what they are of: a layer, or "metadata"."""
        known = self._counts["bytes"]
        for name, size in sizes.items():
            known[name] += size

    def statistics(self) -> Statistics:
        """Return the statistics of the samples so far."""
        if not self._numbers["samples"]:
            return Statistics(bytes=dict(sorted(self._counts["bytes"].items())))
        found: dict[str, Any] = dict(self._numbers)
        found |= {name: dict(sorted(counts.items())) for name, counts in self._counts.items()}
        found |= {name: tuple(bins) for name, bins in self._bins.items()}
        found |= {name: tuple(bins.tolist()) for name, bins in self._codes.items()}
        return Statistics(
            **found,
            heat=tuple(self._heat.ravel().tolist()),
            layers={layer: self._layers[layer].sums() for layer in sorted(self._layers)},
            values={layer: dict(sorted(self._values[layer].items())) for layer in sorted(self._values)},
            worst=least_of([self._worst]) if self._worst else {},
        )

    def _count(self, name: str, keys: Iterable[str]) -> None:
        counts = self._counts[name]
        for key in keys:
            counts[key] += 1

    def _bin(self, name: str, at: int) -> None:
        """Count one thing in a bin; what lies beyond the last one counts in it."""
        bins = self._bins.get(name)
        if bins is None:
            bins = self._bins[name] = [0] * LENGTHS[name]
        bins[at if at < len(bins) else -1] += 1

    def _add_turn(self, record: Record) -> None:
        counts, turn = self._counts, record.turn
        counts["backgrounds"][turn[0]] += 1
        counts["foregrounds"][turn[1]] += 1
        counts["splits"][record.split] += 1
        if record.fewer:
            counts["fewer"][record.fewer] += 1
        # another than the one whose turn it was is seen
        if record.turn_foreground and record.figures:
            counts["stood_in"]["foreground"] += 1
        if record.turn_background:
            counts["stood_in"]["background"] += 1

    def _add_figures(self, record: Record, found: Counts) -> None:
        """Take in what a record says of its figures, and how they fill the frame, all of them taken as one."""
        counts, figures, (height, width) = self._counts, record.figures, found.shape
        area = 0
        for figure in figures:
            area += figure.area
            counts["placements"][figure.placement] += 1
            counts["classes"][figure.class_name] += 1
            self._bin("visible_histogram", int(figure.visible_fraction * VISIBLE_BINS))
        counts["figures"][str(len(figures))] += 1
        self._numbers["pixels"] += height * width
        self._numbers["area"] += area
        self._bin("area_histogram", area * AREA_BINS // (height * width))
        if found.frame is not None:
            x0, y0, x1, y1 = found.frame
            self._numbers["framed"] += 1
            self._bin("height_histogram", (y1 - y0) * FRAME_BINS // height)
            self._bin("width_histogram", (x1 - x0) * FRAME_BINS // width)
            self._count("cut", found.cut or (UNCUT,))

    def _add_plausibility(self, record: Record) -> None:
        """Take in a sample's plausibility, where it is known, and keep the least of all by name."""
        if record.plausibility < 0:
            return
        self._bin("plausibility_histogram", int(record.plausibility * PLAUSIBLE_BINS))
        self._count("doubts", record.doubts)
        self._worst[str(record.index)] = round(1000 * record.plausibility)
        if len(self._worst) >= 8 * WORST:  # seldom sorted, and never many
            self._worst = least_of([self._worst])

    def _add_pixels(self, found: Counts) -> None:
        for layer, sums in found.layers.items():
            self._layers[layer].all.add(sums)
        for layer, values in found.values.items():
            known = self._values[layer]
            for value, count in values.items():
                known[value] += count
        if found.heat is not None:
            top, left, cells = found.heat
            self._heat[top : top + cells.shape[0], left : left + cells.shape[1]] += cells
        self._add_codes("depth_histogram", found.depth)

    def _add_checked(self, found: Counts, checked: Checked) -> None:
        numbers = self._numbers
        numbers["checked"] += 1
        numbers["wrong_boxes"] += checked.wrong_box
        numbers["around"] += checked.around
        numbers["around_moved"] += checked.around_moved
        for layer, sums in checked.layers.items():
            self._layers[layer].before.add(found.layers[layer])
            self._layers[layer].after.add(sums)
        against = self._counts["against_mask"]
        for layer, count in checked.against_mask.items():
            against[layer] += count
        self._add_codes("shift_histogram", checked.shifts)

    def _add_codes(self, name: str, histogram: Ints | None) -> None:
        if histogram is None:
            return
        if name not in self._codes:
            self._codes[name] = np.zeros(LENGTHS[name], np.int64)
        self._codes[name] += histogram
