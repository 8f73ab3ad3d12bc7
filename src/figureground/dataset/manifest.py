"""manifest.json, as a dataset from anywhere has it: read once, and held to what a dataset can be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from figureground.core.canvas import LONGEST_SIDE, Canvas
from figureground.core.errors import FigureGroundError
from figureground.core.inner_names import declared
from figureground.core.store import Store
from figureground.core.typed import parsed_object, typed
from figureground.dataset import names
from figureground.dataset.parts import MOST_ROWS

_MOST_PARTS = 1_000_000
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TEXTS, _COUNTS = ("name", "build_id", "figureground"), ("format", "samples", "backgrounds", "foregrounds", "bytes")


def load_manifest(store: Store) -> dict[str, Any]:
    """Return what a store's manifest says, as it stands there.

    Raises FileNotFoundError where there is none, FigureGroundError, naming what is wrong, where it is no manifest.
    """
    try:
        return manifest_of(names.read_bounded(store, names.MANIFEST))
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise FigureGroundError(
            f"the manifest cannot be read: {error}", f"{store.name}/{names.MANIFEST}", names.TO_VERIFY
        ) from None


def manifest_of(data: bytes) -> dict[str, Any]:
    """Return a manifest of its bytes.  Raises ValueError, and nothing else, for what is none."""
    plain = parsed_object(data)
    for key, check in _CHECKS.items():
        try:
            check(plain[key])
        except KeyError:
            if key in _NEEDED:
                raise ValueError(f"it says nothing of {key!r}") from None
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from None
    if plain.get("samples", 0) != sum(part["samples"] for part in plain["parts"]):
        raise ValueError("its parts do not have as many samples as it says")
    return plain


def _count(value: Any, most: int = 2**62) -> int:
    number: int = typed(int, value)
    if not 0 <= number <= most:
        raise ValueError(f"{number} is not between 0 and {most}")
    return number


def _parts(value: Any) -> None:
    rows = typed(tuple[Mapping[str, Any], ...], value)
    if len(rows) > _MOST_PARTS:
        raise ValueError(f"{len(rows):,} parts are more than any dataset has")
    for row in rows:
        if not row.keys() >= {"file", "samples", "bytes", "sha256"}:
            raise ValueError("a part lacks file, samples, bytes or sha256")
        _count(row["samples"], MOST_ROWS)
        _count(row["bytes"])
        if not _SHA256.fullmatch(typed(str, row["sha256"])):
            raise ValueError("a part's sha256 is none")
        if not re.fullmatch(r"parts/[^/]+\.zip", declared(row["file"])):
            raise ValueError(f"{row['file']!r} is no zip in the folder of parts")
    if len({row["file"] for row in rows}) < len(rows):
        raise ValueError("two parts are one file")


def size_of(value: Any) -> Canvas:
    """Return the canvas that a manifest calls `size`.  Raises ValueError."""
    sides = typed(tuple[int, int], value) if isinstance(value, list) else (typed(int, value),) * 2
    if not all(1 <= side <= LONGEST_SIDE for side in sides):
        raise ValueError(f"a side is not between 1 and {LONGEST_SIDE} px")
    return Canvas.of(sides)


def _classes(value: Any) -> None:
    for number in typed(Mapping[str, str], value):
        if not re.fullmatch(r"[0-9]{1,6}", number):
            raise ValueError("a class has no number")


def _network(value: Any) -> None:
    if value is None:
        return
    table = typed(Mapping[str, Any], value)
    card = typed(Mapping[str, Any], table.get("card"))
    for text in (table.get("file"), table.get("sha256"), card.get("name")):
        typed(str, text)
    for key in ("licence", "figures_from"):
        typed(str | None, card.get(key))


def _is(kind: Any) -> Callable[[Any], Any]:
    return lambda value: typed(kind, value)


_NEEDED = {*_TEXTS, *_COUNTS, "parts", "size"}
_CHECKS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(_TEXTS, _is(str)),
    **dict.fromkeys(_COUNTS, _count),
    "parts": _parts,
    "size": size_of,
    "layers": _is(tuple[str, ...]),
    "classes": _classes,
    "no_depth": _is(tuple[int, ...]),
    "networks": _is(tuple[Mapping[str, Any], ...]),
    "depth_model": _network,
    "set_aside": _count,
    "origin": _is(str),
    "made_with": _is(Mapping[str, str]),
    "recipe": _is(Mapping[str, Any]),
}
