"""The files of a dataset in the 2020 layout, zipped or unpacked: their labels, and the bytes behind each name."""

from __future__ import annotations

import csv
import functools
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, get_args

from figureground.core.errors import FigureGroundError
from figureground.core.folder_store import FolderStore
from figureground.core.inner_names import declared
from figureground.core.nouns import DepthUnit, Direction
from figureground.core.record import DepthMeaning

LABELS, DEPTHS = "labels.txt", "depth.csv"
_MOST_TEXT = 2**30  # bytes of labels.txt, and of depth.csv: ten million lines take less
_MOST_MEMBER = 2**27  # bytes of a picture
_MOST_ZIPS = 10_000
_ZIP = re.compile(r"(?:.*/)?data_part(\d{1,6})\.zip")
_FOLDER = re.compile(r"data_(\d{1,6})/")
_BARE = re.compile(r"(fg-bg-mask|fg-bg|depth|fg|bg)\d+\.\w+")
# where a file lies that labels call by its last name alone; {} is a zip's number
_PLACES = {
    "fg-bg-mask": "data_{}/Fg-Bg-Mask",
    "fg-bg": "data_{}/Fg-Bg",
    "depth": "data_{}/Depth",
    "fg": "Foreground",
    "bg": "Background",
}
_GREATEST = 1e30  # of a depth's scale and offset


@dataclass(frozen=True)
class Row:
    """A line of labels.txt: files of a foreground, a background, their composite, its mask, and its depth or ""."""

    foreground: str
    background: str
    image: str
    mask: str
    depth: str


@dataclass(frozen=True)
class Range:
    """What depth.csv says of a depth picture's codes."""

    unit: DepthUnit
    direction: Direction
    scale: float
    offset: float
    invalid: int | None

    def meaning(self, valid_fraction: float) -> DepthMeaning:
        return DepthMeaning(self.unit, self.direction, self.scale, self.offset, self.invalid, valid_fraction)


class Source:
    """A folder in the 2020 layout.  What data_part1.zip holds as data_1/... may lie in the folder as data_1/..., too.

    Nothing is read out of the folder; links are not followed, and zips are not unpacked.
    """

    def __init__(self, store: FolderStore) -> None:
        self.store = store
        self._open: tuple[str, zipfile.ZipFile, BinaryIO] | None = None
        self._last = 1  # the zip in which a bare name was found: the next one mostly lies there, too

    def read(self, name: str) -> bytes:
        """Return the bytes behind a name of labels.txt.  Raises FigureGroundError where there are none, or too many."""
        try:
            name = self._placed(name)
            if self.store.size(name) is not None:
                data = self.store.read(name, 0, _MOST_MEMBER + 1)
            elif (found := _FOLDER.match(name)) and (file := self._zips.get(int(found[1]))):
                data = self._member(file, name)
            else:
                raise FileNotFoundError("there is no such file, nor a zip with it")
            if len(data) > _MOST_MEMBER:
                raise ValueError("it is larger than any picture")
        except FigureGroundError:
            raise
        except (OSError, ValueError, KeyError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error) as e:
            said = getattr(e, "strerror", None) or (e.args[0] if e.args else type(e).__name__)
            raise FigureGroundError(
                f"a file of labels.txt cannot be read: {said}", f"{self.store.name}/{name}", "bring it back"
            ) from None
        return data

    def _placed(self, name: str) -> str:
        """Return a name with its folders; labels may have the last piece alone, as "fg-bg1.jpg"."""
        found = _BARE.fullmatch(name)
        if found is None or self.store.size(name) is not None:
            return name
        place = _PLACES[found[1]]
        for number in sorted({self._last, *self._numbers}, key=lambda p: (p != self._last, p)):
            if self._has(full := f"{place.format(number)}/{name}", number):
                self._last = number
                return full
        return f"{place.format(self._last)}/{name}"

    def _has(self, name: str, number: int) -> bool:
        if self.store.size(name) is not None:
            return True
        return (
            number in self._zips and name.startswith("data_") and name in self._archive(self._zips[number]).NameToInfo
        )

    @functools.cached_property
    def _numbers(self) -> frozenset[int]:
        """The numbers of the zips, and of the folders that they unpack to."""
        unpacked = (_FOLDER.match(name) for name in self.store.list("data_"))
        return frozenset(self._zips) | {int(found[1]) for found in unpacked if found}

    def close(self) -> None:
        """Close the zip that is open."""
        if self._open is not None:
            self._open[1].close()
            self._open[2].close()
            self._open = None

    @functools.cached_property
    def _zips(self) -> dict[int, str]:
        found: dict[int, str] = {}
        for name in self.store.list():
            if (match := _ZIP.fullmatch(name)) and len(found) < _MOST_ZIPS:
                found.setdefault(int(match[1]), name)
        return found

    def _archive(self, file: str) -> zipfile.ZipFile:
        if self._open is None or self._open[0] != file:
            self.close()
            stored = self.store.open(file)
            try:
                self._open = file, zipfile.ZipFile(stored), stored
            finally:
                if self._open is None:
                    stored.close()
        return self._open[1]

    def _member(self, file: str, name: str) -> bytes:
        with self._archive(file).open(name) as member:
            return member.read(_MOST_MEMBER + 1)  # no further, whatever its header says


