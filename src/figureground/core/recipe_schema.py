"""The recipe as a JSON Schema, which editors complete and check a TOML file by."""

from __future__ import annotations

import dataclasses
import json
import typing
from typing import Any

from figureground.core.recipe import NO_KEYS, Recipe, choices, key_of, source_of


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a recipe, in draft 4: taplo reads no later one, and there 224.0 is no integer.

    It says all that `from_mapping` checks, but for the order in [low, high].
    """
    top = _table(Recipe, "", "figureground recipe")
    sources = {item.name: kind for item in dataclasses.fields(Recipe) if (kind := source_of(item.type)) is not None}
    definitions = {name: _table(kind, f"{name}.", name) for name, kind in sources.items()}
    return {"$schema": "http://json-schema.org/draft-04/schema#", **top, "definitions": definitions}


def _table(section: Any, prefix: str, title: str) -> dict[str, Any]:
    properties = {}
    for item in dataclasses.fields(section):
        key = prefix + key_of(item)
        if source_of(item.type) is not None:
            one = {"$ref": f"#/definitions/{key}"}
            properties[item.name] = {"title": key, "anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}
        elif dataclasses.is_dataclass(item.type):
            properties[item.name] = _table(item.type, f"{key}.", key)
        elif item.name not in NO_KEYS:
            about = {"title": key, "description": item.metadata["meaning"], "default": item.default}
            names = not item.metadata["content"] and key != "name"  # of files, in which a control character is a slip
            found = _kind(item.type, item.metadata["between"])
            properties[key_of(item)] = {**about, **(_plain(found) if names else found)}
    return {
        "title": title,
        "description": section.__doc__,
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def _kind(kind: Any, between: tuple[float, float] | None) -> dict[str, Any]:
    """Return the schema of a knob's declared type."""
    inner = typing.get_args(kind)
    if choices(kind):
        return {"enum": list(inner)}
    if typing.get_origin(kind) is tuple:
        array = {"type": "array", "items": _kind(inner[0], between)}
        if inner[0] is str:  # a single text stands for a list of it
            return {"anyOf": [{"type": "string"}, array]}
        return {**array, "minItems": 2, "maxItems": 2}
    if inner:  # a number, or a word in its place
        return {"anyOf": [_kind(other, between) for other in inner]}
    limits = {"minimum": between[0], "maximum": between[1]} if between else {}
    return {"type": {int: "integer", float: "number", bool: "boolean", str: "string"}[kind], **limits}


def _plain(kind: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a knob's type, its texts without control characters."""
    if kind.get("type") == "string":
        return {**kind, "pattern": r"^[^\x00-\x1f\x7f]*$"}
    inside = {name: _plain(kind[name]) for name in ("items",) if name in kind}
    return {**kind, **inside, **({"anyOf": [_plain(one) for one in kind["anyOf"]]} if "anyOf" in kind else {})}


def text() -> str:
    """Return the schema as the text of docs/recipe.schema.json."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(text(), end="")
