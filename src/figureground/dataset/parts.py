"""Part files: whole or absent, the same bytes every time, random access.

A part is a stored (uncompressed) zip with fixed dates, written under a temporary name and renamed; beside it stands
`part-00000.json` with its statistics and the sha256 of the zip, written first.  A zip in place with its JSON is a
finished part.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.files import PARTIAL, file_sha256, partial_of, write_whole
from figureground.samples import codec, stats

FOLDER = "parts"
_TOGETHER = 64  # statistics added up at a time: few in memory, and cheaper than one by one
_DATE = (2020, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class PartInfo:
    """What `part-00000.json` says."""

    number: int
    file: str
    samples: int
    bytes: int
    sha256: str
    statistics: stats.Statistics


@dataclass(frozen=True)
class Made:
    """One sample ready to be written: its record (file names included), members by name, and statistics."""

    record: Mapping[str, Any]
    members: Mapping[str, bytes]
    statistics: stats.Statistics


def part_name(number: int) -> str:
    return f"part-{number:05d}"


def member_name(layer: str, index: int, suffix: str) -> str:
    return f"{codec.FOLDERS[layer]}/{index:09d}.{suffix}"


def write_part(dataset: Path, number: int, build_id: str, samples: Iterable[Made]) -> PartInfo:
    """Write one part from its samples, in their order, and return what was written."""
    folder = dataset / FOLDER
    final = folder / f"{part_name(number)}.zip"
    temporary = partial_of(final)
    found: list[stats.Statistics] = []
    rows: list[str] = []
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
            for made in samples:
                for name, data in made.members.items():
                    add_member(archive, name, data)
                rows.append(json.dumps(made.record, ensure_ascii=False) + "\n")
                found.append(made.statistics)
                if len(found) == _TOGETHER:
                    found = [stats.total(found)]
            metadata = "".join(rows).encode()
            add_member(archive, "metadata.jsonl", metadata)
        total = stats.total([*found, stats.Statistics(bytes={"metadata": len(metadata)})])
        info = PartInfo(
            number, f"{FOLDER}/{final.name}", len(rows), temporary.stat().st_size, file_sha256(temporary), total
        )
        plain = {
            "build_id": build_id,
            "number": number,
            "file": info.file,
            "samples": info.samples,
            "bytes": info.bytes,
            "sha256": info.sha256,
            "statistics": stats.to_json(total),
        }
        write_whole(final.with_suffix(".json"), json.dumps(plain).encode())
        os.replace(temporary, final)
    finally:
        temporary.unlink(missing_ok=True)
    return info


def add_member(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Add a stored member with a fixed date and mode, so that equal content gives equal archives."""
    entry = zipfile.ZipInfo(name, _DATE)
    entry.external_attr = 0o644 << 16
    entry.create_system = 3
    archive.writestr(entry, data)


def read_info(dataset: Path, number: int, build_id: str) -> PartInfo | None:
    """Return a finished part's JSON, or None when the part is absent, unfinished or of another build."""
    path = dataset / FOLDER / f"{part_name(number)}.json"
    try:
        plain = json.loads(path.read_bytes())
        if plain["build_id"] != build_id or path.with_suffix(".zip").stat().st_size != plain["bytes"]:
            return None
        return PartInfo(
            plain["number"],
            plain["file"],
            plain["samples"],
            plain["bytes"],
            plain["sha256"],
            stats.from_json(plain["statistics"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def sweep(dataset: Path) -> None:
    """Remove temporary files that a killed run left."""
    for place in (dataset, dataset / FOLDER):
        for leftover in place.glob(f"*{PARTIAL}"):
            if leftover.is_file():
                leftover.unlink()


class PartReader:
    """Random access to one part.  Cheap to make; the zip's directory is read on first use."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._archive = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise self._damaged(error) from None
        self.records: list[dict[str, Any]] = [json.loads(line) for line in self.member("metadata.jsonl").splitlines()]

    def member(self, name: str) -> bytes:
        """Return a member's bytes, checked against its CRC-32.  Raises FigureGroundError when the part is damaged."""
        try:
            return self._archive.read(name)
        except (OSError, zipfile.BadZipFile, KeyError) as error:
            raise self._damaged(error) from None

    def _damaged(self, error: Exception) -> FigureGroundError:
        return FigureGroundError(
            f"a part cannot be read: {error}",
            str(self._path),
            "delete it and run the build again: it makes missing parts",
        )

    def members(self, record: Mapping[str, Any]) -> dict[str, bytes]:
        """Return the record's members: layer -> bytes."""
        names = {layer: record.get(f"{layer}_file_name") for layer in codec.FOLDERS}
        return {layer: self.member(name) for layer, name in names.items() if name}

    def close(self) -> None:
        self._archive.close()
