"""Everything that reads bytes from elsewhere, with sound bytes to begin with, and bytes made unsound.

A reader gets bytes and may raise its own error alone.  `unsound` makes bytes of sound ones: JSON keeps its form and
bears other values, zips get other members, and of everything bits are flipped and stretches cut, doubled and moved.
What is chosen comes from `Choose`, so that Hypothesis, a fuzzer guided by coverage, or chance may choose.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.memory_store import MemoryStore
from figureground.core.packed import DamagedError, pack, unpack
from figureground.core.recipe_toml import parse
from figureground.core.texts import decoded
from figureground.dataset import names, parts
from figureground.dataset.opening import open_dataset
from figureground.dataset.stored import Dataset
from figureground.image import rle
from figureground.image.opened import stored_pixels
from figureground.ingest import photos
from figureground.ingest.catalog import load_catalog
from figureground.ingest.depth_files import SUFFIXES, decode_map
from figureground.ingest.depth_meaning import told_by
from figureground.ingest.outcome import Outcome
from figureground.report.facts import read_manifest, read_numbers
from figureground.report.statistics_plots import statistics_plots
from figureground.resolve import depth_plan

Choose = Callable[[int], int]  # n -> a number from 0 to n - 1


@dataclass(frozen=True)
class Reader:
    """What reads bytes, the errors that it may raise, and sound bytes for it."""

    read: Callable[[bytes], Any]
    errors: tuple[type[Exception], ...]
    sound: tuple[bytes, ...]


def readers(dataset: Path) -> dict[str, Reader]:
    """Return every reader by its name.  `dataset`: a finished one, from which sound bytes are."""
    held = {path.relative_to(dataset).as_posix(): path.read_bytes() for path in dataset.rglob("*") if path.is_file()}
    ours, aside = (FigureGroundError,), (SetAsideError,)
    part, catalog = held[parts.part_file(0)], held["catalog/catalog.jsonl"]
    build_id = json.loads(held[names.BUILD])["build_id"]

    def changed(name: str, data: bytes) -> MemoryStore:
        store = MemoryStore()
        store.files.update({**held, name: data})
        return store

    def sidecar(data: bytes) -> None:
        about = json.loads(held[parts.sidecar(0)])
        with contextlib.suppress(ValueError, RecursionError, AttributeError):
            build = json.loads(data).get("build_id", about["build_id"])
            parts.read_info(changed(parts.sidecar(0), data), 0, build)
        parts.read_info(changed(parts.sidecar(0), data), 0, build_id)

    found = {
        "manifest": Reader(lambda data: _manifest(changed(names.MANIFEST, data)), ours, (held[names.MANIFEST],)),
        "catalog": Reader(
            lambda data: _catalog(changed("catalog/catalog.jsonl", data)), ours, (catalog, _short(catalog))
        ),
        "sidecar": Reader(sidecar, (), (held[parts.sidecar(0)],)),
        "part": Reader(lambda data: _part(changed(parts.part_file(0), data)), ours, (part,)),
        "statistics": Reader(
            lambda data: _statistics(changed(names.STATISTICS, data)), ours, (held[names.STATISTICS],)
        ),
        "build": Reader(lambda data: names.recipe_in(changed(names.BUILD, data)), ours, (held[names.BUILD],)),
        "recipe": Reader(_recipe, (*ours, ValueError), (held[names.RECIPE], b"size = 64\n[backgrounds]\npath = 'x'\n")),
        "recipe of a dataset": Reader(
            lambda data: names.recipe_in(changed(names.RECIPE, data)), ours, (held[names.RECIPE],)
        ),
        "picture": Reader(
            stored_pixels,
            (ValueError,),
            tuple(data for name, data in held.items() if name.endswith(("1.jpg", "1.png"))),
        ),
        "run lengths": Reader(
            lambda data: rle.decode(data.decode("latin-1"), (8, 9)), (ValueError,), (rle.encode(_MASK).encode(),)
        ),
        "prepared photo": Reader(
            lambda data: unpack(Outcome, data, "x"), (DamagedError,), (pack(Outcome(reason="none"), "x"),)
        ),
        "JSON of a map": Reader(told_by, aside, (b'{"depth_unit": "m", "depth_scale": 0.001, "depth_offset": 0.0}',)),
        "photo": Reader(lambda data: photos.decode(data, 64), aside, _photos()),
    }
    for suffix, sound in _maps().items():
        found[f"depth map {suffix}"] = Reader(functools.partial(decode_map, suffix=suffix), (*aside, *ours), (sound,))
    return found


_MASK = np.indices((8, 9)).sum(0) % 5 < 2


def _short(catalog: bytes) -> bytes:
    """Return one row of each kind, so that a change hits any of them sooner."""
    rows = {json.loads(line)["kind"]: line for line in catalog.splitlines()}
    return b"\n".join(rows.values()) + b"\n"


def _recipe(data: bytes) -> None:
    parse(decoded(data))


def _manifest(store: MemoryStore) -> None:
    data = open_dataset(store)
    read_manifest(data.manifest)
    for use in (repr, len, lambda one: one.classes, lambda one: one.record(0), lambda one: one.sample(0)):
        with contextlib.suppress(FigureGroundError, IndexError):
            use(data)


def _catalog(store: MemoryStore) -> None:
    load_catalog(store.below(names.CATALOG))


def _part(store: MemoryStore) -> None:
    data = Dataset(store, json.loads(store.read(names.MANIFEST)), range(1))
    failure = None
    for i in range(len(data)):
        try:
            data.sample(i)
        except FigureGroundError as error:
            failure = error
    if failure:
        raise failure


def _statistics(store: MemoryStore) -> None:
    data = open_dataset(store)
    numbers = read_numbers(data.statistics)
    numbers.rows()
    assert isinstance(numbers.no_depth, str)
    manifest, meaning = read_manifest(data.manifest), data.record(0).depths.get("depth")
    statistics_plots(numbers, data.catalog, manifest.canvas, depth_plan(data.recipe), meaning)


def _photos() -> tuple[bytes, ...]:
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (40, 50, 3)).astype(np.uint8)
    alpha = np.dstack([pixels, rng.integers(0, 256, (40, 50)).astype(np.uint8)])
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0xA405] = 35
    found = []
    for kind, values in (
        *(("PNG", pixels), ("PNG", alpha), ("JPEG", pixels), ("WEBP", alpha), ("TIFF", pixels), ("BMP", pixels)),
        *(("GIF", pixels[..., 0]), ("PPM", pixels), ("TGA", alpha), ("JPEG2000", pixels)),
    ):
        out = io.BytesIO()
        Image.fromarray(values).save(out, kind, **({"exif": exif} if kind in ("JPEG", "PNG", "WEBP", "TIFF") else {}))
        found.append(out.getvalue())
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", progressive=True, quality=50)
    return (*found, out.getvalue())


def _maps() -> dict[str, bytes]:
    """Return a small map of each kind that can be written here."""
    depth = np.linspace(1, 5, 40 * 50, dtype=np.float32).reshape(40, 50)
    found: dict[str, bytes] = {}
    for suffix, values, kind in ((".png", (depth * 1000).astype(np.uint16), "PNG"), (".tiff", depth, "TIFF")):
        out = io.BytesIO()
        Image.fromarray(values).save(out, kind)
        found[suffix] = out.getvalue()
    for suffix, save in ((".npy", np.save), (".npz", np.savez_compressed)):
        out = io.BytesIO()
        save(out, depth)
        found[suffix] = out.getvalue()
    found[".pfm"] = b"Pf\n50 40\n-1.0\n" + depth.tobytes()
    with contextlib.suppress(ImportError):
        import h5py

        out = io.BytesIO()
        with h5py.File(out, "w") as file:
            file["depth"] = depth
        found[".h5"] = out.getvalue()
    return {suffix: data for suffix, data in found.items() if suffix in SUFFIXES}


# ---- unsound ----

VALUES: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1, 2, 255, 256, 2**31, 2**63, 10**18, 10**400, 0.5, -1e308, 1e-320, 1e999),
    *("", "x", "m", "../x", "a\nb", "\ud800", "{{ 1 }}", "x" * 300, [], {}, [[]], [1], {"a": 1}, [None], [[1, 2], [3]]),
)


def unsound(data: bytes, choose: Choose) -> bytes:
    """Return bytes of other ones, changed in one way, or up to four."""
    for _ in range(1 if choose(3) else 2 + choose(3)):
        data = _WAYS[choose(len(_WAYS))](data, choose)
    return data


def _json(data: bytes, choose: Choose) -> bytes:
    """Change a value of a JSON text, or of one of its lines."""
    lines = data.split(b"\n") if data.count(b"\n{") else [data]
    at = choose(len(lines))
    try:
        plain = json.loads(lines[at])
    except (ValueError, RecursionError):
        return _bits(data, choose)
    lines[at] = json.dumps(_changed(plain, choose)).encode()
    return b"\n".join(lines)


def _changed(plain: Any, choose: Choose) -> Any:
    """Return a value of JSON with one of those in it replaced, left out, doubled or swapped with another."""
    if not plain or not isinstance(plain, dict | list) or not choose(5):
        return VALUES[choose(len(VALUES))]
    if isinstance(plain, list):
        at, way = choose(len(plain)), choose(6)
        rest = [] if way == 0 else [plain[at]] * 2 if way == 1 else [_changed(plain[at], choose)]
        return [*plain[:at], *rest, *plain[at + 1 :]]
    key, way = list(plain)[choose(len(plain))], choose(8)
    if way == 0:
        return {name: value for name, value in plain.items() if name != key}
    if way == 1:
        return {(str(VALUES[choose(len(VALUES))]) if name == key else name): value for name, value in plain.items()}
    other = list(plain.values())[choose(len(plain))]
    return plain | {key: other if way == 2 else _changed(plain[key], choose)}


# what `zipfile` raises for bytes that are none any more
_NO_ZIP = (zipfile.BadZipFile, OSError, ValueError, RuntimeError, EOFError, OverflowError, zlib.error, struct.error)


def _zip(data: bytes, choose: Choose) -> bytes:
    """Change a member of a zip, its name or how it is stored; the hashes of the zip agree."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            held = {name: archive.read(name) for name in archive.namelist()}
    except _NO_ZIP:
        return _bits(data, choose)
    if not held:
        return data
    name, way = list(held)[choose(len(held))], choose(5)
    if way == 0:
        del held[name]
    elif way == 1:
        held[f"{VALUES[choose(len(VALUES))]}"[:99].replace("\ud800", "?")] = held.pop(name)
    else:
        rows = parts.METADATA in held and way < 4
        name = parts.METADATA if rows else name
        held[name] = _json(held[name], choose) if rows else unsound_bytes(held[name], choose)
    out = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if not choose(20) else zipfile.ZIP_STORED
    with zipfile.ZipFile(out, "w", method) as archive:
        for member, content in held.items():
            archive.writestr(member or "x", content)
    return out.getvalue()


