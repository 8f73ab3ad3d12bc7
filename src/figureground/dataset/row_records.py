"""The record of a row of metadata.jsonl: what `Record.from_row` says of it, in less than a third of the time.

A row as this version writes it has known keys in a known order, each with a value of one type.  So its head, up to the
camera, is parsed and looked at as a whole, its camera and its depths' meanings, which samples share, are parsed once,
and its files are read off its end.  Whatever is not written so, of other versions or damaged, is read by
`Record.from_row`, which is the specification; both give the same record.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import operator
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from figureground.core.camera import FIELDS, Camera
from figureground.core.layers import DEPTHS
from figureground.core.nouns import Look
from figureground.core.record import NESTED, SPLITS, DepthMeaning, FigureRecord, Record, camera_of, meaning_of
from figureground.core.typed import MOST, no_number, parsed_object
from figureground.dataset.row_files import files_at_end

_CAMERA, _LAST_OF_CAMERA = f', "camera_{FIELDS[0]}": '.encode(), f', "camera_{FIELDS[-1]}": "'.encode()
_FILES = b', "image_file_name": '
_LONGEST = 2000  # bytes of a camera and of meanings that are kept
_KEPT = 4096  # of each

_decoded = json.JSONDecoder(parse_constant=no_number).raw_decode
_new = object.__new__
Made = typing.TypeVar("Made")


def record_of(line: bytes) -> Record:
    """Return the record of a row.  Raises ValueError, and nothing else, for what is none."""
    try:
        found = _as_written(line)
    except (ValueError, RecursionError):  # what is wrong with it is said below
        found = None
    return Record.from_row(parsed_object(line)) if found is None else found


def _as_written(line: bytes) -> Record | None:
    """Return the record of a row as this version writes it, with a camera and files; None for any other."""
    camera_at = line.find(_CAMERA)
    last_at = line.find(_LAST_OF_CAMERA, camera_at)
    depths_at = line.find(b'"', last_at + len(_LAST_OF_CAMERA)) + 1
    files_at = line.find(_FILES, depths_at)
    if min(camera_at, last_at, depths_at - 1, files_at) < 0 or files_at - camera_at > _LONGEST:
        return None
    head = line[:camera_at].decode() + "}"
    row, end = _decoded(head)
    files = files_at_end(line[files_at + 2 :])
    if files is None or end != len(head) or not _OWN.fit(row) or row["split"] not in SPLITS:
        return None
    figures = []
    for figure in row["figures"]:
        if (one := _figure(figure)) is None:
            return None
        figures.append(one)
    doubts = row["doubts"]
    row["doubts"] = tuple(doubts.split("; ")) if doubts else ()
    row["figures"] = tuple(figures)
    row["depths"] = dict(_depths(line[depths_at:files_at]))
    row["files"] = files
    row["camera"] = _camera(line[camera_at:depths_at])
    return _made(Record, row)


@functools.lru_cache(_KEPT)
def _camera(text: bytes) -> Camera:
    row = _table(text)
    if list(row) != [f"camera_{name}" for name in FIELDS]:
        raise ValueError("it is written in another way")
    return camera_of(row)


@functools.lru_cache(_KEPT)
def _depths(text: bytes) -> Mapping[str, DepthMeaning]:
    row = _table(text) if text else {}
    layers = [layer for layer in DEPTHS if f"{layer}_unit" in row]
    if row.keys() != {f"{layer}_{knob.name}" for layer in layers for knob in dataclasses.fields(DepthMeaning)}:
        raise ValueError("it is written in another way")
    return {layer: meaning_of(row, layer) for layer in layers}


def _table(text: bytes) -> dict[str, Any]:
    """Return the table whose fields are written so, each behind a comma."""
    return parsed_object(b"{" + text.removeprefix(b", ") + b"}")


class _Fields:
    """The fields of a kind as its tables are written."""

    def __init__(self, kind: type, names: Sequence[str]) -> None:
        hints = typing.get_type_hints(kind)
        self._names = list(names)
        self._types = [_JSON.get(hints[name], list) for name in names]
        self._wholes = self._getter(int)
        self._numbers = self._getter(float)

    def _getter(self, kind: type) -> Callable[[list[Any]], tuple[Any, ...]]:
        where = [i for i, one in enumerate(self._types) if one is kind]
        return operator.itemgetter(*where) if len(where) > 1 else lambda values: tuple(values[i] for i in where)

    def fit(self, row: dict[str, Any]) -> bool:
        """Tell whether a table has these fields in their order, each of its type, finite and within 63 bits."""
        values = list(row.values())
        if list(row) != self._names or list(map(type, values)) != self._types:
            return False
        return _within(self._wholes(values)) and math.isfinite(sum(self._numbers(values)))


def _within(wholes: Sequence[int]) -> bool:
    return not wholes or (min(wholes) > -MOST and max(wholes) < MOST)


_INT = {int}
# what is written for each type of a field; lists for all others
_JSON: dict[Any, type] = {
    **{one: one for one in (str, int, float, bool)},
    str | None: str,
    float | None: float,
    tuple[str, ...]: str,
    Look: dict,
}
_OWN = _Fields(Record, [*(f.name for f in dataclasses.fields(Record) if f.name not in NESTED), "figures"])
_FIGURE = _Fields(FigureRecord, [f.name for f in dataclasses.fields(FigureRecord)])
_LOOK = _Fields(Look, [f.name for f in dataclasses.fields(Look)])


def _figure(row: Any) -> FigureRecord | None:
    if type(row) is not dict or not _FIGURE.fit(row) or not _LOOK.fit(row["look"]):
        return None
    box, contact = row["box"], row["contact"]
    places = box + contact
    if (
        len(box) not in (0, 4)
        or len(contact) not in (0, 2)
        or not set(map(type, places)) <= _INT
        or not _within(places)
    ):
        return None
    row["box"] = tuple(box) or None
    row["contact"] = tuple(contact) or None
    row["whole"] = row["whole"] or None
    row["depth_at_contact"] = row["depth_at_contact"] or None
    row["real_height"] = row["real_height"] or None
    row["look"] = _made(Look, row["look"])
    return _made(FigureRecord, row)


def _made(kind: type[Made], fields: Mapping[str, Any]) -> Made:
    """Return an instance with all its fields, which its own `__init__` would set one by one: six times as slow."""
    made = _new(kind)
    made.__dict__.update(fields)
    return made
