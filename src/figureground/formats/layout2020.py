"""The layout of the 2020 student dataset.

    data_part1.zip ...   data_1/Fg-Bg/fg-bg1.jpg   data_1/Fg-Bg-Mask/fg-bg-mask1.png   data_1/Depth/depth1.png
    Background/bg1.jpg   Foreground/fg1.png   Mask/mask1.png
    labels.txt           a tab-separated line a sample: FG BG FG-BG FG-BG-Mask Depth
    depth.csv            what the codes of each depth picture mean
    export.json          of which dataset it is, and with which options; labels.txt is written last

Part p of P holds foregrounds (p-1)*F/P+1 ... p*F/P; inside it, for each background, for each of its foregrounds, for
each position, the plain composite and then the mirrored one, numbered on from 1 through all parts.  P is 5 as in 2020,
or fewer where a zip would hold nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, TextIO

import numpy as np

from figureground.core.arrays import Ints
from figureground.core.errors import FigureGroundError
from figureground.core.nouns import HALF
from figureground.core.options import option
from figureground.core.recipe import ImageOptions
from figureground.core.record import DepthMeaning, Record
from figureground.core.store import Store
from figureground.dataset import names
from figureground.dataset.archive import Zip
from figureground.dataset.parts import add_member
from figureground.dataset.stored import Dataset
from figureground.formats.format import Format, Prepared, Work, require_choice
from figureground.formats.members import members, require_layers, suffix_of
from figureground.geometry.codes import dequantise, quantise, without_value
from figureground.ingest.catalog import mask_picture, numbers_of, picture
from figureground.samples import codec
from figureground.samples.records import meaning_of

USUAL_ZIPS = 5
LABELS = "labels.txt"
JPEG_2020 = ImageOptions(quality=30, optimize=True)
DEPTH_FIELDS = ("depth_unit", "depth_direction", "depth_scale", "depth_offset", "depth_invalid")


def numbering(rows: Ints, foregrounds: int, zips: int) -> tuple[Ints, Ints]:
    """Return (permutation of the rows, zip of each permuted row from 1).

    `rows`: int64 (n, 4): background, foreground (both from 0), position, mirrored.
    """
    part = _zip_of(rows[:, 1], foregrounds, zips)
    permutation = np.lexsort((rows[:, 3], rows[:, 2], rows[:, 1], rows[:, 0], part))
    return permutation, part[permutation]


def _zip_of(foreground: Ints, foregrounds: int, zips: int) -> Ints:
    """Return the zip, from 1, that each foreground is in."""
    ends = np.array([p * foregrounds // zips for p in range(1, zips + 1)])
    return np.searchsorted(ends, foreground, side="right") + 1


@dataclass(frozen=True)
class Options:
    parts: int | None = option(None, "How many zips; none means five, or as many as can be filled.")
    mask: str = option("png", "png: exact | jpeg: as in 2020")
    depth: str = option("stored", "stored: as it is | jpeg8: stretched per image, as in 2020")


@dataclass(frozen=True, eq=False)
class _Export:
    """What an export reads and writes.  `options`: with the number of zips; `rows`, `permutation`: of `numbering`."""

    work: Work
    options: Options
    rows: Ints
    permutation: Ints

    @property
    def dataset(self) -> Dataset:
        return self.work.dataset

    @property
    def store(self) -> Store:
        return self.work.store


def prepare(work: Work, options: Options) -> Prepared:
    """Members are copied as they are stored, where that is the form asked for; composites always become JPEG, those
    that are stored without loss at 2020's quality."""
    require_choice("mask", options.mask, ("png", "jpeg"))
    require_choice("depth", options.depth, ("stored", "jpeg8"))
    require_layers(work.dataset, "mask")
    foregrounds = len(work.dataset.catalog.foregrounds)
    rows = _rows(work)
    final = replace(options, parts=filled(rows, foregrounds, options.parts))
    permutation, part = numbering(rows, foregrounds, final.parts or 1)
    return Prepared(final, lambda: _write(_Export(work, final, rows, permutation), part))


