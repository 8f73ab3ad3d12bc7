"""Keys and values of recipes: a value of TOML -> the type of its knob; of wrong ones, what was meant."""

from __future__ import annotations

import dataclasses
import difflib
import json
import typing
from collections.abc import Mapping
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.recipe import Recipe, Size, choices, keys
from figureground.core.texts import before_escapes, has_controls, in_other_quotes, meant

KNOBS = {key: knob for key, knob, _ in keys(Recipe())}
USUAL = {key: value for key, _, value in keys(Recipe())}
SECTIONS = sorted({key.split(".")[0] for key in KNOBS if "." in key})


def unknown(key: str, where: str) -> FigureGroundError:
    found = near(key)
    remedy = f"did you mean {' or '.join(map(repr, found))}?" if found else f"known sections: {', '.join(SECTIONS)}"
    if found == [key]:
        remedy = f"write {key} without quotes"
    return FigureGroundError(f"unknown recipe key {key!r}", where, remedy)


def near(key: str) -> list[str]:
    """Return the keys that a wrong one may stand for: in other letters, without its section, or nearly alike."""
    known, last = [*KNOBS, *SECTIONS], bare(key.rpartition(".")[2])
    same = [k for k in known if bare(k) == bare(key)]
    return (
        same[:1]
        or [k for k in KNOBS if bare(k.rpartition(".")[2]) == last][:3]
        or difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    )


def bare(key: str) -> str:
    """Return a key in small letters, without what may stand between words."""
    return key.lower().replace("-", "").replace("_", "")


def value_of(key: str, knob: dataclasses.Field[Any], value: Any, where: str) -> Any:
    """Return a value in the type of its knob, or raise FigureGroundError."""
    try:
        found = read(knob.type, value, knob.metadata["between"])
    except ValueError as expected:
        what = f"[{key}] is a table, not" if isinstance(value, Mapping) else f"{key} = {value!r} is not"
        means = f"{key}: {knob.metadata['meaning']}"
        better = meant_by(knob, value if isinstance(value, str) else json.dumps(value, default=str))
        remedy = f"write {key.rpartition('.')[2]} = {better}; {means}" if better else means
        raise FigureGroundError(f"{what} {expected}", where, remedy) from None
    if not knob.metadata["content"] and key != "name":
        _refuse_controls(key, found, where)
    return found


def meant_by(knob: dataclasses.Field[Any], raw: str) -> str:
    """Return how the value that was probably meant is written; "" where none is seen."""
    return meant(raw, lambda value: read(knob.type, value, knob.metadata["between"]))


def _refuse_controls(key: str, value: Any, where: str) -> None:
    """Raise FigureGroundError for a file's name that an escape has put a control character into, as in "photos\new"."""
    for text in value if isinstance(value, tuple) else (value,):
        if isinstance(text, str) and has_controls(text):
            raise FigureGroundError(
                f"{key} = {text!r} has a control character: in double quotes, a backslash begins an escape",
                where,
                in_other_quotes(before_escapes(text)),
            )


def read(kind: Any, value: Any, between: tuple[float, float] | None) -> Any:
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
    alike = difflib.get_close_matches(str(value), words, n=1)
    raise ValueError(f"one of {', '.join(words)}" + (f" (did you mean {alike[0]!r}?)" if alike else ""))


def _read_number(kind: type, value: Any, between: tuple[float, float] | None) -> Any:
    if not _is(kind, value):
        raise ValueError(_NAMES[kind])
    if between and not between[0] <= value <= between[1]:
        raise ValueError(f"between {between[0]:g} and {between[1]:g}")
    return kind(value)


def _read_unless_word(kind: Any, words: tuple[str, ...], value: Any, between: tuple[float, float] | None) -> Any:
    if isinstance(value, str) or (kind is int and not _is(int, value)):
        raise ValueError(f"{' or '.join(map(repr, words))} or {_NAMES.get(kind, 'two numbers [low, high]')}")
    return read(kind, value, between)


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