def _bits(data: bytes, choose: Choose) -> bytes:
    """Flip up to four bits, near each other."""
    if not data:
        return data
    changed, at = bytearray(data), choose(len(data))
    for _ in range(1 + choose(4)):
        changed[min(at + choose(16), len(data) - 1)] ^= 1 << choose(8)
    return bytes(changed)


def _stretch(data: bytes, choose: Choose) -> bytes:
    """Cut a stretch out, double it, or put another in its place."""
    at, length = choose(len(data) + 1), 1 + choose(64)
    piece, rest = data[at : at + length], data[at + length :]
    other = choose(len(data) + 1)
    return data[:at] + (b"", piece * 2, data[other : other + length], b"\xff" * length)[choose(4)] + rest


def _end(data: bytes, choose: Choose) -> bytes:
    return data[: choose(len(data) + 1)]


def unsound_bytes(data: bytes, choose: Choose) -> bytes:
    return (_bits, _stretch, _end)[choose(3)](data, choose)


_WAYS: tuple[Callable[[bytes, Choose], bytes], ...] = (_json, _json, _json, _zip, _zip, _bits, _stretch, _end)


def chance(seed: int) -> Choose:
    """Return what chooses by chance."""
    return random.Random(seed).randrange  # noqa: S311


def attempt(reader: Reader, data: bytes) -> bool:
    """Read bytes; tell whether they were refused.  Raises what the reader may not raise."""
    try:
        reader.read(data)
    except reader.errors:
        return True
    return False


def seeds(found: Mapping[str, Reader]) -> Mapping[str, tuple[bytes, ...]]:
    """Return the sound bytes of each reader."""
    return {name: reader.sound for name, reader in found.items()}
