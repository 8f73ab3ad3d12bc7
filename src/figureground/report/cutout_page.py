"""The page of an evaluation of cut-outs, worst first: one file that opens from disk, with nothing fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from figureground.core.files import write_whole
from figureground.core.nouns import Mask, Picture
from figureground.evaluate.cutout_table import intervals, paired
from figureground.evaluate.cutouts import VIEW, Cut
from figureground.evaluate.intervals import Interval, shown, span
from figureground.image.masks import mask_of
from figureground.report.template import filled
from figureground.report.thumbnails import jpeg_uri

MOST = 60  # pictures on a page
TOO_MUCH, MISSING = (222, 92, 10), (20, 104, 196)  # orange and blue, which the colour-blind tell apart
_PAPER = 250.0

Results = Mapping[str, Sequence[Cut]]  # method -> its cuts of the same pictures


@dataclass(frozen=True)
class MethodRow:
    """A method's line in the table; `minus` is empty for the first method."""

    name: str
    found: Mapping[str, Interval]
    median: float
    gave_up: int
    ms: float
    minus: Mapping[str, Interval]


@dataclass(frozen=True)
class MethodTiles:
    """What one method made of a picture; `alpha` and `difference` are data URIs, "" where it gave up."""

    name: str
    iou: float
    boundary_f: float
    alpha: str
    difference: str


@dataclass(frozen=True)
class PictureRow:
    """A picture's tiles: its rank from the worst, the picture and its true mask, and each method's."""

    rank: int
    name: str
    picture: str
    truth: str
    methods: tuple[MethodTiles, ...]


def write_cutout_page(results: Results, out_html: Path) -> None:
    """Write the page of an evaluation.  The same evaluation gives the same bytes."""
    write_whole(out_html, cutout_page(results).encode("utf-8", "xmlcharrefreplace"))


def cutout_page(results: Results, most: int = MOST) -> str:
    """Return the page: the table, then the `most` pictures on which the first method is worst, from the worst.

    `results`: method -> its cuts of the same pictures.
    """
    first_name, first = next(iter(results.items()))
    worst = sorted(range(len(first)), key=lambda i: (first[i].iou, first[i].name))
    silent = [name for name, cuts in results.items() if all(cut.alpha is None for cut in cuts)]
    seen = {name: cuts for name, cuts in results.items() if name not in silent or name == first_name}
    values = {
        "first": first_name,
        "count": len(first),
        "methods": [_method(name, cuts, first) for name, cuts in results.items()],
        "silent": [name for name in silent if name != first_name],
        "pictures": [_picture(rank, i, seen) for rank, i in enumerate(worst[:most], 1)],
        "rows": [(first[i].name, [cuts[i] for cuts in results.values()]) for i in worst],
        "columns": 1 + len(seen),
        "shown": shown,
        "span": span,
        "too_much": _rgb(TOO_MUCH),
        "missing": _rgb(MISSING),
    }
    return filled("cutout_page.html.j2", values)


def difference(picture: Picture, found: Mask, truth: Mask) -> Picture:
    """Return a picture in grey, faint outside the true figure, with what is TOO_MUCH and what is MISSING in colour."""
    grey = np.asarray(Image.fromarray(picture).convert("L"), np.float64)
    grey = np.where(truth, grey, 0.4 * grey + 0.6 * _PAPER)
    shown = np.repeat(grey[..., None], 3, -1)
    for wrong, colour in ((found & ~truth, TOO_MUCH), (truth & ~found, MISSING)):
        shown[wrong] = 0.2 * shown[wrong] + 0.8 * np.array(colour)
    return np.rint(shown).astype(np.uint8)


def _method(name: str, cuts: Sequence[Cut], first: Sequence[Cut]) -> MethodRow:
    return MethodRow(
        name,
        intervals(cuts),
        float(np.median([cut.iou for cut in cuts])),
        sum(cut.alpha is None for cut in cuts),
        1000 * float(np.median([cut.seconds for cut in cuts])),
        {} if cuts is first else paired(cuts, first),
    )


def _picture(rank: int, i: int, results: Results) -> PictureRow:
    one = next(iter(results.values()))[i]
    tiles = tuple(_tiles(name, cuts[i]) for name, cuts in results.items())
    return PictureRow(rank, one.name, jpeg_uri(one.picture, VIEW), _grey(one.truth * np.uint8(255)), tiles)


def _tiles(name: str, cut: Cut) -> MethodTiles:
    if cut.alpha is None:
        return MethodTiles(name, cut.iou, cut.boundary_f, "", "")
    differs = difference(cut.picture, mask_of(cut.alpha), cut.truth)
    return MethodTiles(name, cut.iou, cut.boundary_f, _grey(cut.alpha), jpeg_uri(differs, VIEW))


def _grey(matte: Picture) -> str:
    return jpeg_uri(np.repeat(matte[..., None], 3, -1), VIEW)


def _rgb(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
