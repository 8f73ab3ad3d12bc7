"""Records: what they say, on disk and in labels.csv."""

import dataclasses
import json
import typing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figureground.core.camera import FIELDS, UNKNOWN, Camera, Origin
from figureground.core.layers import DEPTHS, LAYERS
from figureground.core.nouns import DepthUnit, Direction, Look
from figureground.core.record import (
    COLUMNS,
    SPLITS,
    DepthMeaning,
    FigureRecord,
    Record,
    described,
    labels_row,
    split_of,
)

numbers = st.floats(allow_nan=False, allow_infinity=False)
whole = st.integers(-(2**31), 2**31)
texts = st.text(max_size=9)
looks = st.builds(Look, numbers, numbers, numbers, numbers)
figure_records = st.builds(
    FigureRecord,
    foreground=texts,
    placement=st.sampled_from(["ground", "uniform", "grid"]),
    x=whole,
    y=whole,
    width=whole,
    height=whole,
    scale=numbers,
    flip=st.booleans(),
    box=st.none() | st.tuples(whole, whole, whole, whole),
    area=whole,
    visible_fraction=numbers,
    whole=st.none() | texts.filter(bool),
    order=whole,
    contact=st.none() | st.tuples(whole, whole),
    depth_at_contact=st.none() | numbers.filter(bool),
    real_height=st.none() | numbers.filter(bool),
    look=looks,
    class_id=whole,
    class_name=texts,
    licence=texts,
    credit=texts,
)
origins = st.sampled_from(typing.get_args(Origin))
cameras = st.builds(Camera, **{name: origins if name.endswith("_from") else numbers for name in FIELDS})
meanings = st.builds(
    DepthMeaning,
    unit=st.sampled_from(typing.get_args(DepthUnit)),
    direction=st.sampled_from(typing.get_args(Direction)),
    scale=st.floats(1e-9, 1e9),
    offset=st.floats(-1e9, 1e9),
    invalid=st.none() | st.integers(0, 65535),
    valid_fraction=numbers,
)
records = st.builds(
    Record,
    index=whole,
    key=texts,
    background=texts,
    position=whole,
    mirrored=st.booleans(),
    split=st.sampled_from(SPLITS),
    figures=st.lists(figure_records, min_size=1, max_size=3).map(tuple),
    depths=st.dictionaries(st.sampled_from(DEPTHS), meanings),
    files=st.dictionaries(
        st.sampled_from(list(LAYERS)), st.from_regex(r"[a-z]{1,3}/[0-9]{1,5}-m\.png", fullmatch=True)
    ),
    camera=cameras,
    background_tag=texts,
    background_licence=texts,
    background_credit=texts,
)


@given(records)
def test_a_row_is_read_back_as_the_record_that_it_was(record: Record) -> None:
    row = record.to_row()
    assert Record.from_row(row) == record
    assert Record.from_row(json.loads(json.dumps(row))) == record  # and through the disk
    assert Record.from_row(row).to_row() == row


@given(records)
def test_the_fields_of_a_row_stand_in_a_fixed_order(record: Record) -> None:
    """Equal samples make equal parts, of one version and the next: its own fields, figures, camera, depths, files."""
    own = [f.name for f in dataclasses.fields(Record) if f.name not in ("figures", "depths", "files", "camera")]
    camera = [f"camera_{name}" for name in FIELDS]
    depths = [f"{layer}_{f.name}" for layer in record.depths for f in dataclasses.fields(DepthMeaning)]
    row = record.to_row()
    assert list(row) == [*own, "figures", *camera, *depths, *(f"{layer}_file_name" for layer in record.files)]
    assert [list(figure) for figure in row["figures"]] == [[f.name for f in dataclasses.fields(FigureRecord)]] * len(
        record.figures
    )


@given(records, texts)
def test_fields_of_a_later_version_are_passed_over(record: Record, text: str) -> None:
    row = record.to_row()
    later = {**row, "mood": text, "normals_unit": text, "figures": [{**f, "mood": text} for f in row["figures"]]}
    assert Record.from_row(later) == record


LATER = {"background_tag", "background_licence", "background_credit", "background_people", "plausibility", "doubts"}
LATER |= {"turn_background", "turn_foreground", "fewer"}


