"""The page of a depth network's evaluation: one file that opens from disk, with nothing fetched and no scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from figureground.core.files import write_whole
from figureground.core.nouns import DepthMap, Picture
from figureground.evaluate.depth import Evaluation, Row, View
from figureground.evaluate.depth_table import Intervals, digits, intervals, paired
from figureground.evaluate.intervals import Interval, mean_interval, shown, span
from figureground.evaluate.metrics import DepthErrors
from figureground.evaluate.outlines import Outline, recalls
from figureground.image.colourmap import DepthScale, colours, depth_scale
from figureground.report import plots
from figureground.report.depth_facts import UNITS
from figureground.report.template import filled, markup
from figureground.report.thumbnails import jpeg_uri

WORST = 0.5  # the relative error at which the error colours end
# from much too near, over right, to much too far; lightness falls evenly to both sides
_ERROR_COLOURS = np.array(
    [(8, 48, 107), (49, 124, 189), (141, 190, 220), (245, 245, 243), (244, 177, 118), (214, 96, 22), (110, 36, 4)],
    np.float64,
)


@dataclass(frozen=True)
class Tile:
    """A picture as a data URI, its caption, and the legend of its colours or what is said instead."""

    caption: str
    uri: str
    legend: str = ""


@dataclass(frozen=True)
class PictureRow:
    """A picture's row: its rank from the worst, errors by alignment, tiles, % of known pixels, bias in words."""

    rank: int
    name: str
    network: Mapping[str, DepthErrors]
    constant: Mapping[str, DepthErrors]
    tiles: tuple[Tile, ...]
    known: float
    bias: str


@dataclass(frozen=True)
class Shown:
    """All that the page shows; its template reads these by name.  `rows`: from the worst picture to the best."""

    evaluation: Evaluation
    unit: str
    headline: str
    overall: Mapping[str, DepthErrors]
    constant: Mapping[str, DepthErrors]
    pixels: int
    compared: str
    rows: tuple[Row, ...]
    pictures: tuple[PictureRow, ...]
    error_legend: str
    percent: str
    estimates: Sequence[tuple[str, Mapping[str, Intervals]]]
    minus: Sequence[tuple[str, Mapping[str, Intervals]]]
    outlines: Sequence[tuple[str, Interval, Sequence[Outline]]]


Outlines = Mapping[str, Sequence[Outline]]  # by network


def write_evaluation(
    evaluation: Evaluation, out_html: Path, others: Sequence[Evaluation] = (), outlines: Outlines | None = None
) -> None:
    """Write the page of an evaluation (`evaluation_page`).  The same evaluation gives the same bytes."""
    page = evaluation_page(evaluation, others, outlines)
    write_whole(out_html, page.encode("utf-8", "xmlcharrefreplace"))


def evaluation_page(evaluation: Evaluation, others: Sequence[Evaluation] = (), outlines: Outlines | None = None) -> str:
    """Return the page: the overall table, then the pictures that kept a view, from the worst to the best.

    `others`: further networks on the same pictures, which the table compares; `outlines`: what masks say of them all.
    """
    head = evaluation.headline
    rows = sorted(evaluation.rows, key=lambda row: (-row.network[head].abs_rel, row.name))
    page = Shown(
        evaluation=evaluation,
        unit=UNITS[evaluation.unit],
        headline=head,
        overall=evaluation.overall(),
        constant=evaluation.overall_constant(),
        pixels=sum(row.network[head].pixels for row in evaluation.rows),
        compared=_compared(evaluation),
        rows=tuple(rows),
        pictures=tuple(
            _picture_row(rank, row, row.view, evaluation) for rank, row in enumerate(rows, 1) if row.view is not None
        ),
        error_legend=markup(_error_legend()),
        percent=f"{100 * WORST:g} %",
        estimates=[
            *((one.name, intervals([row.network for row in one.rows])) for one in (evaluation, *others)),
            ("constant", intervals([row.constant for row in evaluation.rows])),
        ],
        minus=[(one.name, paired(one, evaluation)) for one in others],
        outlines=[
            (name, mean_interval(recalls(found)), sorted(found, key=lambda one: one.recall)[:5])
            for name, found in (outlines or {}).items()
        ],
    )
    return filled("evaluation.html.j2", {**vars(page), "shown": shown, "span": span, "digits": digits})


