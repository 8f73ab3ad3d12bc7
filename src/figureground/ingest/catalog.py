"""The catalog in a store: `catalog.jsonl` beside the prepared pictures that it names."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from figureground.core.errors import FigureGroundError, without_paths
from figureground.core.inner_names import declared
from figureground.core.nouns import (
    DEFAULT_CLASS,
    HALF,
    Background,
    Catalog,
    Foreground,
    NetworkUse,
    SetAside,
)
from figureground.core.store import Store
from figureground.core.typed import parsed_object, typed
from figureground.image.masks import mask_of
from figureground.image.opened import MOST_STORED, stored_pixels

FILE = "catalog.jsonl"
# fields that say nothing of what the pictures hold; a mask follows from its cut-out
_NAMES = ("source", "no_floor", "mask_sha256")
_MOST_BYTES = 2**28  # of a catalog: more than 200,000 photos take
_MOST_PICTURE = 2**28  # bytes of a picture
_GREATEST = 1e30  # of a depth's scale and offset: 16-bit codes of it are numbers in float32


def digest(catalog: Catalog) -> str:
    """Return a sha256 of what the catalog's pictures hold, in their order.  Names do not count."""
    photos: list[Background | Foreground] = [*catalog.backgrounds, *catalog.foregrounds]
    content = [
        {k: v for k, v in dataclasses.asdict(photo).items() if k not in _NAMES and (v or k != "twins")}
        for photo in photos
    ]  # photos without twins are what they were before there was the field
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def to_lines(catalog: Catalog) -> str:
    """Return the JSON lines of a catalog: its state, used photos, then notes and warnings, then what was set aside."""
    networks = [dataclasses.asdict(network) for network in catalog.networks]
    about = {"state": catalog.state, "networks": networks, "classes": list(catalog.classes)}
    rows: list[dict[str, Any]] = [{"kind": "state", **about}]
    rows += [{"kind": "background", **dataclasses.asdict(b)} for b in catalog.backgrounds]
    rows += [{"kind": "foreground", **dataclasses.asdict(f)} for f in catalog.foregrounds]
    rows += [{"kind": "note", "of": n.kind, "source": n.source, "reason": n.reason} for n in catalog.notes]
    rows += [{"kind": "warning", "of": w.kind, "source": w.source, "reason": w.reason} for w in catalog.warnings]
    rows += [{"kind": "set aside", "of": s.kind, "source": s.source, "reason": s.reason} for s in catalog.set_aside]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def from_lines(text: str) -> Catalog:
    """Return the catalog of its JSON lines; `to_lines` is the inverse.

    Raises ValueError, and nothing else, for what is none: other types than declared, names that are not safe, numbers
    beyond any photo's.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for line in text.split("\n"):  # not splitlines: names may hold other line ends
        if line:
            row = parsed_object(line)
            found.setdefault(typed(str, row.pop("kind", None)), []).append(row)
    (about,) = found.get("state", [{"state": "", "networks": []}])
    catalog = Catalog(
        tuple(map(_background, found.get("background", []))),
        tuple(map(_foreground, found.get("foreground", []))),
        tuple(map(_set_aside, found.get("set aside", []))),
        tuple(map(_set_aside, found.get("note", []))),
        typed(str, about.get("state")),
        typed(tuple[NetworkUse, ...], about.get("networks")),
        typed(tuple[str, ...], about.get("classes", [DEFAULT_CLASS])),
        tuple(map(_set_aside, found.get("warning", []))),
    )
    for photos in (catalog.backgrounds, catalog.foregrounds):
        if len({photo.id for photo in photos}) < len(photos):
            raise ValueError("two photos have one id")
    return catalog


def _background(row: dict[str, Any]) -> Background:
    entry: Background = typed(Background, _with_appearance(row))
    _require_names(entry.file, entry.depth_file, entry.floor_file, entry.people_file)
    if not (0 < entry.depth_scale < _GREATEST and abs(entry.depth_offset) < _GREATEST):
        raise ValueError("depth_scale or depth_offset is beyond any depth")
    _require_photo(entry)
    return entry


def _foreground(row: dict[str, Any]) -> Foreground:
    entry: Foreground = typed(Foreground, _with_appearance(row))
    _require_names(entry.file, entry.mask_file, entry.relief_file)
    pixels = entry.height * entry.width
    if min(entry.height, entry.width) < 1 or not 0 <= entry.area <= pixels <= MOST_STORED:
        raise ValueError(f"a cut-out of {entry.width} x {entry.height} px with {entry.area} px of mask")
    if not (0 < entry.scale < _GREATEST and 0 <= entry.real_height < _GREATEST):
        raise ValueError("scale or real_height is beyond any figure's")
    if not all(abs(part) <= 10 for part in entry.foot) or entry.class_id < 1:
        raise ValueError("foot or class_id is beyond any figure's")
    _require_photo(entry)
    return entry


def _require_names(first: str, *others: str) -> None:
    for name in (first, *filter(None, others)):
        declared(name)


def _require_photo(entry: Background | Foreground) -> None:
    if not entry.id or entry.source_number < 1:
        raise ValueError("a photo without id or source")


def _with_appearance(row: dict[str, Any]) -> dict[str, Any]:
    """Return an entry's row; format version 1 called the appearance "look"."""
    return {"appearance" if name == "look" else name: value for name, value in row.items()}


