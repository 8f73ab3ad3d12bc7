"""Recipe <-> TOML: parse, check, settings, write, compare."""

from __future__ import annotations

import dataclasses
import difflib
import json
import shlex
import tomllib
import typing
from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.files import user_path
from figureground.core.recipe import NO_KEYS, Recipe, Size, choices, key_of, keys, source_of, tables
from figureground.core.recipe_forms import from_version_1, refuse_old_forms
from figureground.core.texts import before_escapes, decoded, has_controls, in_other_quotes, meant, why_no_toml

_KNOBS = {key: knob for key, knob, _ in keys(Recipe())}
_USUAL = {key: value for key, _, value in keys(Recipe())}
_SECTIONS = sorted({key.split(".")[0] for key in _KNOBS if "." in key})
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
            raise _unknown(key, where)
        item = known[name]
        source = source_of(item.type)
        if key in _KNOBS:
            values[item.name] = _value(key, item, value, where)
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


def _unknown(key: str, where: str) -> FigureGroundError:
    near = _near(key)
    remedy = f"did you mean {' or '.join(map(repr, near))}?" if near else f"known sections: {', '.join(_SECTIONS)}"
    if near == [key]:
        remedy = f"write {key} without quotes"
    return FigureGroundError(f"unknown recipe key {key!r}", where, remedy)


def _near(key: str) -> list[str]:
    """Return the keys that a wrong one may stand for: in other letters, without its section, or nearly alike."""
    known, last = [*_KNOBS, *_SECTIONS], _bare(key.rpartition(".")[2])
    same = [k for k in known if _bare(k) == _bare(key)]
    return (
        same[:1]
        or [k for k in _KNOBS if _bare(k.rpartition(".")[2]) == last][:3]
        or difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    )


def _bare(key: str) -> str:
    """Return a key in small letters, without what may stand between words."""
    return key.lower().replace("-", "").replace("_", "")


def _no_table(key: str, value: Any, where: str) -> FigureGroundError:
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        return FigureGroundError(f"[[{key}]] is a list of tables", where, f"write one table, [{key}]")
    return FigureGroundError(f"{key} = {value!r} is not a table", where, f"write [{key}] and its keys below it")


def _value(key: str, knob: dataclasses.Field[Any], value: Any, where: str) -> Any:
    """Return a value in the type of its knob, or raise FigureGroundError."""
    try:
        found = _read(knob.type, value, knob.metadata["between"])
    except ValueError as expected:
        what = f"[{key}] is a table, not" if isinstance(value, Mapping) else f"{key} = {value!r} is not"
        means = f"{key}: {knob.metadata['meaning']}"
        better = _meant(knob, value if isinstance(value, str) else json.dumps(value, default=str))
        remedy = f"write {key.rpartition('.')[2]} = {better}; {means}" if better else means
        raise FigureGroundError(f"{what} {expected}", where, remedy) from None
    if not knob.metadata["content"] and key != "name":
        _refuse_controls(key, found, where)
    return found


def _meant(knob: dataclasses.Field[Any], raw: str) -> str:
    """Return how the value that was probably meant is written; "" where none is seen."""
    return meant(raw, lambda value: _read(knob.type, value, knob.metadata["between"]))


def _refuse_controls(key: str, value: Any, where: str) -> None:
    """Raise FigureGroundError for a file's name that an escape has put a control character into, as in "photos\new"."""
    for text in value if isinstance(value, tuple) else (value,):
        if isinstance(text, str) and has_controls(text):
            raise FigureGroundError(
                f"{key} = {text!r} has a control character: in double quotes, a backslash begins an escape",
                where,
                in_other_quotes(before_escapes(text)),
            )


def _read(kind: Any, value: Any, between: tuple[float, float] | None) -> Any:
    """Return value as the declared type.  Raises ValueError, which says what is expected, when it is none."""
    inner = typing.get_args(kind)
    if kind == Size:
        return _read_size(value, between)
    if choices(kind):
        return _read_choice(inner, value)
    if typing.get_origin(kind) is tuple:
        return _read_texts(value) if inner[0] is str else _read_range(inner[0], value, between)
    if inner:
        return value if value in choices(inner[1]) else _read_unless_word(inner[0], choices(inner[1]), value, between)
    return _read_number(kind, value, between) if kind in (int, float) else _read_plain(kind, value)


