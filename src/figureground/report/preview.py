"""preview.html: what a recipe would make, in one file that opens from disk, with nothing fetched and no scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from figureground.core.canvas import Canvas
from figureground.report.photo_cards import Card, Cards
from figureground.report.sample_rows import SampleRows, rows_of
from figureground.report.samples import Shown
from figureground.report.template import filled
from figureground.report.thumbnails import icon_uri, jpeg_uri, png_uri


@dataclass(frozen=True)
class Preview:
    """What the page shows.  `samples`: how many a build would make."""

    name: str
    canvas: Canvas
    samples: int
    photos: tuple[Cards, ...]
    shown: Sequence[Shown]


@dataclass(frozen=True)
class Tile:
    """A card as the page has it; `uri` is "" where there is no picture."""

    name: str
    lines: tuple[str, ...]
    marked: bool
    uri: str
    cutout: bool


@dataclass(frozen=True)
class Section:
    """Cards under a heading."""

    title: str
    says: str
    tiles: tuple[Tile, ...]


def preview_page(preview: Preview) -> str:
    """Return the page."""
    sections = [
        Section(cards.title, cards.says, tuple(map(_tile, cards.shown))) for cards in preview.photos if cards.total
    ]
    rows: SampleRows | None = rows_of(preview.shown) if preview.shown else None
    about = {"name": preview.name, "canvas": preview.canvas, "samples": preview.samples, "icon": icon_uri()}
    return filled("preview.html.j2", {**about, "sections": sections, "rows": rows})


def _tile(card: Card) -> Tile:
    cutout = card.picture is not None and card.picture.shape[2] == 4
    uri = "" if card.picture is None else png_uri(card.picture) if cutout else jpeg_uri(card.picture)
    return Tile(card.name, card.lines, card.marked, uri, cutout)
