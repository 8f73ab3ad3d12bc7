"""Contact sheets: many pictures on one, with captions.  Also the picture of sample rows that the README shows."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from figureground.core.canvas import Canvas
from figureground.core.nouns import Background, Box, Catalog, Foreground, Picture
from figureground.core.store import Store
from figureground.dataset.stored import Dataset
from figureground.image.colourmap import colours
from figureground.image.masks import mask_of
from figureground.ingest.pixels import Pixels
from figureground.report import samples
from figureground.report.floors import floors
from figureground.report.plots import measure, number

MOST = 400  # photos on one sheet
TILE = 128  # px
_PAPER, _INK, _QUIET, _EMPTY = (250, 250, 248), (28, 30, 34), (110, 114, 120), (234, 234, 231)
_MARK = (214, 96, 0)
_SQUARE = 8  # px of the checkerboard
_MARGIN, _GAP, _HEAD, _LINE = 20, 10, 40, 15
_RAMP = 160  # px of the depth colours
_LONGEST = 300  # letters of a caption that are looked at


@dataclass(frozen=True)
class Layout:
    """Where everything lies on a sheet of `count` tiles; `tile` is (height, width), all in px."""

    count: int
    columns: int
    tile: tuple[int, int]
    lines: int = 1  # of text below each tile
    head: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of the sheet."""
        rows = max(1, math.ceil(self.count / self.columns))
        last = self.box(rows * self.columns - 1)
        return last[3] + self.lines * _LINE + _MARGIN + (2 if self.lines else 0), last[2] + _MARGIN

    def box(self, k: int) -> Box:
        """Return (x0, y0, x1, y1) of tile k; tiles are laid row by row."""
        row, column = divmod(k, self.columns)
        x = _MARGIN + column * (self.tile[1] + _GAP)
        y = _MARGIN + self.head + row * (self.tile[0] + self.lines * _LINE + _GAP)
        return x, y, x + self.tile[1], y + self.tile[0]