_NAMES = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
_LISTS = {int: "a list of whole numbers", float: "a list of numbers", str: "a list of texts"}


def _is(kind: type, value: Any) -> bool:
    return type(value) is kind or (kind is float and type(value) is int)


def _read_plain(kind: type, value: Any) -> Any:
    if not _is(kind, value):
        raise ValueError(_NAMES[kind])
    return value


def _read_choice(words: tuple[str, ...], value: Any) -> str:
    if value in words:
        return typing.cast(str, value)
    near = difflib.get_close_matches(str(value), words, n=1)
    raise ValueError(f"one of {', '.join(words)}" + (f" (did you mean {near[0]!r}?)" if near else ""))


def _read_number(kind: type, value: Any, between: tuple[float, float] | None) -> Any:
    if not _is(kind, value):
        raise ValueError(_NAMES[kind])
    if between and not between[0] <= value <= between[1]:
        raise ValueError(f"between {between[0]:g} and {between[1]:g}")
    return kind(value)


def _read_unless_word(kind: Any, words: tuple[str, ...], value: Any, between: tuple[float, float] | None) -> Any:
    if isinstance(value, str) or (kind is int and not _is(int, value)):
        raise ValueError(f"{' or '.join(map(repr, words))} or {_NAMES.get(kind, 'two numbers [low, high]')}")
    return _read(kind, value, between)


def _read_range(kind: type, value: Any, between: tuple[float, float] | None) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple) or not all(_is(kind, item) for item in value):
        raise ValueError(_LISTS[kind])
    if len(value) != 2 or value[0] > value[1]:
        raise ValueError("two numbers [low, high]")
    return tuple(_read_number(kind, item, between) for item in value)


def _read_size(value: Any, between: tuple[float, float] | None) -> Size:
    """Return the side of a square, which may be written as two equal sides, or (width, height)."""
    sides = value if isinstance(value, list | tuple) else [value]
    if len(sides) not in (1, 2) or isinstance(value, list | tuple) != (len(sides) == 2):
        raise ValueError("a whole number or [width, height]")
    if not all(_is(int, side) for side in sides):
        raise ValueError("a whole number or [width, height], two of them")
    width, height = (_read_number(int, side, between) for side in (sides[0], sides[-1]))
    return width if width == height else (width, height)


def _read_texts(value: Any) -> tuple[str, ...]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(_is(str, item) for item in items):
        raise ValueError(_LISTS[str])
    return tuple(items)


def parse(
    text: str,
    where: Path | str = "recipe",
    root: Path | str = Path(),
    settings: Iterable[str] = (),
    version: int = 2,
) -> Recipe:
    """Return the recipe in a TOML text, with `section.key=value` settings laid over it.

    A setting of a section that has several tables is laid over each.  `version`: 1 for the own recipe of a dataset of
    that format, which is translated.
    """
    text = text.removeprefix("\ufeff")
    try:
        table = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, and a number of thousands of digits
        line, remedy = why_no_toml(text, error)
        raise FigureGroundError(f"not a TOML file: {error}: {line}", str(where), remedy) from None
    for setting in settings:
        key, value = _setting(setting)
        _refuse_bare_list(key, value, Path(root))
        section, _, name = key.rpartition(".")
        target = table.setdefault(section, {}) if section else table
        several = source_of(_SOURCES.get(section)) is not None and isinstance(target, list)
        for one in target if several else [target]:
            if not isinstance(one, dict):
                raise _no_table(section, target, str(where))
            one[name] = value
    return from_mapping(from_version_1(table) if version == 1 else table, where, root)


def require_settings(settings: Iterable[str]) -> None:
    """Raise FigureGroundError, by an example of how to write it, for a setting that is none."""
    for setting in settings:
        _setting(setting)


