"""Recipe <-> TOML: parse, check, settings, write, compare."""

from __future__ import annotations

import dataclasses
import difflib
import json
import shlex
import tomllib
from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.files import regular_bytes
from figureground.core.recipe import NO_KEYS, Recipe, choices, key_of, keys, source_of, tables
from figureground.core.recipe_forms import from_dataset, refuse_old_forms
from figureground.core.recipe_settings import refuse_bare_list, require_settings, setting_of
from figureground.core.recipe_values import KNOBS, unknown, value_of
from figureground.core.texts import decoded, has_controls, why_no_toml
from figureground.core.typed import parsed_object, typed

_SOURCES = {item.name: item.type for item in dataclasses.fields(Recipe)}


def from_mapping(table: Mapping[str, Any], where: Path | str = "recipe", root: Path | str = Path()) -> Recipe:
    """Return the recipe that a parsed TOML table describes.

    Raises FigureGroundError for an unknown key (with the nearest known one), a wrong type, a value out of range, and a
    key as version 1 had it (with what it is now).
    """
    refuse_old_forms(table, str(where))
    recipe: Recipe = dataclasses.replace(_section(Recipe, "", table, str(where)), root=Path(root))
    return recipe


def _section(section: Any, prefix: str, table: Mapping[str, Any], where: str) -> Any:
    """Return the dataclass `section`, whose keys bear the prefix, of a table's values."""
    known = {key_of(f): f for f in dataclasses.fields(section) if f.name not in NO_KEYS}
    values = {}
    for name, value in table.items():
        key = prefix + name
        if name not in known:
            raise unknown(key, where)
        item = known[name]
        source = source_of(item.type)
        if key in KNOBS:
            values[item.name] = value_of(key, item, value, where)
        elif source is not None:
            values[item.name] = tuple(_section(source, f"{key}.", one, where) for one in _sources(key, value, where))
        elif isinstance(value, Mapping):
            values[item.name] = _section(item.type, f"{key}.", value, where)
        else:
            raise _no_table(key, value, where)
    return section(**values)


def _sources(key: str, value: Any, where: str) -> list[Mapping[str, Any]]:
    """Return the tables of [key], or of every [[key]]."""
    found = value if isinstance(value, list) else [value]
    if not found or not all(isinstance(one, Mapping) for one in found):
        raise _no_table(key, value, where)
    return found


def _no_table(key: str, value: Any, where: str) -> FigureGroundError:
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        return FigureGroundError(f"[[{key}]] is a list of tables", where, f"write one table, [{key}]")
    return FigureGroundError(f"{key} = {value!r} is not a table", where, f"write [{key}] and its keys below it")


def parse(
    text: str,
    where: Path | str = "recipe",
    root: Path | str = Path(),
    settings: Iterable[str] = (),
    version: int = 0,
) -> Recipe:
    """Return the recipe in a TOML text, with `section.key=value` settings laid over it.

    A setting of a section that has several tables is laid over each.  `version`: for the own recipe of a dataset, that
    of its format, which is translated; 0 for other recipes.
    """
    text = text.removeprefix("\ufeff")
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise FigureGroundError("not a TOML file: it is nested too deeply", str(where), "write it anew") from None
    except ValueError as error:  # TOMLDecodeError, and a number of thousands of digits
        line, remedy = why_no_toml(text, error)
        raise FigureGroundError(f"not a TOML file: {error}: {line}", str(where), remedy) from None
    for setting in settings:
        key, value = setting_of(setting)
        refuse_bare_list(key, value, Path(root))
        section, _, name = key.rpartition(".")
        target = table.setdefault(section, {}) if section else table
        several = source_of(_SOURCES.get(section)) is not None and isinstance(target, list)
        for one in target if several else [target]:
            if not isinstance(one, dict):
                raise _no_table(section, target, str(where))
            one[name] = value
    return from_mapping(from_dataset(table, version) if version else table, where, root)


_MOST_BYTES = 2**26  # of a recipe


