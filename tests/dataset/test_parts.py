"""Laws of parts: what is written is read, whole or absent, the same bytes every time; damage is named."""

import dataclasses
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from figureground import FigureGroundError
from figureground.core.engines import Serial
from figureground.core.folder_store import FolderStore
from figureground.core.memory_store import MemoryStore
from figureground.core.progress import silent
from figureground.core.store import Store
from figureground.dataset import parts
from figureground.ingest.ingest import ingest
from figureground.resolve import resolve
from figureground.samples import stats
from figureground.samples.maker import Made, Maker
from tests.builders import ground_recipe, write_depth_network, write_floor_photos
from tests.samples.counting import alone

NAME = "parts/part-00003.zip"


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Made]:
    """Samples with every layer that there is."""
    folder = tmp_path_factory.mktemp("photos")
    write_floor_photos(folder)
    write_depth_network(folder / "grey.onnx", size=96)
    job = resolve(
        ground_recipe(
            folder, placement={"figures": [1, 3], "min_visible": 0.3}, depth={"source": "both", "model": "grey.onnx"}
        )
    )
    store = MemoryStore()
    return list(Maker(job, ingest(job, Serial(), store, silent), store).make([3, 4, 17, 35, 0]))


def written(samples: list[Made], store: Store) -> Store:
    with parts.writing(store, 3, "mine") as part:
        for made in samples:
            part.add(made)
    return store


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_what_is_written_is_read(samples: list[Made], tmp_path: Path, kind: str) -> None:
    store = written(samples, MemoryStore() if kind == "memory" else FolderStore(tmp_path / "out"))
    assert store.list() == ["labels/part-00003.csv", NAME, "state/part-00003.json"]
    reader = parts.PartReader(store, NAME)
    assert len(reader) == len(samples) == 5
    for row in (4, 0, 2, 1, 3):  # in any order
        record = reader.record(row)
        assert record == samples[row].record
        assert list(record.files) == ["image", "mask", "instances", "depth", "depth_network"]
        members = reader.members(record)
        assert members == {layer: samples[row].members[name] for layer, name in record.files.items()}
    reader.close()


def test_the_sidecar_says_what_is_in_the_part(samples: list[Made]) -> None:
    store = written(samples, MemoryStore())
    info = parts.read_info(store, 3, "mine")
    assert info is not None
    data = store.read(NAME)
    assert (info.number, info.file, info.samples, info.bytes) == (3, NAME, 5, len(data))
    assert info.sha256 == hashlib.sha256(data).hexdigest()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        rows = archive.read(parts.METADATA)
        assert len(archive.namelist()) == 5 * 5 + 1
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
    metadata = stats.Statistics(bytes={"metadata": len(rows)})
    assert stats.to_json(stats.total(info.statistics.values())) == stats.to_json(
        stats.total([*(alone(made.record, made.counts) for made in samples), metadata])
    )


def test_equal_samples_make_equal_parts(samples: list[Made], tmp_path: Path) -> None:
    one, other = written(samples, MemoryStore()), written(samples, FolderStore(tmp_path))
    assert {name: one.read(name) for name in one.list()} == {name: other.read(name) for name in other.list()}


@pytest.mark.parametrize("count", [0, 1, 70_000])
def test_members_are_those_that_zipfile_writes(count: int) -> None:
    """Written in one go, with the same bytes; so many that the directory needs its larger form."""
    plain, quick = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(plain, "w") as slow, zipfile.ZipFile(quick, "w") as archive:
        for i in range(count):
            name, data = f"image/{i:06d}-ä.jpg", bytes([i % 256]) * (i % 40)
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.external_attr, entry.create_system = 0o644 << 16, 3
            slow.writestr(entry, data)
            parts.add_member(archive, name, data)
    assert quick.getvalue() == plain.getvalue()
    with pytest.raises(ValueError, match="closed"):
        parts.add_member(archive, "late", b"")


def test_only_a_whole_part_of_this_build_counts(samples: list[Made]) -> None:
    store = written(samples, MemoryStore())
    assert parts.any_part(store)
    assert parts.read_info(store, 3, "another") is None
    assert parts.read_info(store, 2, "mine") is None
    whole, sidecar = store.read(NAME), store.read(parts.sidecar(3))
    for name, data in ((NAME, whole[:-1]), (parts.sidecar(3), sidecar[:-1]), (parts.sidecar(3), b"[]")):
        before = store.read(name)
        store.write(name, data)
        assert parts.read_info(store, 3, "mine") is None
        store.write(name, before)
    assert parts.read_info(store, 3, "mine") is not None
    store.delete(NAME)
    assert parts.read_info(store, 3, "mine") is None
    assert not parts.any_part(store)


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_nothing_appears_when_writing_fails(samples: list[Made], tmp_path: Path, kind: str) -> None:
    store: Store = MemoryStore() if kind == "memory" else FolderStore(tmp_path / "out")
    for _ in range(2):
        before = store.list()
        with pytest.raises(ZeroDivisionError), parts.writing(store, 3, "mine") as part:  # noqa: PT012
            part.add(samples[0])
            raise ZeroDivisionError
        assert store.list() == before
        assert not list(tmp_path.rglob("*.partial"))
        written(samples, store)  # the second time it is there already, and stays
    assert parts.read_info(store, 3, "mine") is not None


