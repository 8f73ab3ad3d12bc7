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
from itertools import chain
from typing import Any, NamedTuple

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
    except (ValueError, LookupError, TypeError, RecursionError):  # what is wrong with it is said below
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
    if files is None or end != len(head) or not _fit(row) or row["split"] not in SPLITS:
        return None
    doubts = row["doubts"]
    row["doubts"] = tuple(doubts.split("; ")) if doubts else ()
    row["figures"] = tuple(map(_figure, row["figures"]))
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


def _fit(row: dict[str, Any]) -> bool:
    """Tell whether a head, its figures and their looks have their fields in order, each of the type that is written,
    finite and within 63 bits.  Raises LookupError and TypeError for some that have not."""
    figures = row["figures"]
    if len(figures) > _MOST_FIGURES:
        return False
    tables, places = [row], []
    for figure in figures:
        tables += (figure, figure["look"])
        box, contact = figure["box"], figure["contact"]
        if len(box) not in (0, 4) or len(contact) not in (0, 2):
            return False
        places += box + contact
    values = list(chain.from_iterable(map(_values, tables)))
    shape = _shape(len(figures))
    if list(chain.from_iterable(tables)) != shape.names or list(map(type, values)) != shape.types:
        return False
    wholes = (*shape.wholes(values), *places)
    if not set(map(type, places)) <= _INT or min(wholes) <= -MOST or max(wholes) >= MOST:
        return False
    return math.isfinite(sum(shape.numbers(values)))


_MOST_FIGURES = 16  # of a row that is looked at as a whole
_INT = {int}
_values = dict.values
_Pick = Callable[[Sequence[Any]], tuple[Any, ...]]


class _Shape(NamedTuple):
    """What a head, its figures and their looks are written as, one after the other."""

    names: list[str]
    types: list[type]
    wholes: _Pick  # of all values, those that are whole numbers
    numbers: _Pick


@functools.cache
def _shape(figures: int) -> _Shape:
    kinds = [Record, *[FigureRecord, Look] * figures]
    fields = [field for kind in kinds for field in _fields(kind)]
    types = [kind for _, kind in fields]
    wholes, numbers = ([i for i, one in enumerate(types) if one is kind] for kind in (int, float))
    return _Shape([name for name, _ in fields], types, operator.itemgetter(*wholes), operator.itemgetter(*numbers))


def _fields(kind: type) -> list[tuple[str, type]]:
    """Return (name, type in JSON) of a table's fields as they are written: a list where it is no plain value."""
    written: dict[Any, type] = {one: one for one in (str, int, float, bool)}
    written |= {str | None: str, float | None: float, tuple[str, ...]: str, Look: dict}
    hints = typing.get_type_hints(kind)
    names = [knob.name for knob in dataclasses.fields(kind) if kind is not Record or knob.name not in NESTED]
    return [(name, written.get(hints[name], list)) for name in [*names, *(["figures"] if kind is Record else [])]]


def _figure(row: dict[str, Any]) -> FigureRecord:
    """Return the figure of a table that fits."""
    row["box"] = tuple(row["box"]) or None
    row["contact"] = tuple(row["contact"]) or None
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
