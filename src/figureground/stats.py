"""Statistics of samples, and Statistics + Statistics.

Everything that is accumulated is a whole number, so sums do not depend on the order of samples or on how they are cut
into parts.  Means and deviations are derived at the end.

Image sums are taken before JPEG coding, which costs no decoding but misses what coding does to the deviation.  A fixed
share of samples (`is_checked`) is decoded again; the mean and variance of those before and after coding give the
correction.  For lossless layers the correction is zero.
"""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground import draws
from figureground.matte import tight_box
from figureground.sample import HALF

CHECK_SHARE = 1 / 16
HEAT_CELLS = 32
AREA_BINS = 200  # of half a per cent of the canvas each
DEPTH_BINS = 1024
SHIFT_STEP, SHIFT_BINS = 10, 512  # depth codes a bin (1 cm where a code is 1 mm), and bins
_LEVELS = np.arange(256, dtype=np.int64)


def is_checked(index: int) -> bool:
    """Tell whether sample `index` is decoded again while the dataset is written: 1 in 16, and always the first."""
    return index == 0 or float(draws.uniform(0, index, "decode check")) < CHECK_SHARE


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
    heat: tuple[int, ...] = ()
    area_histogram: tuple[int, ...] = ()
    depth_histogram: tuple[int, ...] = ()
    checked: int = 0
    wrong_boxes: int = 0  # checked samples whose decoded mask has another box than the record
    placements: Mapping[str, int] = field(default_factory=dict)  # figures by how they were placed
    figures: Mapping[str, int] = field(default_factory=dict)  # samples by their number of figures
    visible_histogram: tuple[int, ...] = ()  # figures by visible fraction, 20 bins over 0..1
    around: int = 0  # px of checked samples outside the mask, where depth is layered
    around_moved: int = 0  # of these, px whose decoded depth is not the background's own
    shift_histogram: tuple[int, ...] = ()  # |depth of the composite - of its background| by the network, outside masks

    def __add__(self, other: Statistics) -> Statistics:
        def vector(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
            return _add(a, b) if a and b else a or b

        def counts(a: Mapping[str, int], b: Mapping[str, int]) -> dict[str, int]:
            return dict(sorted((Counter(a) + Counter(b)).items()))

        layers = {
            name: self.layers.get(name, LayerSums()) + other.layers.get(name, LayerSums())
            for name in sorted({*self.layers, *other.layers})
        }
        return Statistics(
            self.samples + other.samples,
            self.pixels + other.pixels,
            self.area + other.area,
            layers,
            counts(self.bytes, other.bytes),
            counts(self.backgrounds, other.backgrounds),
            counts(self.foregrounds, other.foregrounds),
            counts(self.splits, other.splits),
            vector(self.heat, other.heat),
            vector(self.area_histogram, other.area_histogram),
            vector(self.depth_histogram, other.depth_histogram),
            self.checked + other.checked,
            self.wrong_boxes + other.wrong_boxes,
            counts(self.placements, other.placements),
            counts(self.figures, other.figures),
            vector(self.visible_histogram, other.visible_histogram),
            self.around + other.around,
            self.around_moved + other.around_moved,
            vector(self.shift_histogram, other.shift_histogram),
        )


def of_sample(
    stored: Mapping[str, NDArray[Any]],
    decoded: Mapping[str, NDArray[Any]] | None,
    record: Mapping[str, Any],
    sizes: Mapping[str, int],
    background: NDArray[np.uint16] | None = None,
) -> Statistics:
    """Return the statistics of one sample.

    `stored`: layer -> values before coding: image uint8 (h, w, 3), mask uint8 (h, w) of 0 and 255, depth codes (h, w).
    `decoded`: the same layers read back, for checked samples, else None.  `sizes`: bytes a layer.  `background`: the
    codes of its background's own depth, where depth has a fixed step.
    """
    mask = stored["mask"] >= HALF
    size = mask.shape[0]
    edges = np.arange(HEAT_CELLS) * size // HEAT_CELLS
    heat = np.add.reduceat(np.add.reduceat(mask.astype(np.int64), edges, 0), edges, 1)
    area = sum(figure["area"] for figure in record["figures"])
    area_bin = min(area * AREA_BINS // mask.size, AREA_BINS - 1)
    histogram: tuple[int, ...] = ()
    if "depth" in stored:
        codes = stored["depth"]
        shift = 6 if codes.dtype == np.uint16 else 0
        histogram = tuple(
            np.bincount(_valid(codes, record["depth_invalid"]).ravel() >> shift, minlength=DEPTH_BINS).tolist()
        )
    around = moved = 0
    shifts: tuple[int, ...] = ()
    if decoded is not None and background is not None:
        outside = decoded["mask"] < HALF
        own = background[outside]
        around, moved = own.size, int(np.count_nonzero(decoded["depth"][outside] != own))
        if "depth_network" in decoded:
            known = own > 0
            by = np.abs(decoded["depth_network"][outside].astype(np.int64) - own)[known] // SHIFT_STEP
            shifts = tuple(np.bincount(np.minimum(by, SHIFT_BINS - 1), minlength=SHIFT_BINS).tolist())
    visible = [min(int(figure["visible_fraction"] * 20), 19) for figure in record["figures"]]
    boxes = [tuple(figure["box"]) if figure["box"] else None for figure in record["figures"]]
    wrong = decoded is not None and len(boxes) == 1 and tight_box(decoded["mask"] >= HALF) != boxes[0]
    layers = {}
    for name, values in stored.items():
        sums = Sums.of(_columns(name, values, record))
        after = Sums.of(_columns(name, decoded[name], record)) if decoded is not None else Sums()
        layers[name] = LayerSums(sums, sums if decoded is not None else Sums(), after)
    return Statistics(
        1,
        mask.size,
        area,
        layers,
        dict(sizes),
        {record["background"]: 1},
        {record["figures"][0]["foreground"]: 1},
        {record["split"]: 1},
        tuple(heat.ravel().tolist()),
        tuple(int(i == area_bin) for i in range(AREA_BINS)),
        histogram,
        int(decoded is not None),
        int(wrong),
        dict(Counter(figure["placement"] for figure in record["figures"])),
        {str(len(record["figures"])): 1},
        tuple(visible.count(i) for i in range(20)),
        around,
        moved,
        shifts,
    )


def _valid(codes: NDArray[Any], invalid: int | None) -> NDArray[Any]:
    return codes if invalid is None else codes[codes != invalid]


def _columns(layer: str, values: NDArray[Any], record: Mapping[str, Any]) -> NDArray[Any]:
    if layer == "image":
        return values.reshape(-1, 3)
    return (_valid(values, record[f"{layer}_invalid"]) if layer.startswith("depth") else values).reshape(-1, 1)


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


def from_json(plain: Mapping[str, Any]) -> Statistics:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    values["layers"] = {
        name: LayerSums(
            **{stage: Sums(count, tuple(total), tuple(square)) for stage, (count, total, square) in layer.items()}
        )
        for name, layer in plain["layers"].items()
    }
    return Statistics(**values)


@dataclass(frozen=True)
class Check:
    """One self-check of a dataset: its name, whether it held, and the figures that decided it."""

    name: str
    passed: bool
    detail: str


def summary(statistics: Statistics, depths: Mapping[str, tuple[str, float]]) -> dict[str, Any]:
    """Return mean and std a layer: image in RGB order and mask over 0..1, depth in its unit.

    `depths`: depth layer -> (unit, value of one code, at offset 0); stretched 8-bit depth is over 0..1, "stretched".
    """
    scales = {"image": 1 / 255, "mask": 1 / 255} | {layer: step for layer, (_, step) in depths.items()}
    out: dict[str, Any] = {}
    for name, layer in statistics.layers.items():
        means, deviations = layer.moments()
        out[name] = {"mean": [m * scales[name] for m in means], "std": [d * scales[name] for d in deviations]}
    for depth, (unit, _) in depths.items():
        out[depth]["unit"] = unit
    return out


def checks(statistics: Statistics, depth_top: int = 65535) -> list[Check]:
    """Return the self-checks.  Each compares two figures that were gathered in different ways.

    `depth_top` is the largest depth code of the encoding: 65535 or 255.
    """
    found: list[Check] = []
    mask_mean, mask_std = (values[0] / 255 for values in statistics.layers["mask"].moments())
    p = statistics.area / statistics.pixels if statistics.pixels else 0.0
    bound = 1e-6
    found.append(
        Check(
            "mask mean equals the recorded areas",
            abs(mask_mean - p) < bound,
            f"mean {mask_mean:.6f}, recorded p {p:.6f}",
        )
    )
    expected = math.sqrt(max(p * (1 - p), 0.0))
    found.append(
        Check(
            "mask std equals sqrt(p(1-p)): the masks are binary",
            abs(mask_std - expected) < bound,
            f"std {mask_std:.6f}, sqrt(p(1-p)) {expected:.6f}",
        )
    )
    found.append(
        Check(
            "boxes are the boxes of the decoded masks",
            statistics.wrong_boxes == 0,
            f"{statistics.wrong_boxes} wrong of {statistics.checked} decoded",
        )
    )
    for name, layer in statistics.layers.items():
        top = depth_top if name.startswith("depth") else 255
        means, deviations = layer.moments()
        inside = all(d > 0 and d * d <= m * (top - m) * (1 + 1e-9) for m, d in zip(means, deviations, strict=True))
        found.append(
            Check(
                f"{name} variance lies within its bounds",
                inside,
                f"std {', '.join(f'{d / top:.4f}' for d in deviations)} of the range",
            )
        )
    if statistics.around:
        found.append(
            Check(
                "background pixels keep exactly the background's depth",
                statistics.around_moved == 0,
                f"{statistics.around_moved:,} of {statistics.around:,} decoded px differ",
            )
        )
    for kind, used in (("backgrounds", statistics.backgrounds), ("foregrounds", statistics.foregrounds)):
        few, many = min(used.values(), default=0), max(used.values(), default=0)
        even = many - few <= max(1, 0.01 * many)
        found.append(
            Check(f"{kind} are used evenly", even, f"{few if few == many else f'{few} to {many}'} samples each")
        )
    return found
