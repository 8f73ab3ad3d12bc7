"""The layout of the 2020 student dataset.

    data_part1.zip ...   data_1/Fg-Bg/fg-bg1.jpg   data_1/Fg-Bg-Mask/fg-bg-mask1.png   data_1/Depth/depth1.png
    Background/bg1.jpg   Foreground/fg1.png   Mask/mask1.png
    labels.txt           a tab-separated line a sample: FG BG FG-BG FG-BG-Mask Depth
    depth.csv            what the codes of each depth picture mean

Part p of P holds foregrounds (p-1)*F/P+1 ... p*F/P; inside it, for each background, for each of its foregrounds, for
each position, the plain composite and then the mirrored one, numbered on from 1 through all parts.
"""

from __future__ import annotations

import csv
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from figureground.core.errors import FigureGroundError
from figureground.core.files import PARTIAL, partial_of
from figureground.core.recipe import ImageOptions
from figureground.core.sample import HALF
from figureground.dataset.parts import add_member
from figureground.dataset.stored import Dataset
from figureground.geometry.codes import dequantise, quantise
from figureground.samples import codec

JPEG_2020 = ImageOptions(quality=30, optimize=True)
DEPTH_FIELDS = ("depth_unit", "depth_direction", "depth_scale", "depth_offset", "depth_invalid")