def _set_aside(row: dict[str, Any]) -> SetAside:
    return SetAside(*(typed(str, row.get(name)) for name in ("of", "source", "reason")))


class Numbers(dict[str, int]):
    """The numbers of a catalog's photos by their ids.  Raises FigureGroundError for an id that none has."""

    def __missing__(self, key: str) -> int:
        raise FigureGroundError(f"no photo of the catalog is called {key!r}", FILE, "run the build again")


def numbers_of(photos: Sequence[Background | Foreground]) -> Numbers:
    """Return the number of each photo by its id."""
    return Numbers({photo.id: number for number, photo in enumerate(photos)})


def files(catalog: Catalog) -> list[tuple[str, str]]:
    """Return (file, sha256) of every picture that the catalog's entries stand for; of masks of older catalogs, whose
    hashes were not kept, it is ""."""
    found = []
    for b in catalog.backgrounds:
        found += [(b.file, b.sha256), (b.depth_file, b.depth_sha256), (b.floor_file, b.floor_sha256)]
        found.append((b.people_file, b.people_sha256))
    for f in catalog.foregrounds:
        found += [(f.file, f.sha256), (f.mask_file, f.mask_sha256), (f.relief_file, f.relief_sha256)]
    return [(name, sha256) for name, sha256 in found if name]


def load_catalog(store: Store) -> Catalog:
    """Read the catalog in a store.  Raises FigureGroundError when it is missing or damaged."""
    try:
        data = store.read(FILE, 0, _MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise ValueError(f"it is larger than {_MOST_BYTES >> 20} MiB")
        return from_lines(data.decode())
    except (OSError, ValueError) as error:
        raise FigureGroundError(
            f"the catalog cannot be read: {error}",
            f"{store.name}/{FILE}",
            "run the build again, or build into another folder",
        ) from None


def picture(store: Store, name: str, sha256: str) -> bytes:
    """Return the bytes of a picture of the catalog.  Raises FigureGroundError where they are not what they were."""
    try:
        data = store.read(name, 0, _MOST_PICTURE + 1)
    except OSError as error:
        raise _not_there(store, name, without_paths(error)) from None
    if len(data) > _MOST_PICTURE or (sha256 and hashlib.sha256(data).hexdigest() != sha256):
        raise _not_there(store, name, "it is not the one that was prepared")
    return data


def mask_picture(store: Store, entry: Foreground) -> bytes:
    """Return the bytes of a cut-out's mask, held to its hash, which older catalogs lack, and to its cut-out.

    Raises FigureGroundError where it is not what it was.
    """
    data = picture(store, entry.mask_file, entry.mask_sha256)
    shape = entry.height, entry.width
    try:
        cutout = stored_pixels(picture(store, entry.file, entry.sha256), shape)
        same = np.array_equal(stored_pixels(data, shape) >= HALF, mask_of(cutout[..., 3]))
    except (ValueError, IndexError):
        same = False
    if not same:
        raise _not_there(store, entry.mask_file, "it is not the mask of its cut-out")
    return data


def _not_there(store: Store, name: str, why: str) -> FigureGroundError:
    return FigureGroundError(
        f"a picture of the catalog cannot be used: {why}", f"{store.name}/{name}", "restore it, or run the build again"
    )


def is_whole(catalog: Catalog, store: Store) -> bool:
    """Tell whether every picture that a catalog stands on is in the store, as it was written."""
    return next(damaged(catalog, store), None) is None


def damaged(catalog: Catalog, store: Store) -> Iterator[str]:
    """Yield the pictures that a catalog stands on which are missing or not as they were written."""
    older = {entry.mask_file: entry for entry in catalog.foregrounds if not entry.mask_sha256}
    for name, sha256 in files(catalog):
        try:
            if name in older:
                mask_picture(store, older[name])
            else:
                picture(store, name, sha256)
        except FigureGroundError:
            yield name
