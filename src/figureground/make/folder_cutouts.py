"""A plain folder of photos -> a cut-out of each at its own size, with a list and a sheet of what is doubtful."""

from __future__ import annotations

import contextlib
import csv
import errno
import functools
import io
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from figureground.core.arrays import Bytes
from figureground.core.engines import Engine, mapped
from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.faults import at_work, cannot_write, named_faults, require_writable
from figureground.core.folder_store import FolderStore
from figureground.core.job import Cutting
from figureground.core.nouns import Box, Cutout
from figureground.core.progress import Progress
from figureground.core.store import Store
from figureground.image.masks import FAINT, mask_of, tight_box
from figureground.ingest import photos
from figureground.ingest.cutout import Ways
from figureground.ingest.cutters import ways_of
from figureground.ingest.doubt import doubts_of
from figureground.ingest.finding import LeftOut, natural_key, search
from figureground.ingest.given_masks import photos_alone
from figureground.ingest.matting import softness
from figureground.ingest.own_size import cut_at_own_size
from figureground.ingest.review import cell
from figureground.make.made_names import names_of
from figureground.report.cutout_sheet import SHOWN, Shown, cutout_sheet, thumbnail
from figureground.report.sheet import jpeg

LIST, SHEET = "cutouts.csv", "cutouts.jpg"
_KEY = "figureground"  # of the text in each PNG that says how it was made
_KEPT = "not made here, or edited since: kept as it is"
_ALL = 10**6  # px: no photo is decoded reduced


@dataclass(frozen=True)
class Form:
    """What is written of a cut-out: its `matte` alone, else RGBA; `trimmed` to the figure, else of the photo's size."""

    matte: bool = False
    trimmed: bool = False


@dataclass(frozen=True)
class CutTask:
    """How the photos of a folder are cut out, and where the cut-outs go."""

    cutting: Cutting
    form: Form
    store: Store

    @property
    def settings(self) -> dict[str, Any]:
        """What decides a cut-out's pixels beside its photo."""
        model = self.cutting.model
        subject = {"subject": "people"} if self.cutting.people else {}
        return {**asdict(self.form), "method": self.cutting.method, "network": model.sha256 if model else "", **subject}


@dataclass(frozen=True)
class Row:
    """A photo's row in cutouts.csv.

    `state`: made, set aside, or kept: a file of that name that this program did not make.  `x`, `y`: the corner of a
    trimmed cut-out in the photo, px.  `coverage`: the share of the photo that is figure.  `doubt`: why it is doubtful
    or set aside, "" where nothing speaks against it.
    """

    file: str
    cutout: str = ""
    state: str = "set aside"
    method: str = ""
    width: int = 0
    height: int = 0
    x: int = 0
    y: int = 0
    coverage: float = 0.0
    softness: float = 0.0
    doubt: str = ""


def cutouts_of_folder(
    target: Path, out: Path, cutting: Cutting, form: Form, engine: Engine, progress: Progress
) -> list[Row]:
    """Write a PNG for each photo of a folder, or of one file, with cutouts.csv and cutouts.jpg; return the list's rows.

    `out`: a folder; for one photo also the name of a .png, which is then all that is written.  Whole cut-outs that
    exist are kept, so the same call goes on where it was stopped; a photo that has changed is cut out anew.
    Raises FigureGroundError where no photo can be cut out, and where `out` holds cut-outs made in another way.
    """
    folder, pairs, labels = _pairs(target, out)
    alone = target.is_file() and out.suffix != ""
    task = CutTask(cutting, form, FolderStore(out.parent if alone else out))
    _refuse_other_settings(task, [name for _, name in pairs])
    ways_of(cutting)  # a network that does not load is an error before anything is written
    require_writable(task.store)
    rows = [
        Row(folder.name if one.path == folder else _shown(str(one.path), folder), doubt=one.reason) for one in labels
    ]
    progress("photos", 0, len(pairs))
    with _one_file(task.store, out.name) if alone else at_work(task.store):
        with mapped(engine, functools.partial(_cut, task, folder), pairs) as outcomes:
            for done, outcome in enumerate(outcomes, 1):
                if outcome.error is not None:
                    raise outcome.error  # a network that refuses its input, a disk that is full: no photo's fault
                rows.append(outcome.value)
                progress("photos", done, len(pairs))
        rows.sort(key=lambda row: natural_key(Path(row.file)))
        if not alone:
            task.store.write(LIST, _table(rows))
            _write_sheet(task, folder, rows, engine)
    if all(row.state == "set aside" for row in rows):
        reasons = "; ".join(f"{row.file}: {row.doubt}" for row in rows)[:400]
        raise FigureGroundError("no photo could be cut out", reasons, "see the reasons; or name another --network")
    return rows