def order(rows: NDArray[np.int64], foregrounds: int, zips: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (permutation of the rows, zip of each permuted row from 1).

    `rows`: int64 (n, 4): background, foreground (both from 0), position, mirrored.
    """
    ends = np.array([p * foregrounds // zips for p in range(1, zips + 1)])
    part = np.searchsorted(ends, rows[:, 1], side="right") + 1
    permutation = np.lexsort((rows[:, 3], rows[:, 2], rows[:, 1], rows[:, 0], part))
    return permutation, part[permutation]


def export(
    dataset: Dataset,
    out: Path,
    *,
    parts: int = 5,
    mask: str = "png",
    depth: str = "stored",
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> None:
    """Write the dataset in the 2020 layout into a new or empty folder.

    Members are copied as they are stored, but for masks with `mask` = "jpeg" and depth with `depth` = "jpeg8", where
    the dataset has them in another form.  Raises FigureGroundError for wrong options and a folder that is in use.
    """
    catalog = dataset.catalog
    _check(out, parts, mask, depth, len(catalog.foregrounds))
    backgrounds = {entry.id: i for i, entry in enumerate(catalog.backgrounds)}
    foregrounds = {entry.id: i for i, entry in enumerate(catalog.foregrounds)}
    rows = np.empty((len(dataset), 4), np.int64)
    for i in range(len(dataset)):
        record = dataset.record(i)
        rows[i] = (
            backgrounds[record["background"]],
            foregrounds[record["figures"][0]["foreground"]],
            record["position"],
            record["mirrored"],
        )
    permutation, part = order(rows, len(catalog.foregrounds), parts)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FigureGroundError(f"cannot write: {error.strerror}", str(out), "choose another folder") from None
    _copy_catalog(dataset, out, mask)
    with (
        (out / f"labels.txt{PARTIAL}").open("w", encoding="utf-8", newline="\n") as labels,
        (out / f"depth.csv{PARTIAL}").open("w", encoding="utf-8", newline="") as ranges,
    ):
        meanings = csv.writer(ranges, lineterminator="\n")
        meanings.writerow(("depth", *DEPTH_FIELDS))
        for p in range(1, parts + 1):
            chosen = np.flatnonzero(part == p)
            _write_zip(dataset, out, p, chosen, permutation, rows, (mask, depth), (labels, meanings), progress)
    os.replace(out / f"depth.csv{PARTIAL}", out / "depth.csv")
    os.replace(out / f"labels.txt{PARTIAL}", out / "labels.txt")
    progress("export", len(dataset), len(dataset))


def _check(out: Path, parts: int, mask: str, depth: str, foregrounds: int) -> None:
    if mask not in ("png", "jpeg"):
        raise FigureGroundError(f"unknown mask format {mask!r}", "--mask", "png or jpeg")
    if depth not in ("stored", "jpeg8"):
        raise FigureGroundError(f"unknown depth form {depth!r}", "--depth", "stored or jpeg8")
    if not 1 <= parts <= foregrounds:
        raise FigureGroundError(
            f"{parts} zips cannot be made of {foregrounds} foregrounds",
            "--parts",
            f"between 1 and {foregrounds}: each zip holds whole foregrounds",
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FigureGroundError("the export folder is in use", str(out), "give a new or empty folder")


def _copy_catalog(dataset: Dataset, out: Path, mask: str) -> None:
    catalog, folder = dataset.catalog, dataset.path / "catalog"
    for name in ("Background", "Foreground", "Mask"):
        (out / name).mkdir()
    for i, background in enumerate(catalog.backgrounds, 1):
        (out / f"Background/bg{i}.jpg").write_bytes((folder / background.file).read_bytes())
    for i, foreground in enumerate(catalog.foregrounds, 1):
        (out / f"Foreground/fg{i}.png").write_bytes((folder / foreground.file).read_bytes())
        data, suffix = _mask((folder / foreground.mask_file).read_bytes(), "png", mask)
        (out / f"Mask/mask{i}.{suffix}").write_bytes(data)


def _write_zip(
    dataset: Dataset,
    out: Path,
    p: int,
    chosen: NDArray[np.int64],
    permutation: NDArray[np.int64],
    rows: NDArray[np.int64],
    forms: tuple[str, str],
    listings: tuple[TextIO, Any],
    progress: Callable[[str, int, int], None],
) -> None:
    """Write one zip, its label lines and depth meanings; `chosen` are places in the order of all samples."""
    labels, meanings = listings
    final = out / f"data_part{p}.zip"
    partial = partial_of(final)
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for place in chosen.tolist():
            number, i = place + 1, int(permutation[place])
            record = dataset.record(i)
            members = dataset.members(i)
            image = f"data_{p}/Fg-Bg/fg-bg{number}.jpg"
            add_member(archive, image, members["image"])
            data, suffix = _mask(members["mask"], record["mask_file_name"].rsplit(".", 1)[1], forms[0])
            mask = f"data_{p}/Fg-Bg-Mask/fg-bg-mask{number}.{suffix}"
            add_member(archive, mask, data)
            depth = ""
            if "depth" in members:
                data, suffix, meaning = _depth(members["depth"], record, forms[1])
                depth = f"data_{p}/Depth/depth{number}.{suffix}"
                add_member(archive, depth, data)
                meanings.writerow((depth, *(meaning[name] for name in DEPTH_FIELDS)))
            background, foreground = rows[i, 0] + 1, rows[i, 1] + 1
            labels.write(f"Foreground/fg{foreground}.png\tBackground/bg{background}.jpg\t{image}\t{mask}\t{depth}\n")
            if place % 1000 == 0:
                progress("export", place, len(dataset))
    os.replace(partial, final)


def _mask(data: bytes, suffix: str, wanted: str) -> tuple[bytes, str]:
    """Return (bytes, suffix) of a mask in the wanted format: PNG as stored, JPEG at quality 30 as in 2020."""
    if wanted == "png" or suffix == "jpg":
        return data, suffix
    return codec.jpeg((codec.pixels(data) >= HALF) * codec.WHITE, JPEG_2020), "jpg"


def _depth(data: bytes, record: Mapping[str, Any], wanted: str) -> tuple[bytes, str, Mapping[str, Any]]:
    """Return (bytes, suffix, depth_* fields) of a depth map in the wanted form."""
    suffix = record["depth_file_name"].rsplit(".", 1)[1]
    if wanted == "stored" or suffix == "jpg":
        return data, suffix, record
    try:
        code = quantise(dequantise(codec.depth_code(codec.pixels(data), record)), "jpeg8")
    except ValueError as error:
        raise FigureGroundError(str(error), record["key"], "export with --depth stored") from None
    return codec.jpeg(code.codes.astype(np.uint8), JPEG_2020), "jpg", codec.depth_fields(code)
