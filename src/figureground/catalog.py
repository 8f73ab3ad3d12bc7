"""The catalog on disk: `catalog.jsonl` beside the prepared pictures, and the pixels behind its entries.

A catalog lives in a folder (a finished one) or in a dict (a dry run): both are a `Store` of named bytes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground.composite import premultiplied
from figureground.depth import DepthCode, dequantise
from figureground.errors import FigureGroundError
from figureground.frame import AreaTable, area_table
from figureground.matte import mask_of
from figureground.occlusion import order
from figureground.sample import (
    Appearance,
    Background,
    Catalog,
    Cutout,
    Foreground,
    Ground,
    Mask,
    Network,
    Picture,
    SetAside,
)

FILE = "catalog.jsonl"
_KEPT_CUTOUTS = 512
_NAMES = ("source", "no_floor")  # fields that say nothing of what the pictures hold


class Store(Protocol):
    """Named bytes; names are relative POSIX paths."""

    def load(self, name: str) -> bytes: ...
    def save(self, name: str, data: bytes) -> None: ...


class FolderStore:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise FigureGroundError(
                f"a catalog file is missing: {error.strerror}",
                str(self.folder / name),
                "run the build again to prepare it anew",
            ) from None

    def save(self, name: str, data: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


class MemoryStore:
    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def load(self, name: str) -> bytes:
        return self.files[name]

    def save(self, name: str, data: bytes) -> None:
        self.files[name] = data


def digest(catalog: Catalog) -> str:
    """Return a sha256 of what the catalog's pictures hold, in their order.  Names do not count."""
    photos: list[Background | Foreground] = [*catalog.backgrounds, *catalog.foregrounds]
    content = [{k: v for k, v in dataclasses.asdict(photo).items() if k not in _NAMES} for photo in photos]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def to_lines(catalog: Catalog) -> str:
    """Return the JSON lines of a catalog: its state, used photos, then notes, then what was set aside."""
    networks = [dataclasses.asdict(network) for network in catalog.networks]
    rows: list[dict[str, Any]] = [{"kind": "state", "state": catalog.state, "networks": networks}]
    rows += [{"kind": "background", **dataclasses.asdict(b)} for b in catalog.backgrounds]
    rows += [{"kind": "foreground", **dataclasses.asdict(f)} for f in catalog.foregrounds]
    rows += [{"kind": "note", "of": n.kind, "source": n.source, "reason": n.reason} for n in catalog.notes]
    rows += [{"kind": "set aside", "of": s.kind, "source": s.source, "reason": s.reason} for s in catalog.set_aside]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def from_lines(text: str) -> Catalog:
    state = ""
    networks: tuple[Network, ...] = ()
    found: dict[str, list[Any]] = {"background": [], "foreground": [], "note": [], "set aside": []}
    for line in text.split("\n"):  # not splitlines: file names may hold other line ends
        if not line:
            continue
        row = json.loads(line)
        kind = row.pop("kind")
        if kind == "state":
            state = row["state"]
            networks = tuple(Network(**network) for network in row["networks"])
        elif kind == "background":
            ground = row.pop("ground")
            found[kind].append(
                Background(**row | {"look": _appearance(row["look"]), "ground": Ground(**ground) if ground else None})
            )
        elif kind == "foreground":
            found[kind].append(Foreground(**row | {"look": _appearance(row["look"]), "foot": tuple(row["foot"])}))
        else:
            found[kind].append(SetAside(row["of"], row["source"], row["reason"]))
    used, aside = (
        (tuple(found["background"]), tuple(found["foreground"])),
        (tuple(found["set aside"]), tuple(found["note"])),
    )
    return Catalog(*used, *aside, state, networks)


def _appearance(row: dict[str, Any]) -> Appearance:
    return Appearance(**row | {"lab_mean": tuple(row["lab_mean"]), "lab_std": tuple(row["lab_std"])})


def files(catalog: Catalog) -> list[tuple[str, str]]:
    """Return (file, sha256) of every picture that the catalog's entries stand for."""
    found = []
    for b in catalog.backgrounds:
        found += [(b.file, b.sha256), (b.depth_file, b.depth_sha256), (b.floor_file, b.floor_sha256)]
    for f in catalog.foregrounds:
        found += [(f.file, f.sha256), (f.relief_file, f.relief_sha256)]
    return [(name, sha256) for name, sha256 in found if name]


