"""How far an estimate of depth is from the truth: the field's error measures, and the alignments before them.

AbsRel, RMSE, log10 and δ1 are those of Eigen, Puhrsch and Fergus 2014 (log10 of Saxena et al. 2009).  Median scaling
is that of Zhou et al. 2017 and Godard et al. 2019; scale and shift in inverse depth is that of Ranftl et al. 2020
(MiDaS).  All maps are (height, width) or any other shape that the two share; all arithmetic is float64.  Maps of
(height, width) have edges besides (`boundaries.py`).

Which pixels count is the truth's affair alone: those where it is finite and above 0.  An estimate has to say something
about each of them, so one that is not finite or below MIN_M is taken as MIN_M: bad pixels are punished, not dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from figureground.core.nouns import DepthMap, Mask
from figureground.evaluate.boundaries import boundary_f1

MIN_M = 0.001  # the nearest that an estimate can be, m
DELTA = 1.25
_FLAT = 1e-6  # a map whose values spread less than this share of the largest is constant: that is float32 rounding

Values = NDArray[np.floating]
Metres = NDArray[np.float64]


@dataclass(frozen=True)
class DepthErrors:
    """The errors of one map, or their means.  `abs_rel`, `log10_` and `rmse_m` are better small; `delta1` and
    `boundary_f1`, 0..1, large.

    `pixels` is how many pixels of the truth count.  `boundary_f1` is NaN where the truth has no edge, or is no map.
    """

    abs_rel: float
    rmse_m: float
    log10_: float
    delta1: float
    pixels: int
    boundary_f1: float = float("nan")


def known(truth_m: Values) -> Mask:
    """Return where the truth says something: bool of its shape."""
    return np.asarray(np.isfinite(truth_m) & (truth_m > 0), np.bool_)


def repaired(estimate_m: Values) -> Metres:
    """Return the estimate with MIN_M where it is not finite or nearer than that."""
    values = np.asarray(estimate_m, np.float64)
    return np.where(np.isfinite(values) & (values >= MIN_M), values, MIN_M)


def abs_rel(estimate_m: Values, truth_m: Values, valid: Mask) -> float:
    """Return the mean of |e - t| / t over the valid pixels."""
    estimate, truth = _chosen(estimate_m, truth_m, valid)
    return float(np.mean(np.abs(estimate - truth) / truth))


def rmse(estimate_m: Values, truth_m: Values, valid: Mask) -> float:
    """Return the root of the mean of (e - t)² over the valid pixels, m."""
    estimate, truth = _chosen(estimate_m, truth_m, valid)
    return float(np.sqrt(np.mean((estimate - truth) ** 2)))


def log10(estimate_m: Values, truth_m: Values, valid: Mask) -> float:
    """Return the mean of |log10 e - log10 t| over the valid pixels."""
    estimate, truth = _chosen(estimate_m, truth_m, valid)
    return float(np.mean(np.abs(np.log10(estimate) - np.log10(truth))))


def delta1(estimate_m: Values, truth_m: Values, valid: Mask) -> float:
    """Return the share of the valid pixels where max(e/t, t/e) < 1.25, 0..1."""
    estimate, truth = _chosen(estimate_m, truth_m, valid)
    return float(np.mean(np.maximum(estimate / truth, truth / estimate) < DELTA))


def errors(estimate_m: Values, truth_m: Values) -> DepthErrors:
    """Return all errors over the pixels that the truth knows.  Raises ValueError when it knows none."""
    valid, estimate = known(truth_m), repaired(estimate_m)
    return DepthErrors(
        abs_rel(estimate, truth_m, valid),
        rmse(estimate, truth_m, valid),
        log10(estimate, truth_m, valid),
        delta1(estimate, truth_m, valid),
        int(np.count_nonzero(valid)),
        boundary_f1(estimate, truth_m, valid) if valid.ndim == 2 else float("nan"),
    )


def mean(rows: Sequence[DepthErrors]) -> DepthErrors:
    """Return the mean of each error over pictures, each picture counting alike, and the sum of their pixels.

    Pictures whose truth has no edge take no part in the boundary F1.
    """
    if not rows:
        raise ValueError("the mean of no pictures")
    table = np.array([(r.abs_rel, r.rmse_m, r.log10_, r.delta1) for r in rows], np.float64)
    columns = [float(v) for v in table.mean(0)]
    edges = [r.boundary_f1 for r in rows if np.isfinite(r.boundary_f1)]
    return DepthErrors(
        *(columns[0], columns[1], columns[2], columns[3]),
        pixels=sum(r.pixels for r in rows),
        boundary_f1=float(np.mean(edges)) if edges else float("nan"),
    )


def align_scale(estimate_m: Values, truth_m: Values) -> Metres:
    """Return the estimate times median(truth) / median(estimate), both medians over the pixels that the truth knows."""
    valid, estimate = known(truth_m), repaired(estimate_m)
    chosen, truth = _chosen(estimate, truth_m, valid)
    return np.asarray(estimate * (np.median(truth) / np.median(chosen)))


def align_scale_shift(estimate: Values, truth_m: Values, max_m: float, *, inverse: bool = True) -> Metres:
    """Return depth in metres from an estimate known up to scale and shift, NaN where the estimate is not finite.

    `estimate` is inverse depth in any scale, larger is nearer: a·e + b is fitted to 1/truth by least squares, kept at
    1/max_m or more, and inverted.  With `inverse=False` it is depth, larger is farther: a·e + b is fitted to the truth
    and kept within MIN_M and max_m.

    a is never negative, so that a map which says near for far is not turned round.  Where the best a would be
    negative, and for a constant estimate, a = 0 and b = the mean of 1/truth (of the truth): the best constant.
    """
    values, valid = np.asarray(estimate, np.float64), known(truth_m)
    finite = np.isfinite(values)
    values = np.where(finite, values, np.nan)
    truth = np.asarray(truth_m, np.float64)[valid & finite]
    if not truth.size:
        return np.full(values.shape, np.nan)
    a, b = _line(values[valid & finite], 1 / truth if inverse else truth)
    fitted = a * values + b
    return 1 / np.maximum(fitted, 1 / max_m) if inverse else np.clip(fitted, MIN_M, max_m)


def aligned(depth: DepthMap, truth_m: Values, max_m: float) -> dict[str, Metres]:
    """Return the map in metres, at most max_m, by each alignment that its unit allows, in this order.

    "metric": as it is; inverse depth is inverted, and 0 or less of it means infinitely far, so max_m.  "scaled": times
    one factor a picture.  Both need a map in m or 1/m: one known only up to scale *and shift* has no depth to scale.
    "scale and shift": one factor and one addend a picture, fitted in inverse depth (in depth for relative depth that
    is larger for farther).
    """
    if depth.unit == "relative":
        inverse = depth.direction == "larger is nearer"
        values = depth.values.astype(np.float64)
        return {"scale and shift": align_scale_shift(values, truth_m, max_m, inverse=inverse)}
    metric = metres(depth, max_m)
    return {
        "metric": metric,
        "scaled": np.minimum(align_scale(metric, truth_m), max_m),
        "scale and shift": align_scale_shift(_nearness(depth), truth_m, max_m),
    }


def metres(depth: DepthMap, max_m: float) -> Metres:
    """Return a map in m or 1/m as metres, at most max_m, NaN where unknown."""
    return np.asarray(1 / np.maximum(_nearness(depth), 1 / max_m))


def _nearness(depth: DepthMap) -> Metres:
    """Return a map in m or 1/m as inverse depth, NaN where unknown."""
    values = depth.values.astype(np.float64)
    return np.asarray(1 / np.where(values > 0, values, np.nan)) if depth.unit == "m" else values


def _chosen(estimate: Values, truth: Values, valid: Mask) -> tuple[Metres, Metres]:
    if estimate.shape != truth.shape or valid.shape != truth.shape:
        raise ValueError(f"estimate {estimate.shape}, truth {truth.shape} and mask {valid.shape} differ in shape")
    if not valid.any():
        raise ValueError("no pixel has a true depth")
    return np.asarray(estimate, np.float64)[valid], np.asarray(truth, np.float64)[valid]


def _line(x: Metres, y: Metres) -> tuple[float, float]:
    """Return a >= 0 and b that minimise the sum of (a·x + b - y)²; a = 0 for constant x."""
    largest = float(np.abs(x).max())
    if largest == 0:
        return 0.0, float(y.mean())
    unit = x / largest  # so that no square overflows
    centred = unit - unit.mean()
    spread = float(np.mean(centred**2))
    if spread <= _FLAT**2:
        return 0.0, float(y.mean())
    slope = max(0.0, float(np.mean(centred * (y - y.mean()))) / spread)
    return slope / largest, float(y.mean() - slope * unit.mean())


def iou(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Return intersection over union of two masks; 1 where both are empty."""
    union = int(np.count_nonzero(found | truth))
    return np.count_nonzero(found & truth) / union if union else 1.0
