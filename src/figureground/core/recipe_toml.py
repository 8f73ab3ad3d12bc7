"""Recipe <-> TOML: parse, check, settings, write, compare."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import tomllib
import types
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.recipe import Recipe, keys


def from_mapping(table: Mapping[str, Any], where: str = "recipe", root: Path = Path()) -> Recipe:
    """Return the recipe that a parsed TOML table describes.

    Raises FigureGroundError for an unknown key (with the nearest known one), a wrong type or a value out of range.
    """
    flat: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, Mapping):
            flat.update({f"{name}.{inner}": v for inner, v in value.items()} or {})
            if not any(key.startswith(f"{name}.") for key, _, _ in keys(Recipe())):
                raise _unknown(name, where)
        else:
            flat[name] = value
    known = {key: knob for key, knob, _ in keys(Recipe())}
    values: dict[str, dict[str, Any]] = {}
    for key, value in flat.items():
        if key not in known:
            raise _unknown(key, where)
        section, _, name = key.rpartition(".")
        values.setdefault(section, {})[name] = _checked(key, known[key], value, where)
    sections = {f.name: f for f in dataclasses.fields(Recipe) if not f.metadata and f.name != "root"}
    built = {name: typing.cast(Any, f.default_factory)(**values.get(name, {})) for name, f in sections.items()}
    recipe = Recipe(**values.get("", {}), **built, root=root)
    real_heights(recipe, where)
    return recipe


def real_heights(recipe: Recipe, where: str = "recipe") -> list[tuple[str, float, float]]:
    """Return foregrounds.real_heights as (pattern, low, high).  Raises FigureGroundError for one that is malformed."""
    found = []
    for text in recipe.foregrounds.real_heights:
        try:
            pattern, low, high = text.rsplit(maxsplit=2)
            numbers = float(low), float(high)
        except ValueError:
            numbers = (1.0, 0.0)
        if not 0.02 <= numbers[0] <= numbers[1] <= 5:
            raise FigureGroundError(
                f"foregrounds.real_heights: {text!r} is not understood",
                where,
                'write "PATTERN LOW HIGH" in metres, like "chairs/* 0.8 1.0"',
            )
        found.append((pattern, *numbers))
    return found


def _unknown(key: str, where: str) -> FigureGroundError:
    known = [k for k, _, _ in keys(Recipe())]
    sections = sorted({k.split(".")[0] for k in known})
    near = difflib.get_close_matches(key, known + sections, n=1, cutoff=0.5)
    if not near:
        near = [k for k in known if k.split(".")[-1] == key.split(".")[-1]][:1]
    remedy = f"did you mean {near[0]!r}?" if near else f"known sections: {', '.join(sections)}"
    return FigureGroundError(f"unknown recipe key {key!r}", where, remedy)


def _checked(key: str, knob: dataclasses.Field[Any], value: Any, where: str) -> Any:
    """Return value in the type of its field, or raise FigureGroundError."""
    section, _, name = key.rpartition(".")
    owner = type(getattr(Recipe(), section)) if section else Recipe
    kind = typing.get_type_hints(owner)[name]
    choices, between = knob.metadata["choices"], knob.metadata["between"]

    def wrong(expected: str) -> FigureGroundError:
        return FigureGroundError(f"{key} = {value!r} is not {expected}", where, f"{key}: {knob.metadata['meaning']}")

    if typing.get_origin(kind) is tuple:
        items = [value] if isinstance(value, str) and str in typing.get_args(kind) else value
        inner = typing.get_args(kind)[0]
        if inner is float and isinstance(items, list | tuple):
            items = [float(item) if type(item) is int else item for item in items]
        if not isinstance(items, list | tuple) or not all(type(item) is inner for item in items):
            raise wrong("a list of " + {"str": "texts", "int": "whole numbers"}.get(inner.__name__, "numbers"))
        if inner is not str and (len(items) != 2 or items[0] > items[1]):
            raise wrong("two numbers [low, high]")
        result: Any = tuple(items)
        numbers = result if inner is not str else ()
    elif isinstance(kind, types.UnionType):  # samples: "all" or a number
        if value != "all" and type(value) is not int:
            raise wrong("'all' or a whole number")
        result, numbers = value, (value,) if type(value) is int else ()
    else:
        result = float(value) if kind is float and type(value) is int else value
        if type(result) is not kind:
            raise wrong(
                {"int": "a whole number", "float": "a number", "bool": "true or false"}.get(kind.__name__, "text")
            )
        if choices and result not in choices:
            near = difflib.get_close_matches(str(value), choices, n=1)
            raise wrong(f"one of {', '.join(choices)}" + (f" (did you mean {near[0]!r}?)" if near else ""))
        numbers = (result,) if kind in (int, float) else ()
    if between and not all(between[0] <= number <= between[1] for number in numbers):
        raise wrong(f"between {between[0]:g} and {between[1]:g}")
    return result


def parse(text: str, where: str = "recipe", root: Path = Path(), settings: Iterable[str] = ()) -> Recipe:
    """Return the recipe in a TOML text, with `section.key=value` settings laid over it."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FigureGroundError(
            f"not a TOML file: {error}", where, "texts need quotes; see `figureground init`"
        ) from None
    for setting in settings:
        key, equals, raw = setting.partition("=")
        if not equals:
            raise FigureGroundError(f"--set {setting!r} has no '='", "", "write --set section.key=value")
        section, _, name = key.strip().rpartition(".")
        target = table.setdefault(section, {}) if section else table
        if not isinstance(target, dict):
            raise _unknown(key.strip(), "--set")
        target[name] = _toml_value(raw.strip(), key.strip())
    return from_mapping(table, where, root)


