"""Labelled pictures -> a folder of cut-outs, a sub-folder a class, as `class = "folder"` of a recipe reads it.

OUT/CLASS/PICTURE-NUMBER.png   one instance, cropped by its mask, RGBA; transparent margins where it ends by itself,
                               none where the picture's edge cuts it off
OUT/credits.csv                licence and credit, and its picture as the group: who share a picture share a split
OUT/set-aside.csv              which instances were not used, and why; written last
OUT/import.json                what it was made from; the same call goes on where it was stopped
"""

from __future__ import annotations

import functools
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from figureground.core.engines import Engine, mapped, workforce
from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.faults import at_work, require_writable
from figureground.core.folder_store import FolderStore
from figureground.core.nouns import Box, Cutout, Mask
from figureground.core.progress import Paced, Progress, watched
from figureground.image.masks import tight_box
from figureground.imports import begun
from figureground.imports.labelled import Instance, Labelled, Labels
from figureground.imports.safe_names import safe, told_apart
from figureground.imports.tables import table
from figureground.ingest import credits, photos

SET_ASIDE = "set-aside.csv"
LEAST_SIDE = 64  # px of an instance's longer side
_NEAR = 0.005  # of the picture's longer side: outlines drawn by hand end that far from the edge that cuts them off
_MARGIN = 0.05  # of the longer side, at least 8 px, so that whoever reads the cut-out sees where it ends by itself
_MOST_FILE = 2**29  # bytes of a picture
_ALL = 10**6  # px: no picture is decoded reduced
_TOP_NAMES = (begun.FILE, credits.FILE, SET_ASIDE)


@dataclass(frozen=True)
class Aside:
    """An instance that is not used: its picture, its number, its class, and why, in general and then its own."""

    picture: str
    instance: str
    class_name: str
    reason: str


@dataclass(frozen=True)
class Imported:
    """What an import gave.  `cutouts`: how many of each class; `set_aside`: how many for each general reason."""

    path: Path
    cutouts: Mapping[str, int]
    set_aside: Mapping[str, int]


@dataclass(frozen=True)
class _Job:
    """A picture, and the names of its instances' cut-outs."""

    picture: Labelled
    names: tuple[str, ...]


@dataclass(frozen=True)
class _Cut:
    """What a picture gave: (class, name) of each cut-out, and what of it is set aside."""

    made: tuple[tuple[str, str], ...] = ()
    aside: tuple[Aside, ...] = ()


@dataclass(frozen=True)
class _Task:
    images: FolderStore
    store: FolderStore
    least: int


@dataclass
class _Found:
    cuts: dict[int, _Cut] = field(default_factory=dict)

    def rows(self) -> list[_Cut]:
        return [self.cuts[number] for number in sorted(self.cuts)]


