"""A sample's record: the typed row of metadata.jsonl, from which come the JSON, labels.csv and the table in the docs.

On disk a row is flat: `depth_unit`, `image_file_name`.  In Python it is nested: `record.depths["depth"].unit`,
`record.files["image"]`, `record.camera.fx`.  Fields that a later version adds are passed over when read.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from figureground.core.camera import FIELDS, UNKNOWN, Camera
from figureground.core.inner_names import declared
from figureground.core.layers import LAYERS
from figureground.core.nouns import DEFAULT_CLASS, Box, DepthUnit, Direction, Look
from figureground.core.typed import reader, typed

SPLITS = ("train", "new_background", "new_foreground", "new_both")


def split_of(new_background: bool, new_foreground: bool) -> str:
    """Return which of the four splits a pair belongs to.  Only "train" may be trained on; nothing leaks from it."""
    return SPLITS[new_background + 2 * new_foreground]


def split_name(written: str) -> str:
    """Return a split's name as it is written now; version 1 wrote "new both"."""
    return written.replace(" ", "_")


def _says(meaning: str, empty: Any = None, default: Any = dataclasses.MISSING) -> Any:
    """A field of a row.

    `empty` stands on disk for None: of the field's own type, so that no column is ever null.  With a default, rows of
    earlier versions may lack it.
    """
    return field(default=default, metadata={"meaning": meaning, "empty": empty})


@dataclass(frozen=True)
class FigureRecord:
    """One figure of a sample."""

    foreground: str = _says("id of its cut-out in the catalog")
    placement: str = _says("how it was placed: ground, uniform or grid")
    x: int = _says("left edge of the pasted cut-out, px; may lie outside")
    y: int = _says("its top edge, px")
    width: int = _says("of the pasted cut-out, px")
    height: int = _says("of the pasted cut-out, px")
    scale: float = _says("pasted height / height in the photo")
    flip: bool = _says("whether it is mirrored")
    box: Box | None = _says("[x0, y0, x1, y1] of what is seen of it, ends exclusive; [] where nothing is", [])
    area: int = _says("px seen of it")
    visible_fraction: float = _says("area / px of its whole mask, those beyond the frame too")
    whole: str | None = _says("its mask in the frame if nothing stood before it, COCO run lengths; empty: as seen", "")
    order: int = _says("its rank from far to near; 0 is farthest")
    contact: tuple[int, int] | None = _says(
        "the pixel [x, y] on which it stands, below the frame where that cuts it off; or its lowest; or []", []
    )
    depth_at_contact: float | None = _says("depth there, in the unit of the depth; 0 where unknown", 0.0)
    real_height: float | None = _says("metres, of figures that stand; 0 of others", 0.0)
    look: Look = _says("strengths of shadows, colour, blur, noise and edges that fit it to its background; its light")
    class_id: int = _says("number of its class, from 1; 0 is the background", default=1)
    class_name: str = _says("name of its class", default=DEFAULT_CLASS)
    licence: str = _says("of its photo, as credits.csv says; empty where nobody does", default="")
    credit: str = _says("whose photo it is, likewise", default="")


@dataclass(frozen=True)
class DepthMeaning:
    """How to read a depth layer's codes: value = offset + scale * code, but for the code `invalid`."""

    unit: DepthUnit = _says("m, 1/m or relative")
    direction: Direction = _says("larger is farther, or larger is nearer")
    scale: float = _says("value of one code")
    offset: float = _says("value of code 0")
    invalid: int | None = _says("the code that means no value; -1 where every code has one", -1)
    valid_fraction: float = _says("pixels with a value / all pixels")


