"""How large figures are and where frames cut them, beside real photos: quantiles out of the statistics' histograms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from figureground.core.nouns import SIDES
from figureground.evaluate.framings import PHOTOS, QUANTILES, Spread
from figureground.report.spread_plot import Bar, spread_bars
from figureground.report.template import markup
from figureground.samples import stats

OWN = "this dataset"
SHOWN = (0.05, 0.25, 0.5, 0.75, 0.95)  # of QUANTILES: the ends of a bar, of its thick part, and its middle
_MEASURES = {"height": "of the frame's height", "width": "of the frame's width", "area": "of the frame's area"}


@dataclass(frozen=True)
class Cut:
    """Whose pictures are cut off how often, in per cent: at each side of SIDES, and at none."""

    of: str
    pictures: int
    sides: tuple[float, ...]
    uncut: float


@dataclass(frozen=True)
class Framings:
    """What the page shows of how figures fill frames: a plot for height, width and area, and where frames cut."""

    plots: Mapping[str, Markup]
    cuts: tuple[Cut, ...]
    figures: str


def framings(total: stats.Statistics) -> Framings | None:
    """Return how this dataset's figures fill frames, beside those of real photos; None where nobody counted it."""
    own = spread_of(total)
    if own is None:
        return None
    all_of = {OWN: own, **PHOTOS}
    plots = {}
    for measure, what in _MEASURES.items():
        bars = [Bar(f"{name} ({one.pictures:,})", _shown(one, measure), name == OWN) for name, one in all_of.items()]
        plots[measure] = markup(spread_bars(bars, f"{measure} of what is seen of figures, % {what}"))
    cuts = [
        Cut(name, one.pictures, tuple(100 * one.cut[side] for side in SIDES), 100 * one.uncut)
        for name, one in all_of.items()
    ]
    return Framings(plots, tuple(cuts), _figures(total))


def spread_of(total: stats.Statistics) -> Spread | None:
    """Return how the pictures of some statistics are framed, as `evaluate.framings.spread` does of masks, to half a per
    cent; None where nobody counted it."""
    if not (total.framed and total.height_histogram and total.width_histogram and total.area_histogram):
        return None
    heights, widths, areas = (
        _at_quantiles(bins) for bins in (total.height_histogram, total.width_histogram, total.area_histogram)
    )
    cut = {side: total.cut.get(side, 0) / total.framed for side in SIDES}
    return Spread(total.framed, heights, widths, areas, cut, total.cut.get(stats.UNCUT, 0) / total.framed)


def _at_quantiles(histogram: stats.Vector) -> tuple[float, ...]:
    """Return the values, 0..1, at QUANTILES of what was counted in bins; evenly within a bin."""
    counts = np.asarray(histogram, np.float64)
    ends = np.concatenate([[0.0], np.cumsum(counts)])
    edges = np.arange(counts.size + 1) / counts.size
    rising = np.concatenate([[True], np.diff(ends) > 0])
    return tuple(round(float(np.interp(q * ends[-1], ends[rising], edges[rising])), 4) for q in QUANTILES)


def _shown(one: Spread, measure: str) -> tuple[float, ...]:
    values = {"height": one.heights, "width": one.widths, "area": one.areas}[measure]
    return tuple(100 * values[QUANTILES.index(q)] for q in SHOWN)


def _figures(total: stats.Statistics) -> str:
    """Return how many figures pictures have, in words: "1 in 80 %, 2 in 20 % of the samples"."""
    every: Sequence[tuple[str, int]] = sorted(total.figures.items(), key=lambda item: int(item[0]))
    return ", ".join(f"{n} in {100 * count / max(1, total.samples):.0f} %" for n, count in every)