def with_rows(store: Store, change: Callable[[list[bytes]], list[bytes]]) -> None:
    """Write a part anew with other rows of metadata."""
    with zipfile.ZipFile(io.BytesIO(store.read(NAME))) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    held[parts.METADATA] = b"".join(change(held[parts.METADATA].splitlines(keepends=True)))
    with store.writing(NAME) as file, zipfile.ZipFile(file, "w") as archive:
        for name, data in held.items():
            parts.add_member(archive, name, data)


def without(row: bytes, name: str) -> bytes:
    plain = json.loads(row)
    del plain[name]
    return json.dumps(plain).encode() + b"\n"


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "no JSON": lambda row: row[:40] + b"\n",
    "no text": lambda row: row[:40] + b"\xff" + row[41:],
    "no object": lambda row: b"3\n",
    "a field is gone": lambda row: without(row, "background"),
    "the figures are gone": lambda row: without(row, "figures"),
    "a figure is none": lambda row: json.dumps(json.loads(row) | {"figures": [3]}).encode() + b"\n",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_row_is_named_and_the_others_are_read(samples: list[Made], damage: Callable[[bytes], bytes]) -> None:
    store = written(samples, MemoryStore())
    with_rows(store, lambda rows: [damage(row) if i == 1 else row for i, row in enumerate(rows)])
    reader = parts.PartReader(store, NAME)
    with pytest.raises(FigureGroundError, match="a part cannot be read") as caught:
        reader.record(1)
    assert caught.value.where == f"memory/{NAME}"
    assert "delete it" in caught.value.remedy
    assert [reader.record(i) for i in (0, 2, 3, 4)] == [samples[i].record for i in (0, 2, 3, 4)]


def test_damaged_members_and_archives_are_named(samples: list[Made]) -> None:
    store = written(samples, MemoryStore())
    whole = store.read(NAME)
    image = samples[2].members[samples[2].record.files["image"]]
    at = whole.index(image) + 5
    store.write(NAME, whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    reader = parts.PartReader(store, NAME)
    record = reader.record(2)
    attempts: list[Callable[[], Any]] = [
        lambda: reader.members(record),
        lambda: reader.member("images/nothing.jpg"),
        lambda: len(parts.PartReader(store, "parts/part-00009.zip")),
    ]
    for attempt in attempts:
        with pytest.raises(FigureGroundError, match="a part cannot be read") as caught:
            attempt()
        assert caught.value.where.startswith("memory/parts/part-0000")
    assert reader.members(reader.record(0)) == {n: samples[0].members[f] for n, f in samples[0].record.files.items()}
    for data in (b"", b"half", whole[:-30]):
        store.write(NAME, data)
        with pytest.raises(FigureGroundError, match="a part cannot be read"):
            len(parts.PartReader(store, NAME))


def test_fields_of_a_later_version_are_passed_over(samples: list[Made]) -> None:
    store = written(samples, MemoryStore())

    def later(row: bytes) -> bytes:
        plain = json.loads(row)
        figures = [figure | {"mood": "gay", "look": figure["look"] | {"glow": 1.0}} for figure in plain["figures"]]
        return json.dumps(plain | {"weather": "fine", "figures": figures}).encode() + b"\n"

    with_rows(store, lambda rows: [later(row) for row in rows])
    reader = parts.PartReader(store, NAME)
    assert [reader.record(i) for i in range(5)] == [made.record for made in samples]


def test_a_reader_that_is_dropped_closes_its_file(samples: list[Made], tmp_path: Path) -> None:
    store = written(samples, FolderStore(tmp_path))
    reader = parts.PartReader(store, NAME)
    assert len(reader) == 5
    (file,) = reader._handles._open.values()
    del reader
    assert file.closed
    (tmp_path / NAME).write_bytes(b"half")
    with pytest.raises(FigureGroundError):
        len(parts.PartReader(store, NAME))


def test_statistics_are_added_up_whatever_the_number(samples: list[Made]) -> None:
    """In place, to what adding up those of each sample gives; the least plausible are kept by name."""
    store, every = MemoryStore(), []
    with parts.writing(store, 0, "mine") as part:
        for i in range(150):
            one = samples[i % 5]
            names = {layer: f"{name}-{i}" for layer, name in one.record.files.items()}
            members = {names[layer]: one.members[name] for layer, name in one.record.files.items()}
            record = dataclasses.replace(one.record, index=i, files=names, plausibility=(7 * i % 150) / 150)
            part.add(Made(record, members, one.counts))
            every.append(alone(record, one.counts))
    info = parts.read_info(store, 0, "mine")
    assert info is not None
    assert info.samples == 150
    expected = stats.total(every)
    assert list(expected.worst.values()) == [round(1000 * k / 150) for k in range(12)]
    total = stats.total(info.statistics.values())
    found = dataclasses.replace(total, bytes={k: v for k, v in total.bytes.items() if k != "metadata"})
    assert stats.to_json(found) == stats.to_json(expected)
