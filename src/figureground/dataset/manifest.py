"""manifest.json, as a dataset from anywhere has it: read once, and held to what a dataset can be.

Of a dataset of more than 4,096 parts it names lists of them (`part_table.py`), so that it stays small.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from figureground.core.canvas import LONGEST_SIDE, Canvas
from figureground.core.errors import FigureGroundError
from figureground.core.store import Store
from figureground.core.typed import parsed_object, typed
from figureground.dataset import names
from figureground.dataset.part_table import PartTable, check_heads, check_rows, count, read_list

_TEXTS, _COUNTS = ("name", "build_id", "figureground"), ("format", "samples", "backgrounds", "foregrounds", "bytes")


def load_manifest(store: Store) -> dict[str, Any]:
    """Return what a store's manifest says, as it stands there; parts that it has in lists as a `PartTable`.

    Raises FileNotFoundError where there is none, FigureGroundError, naming what is wrong, where it is no manifest.
    """
    try:
        plain = manifest_of(names.read_bounded(store, names.MANIFEST))
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise FigureGroundError(
            f"the manifest cannot be read: {error}", f"{store.name}/{names.MANIFEST}", names.TO_VERIFY
        ) from None
    listed = isinstance(plain["parts"], dict)
    return {**plain, "parts": PartTable(plain["parts"]["lists"], store)} if listed else plain


def whole_manifest(store: Store, plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest with all rows of its parts, and all files beside them, wherever it lists them.

    `plain`: what manifest.json says.  Raises FigureGroundError where a list is missing or damaged, ValueError where the
    manifest says nothing of the kind.
    """
    if not isinstance(plain.get("parts"), dict):
        return dict(plain)
    rows, files = list[Any](), dict(plain.get("files") or {})
    for k, head in enumerate(check_heads(plain["parts"])):
        found = read_list(store, k, head)
        rows += found["parts"]
        files |= found["files"]
    return {**plain, "parts": rows, "files": dict(sorted(files.items()))}


def read_whole_manifest(store: Store) -> dict[str, Any]:
    """Return `whole_manifest` of a store; {} where it is absent or damaged."""
    try:
        return whole_manifest(store, names.read_json(store, names.MANIFEST))
    except (FigureGroundError, ValueError):
        return {}


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
    parts = plain["parts"]["lists"] if isinstance(plain["parts"], dict) else plain["parts"]
    if plain.get("samples", 0) != sum(part["samples"] for part in parts):
        raise ValueError("its parts do not have as many samples as it says")
    return plain


def _parts(value: Any) -> None:
    if isinstance(value, dict):
        check_heads(value)
    else:
        check_rows(value)


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
    **dict.fromkeys(_COUNTS, count),
    "parts": _parts,
    "size": size_of,
    "layers": _is(tuple[str, ...]),
    "classes": _classes,
    "no_depth": _is(tuple[int, ...]),
    "networks": _is(tuple[Mapping[str, Any], ...]),
    "depth_model": _network,
    "set_aside": count,
    "origin": _is(str),
    "made_with": _is(Mapping[str, str]),
    "recipe": _is(Mapping[str, Any]),
}
