"""One part, looked at: against its sidecar and the manifest, and deep against what would be made, or against itself."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from figureground.core.damage import Damage
from figureground.core.errors import FigureGroundError
from figureground.core.files import code_sha256
from figureground.core.layers import LAYERS, member_name
from figureground.core.record import Record
from figureground.core.steps import Tick
from figureground.core.store import Store
from figureground.dataset import parts
from figureground.dataset.labels import HEADER, labels_rows
from figureground.dataset.parts import PartReader
from figureground.dataset.row_lines import row_of
from figureground.make.differences import few, picture_unlike, unlike
from figureground.make.finish import has_depth
from figureground.make.inner_checks import inner_damage
from figureground.make.part_task import PartTask, maker_of
from figureground.samples import codec, stats
from figureground.samples.count import Counted, Counts, counts_of, is_checked
from figureground.samples.maker import Made
from figureground.samples.stats import Statistics
from figureground.samples.tally import Tally

NEAR_MEAN, NEAR_MOST = 2.0, 64  # codes by which a network's depth may differ, as another processor rounds
_IMAGE_NEAR = 3.0  # levels of 255, on average, by which another library's JPEG may differ
_UNKNOWN = ("around", "around_moved", "shift_histogram", "no_depth", "no_depth_why")  # from members alone


@dataclass(frozen=True)
class PartLook:
    """How the parts of a dataset are looked at.

    `identity`: their build id.  `beside`: they have sidecars, as in all but format version 1.  `task`: what would make
    them, None where nothing is rendered.  `exact`: this machine's libraries give the same bytes.  `inner`: look at each
    sample by itself.  `shape`: (height, width).
    """

    store: Store
    identity: str
    beside: bool
    task: PartTask | None
    exact: bool
    inner: bool
    shape: tuple[int, int]


@dataclass(frozen=True)
class DuePart:
    """What a part should be: the samples it holds; its (bytes, sha256) by the manifest, None where that does not say;
    and the sha256 of its sidecar, "" likewise."""

    number: int
    indices: range
    told: tuple[int, str] | None = None
    sidecar: str = ""


@dataclass(frozen=True)
class PartFound:
    """What a look at a part gave.

    `labels`: the sha256 of its labels as a file of their own, as this version writes them, and `labels_bytes` how many
    their rows have; "" where they cannot be read.  `first`: its first record with depth, or its first.  `bytes`: of
    the zip.
    """

    damage: tuple[Damage, ...] = ()
    notes: tuple[str, ...] = ()
    labels: str = ""
    first: Record | None = None
    bytes: int = 0
    labels_bytes: int = 0


class Looked:
    """How many samples were looked at, over all parts."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._seen: dict[int, int] = {}
        self._sum = 0

    def heard(self, number: int, samples: int) -> int:
        """Take how many samples of a part were looked at, and return how many of all."""
        self._sum += samples - self._seen.get(number, 0)
        self._seen[number] = samples
        return self._sum


def look_at_part(look: PartLook, due: DuePart, tick: Tick) -> PartFound:
    """Return what is wrong with a part; `tick` is told how many of its samples were looked at."""
    file = parts.part_file(due.number)
    try:
        with look.store.open(file) as opened:
            sha256, size = parts.sha256_of(opened), opened.tell()
    except FileNotFoundError:
        return PartFound((Damage(file, None, "is missing"),))
    found = [Damage(file, None, line) for line in _beside(look, due, size, sha256)]
    reader = PartReader(look.store, file)
    try:
        records, wrong = _records(look, reader, due)
        found += wrong
        if wrong or found:
            found += _damaged_members(look, reader, records, due)
        notes: list[str] = []
        if look.task is not None:
            deep, notes = _against_made(look, reader, due, sha256, tick)
            found += deep
        elif look.inner:
            found += _by_itself(look, reader, records, due, tick)
    finally:
        reader.close()
    if look.task is None and not look.inner:
        tick(len(due.indices))
    whole = records if len(records) == len(due.indices) else []
    first = next((one for one in whole if has_depth(one)), whole[0] if whole else None)
    labels = labels_rows(file, whole)
    digest = hashlib.sha256(HEADER + labels).hexdigest() if whole else ""
    found += _labels_said(look, due, digest)
    return PartFound(tuple(found), tuple(notes), digest, first, size, len(labels))


def _labels_said(look: PartLook, due: DuePart, digest: str) -> list[Damage]:
    """Return whether the sidecar tells of other labels than the rows have, where this very code wrote it."""
    about = _sidecar(look, due) if look.beside and digest else {}
    if about.get("code") != code_sha256() or about.get("labels") == digest:
        return []
    said = f"its sidecar's labels are {str(about.get('labels'))[:12]}, would be {digest[:12]}"
    return [Damage(parts.part_file(due.number), None, said)]


