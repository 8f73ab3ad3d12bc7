"""A dataset of the 2020 layout -> one of ours, whose samples can be read, verified and exported, and not made again.

It is written by the writers of every dataset: parts with records, statistics, labels, report, and the manifest last.
What the layout does not tell is left unknown: positions are counted as they come, no sample is called a mirrored twin,
and all are of the split "train".
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.errors import FigureGroundError
from figureground.core.faults import at_work, require_writable
from figureground.core.folder_store import FolderStore
from figureground.core.job import Job
from figureground.core.layers import member_name
from figureground.core.nouns import DEFAULT_CLASS, Direction, Look, Mask
from figureground.core.progress import Paced, Progress, watched
from figureground.core.recipe_toml import from_mapping, to_toml
from figureground.core.record import SPLITS, DepthMeaning, FigureRecord, Record
from figureground.dataset import names, parts
from figureground.dataset.versions import IMPORT
from figureground.image.masks import tight_box
from figureground.imports.catalog2020 import catalog_of, look
from figureground.imports.members2020 import depth_of, image_of, mask_of_picture, refused, shape_of
from figureground.imports.source2020 import Range, Row, Source, as_text, ranges_of, rows_of
from figureground.make.finish import finish
from figureground.make.identity import describe, root_sha256
from figureground.make.part_task import PartTask
from figureground.resolve import resolve
from figureground.samples.count import Counted, counts_of, is_checked
from figureground.samples.maker import Made
from figureground.samples.records import lowest_pixel

PART = 1000  # samples
FARTHER: Direction = "larger is farther"
NEARER: Direction = "larger is nearer"


@dataclass(frozen=True)
class Imported:
    """What an import gave.  `between`: pixels of masks that were neither black nor white, of `pixels` in all;
    `stretched`: depth is relative, of a scale of its own in each picture, as no depth.csv says more."""

    path: Path
    samples: int
    between: int
    pixels: int
    depth: bool
    stretched: bool


@dataclass(frozen=True)
class _Scan:
    """What a look at every file found, before anything is written.  `encoding`: of depth, as recipes call it; "" for
    none.  `digest`: a sha256 of all."""

    shape: tuple[int, int]
    encoding: str
    between: int
    digest: str


@dataclass(frozen=True, eq=False)
class _Import:
    source: Source
    rows: Sequence[Row]
    ranges: Mapping[str, Range]
    direction: Direction
    scan: _Scan
    class_name: str


def import_2020(
    folder: Path | str,
    out: Path | str,
    *,
    class_name: str = DEFAULT_CLASS,
    direction: Direction = FARTHER,
    progress: Progress | None = None,
) -> Imported:
    """Make a dataset of a folder in the 2020 layout, zipped or unpacked, or go on where the same call was stopped.

    `class_name`: what the foregrounds show.  `direction`: of depth, where no depth.csv says it.  Every file is looked
    at before anything is written.  Raises FigureGroundError for what is no such dataset, or damaged.
    """
    if not class_name.strip():
        raise FigureGroundError("a class without a name", "--class", "write what the foregrounds show")
    source, store = Source(FolderStore(folder)), FolderStore(out)
    try:
        with watched(progress) as report:
            rows, ranges = rows_of(source), ranges_of(source)
            scan = _scan(source, rows, ranges, Paced(report))
            work = _Import(source, rows, ranges, direction, scan, class_name.strip())
            finished = _claimed(work, store)
            require_writable(store)
            with at_work(store):  # which also frees a finished one of the lock of a run that was killed
                if not finished:
                    _write(work, store, report)
    finally:
        source.close()
    return _told(work, Path(out))


def _told(work: _Import, out: Path) -> Imported:
    pixels = len(work.rows) * work.scan.shape[0] * work.scan.shape[1]
    deep = bool(work.scan.encoding)
    return Imported(out, len(work.rows), work.scan.between, pixels, deep, deep and not work.ranges)


def _scan(source: Source, rows: Sequence[Row], ranges: Mapping[str, Range], progress: Progress) -> _Scan:
    """Look at every file.  Raises FigureGroundError for one that is missing, no picture, or of another size."""
    digest, between, encodings = hashlib.sha256(as_text(rows)), 0, set[str]()
    for sha256 in look(source, rows):
        digest.update(sha256.encode())
    shape: tuple[int, int] | None = None
    for done, row in enumerate(rows, 1):
        for name in filter(None, (row.image, row.mask, row.depth)):
            data = source.read(name)
            digest.update(hashlib.sha256(data).digest())
            try:
                shape = shape or shape_of(data)
                if shape_of(data) != shape:
                    raise ValueError(f"it is not of {shape[1]} x {shape[0]} px, as the first is")
                if name == row.mask:
                    between += mask_of_picture(data, shape)[2]
                if name == row.depth:
                    if ranges and name not in ranges:
                        raise ValueError("depth.csv says nothing of it")
                    encodings.add(_encoding(*depth_of(data, shape)[::2]))
            except ValueError as error:
                raise refused(error, f"{source.store.name}/{name}") from None
        progress("look", done, len(rows))
    if shape is None or len(encodings) > 1:
        raise FigureGroundError("depth is in several encodings", source.store.name, "import them apart")
    return _Scan(shape, next(iter(encodings), ""), between, digest.hexdigest())


def _encoding(suffix: str, codes: NDArray[Any]) -> str:
    if codes.dtype == np.uint16:
        return "png16"
    return "jpeg8" if suffix == "jpg" else "png8"


def _job(work: _Import) -> Job:
    """Return what a recipe of the like would mean; its recipe.toml is what the report shows."""
    height, width = work.scan.shape
    pairs = Counter((row.background, row.foreground) for row in work.rows)
    encoding = work.scan.encoding
    depth = {"source": "network", "encoding": encoding} if encoding else {"source": "none"}
    recipe = from_mapping(
        {
            "name": Path(work.source.store.name).name or "imported",
            "size": height if height == width else [width, height],
            "backgrounds": {"path": "catalog/Background"},
            "foregrounds": {"path": "catalog/Foreground", "class": work.class_name, "cutout": "alpha"},
            "placement": {"mode": "uniform", "per_pair": max(pairs.values()), "mirror": "none", "figures": [1, 1]},
            "depth": depth,
            "parts": {"size": PART},
        }
    )
    return resolve(recipe, made=True)


def _identity(work: _Import) -> str:
    """Return the digest of all that decides the samples' bytes."""
    about = [work.scan.digest, work.direction, work.class_name, sorted(map(str, work.ranges.items()))]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()


