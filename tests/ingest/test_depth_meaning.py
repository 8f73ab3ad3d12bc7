"""What a map's numbers mean: the recipe first, then the JSON beside it, then what is usual; never two words at once."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.job import GivenDepth
from figureground.ingest.depth_files import RawMap
from figureground.ingest.depth_meaning import Reading, reading_of, told_by, values_of

CODES = np.array([[0, 1000, 5000, 65535]], np.uint16)
OURS = {
    "depth_unit": "m",
    "depth_direction": "larger is farther",
    "depth_scale": 0.0002,
    "depth_offset": 0.5,
    "depth_invalid": 0,
    "model": "depth-small",
}


def values(reading: Reading, codes: Any = CODES, bits: int = 16) -> list[float | None]:
    found = values_of(RawMap(np.asarray(codes), bits), reading)
    assert found.dtype == np.float32
    return [None if np.isnan(v) else round(float(v), 4) for v in found[0]]


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (Reading(), [None, 1.0, 5.0, 65.535]),
        (Reading("1/m"), [None, 0.1, 0.5, 6.5535]),
        (Reading("relative"), [None, 1000, 5000, 65535]),
        (Reading("affine-inverse"), [0, 1000, 5000, 65535]),  # 0 is what is farthest
        (Reading(per_unit=5000.0), [None, 0.2, 1.0, 13.107]),
        (Reading(per_unit=256.0, invalid=65535.0), [0, 3.9062, 19.5312, None]),
        (Reading(offset=0.25), [None, 1.25, 5.25, 65.785]),
    ],
)
def test_whole_numbers_are_codes(reading: Reading, expected: list[float | None]) -> None:
    assert values(reading) == expected


def test_floats_are_values_and_keep_what_they_say() -> None:
    floats = np.array([[np.nan, 0.0, -1.0, 2.5, 1e10]], np.float32)
    assert values(Reading(), floats, 32) == [None, 0.0, -1.0, 2.5, 1e10]
    assert values(Reading(invalid=1e10, per_unit=10.0), floats, 32) == [None, 0.0, -0.1, 0.25, None]


@pytest.mark.parametrize("said", [Reading("affine-inverse", said=True), Reading(per_unit=50.0, said=True)])
def test_eight_bits_are_depth_only_where_somebody_says_so(said: Reading) -> None:
    codes = np.array([[10, 200]], np.uint8)
    with pytest.raises(SetAsideError, match="has 8 bits, and nothing says what a step of it means: set depth_per_unit"):
        values(Reading(), codes, 8)
    assert None not in values(said, codes, 8)


def test_what_is_said_makes_eight_bits_readable() -> None:
    assert reading_of(GivenDepth("d", "affine-inverse"), None, "").said
    assert reading_of(GivenDepth("d", per_unit=50.0), None, "").said
    assert not reading_of(GivenDepth("d"), None, "").said
    assert not reading_of(GivenDepth("d", "m"), None, "").said


def test_the_json_is_taken_where_the_recipe_is_silent() -> None:
    found = reading_of(GivenDepth("d", distance=True), told_by(json.dumps(OURS).encode()), "")
    assert found == Reading("m", 5000.0, 0.5, 0.0, True, True, True)
    assert values(found) == [None, 0.7, 1.5, 13.607]
    assert reading_of(GivenDepth("d"), None, "") == Reading()


@pytest.mark.parametrize(
    ("given", "what"),
    [
        (GivenDepth("d", "1/m"), "depth_unit = '1/m', and the JSON beside the map 'm'"),
        (GivenDepth("d", per_unit=1000.0), "depth_per_unit = 1000, and the JSON beside the map 5000"),
        (GivenDepth("d", offset=0.0), "depth_offset = 0, and the JSON beside the map 0.5"),
        (GivenDepth("d", invalid=65535.0), "depth_invalid = 65535, and the JSON beside the map 0"),
    ],
)
def test_two_words_on_one_thing_are_refused(given: GivenDepth, what: str) -> None:
    with pytest.raises(FigureGroundError) as caught:
        reading_of(given, told_by(json.dumps(OURS).encode()), "backgrounds.depth: r0.depth.png")
    assert what in caught.value.what
    assert caught.value.where == "backgrounds.depth: r0.depth.png"
    agreed = GivenDepth("d", "m", 5000.0000001, 0.5, 0.0)
    assert reading_of(agreed, told_by(json.dumps(OURS).encode()), "").unit == "m"


def test_relative_depth_of_a_network_has_a_shift_unless_the_user_knows_better() -> None:
    inverse = OURS | {"depth_unit": "relative", "depth_direction": "larger is nearer"}
    told = told_by(json.dumps(inverse).encode())
    assert reading_of(GivenDepth("d"), told, "").unit == "affine-inverse"
    assert reading_of(GivenDepth("d", "relative"), told, "").unit == "relative"
    farther = told_by(json.dumps(OURS | {"depth_unit": "relative"}).encode())
    assert reading_of(GivenDepth("d"), farther, "").unit == "affine"
    with pytest.raises(FigureGroundError, match="depth_unit = 'relative'"):
        reading_of(GivenDepth("d", "relative"), farther, "")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{", "it is no JSON"),
        (b"[" * 100_000, "it is no JSON"),
        (json.dumps(OURS | {"depth_scale": "big"}).encode(), "depth_scale is no number"),
        (json.dumps(OURS | {"depth_scale": 0}).encode(), "depth_scale = 0 is not above 0"),
        (json.dumps(OURS | {"depth_offset": float("nan")}).encode(), "it is no JSON"),
        (json.dumps(OURS | {"depth_unit": "feet"}).encode(), "depth_unit = 'feet' is no unit of depth"),
        (json.dumps(OURS | {"depth_unit": ["m"]}).encode(), "is no unit of depth"),
    ],
)
def test_a_json_that_is_wrong_is_named(data: bytes, reason: str) -> None:
    with pytest.raises(SetAsideError) as caught:
        told_by(data)
    assert reason in caught.value.reason


@pytest.mark.parametrize("data", [b"[]", b"3", b'{"fx": 500, "fy": 500}'])
def test_a_json_of_something_else_says_nothing(data: bytes) -> None:
    assert told_by(data) is None