def error_picture(estimate_m: NDArray[np.floating], truth_m: NDArray[np.floating]) -> Picture:
    """Return (estimate - truth) / truth in colours, uint8 (h, w, 3).

    Blue is too near, orange too far, white right; the colours end at an error of WORST.  Where the truth is unknown
    (NaN) there are grey stripes, and where the estimate is, the colour of the nearest: that is how it is counted.
    """
    relative = np.nan_to_num((estimate_m - truth_m) / truth_m, nan=-1.0, posinf=1.0, neginf=-1.0)
    at = (np.clip(relative / WORST, -1, 1) + 1) / 2
    stops = np.linspace(0, 1, len(_ERROR_COLOURS))
    rgb = np.stack([np.interp(at, stops, channel) for channel in _ERROR_COLOURS.T], -1)
    holes = colours(np.where(np.isfinite(truth_m), 0.0, np.nan))
    return np.where(np.isfinite(truth_m)[..., None], np.rint(rgb).astype(np.uint8), holes)


def _compared(evaluation: Evaluation) -> str:
    """Return in words how the network stands to the constant, by the headline's AbsRel."""
    head = evaluation.headline
    ours, flat = evaluation.overall()[head].abs_rel, evaluation.overall_constant()[head].abs_rel
    better = sum(row.network[head].abs_rel < row.constant[head].abs_rel for row in evaluation.rows)
    if ours >= flat:
        verdict = "It is no better than a constant"
    else:
        verdict = f"Its error is {100 * ours / flat:.0f}\N{NO-BREAK SPACE}% of a constant's"
    return f"{verdict}, and smaller on {better} of {len(evaluation.rows)} pictures"


def _picture_row(rank: int, row: Row, view: View, evaluation: Evaluation) -> PictureRow:
    # a few readings may all lie between the pixels that the view samples
    scale = depth_scale([DepthMap(view.truth_m, "m", "larger is farther")]) or DepthScale(0, evaluation.max_m, "m")
    head = evaluation.headline
    tiles = [
        Tile("photo", jpeg_uri(view.photo)),
        Tile("sensor depth", _depth(scale, view.truth_m), _legend(scale, f"depth-{rank}")),
        Tile(_says("estimate", head), _depth(scale, view.estimates_m[head]), "same colours"),
        Tile(_says("its error", head), _error(view, head)),
    ]
    if head == "metric":
        tiles.append(Tile("error once scaled", _error(view, "scaled")))
    known = 100 * float(np.isfinite(view.truth_m).mean())
    return PictureRow(rank, row.name, row.network, row.constant, tuple(tiles), known, _bias(view, head))


def _says(what: str, alignment: str) -> str:
    return what if alignment == "metric" else f"{what}, {alignment} fitted"


def _depth(scale: DepthScale, values: NDArray[np.float32]) -> str:
    return jpeg_uri(scale.picture(DepthMap(values, "m", "larger is farther")))


def _error(view: View, alignment: str) -> str:
    return jpeg_uri(error_picture(view.estimates_m[alignment], view.truth_m))


def _legend(scale: DepthScale, name: str) -> str:
    return markup(plots.depth_legend(scale, name, striped=True, compact=True))


def _bias(view: View, alignment: str) -> str:
    """Return the median relative error in words, over the view's pixels."""
    known = np.isfinite(view.truth_m)
    if not known.any():
        return "unknown"
    estimate = np.nan_to_num(view.estimates_m[alignment][known], nan=0.0)
    middle = float(np.median(estimate / view.truth_m[known])) - 1
    return f"{100 * abs(middle):.0f} % too {'far' if middle > 0 else 'near'}"


def _signed(value: float) -> str:
    return f"{value:+g}".replace("-", "−") if value else "0"


def _error_legend() -> str:
    """Return the colour bar of the error maps as SVG."""
    width, bar = 400, 20
    count = len(_ERROR_COLOURS) - 1
    stops = "".join(
        f'<stop offset="{i / count:.4f}" stop-color="rgb({r:.0f},{g:.0f},{b:.0f})"/>'
        for i, (r, g, b) in enumerate(_ERROR_COLOURS)
    )
    texts = "".join(
        f'<text x="{width * (i + 2) / 4:g}" y="{bar + 18}" text-anchor="{anchor}">{_signed(50 * i * WORST)} %</text>'
        for i, anchor in zip(range(-2, 3), ("start", "middle", "middle", "middle", "end"), strict=True)
    )
    return (
        f'<svg class="legend" viewBox="0 0 {width + 70} {bar + 22}" role="img" aria-label="error colours">'
        f'<defs><linearGradient id="error-ramp">{stops}</linearGradient>'
        '<pattern id="error-none" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="6" height="6" fill="#eceef0"/><rect width="3" height="6" fill="#969ca2"/></pattern></defs>'
        f'<rect width="{width}" height="{bar}" rx="2" fill="url(#error-ramp)"/>'
        f'<text x="8" y="{bar - 5}" class="on-dark">too near</text>'
        f'<text x="{width - 8}" y="{bar - 5}" text-anchor="end" class="on-dark">too far</text>{texts}'
        f'<rect x="{width + 14}" width="26" height="{bar}" fill="url(#error-none)"/>'
        f'<text x="{width + 14}" y="{bar + 18}">no reading</text></svg>'
    )