def _claimed(work: _Import, store: FolderStore) -> bool:
    """Tell whether a folder holds this very import, finished.

    Raises FigureGroundError where it holds other things, or an import of others.
    """
    there = names.read_identity(store)
    if not there:
        if (store.folder.exists() and not store.folder.is_dir()) or store.list():
            raise FigureGroundError("the output folder holds other things", store.name, "give a new or empty folder")
        return False
    if there.get("origin") != IMPORT or there.get("build_id") != _identity(work):
        raise FigureGroundError(
            "the output folder holds another dataset, or an import of other files", store.name, "give another folder"
        )
    return store.size(names.MANIFEST) is not None


def _write(work: _Import, store: FolderStore, progress: Progress) -> None:
    job, identity = _job(work), _identity(work)
    about = {**describe(job, identity, {}), "origin": IMPORT, "root": "", "root_sha256": root_sha256("")}
    about["masks_between"] = work.scan.between
    store.write(names.BUILD, json.dumps(about, indent=1).encode())
    store.write(names.RECIPE, to_toml(job.recipe).encode())
    catalog = catalog_of(work.source, work.rows, store.below(names.CATALOG), work.class_name)
    task = PartTask(job, store, identity, len(work.rows))
    order, told = _positions(work.rows), Paced(progress)
    heights = {f.id: f.height for f in catalog.foregrounds}
    for number in task.missing():
        with parts.writing(store, number, identity) as part:
            for i in task.indices(number):
                part.add(_made(work, i, order[i], heights))
                told("samples", i + 1, len(work.rows))
    finish(task, catalog, progress)


