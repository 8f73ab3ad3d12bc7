"""Part files: whole or absent, the same bytes every time, random access.

A part is a stored (uncompressed) zip with fixed dates that appears whole; its sidecar `state/part-00000.json` has its
statistics and the sha256 of the zip, and is written first.  A zip in place with its sidecar is a finished part.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import weakref
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from figureground.core.errors import FigureGroundError
from figureground.core.record import Record
from figureground.core.store import Store
from figureground.samples import stats
from figureground.samples.maker import Made
from figureground.samples.stats import Statistics

FOLDER = "parts"
STATE = "state"  # apart from the zips: a reader of the folder of parts finds data alone
METADATA = "metadata.jsonl"
_TOGETHER = 64  # statistics added up at a time: few in memory, and cheaper than one by one
_DATE = (2020, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class PartInfo:
    """What a sidecar says; `statistics` by split."""

    number: int
    file: str
    samples: int
    bytes: int
    sha256: str
    statistics: Mapping[str, Statistics]


def part_file(number: int) -> str:
    """Return the name of a part in its dataset: "parts/part-00007.zip"."""
    return f"{FOLDER}/part-{number:05d}.zip"


def sidecar(number: int) -> str:
    """Return the name of what is known of a part: "state/part-00007.json"."""
    return f"{STATE}/part-{number:05d}.json"


class PartWriter:
    """Takes the samples of one part, in their order."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._rows: list[bytes] = []
        self._found: dict[str, list[Statistics]] = {}  # by split, as what follows
        self._metadata: Counter[str] = Counter()

    def add(self, made: Made) -> None:
        """Write a sample's members and keep its row."""
        for name, data in made.members.items():
            add_member(self._archive, name, data)
        row = (json.dumps(made.record.to_row(), ensure_ascii=False) + "\n").encode()
        self._rows.append(row)
        self._metadata[made.record.split] += len(row)
        found = self._found.setdefault(made.record.split, [])
        found.append(made.statistics)
        if len(found) == _TOGETHER:
            found[:] = [stats.total(found)]

    def close(self) -> tuple[int, dict[str, Statistics]]:
        """Write the rows and return (samples, their statistics by split)."""
        add_member(self._archive, METADATA, b"".join(self._rows))
        rows = {split: Statistics(bytes={"metadata": size}) for split, size in self._metadata.items()}
        return len(self._rows), stats.total_by_split([{s: stats.total([*f, rows[s]])} for s, f in self._found.items()])


@contextlib.contextmanager
def writing(store: Store, number: int, build_id: str) -> Iterator[PartWriter]:
    """Write one part: its sidecar when the block ends, then the zip; nothing appears when the block raises."""
    with store.writing(part_file(number)) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            part = PartWriter(archive)
            yield part
            samples, statistics = part.close()
        size = file.seek(0, 2)
        about = {
            "build_id": build_id,
            "number": number,
            "file": part_file(number),
            "samples": samples,
            "bytes": size,
            "sha256": _sha256(file),
            "statistics": stats.by_split_to_json(statistics),
        }
        store.write(sidecar(number), json.dumps(about).encode())


def _sha256(file: BinaryIO) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(2**20):
        digest.update(chunk)
    return digest.hexdigest()


def add_member(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Add a stored member with a fixed date and mode, so that equal content gives equal archives."""
    entry = zipfile.ZipInfo(name, _DATE)
    entry.external_attr = 0o644 << 16
    entry.create_system = 3
    archive.writestr(entry, data)


def read_info(store: Store, number: int, build_id: str) -> PartInfo | None:
    """Return what a finished part's sidecar says, or None when the part is absent, unfinished or of another build."""
    try:
        plain = json.loads(store.read(sidecar(number)))
        if plain.pop("build_id") != build_id or store.size(part_file(number)) != plain["bytes"]:
            return None
        return PartInfo(**plain | {"statistics": stats.by_split_from_json(plain["statistics"])})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def any_part(store: Store) -> bool:
    """Tell whether a dataset has parts, finished or not."""
    return any(name.endswith(".zip") for name in store.list(f"{FOLDER}/part-"))


class PartReader:
    """Random access to one part.  Records are parsed when they are asked for."""

    def __init__(self, store: Store, name: str) -> None:
        self._where = f"{store.name}/{name}"
        try:
            self._file = store.open(name)
            weakref.finalize(self, self._file.close)  # an archive leaves a file that it was given open
            self._archive = zipfile.ZipFile(self._file)
        except (OSError, zipfile.BadZipFile) as error:
            raise self._damaged(error) from None
        self._lines = self.member(METADATA).splitlines()

    def __len__(self) -> int:
        return len(self._lines)

    def record(self, row: int) -> Record:
        """Return the record of a row, counted in the part."""
        try:
            return Record.from_row(json.loads(self._lines[row]))
        except (ValueError, KeyError, TypeError) as error:
            raise self._damaged(error) from None

    def members(self, record: Record) -> dict[str, bytes]:
        """Return a record's members: layer -> bytes."""
        return {layer: self.member(name) for layer, name in record.files.items()}

    def member(self, name: str) -> bytes:
        """Return a member's bytes, checked against its CRC-32.  Raises FigureGroundError when the part is damaged."""
        try:
            return self._archive.read(name)
        except (OSError, zipfile.BadZipFile, KeyError) as error:
            raise self._damaged(error) from None

    def _damaged(self, error: Exception) -> FigureGroundError:
        return FigureGroundError(
            f"a part cannot be read: {error}", self._where, "delete it and run the build again: it makes missing parts"
        )

    def close(self) -> None:
        self._archive.close()
        self._file.close()
