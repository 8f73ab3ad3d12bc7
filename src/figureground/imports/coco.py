"""COCO's JSON of instances -> labelled pictures.  LVIS has the same form, and names its pictures by their address.

The form: cocodataset.org/#format-data; `pycocotools/coco.py` is the reader that most use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.files import opened_regular
from figureground.core.typed import parsed_object, typed
from figureground.imports.labelled import Instance, Labelled, Labels, inner_file
from figureground.imports.outlines import Outline, Polygons, Runs

_MOST_BYTES = 2**31  # of a label file: several times what COCO and LVIS have
_MOST_TEXT = 300  # characters of a licence or a credit


def coco_labels(path: Path) -> Labels:
    """Return what a file of COCO annotations says.

    Raises FigureGroundError where it cannot be read, or is none; what is wrong with one annotation sets it aside alone.
    """
    try:
        with opened_regular(path) as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise ValueError(f"it is larger than {_MOST_BYTES >> 30} GiB")
        plain = parsed_object(data)
        tables = {name: _table(plain, name) for name in ("images", "annotations", "categories")}
        licences = _licences(plain.get("licenses"))
        classes = {_key(row.get("id")): typed(str, row.get("name")) for row in tables["categories"]}
        if not classes:
            raise ValueError("it has no categories")
    except (OSError, ValueError) as error:
        raise FigureGroundError(
            f"the annotations cannot be read: {getattr(error, 'strerror', None) or error}",
            str(path),
            "give a JSON file of COCO instances: images, annotations and categories",
        ) from None
    found: dict[str, list[Instance]] = {}
    for number, row in enumerate(tables["annotations"], 1):
        found.setdefault(_image_of(row), []).append(_instance(row, number, classes))
    pictures = []
    for row in tables["images"]:
        if instances := found.pop(_image_of({"image_id": row.get("id")}), None):
            pictures.append(_picture(row, tuple(instances), licences))
    for lost, instances in found.items():
        pictures.append(Labelled("", tuple(instances), aside=f"its picture is not listed: image {lost}", shown=lost))
    about = {"annotations_sha256": hashlib.sha256(data).hexdigest()}
    return Labels(pictures, list(dict.fromkeys(classes.values())), about)


def _table(plain: Mapping[str, Any], name: str) -> tuple[Mapping[str, Any], ...]:
    try:
        rows: tuple[Mapping[str, Any], ...] = typed(tuple[Mapping[str, Any], ...], plain.get(name))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return rows


def _key(value: Any) -> str:
    """Return a number or a text that stands for a row.  Raises ValueError for anything else."""
    return value if isinstance(value, str) else str(typed(int, value))


def _image_of(row: Mapping[str, Any]) -> str:
    try:
        return _key(row.get("image_id"))
    except ValueError:
        return "unknown"


def _licences(rows: Any) -> dict[str, str]:
    """Return the names of licences by their number; what is no such table names none."""
    found = {}
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and isinstance(row.get("name"), str):
            found[str(row.get("id"))] = _text(row["name"])
    return found


def _text(value: Any) -> str:
    return " ".join(value.split())[:_MOST_TEXT] if isinstance(value, str) else ""


def _picture(row: Mapping[str, Any], instances: tuple[Instance, ...], licences: Mapping[str, str]) -> Labelled:
    address = row.get("coco_url") or row.get("flickr_url")
    written = row.get("file_name")
    if written is None and isinstance(address, str):
        written = "/".join(address.split("/")[-2:])  # LVIS: .../train2017/000000391895.jpg
    name, why = inner_file(written)
    try:
        size = typed(int, row.get("height")), typed(int, row.get("width"))
    except ValueError:
        size = None
    return Labelled(
        name,
        instances,
        size,
        licences.get(str(row.get("license")), ""),
        _text(row.get("flickr_url") or row.get("coco_url")),
        why,
        str(written)[:_MOST_TEXT],
    )


def _instance(row: Mapping[str, Any], number: int, classes: Mapping[str, str]) -> Instance:
    key, name = f"row {number}", ""
    try:
        key = _key(row.get("id", number))
        category = _key(row.get("category_id"))
        if category not in classes:
            return Instance(key, name, aside=f"its class is not listed: category {category}")
        name = classes[category]
        if row.get("iscrowd"):
            return Instance(key, name, aside="a crowd, not one thing")
        outline = _outline(row.get("segmentation"))
    except ValueError as error:
        return Instance(key, name, aside=f"its label cannot be read: {error}")
    if outline is None:
        return Instance(key, name, aside="no outline, a box at most")
    return Instance(key, name, outline)


def _outline(value: Any) -> Outline | None:
    """Return an outline; None where there is none.  Raises ValueError for what is neither."""
    if isinstance(value, dict):
        size = typed(tuple[int, int], value.get("size"))
        counts = value.get("counts")
        return Runs(counts if isinstance(counts, str) else typed(tuple[int, ...], counts), size)
    if not value:
        return None
    return Polygons(typed(tuple[tuple[float, ...], ...], value))
