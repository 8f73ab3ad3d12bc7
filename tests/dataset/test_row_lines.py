"""A line of metadata.jsonl is what `json` makes of the record's row, byte for byte."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from figureground.core.camera import Camera
from figureground.core.nouns import Look
from figureground.core.record import Record
from figureground.dataset import row_lines
from figureground.dataset.row_lines import row_of
from tests.core.test_record import full, records

odd_texts = st.sampled_from(['"', "\\", "\n\x00\x7f", "</", "ä 雪 \U0001f600", "%s", "{}", "\u2028", ""]) | st.text()
odd_numbers = st.sampled_from([0.0, -0.0, 1, 10**20, 1e16, 1e-7, 5e-324, float("nan"), float("inf"), -float("inf")])


def plainly(record: Record) -> bytes:
    return f"{json.JSONEncoder(ensure_ascii=False).encode(record.to_row())}\n".encode()


@given(records, odd_texts, odd_numbers, st.lists(odd_texts, max_size=3))
def test_a_line_is_that_of_json(record: Record, text: str, number: float, doubts: list[str]) -> None:
    assert row_of(record) == plainly(record)
    first, *others = record.figures
    first = dataclasses.replace(first, licence=text, scale=number, look=Look(number, light_soft=-0.0))
    odd = dataclasses.replace(
        record,
        key=text,
        figures=(first, *others),
        files={"image": text},
        background_people=number,
        doubts=tuple(doubts),
        camera=Camera(number, focal_from="exif"),
    )
    assert row_of(odd) == plainly(odd)
    bare = dataclasses.replace(odd, figures=(), depths={}, files={})
    assert row_of(bare) == plainly(bare)


@pytest.mark.parametrize("value", [np.float64(0.5), True, None, 10**30])
def test_values_of_other_types_are_written_as_json_writes_them(value: Any) -> None:
    record = full()
    figures = tuple(dataclasses.replace(one, scale=value, area=value, class_name=value) for one in record.figures)
    odd = dataclasses.replace(record, index=value, key=value, figures=figures, plausibility=value)
    assert row_of(odd) == plainly(odd)


def test_cameras_that_are_equal_but_for_a_sign_keep_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their texts are kept, of so many at a time."""
    monkeypatch.setattr(row_lines, "_KEPT", 3)
    cameras = [Camera(float(k % 5), roll_deg=roll) for k in range(10) for roll in (0.0, -0.0)]
    for camera in cameras * 2:
        record = dataclasses.replace(full(), camera=camera)
        assert row_of(record) == plainly(record)
        assert len(row_lines._cameras) <= 3
