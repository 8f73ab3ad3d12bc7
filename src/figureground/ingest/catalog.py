"""The catalog in a store: `catalog.jsonl` beside the prepared pictures that it names."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any

from figureground.core.camera import Camera
from figureground.core.errors import FigureGroundError
from figureground.core.nouns import (
    DEFAULT_CLASS,
    Appearance,
    Background,
    Catalog,
    Foreground,
    Ground,
    NetworkUse,
    SetAside,
)
from figureground.core.store import Store

FILE = "catalog.jsonl"
_NAMES = ("source", "no_floor")  # fields that say nothing of what the pictures hold


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
    """Return the catalog of its JSON lines; `to_lines` is the inverse."""
    rows = [json.loads(line) for line in text.split("\n") if line]  # not splitlines: names may hold other line ends
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row.pop("kind"), []).append(row)
    (about,) = found.get("state", [{"state": "", "networks": []}])
    return Catalog(
        tuple(map(_background, found.get("background", []))),
        tuple(map(_foreground, found.get("foreground", []))),
        tuple(map(_set_aside, found.get("set aside", []))),
        tuple(map(_set_aside, found.get("note", []))),
        about["state"],
        tuple(NetworkUse(**network) for network in about["networks"]),
        tuple(about.get("classes", (DEFAULT_CLASS,))),
        tuple(map(_set_aside, found.get("warning", []))),
    )


def _background(row: dict[str, Any]) -> Background:
    seen, ground = _appearance(row), row.pop("ground")
    camera = Camera(**row.pop("camera", {}))  # there is none in format version 1
    return Background(**row, appearance=seen, ground=Ground(**ground) if ground else None, camera=camera)


def _foreground(row: dict[str, Any]) -> Foreground:
    seen, foot = _appearance(row), row.pop("foot")
    cut = tuple(row.pop("cut", ()))
    return Foreground(**row, appearance=seen, foot=tuple(foot), cut=cut)


def _appearance(row: dict[str, Any]) -> Appearance:
    """Take the appearance off an entry's row; format version 1 called it "look"."""
    seen = row.pop("look") if "look" in row else row.pop("appearance")
    return Appearance(**seen | {"lab_mean": tuple(seen["lab_mean"]), "lab_std": tuple(seen["lab_std"])})


def _set_aside(row: dict[str, Any]) -> SetAside:
    return SetAside(row["of"], row["source"], row["reason"])


def files(catalog: Catalog) -> list[tuple[str, str]]:
    """Return (file, sha256) of every picture that the catalog's entries stand for."""
    found = []
    for b in catalog.backgrounds:
        found += [(b.file, b.sha256), (b.depth_file, b.depth_sha256), (b.floor_file, b.floor_sha256)]
        found.append((b.people_file, b.people_sha256))
    for f in catalog.foregrounds:
        found += [(f.file, f.sha256), (f.relief_file, f.relief_sha256)]
    return [(name, sha256) for name, sha256 in found if name]


def load_catalog(store: Store) -> Catalog:
    """Read the catalog in a store.  Raises FigureGroundError when it is missing or damaged."""
    try:
        return from_lines(store.read(FILE).decode())
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FigureGroundError(
            f"the catalog cannot be read: {error}",
            f"{store.name}/{FILE}",
            "run the build again, or build into another folder",
        ) from None


def is_whole(catalog: Catalog, store: Store) -> bool:
    """Tell whether every picture that a catalog stands on is in the store, as it was written."""
    try:
        return all(hashlib.sha256(store.read(name)).hexdigest() == sha256 for name, sha256 in files(catalog))
    except OSError:
        return False