def _positions(rows: Sequence[Row]) -> list[int]:
    """Return how many samples of its pair come before each."""
    seen, found = Counter[tuple[str, str]](), []
    for row in rows:
        pair = row.background, row.foreground
        found.append(seen[pair])
        seen[pair] += 1
    return found


def _made(work: _Import, index: int, position: int, heights: Mapping[str, int]) -> Made:
    """Return a sample as a dataset holds it."""
    row, shape = work.rows[index], work.scan.shape
    try:
        suffix, data, image = image_of(work.source.read(row.image), shape)
        png, mask, _ = mask_of_picture(work.source.read(row.mask), shape)
        encoded, values = {"image": (suffix, data), "mask": ("png", png)}, {"image": image, "mask": mask}
        depths = {}
        if row.depth:
            suffix, data, codes = depth_of(work.source.read(row.depth), shape)
            encoded["depth"], values["depth"] = (suffix, data), codes
            depths["depth"] = _meaning(work, row.depth, codes)
    except ValueError as error:
        raise refused(error, f"{work.source.store.name}/{row.image}") from None
    files = {layer: member_name(layer, index, suffix) for layer, (suffix, _) in encoded.items()}
    record = _record(row, index, position, _figure(row, mask, heights, work.class_name), depths, files)
    checked = {**values, "mask": mask * np.uint8(255)} if is_checked(index) else None
    sizes = {layer: len(data) for layer, (_, data) in encoded.items()}
    counted = Counted(record, values, sizes, checked, {})
    return Made(record, {files[layer]: data for layer, (_, data) in encoded.items()}, counts_of(counted))


def _meaning(work: _Import, name: str, codes: NDArray[Any]) -> DepthMeaning:
    """Return what a depth picture's codes mean: relative and stretched, unless depth.csv says more."""
    top = 65535 if codes.dtype == np.uint16 else 255
    found = work.ranges.get(name) or Range("relative", work.direction, 1 / top, 0.0, None)
    valid = 1.0 if found.invalid is None else float(np.count_nonzero(codes != found.invalid)) / codes.size
    return found.meaning(round(valid, 6))


def _figure(row: Row, mask: Mask, heights: Mapping[str, int], class_name: str) -> FigureRecord:
    """Return what a mask shows of its figure; how it was pasted is not told."""
    box, foreground = tight_box(mask), PurePosixPath(row.foreground).stem
    x0, y0, x1, y1 = box or (0, 0, 0, 0)
    return FigureRecord(
        foreground=foreground,
        placement="unknown",
        x=x0,
        y=y0,
        width=x1 - x0,
        height=y1 - y0,
        scale=round((y1 - y0) / heights[foreground], 6),
        flip=False,
        box=box,
        area=int(np.count_nonzero(mask)),
        visible_fraction=1.0 if box else 0.0,
        whole=None,
        order=0,
        contact=lowest_pixel(mask),
        depth_at_contact=None,
        real_height=None,
        look=Look(),
        class_name=class_name,
    )


def _record(
    row: Row,
    index: int,
    position: int,
    figure: FigureRecord,
    depths: Mapping[str, DepthMeaning],
    files: Mapping[str, str],
) -> Record:
    background = PurePosixPath(row.background).stem
    return Record(
        index=index,
        key=f"{background}-{figure.foreground}-{position}",
        background=background,
        position=position,
        mirrored=False,
        split=SPLITS[0],
        figures=(figure,),
        depths=depths,
        files=files,
    )