def _beside(look: PartLook, due: DuePart, size: int, sha256: str) -> Iterator[str]:
    """Yield in what a zip is not what the sidecar and the manifest say."""
    if (told := due.told) is not None and told != (size, sha256):
        yield f"has {size:,} bytes, sha256 {sha256[:12]}; the manifest says {told[0]:,}, {told[1][:12]}"
    if not look.beside:
        return
    try:
        data = look.store.read(parts.sidecar(due.number))
    except FileNotFoundError:
        yield f"has no sidecar {parts.sidecar(due.number)}"
        return
    if due.sidecar and hashlib.sha256(data).hexdigest() != due.sidecar:
        yield f"its sidecar {parts.sidecar(due.number)} is not the one that the manifest tells of (sha256)"
    try:
        about = json.loads(data)
        wanted = {"build_id": look.identity, "number": due.number, "file": parts.part_file(due.number)}
        wanted |= {"samples": len(due.indices)}
        said = {name: about.get(name) for name in wanted}
        if (about.get("bytes"), about.get("sha256")) != (size, sha256):
            there = f"has {size:,} bytes, sha256 {sha256[:12]}"
            yield f"{there}; its sidecar says {about.get('bytes')}, {str(about.get('sha256'))[:12]}"
        stats.by_split_from_json(about["statistics"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        yield f"its sidecar cannot be read: {type(error).__name__}: {error}"
        return
    yield from (f"its sidecar's {line}" for line in unlike(said, wanted))


def _records(look: PartLook, reader: PartReader, due: DuePart) -> tuple[list[Record], list[Damage]]:
    """Return the records of a part that can be read, and what is wrong with its list of members and its rows."""
    file, indices = parts.part_file(due.number), due.indices
    records: list[Record] = []
    try:
        count = len(reader)
    except FigureGroundError as error:
        return [], [Damage(file, None, error.what)]
    found = []
    if count != len(indices):
        found.append(Damage(file, None, f"has {count} rows, would have {len(indices)}"))
    for row in range(count):
        index = indices[row] if row < len(indices) else None
        try:
            record = reader.record(row)
        except FigureGroundError as error:
            found.append(Damage(file, index, f"row {row} of {parts.METADATA}: {error.what}"))
            continue
        records.append(record)
        found += [Damage(file, index, line) for line in _in_place(record, index)]
    named = {name for record in records for name in record.files.values()} | {parts.METADATA}
    there = set(reader.names())
    found += [Damage(file, None, f"{name} belongs to no row") for name in few(sorted(there - named))]
    found += [Damage(file, None, f"{name} is not there, and a row names it") for name in few(sorted(named - there))]
    return records, found


def _in_place(record: Record, index: int | None) -> Iterator[str]:
    if record.index != index:
        yield f"the row that should be here says index {record.index}"
    for layer, name in record.files.items():
        if name != member_name(layer, record.index, name.rpartition(".")[2]):
            yield f"{layer}_file_name is {name!r}"


def _damaged_members(look: PartLook, reader: PartReader, records: list[Record], due: DuePart) -> list[Damage]:
    """Return the samples whose members do not come out as they went in."""
    found = []
    for record in records:
        for layer, name in record.files.items():
            try:
                reader.member(name)
            except FigureGroundError as error:
                found.append(Damage(parts.part_file(due.number), record.index, f"{layer}: {error.what}"))
    return found


class _Hashing(io.BytesIO):
    """A file that keeps the sha256 of what is written to it, and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, data: Any, /) -> int:
        self.digest.update(data)
        self.size += len(data)
        return len(data)

    def tell(self) -> int:
        return self.size


def _against_made(
    look: PartLook, reader: PartReader, due: DuePart, sha256: str, tick: Tick
) -> tuple[list[Damage], list[str]]:
    """Return in what a part is not what would be made of recipe and catalog, sample by sample, and notes."""
    task = look.task
    assert task is not None  # noqa: S101
    file, found, notes = parts.part_file(due.number), list[Damage](), list[str]()
    same_code = _sidecar(look, due).get("code") == code_sha256()
    out, maker, unread = _Hashing(), maker_of(task), False
    with parts.packing(out, due.number) as part:
        for row, made in enumerate(maker.make(due.indices, tick)):
            part.add(made)
            lines, near, readable = _sample(look, reader, row, made, same_code)
            unread |= not readable
            found += [Damage(file, made.record.index, line) for line in lines]
            notes += near
    if not same_code or not look.exact or notes:
        return found, notes
    if out.digest.hexdigest() != sha256 and not found and not unread:
        found.append(Damage(file, None, "its bytes are others than would be made, outside of members and rows"))
    made_sidecar = parts.sidecar_of(part, due.number, look.identity, out.size, out.digest.hexdigest())
    lines = few(unlike(_sidecar(look, due), json.loads(json.dumps(made_sidecar))))
    return found + [Damage(file, None, f"its sidecar's {line}") for line in lines], notes


def _sidecar(look: PartLook, due: DuePart) -> dict[str, Any]:
    try:
        plain = json.loads(look.store.read(parts.sidecar(due.number)))
    except (OSError, ValueError):
        return {}
    return plain if isinstance(plain, dict) else {}


def _sample(
    look: PartLook, reader: PartReader, row: int, made: Made, same_code: bool
) -> tuple[list[str], list[str], bool]:
    """Return in what a stored sample is not the one that was made, where only rounding tells them apart, and whether
    all of it could be read."""
    try:
        record = reader.record(row)
    except (FigureGroundError, IndexError):
        return [], [], False  # told already
    network = look.task.job.depth.network_layer if look.task and look.task.job.depth.on_composites else None
    found, notes, near, readable = list[str](), list[str](), set[str](), True
    for layer, name in made.record.files.items():
        try:
            stored = reader.member(record.files.get(layer, name))
        except FigureGroundError:
            readable = False
            continue  # told already
        if stored != made.members[name] and (look.exact or not _alike(stored, made.members[name])):
            line = _layer(look.exact or is_lossless(name), layer == network, stored, made.members[name])
            near |= {layer} if line is None else set()
            found += [] if line is None else [f"{layer}: {line}"]
            if line is None and layer == network:
                notes.append(f"{layer} differs from what would be made here by rounding alone, as processors do")
    found += [
        line
        for line in few(unlike(record.to_row(), json.loads(row_of(made.record)), shared=not same_code))
        if not (network in near and line.startswith((f"{network}_", "figures")))
    ]
    return found, notes, readable


def is_lossless(name: str) -> bool:
    """Tell whether a member of that name is stored without loss."""
    return name.endswith((".png", ".webp"))


def _alike(stored: bytes, made: bytes) -> bool:
    """Tell whether two members hold the same pixels, in whatever bytes another library wrote."""
    try:
        return not picture_unlike(codec.pixels(stored), codec.pixels(made))
    except (OSError, ValueError, SyntaxError):
        return False


def _layer(exact: bool, network: bool, stored: bytes, made: bytes) -> str | None:
    """Return how a member is not what would be made; None where that is by rounding or another library."""
    try:
        there, wanted = codec.pixels(stored), codec.pixels(made)
    except (OSError, ValueError, SyntaxError) as error:
        return f"cannot be decoded: {error}"
    said = picture_unlike(there, wanted)
    if not said:
        return "its pixels are as they would be, its bytes are others"
    if there.shape != wanted.shape or there.dtype != wanted.dtype:
        return said
    by = abs(there.astype(int) - wanted.astype(int))
    near = (network and by.mean() <= NEAR_MEAN and by.max() <= NEAR_MOST) or (not exact and by.mean() <= _IMAGE_NEAR)
    return None if near else said


def _by_itself(look: PartLook, reader: PartReader, records: list[Record], due: DuePart, tick: Tick) -> list[Damage]:
    """Return what of a part's samples contradicts itself, and the sidecar's statistics."""
    file, found, counted = parts.part_file(due.number), list[Damage](), Tally()
    for done, record in enumerate(records, 1):
        layers, lines, sizes = {}, list[str](), {}
        for layer, name in record.files.items():
            try:
                data = reader.member(name)
                layers[layer], sizes[layer] = codec.pixels(data), len(data)
            except (FigureGroundError, OSError, ValueError, SyntaxError) as error:
                lines.append(f"{layer} cannot be decoded: {getattr(error, 'what', error)}")
        exact = is_lossless(record.files.get("mask", ""))
        lines = lines or inner_damage(record, layers, look.shape, exact)
        found += [Damage(file, record.index, line) for line in lines]
        if not lines and exact:
            counted.add(record, _counted(record, layers, sizes))
        tick(done)
    sums = counted.statistics()
    if look.beside and sums.samples == len(due.indices):
        lossless = {layer for layer, name in records[0].files.items() if is_lossless(name)}
        found += [Damage(file, None, f"its sidecar's {line}") for line in _statistics(look, due, sums, lossless)]
    return found


def _counted(record: Record, layers: Mapping[str, Any], sizes: Mapping[str, int]) -> Counts:
    stored = {**layers, "mask": layers["mask"] > 0}
    decoded = dict(layers) if is_checked(record.index) else None
    return counts_of(Counted(record, stored, sizes, decoded, {}))


def _statistics(look: PartLook, due: DuePart, counted: Statistics, lossless: set[str]) -> list[str]:
    """Return in what a sidecar's sums are not those of the stored samples, as far as these tell."""
    try:
        said = stats.total(stats.by_split_from_json(_sidecar(look, due)["statistics"]).values())
    except (KeyError, TypeError, ValueError, AttributeError):
        return []  # told already
    both = [_comparable(lossless, one) for one in (said, counted)]
    return few(unlike(both[0], both[1], shared=True))


def _comparable(lossless: set[str], one: Statistics) -> dict[str, Any]:
    kept = {layer: sums for layer, sums in one.layers.items() if layer in lossless}
    sizes = {layer: size for layer, size in one.bytes.items() if layer in LAYERS}
    plain = stats.to_json(replace(one, layers=kept, bytes=sizes))
    empty = stats.to_json(Statistics())
    return {k: v for k, v in json.loads(json.dumps(plain)).items() if k not in _UNKNOWN and v != empty.get(k)}
