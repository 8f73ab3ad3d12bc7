"""A row's record is what `Record.from_row` says of the parsed row, however the row is written or damaged."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.core.layers import LAYERS, member_name
from figureground.core.record import Record
from figureground.core.typed import parsed_object
from figureground.dataset import row_records
from figureground.dataset.row_files import files_of
from figureground.dataset.row_lines import row_of
from figureground.dataset.row_records import record_of
from tests.core.test_record import full, records

named = st.dictionaries(st.sampled_from(list(LAYERS)), st.integers(0, 10**10), min_size=1).map(
    lambda found: {layer: member_name(layer, number, "png") for layer, number in found.items()}
)
ours = st.builds(lambda record, files: dataclasses.replace(record, files=files), records, named)
values: st.SearchStrategy[Any] = st.sampled_from(
    [
        0,
        1,
        -0.0,
        5e-324,
        1e308,
        2**63,
        10**400,
        True,
        None,
        "",
        "x",
        "ä\ud800",
        [],
        [1],
        [1, 2],
        [1.5, 2],
        [0, 0, 1, True],
    ]
)
PIECES = [b'"', b"\\", b"{", b"}", b"[", b"]", b", ", b": ", b"1", b"0", b"e9", b"NaN", b"1e999", b"\xff", b"\n", b" "]
PIECES += [b', "camera_fx": 1.0', b', "camera_horizon_from": ""', b', "image_file_name": "images/000000001.png"']
PIECES += [
    b', "mask_file_name": "../000000007.png"',
    b', "index": 9',
    b'"x": {',
    b'"x": [',
    b'"depth_unit": "m"',
    b"\\u0041",
]


def said(read: Any, line: bytes) -> tuple[str, ...]:
    """Return what comes of reading a row: its record, with the types of its numbers, or the error."""
    try:
        record: Record = read(line)
    except ValueError as error:
        return ("ValueError", str(error))
    return repr(record), repr(record.to_row()), repr(list(record.depths)), repr(list(record.files))


def plainly(line: bytes) -> Record:
    return Record.from_row(parsed_object(line))


def same(line: bytes) -> None:
    expected = said(plainly, line)
    assert said(record_of, line) == expected
    if expected[0] != "ValueError":
        assert files_of(line) == plainly(line).files


@given(records | ours)
def test_a_row_of_ours_is_read_as_the_record_that_it_was(record: Record) -> None:
    assert record_of(row_of(record)) == record
    same(row_of(record))


def test_what_a_row_of_ours_says_is_not_asked_of_the_plain_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {layer: member_name(layer, 7, "png") for layer in LAYERS}
    made = dataclasses.replace(full(), files=files, doubts=("a", "b"))
    monkeypatch.setattr(Record, "from_row", lambda _: pytest.fail("it was read plainly"))
    for record in (made, dataclasses.replace(made, figures=(), depths={}, files={"image": files["image"]})):
        read = record_of(row_of(record))
        assert read == record
        # and it is an instance like any other
        assert vars(read).keys() == vars(record).keys()
        assert dataclasses.replace(read, index=8).to_row() == record.to_row() | {"index": 8}
        read.depths.clear()  # type: ignore[attr-defined]
        assert record_of(row_of(record)) == record  # what rows share is nobody's to change


@settings(max_examples=200)
@given(ours, st.data())
def test_values_of_any_kind_are_taken_or_refused_alike(record: Record, draw: st.DataObject) -> None:
    row = record.to_row()
    for _ in range(draw.draw(st.integers(1, 2))):
        tables = [
            row,
            *row["figures"],
            *(figure["look"] for figure in row["figures"] if isinstance(figure["look"], dict)),
        ]
        table = draw.draw(st.sampled_from([one for one in tables if one]))
        name = draw.draw(st.sampled_from(sorted(table)))
        kind = draw.draw(st.sampled_from(["value", "whole", "lacking", "last", "more"]))
        if kind == "value":
            table[name] = draw.draw(values)
        elif kind == "whole" and isinstance(table[name], float) and abs(table[name]) < 1e18:
            table[name] = int(table[name])
        elif kind == "lacking":
            del table[name]
        elif kind == "last":
            table[name] = table.pop(name)
        else:
            table["mood"] = draw.draw(values)
        if not isinstance(row.get("figures"), list) or not all(
            isinstance(f, dict) and "look" in f for f in row["figures"]
        ):
            break
    same(json.dumps(row, ensure_ascii=draw.draw(st.booleans())).encode(errors="surrogatepass"))


@settings(max_examples=300)
@given(ours, st.data())
def test_damaged_bytes_are_taken_or_refused_alike(record: Record, draw: st.DataObject) -> None:
    """Cut, doubled, or with something put in, where that means something above all."""
    line = row_of(record)
    marks = [i for i, one in enumerate(line) if one in b'",[]{}:']
    for _ in range(draw.draw(st.integers(1, 3))):
        start, stop = sorted((draw.draw(st.sampled_from(marks)), draw.draw(st.sampled_from(marks))))
        kind = draw.draw(st.sampled_from(["cut", "double", "move", "put"]))
        piece = draw.draw(st.sampled_from(PIECES)) if kind == "put" else line[start:stop]
        rest = line[:start] + line[stop:] if kind in ("cut", "move") else line
        at = min(draw.draw(st.sampled_from(marks)), len(rest))
        line = rest if kind == "cut" else rest[:at] + piece + rest[at:]
    same(line)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b', "figures": [', b', "camera_fx": 2.5, "figures": ['),  # twice, the last counts
        (b', "order": ', b', "camera_fx": 2.5, "camera_horizon_from": "", "order": '),  # a figure's own
        (b', "image_file_name": "', b', "index": 9, "image_file_name": "'),
        (b', "image_file_name": "', b', "image_file_name": "images/a.png", "image_file_name": "'),
        (b', "index": ', b', "image_file_name": "images/000000001.png", "index": '),
        (b"images/000000007", b"images/000000000/000000007"),
        (b"images/000000007", b"000000007/000000007"),
        (b"images/000000007", b"../000000007"),
        (b"images/000000007.png", b"images/0000000071.png"),
        (b"images/000000007.png", b"images/\\u0030000000007.png"),
        (b'"depth_unit": "m"', b'"depth_unit": "furlong"'),
        (b'"depth_unit": "m"', b'"depth_unit": "m", "depth_mood": 1'),
        (b'"camera_fx": 0.0', b'"camera_fx": NaN'),
        (b'"camera_fx": 0.0', b'"camera_fx": -0.0'),
        (b'"camera_fx": 0.0', b'"camera_fx": 0'),
        (b'"x": -2', b'"x": ' + b"[" * 100_000),
        (b'"x": -2', b'"x": 9223372036854775808'),
        (b'"box": []', b'"box": [{}], "box": []'),
        (b'], "camera_fx"', b']}, "camera_fx"'),
        (b'"camera_fy": ', b'"index": 9, "camera_fy": '),
        (b'"credit": ""', b'"creditor": ""'),
        (b'"flip": true', b'"flip": 1'),
        (b'"visible_fraction": 0.75', b'"visible_fraction": 1e999'),
        (b"}\n", b', "mood": "x/000000007.png"}\n'),
        (b"masks/000000007", b"masks/0000000007"),
        (b"masks/000000007", b"masks/000000000"),
        (b"masks/000000007", b"masks/0000000070"),
        (b"masks/000000007", b"masks\\/000000007"),
        (b"images/000000007.png", b"images/000000007"),
        (b"images/000000007.png", b"images/0000000070.png"),
        (b"}\n", b"} x\n"),
        (b"}\n", b"}"),
        (b'"split": "new_foreground"', b'"split": "new foreground"'),
    ],
)
def test_rows_made_to_mislead(old: bytes, new: bytes) -> None:
    record = dataclasses.replace(full(), files={layer: member_name(layer, 7, "png") for layer in LAYERS})
    line = row_of(record).replace(b'{"index"', b'{"mood": 1, "index"') if old == b', "index": ' else row_of(record)
    assert old in line
    for changed in (line, line.replace(old, new, 1), line.replace(old, new), line):
        same(changed)


def test_what_is_kept_of_rows_is_small() -> None:
    """A dataset from elsewhere may write anything between a camera's first field and a row's files."""
    record = dataclasses.replace(full(), files={"image": member_name("image", 7, "png")})
    line = row_of(record).replace(b'"camera_fy": ', b'"camera_fy": ' + b" " * 10_000)
    before = row_records._camera.cache_info().currsize
    same(line)
    assert row_records._camera.cache_info().currsize == before
