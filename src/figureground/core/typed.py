"""JSON from elsewhere -> values of the types that are declared; ValueError, and no other error, for whatever else."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

MOST = 2**63  # whole numbers lie below


def parsed(data: bytes | str) -> Any:
    """Return the value of a JSON text.  Raises ValueError for what is none, is nested without end, or has NaN."""
    try:
        return json.loads(data, parse_constant=no_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def parsed_object(data: bytes | str) -> dict[str, Any]:
    """Return a JSON object.  Raises ValueError for anything else."""
    plain = parsed(data)
    if not isinstance(plain, dict):
        raise ValueError("it is no JSON object")
    return plain


def no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def typed(kind: Any, value: Any) -> Any:
    """Return a value of JSON as a declared type: str, int, float, bool, Literal, tuple, Mapping, a dataclass whose
    fields are of these, or one of these or None.

    Numbers stay as they are written (1 where a float may be), are finite, and whole ones lie within 63 bits.  Fields
    that have a default may lack; others that are not known may not be there.  Raises ValueError.
    """
    return reader(kind)(value)


@functools.cache
def reader(kind: Any) -> Callable[[Any], Any]:
    """Return `typed` of one type, ready to be called often."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        (other,) = (one for one in inner if one is not types.NoneType)
        read_other = reader(other)
        return lambda value: None if value is None else read_other(value)
    if dataclasses.is_dataclass(kind):
        return functools.partial(_instance, kind)
    if origin is tuple:
        return functools.partial(_tuple, inner)
    if origin is Mapping:
        return functools.partial(_mapping, reader(inner[1]))
    if origin is typing.Literal:
        return functools.partial(_choice, inner)
    return _SCALARS[kind]


def _instance(kind: Any, value: Any) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"{_said(value)} is no {kind.__name__}")
    readers = _readers(kind)
    if unknown := value.keys() - readers.keys():
        raise ValueError(f"a {kind.__name__} has no field {_said(min(unknown))}")
    try:
        found = {name: readers[name](one) for name, one in value.items()}
        return kind(**found)
    except TypeError:
        lacking = [f.name for f in dataclasses.fields(kind) if f.name not in value]
        raise ValueError(f"a {kind.__name__} lacks one of {', '.join(lacking)}") from None


@functools.cache
def _readers(kind: Any) -> dict[str, Callable[[Any], Any]]:
    hints = typing.get_type_hints(kind)
    names = [field.name for field in dataclasses.fields(kind)]
    return {name: functools.partial(_of_field, name, reader(hints[name])) for name in names}


def _of_field(name: str, read: Callable[[Any], Any], value: Any) -> Any:
    try:
        return read(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _tuple(kinds: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{_said(value)} is no list")
    if kinds[1:] == (...,):
        read = reader(kinds[0])
        return tuple(read(one) for one in value)
    if len(value) != len(kinds):
        raise ValueError(f"{len(value)} values, not {len(kinds)}")
    return tuple(reader(kind)(one) for kind, one in zip(kinds, value, strict=True))


def _mapping(read: Callable[[Any], Any], value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{_said(value)} is no table")
    return {name: read(one) for name, one in value.items()}


def _choice(choices: tuple[Any, ...], value: Any) -> Any:
    if isinstance(value, str) and value in choices:
        return value
    raise ValueError(f"{_said(value)} is none of {', '.join(map(repr, choices))}")


def _text(value: Any) -> Any:
    if type(value) is not str:
        raise ValueError(f"{_said(value)} is no text")
    return value


def _whole(value: Any) -> Any:
    if type(value) is not int or not -MOST < value < MOST:
        raise ValueError(f"{_said(value)} is no whole number")
    return value


def _number(value: Any) -> Any:
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) is int and -MOST < value < MOST:
        return value
    raise ValueError(f"{_said(value)} is no number")


def _truth(value: Any) -> Any:
    if type(value) is not bool:
        raise ValueError(f"{_said(value)} is neither true nor false")
    return value


def _anything(value: Any) -> Any:
    return value


_SCALARS: dict[Any, Callable[[Any], Any]] = {str: _text, int: _whole, float: _number, bool: _truth, Any: _anything}


def _said(value: Any) -> str:
    """Return a value for a message, which may be of any size."""
    if isinstance(value, str):
        return ascii(value[:40])
    if isinstance(value, int) and abs(value) >= MOST:
        return "a number of many digits"
    return repr(value) if isinstance(value, int | float | None) else f"a {type(value).__name__}"
