"""Part files: whole or absent, the same bytes every time, random access.

A part is a stored (uncompressed) zip with fixed dates that appears whole; its sidecar `state/part-00000.json` has its
statistics and the sha256 of the zip, and is written first.  A zip in place with its sidecar is a finished part.  Its
rows of labels.csv are written before both, so that whoever finishes the dataset need not read its samples again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import json
import re
import struct
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from figureground.core.errors import FigureGroundError
from figureground.core.files import code_sha256
from figureground.core.inner_names import declared
from figureground.core.record import SPLITS, Record
from figureground.core.store import Store, asked
from figureground.core.typed import parsed_object, typed
from figureground.dataset.archive import (
    BadArchiveError,
    Contents,
    Member,
    Zip,
    member_start,
    read_contents,
    read_members,
)
from figureground.dataset.handles import Handles
from figureground.dataset.labels import HEADER, LabelsWriter, labels_file
from figureground.dataset.row_files import files_of
from figureground.dataset.row_lines import row_of
from figureground.dataset.row_records import record_of
from figureground.native import crc32
from figureground.samples import stats
from figureground.samples.maker import Made
from figureground.samples.stats import Statistics
from figureground.samples.tally import Tally

FOLDER = "parts"
STATE = "state"  # apart from the zips: a reader of the folder of parts finds data alone
METADATA = "metadata.jsonl"
MOST_ROWS = 1_000_000  # of a part: as parts.size
_LONGEST_ROW = 2**24  # bytes
_MOST_MEMBER = 2**27  # bytes of a picture: several times what the largest canvas takes
_MOST_SIDECAR = 2**26  # bytes
_CHUNK = 2**20
_DATE = (2020, 1, 1, 0, 0, 0)
_DAY = (_DATE[0] - 1980) << 9 | _DATE[1] << 5 | _DATE[2]  # as zips have it
_UTF8 = 0x800  # among a member's flags: its name is no ASCII
_HEADER = struct.Struct("<4s5H3L2H")  # of a member, PKWARE's APPNOTE 4.3.7
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class PartInfo:
    """What a sidecar says; `statistics` by split.  `code`: the sha256 of the code that made it; `labels`:
    that of its labels as a file of their own, "" in older ones."""

    number: int
    file: str
    samples: int
    bytes: int
    sha256: str
    statistics: Mapping[str, Statistics]
    code: str = ""
    labels: str = ""


def part_file(number: int) -> str:
    """Return the name of a part in its dataset: "parts/part-00007.zip"."""
    return f"{FOLDER}/part-{number:05d}.zip"


def sidecar(number: int) -> str:
    """Return the name of what is known of a part: "state/part-00007.json"."""
    return f"{STATE}/part-{number:05d}.json"


class PartWriter:
    """Takes the samples of one part, in their order."""

    def __init__(self, archive: zipfile.ZipFile, number: int) -> None:
        self._archive = archive
        self._labels = LabelsWriter(part_file(number))
        self._rows: list[bytes] = []
        self._tallies: dict[str, Tally] = {}  # by split
        self.samples = 0
        self.statistics: dict[str, Statistics] = {}  # by split, once it is closed

    def add(self, made: Made) -> None:
        """Write a sample's members and keep its row."""
        for name, data in made.members.items():
            add_member(self._archive, name, data)
        row = row_of(made.record)
        self._rows.append(row)
        self._labels.add(made.record)
        tally = self._tallies.get(made.record.split)
        if tally is None:
            tally = self._tallies[made.record.split] = Tally()
        tally.add(made.record, made.counts)
        tally.add_bytes({"metadata": len(row)})

    @property
    def labels(self) -> bytes:
        """The labels of its samples, a file of their own."""
        return HEADER + self._labels.rows()

    def close(self) -> None:
        """Write the rows, and have the statistics."""
        add_member(self._archive, METADATA, b"".join(self._rows))
        self.samples = len(self._rows)
        self.statistics = {s: self._tallies[s].statistics() for s in SPLITS if s in self._tallies}


@contextlib.contextmanager
def packing(file: IO[bytes], number: int) -> Iterator[PartWriter]:
    """Write the zip of a part into a file; it is whole when the block ends."""
    with Zip(file, "w") as archive:
        part = PartWriter(archive, number)
        yield part
        part.close()


def sidecar_of(part: PartWriter, number: int, build_id: str, size: int, sha256: str) -> dict[str, Any]:
    """Return what the sidecar says of a part that is packed, whose zip has this size and sha256."""
    return {
        "build_id": build_id,
        "code": code_sha256(),
        "number": number,
        "file": part_file(number),
        "samples": part.samples,
        "bytes": size,
        "sha256": sha256,
        "labels": hashlib.sha256(part.labels).hexdigest(),
        "statistics": stats.by_split_to_json(part.statistics),
    }


