"""The sample rows of the page: each sample beside what it was made from, with the legend of its depth colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from figureground.core.nouns import Background, Foreground
from figureground.core.record import FigureRecord, Record
from figureground.dataset.stored import Dataset
from figureground.image.colourmap import DepthScale
from figureground.image.masks import mask_of
from figureground.report import plots, samples
from figureground.report.samples import Shown
from figureground.report.template import markup
from figureground.report.thumbnails import jpeg_uri, png_uri

_ABREAST = 8  # tiles
_CUTOUT_SIDE = 168  # px of a cut-out's thumbnail, at most


@dataclass(frozen=True)
class Pictures:
    """Data URIs of a row's pictures; `mask` and `depth` are "" where the sample has none.  `extra`: other layers."""

    background: str
    cutout: str
    cutout_mask: str
    image: str
    mask: str
    depth: str
    extra: Mapping[str, str]


@dataclass(frozen=True)
class SampleRow:
    """A sample's row.  `area`: px seen of all its figures.  `figure` is its first, None for none; `contact` the depth
    there in words, "" without depth."""

    record: Record
    area: int
    figure: FigureRecord | None
    background: Background
    foreground: Foreground
    contact: str
    pictures: Pictures
    legend: str


@dataclass(frozen=True)
class SampleRows:
    """The rows; `legend` is that of them all where they have one common scale, else ""."""

    rows: tuple[SampleRow, ...]
    legend: str
    common_scale: bool

    @property
    def columns(self) -> int:
        """How many tiles stand side by side: all of a row's up to eight, else half of them."""
        tiles = max(5 + bool(row.pictures.depth) + len(row.pictures.extra) for row in self.rows)
        return tiles if tiles <= _ABREAST else -(-tiles // 2)


def sample_rows(dataset: Dataset, most: int) -> SampleRows:
    """Return the rows of up to `most` samples, spread over the dataset."""
    return rows_of(list(samples.load(dataset, samples.spread(dataset, most))))


def rows_of(shown: Sequence[Shown]) -> SampleRows:
    """Return the rows of some samples."""
    scales = samples.scales(shown)
    rows = tuple(_row(i, sample, scale) for i, (sample, scale) in enumerate(zip(shown, scales, strict=True)))
    common = len(set(scales)) == 1 and scales[0] is not None
    legend = _legend(scales[0], "depth-all", any(_has_holes(sample) for sample in shown)) if common else ""
    return SampleRows(rows, legend, common)


def _row(i: int, shown: Shown, scale: DepthScale | None) -> SampleRow:
    figure = shown.record.figures[0] if shown.record.figures else None
    return SampleRow(
        record=shown.record,
        area=sum(each.area for each in shown.record.figures),
        figure=figure,
        background=shown.background_entry,
        foreground=shown.foreground_entry,
        contact=_contact(figure.depth_at_contact, scale) if figure else "",
        pictures=_pictures(shown, scale),
        legend=_legend(scale, f"depth-{i}", _has_holes(shown), compact=True),
    )


def _pictures(shown: Shown, scale: DepthScale | None) -> Pictures:
    return Pictures(
        background=jpeg_uri(shown.background),
        cutout=png_uri(shown.cutout, _CUTOUT_SIDE),
        cutout_mask=png_uri(mask_of(shown.cutout[..., 3]) * np.uint8(255), _CUTOUT_SIDE),
        image=jpeg_uri(shown.image),
        mask=png_uri(shown.mask * np.uint8(255)) if shown.mask is not None else "",
        depth=jpeg_uri(scale.picture(shown.depth)) if shown.depth is not None and scale is not None else "",
        extra={layer: png_uri(picture) for layer, picture in shown.extra.items()},
    )


def _has_holes(shown: Shown) -> bool:
    return shown.depth is not None and bool(np.isnan(shown.depth.values).any())


def _legend(scale: DepthScale | None, name: str, striped: bool, compact: bool = False) -> str:
    return markup(plots.depth_legend(scale, name, striped, compact)) if scale is not None else ""


def _contact(depth: float | None, scale: DepthScale | None) -> str:
    if depth is None:
        return "unknown" if scale is not None else ""
    return plots.measure(depth, scale.unit if scale is not None else "")
