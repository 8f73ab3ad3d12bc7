"""The line of a record in metadata.jsonl: JSON of `Record.to_row`, which is the specification, in a third of the time.

A record's fields are known, so their names are written once, into templates, and each value by its type.  What is of
another type is left to `json`.
"""

from __future__ import annotations

import dataclasses
import json
import operator
from collections.abc import Callable, Sequence
from json import encoder
from typing import Any

from figureground.core.camera import Camera
from figureground.core.layers import LAYERS
from figureground.core.nouns import Look
from figureground.core.record import NESTED, DepthMeaning, FigureRecord, Record

_KEPT = 4096  # cameras whose texts are at hand
_encoded = json.JSONEncoder(ensure_ascii=False).encode
_quoted: Callable[[str], str] = encoder.encode_basestring


def row_of(record: Record) -> bytes:
    """Return a sample's line of metadata.jsonl."""
    own = list(_OF_RECORD(record))
    own[_DOUBTS] = "; ".join(record.doubts)
    figures = ", ".join([_figure(figure) for figure in record.figures])
    depths = "".join([_DEPTHS[layer] % _texts(_OF_DEPTH(one), _NO_DEPTH) for layer, one in record.depths.items()])
    files = "".join([f", {_quoted(f'{layer}_file_name')}: {_TEXTS[type(n)](n)}" for layer, n in record.files.items()])
    head = _RECORD % _texts(own, _NO_RECORD)
    return f'{{{head}, "figures": [{figures}]{_camera(record.camera)}{depths}{files}}}\n'.encode()


def _texts(values: Sequence[Any], empty: Sequence[str]) -> tuple[str, ...]:
    """Return values as JSON has them; `empty`: what stands for each where it is None."""
    texts = _TEXTS
    return tuple(
        [none if value is None else texts[type(value)](value) for value, none in zip(values, empty, strict=True)]
    )


def _figure(figure: FigureRecord) -> str:
    return _FIGURE % _texts(_OF_FIGURE(figure), _NO_FIGURE)


def _look(look: Look) -> str:
    return _LOOK % _texts(_OF_LOOK(look), _NO_LOOK)


_cameras: dict[int, tuple[Camera, str]] = {}


def _camera(camera: Camera) -> str:
    """Return a camera's text, which samples of a background share: known by which object it is, as 0.0 == -0.0."""
    known = _cameras.get(id(camera))
    if known is None or known[0] is not camera:
        if len(_cameras) >= _KEPT:
            _cameras.clear()
        known = _cameras[id(camera)] = camera, _CAMERA % _texts(_OF_CAMERA(camera), _NO_CAMERA)
    return known[1]


def _number(value: float) -> str:
    return float.__repr__(value) if value - value == 0 else _encoded(value)  # not so where it is no number, or infinite


def _list(values: Sequence[Any]) -> str:
    return f"[{', '.join([_TEXTS[type(value)](value) for value in values])}]"


class _ByType(dict[type, Callable[[Any], str]]):
    def __missing__(self, kind: type) -> Callable[[Any], str]:
        return _encoded


_TEXTS = _ByType({str: _quoted, int: int.__repr__, float: _number, tuple: _list, Look: _look})
_TEXTS[bool] = {True: "true", False: "false"}.__getitem__


def _written(
    kind: type, prefix: str = "", but: Sequence[str] = ()
) -> tuple[str, Callable[[Any], tuple[Any, ...]], list[str]]:
    """Return (a template of a kind's fields, what gets their values, what stands for None of each)."""
    fields = [knob for knob in dataclasses.fields(kind) if knob.name not in but]
    template = ", ".join(f'"{prefix}{knob.name}": %s' for knob in fields)
    return template, operator.attrgetter(*(f.name for f in fields)), [_encoded(f.metadata.get("empty")) for f in fields]


_RECORD, _OF_RECORD, _NO_RECORD = _written(Record, but=NESTED)
_FIGURE, _OF_FIGURE, _NO_FIGURE = _written(FigureRecord)
_LOOK, _OF_LOOK, _NO_LOOK = _written(Look)
_CAMERA, _OF_CAMERA, _NO_CAMERA = _written(Camera, "camera_")
_, _OF_DEPTH, _NO_DEPTH = _written(DepthMeaning)
_FIGURE, _LOOK, _CAMERA = f"{{{_FIGURE}}}", f"{{{_LOOK}}}", f", {_CAMERA}"
_DEPTHS = {layer: f", {_written(DepthMeaning, f'{layer}_')[0]}" for layer in LAYERS}
_DOUBTS = [knob.name for knob in dataclasses.fields(Record) if knob.name not in NESTED].index("doubts")
