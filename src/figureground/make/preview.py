"""Job and photos -> what would be built of them, to look at: sheets, a page, and a table to leave photos out by."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Bytes
from figureground.core.engines import Engine
from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.faults import cannot_write
from figureground.core.files import file_sha256, user_path
from figureground.core.folder_store import FolderStore
from figureground.core.job import BackgroundSource, Cutting, ForegroundSource, Inputs, Job
from figureground.core.memory_store import MemoryStore
from figureground.core.nouns import Background, Catalog, Foreground, SetAside
from figureground.core.progress import Progress
from figureground.core.store import Store
from figureground.dataset.virtual import VirtualDataset
from figureground.ingest import photos, review
from figureground.ingest.cutout import DOUBTFUL, WORKING_SIDE, cut_out, sized, working
from figureground.ingest.cutters import ways_of
from figureground.ingest.finding import base_of
from figureground.ingest.given_masks import read_mask
from figureground.ingest.ingest import ingest
from figureground.ingest.inputs import Found, Photo, photos_of
from figureground.ingest.pixels import Pixels
from figureground.ingest.pose import OUT_OF_PLACE
from figureground.ingest.vetoes import LEFT_OUT
from figureground.networks.registry import require_canvas
from figureground.report.photo_cards import (
    MOST,
    SIDE,
    Cards,
    aside_cards,
    background_cards,
    cards_sheet,
    foreground_cards,
    with_cutout,
)
from figureground.report.preview import Preview, preview_page
from figureground.report.samples import Trait, beside, spread_by
from figureground.report.sheet import jpeg, rows_sheet, tile_of
from figureground.samples.maker import Maker

PAGE = "preview.html"
_BY_EYE = (DOUBTFUL, OUT_OF_PLACE)  # how reasons begin that a look at the cut-out confirms or not


def folder_of(recipe: Path) -> Path:
    """Return where a recipe's preview goes, unless another place is named: beside it."""
    stem = recipe.resolve().name if recipe.is_dir() else recipe.stem
    return (recipe if recipe.is_dir() else recipe.parent) / f"{stem}-preview"


def preview(job: Job, folder: Path, samples: int, engine: Engine, progress: Progress) -> tuple[Catalog, list[str]]:
    """Write sheets of the photos, review.csv and, of some samples, a sheet and preview.html into a folder.

    Returns the catalog that the photos would become, and the names of the files.  Marks in a review.csv that is there
    are kept.  Raises FigureGroundError, before any photo is prepared, where the folder lies among the photos, and as
    `ingest` does.
    """
    if samples < 0:
        raise FigureGroundError(f"{samples} samples", "--samples", "0 for none, or how many")
    out, memory = FolderStore(folder), MemoryStore()
    require_canvas(job)
    _refuse_among_photos(folder, job.inputs)
    before = _review_in(out, folder)
    catalog = ingest(job, engine, memory, progress)
    found, pixels = photos_of(job), Pixels(catalog, memory)
    cards = (background_cards(catalog, pixels), foreground_cards(catalog, pixels), _aside(catalog, found, job.inputs))
    tiles = (tile_of(job.canvas, SIDE), (SIDE, SIDE), (SIDE, SIDE))
    files = {
        f"{one.title.replace(' ', '-')}.jpg": jpeg(cards_sheet(one, tile))
        for one, tile in zip(cards, tiles, strict=True)
        if one.total
    }
    if samples:
        files |= _samples(job, catalog, memory, cards, samples)
    files[review.FILE] = review.written(_rows(catalog, found, before))
    try:
        for name, data in files.items():
            out.write(name, data)
    except OSError as error:
        raise cannot_write(out, error) from None
    return catalog, list(files)


def _refuse_among_photos(folder: Path, inputs: Inputs) -> None:
    """Raise FigureGroundError where pictures in the folder would be found as photos the next time."""
    target = Path(os.path.abspath(folder))
    sources: list[BackgroundSource | ForegroundSource] = [*inputs.backgrounds, *inputs.foregrounds]
    for text in (text for source in sources for text in source.paths):
        place = Path(os.path.abspath(user_path(text, inputs.root)))
        base = Path(os.path.abspath(base_of(text, inputs.root)))
        pieces = place.parts[len(base.parts) :]  # wild cards, none for a folder
        if place.is_file() or not target.is_relative_to(base):
            continue
        below = target.parts[len(base.parts) :]
        if "**" in pieces or all(fnmatch.fnmatch(name, piece) for name, piece in zip(below, pieces, strict=False)):
            raise FigureGroundError(
                "the pictures would lie among the photos, and be taken for some of them",
                f"{folder}, inside {text!r}",
                "name a folder elsewhere with --out",
            )


def _review_in(out: Store, folder: Path) -> review.Review | None:
    """Return the review that is there already, whose marks are not to be lost."""
    return review.load_review(folder / review.FILE) if out.size(review.FILE) is not None else None