@given(records)
def test_rows_of_version_1_have_figures_of_the_usual_class(record: Record) -> None:
    row = {name: value for name, value in record.to_row().items() if name not in LATER}
    row["figures"] = [
        {name: value for name, value in figure.items() if name not in ("class_id", "class_name", "licence", "credit")}
        for figure in row["figures"]
    ]
    read = Record.from_row(row)
    assert {(f.class_id, f.class_name, f.licence, f.credit) for f in read.figures} == {(1, "person", "", "")}
    assert (read.background_tag, read.background_licence, read.background_credit) == ("", "", "")


@given(records, st.data())
def test_a_row_that_lacks_a_field_is_none(record: Record, data: st.DataObject) -> None:
    """But for what a dataset need not have: a layer's file, depth, the camera, and what version 1 had not."""
    row = record.to_row()
    optional = {name for name in row if name.endswith(("_file_name", "_unit"))} | {"camera_fx"} | LATER
    del row[data.draw(st.sampled_from(sorted(set(row) - optional)))]
    with pytest.raises(ValueError, match=r"is missing|is no"):
        Record.from_row(row)


WRONG: dict[str, Any] = {
    **{name: ["x", 3] for name in ("index", "position", "mirrored", "split", "plausibility", "key", "background")},
    "figures": 3,
    "doubts": [1e999],
    "depth_scale": 0,
    "depth_unit": "furlong",
    "camera_fx": None,
    "image_file_name": "../x",
    "mask_file_name": "C:/x",
    "depth_file_name": "a\nb",
    "alpha_file_name": 3,
    "background_tag": None,
    "depth_offset": 1e300,
    "depth_invalid": True,
}


@given(records, st.sampled_from(sorted(WRONG)))
def test_what_is_of_another_type_or_beyond_any_sample_is_refused(record: Record, name: str) -> None:
    depth = DepthMeaning("m", "larger is farther", 0.001, 0.0, 0, 1.0)
    row = dataclasses.replace(record, depths={"depth": depth}).to_row()
    with pytest.raises(ValueError, match=r"."):
        Record.from_row(row | {name: WRONG[name]})
    figure = {"box": [1, 2, 3], "look": 3, "x": 1.5, "contact": ["x", 1], "scale": 1e999, "flip": 0, "whole": 5}
    for key, value in figure.items():
        wrong = [{**one, key: value} for one in row["figures"]]
        with pytest.raises(ValueError, match=r"."):
            Record.from_row(row | {"figures": wrong})


@given(records)
def test_a_row_of_format_version_1_has_no_camera(record: Record) -> None:
    row = {name: value for name, value in record.to_row().items() if not name.startswith("camera_")}
    assert Record.from_row(row) == dataclasses.replace(record, camera=UNKNOWN)


@given(records)
def test_a_look_that_says_nothing_of_a_later_knob_has_none_of_it(record: Record) -> None:
    row = record.to_row()
    for figure in row["figures"]:
        figure["look"] = {name: value for name, value in figure["look"].items() if name != "poisson"}
    found = Record.from_row(row)
    assert found == record
    assert {figure.look.poisson for figure in found.figures} <= {0.0}


@given(records)
def test_the_camera_is_flat_and_typed(record: Record) -> None:
    row = record.to_row()
    for name in FIELDS:
        assert isinstance(row[f"camera_{name}"], str if name.endswith("_from") else float)


def spoken_of(row: dict[str, Any]) -> set[str]:
    """Return the fields of a row as `described` names them."""
    names = {name for name in row if name != "figures"}
    names |= {f"figures[].{name}" for figure in row["figures"] for name in figure}
    return {name.replace("depth_network_", "depth_") if not name.endswith("file_name") else name for name in names}


@given(records)
def test_every_field_of_a_row_is_described(record: Record) -> None:
    said = dict(described())
    assert spoken_of(record.to_row()) | {"figures"} <= set(said)
    assert len(said) == len(described())  # each once
    assert all(len(meaning) > 5 for meaning in said.values())


