"""What can be had of a dataset without looking at its figures: shortcuts that a network may take, and how well they do.

A probe knows nothing of people or rooms.  Where it nearly reaches a network's score, that score says nothing either.
What a probe fits, it fits on the samples of other backgrounds than the one it is tested on, so that it remembers none;
only thresholds are the best for the very samples, which favours the probe.  docs/probes.md says each in words.

Depth is planar metres; a picture counts as much as another.  Maps are read on a grid (`seen.GRID`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from figureground.core.arrays import Floats, Ints
from figureground.core.typed import typed
from figureground.evaluate import metrics
from figureground.evaluate.seams import area_under_curve
from figureground.evaluate.seen import LEVELS, Seen

_SHARES = np.arange(20) / 20  # thresholds of a mean mask
_DIGITS = 4
ONE_BACKGROUND = "all samples show one background"


@dataclass(frozen=True)
class Probes:
    """Probe -> its values by name, rounded; or in `absent`, why it was not taken.  `samples` of so many `backgrounds`
    were looked at."""

    samples: int
    backgrounds: int
    found: Mapping[str, Mapping[str, float]]
    absent: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return plain values; `from_json` is the inverse."""
        found = {name: dict(values) for name, values in self.found.items()}
        return {"samples": self.samples, "backgrounds": self.backgrounds, "found": found, "absent": dict(self.absent)}


def from_json(plain: Any) -> Probes:
    """Return probes of plain values.  Raises ValueError, and nothing else, for what are none."""
    found: Probes = typed(Probes, plain)
    return found


def probes(seen: Sequence[Seen]) -> Probes:
    """Return how well each probe does on the samples, in the order of `PROBES`."""
    found, absent = {}, {}
    for name, take in PROBES.items():
        values = take(seen)
        if isinstance(values, str):
            absent[name] = values
        else:
            found[name] = {
                key: value if isinstance(value, int) else round(float(value), _DIGITS) for key, value in values.items()
            }
    return Probes(len(seen), len({one.background for one in seen}), found, absent)


def difference_key(seen: Sequence[Seen]) -> dict[str, float] | str:
    """The pixels that differ from the clean plate by more than so many levels, as a mask: mean IoU at the best
    threshold."""
    pairs = [(one.inside, one.outside) for one in seen if one.inside is not None and one.outside is not None]
    counts = [(inside, outside) for inside, outside in pairs if inside.any()]
    if not counts:
        return "there are no masks" if not pairs else "no mask shows anything"
    ious = np.zeros(LEVELS)
    for inside, outside in counts:
        hits, false = (_above(one) for one in (inside, outside))
        ious += hits / (inside.sum() + false)
    best = int(ious.argmax())
    return {"iou": ious[best] / len(counts), "threshold": best}


def _above(counts: Ints) -> Ints:
    """Return how many lie above each level."""
    return np.asarray(counts.sum() - counts.cumsum())


def masks(seen: Sequence[Seen]) -> dict[str, float] | str:
    """One mask for all pictures, tested on backgrounds that it was not made of: where the mean mask is above the best
    threshold; beside it the whole picture as a mask, which is the best constant."""
    shown = [one for one in seen if one.mask is not None and one.mask.any()]
    if len({one.background for one in shown}) < 2:
        return ONE_BACKGROUND if shown else "there are no masks, or none shows anything"
    stack = np.stack([one.mask for one in shown if one.mask is not None])
    ious, whole = np.zeros(_SHARES.size), 0.0
    for train, test in _folds(shown):
        mean = stack[train].mean(0)
        for k in test:
            whole += float(stack[k].mean())
            ious += [metrics.iou(np.asarray(mean > share), stack[k]) for share in _SHARES]
    best = int(ious.argmax())
    return {
        "iou": ious[best] / len(shown),
        "threshold": float(_SHARES[best]),
        "iou_whole_picture": whole / len(shown),
    }


def depths(seen: Sequence[Seen]) -> dict[str, float] | str:
    """One depth map for all pictures, tested likewise: the mean of each pixel, and the best constant."""
    shown = [one for one in seen if one.depth_m is not None and np.isfinite(one.depth_m).any()]
    if len({one.background for one in shown}) < 2:
        return ONE_BACKGROUND if shown else _first(seen, "no_depth") or "no depth has a value"
    stack = np.stack([one.depth_m for one in shown if one.depth_m is not None])
    found = []
    for train, test in _folds(shown):
        kept, valid = stack[train], np.isfinite(stack[train])
        few = kept[:, ::3, ::3][valid[:, ::3, ::3]]
        constant = weighted_median(few, 1 / few) if few.size else float(np.nanmedian(kept))
        count = valid.sum(0)
        mean = np.where(count > 0, np.where(valid, kept, 0).sum(0) / np.maximum(count, 1), constant)
        flat = np.full(mean.shape, constant)
        found += [(*_errors(mean, stack[k]), *_errors(flat, stack[k])) for k in test]
    means = np.array(found).mean(0)
    return dict(zip(("abs_rel", "delta1", "abs_rel_constant", "delta1_constant"), means.tolist(), strict=True))


