"""Statistics of samples, and Statistics + Statistics.

Everything that is accumulated is a whole number, so sums do not depend on the order of samples or on how they are cut
into parts.  Means and deviations are derived at the end.

Image sums are taken before JPEG coding, which costs no decoding but misses what coding does to the deviation.  A fixed
share of samples (`is_checked`) is decoded again; the mean and variance of those before and after coding give the
correction.  For lossless layers the correction is zero.
"""

from __future__ import annotations

import functools
import operator
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.samples.sums import LayerSums, Sums

AREA_BINS = 200  # of half a per cent of the canvas each
DEPTH_BINS = 1024
HEAT_CELLS = 32
VISIBLE_BINS = 20
SHIFT_STEP, SHIFT_BINS = 10, 512  # depth codes a bin (1 cm where a code is 1 mm), and bins
Vector = tuple[int, ...] | NDArray[np.int64]  # an array for one sample, a tuple for a sum


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
    classes: Mapping[str, int] = field(default_factory=dict)  # figures by the name of their class
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