def load_recipe(path: Path | str, settings: Iterable[str] = (), *, cache: bool = False) -> Recipe:
    """Read a recipe file, with `section.key=value` settings laid over it.

    `cache`: keep prepared photos in a folder `.figureground-cache` where the recipe's paths start, beside the recipe,
    so that `check`, `dry_run` and `build` prepare each photo once.  Raises FigureGroundError when the recipe is missing
    or wrong.
    """
    require_settings(settings := tuple(settings))  # `--set size 512` makes 512 the recipe
    path = Path(path)
    if path.is_dir():
        path = path / "recipe.toml"
    try:
        text = decoded(regular_bytes(path, _MOST_BYTES))
    except FileNotFoundError:
        raise FigureGroundError("no such recipe", str(path), _instead(path)) from None
    except (OSError, ValueError) as error:
        raise FigureGroundError(f"the recipe cannot be read: {error}", str(path), "give a UTF-8 TOML file") from None
    root, version = recorded(path)
    return dataclasses.replace(parse(text, path, path.parent / root, settings, version), cache=cache)


_PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".heic", ".tif", ".tiff"}


def _instead(path: Path) -> str:
    """Return what to do about a recipe that is not there."""
    try:
        beside = sorted(p for p in path.parent.iterdir() if p.is_file())
    except OSError:
        beside = []
    recipes = {p.name: str(p) for p in beside if p.suffix.lower() == ".toml" and not p.name.endswith(".card.toml")}
    near = difflib.get_close_matches(path.name, recipes, n=1) or list(recipes)[: len(recipes) == 1]
    if near:
        return f"did you mean {shlex.quote(recipes[near[0]])}?"
    if any(p.suffix.lower() in _PICTURES for p in beside):
        return "that is a folder of photos: `figureground init DIR` writes a recipe, whose path then names it"
    return "`figureground init DIR` writes one to start from"


def recorded(recipe: Path) -> tuple[str, int]:
    """Return what its build.json says of a dataset's own recipe: where relative paths start, and in which version it is
    written; ("", 0) for other recipes."""
    try:
        about = parsed_object(regular_bytes(recipe.parent / "build.json"))
        root, version = about.get("root", ""), typed(int, about.get("format"))
    except (OSError, ValueError):
        return "", 0
    return (root if isinstance(root, str) and not has_controls(root) else ""), version


def as_recipe(recipe: Recipe | Path | str) -> Recipe:
    """Return a recipe as it is, or read the file of that path."""
    return recipe if isinstance(recipe, Recipe) else load_recipe(recipe)


def to_toml(recipe: Recipe, comments: bool = False, only: Container[str] | None = None) -> str:
    """Return the recipe as TOML with every key written out, or those of `only`; `comments` adds each key's meaning and
    choices."""
    lines: list[str] = []
    for table in tables(recipe):
        shown = [knob for knob in table.knobs() if only is None or table.prefix + knob[0] in only]
        if table.section and shown:
            lines += ["", f"[[{table.section}]]" if table.number else f"[{table.section}]"]
        for name, knob, value in shown:
            line = f"{name} = {_toml_text(value)}"
            if comments:
                words = choices(knob.type)
                hint = f" [{' | '.join(words)}]" if words else ""
                line = f"{line + ' ':<34}# {knob.metadata['meaning']}{hint}"
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


def changed_keys(old: Recipe, new: Recipe) -> list[str]:
    """Return lines like "size: 224 -> 256" for every content key that differs."""
    before, after = content(old), content(new)
    counts = [(name, len(getattr(old, name)), len(getattr(new, name))) for name in ("backgrounds", "foregrounds")]
    lines = [f"[[{name}]]: {was} -> {now} sources" for name, was, now in counts if was != now]
    both = (key for key in after if key in before)
    return lines + [f"{key}: {_said(before[key])} -> {_said(after[key])}" for key in both if before[key] != after[key]]


def _said(value: Any) -> str:
    return repr(list(value) if isinstance(value, tuple) else value)