def _toml_value(raw: str, key: str) -> Any:
    """Return the value of a setting; on a command line, quotes around a text are optional, for "2020" too."""
    try:
        value = tomllib.loads(f"value = {raw}")["value"]
    except tomllib.TOMLDecodeError:
        return raw
    default = {known: default for known, _, default in keys(Recipe())}.get(key)
    return raw if isinstance(default, str) and isinstance(value, int | float) and key != "placement.samples" else value


def load_recipe(path: Path | str, settings: Iterable[str] = ()) -> Recipe:
    """Read a recipe file.  Raises FigureGroundError when it is missing or wrong."""
    path = Path(path)
    if path.is_dir():
        path = path / "recipe.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FigureGroundError(
            "no such recipe", str(path), "`figureground init DIR` writes one to start from"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise FigureGroundError(f"the recipe cannot be read: {error}", str(path), "give a UTF-8 TOML file") from None
    return parse(text, str(path), path.parent, settings)


def to_toml(recipe: Recipe, comments: bool = False) -> str:
    """Return the recipe as TOML with every key written out; `comments` adds each key's meaning and choices."""
    lines: list[str] = []
    section = ""
    for key, knob, value in keys(recipe):
        owner, _, name = key.rpartition(".")
        if owner != section:
            lines += ["", f"[{owner}]"]
            section = owner
        line = f"{name} = {_toml_text(value)}"
        if comments:
            choices = knob.metadata["choices"]
            hint = f" [{' | '.join(choices)}]" if len(choices) > 1 else ""
            line = f"{line:<34}# {knob.metadata['meaning']}{hint}"
        lines.append(line)
    return "\n".join(lines) + "\n"


def _toml_text(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml_text(item) for item in value) + "]"
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL, which TOML wants escaped
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)


def content(recipe: Recipe) -> dict[str, Any]:
    """Return the keys that decide what a dataset holds: all but names of files, whose contents are hashed instead."""
    return {key: value for key, knob, value in keys(recipe) if knob.metadata["content"]}


def digest(recipe: Recipe) -> str:
    """Return a sha256 hex digest of `content(recipe)`."""
    return hashlib.sha256(json.dumps(content(recipe), sort_keys=True).encode()).hexdigest()


def changed_keys(old: Recipe, new: Recipe) -> list[str]:
    """Return lines like "size: 224 -> 256" for every content key that differs."""
    before, after = content(old), content(new)
    return [f"{key}: {before[key]!r} -> {after[key]!r}" for key in after if before[key] != after[key]]
