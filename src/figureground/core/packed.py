"""A frozen dataclass <-> bytes: JSON, then the raw bytes and arrays that it refers to.  Nothing is pickled.

    8 bytes "FGPACK1\\n" | sha256 of the name and of what follows | length of the JSON, 8 bytes | JSON | raw bytes ...

The sha256 tells damage.  What comes back has the declared types, whoever wrote it: a text where a number belongs, an
unknown field, a number of bytes that is not there, and the packing of another dataclass are a DamagedError.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

_MAGIC = b"FGPACK1\n"
_HEAD = len(_MAGIC) + 32 + 8

T = TypeVar("T")


class DamagedError(ValueError):
    """Bytes that `pack` did not write, or not for this."""


def pack(value: Any, name: str) -> bytes:
    """Return the bytes of a dataclass instance of plain values, tuples, mappings, bytes, arrays of numbers and
    dataclasses; an array has the declared dtype.

    `name`: what it is kept under; `unpack` wants the same.
    """
    raw: list[bytes] = []
    text = json.dumps(_plain(value, raw), ensure_ascii=True).encode()
    body = b"".join([len(text).to_bytes(8, "little"), text, *raw])
    return _MAGIC + _digest(name, body) + body


def unpack(kind: type[T], data: bytes, name: str) -> T:
    """Return the instance of `kind` in bytes; `pack` is the inverse.  Raises DamagedError for anything else."""
    body = memoryview(data)[_HEAD - 8 :]
    if data[: len(_MAGIC)] != _MAGIC or data[len(_MAGIC) : _HEAD - 8] != _digest(name, body):
        raise DamagedError("damaged, or not what it is called")
    size = int.from_bytes(body[:8], "little")
    raw = _Raw(body[8 + size :])
    try:
        found: T = _typed(kind, json.loads(bytes(body[8 : 8 + size])), raw)
    except (ValueError, RecursionError) as error:
        raise DamagedError(str(error)) from None
    if raw.used != len(raw.data):
        raise DamagedError("more bytes than it speaks of")
    return found


def _digest(name: str, body: bytes | memoryview) -> bytes:
    digest = hashlib.sha256(name.encode() + b"\0")
    digest.update(body)
    return digest.digest()


@dataclasses.dataclass
class _Raw:
    """The raw bytes behind the JSON, taken in order."""

    data: memoryview
    used: int = 0

    def take(self, size: Any) -> bytes:
        if type(size) is not int or not 0 <= size <= len(self.data) - self.used:
            raise ValueError("fewer bytes than it speaks of")
        self.used += size
        return bytes(self.data[self.used - size : self.used])


def _plain(value: Any, raw: list[bytes]) -> Any:
    """Return a value as JSON has it; bytes and arrays go to `raw`, and their length or shape stands in their place."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {type(value).__name__: {f.name: _plain(getattr(value, f.name), raw) for f in dataclasses.fields(value)}}
    if isinstance(value, bytes):
        raw.append(value)
        return len(value)
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "biuf":
            raise TypeError(f"arrays of {value.dtype} are not packed")
        raw.append(value.astype(value.dtype.newbyteorder("<")).tobytes())
        return list(value.shape)
    if isinstance(value, tuple):
        return [_plain(item, raw) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item, raw) for key, item in value.items()}
    return value


def _typed(kind: Any, value: Any, raw: _Raw) -> Any:
    """Return a value of JSON as the declared type."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return _one_of(inner, value, raw)
    if dataclasses.is_dataclass(kind):
        return _instance(kind, value, raw)
    if kind is bytes:
        return raw.take(value)
    if origin is np.ndarray:
        return _array(np.dtype(typing.get_args(inner[1])[0]), value, raw)
    if origin is tuple and isinstance(value, list):
        kinds = inner[:1] * len(value) if inner[1:] == (...,) else inner
        return tuple(_typed(k, v, raw) for k, v in zip(kinds, value, strict=True))
    if origin is Mapping and isinstance(value, dict):
        return {key: _typed(inner[1], item, raw) for key, item in value.items()}
    if origin is typing.Literal and value in inner:
        return value
    if origin is None and (type(value) is kind or (kind is float and type(value) is int)):
        return value
    raise ValueError(f"{type(value).__name__} is no {kind}")


def _one_of(kinds: tuple[Any, ...], value: Any, raw: _Raw) -> Any:
    """Return a value as one of several types: None, or dataclasses, which bear their names; or the only other one."""
    if value is None and type(None) in kinds:
        return None
    others = [kind for kind in kinds if kind is not type(None)]
    if isinstance(value, dict) and any(dataclasses.is_dataclass(kind) for kind in others):
        others = [kind for kind in others if getattr(kind, "__name__", "") in value]
    if len(others) != 1:
        raise ValueError("none of the types that are allowed here")
    return _typed(others[0], value, raw)


def _instance(kind: Any, value: Any, raw: _Raw) -> Any:
    items = value.get(kind.__name__) if isinstance(value, dict) and len(value) == 1 else None
    if not isinstance(items, dict) or list(items) != [field.name for field in dataclasses.fields(kind)]:
        raise ValueError(f"no {kind.__name__} as it is now")
    hints = _hints(kind)
    return kind(**{name: _typed(hints[name], item, raw) for name, item in items.items()})


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _array(dtype: np.dtype[Any], shape: Any, raw: _Raw) -> Any:
    if not isinstance(shape, list) or len(shape) > 4 or not all(type(side) is int and side >= 0 for side in shape):
        raise ValueError("no shape of an array")
    data = raw.take(math.prod(shape) * dtype.itemsize)
    return np.frombuffer(data, dtype.newbyteorder("<")).astype(dtype, copy=False).reshape(shape)