def checkerboard(height: int, width: int) -> Picture:
    """Return uint8 (height, width, 3): the light grey squares that stand for transparency."""
    row, column = np.indices((height, width))
    grey = np.where((row // _SQUARE + column // _SQUARE) % 2, 226, 250).astype(np.uint8)
    return np.repeat(grey[..., None], 3, -1)


def tile_of(canvas: Canvas, side: int) -> tuple[int, int]:
    """Return (height, width) of a tile with the shape of the canvas and the area of a square of that side."""
    ratio = math.sqrt(canvas.height / canvas.width)
    return round(side * ratio), round(side / ratio)


def fit(picture: NDArray[np.uint8], tile: tuple[int, int]) -> Picture:
    """Return a picture (h, w), (h, w, 3) or (h, w, 4) as uint8 (*tile, 3): all of it, centred, never enlarged.

    A cut-out lies on a checkerboard; around a mask (h, w) the tile is black, around other pictures grey.
    """
    image = Image.fromarray(picture)
    height, width = tile
    scale = min(1.0, height / image.height, width / image.width)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if image.mode == "RGBA":  # premultiplied for resizing, or transparent pixels' colours bleed into the edges
        image = image.convert("RGBa").resize(size, Image.Resampling.LANCZOS).convert("RGBA")
        canvas = Image.fromarray(checkerboard(height, width))
    else:
        canvas = Image.new("RGB", (width, height), (0, 0, 0) if picture.ndim == 2 else _EMPTY)
        image = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    canvas.paste(image, ((width - size[0]) // 2, (height - size[1]) // 2), image if image.mode == "RGBA" else None)
    return np.asarray(canvas)


def contact_sheet(
    tiles: Sequence[NDArray[np.uint8]],
    captions: Sequence[str],
    columns: int,
    tile: tuple[int, int] = (TILE, TILE),
    title: str = "",
    subtitle: str = "",
    marked: Collection[int] = (),
) -> Picture:
    """Return one uint8 (height, width, 3) sheet of the tiles, row by row, at the places that `Layout` says.

    A tile is uint8 (h, w), (h, w, 3) or (h, w, 4); larger ones are scaled down to `tile`, (height, width) in px.  A
    caption may have several lines; lines that are too long are shortened in the middle.  `marked`: tiles in a frame.
    Raises ValueError when counts differ.
    """
    if len(tiles) != len(captions):
        raise ValueError(f"{len(tiles)} tiles, but {len(captions)} captions")
    lines = max((caption.count("\n") + 1 for caption in captions if caption), default=0)
    layout = Layout(len(tiles), max(1, columns), tile, lines, _HEAD if title else 0)
    height, width = layout.shape
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    if title:
        _heading(draw, title, subtitle, width)
    for k, (picture, caption) in enumerate(zip(tiles, captions, strict=True)):
        x0, y0, x1, y1 = layout.box(k)
        sheet.paste(Image.fromarray(fit(picture, tile)), (x0, y0))
        if k in marked:
            draw.rectangle((x0 - 3, y0 - 3, x1 + 2, y1 + 2), outline=_MARK, width=3)
        for i, line in enumerate(caption.split("\n")):
            font = _font(12 if i == 0 else 11)
            text = _shortened(line, font, x1 - x0)
            draw.text((x0, y1 + 2 + i * _LINE), text, _QUIET if i else _INK, font)
    return np.asarray(sheet)


def _heading(draw: ImageDraw.ImageDraw, title: str, subtitle: str, width: int) -> None:
    font = _font(20)
    draw.text((_MARGIN, _MARGIN - 4), title, _INK, font)
    start = _MARGIN + font.getlength(title) + 14
    draw.text((start, _MARGIN + 3), _shortened(subtitle, _font(13), width - _MARGIN - start), _QUIET, _font(13))


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _shortened(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> str:
    """Return the text, or its beginning and end around "..." where it is wider than `width` px."""
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]}{text[-_LONGEST // 2 :]}"
    if font.getlength(text) <= width:
        return text
    for keep in range(len(text) - 1, 1, -1):
        short = f"{text[: (keep + 1) // 2]}...{text[len(text) - keep // 2 :]}"
        if font.getlength(short) <= width:
            return short
    return ""


def write_contact_sheets(store: Store, catalog: Catalog, canvas: Canvas) -> None:
    """Write Background.jpg, Foreground.jpg, Mask.jpg and, with floors, Floor.jpg beside a catalog's pictures.

    Where there are more than 400 photos, an even spread of 400 is shown and the sheet says so.
    """
    shape, square, held = tile_of(canvas, TILE), (TILE, TILE), Pixels(catalog, store)
    kinds: tuple[tuple[str, str, tuple[int, int], Sequence[Background | Foreground], Callable[[int], Any]], ...] = (
        ("Background", "backgrounds", shape, catalog.backgrounds, held.background),
        ("Foreground", "foregrounds", square, catalog.foregrounds, held.cutout),
        ("Mask", "masks of the foregrounds", square, catalog.foregrounds, held.mask),
    )
    for name, what, tile, entries, picture_of in kinds:
        shown = list(range(len(entries)))
        says = f"{len(entries):,} {what}"
        if len(entries) > MOST:
            shown = np.linspace(0, len(entries) - 1, MOST).round().astype(int).tolist()
            says = f"an even spread of {len(shown)} of the {says}"
        sheet = contact_sheet(
            [picture_of(i) for i in shown],
            [f"{entries[i].id}\n{PurePosixPath(entries[i].source).name}" for i in shown],
            min(16, max(4, math.ceil(math.sqrt(1.6 * len(shown))))),
            tile,
            title=name,
            subtitle=says,
        )
        store.write(f"{name}.jpg", jpeg(sheet))
    shown_floors = floors(catalog, held, MOST)
    if shown_floors:
        sheet = contact_sheet(
            [picture for _, picture in shown_floors],
            [name for name, _ in shown_floors],
            min(16, max(4, math.ceil(math.sqrt(1.6 * len(shown_floors))))),
            shape,
            title="Floor",
            subtitle=f"{len(shown_floors):,} floors as they were found, with their horizons",
        )
        store.write("Floor.jpg", jpeg(sheet))


def jpeg(sheet: Picture) -> bytes:
    """Return a sheet's file."""
    out = io.BytesIO()
    Image.fromarray(sheet).save(out, "JPEG", quality=88, subsampling="4:4:4")
    return out.getvalue()


def sample_sheet(dataset: Dataset, n: int, tile: int = 176) -> Picture:
    """Return one uint8 (height, width, 3) picture of n samples spread over the dataset, a row each.

    Columns: background, foreground, its mask, composite, the composite's mask, and depth where there is any, with the
    legend of its colours below.
    """
    rows = list(samples.load(dataset, samples.spread(dataset, n)))
    return rows_sheet(rows, tile_of(Canvas.of(dataset.manifest["size"]), tile))


def rows_sheet(
    rows: Sequence[samples.Shown], shape: tuple[int, int], title: str = "", subtitle: str = "", named: bool = False
) -> Picture:
    """Return the sheet of some samples, a row each, of tiles of that shape.  `named`: with their photos' names."""
    scales = samples.scales(rows)
    tiles: list[NDArray[np.uint8]] = []
    captions: list[str] = []
    for row, scale in zip(rows, scales, strict=True):
        cells: list[tuple[NDArray[np.uint8], str]] = [
            (row.background, f"background {row.background_entry.id}" + _name(row.background_entry.source, named)),
            (row.cutout, f"foreground {row.foreground_entry.id}" + _name(row.foreground_entry.source, named)),
            (mask_of(row.cutout[..., 3]) * np.uint8(255), "its mask"),
            (row.image, f"composite {row.record.key}"),
        ]
        if row.mask is not None:
            cells.append((row.mask * np.uint8(255), "its mask"))
        if row.depth is not None and scale is not None:
            says = f"depth {number(scale.near)} to {measure(scale.far, scale.unit)}"
            cells.append((scale.picture(row.depth), says))
        tiles += [picture for picture, _ in cells]
        captions += [caption for _, caption in cells]
    sheet = contact_sheet(tiles, captions, max(1, len(tiles) // max(1, len(rows))), shape, title, subtitle)
    return _with_ramp(sheet) if any(scale is not None for scale in scales) else sheet


def _name(source: str, named: bool) -> str:
    return f"\n{PurePosixPath(source).name}" if named else ""


def _with_ramp(sheet: Picture) -> Picture:
    """Return the sheet with the depth colours below, from near to far."""
    height, width = sheet.shape[:2]
    bar = np.broadcast_to(np.linspace(1, 0, _RAMP, dtype=np.float32), (12, _RAMP))
    canvas = Image.new("RGB", (width, height + 24), _PAPER)
    canvas.paste(Image.fromarray(sheet), (0, 0))
    font, y = _font(12), height - 4
    x = width - _MARGIN - int(font.getlength("far")) - 8 - _RAMP
    canvas.paste(Image.fromarray(colours(bar)), (x, y))
    draw = ImageDraw.Draw(canvas)
    draw.text((x - 8 - font.getlength("depth: near"), y - 2), "depth: near", _INK, font)
    draw.text((x + _RAMP + 8, y - 2), "far", _INK, font)
    return np.asarray(canvas)