def load_catalog(folder: Path) -> Catalog:
    """Read a catalog folder.  Raises FigureGroundError when it is missing or damaged."""
    try:
        return from_lines((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FigureGroundError(
            f"the catalog cannot be read: {error}",
            str(folder / FILE),
            "run the build again, or build into another folder",
        ) from None


class Pixels:
    """The pixels behind a catalog, decoded on demand and kept up to a fixed amount of memory."""

    def __init__(self, catalog: Catalog, store: Store, keep_bytes: int = 256 * 2**20) -> None:
        self.catalog = catalog
        self.store = store
        self._kept: OrderedDict[tuple[str, int], NDArray[Any]] = OrderedDict()
        self._premultiplied: OrderedDict[int, Image.Image] = OrderedDict()
        self._lock = threading.RLock()  # rendering and encoding may run in threads
        self._room = keep_bytes

    def background(self, i: int) -> Picture:
        """Return uint8 (size, size, 3)."""
        return self._get("background", i, lambda: _read(self.store.load(self.catalog.backgrounds[i].file)))

    def depth(self, i: int) -> DepthCode:
        """Return the background's depth in codes."""
        entry = self.catalog.backgrounds[i]
        codes = self._get("depth", i, lambda: _read(self.store.load(entry.depth_file)).astype(np.uint16))
        return DepthCode(codes, entry.depth_scale, entry.depth_offset, 0, entry.depth_unit, entry.depth_direction)

    def order(self, i: int) -> NDArray[np.float32]:
        """Return the background's inverse depth that decides what stands before what (`occlusion.order`)."""
        estimated = self.catalog.backgrounds[i].depth_from != "file"
        return self._get("order", i, lambda: order(dequantise(self.depth(i)), self.background(i), estimated))

    def floor(self, i: int) -> Mask:
        """Return where the background shows floor, bool (size, size)."""
        return self._get("floor", i, lambda: _read(self.store.load(self.catalog.backgrounds[i].floor_file)) > 0)

    def footing(self, i: int) -> NDArray[np.int64]:
        """Return the (x, y) pixels of the floor whose depth is known, int64 (n, 2), row by row."""

        def find() -> NDArray[np.int64]:
            y, x = np.nonzero(self.floor(i) & (self.depth(i).codes > 0))
            return np.stack([x, y], -1).astype(np.int64)

        return self._get("footing", i, find)

    def relief(self, i: int) -> NDArray[np.uint8] | None:
        """Return how far each pixel of a cut-out stands out, uint8 of its size; None for a flat figure."""
        name = self.catalog.foregrounds[i].relief_file
        return self._get("relief", i, lambda: _read(self.store.load(name))) if name else None

    def cutout(self, i: int) -> Cutout:
        """Return uint8 (height, width, 4)."""
        return self._get("cutout", i, lambda: _read(self.store.load(self.catalog.foregrounds[i].file)))

    def premultiplied(self, i: int) -> Image.Image:
        """Return the cut-out ready to be resampled.  These are kept as they are asked for: they are few and small."""
        with self._lock:
            if i not in self._premultiplied:
                self._premultiplied[i] = premultiplied(self.cutout(i))
                if len(self._premultiplied) > _KEPT_CUTOUTS:
                    self._premultiplied.popitem(last=False)
            self._premultiplied.move_to_end(i)
            return self._premultiplied[i]

    def table(self, i: int) -> AreaTable:
        """Return the summed-area table of the cut-out's mask."""
        return self._get("table", i, lambda: area_table(mask_of(self.cutout(i)[..., 3])))

    def _get(self, kind: str, i: int, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        name = (kind, i)
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
            array = make()
            self._kept[name] = array
            self._room -= array.nbytes
            while self._room < 0 and len(self._kept) > 1:
                self._room += self._kept.popitem(last=False)[1].nbytes
            return array


def _read(data: bytes) -> NDArray[Any]:
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture)