FORMAT = Format("2020", "Zips with Fg-Bg, Fg-Bg-Mask and Depth folders, and labels.txt.", Options, prepare)


def _write(export: _Export, part: Ints) -> None:
    if export.store.size(LABELS) is None:
        _copy_catalog(export)
        _write_zips(export, part)


def _write_zips(work: _Export, part: Ints) -> None:
    """Write the zips that are missing, then depth.csv, then labels.txt.  `part`: the zip of each sample."""
    store = work.store
    with ExitStack() as stack:
        labels, close_labels = _text(stack, store, LABELS, "\n")
        ranges, close_ranges = _text(stack, store, "depth.csv", "")
        meanings = csv.writer(ranges, lineterminator="\n")
        meanings.writerow(("depth", *DEPTH_FIELDS))
        for p in range(1, (work.options.parts or 1) + 1):
            _write_zip(work, p, np.flatnonzero(part == p), labels, meanings)
        close_labels()
        close_ranges()


def _text(stack: ExitStack, store: Store, name: str, newline: str) -> tuple[TextIO, Callable[[], Any]]:
    """Return a text file that appears whole when the stack ends, and what flushes it before that."""
    text = io.TextIOWrapper(stack.enter_context(store.writing(name)), encoding="utf-8", newline=newline)
    return text, text.detach


def _rows(work: Work) -> Ints:
    """Return background, foreground, position and twin of each chosen sample."""
    dataset = work.dataset
    backgrounds, foregrounds = numbers_of(dataset.catalog.backgrounds), numbers_of(dataset.catalog.foregrounds)
    rows = np.empty((len(work.numbers), 4), np.int64)
    for k, (_, record) in enumerate(work.records()):
        _require_one(record)
        background, foreground = record.turn
        rows[k] = backgrounds[background], foregrounds[foreground], record.position, record.mirrored
        work.progress("records", k + 1, len(rows))
    return rows


def _require_one(record: Record) -> None:
    """Raise FigureGroundError for a sample that the layout has no number for: it knows one figure, its pair's."""
    if len(record.figures) != 1:
        raise FigureGroundError(
            f"the 2020 layout knows one figure a sample, and this one has {len(record.figures) or 'none'}",
            record.key,
            "build with placement.figures = [1, 1]",
        )
    if record.turn_background or record.turn_foreground:
        raise FigureGroundError(
            "another photo stands in for this sample's, and the 2020 layout numbers samples by their photos",
            record.key,
            'build with placement.mode = "uniform", or leave out the photos that have no place',
        )


def filled(rows: Ints, foregrounds: int, wanted: int | None) -> int:
    """Return the number of zips: the one wanted, or the greatest up to five of which each holds samples.

    Raises FigureGroundError for a wanted one that would leave a zip empty.
    """

    used = np.unique(rows[:, 1])

    def fills(zips: int) -> bool:
        return 1 <= zips <= used.size and np.unique(_zip_of(used, foregrounds, zips)).size == zips

    if wanted is not None and fills(wanted):
        return wanted
    most = (
        next(zips for zips in range(min(max(wanted or USUAL_ZIPS, 1), used.size), 0, -1) if fills(zips))
        if used.size
        else 1
    )
    if wanted is not None:
        raise FigureGroundError(
            f"{wanted} zips cannot be filled: each holds whole foregrounds, and the samples are of {used.size}",
            "--parts",
            f"--parts {most}, or leave it out",
        )
    return most


def _copy_catalog(work: _Export) -> None:
    catalog, source = work.dataset.catalog, work.dataset.store.below(names.CATALOG)
    for i, background in enumerate(catalog.backgrounds, 1):
        work.store.write(f"Background/bg{i}.jpg", picture(source, background.file, background.sha256))
    for i, foreground in enumerate(catalog.foregrounds, 1):
        work.store.write(f"Foreground/fg{i}.png", picture(source, foreground.file, foreground.sha256))
        suffix, data = _mask(mask_picture(source, foreground), "png", work.options.mask)
        work.store.write(f"Mask/mask{i}.{suffix}", data)