def cutouts_of(
    labels: Labels,
    images: Path,
    out: Path,
    *,
    least: int = LEAST_SIDE,
    workers: int = 1,
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> Imported:
    """Write the cut-outs of labelled pictures into a new or empty folder, or go on where the same call was stopped.

    `images`: the folder of pictures, out of which nothing is read; links in it are not followed.  `least`: px of the
    longer side below which an instance is set aside.  Raises FigureGroundError where none can be used.
    """
    if not images.is_dir():
        raise FigureGroundError("no such folder of pictures", str(images), "give the folder that file names start from")
    if least < 1:
        raise FigureGroundError(f"{least} px is no size", "--min-side", "give a number of px from 1")
    store = FolderStore(out)
    about = {"import": "cutouts", **labels.about, "min_side": least}
    begun.require_own(store, about)
    require_writable(store)
    folders = told_apart(((name, safe(name, "class")) for name in labels.classes), _TOP_NAMES)
    jobs = _named(labels.pictures, folders)
    found = _Found()
    with watched(progress) as report, at_work(store):
        begun.begin(store, about)
        task, told = _Task(FolderStore(images), FolderStore(out, durable=False), least), Paced(report)
        with mapped(workforce(engine, workers), functools.partial(_cut, task), list(enumerate(jobs))) as outcomes:
            for done, outcome in enumerate(outcomes, 1):
                if outcome.error is not None:
                    raise outcome.error
                found.cuts[outcome.job[0]] = outcome.value
                told("pictures", done, len(jobs))
        _write_tables(store, jobs, found.rows())
    return _imported(out, found.rows())


def _named(pictures: Sequence[Labelled], folders: Mapping[Any, str]) -> list[_Job]:
    """Return each picture with the names of its cut-outs, which depend on the labels alone."""
    wanted = []
    for n, picture in enumerate(pictures):
        stem = safe(PurePosixPath(picture.file).stem, "picture")
        for k, one in enumerate(picture.instances):
            wanted.append(((n, k), f"{folders.get(one.class_name, 'class')}/{stem}-{safe(one.key, 'x')}"))
    names = told_apart(wanted)
    return [
        _Job(picture, tuple(f"{names[n, k]}.png" for k in range(len(picture.instances))))
        for n, picture in enumerate(pictures)
    ]


def _cut(task: _Task, numbered: tuple[int, _Job]) -> _Cut:
    """Write the cut-outs of a picture that are not there, and return what it gave."""
    picture, names = numbered[1].picture, numbered[1].names
    shown = picture.file or picture.shown
    if picture.aside or all(one.aside for one in picture.instances):
        return _Cut(aside=tuple(_aside(shown, one, one.aside or picture.aside) for one in picture.instances))
    try:
        photo = _photo(task.images, picture.file)
        turned = _turned(photo, picture.size)
    except SetAsideError as error:
        reasons = (one.aside or f"its picture cannot be used: {error.reason}" for one in picture.instances)
        return _Cut(aside=tuple(map(functools.partial(_aside, shown), picture.instances, reasons)))
    made, aside = [], []
    for one, name in zip(picture.instances, names, strict=True):
        try:
            mask = _mask(one, photo, turned)
            box, cut = _judged(mask, task.least)
        except SetAsideError as error:
            aside.append(_aside(shown, one, error.reason))
            continue
        made.append((one.class_name, name))
        if task.store.size(name) is None:  # a file that is there is whole, and its name says what it holds
            task.store.write(name, _png(_cropped(photo.pixels, mask, box, cut)))
    return _Cut(tuple(made), tuple(aside))


def _aside(shown: str, one: Instance, reason: str) -> Aside:
    return Aside(shown, one.key, one.class_name, reason)


def _photo(images: FolderStore, name: str) -> photos.Photo:
    """Return a picture, decoded.  Raises SetAsideError where it is missing, no picture, too large, or behind a link."""
    try:
        data = images.read(name, 0, _MOST_FILE + 1)
    except FileNotFoundError:
        raise SetAsideError("there is no such file") from None
    except FigureGroundError as error:
        raise SetAsideError(error.what) from None
    except (OSError, ValueError) as error:
        raise SetAsideError(f"it cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > _MOST_FILE:
        raise SetAsideError(f"its file is larger than {_MOST_FILE >> 20} MiB")
    return photos.decode(data, _ALL)


def _turned(photo: photos.Photo, size: tuple[int, int] | None) -> bool:
    """Tell whether labels are of a picture as it lies in its file, and not upright.

    Raises SetAsideError where they are of another size than either.
    """
    shape = photo.pixels.shape[:2]
    if size is None or size == shape:
        return False
    if photo.turn in photos.LYING and size == shape[::-1]:
        return True
    raise SetAsideError(f"it has {shape[1]} x {shape[0]} px, its labels {size[1]} x {size[0]}")


def _mask(one: Instance, photo: photos.Photo, turned: bool) -> Mask:
    """Return an instance's mask on the upright picture.  Raises SetAsideError where there is none."""
    if one.outline is None:
        raise SetAsideError(one.aside)
    height, width = photo.pixels.shape[:2]
    try:
        mask = one.outline.mask((width, height) if turned else (height, width))
    except ValueError as error:
        raise SetAsideError(f"its outline cannot be read: {error}") from None
    if turned and photo.turn is not None:
        mask = np.asarray(Image.fromarray(mask).transpose(photo.turn))
    return mask


def _judged(mask: Mask, least: int) -> tuple[Box, tuple[bool, bool, bool, bool]]:
    """Return a mask's box, and at which sides, as the box has them, the picture's edge cuts it off.

    Raises SetAsideError for what is empty, too small, or cut off at three sides.
    """
    box = tight_box(mask)
    if box is None:
        raise SetAsideError("its mask is empty")
    width, height = box[2] - box[0], box[3] - box[1]
    if max(width, height) < least:
        raise SetAsideError(f"too small: {width} x {height} px")
    near = max(1, round(_NEAR * max(mask.shape)))
    ends = (box[0], box[1], mask.shape[1] - box[2], mask.shape[0] - box[3])
    cut = (ends[0] <= near, ends[1] <= near, ends[2] <= near, ends[3] <= near)
    if sum(cut) > 2:
        raise SetAsideError(f"cut off at {'three' if sum(cut) == 3 else 'all'} sides by the picture's edge")
    return box, cut


def _cropped(pixels: Cutout, mask: Mask, box: Box, cut: Sequence[bool]) -> Cutout:
    """Return an instance with transparent margins, but at the sides that are cut; nothing is told of its ground.

    Margins are as wide as it takes for a picture of the least size and not too long.
    """
    size = np.array([box[2] - box[0], box[3] - box[1]])
    usual = max(8, round(_MARGIN * int(size.max())))
    least = max(photos.MIN_SIDE, int(np.ceil(size.max() / (photos.MAX_ASPECT - 1))))
    before, after = [], []
    for axis in range(2):
        open_sides = [not cut[axis], not cut[axis + 2]]
        lacking = max(0, least - int(size[axis]) - usual * sum(open_sides))
        wide = usual + -(-lacking // max(1, sum(open_sides)))
        before.append(wide if open_sides[0] else 0)
        after.append(wide if open_sides[1] else 0)
    rows, columns = slice(box[1], box[3]), slice(box[0], box[2])
    whole = np.zeros((before[1] + size[1] + after[1], before[0] + size[0] + after[0], 4), np.uint8)
    inner = whole[before[1] : before[1] + size[1], before[0] : before[0] + size[0]]
    seen = mask[rows, columns]
    inner[seen, :3] = pixels[rows, columns, :3][seen]
    inner[seen, 3] = pixels[rows, columns, 3][seen] if pixels.shape[2] == 4 else 255
    return whole


def _png(cutout: Cutout) -> bytes:
    out = io.BytesIO()
    Image.fromarray(cutout).save(out, "PNG", compress_level=4)
    return out.getvalue()


def _write_tables(store: FolderStore, jobs: Sequence[_Job], cuts: Sequence[_Cut]) -> None:
    """Write credits.csv and, last of all, set-aside.csv."""
    rows = [
        (name, job.picture.licence, job.picture.credit, job.picture.file)
        for job, cut in zip(jobs, cuts, strict=True)
        for _, name in cut.made
    ]
    store.write(credits.FILE, table(("file", "licence", "credit", "group"), rows))
    aside = [(one.picture, one.instance, one.class_name, one.reason) for cut in cuts for one in cut.aside]
    store.write(SET_ASIDE, table(("picture", "instance", "class", "reason"), aside, "utf-8-sig"))


def _imported(out: Path, cuts: Sequence[_Cut]) -> Imported:
    made = Counter(class_name for cut in cuts for class_name, _ in cut.made)
    aside = Counter(one.reason.partition(":")[0] for cut in cuts for one in cut.aside)
    if not made:
        reasons = "; ".join(f"{count:,} {reason}" for reason, count in aside.most_common()) or "there are no instances"
        raise FigureGroundError("no instance could be used", reasons, f"see {out / SET_ASIDE}")
    return Imported(out, dict(sorted(made.items())), dict(aside.most_common()))