def _setting(setting: str) -> tuple[str, Any]:
    """Return key and value of "section.key=value".  Raises FigureGroundError, which says how to write it."""
    key, equals, raw = (part.strip() for part in setting.partition("="))
    if not equals:
        key, _, raw = key.partition(" ")
        ways = _ways_to_set([key] if key in _KNOBS else _near(key), raw)
        raise FigureGroundError(
            f"--set {setting!r} has no '='", "--set", f"write {ways or '--set section.key=value'}, without spaces"
        )
    section, _, name = key.rpartition(".")
    refuse_old_forms({section: {name: _toml_value(raw, key)}}, f"--set {setting}")
    if key not in _KNOBS:
        near, what = _near(key), f"unknown recipe key {key!r}"
        if key in _SECTIONS:
            near = [k for k in _KNOBS if k.startswith(f"{key}.") and raw in choices(_KNOBS[k].type)]
            what = f"{key} = {raw!r} is not a table, and {key} is one"
        ways = _ways_to_set([k for k in near if k in _KNOBS], raw)
        raise FigureGroundError(
            what, f"--set {setting}", f"write {ways}" if ways else f"known sections: {', '.join(_SECTIONS)}"
        )
    value, knob = _toml_value(raw, key), _KNOBS[key]
    try:
        _read(knob.type, value, knob.metadata["between"])
    except ValueError as expected:
        better, usual = _meant(knob, raw), _USUAL[key]
        way = (
            f"write --set {key}={_quoted(better)}"
            if better
            else f"for example --set {key}={_quoted(_toml_text(usual))}"
        )
        means = knob.metadata["meaning"]
        raise FigureGroundError(f"{key} = {value!r} is not {expected}", f"--set {setting}", f"{way}; {means}") from None
    return key, value


def _refuse_bare_list(key: str, value: Any, root: Path) -> None:
    """Raise FigureGroundError for several paths with commas between them, which would be the name of one."""
    if isinstance(value, str) and "," in value and typing.get_origin(_KNOBS[key].type) is tuple:
        parts = [part.strip() for part in value.split(",")]
        if not user_path(value, root).exists() and all(user_path(part, root).exists() for part in parts):
            raise FigureGroundError(
                f"{value!r} would be one path",
                f"--set {key}={value}",
                f"write --set {key}={_quoted(json.dumps(parts))}",
            )


def as_setting(option: str, value: str) -> str:
    """Return how a key that is given as an option, like `--per-pair 3`, is set: "" where it is no key."""
    last = _bare(option.lstrip("-"))
    named = [key for key in _KNOBS if _bare(key) == last]
    return _ways_to_set(named or [key for key in _KNOBS if _bare(key.rpartition(".")[2]) == last], value)


def _ways_to_set(keys: Iterable[str], raw: str) -> str:
    """Return how the value of a setting is written with keys that may be meant."""
    return " or ".join(
        f"--set {key}={_quoted(raw if _fits(key, raw) else _meant(_KNOBS[key], raw) or 'VALUE')}" for key in keys
    )


def _fits(key: str, raw: str) -> bool:
    """Tell whether the text of a setting is a value of its key."""
    try:
        _read(_KNOBS[key].type, _toml_value(raw, key), _KNOBS[key].metadata["between"])
    except ValueError:
        return False
    return raw != ""


def _quoted(value: str) -> str:
    """Return a value as a shell takes it; texts of one word need no quotes."""
    return shlex.quote(value.strip('"') if value.strip('"').isidentifier() else value)


def _toml_value(raw: str, key: str) -> Any:
    """Return the value of a setting; on a command line, quotes around a text are optional, for "2020" too."""
    try:
        value = tomllib.loads(f"value = {raw}")["value"]
    except ValueError:
        return raw
    kind = _KNOBS[key].type if key in _KNOBS else None
    wants_text = kind is str or choices(kind)
    return raw if wants_text and not isinstance(value, str | list | dict) else value


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
        text = decoded(path.read_bytes())
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
    written; ("", 2) for other recipes."""
    try:
        about = json.loads((recipe.parent / "build.json").read_bytes())
        root, version = about.get("root", ""), about["format"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "", 2
    return (root if isinstance(root, str) else ""), (version if isinstance(version, int) else 2)


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