def _write_zip(work: _Export, p: int, chosen: Ints, labels: TextIO, meanings: Any) -> None:
    """Write one zip, unless it is there, its label lines and depth meanings; `chosen` are places in the order of all
    samples."""
    name = f"data_part{p}.zip"
    with ExitStack() as stack:
        archive = None
        if work.store.size(name) is None:
            file = stack.enter_context(work.store.writing(name))
            archive = stack.enter_context(Zip(file, "w"))
        for place in chosen.tolist():
            number, row = place + 1, int(work.permutation[place])
            i = work.work.numbers[row]
            record = work.dataset.record(i)
            image, mask, depth = _names(work, record, p, number)
            found = members(work.dataset, i) if archive is not None or work.options.depth == "jpeg8" else {}
            if archive is not None:
                add_member(archive, image, _image(found["image"], suffix_of(record, "image")))
                add_member(archive, mask, _mask(found["mask"], suffix_of(record, "mask"), work.options.mask)[1])
            if depth:
                (_, data), meaning = _depth(found.get("depth", b""), record, work.options.depth)
                if archive is not None:
                    add_member(archive, depth, data)
                meanings.writerow(
                    (depth, meaning.unit, meaning.direction, meaning.scale, meaning.offset, meaning.invalid)
                )
            background, foreground = work.rows[row, 0] + 1, work.rows[row, 1] + 1
            labels.write(f"Foreground/fg{foreground}.png\tBackground/bg{background}.jpg\t{image}\t{mask}\t{depth}\n")
            work.work.progress("export", number, len(work.rows))


def _names(work: _Export, record: Record, p: int, number: int) -> tuple[str, str, str]:
    """Return the members of a sample in zip p: image, mask and depth; "" where it has no depth."""
    mask = "jpg" if work.options.mask == "jpeg" else suffix_of(record, "mask")
    depth = f"data_{p}/Depth/depth{number}." if "depth" in record.files else ""
    if depth:
        depth += "jpg" if work.options.depth == "jpeg8" else suffix_of(record, "depth")
    return f"data_{p}/Fg-Bg/fg-bg{number}.jpg", f"data_{p}/Fg-Bg-Mask/fg-bg-mask{number}.{mask}", depth


def _image(data: bytes, suffix: str) -> bytes:
    """Return a composite as JPEG: as stored where it is one, else coded at the quality of 2020."""
    return data if suffix == "jpg" else codec.jpeg(codec.pixels(data), JPEG_2020)


def _mask(data: bytes, suffix: str, wanted: str) -> codec.Encoded:
    """Return (suffix, bytes) of a mask in the wanted format: PNG as stored, JPEG at quality 30 as in 2020."""
    if wanted == "png" or suffix == "jpg":
        return suffix, data
    return "jpg", codec.jpeg((codec.pixels(data) >= HALF) * codec.WHITE, JPEG_2020)


def _depth(data: bytes, record: Record, wanted: str) -> tuple[codec.Encoded, DepthMeaning]:
    """Return (suffix, bytes) of a depth map in the wanted form, and what it means."""
    suffix, meaning = suffix_of(record, "depth"), record.depths["depth"]
    if wanted == "stored" or suffix == "jpg":
        return (suffix, data), meaning
    try:
        depth = dequantise(codec.depth_code(codec.pixels(data), meaning))
        if np.isnan(depth.values).all():
            code = without_value(depth.values.shape, depth.unit, depth.direction, "jpeg8", "none is stored")
        else:
            code = quantise(depth, "jpeg8")
    except ValueError as error:
        raise FigureGroundError(str(error), record.key, "export with --depth stored") from None
    return ("jpg", codec.jpeg(code.codes.astype(np.uint8), JPEG_2020)), meaning_of(code)