@contextlib.contextmanager
def writing(store: Store, number: int, build_id: str) -> Iterator[PartWriter]:
    """Write one part: its labels and its sidecar when the block ends, then the zip; nothing appears when the block
    raises."""
    with store.writing(part_file(number)) as file:
        with packing(file, number) as part:
            yield part
        about = sidecar_of(part, number, build_id, file.seek(0, 2), sha256_of(file))
        store.write(labels_file(number), part.labels)
        store.write(sidecar(number), json.dumps(about).encode())


def sha256_of(file: BinaryIO) -> str:
    """Return the sha256 of a whole file, in hex; afterwards it is at its end."""
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(2**20):
        digest.update(chunk)
    return digest.hexdigest()


def add_member(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Add a stored member with a fixed date and mode, so that equal content gives equal archives.

    The bytes are those of `writestr`, which writes each header twice and goes back in the file for that, three times
    as slowly.  Raises ValueError for a name that whoever unpacks it would not be safe with.
    """
    declared(name)
    if archive.fp is None:
        raise ValueError("the archive is closed")
    entry = zipfile.ZipInfo(name, _DATE)
    entry.external_attr = 0o644 << 16
    entry.create_system = 3
    entry.CRC = crc32(data)
    entry.file_size = entry.compress_size = len(data)
    entry.header_offset = archive.start_dir
    header = _header(entry)
    archive.fp.write(header + data)
    archive.start_dir += len(header) + len(data)  # where the next member begins, or the directory
    archive.filelist.append(entry)
    archive.NameToInfo[name] = entry


def _header(entry: zipfile.ZipInfo) -> bytes:
    """Return the header before a stored member, as `FileHeader` writes it."""
    if entry.file_size > zipfile.ZIP64_LIMIT:
        return entry.FileHeader()
    name, size = entry.filename.encode(), entry.file_size
    flags = 0 if len(name) == len(entry.filename) else _UTF8
    about = b"PK\3\4", entry.extract_version, flags, 0, 0, _DAY, entry.CRC, size, size, len(name), 0
    return _HEADER.pack(*about) + name


def read_info(store: Store, number: int, build_id: str) -> PartInfo | None:
    """Return what a finished part's sidecar says, or None when the part is absent, unfinished or of another build."""
    try:
        plain = parsed_object(store.read(sidecar(number), 0, _MOST_SIDECAR))
        if plain.pop("build_id", None) != build_id or store.size(part_file(number)) != plain.get("bytes"):
            return None
        found = stats.by_split_from_json(plain.pop("statistics", None))
        info: PartInfo = typed(PartInfo, {**plain, "statistics": {}})
    except (OSError, ValueError):
        return None
    return dataclasses.replace(info, statistics=found) if _is_sound(info, number) else None


def read_infos(store: Store, numbers: Iterable[int], build_id: str) -> Iterator[tuple[int, PartInfo | None]]:
    """Yield what `read_info` returns of each part with its number, in their order."""
    wanted = list(numbers)
    return zip(wanted, asked(store, functools.partial(_info_of, store, build_id), wanted), strict=True)


def _info_of(store: Store, build_id: str, number: int) -> PartInfo | None:
    return read_info(store, number, build_id)


def _is_sound(info: PartInfo, number: int) -> bool:
    """Tell whether a sidecar speaks of its own part, and of as much as one may hold."""
    own = (info.number, info.file) == (number, part_file(number))
    hashes = _SHA256.fullmatch(info.sha256) and (not info.labels or _SHA256.fullmatch(info.labels))
    return own and 0 <= info.samples <= MOST_ROWS and bool(hashes)


def any_part(store: Store) -> bool:
    """Tell whether a dataset has parts, finished or not."""
    return any(name.endswith(".zip") for name in store.list(f"{FOLDER}/part-"))


class PartReader:
    """Random access to one part, whose directory and rows are looked for once, when they are first asked for.

    `handles`: what reads the files of the part's store, shared by the readers of its other parts.
    """

    def __init__(self, store: Store, name: str, handles: Handles | None = None) -> None:
        self._where = f"{store.name}/{name}"
        self._store, self._name = store, name
        self._handles = handles or Handles(store)
        # of each layer: how much farther down the directory the last member lay than its row in the table
        self._ahead: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._ends)

    def prepare(self) -> None:
        """Look for the directory and the rows, if nobody has; for several parts at a time, in threads.

        A cached property of Python 3.11 lets one object after another work out theirs.
        """
        for name, look in (("_contents", self._find_contents), ("_rows", self._find_rows)):
            if name not in vars(self):
                vars(self)[name] = look()

    def record(self, row: int) -> Record:
        """Return the record of a row, counted in the part.  Raises FigureGroundError when it is damaged."""
        line = self._line(row)
        try:
            return record_of(line)
        except ValueError as error:
            raise self.damaged(error) from None

    def _line(self, row: int) -> bytes:
        """Return a row as it stands in the table."""
        start, ends = self._rows
        if not 0 <= row < len(ends):
            raise self.damaged(f"it has {len(ends):,} rows, and none of number {row}")
        begin, end = int(ends[row - 1]) if row else start, int(ends[row])
        if end - begin > _LONGEST_ROW:
            raise self.damaged(f"row {row} has {end - begin:,} bytes")
        try:
            return self._read(begin, end)
        except OSError as error:
            raise self.damaged(error) from None

    def members(
        self, record: Record, layers: Collection[str] | None = None, row: int | None = None
    ) -> dict[str, bytes]:
        """Return a record's members: layer -> bytes.  `layers`: those that are wanted, None for all.  `row`: which the
        record is of, where that is known: they are found sooner."""
        return self._members_of(record.files, layers, record.index if row is None else row)

    def row_members(self, row: int, layers: Collection[str] | None = None) -> dict[str, bytes]:
        """Return the members of a row, of which no more is read than their names."""
        line = self._line(row)
        try:
            files = files_of(line)
        except ValueError as error:
            raise self.damaged(error) from None
        return self._members_of(files, layers, row)

    def member(self, name: str) -> bytes:
        """Return a member's bytes, checked against its CRC-32.  Raises FigureGroundError when the part is damaged."""
        return self._members_of({"": name}, None, 0)[""]

    def _members_of(self, files: Mapping[str, str], layers: Collection[str] | None, row: int) -> dict[str, bytes]:
        contents, ahead, members = self._contents, self._ahead, []
        wanted = files if layers is None else {layer: name for layer, name in files.items() if layer in layers}
        try:
            for layer, name in wanted.items():
                at = contents.position(name, row + ahead.get(layer, 0))
                ahead[layer] = at - row
                members.append(contents.member(at))
                if members[-1].size > _MOST_MEMBER:
                    raise BadArchiveError(f"{name!r} has {members[-1].size:,} bytes, more than any picture")
            return dict(zip(wanted, read_members(self._read, members), strict=True))
        except (OSError, BadArchiveError, KeyError) as error:
            raise self.damaged(error) from None

    def names(self) -> list[str]:
        """Return the names of the part's members.  Raises FigureGroundError when it is damaged."""
        return [name.decode(errors="backslashreplace") for name in self._contents.names.tolist()]

    def _read(self, start: int, stop: int) -> bytes:
        return self._handles.read(self._name, start, stop)

    @functools.cached_property
    def _contents(self) -> Contents:
        return self._find_contents()

    def _find_contents(self) -> Contents:
        try:
            return read_contents(self._read, self._store.size(self._name) or 0)
        except (OSError, BadArchiveError) as error:
            raise self.damaged(error) from None

    @functools.cached_property
    def _rows(self) -> tuple[int, NDArray[np.int64]]:
        """Where in the file the rows begin, and where each of them ends."""
        return self._find_rows()

    def _find_rows(self) -> tuple[int, NDArray[np.int64]]:
        try:
            member = self._contents.find(METADATA)
            start = member_start(self._read, member)
            return start, self._ends_of(member, start)
        except (OSError, BadArchiveError, KeyError) as error:
            raise self.damaged(error) from None

    def _ends_of(self, member: Member, start: int) -> NDArray[np.int64]:
        """Return where in the file each row ends.  The table is walked through, so that memory stays flat whatever its
        size.  Raises BadArchiveError."""
        found, rows, checksum, at, stop = [np.empty(0, np.int64)], 0, 0, start, start + member.size
        while at < stop:
            data = self._read(at, min(at + _CHUNK, stop))
            checksum = crc32(data, checksum)
            ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")) + (at + 1)
            found.append(ends)
            rows, at = rows + len(ends), at + len(data)
            if not data or rows > MOST_ROWS or at - start > (rows + 1) * _LONGEST_ROW:
                raise BadArchiveError(f"{METADATA} is cut off, or has more or longer rows than any part")
        if checksum != member.crc32:
            raise BadArchiveError(f"Bad CRC-32 of {METADATA!r}")
        every = np.concatenate(found)
        if member.size and (not every.size or every[-1] != stop):
            every = np.append(every, stop)  # the last line of a table that others wrote
        return every

    @property
    def _ends(self) -> NDArray[np.int64]:
        return self._rows[1]

    def damaged(self, error: Exception | str) -> FigureGroundError:
        """Return what to raise where the part is not what it should be."""
        return FigureGroundError(
            f"a part cannot be read: {error}", self._where, "delete it and run the build again: it makes missing parts"
        )

    def close(self) -> None:
        self._handles.close()