@dataclass(frozen=True)
class Record:
    """All that is known of a sample.  `figures[0]` is the pair's foreground, or who stands in for it; others follow.

    There may be none.
    """

    index: int = _says("the sample's number in the dataset")
    key: str = _says("a readable name: background-foreground-position, m for the mirrored twin")
    background: str = _says("id of its background in the catalog")
    position: int = _says("number of the pair's position, from 0")
    mirrored: bool = _says("whether it is the mirrored twin")
    split: str = _says("train, new_background, new_foreground or new_both")
    figures: tuple[FigureRecord, ...] = _says("its figures, the pair's first")
    depths: Mapping[str, DepthMeaning] = field(default_factory=dict)  # by layer
    files: Mapping[str, str] = field(default_factory=dict)  # member in the part, by layer
    background_tag: str = _says("the tag of its background's source; empty for none", default="")
    background_licence: str = _says("of its background's photo, as credits.csv says; or empty", default="")
    background_credit: str = _says("whose photo it is, likewise", default="")
    turn_background: str = _says("whose turn it was, where another background stands in for it; else empty", default="")
    turn_foreground: str = _says(
        "whose turn it was, where another foreground stands in for it, or no figure does; else empty", default=""
    )
    fewer: str = _says("why it has fewer figures than placement.figures says; empty where it has enough", default="")
    background_people: float = _says(
        "part of its background that shows people already, whom no mask names; 0: nobody; -1: nobody looked",
        default=-1.0,
    )
    plausibility: float = _says(
        "how likely a person takes it for real, 0..1; -1: unknown, as in older datasets", default=-1.0
    )
    doubts: tuple[str, ...] = _says(
        "what speaks against that, the strongest first, with ; between; empty where nothing does", default=()
    )
    camera: Camera = UNKNOWN  # of the background; format version 1 has none

    @property
    def turn(self) -> tuple[str, str]:
        """(background, foreground) whose turn it was, which are mostly those that are seen."""
        own = self.figures[0].foreground if self.figures else ""
        return self.turn_background or self.background, self.turn_foreground or own

    def to_row(self) -> dict[str, Any]:
        """Return the flat JSON row; `from_row` is its inverse."""
        row = _OWN.plain(self)
        row["doubts"] = "; ".join(self.doubts)  # a text: lists that are all empty would make a column without a type
        row["figures"] = [_FIGURE.plain(figure) | {"look": vars(figure.look)} for figure in self.figures]
        row.update(zip(_CAMERA, _OF_CAMERA(self.camera), strict=True))
        for layer, meaning in self.depths.items():
            row.update(zip(_MEANING_OF[layer], _MEANING.plain(meaning).values(), strict=True))
        for layer, name in self.files.items():
            row[f"{layer}_file_name"] = name
        return row

    @staticmethod
    def from_row(row: Mapping[str, Any]) -> Record:
        """Return the record of a JSON row, also of format version 1.

        Raises ValueError, and nothing else, for what is none: a field that is missing, of another type, or beyond what
        any sample has.
        """
        own = _values(Record, row, but=NESTED)
        own["split"] = split_name(own["split"])
        if own["split"] not in SPLITS:
            raise ValueError(f"split: none of {', '.join(SPLITS)}")
        depths, files = {}, {}
        for layer in LAYERS:
            if f"{layer}_unit" in row:
                depths[layer] = meaning_of(row, layer)
            if row.get(f"{layer}_file_name"):
                files[layer] = declared(row[f"{layer}_file_name"])
        camera = UNKNOWN
        if "camera_fx" in row:
            camera = camera_of(row)
        figures = tuple(map(_figure, reader(tuple[Any, ...])(row.get("figures"))))
        return Record(**own, figures=figures, depths=depths, files=files, camera=camera)


NESTED = ("figures", "depths", "files", "camera")
_LOOK = frozenset(knob.name for knob in dataclasses.fields(Look))
_GREATEST = 1e30  # of a depth's scale and offset: 16-bit codes of it are numbers in float32


