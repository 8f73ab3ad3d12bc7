"""The plots of a dataset's statistics, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from figureground.core.canvas import Canvas
from figureground.core.job import DepthPlan
from figureground.core.nouns import Catalog
from figureground.core.record import SPLITS, DepthMeaning
from figureground.report import plots
from figureground.report.facts import Numbers
from figureground.report.template import markup
from figureground.samples import stats

_BINS = 48  # bars of a histogram, at most
_STRAY = 0.1  # % of the pixels at each end that the depth histogram leaves out


@dataclass(frozen=True)
class StatisticsPlots:
    """A plot each; `depth` is None where there is no depth."""

    heat: Markup
    area: Markup
    bytes: Markup
    splits: Markup
    backgrounds: Markup
    foregrounds: Markup
    depth: Markup | None


def statistics_plots(
    numbers: Numbers, catalog: Catalog, canvas: Canvas, plan: DepthPlan, meaning: DepthMeaning | None
) -> StatisticsPlots:
    """Return the plots.  `meaning` is that of the first sample's depth, None where there is no depth."""
    total, depth = numbers.total, numbers.summary.get("depth")
    histogram = None
    if any(total.depth_histogram) and meaning is not None and depth is not None:
        histogram = markup(_depth(tuple(total.depth_histogram), depth.unit, meaning, plan.wide))
    return StatisticsPlots(
        heat=markup(_heat(total, canvas)),
        area=markup(_area(total)),
        bytes=markup(_bytes(total)),
        splits=markup(_splits(total)),
        backgrounds=markup(_uses("backgrounds", [b.id for b in catalog.backgrounds], total.backgrounds)),
        foregrounds=markup(_uses("foregrounds", [f.id for f in catalog.foregrounds], total.foregrounds)),
        depth=histogram,
    )


def _heat(total: stats.Statistics, canvas: Canvas) -> str:
    down, across = (np.diff(np.arange(stats.HEAT_CELLS + 1) * side // stats.HEAT_CELLS) for side in canvas.shape)
    cells = np.outer(down, across) * max(1, total.samples)
    share = np.reshape(total.heat or (0,) * stats.HEAT_CELLS**2, (stats.HEAT_CELLS, -1)) / cells
    return plots.heat_map(share, "where figures stand: share of the samples whose mask covers each place", canvas)


def _area(total: stats.Statistics) -> str:
    counts, low, high = rebin(tuple(total.area_histogram), 0.0, 100.0 / max(1, len(total.area_histogram)))
    return plots.histogram(counts, low, high, "mask area, % of the picture", "samples", "histogram of mask areas")


def _bytes(total: stats.Statistics) -> str:
    rows = [
        (name, float(size), f"{plots.human_bytes(size)}, {plots.human_bytes(size / max(1, total.samples))} a sample")
        for name, size in sorted(total.bytes.items(), key=lambda item: -item[1])
    ]
    return plots.share_rows(rows, "bytes of each layer")


def _splits(total: stats.Statistics) -> str:
    rows = [
        (name, float(count), f"{count:,} ({100 * count / max(1, total.samples):.1f} %)")
        for name, count in sorted(total.splits.items(), key=lambda item: SPLITS.index(item[0]))
    ]
    return plots.share_rows(rows, "samples in each split")


def _uses(kind: str, ids: Sequence[str], used: Mapping[str, int]) -> str:
    return plots.use_strip(ids, [used.get(i, 0) for i in ids], f"samples of each of the {len(ids)} {kind}")


def _depth(counts: Sequence[int], unit: str, meaning: DepthMeaning, wide: bool) -> str:
    """Return the plot of bins that are 64 codes wide for 16-bit depth (`wide`), else one code.

    Codes that differ from image to image are shown over 0..1.
    """
    codes = 64 if wide else 1
    fixed = unit in ("m", "1/m")
    step = codes * (meaning.scale if fixed else 1 / (65535 if wide else 255))
    shares = np.asarray(counts, np.float64) * 100 / sum(counts)
    below = np.cumsum(shares)
    stray = (below <= _STRAY) | (below - shares >= 100 - _STRAY)  # a few far pixels would flatten the rest
    values, low, high = rebin(np.where(stray, 0, shares), 0.0, step)
    axis = f"depth, {unit if fixed else '0..1 in each image'} ({meaning.direction})"
    outside = shares[stray].sum()
    note = f"; {plots.number(outside)} % lie outside" if outside > 0 else ""
    return plots.histogram(values, low, high, axis, "% of the pixels", "histogram of depth", note)


def rebin(counts: Sequence[float] | NDArray[np.float64], start: float, step: float) -> tuple[list[float], float, float]:
    """Return at most 48 wider bins around those that are not empty, and the range they span."""
    array = np.asarray(counts, np.float64)
    used = np.flatnonzero(array)
    if not used.size:
        return [0.0], start, start + step * max(1, array.size)
    first, end = int(used[0]), int(used[-1]) + 1
    merge = -(-(end - first) // _BINS)
    first -= first % merge
    padded = np.pad(array[first:end], (0, -(end - first) % merge))
    return padded.reshape(-1, merge).sum(1).tolist(), start + first * step, start + (first + padded.size) * step