def _aside(catalog: Catalog, found: Found, inputs: Inputs) -> Cards:
    """Return the photos that are set aside, doubtful cut-outs and figures left out for their pose first: these can be
    judged by eye, so each is shown."""
    known: dict[tuple[str, str], Photo] = {(photo.kind, photo.name): photo for photo in found.photos}
    shown = sorted(catalog.set_aside, key=lambda one: not one.reason.startswith(_BY_EYE))[:MOST]
    pictures = []
    for one in shown:
        photo = known.get((one.kind, one.source))
        picture = _thumbnail(photo.path if photo else "")
        if photo and picture is not None and picture.shape[2] == 3 and one.reason.startswith(_BY_EYE):
            picture = _with_cut(picture, photo, inputs.foregrounds[photo.source].cutting)
        pictures.append((one, picture))
    return aside_cards(pictures, len(catalog.set_aside))


def _with_cut(picture: Bytes, photo: Photo, cutting: Cutting) -> Bytes:
    """Return a photo's picture, and beside it what was cut out of the photo all the same."""
    try:
        decoded = photos.decode(photos.read_bytes(Path(photo.path)), WORKING_SIDE)
        pixels = working(decoded.pixels)
        mask = sized(read_mask(Path(photo.mask), decoded).alpha, pixels.shape[:2]) if photo.mask else None
        cut = cut_out(pixels, cutting.method, replace(ways_of(cutting), doubtful=True), mask).pixels
    except SetAsideError:
        return picture
    return with_cutout(picture, cut)


def _paths(found: Found) -> dict[tuple[str, str], str]:
    return {(photo.kind, photo.name): photo.path for photo in found.photos}


def _thumbnail(path: str) -> NDArray[np.uint8] | None:
    try:
        return photos.decode(photos.read_bytes(Path(path)), SIDE).pixels if path else None
    except SetAsideError:
        return None


def _samples(job: Job, catalog: Catalog, store: Store, cards: tuple[Cards, ...], most: int) -> dict[str, bytes]:
    """Return the sheet and the page of some samples, spread over all that a build would make."""
    dataset = VirtualDataset(job, catalog, store)
    maker = Maker(job, catalog, store)

    def traits(indices: Sequence[int]) -> Mapping[int, Sequence[Trait]]:
        scenes = maker.scenes(indices)
        return {
            scene.index: [
                ("background", scene.background),
                ("foreground", scene.figures[0].foreground if scene.figures else -1),
                ("mirrored", scene.mirrored),
            ]
            for scene in scenes
        }

    chosen = spread_by(traits, len(dataset), most)
    shown = list(beside(catalog, maker.pixels, dataset.batch(chosen)))
    says = f"{len(shown):,} of {len(dataset):,}"
    sheet = rows_sheet(shown, tile_of(job.canvas, SIDE), "Samples", says, named=True)
    page = preview_page(Preview(job.recipe.name, job.canvas, len(dataset), cards, shown))
    return {"Samples.jpg": jpeg(sheet), PAGE: page.encode("utf-8", "xmlcharrefreplace")}


def _rows(catalog: Catalog, found: Found, before: review.Review | None) -> list[review.Row]:
    """Return the rows of review.csv: a photo each, with the marks that were made before."""
    paths = _paths(found)
    said: dict[tuple[str, str], list[str]] = {}
    for one in (*catalog.warnings, *catalog.notes):
        said.setdefault((one.kind, one.source), []).append(one.reason)
    rows = []
    used: list[tuple[str, Background | Foreground]] = [("background", entry) for entry in catalog.backgrounds]
    used += [("foreground", entry) for entry in catalog.foregrounds]
    for kind, entry in used:
        notes = "; ".join(said.get((kind, entry.source), ()))
        rows.append(_row(kind, entry.source, "used", notes, entry.source_sha256, before))
    for photo in catalog.set_aside:
        if (photo.kind, photo.source) in paths or photo.reason.startswith(LEFT_OUT):
            sha256 = _sha256(paths.get((photo.kind, photo.source), "")) or _known(photo, before)
            rows.append(_row(photo.kind, photo.source, "set aside", photo.reason, sha256, before))
    names = {(row.kind, review.plain(row.file)) for row in rows}
    gone = [row for key, known in (before.rows.items() if before else ()) if key not in names for row in known]
    return [*rows, *(row for row in gone if row.veto)]


def _row(kind: str, file: str, state: str, said: str, sha256: str, before: review.Review | None) -> review.Row:
    veto = before.veto(kind, file, sha256) if before else ""
    return review.Row(veto, kind, file, state, said, sha256)


def _known(photo: SetAside, before: review.Review | None) -> str:
    rows = before.of(photo.kind, photo.source) if before else ()
    return rows[0].sha256 if rows else ""


def _sha256(path: str) -> str:
    try:
        return file_sha256(Path(path)) if path else ""
    except OSError:
        return ""