class _Written:
    """How the fields of a kind are written, looked for once and not for each row."""

    def __init__(self, kind: type, but: Sequence[str] = ()) -> None:
        fields = [knob for knob in dataclasses.fields(kind) if knob.name not in but]
        self.names = tuple(knob.name for knob in fields)
        self._values = operator.attrgetter(*self.names)
        empties = {knob.name: knob.metadata["empty"] for knob in fields}
        self._empties = {name: empty for name, empty in empties.items() if empty is not None}

    def plain(self, record: Record | FigureRecord | DepthMeaning) -> dict[str, Any]:
        """Return the fields as JSON has them: lists for tuples, and a typed empty value for None."""
        row = dict(zip(self.names, self._values(record), strict=True))
        for name, empty in self._empties.items():  # nothing else is a tuple or None
            value = row[name]
            row[name] = empty if value is None else list(value) if isinstance(value, tuple) else value
        return row


_OWN, _FIGURE, _MEANING = _Written(Record, NESTED), _Written(FigureRecord), _Written(DepthMeaning)
_CAMERA, _OF_CAMERA = tuple(f"camera_{name}" for name in FIELDS), operator.attrgetter(*FIELDS)
_MEANING_OF = {layer: tuple(f"{layer}_{name}" for name in _MEANING.names) for layer in LAYERS}