def rows_of(source: Source) -> list[Row]:
    """Return the lines of labels.txt.  Raises FigureGroundError for what is none, and names that are not safe."""
    where = f"{source.store.name}/{LABELS}"
    found = []
    for number, line in enumerate(_lines(source, LABELS), 1):
        names = [name.strip().replace("\\", "/").removeprefix("./") for name in line.split("\t")]
        try:
            if len(names) not in (4, 5):
                raise ValueError(f"{len(names)} names, not 5 with tabs between")
            for name in filter(None, names):
                declared(name)
            if not all(names[:4]):
                raise ValueError("an empty name")
        except ValueError as error:
            raise FigureGroundError(
                f"line {number} is none of the 2020 layout: {error}",
                where,
                "each line has the files FG, BG, FG-BG, FG-BG-Mask and Depth",
            ) from None
        found.append(Row(*names, *[""] * (5 - len(names))))
    if not found:
        raise FigureGroundError("there are no samples", where, "give the folder of a dataset in the 2020 layout")
    if {bool(row.depth) for row in found} == {True, False}:
        raise FigureGroundError("some samples have depth and others none", where, "import them apart")
    return found


def _lines(source: Source, name: str) -> Iterator[str]:
    where = f"{source.store.name}/{name}"
    try:
        data = source.store.read(name, 0, _MOST_TEXT + 1)
        if len(data) > _MOST_TEXT:
            raise ValueError(f"it is larger than {_MOST_TEXT >> 20} MiB")
        text = data.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise FigureGroundError(
            f"no dataset of the 2020 layout: {name} cannot be read: {said}", where, f"give the folder with {LABELS}"
        ) from None
    return (line for line in text.replace("\r\n", "\n").split("\n") if line.strip())


def ranges_of(source: Source) -> Mapping[str, Range]:
    """Return what depth.csv says of each depth picture; nothing where there is no such table."""
    if source.store.size(DEPTHS) is None:
        return {}
    rows = csv.reader(_lines(source, DEPTHS), strict=True)
    try:
        next(rows, None)
        return {row[0]: _range(row) for row in rows}
    except (ValueError, IndexError, csv.Error) as error:
        raise FigureGroundError(
            f"the meaning of depth cannot be read: {error}", f"{source.store.name}/{DEPTHS}", "mend it, or remove it"
        ) from None


def _range(row: Sequence[str]) -> Range:
    unit, direction, scale, offset, invalid = row[1:6]
    units, directions = {one: one for one in get_args(DepthUnit)}, {one: one for one in get_args(Direction)}
    if unit not in units or direction not in directions:
        raise ValueError(f"{unit!r}, {direction!r} is no unit and direction")
    found = Range(units[unit], directions[direction], float(scale), float(offset), int(invalid) if invalid else None)
    told = found.invalid is None or 0 <= found.invalid <= 65535
    if not (0 < abs(found.scale) < _GREATEST and abs(found.offset) < _GREATEST and told):
        raise ValueError(f"{row[0]}: scale or offset is beyond any depth")
    return found


def as_text(rows: Sequence[Row]) -> bytes:
    """Return rows as one text that tells them from others."""
    text = io.StringIO()
    for row in rows:
        text.write("\t".join((row.foreground, row.background, row.image, row.mask, row.depth)) + "\n")
    return text.getvalue().encode()
