"""The types of a row's columns, for tables that do not guess them: Hugging Face's features, and what is made of those.

A type is "int64", "float64", "string", "bool" or "image"; a list of one type is a list of it; a dict is a struct.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, Union

from figureground.core.camera import Camera
from figureground.core.layers import LAYERS
from figureground.core.record import COLUMNS, DepthMeaning, FigureRecord, Record

Type: TypeAlias = "str | list[Type] | dict[str, Type]"

_PLAIN: Mapping[Any, str] = {int: "int64", float: "float64", str: "string", bool: "bool"}
NESTED = ("figures", "depths", "files", "camera")  # fields of a record that its row has flat, or as a list
# fields of a figure that a flat table has in several columns
SPREAD = {"box": ("box_x0", "box_y0", "box_x1", "box_y1"), "contact": ("contact_x", "contact_y")}
_TEXTS = ("doubts",)  # a tuple in Python, a text on disk


def row_features(record: Record) -> dict[str, Type]:
    """Return the type of each column of `record.to_row()`, in its order, with a picture's column, named after its
    layer, where the row names its member."""
    features = fields_of(Record, but=NESTED)
    features["figures"] = [fields_of(FigureRecord)]
    features |= {f"camera_{name}": kind for name, kind in fields_of(Camera).items()}
    for layer in record.depths:
        features |= {f"{layer}_{name}": kind for name, kind in fields_of(DepthMeaning).items()}
    return features | dict.fromkeys(record.files, "image")


def label_columns() -> dict[str, str]:
    """Return the type of each column of labels.csv, in its order; an unknown value is an empty field."""
    own, depth = fields_of(Record, NESTED), fields_of(DepthMeaning)
    known: dict[str, Type] = {**figure_columns(), **own, **{f"depth_{name}": kind for name, kind in depth.items()}}
    known |= dict.fromkeys(("part", "image", "mask", "depth"), "string") | {"figures": "int64"}
    return {column: str(known[column]) for column in COLUMNS}


def figure_columns() -> dict[str, Type]:
    """Return the columns of a flat table of figures, and their types."""
    found: dict[str, Type] = {}
    for name, kind in fields_of(FigureRecord).items():
        if name in SPREAD:
            found |= dict.fromkeys(SPREAD[name], "int64")
        elif isinstance(kind, dict):
            found |= {f"{name}_{inner}": one for inner, one in kind.items()}
        else:
            found[name] = kind
    return found


def pictures_first(features: Mapping[str, Type]) -> dict[str, Type]:
    """Return columns with the pictures before all others, in the order of the table of layers."""
    pictures: dict[str, Type] = {name: "image" for name in LAYERS if features.get(name) == "image"}
    return pictures | {name: kind for name, kind in features.items() if name not in pictures}


def fields_of(kind: type, but: Sequence[str] = ()) -> dict[str, Type]:
    """Return the type on disk of each field of a dataclass, but for some."""
    hints = typing.get_type_hints(kind)
    return {
        field.name: "string" if field.name in _TEXTS else _type(hints[field.name])
        for field in dataclasses.fields(kind)
        if field.name not in but
    }


def _type(hint: Any) -> Type:
    """Return the type on disk of a field, of which an empty value stands for None."""
    origin, inner = typing.get_origin(hint), [one for one in typing.get_args(hint) if one is not type(None)]
    if origin in (types.UnionType, Union):
        return _type(inner[0])
    if origin is tuple:
        return [_type(inner[0])]
    if origin is typing.Literal:
        return "string"
    return _PLAIN[hint] if hint in _PLAIN else fields_of(hint)


def as_json(kind: Type) -> Any:
    """Return a type as `datasets` keeps it in the metadata of Parquet files and in dataset_info.json."""
    if isinstance(kind, dict):
        return {name: as_json(one) for name, one in kind.items()}
    if isinstance(kind, list):
        return {"feature": as_json(kind[0]), "_type": "List"}
    return {"_type": "Image"} if kind == "image" else {"dtype": kind, "_type": "Value"}


def as_yaml(features: Mapping[str, Type]) -> list[dict[str, Any]]:
    """Return columns as the YAML header of a data card has them."""
    return [{"name": name, **_yaml(kind)} for name, kind in features.items()]


def _yaml(kind: Type) -> dict[str, Any]:
    if isinstance(kind, dict):
        return {"struct": as_yaml(kind)}
    if isinstance(kind, list):
        inner = kind[0]
        return {
            "list": inner if isinstance(inner, str) else as_yaml(inner) if isinstance(inner, dict) else _yaml(inner)
        }
    return {"dtype": kind}