def _values(kind: type, row: Mapping[str, Any], but: Sequence[str] = ()) -> dict[str, Any]:
    """Return the fields of a kind as they are written, or as version 1 did, with null for empty.

    Raises ValueError for one that is missing and has no default, and for one of another type.
    """
    values: dict[str, Any] = {}
    for name, empty, needed, read in _readers(kind):
        if name in but or not (needed or name in row):
            continue
        if name not in row:
            raise ValueError(f"{name} is missing")
        value = row[name]
        try:
            values[name] = None if empty is not None and value == empty else read(value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return values


@functools.cache
def _readers(kind: type) -> list[tuple[str, Any, bool, Callable[[Any], Any]]]:
    """Return (name, what stands for None, whether it has to be there, what reads it) of each field."""
    hints = typing.get_type_hints(kind)
    special: dict[str, Callable[[Any], Any]] = {"doubts": _doubts, "look": _look}
    return [
        (
            knob.name,
            knob.metadata.get("empty"),
            knob.default is dataclasses.MISSING,
            special.get(knob.name) or reader(Any if knob.name in NESTED else hints[knob.name]),
        )
        for knob in dataclasses.fields(kind)
    ]


def _doubts(value: Any) -> tuple[str, ...]:
    text = typed(str, value)
    return tuple(text.split("; ")) if text else ()


def _look(value: Any) -> Look:
    """Return a look; what a later version knows of it beside is passed over."""
    found: Look = typed(Look, {k: v for k, v in value.items() if k in _LOOK} if isinstance(value, dict) else value)
    return found


def _figure(row: Any) -> FigureRecord:
    if not isinstance(row, dict):
        raise ValueError("a figure is no table")
    return FigureRecord(**_values(FigureRecord, row))


def camera_of(row: Mapping[str, Any]) -> Camera:
    own = {name: row.get(f"camera_{name}") for name in FIELDS}  # none has a value of None
    found: Camera = typed(Camera, own)
    return found


def meaning_of(row: Mapping[str, Any], layer: str) -> DepthMeaning:
    own = {name: row[key] for name in _MEANING.names if (key := f"{layer}_{name}") in row}
    meaning = DepthMeaning(**_values(DepthMeaning, own))
    if not (0 < abs(meaning.scale) < _GREATEST and abs(meaning.offset) < _GREATEST):
        raise ValueError(f"{layer}_scale or {layer}_offset is beyond any depth")
    return meaning


# labels.csv in its order: "part" and the layers' members, the record's fields, the first figure's, the depth's meaning
COLUMNS = (
    *("index", "key", "part", "image", "mask", "depth", "background", "foreground", "figures", "placement"),
    *("position", "mirrored", "split", "x", "y", "width", "height", "scale", "flip"),
    *("box_x0", "box_y0", "box_x1", "box_y1", "area", "visible_fraction", "contact_x", "contact_y"),
    *("depth_at_contact", "depth_unit", "depth_direction", "depth_scale", "depth_offset", "depth_invalid"),
    *("class_id", "class_name", "background_tag", "turn_background", "turn_foreground", "fewer"),
    *("background_people", "plausibility", "doubts"),
)


def labels_row(part_file: str, record: Record) -> list[Any]:
    """Return a sample's row of labels.csv in the order of `COLUMNS`; an unknown value is an empty field."""
    values = _in_columns(record, part_file)
    return ["" if v is None else int(v) if v is True or v is False else v for v in values]


def label_values(record: Record) -> dict[str, Any]:
    """Return what labels.csv says of a sample, but for its part: column -> value, None where unknown.

    Of several figures it describes the first, whose turn it is; metadata.jsonl has them all.  Where there is none, its
    fields are None.
    """
    return dict(zip(COLUMNS, _in_columns(record, None), strict=True))


_MEMBERS = ("image", "mask", "depth")


def _in_columns(record: Record, part_file: str | None) -> tuple[Any, ...]:
    """Return what labels.csv says of a sample, in the order of COLUMNS; None where unknown."""
    own, box, contact, depth = _UNKNOWN
    if record.figures:
        figure = record.figures[0]
        own, box, contact = _OF_FIGURE(figure), figure.box or box, figure.contact or contact
    if "depth" in record.depths:
        depth = _OF_DEPTH(record.depths["depth"])
    members = map(record.files.get, _MEMBERS)
    several = part_file, len(record.figures), "; ".join(record.doubts)
    found: tuple[Any, ...] = _ORDERED((*_OF_RECORD(record), *own, *box, *contact, *depth, *members, *several))
    return found


def _columns_of(kind: type, prefix: str = "") -> list[str]:
    """Return the columns that are fields of a kind, and plain values."""
    return [c for c in COLUMNS if c in {f"{prefix}{f.name}" for f in dataclasses.fields(kind)} - {"figures", "doubts"}]


_RECORDS, _FIGURES, _DEPTHS = _columns_of(Record), _columns_of(FigureRecord), _columns_of(DepthMeaning, "depth_")
_OF_RECORD, _OF_FIGURE = operator.attrgetter(*_RECORDS), operator.attrgetter(*_FIGURES)
_OF_DEPTH = operator.attrgetter(*(column.removeprefix("depth_") for column in _DEPTHS))
_BOX, _CONTACT = ("box_x0", "box_y0", "box_x1", "box_y1"), ("contact_x", "contact_y")
_UNKNOWN: list[tuple[Any, ...]] = [(None,) * len(columns) for columns in (_FIGURES, _BOX, _CONTACT, _DEPTHS)]
_GATHERED = (*_RECORDS, *_FIGURES, *_BOX, *_CONTACT, *_DEPTHS, *_MEMBERS, "part", "figures", "doubts")
_ORDERED = operator.itemgetter(*map(_GATHERED.index, COLUMNS))


def described() -> list[tuple[str, str]]:
    """Return (field of a JSON row, meaning) in the order of the row; `depth_...` stands for each depth layer."""
    own = [(f.name, f.metadata["meaning"]) for f in dataclasses.fields(Record) if f.metadata]
    figure = [(f"figures[].{f.name}", f.metadata["meaning"]) for f in dataclasses.fields(FigureRecord)]
    camera = [(f"camera_{f.name}", f.metadata["meaning"]) for f in dataclasses.fields(Camera)]
    depth = [(f"depth_{f.name}", f.metadata["meaning"]) for f in dataclasses.fields(DepthMeaning)]
    files = [(f"{layer.name}_file_name", f"member of the part: {layer.meaning}") for layer in LAYERS.values()]
    return own + figure + camera + depth + files
