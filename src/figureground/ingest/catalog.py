"""The catalog on disk: `catalog.jsonl` beside the prepared pictures, and the pixels behind its entries.

A catalog lives in a folder (a finished one) or in a dict (a dry run): both are a `Store` of named bytes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.sample import Appearance, Background, Catalog, Foreground, Ground, Network, SetAside

FILE = "catalog.jsonl"
_NAMES = ("source", "no_floor")  # fields that say nothing of what the pictures hold


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
