"""Which files beside an ONNX file hold its weights: read off the protobuf, without a library and without loading.

Only messages that can hold a tensor are walked; the bytes of weights are skipped, so a file of gigabytes costs little.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

# message -> number of a field -> the message in it: every way from a model to a tensor (onnx.proto; a test compares)
HOLDS: dict[str, dict[int, str]] = {
    "ModelProto": {7: "GraphProto", 20: "TrainingInfoProto", 25: "FunctionProto"},
    "GraphProto": {1: "NodeProto", 5: "TensorProto", 15: "SparseTensorProto"},
    "NodeProto": {5: "AttributeProto"},
    "AttributeProto": {
        5: "TensorProto",
        6: "GraphProto",
        10: "TensorProto",
        11: "GraphProto",
        22: "SparseTensorProto",
        23: "SparseTensorProto",
    },
    "SparseTensorProto": {1: "TensorProto", 2: "TensorProto"},
    "FunctionProto": {7: "NodeProto", 11: "AttributeProto"},
    "TrainingInfoProto": {1: "GraphProto", 2: "GraphProto"},
}
_EXTERNAL_DATA, _DATA_LOCATION, _EXTERNAL = 13, 14, 1  # of a tensor; an entry of external_data has a key and a value
_KEY, _VALUE = 1, 2
_DEEPEST = 200  # messages within messages: networks have about ten
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types; groups are not used by ONNX


class Buffer(Protocol):
    """Bytes, or a file mapped into memory."""

    def __len__(self) -> int: ...
    def __getitem__(self, place: slice, /) -> bytes: ...


def external_locations(data: Buffer) -> list[str]:
    """Return the names of the files that hold tensors of an ONNX file, as it gives them, in order.

    Raises ValueError where the bytes are no whole protobuf, or a tensor lies outside without saying where.
    """
    found: set[str] = set()
    waiting = [("ModelProto", 0, len(data), 0)]
    while waiting:
        message, start, stop, depth = waiting.pop()
        if depth > _DEEPEST:
            raise ValueError("messages are nested too deeply")
        if message == "TensorProto":
            found.update(_location(data, start, stop))
            continue
        for number, wire, low, high in _fields(data, start, stop):
            inner = HOLDS[message].get(number)
            if inner is not None and wire == _BYTES:
                waiting.append((inner, low, high, depth + 1))
    return sorted(found)


def _location(data: Buffer, start: int, stop: int) -> list[str]:
    """Return the name of the file that a tensor lies in; none for a tensor in the ONNX file itself."""
    where, outside = "", False
    for number, wire, low, high in _fields(data, start, stop):
        if number == _DATA_LOCATION and wire == _VARINT:
            outside = low == _EXTERNAL
        elif number == _EXTERNAL_DATA and wire == _BYTES:
            texts = {n: data[a:b].decode() for n, w, a, b in _fields(data, low, high) if w == _BYTES}
            where = texts.get(_VALUE, "") if texts.get(_KEY) == "location" else where
    if outside and not where:
        raise ValueError("a tensor lies in another file that is not named")
    return [where] if outside else []


def _fields(data: Buffer, start: int, stop: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield (number, wire type, start, stop) of a message's fields; of a varint its value stands for the start."""
    at = start
    while at < stop:
        tag, at = _varint(data, at, stop)
        number, wire = tag >> 3, tag & 7
        value = at
        if wire == _VARINT:
            value, at = _varint(data, at, stop)
        elif wire == _BYTES:
            size, value = _varint(data, at, stop)
            at = value + size
        elif wire in (_FIXED32, _FIXED64):
            at += 4 if wire == _FIXED32 else 8
        else:
            raise ValueError(f"a field of unknown type {wire}")
        if number == 0 or at > stop:
            raise ValueError("a field that ends after its message")
        yield number, wire, value, at


def _varint(data: Buffer, at: int, stop: int) -> tuple[int, int]:
    """Return (number, where it ends)."""
    value = 0
    for place, byte in enumerate(data[at : min(at + 10, stop)]):
        value |= (byte & 127) << (7 * place)
        if byte < 128:
            return value, at + place + 1
    raise ValueError("a number that does not end")
