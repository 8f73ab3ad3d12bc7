"""Recipes as version 1 wrote them: refused with what to write now, or, in a dataset of that version, translated.

Then figure heights were px at size 224, `foregrounds.height` without geometry and `placement.size` on the floor, and
`foregrounds.real_heights` gave patterns of names other heights in metres.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from figureground.core.errors import FigureGroundError

REFERENCE = 224
_LEAST_PX = 8  # of version 1; no height in fractions is as large
_AUTO = {"height": [100, 120], "size": [30, 210]}


def from_version_1(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the table of a version-1 dataset's own recipe as it is written now; what is in today's form stays.

    The height that its mode goes by is kept, as a fraction of the frame; `real_heights` is dropped, since the catalog
    has the height that each cut-out drew.
    """
    new = {key: dict(value) if isinstance(value, Mapping) else value for key, value in table.items()}
    placement, sources = new.get("placement", {}), list(_foregrounds(new))
    size = placement.pop("size", None)
    for source in sources:
        source.pop("real_heights", None)
        height = source.get("height")
        px = size or _AUTO["size"] if placement.get("mode") == "ground" else height
        usual = _AUTO["size"] if placement.get("mode") == "ground" else _AUTO["height"]
        if _in_px(height) or size is not None:
            source["height"] = "auto" if px is None or list(px) == usual else [value / REFERENCE for value in px]
    return new


def from_dataset(table: Mapping[str, Any], version: int) -> dict[str, Any]:
    """Return the table of a dataset's own recipe, of a format version, as it is written now."""
    new = from_version_1(table) if version == 1 else dict(table)
    fresh = []
    for source in _tables(new, "backgrounds"):
        fresh.append({**source, **({"people": "do not ask"} if source.get("people") == "use" else {})})
    return new | {"backgrounds": fresh} if fresh else new


def refuse_old_forms(table: Mapping[str, Any], where: str) -> None:
    """Raise FigureGroundError, with the values as they are written now, for a key as version 1 had it."""
    placement = table.get("placement")
    if isinstance(placement, Mapping) and "size" in placement:
        raise FigureGroundError(
            "placement.size is now the height of each source, as a fraction of the frame's height",
            f"{where}: placement.size = {placement['size']!r}",
            f"write height = {_fractions(placement['size'])} in [foregrounds]",
        )
    for source in _tables(table, "backgrounds"):
        if source.get("people") == "use":
            raise FigureGroundError(
                'backgrounds.people = "use" is now "keep", which takes photos that show people and says so in records',
                f"{where}: backgrounds.people = 'use'",
                'write people = "keep", or "do not ask" where nobody is to look for them',
            )
    for source in _foregrounds(table):
        if _in_px(source.get("height")):
            raise FigureGroundError(
                "foregrounds.height is now a fraction of the frame's height, not px",
                f"{where}: foregrounds.height = {source['height']!r}",
                f"write height = {_fractions(source['height'])}",
            )
        if "real_heights" in source:
            raise FigureGroundError(
                "foregrounds.real_heights is gone: each source has its own real_height",
                f"{where}: foregrounds.real_heights = {source['real_heights']!r}",
                _as_sources(source["real_heights"], source.get("path")),
            )


def _foregrounds(table: Mapping[str, Any]) -> Iterator[Any]:
    return _tables(table, "foregrounds")


def _tables(table: Mapping[str, Any], section: str) -> Iterator[Any]:
    """Yield the tables of a section, one or several, whatever else stands in their place left out."""
    found = table.get(section)
    for source in found if isinstance(found, list) else [found]:
        if isinstance(source, Mapping):
            yield source


def _in_px(height: Any) -> bool:
    return (
        isinstance(height, list | tuple)
        and len(height) == 2
        and all(isinstance(value, int | float) and value >= _LEAST_PX for value in height)
    )


def _fractions(px: Any) -> str:
    values = px if isinstance(px, list | tuple) else []
    if not values or not all(isinstance(value, int | float) for value in values):
        return "[low, high]"
    return f"[{', '.join(f'{value / REFERENCE:.4g}' for value in values)}]"


def _as_sources(patterns: Any, path: Any) -> str:
    """Return, in a line, the sources that stand for patterns with heights."""
    base = f"{path.rstrip('/')}/" if isinstance(path, str) and path and not set(path) & set("*?[") else ""
    found = []
    for text in [patterns] if isinstance(patterns, str) else patterns if isinstance(patterns, list | tuple) else []:
        pieces = str(text).rsplit(maxsplit=2)
        if len(pieces) == 3:
            found.append(f'path = "{base}{pieces[0]}" and real_height = [{pieces[1]}, {pieces[2]}]')
    if not found:
        return "leave it out; real_height is of a whole source"
    return "write a table [[foregrounds]] a source, before that of the others: " + "; ".join(found)