def background(seen: Sequence[Seen]) -> dict[str, float] | str:
    """The depth of the background alone, as though no figure were there: on the whole picture, and on figures; pixels
    count whose depth both know."""
    found, figures = [], []
    for one in seen:
        if one.depth_m is not None and one.behind_m is not None:
            both = np.isfinite(one.depth_m) & np.isfinite(one.behind_m)
            truth = np.where(both, one.depth_m, np.nan)
            if both.any():
                found.append(_errors(one.behind_m, truth))
            if one.mask is not None and (both & one.mask).any():
                figures.append(_errors(one.behind_m, np.where(one.mask, truth, np.nan)))
    if not found:
        return _first(seen, "no_behind") or "no depth has a value"
    values = dict(zip(("abs_rel", "delta1"), np.array(found).mean(0).tolist(), strict=True))
    if figures:
        values |= zip(("abs_rel_figures", "delta1_figures"), np.array(figures).mean(0).tolist(), strict=True)
    return values


def feet(seen: Sequence[Seen]) -> dict[str, float] | str:
    """How far a figure is, by how low in the picture it stands: inverse depth as a line in the row; where horizons are
    known, also as a factor of the rows below them; beside them the best constant.  AbsRel of figures."""
    shown = [one for one in seen if one.feet]
    if len({one.background for one in shown}) < 2:
        return ONE_BACKGROUND if shown else _first(seen, "no_depth") or "no figure stands where depth is known"
    found = []
    for train, test in _folds(shown):
        known = np.array([foot for k in train for foot in shown[k].feet])
        asked = np.array([foot for k in test for foot in shown[k].feet])
        truth = asked[:, 2]
        constant = np.full(truth.size, weighted_median(known[:, 2], 1 / known[:, 2]))
        guesses = (_by_row(known, asked), _below_horizon(known, asked), constant)
        found.append(np.stack([np.abs(guess - truth) / truth for guess in guesses], 1))
    table = np.concatenate(found)
    values = {"abs_rel": table[:, 0].mean(), "abs_rel_constant": table[:, 2].mean(), "figures": len(table)}
    if np.isfinite(table[:, 1]).all():
        values["abs_rel_horizon"] = table[:, 1].mean()
    return values


def _by_row(known: Floats, asked: Floats) -> Floats:
    """Return depth by the row of the feet, m: the least-squares line of inverse depth, within what was seen of it."""
    row, inverse = known[:, 0], 1 / known[:, 2]
    centred = row - row.mean()
    spread = float((centred**2).sum())
    slope = float((centred * inverse).sum()) / spread if spread > 0 else 0.0
    line = inverse.mean() + slope * (asked[:, 0] - row.mean())
    return np.asarray(1 / np.clip(line, inverse.min(), inverse.max()))


def _below_horizon(known: Floats, asked: Floats) -> Floats:
    """Return depth by the rows below the horizon, m: one factor, the best by AbsRel; NaN where it says nothing."""
    used = known[known[:, 1] > 0]
    below = np.where(asked[:, 1] > 0, asked[:, 1], np.nan)
    if not used.size:
        return np.full(below.shape, np.nan)
    factor = weighted_median(used[:, 1] * used[:, 2], 1 / (used[:, 1] * used[:, 2]))
    return np.asarray(factor / below)


def seam(seen: Sequence[Seen]) -> dict[str, float] | str:
    """Noise and sharpness on either side of the outline (`seams.py`): the area under the curve of pieces of outlines
    against pieces of background."""
    found = [one.seam for one in seen if one.seam is not None]
    outline, control = (np.concatenate([[], *(one[k] for one in found)]) for k in (0, 1))
    if not outline.size:
        return "no outline has room beside it" if found else "there are no masks"
    return {"auc": area_under_curve(outline, control), "pieces": len(outline)}


PROBES: Mapping[str, Callable[[Sequence[Seen]], dict[str, float] | str]] = {
    "difference_key": difference_key,
    "mean_mask": masks,
    "background_depth": background,
    "mean_depth": depths,
    "feet": feet,
    "seam": seam,
}


def weighted_median(values: Floats, weights: Floats) -> float:
    """Return the value c, one of `values`, with the least sum of weights * |values - c|, the least of equals."""
    order = values.argsort()
    summed = weights[order].cumsum()
    return float(values[order][np.searchsorted(summed, summed[-1] / 2)])


def _folds(seen: Sequence[Seen]) -> Iterable[tuple[list[int], list[int]]]:
    """Yield (samples of all other backgrounds, samples of one background) for each."""
    for name in sorted({one.background for one in seen}):
        own = [k for k, one in enumerate(seen) if one.background == name]
        yield [k for k, one in enumerate(seen) if one.background != name], own


def _errors(estimate: Floats, truth: Floats) -> tuple[float, float]:
    """Return AbsRel and δ1 over the pixels that the truth knows."""
    valid = metrics.known(truth)
    return metrics.abs_rel(estimate, truth, valid), metrics.delta1(estimate, truth, valid)


def _first(seen: Sequence[Seen], field: str) -> str:
    return next((why for one in seen if (why := getattr(one, field))), "")
