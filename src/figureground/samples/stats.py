"""Statistics of samples, and Statistics + Statistics.

Everything that is accumulated is a whole number, so sums do not depend on the order of samples or on how they are cut
into parts.  Means and deviations are derived at the end.

Image sums are taken before JPEG coding, which costs no decoding but misses what coding does to the deviation.  A fixed
share of samples (`is_checked`) is decoded again; the mean and variance of those before and after coding give the
correction.  For lossless layers the correction is zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from figureground.core.layers import LAYERS
from figureground.core.record import SPLITS, split_name
from figureground.core.typed import typed
from figureground.samples.sums import LayerSums, Sums

AREA_BINS = 200  # of half a per cent of the canvas each
DEPTH_BINS = 1024
HEAT_CELLS = 32
VISIBLE_BINS = 20
FRAME_BINS = 200  # of half a per cent of a side of the canvas each
PLAUSIBLE_BINS = 20
WORST = 12  # samples that are kept by name
UNCUT = "none"  # among the sides at which the frame cuts
SHIFT_STEP, SHIFT_BINS = 10, 512  # depth codes a bin (1 cm where a code is 1 mm), and bins
LENGTHS = {"heat": HEAT_CELLS**2, "area_histogram": AREA_BINS, "depth_histogram": DEPTH_BINS}
LENGTHS |= {"visible_histogram": VISIBLE_BINS, "height_histogram": FRAME_BINS, "width_histogram": FRAME_BINS}
LENGTHS |= {"plausibility_histogram": PLAUSIBLE_BINS, "shift_histogram": SHIFT_BINS}
Vector = tuple[int, ...]


@dataclass(frozen=True)
class Statistics:
    """What a set of samples amounts to.  `heat[i][j]` counts mask pixels in cell (i, j) of a 32 x 32 grid.

    `depth_histogram` has 1024 bins over the code range of the encoding; `layers["depth"]` sums valid codes only.
    """

    samples: int = 0
    pixels: int = 0
    area: int = 0  # mask pixels, as the records have them
    layers: Mapping[str, LayerSums] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # layer -> its px by value
    against_mask: Mapping[str, int] = field(default_factory=dict)  # layer -> decoded px that contradict the mask
    bytes: Mapping[str, int] = field(default_factory=dict)
    backgrounds: Mapping[str, int] = field(default_factory=dict)  # samples by whose turn it was
    foregrounds: Mapping[str, int] = field(default_factory=dict)
    stood_in: Mapping[str, int] = field(default_factory=dict)  # samples in which another "foreground", "background" is
    fewer: Mapping[str, int] = field(default_factory=dict)  # samples with fewer figures than wanted, by the reason
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
    no_depth: Mapping[str, int] = field(default_factory=dict)  # samples whose depth has no value at all, by number
    no_depth_why: Mapping[str, int] = field(default_factory=dict)  # how many of them, by the reason
    framed: int = 0  # samples whose masks show something
    height_histogram: Vector = ()  # of these, by height of the mask's box, 200 bins over the frame's height
    width_histogram: Vector = ()  # by its width, likewise
    cut: Mapping[str, int] = field(default_factory=dict)  # of these, those that the frame cuts at each side, or at none
    plausibility_histogram: Vector = ()  # samples by plausibility, 20 bins over 0..1; none where it is unknown
    doubts: Mapping[str, int] = field(default_factory=dict)  # how many of them each doubt speaks against
    worst: Mapping[str, int] = field(default_factory=dict)  # the least plausible, in thousandths, by their numbers
    shift_histogram: Vector = ()  # |depth of the composite - of its background| by the network, outside masks

    def __add__(self, other: Statistics) -> Statistics:
        return _sum_of([self, other])


def total(found: Iterable[Statistics]) -> Statistics:
    """Return the sum of many statistics, the same as adding them one after the other."""
    listed = list(found)
    return _sum_of(listed) if listed else Statistics()


def total_by_split(found: Sequence[Mapping[str, Statistics]]) -> dict[str, Statistics]:
    """Return the sums of statistics that are kept by split, in the order of the splits."""
    splits = [split for split in SPLITS if any(split in one for one in found)]
    return {split: total(one[split] for one in found if split in one) for split in splits}


def _sum_of(found: Sequence[Statistics]) -> Statistics:
    plain: dict[str, Any] = {}
    for name in Statistics.__dataclass_fields__:
        values = [value for one in found if (value := getattr(one, name))]
        if name in ("layers", "values"):
            layers = sorted({layer for one in values for layer in one})
            add = _sums_of if name == "layers" else _counts_of
            plain[name] = {layer: add([one[layer] for one in values if layer in one]) for layer in layers}
        elif not values:
            plain[name] = getattr(found[0], name)
        elif isinstance(values[0], tuple):
            plain[name] = _vector_of(values)
        elif name == "worst":
            plain[name] = least_of(values)
        elif isinstance(values[0], Mapping):
            plain[name] = _counts_of(values)
        else:
            plain[name] = sum(values)
    return Statistics(**plain)


def _vector_of(found: Sequence[Vector]) -> tuple[int, ...]:
    added = np.array(found[0], np.int64)
    for one in found[1:]:
        added += one
    return tuple(added.tolist())


def _sums_of(found: Sequence[LayerSums]) -> LayerSums:
    return LayerSums(*(Sums.all_of([getattr(one, stage) for one in found]) for stage in ("all", "before", "after")))


def _counts_of(found: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Return counts added up, in the order of their names."""
    added: dict[str, int] = {}
    for one in found:
        for name, count in one.items():
            added[name] = added.get(name, 0) + count
    return dict(sorted(added.items()))