@contextlib.contextmanager
def _one_file(store: Store, name: str) -> Iterator[None]:
    """Free a folder, which may hold anything, of what killed writers of this one file left there."""
    with named_faults(store):
        for one in (name, "write-test"):
            store.sweep(f"{one}.")
        yield


def _pairs(target: Path, out: Path) -> tuple[Path, list[tuple[str, str]], tuple[LeftOut, ...]]:
    """Return the folder, (path, name of the cut-out) for each of its photos but those in `out`, and what else lies
    there: label pictures of photos, links that lead nowhere, kinds that are not read."""
    if target.is_file():
        if out.suffix and out.suffix.lower() != ".png":
            raise FigureGroundError(
                f"a cut-out is a PNG, not {out.suffix}", str(out), "name a file that ends in .png, or a folder"
            )
        if out.suffix and out.exists() and out.samefile(target):
            raise FigureGroundError("the cut-out would replace its photo", str(out), "name another file")
        return target.parent, [(str(target), out.name if out.suffix else f"{target.stem}.png")], ()
    if not target.is_dir():
        raise FigureGroundError("no such folder or photo", str(target), "give a folder of photos, or one photo")
    if out.exists() and out.samefile(target):
        raise FigureGroundError("the cut-outs would lie among the photos", str(out), "name another folder for them")
    inside = out.resolve()
    found = photos_alone(search([str(target)], Path(), "the folder"))
    paths = [path for path in found.files if inside not in path.resolve().parents]
    others = tuple(one for one in found.left_out if inside not in one.path.resolve().parents)
    if not paths:
        raise FigureGroundError("the folder holds no photos but what lies in OUT", str(target), "give another folder")
    names = names_of([path.relative_to(target).as_posix() for path in paths], ".png")
    return target, [(str(path), name) for path, name in zip(paths, names, strict=True)], others


def _shown(path: str, folder: Path) -> str:
    return os.fsencode(Path(path).relative_to(folder).as_posix()).decode("utf-8", "replace")


def _refuse_other_settings(task: CutTask, names: Iterable[str]) -> None:
    for name in names:
        about = _about(task.store, name)
        if about is not None and about["settings"] != task.settings:
            other = [key for key, value in task.settings.items() if about["settings"].get(key) != value]
            raise FigureGroundError(
                f"this cut-out was made with another {' and '.join(other)}",
                f"{task.store.name}/{name}",
                "name another folder, or delete the cut-outs that are to be made anew",
            )


def _about(store: Store, name: str) -> dict[str, Any] | None:
    """Return what a cut-out says of how it was made; None where there is none, or none of ours."""
    try:
        if store.size(name) is None:
            return None
        with store.open(name) as file, Image.open(file, formats=["PNG"]) as picture:
            about = json.loads(picture.info.get(_KEY, "null"))
    except (OSError, ValueError, SyntaxError):
        return None
    ours = isinstance(about, dict) and set(about) == {"settings", "photo", "pixels", "row"}
    return about if ours and set(about["row"]) == {field.name for field in fields(Row)} else None


def _cut(task: CutTask, folder: Path, pair: tuple[str, str]) -> Row:
    """Write one photo's cut-out, where it is not there, and return its row."""
    path, name = pair
    shown = _shown(path, folder)
    try:
        there = task.store.size(name) is not None
    except ValueError:
        return Row(shown, doubt="its name has signs that a cut-out cannot be called by: rename it")
    about = _about(task.store, name) if there else None
    if there and about is None:
        return Row(shown, name, "kept", doubt=_KEPT)
    try:
        data = photos.read_bytes(Path(path))
        sha256 = photos.sha256(data)
        if about is not None and about["photo"] == sha256:
            return Row(**about["row"] | {"file": shown, "cutout": name})
        if about is not None and about["pixels"] != _pixels_sha256(task.store, name):
            return Row(shown, name, "kept", doubt=f"{_KEPT}, though its photo has changed")
        row, pixels = _made(task, shown, name, data)
    except SetAsideError as error:
        return Row(shown, doubt=error.reason)
    try:
        about = {
            "settings": task.settings,
            "photo": sha256,
            "pixels": photos.sha256(pixels.tobytes()),
            "row": asdict(row),
        }
        task.store.write(name, _png(pixels, about))
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return Row(shown, doubt="its name is too long for a cut-out's: shorten it")
        raise cannot_write(task.store, error) from None
    return row


def _pixels_sha256(store: Store, name: str) -> str:
    with Image.open(io.BytesIO(store.read(name)), formats=["PNG"]) as picture:
        try:
            return photos.sha256(np.asarray(picture).tobytes())
        except (OSError, ValueError, SyntaxError):
            return ""  # damaged since


