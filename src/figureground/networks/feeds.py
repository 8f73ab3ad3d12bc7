"""What a network's file is fed: the picture in the type that it declares, and the card's constants for other inputs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.card import Card
from figureground.core.errors import FigureGroundError

_FLOATS = {"float16": np.float16, "float": np.float32, "double": np.float64}
_WHOLE = {"uint8": np.uint8, "uint16": np.uint16, "int32": np.int32, "uint32": np.uint32, "int64": np.int64}
_MORE = {"int8": np.int8, "int16": np.int16, "uint64": np.uint64, "bool": np.bool_}  # of constants only


@dataclass(frozen=True)
class Declared:
    """An input as the file declares it: name, ONNX's word for its type ("float", "int64" ...) and shape, where a length
    that is not fixed is None or a name; None where even the number of lengths is open."""

    name: str
    kind: str
    shape: tuple[int | str | None, ...] | None


@dataclass(frozen=True, eq=False)
class Feed:
    """How a batch becomes a file's inputs.  `batch`: how many pictures the file takes, None where any number."""

    picture: str
    kind: Any
    batch: int | None
    constants: Mapping[str, NDArray[Any]]
    repeated: frozenset[str] = frozenset()  # constants that the file wants once a picture

    def of(self, batch: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
        """Return the inputs for a batch in a card's layout; files that take whole numbers get 0..255."""
        whole = np.issubdtype(self.kind, np.integer)
        given = np.rint(batch * np.float32(255)).astype(self.kind) if whole else batch.astype(self.kind, copy=False)
        more = {
            name: np.repeat(value, len(batch), 0) if name in self.repeated else value
            for name, value in self.constants.items()
        }
        return {self.picture: given, **more}


def feed_of(declared: Sequence[Declared], card: Card, where: str) -> Feed:
    """Return how a file is fed.  Raises FigureGroundError, naming the input, where file and card do not fit."""
    given = dict(card.inputs)
    if gone := [name for name in given if name not in {one.name for one in declared}]:
        raise FigureGroundError(
            f"the card gives a value for {gone[0]!r}, and the depth network has no such input",
            where,
            f"it has {', '.join(one.name for one in declared)}; mend or remove inputs.{_key(gone[0])} in the card",
        )
    picture = _picture(declared, given, where)
    if picture.kind not in {**_FLOATS, **_WHOLE}:
        raise FigureGroundError(
            f"the depth network takes its picture as {picture.kind}",
            where,
            f"give a file whose input {picture.name} is one of {', '.join({**_FLOATS, **_WHOLE})}",
        )
    if picture.kind in _WHOLE and (any(card.mean) or any(value != 1 for value in card.std)):
        raise FigureGroundError(
            f"the depth network takes its picture as {picture.kind}, 0 to 255, and its card has mean or std",
            where,
            "remove mean and std from the card: such a file normalises by itself",
        )
    first = picture.shape[0] if picture.shape else None
    others = [one for one in declared if one.name in given]
    constants = {one.name: _constant(one, given[one.name], where) for one in others}
    repeated = {
        one.name
        for one in others
        if one.shape and isinstance(first, str) and one.shape[0] == first and len(constants[one.name]) == 1
    }
    kind = {**_FLOATS, **_WHOLE}[picture.kind]
    return Feed(picture.name, kind, first if isinstance(first, int) else None, constants, frozenset(repeated))


def _picture(declared: Sequence[Declared], given: Mapping[str, Any], where: str) -> Declared:
    """Return the input that takes the picture: the only one that the card does not name, or that has four axes."""
    free = [one for one in declared if one.name not in given]
    if len(free) == 1:
        return free[0]
    four = [one for one in free if one.shape is not None and len(one.shape) == 4]
    if len(four) != 1:
        raise FigureGroundError(
            "it is not clear which input of the depth network takes the picture",
            f"{where}: {', '.join(one.name for one in free) or 'the card gives values for all of them'}",
            "name all others in the card's inputs, each with its value",
        )
    other = next(one for one in free if one is not four[0])
    raise FigureGroundError(
        f"the depth network has another input that its card does not name: {other.name!r}, {_said(other)}",
        where,
        f"add to the card what its authors say, like: inputs.{_key(other.name)} = {_example(other)}",
    )


def _constant(one: Declared, value: Any, where: str) -> NDArray[Any]:
    """Return a card's value as the file declares it.  Raises FigureGroundError where it is of another type or shape."""
    kind = {**_FLOATS, **_WHOLE, **_MORE}.get(one.kind)
    wrong = FigureGroundError(
        f"inputs.{_key(one.name)} = {_toml(value)} does not fit the depth network's input, which is {_said(one)}",
        where,
        f"write it into the card as the file wants it, like: inputs.{_key(one.name)} = {_example(one)}",
    )
    try:
        found = np.array(value)
    except ValueError:  # lists of several lengths
        raise wrong from None
    kinds = {"b": "b", "i": "iuf", "u": "iuf", "f": "f"}.get(found.dtype.kind, "")
    if kind is None or np.dtype(kind).kind not in kinds:
        raise wrong
    with np.errstate(over="ignore"):
        fitted: NDArray[Any] = found.astype(kind)
    if np.dtype(kind).kind in "iu" and not np.array_equal(fitted, found):
        raise wrong
    if not np.isfinite(fitted).all():
        raise wrong
    shape = one.shape
    if shape is not None and fitted.ndim == 0:
        fitted = fitted.reshape((1,) * len(shape))  # one number stands for a list of one
    lengths = zip(shape or (), fitted.shape, strict=False)
    if shape is not None and (
        len(shape) != fitted.ndim or any(isinstance(want, int) and want != have for want, have in lengths)
    ):
        raise wrong
    return np.ascontiguousarray(fitted) if fitted.ndim else fitted


def _said(one: Declared) -> str:
    if one.shape is None:
        return one.kind
    return (
        f"{one.kind} of shape [{', '.join(str(length or '?') for length in one.shape)}]"
        if one.shape
        else (f"one {one.kind}")
    )


def _example(one: Declared) -> str:
    number = {"bool": "true"}.get(one.kind, "1.0" if one.kind in _FLOATS else "1")
    for length in reversed(one.shape or ()):
        number = f"[{', '.join([number] * min(length if isinstance(length, int) else 1, 4))}]"
    return number


def _key(name: str) -> str:
    """Return a name as a TOML key."""
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else json.dumps(name)


def _toml(value: Any) -> str:
    return json.dumps(value)