def least_of(found: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Return the least of scores by number, up to WORST of them, the least first; each number is in one of `found`."""
    every = {number: score for one in found for number, score in one.items()}
    return dict(sorted(every.items(), key=lambda item: (item[1], int(item[0])))[:WORST])


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
    return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}


def by_split_to_json(found: Mapping[str, Statistics]) -> dict[str, Any]:
    """Return plain lists and numbers of statistics by split; `by_split_from_json` is the inverse."""
    return {split: to_json(one) for split, one in found.items()}


def by_split_from_json(plain: Any) -> dict[str, Statistics]:
    """Return statistics by split.  Raises ValueError, and nothing else, for what are none."""
    return {_split(split): from_json(one) for split, one in typed(Mapping[str, Any], plain).items()}


def from_json(plain: Any) -> Statistics:
    """Return statistics of plain lists and numbers; fields that are not known are of a later version.

    Raises ValueError, and nothing else, for what are none: counts that are no whole numbers or below 0, histograms of
    another length, layers or splits that there are not.
    """
    table = typed(Mapping[str, Any], plain)
    values: dict[str, Any] = {}
    for knob in fields(Statistics):
        if knob.name in table:
            try:
                values[knob.name] = _READERS.get(knob.name, _READERS[knob.type])(table[knob.name])
            except ValueError as error:
                raise ValueError(f"{knob.name}: {error}") from None
    for name, length in LENGTHS.items():
        if len(values.get(name, ())) not in (0, length):
            raise ValueError(f"{name}: {len(values[name])} counts, not {length}")
    return Statistics(**values)


_GREATEST = 10**30  # of a sum of squares of pixels: more than any dataset has


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _GREATEST:
        raise ValueError("no count")
    return value


def _vector(value: Any) -> tuple[int, ...]:
    if isinstance(value, list) and set(map(type, value)) <= {int}:  # thousands of them are read a part
        if value and not 0 <= min(value) <= max(value) <= _GREATEST:
            raise ValueError("no count")
        return tuple(value)
    # once a list of lists, of rows of cells
    flat = (
        [one for row in value for one in (row if isinstance(row, list) else [row])] if isinstance(value, list) else None
    )
    if flat is None:
        raise ValueError("no list of counts")
    return tuple(map(_count, flat))


def _counts(value: Any) -> dict[str, int]:
    return {name: _count(count) for name, count in typed(Mapping[str, Any], value).items()}


def _of_layers(value: Any, read: Callable[[Any], Any]) -> dict[str, Any]:
    table = typed(Mapping[str, Any], value)
    if unknown := table.keys() - LAYERS.keys():
        raise ValueError(f"no layer is called {ascii(min(unknown))[:40]}")
    return {name: read(one) for name, one in table.items()}


def _layer_sums(value: Any) -> LayerSums:
    table = typed(Mapping[str, tuple[Any, Any, Any]], value)
    if table.keys() - {"all", "before", "after"}:
        raise ValueError("no sums of a layer")
    found = {
        stage: Sums(_count(count), _channels(total), _channels(square))
        for stage, (count, total, square) in table.items()
    }
    if (
        any(len(one.total) != len(one.square) for one in found.values())
        or len({len(s.total) for s in found.values()} - {0}) > 1
    ):
        raise ValueError("sums of different channels")
    return LayerSums(**found)


def _channels(value: Any) -> tuple[int, ...]:
    found = _vector(value)
    if len(found) > _MOST_CHANNELS:
        raise ValueError(f"{len(found)} channels")
    return found


_MOST_CHANNELS = 4


def _split(name: str) -> str:
    if (split := split_name(name)) not in SPLITS:
        raise ValueError(f"no split is called {ascii(name)[:40]}")
    return split


def _numbered(value: Any) -> dict[str, int]:
    counts = _counts(value)
    if not all(name.isdecimal() and name.isascii() and len(name) < 19 for name in counts):
        raise ValueError("no numbers of samples")
    return counts


_READERS: dict[Any, Callable[[Any], Any]] = {
    "int": _count,
    "Vector": _vector,
    "Mapping[str, int]": _counts,
    "Mapping[str, LayerSums]": lambda value: _of_layers(value, _layer_sums),
    "Mapping[str, Mapping[str, int]]": lambda value: _of_layers(value, _counts),
    "splits": lambda value: {_split(name): count for name, count in _counts(value).items()},
    "worst": _numbered,
    "no_depth": _numbered,
    "figures": _numbered,
}