def _made(task: CutTask, shown: str, name: str, data: bytes) -> tuple[Row, Bytes]:
    """Return a photo's row and what is to be written of its cut-out: (h, w, 4), or its alpha (h, w)."""
    pixels = photos.decode(data, _ALL).pixels
    cutout, method, judged, doubts = cut_at_own_size(pixels, task.cutting.method, _ways(task.cutting))
    box = _box(cutout, task.form)
    cutout = cutout[box[1] : box[3], box[0] : box[2]]
    wrong, odd = doubts_of(judged, method != "alpha")
    row = Row(
        file=shown,
        cutout=name,
        state="made",
        method=method,
        width=cutout.shape[1],
        height=cutout.shape[0],
        x=box[0],
        y=box[1],
        coverage=round(float(mask_of(judged).mean()), 4),
        softness=round(softness(judged), 3),
        doubt="; ".join([*doubts, *wrong, *odd]),
    )
    return row, cutout[..., 3] if task.form.matte else cutout


def _ways(cutting: Cutting) -> Ways:
    """Return how photos are cut out: what is doubtful is told, but not kept back, as somebody will look at it."""
    return replace(ways_of(cutting), doubtful=True)


def _box(cutout: Cutout, form: Form) -> Box:
    """Return what of a cut-out is kept: all, or what is seen of the figure."""
    whole = (0, 0, cutout.shape[1], cutout.shape[0])
    return (tight_box(cutout[..., 3] >= FAINT) or whole) if form.trimmed else whole


def _png(pixels: Bytes, about: dict[str, Any]) -> bytes:
    text, out = PngInfo(), io.BytesIO()
    text.add_text(_KEY, json.dumps(about))
    Image.fromarray(np.ascontiguousarray(pixels)).save(out, "PNG", pnginfo=text, compress_level=4)
    return out.getvalue()


def _table(rows: Iterable[Row]) -> bytes:
    """Return cutouts.csv, as spreadsheets open it."""
    out = io.StringIO(newline="")
    table = csv.writer(out)
    table.writerow(field.name for field in fields(Row))
    table.writerows([cell(value) for value in asdict(row).values()] for row in rows)
    return out.getvalue().encode("utf-8-sig", "replace")


def _write_sheet(task: CutTask, folder: Path, rows: Sequence[Row], engine: Engine) -> None:
    """Write the contact sheet: what is doubtful, then what is set aside, then an even spread of the others."""
    chosen = _chosen(rows)
    with mapped(engine, functools.partial(_tile, task.store, folder), chosen) as outcomes:
        tiles = {outcome.job: outcome.value for outcome in outcomes if outcome.value is not None}
    aside = sum(row.state == "set aside" for row in rows)
    doubtful = sum(bool(row.doubt) for row in rows) - aside
    says = f"{len(rows) - aside:,} of {len(rows):,} photos, {doubtful:,} of them doubtful; {aside:,} set aside"
    if len(chosen) < len(rows):
        says += f"; {len(chosen):,} shown"
    task.store.write(SHEET, jpeg(cutout_sheet([tiles[row] for row in chosen if row in tiles], says)))


def _chosen(rows: Sequence[Row]) -> list[Row]:
    """Return the rows that the sheet shows; where there are many, those that are set aside get half of what is left."""
    aside = [row for row in rows if row.state == "set aside"]
    doubtful = [row for row in rows if row.doubt and row.state != "set aside"][:SHOWN]
    others = [row for row in rows if not row.doubt]
    room = SHOWN - len(doubtful)
    aside = aside[: max(room // 2, room - len(others))]
    room -= len(aside)
    if len(others) > room:
        others = [others[i] for i in np.linspace(0, len(others) - 1, room).round().astype(int)]
    return [*doubtful, *aside, *others]


def _tile(store: Store, folder: Path, row: Row) -> Shown:
    """Return a photo beside its cut-out, small; None for what cannot be shown."""
    try:
        photo = thumbnail(photos.decode(photos.read_bytes(folder / row.file), 512).pixels)
    except SetAsideError:
        photo = None
    cut = None
    if row.cutout:
        try:
            with Image.open(io.BytesIO(store.read(row.cutout)), formats=["PNG"]) as picture:
                cut = thumbnail(np.asarray(picture if picture.mode == "L" else picture.convert("RGBA")))
        except (OSError, ValueError, SyntaxError):
            cut = None
    says = "" if row.state != "made" else f"{row.method}, {row.coverage:.0%} of the photo, softness {row.softness:.2f}"
    return Shown(str(PurePosixPath(row.file)), says, row.state == "set aside", row.doubt, photo, cut)