def full() -> Record:
    """Return a record of two figures in which nothing is unknown."""
    figure = FigureRecord(
        *("fg3", "ground", -2, 5, 40, 90, 0.25, True, (0, 6, 38, 95), 1200, 0.75),
        *("06", 1, (19, 94), 2.5, 1.7, Look(0.1, 0.2, 0.3, 0.4)),
    )
    other = dataclasses.replace(figure, foreground="fg4", box=None, area=0, order=0)
    depth = DepthMeaning("m", "larger is farther", 0.001, 0.5, 0, 0.9)
    network = dataclasses.replace(depth, scale=0.7)
    files = {layer: f"{layer}.png" for layer in LAYERS}
    depths = {"depth": depth, "depth_network": network}
    return Record(7, "bg1-fg3-fg4-02m", "bg1", 2, True, "new_foreground", (figure, other), depths, files)


def test_described_names_what_a_full_row_has_and_nothing_else() -> None:
    assert spoken_of(full().to_row()) | {"figures"} == set(dict(described()))


def test_a_row_of_labels_follows_the_columns() -> None:
    """Of several figures the first is described; truth is 1 or 0."""
    expected = {
        "index": 7,
        "key": "bg1-fg3-fg4-02m",
        "part": "parts/part-00001.zip",
        "image": "image.png",
        "mask": "mask.png",
        "depth": "depth.png",
        "background": "bg1",
        "foreground": "fg3",
        "figures": 2,
        "placement": "ground",
        "position": 2,
        "mirrored": 1,
        "split": "new_foreground",
        "x": -2,
        "y": 5,
        "width": 40,
        "height": 90,
        "scale": 0.25,
        "flip": 1,
        "box_x0": 0,
        "box_y0": 6,
        "box_x1": 38,
        "box_y1": 95,
        "area": 1200,
        "visible_fraction": 0.75,
        "contact_x": 19,
        "contact_y": 94,
        "depth_at_contact": 2.5,
        "depth_unit": "m",
        "depth_direction": "larger is farther",
        "depth_scale": 0.001,
        "depth_offset": 0.5,
        "depth_invalid": 0,
        "class_id": 1,
        "class_name": "person",
        "background_tag": "",
        "turn_background": "",
        "turn_foreground": "",
        "fewer": "",
        "background_people": -1.0,
        "plausibility": -1.0,
        "doubts": "",
    }
    row = labels_row("parts/part-00001.zip", full())
    assert dict(zip(COLUMNS, row, strict=True)) == expected
    assert not any(isinstance(value, bool) for value in row)


TURN = ("turn_background", "turn_foreground", "fewer")


def test_a_sample_without_a_figure_has_a_row_and_a_turn() -> None:
    record = dataclasses.replace(full(), figures=(), turn_foreground="fg3")
    assert Record.from_row(record.to_row()) == record
    assert record.turn == ("bg1", "fg3")
    row = dict(zip(COLUMNS, labels_row("part", record), strict=True))
    assert (row["figures"], row["background"], row["turn_foreground"]) == (0, "bg1", "fg3")
    assert {row[name] for name in ("foreground", "placement", "x", "flip", "box_x0", "contact_y", "class_id")} == {""}
    assert full().turn == ("bg1", "fg3")
    assert dataclasses.replace(full(), turn_background="bg9").turn == ("bg9", "fg3")


@given(records)
def test_an_unknown_value_is_an_empty_field_of_labels(record: Record) -> None:
    row = dict(zip(COLUMNS, labels_row("part", record), strict=True))
    figure = record.figures[0]
    texts_of_a_row = ("key", "background", "foreground", "class_name", "background_tag", "doubts", *TURN)
    empty = {name for name, value in row.items() if value == "" and name not in texts_of_a_row}
    expected: set[str] = {layer for layer in ("image", "mask", "depth") if layer not in record.files}
    expected |= {"box_x0", "box_y0", "box_x1", "box_y1"} if figure.box is None else set()
    expected |= {"contact_x", "contact_y"} if figure.contact is None else set()
    expected |= {"depth_at_contact"} if figure.depth_at_contact is None else set()
    meaning = record.depths.get("depth")
    columns = {"depth_unit", "depth_direction", "depth_scale", "depth_offset", "depth_invalid"}
    expected |= columns if meaning is None else {"depth_invalid"} if meaning.invalid is None else set()
    assert empty == expected


def test_only_pairs_without_anything_new_are_for_training() -> None:
    assert [split_of(b, f) for b in (False, True) for f in (False, True)] == [
        "train",
        "new_foreground",
        "new_background",
        "new_both",
    ]
