"""Dataclasses as bytes: a round trip, and whatever else comes is refused."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from figureground.core.arrays import Bytes
from figureground.core.packed import DamagedError, pack, unpack


@dataclass(frozen=True)
class Inner:
    x: float
    kind: Literal["a", "b"]


@dataclass(frozen=True)
class Other:
    y: int


@dataclass(frozen=True, eq=False)
class Outer:
    inner: Inner | Other | None
    pair: tuple[float, int]
    words: tuple[str, ...]
    files: Mapping[str, bytes]
    picture: Bytes | None
    flag: bool = False

    def plain(self) -> Any:
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        picture = None if self.picture is None else (self.picture.shape, self.picture.tobytes())
        return repr({**fields, "files": dict(self.files), "picture": picture})


inners = st.one_of(
    st.none(),
    st.builds(Inner, st.one_of(st.floats(allow_nan=False), st.integers(-9, 9)), st.sampled_from(["a", "b"])),
    st.builds(Other, st.integers()),
)
pictures = st.one_of(st.none(), st.binary(max_size=24).map(lambda b: np.frombuffer(b, np.uint8).reshape(-1, 1)))
values = st.builds(
    Outer,
    inners,
    st.tuples(st.floats(allow_nan=False), st.integers(-(2**70), 2**70)),
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), max_size=3).map(tuple),
    st.dictionaries(st.text("abc", max_size=3), st.binary(max_size=9), max_size=3),
    pictures,
    st.booleans(),
)


@given(values)
def test_what_is_packed_comes_back(value: Outer) -> None:
    data = pack(value, "name")
    back = unpack(Outer, data, "name")
    assert back.plain() == value.plain()
    assert type(back.inner) is type(value.inner)
    assert pack(back, "name") == data


VALUE = Outer(Inner(0.5, "a"), (1.5, 2), ("é",), {"f": b"123"}, np.zeros((2, 2), np.uint8))


@given(st.integers(0, len(pack(VALUE, "n")) - 1), st.integers(1, 255))
def test_any_other_byte_is_damage(at: int, change: int) -> None:
    data = bytearray(pack(VALUE, "n"))
    data[at] ^= change
    with pytest.raises(DamagedError):
        unpack(Outer, bytes(data), "n")


@given(st.binary(max_size=90))
def test_bytes_of_others_are_refused(data: bytes) -> None:
    for some in (data, b"FGPACK1\n" + data, signed(data)):
        with pytest.raises(DamagedError):
            unpack(Outer, some, "n")


def signed(body: bytes, name: str = "n") -> bytes:
    return b"FGPACK1\n" + hashlib.sha256(name.encode() + b"\0" + body).digest() + body


def forged(change: dict[str, Any], raw: bytes = b"123\0\0\0\0") -> bytes:
    """Return what a stranger could write: all in order but for some fields."""
    fields = {
        "inner": {"Inner": {"x": 0.5, "kind": "a"}},
        "pair": [1.5, 2],
        "words": ["é"],
        "files": {"f": 3},
        "picture": [2, 2],
        "flag": False,
    }
    text = json.dumps({"Outer": {**fields, **change}}).encode()
    return signed(len(text).to_bytes(8, "little") + text + raw)


def test_a_stranger_who_keeps_to_the_form_is_taken_at_his_word() -> None:
    assert unpack(Outer, forged({}), "n").plain() == VALUE.plain()


@pytest.mark.parametrize(
    "change",
    [
        {"inner": {"Outer": {}}},
        {"inner": {"Inner": {"x": "0.5", "kind": "a"}}},
        {"inner": {"Inner": {"x": 0.5, "kind": "c"}}},
        {"inner": {"Inner": {"x": 0.5}}},
        {"inner": {"Inner": {"kind": "a", "x": 0.5}}},
        {"inner": {"Inner": {"x": 0.5, "kind": "a"}, "Other": {"y": 1}}},
        {"inner": {"x": 0.5, "kind": "a"}},
        {"inner": 3},
        {"pair": [1.5]},
        {"pair": [1.5, 2.5]},
        {"pair": [1.5, True]},
        {"words": "é"},
        {"words": [1]},
        {"files": {"f": 2}},
        {"files": {"f": 4}},
        {"files": {"f": -3}},
        {"files": {"f": "3"}},
        {"files": [["f", 3]]},
        {"picture": [2, 3]},
        {"picture": [-2, -2]},
        {"picture": [1, 1, 1, 1, 4]},
        {"picture": 4},
        {"flag": 0},
        {"more": 1},
    ],
)
def test_a_stranger_who_does_not_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(DamagedError):
        unpack(Outer, forged(change), "n")


def test_nesting_without_end_is_refused() -> None:
    text = b"[" * 100_000
    with pytest.raises(DamagedError):
        unpack(Outer, signed(len(text).to_bytes(8, "little") + text), "n")


def test_a_name_and_a_class_are_part_of_it() -> None:
    with pytest.raises(DamagedError):
        unpack(Outer, pack(VALUE, "n"), "m")
    with pytest.raises(DamagedError):
        unpack(Inner, pack(VALUE, "n"), "n")


def test_what_cannot_come_back_is_not_packed() -> None:
    with pytest.raises(TypeError, match="object"):
        pack(dataclasses.replace(VALUE, picture=np.zeros((2, 2)).astype(object)), "n")


@dataclass(frozen=True, eq=False)
class Curve:
    heights: NDArray[np.float32]


def test_arrays_of_other_numbers_keep_their_kind() -> None:
    heights = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
    back = unpack(Curve, pack(Curve(heights), "n"), "n").heights
    assert back.dtype == np.float32
    assert np.array_equal(back, heights)
    large = unpack(Curve, pack(Curve(heights.astype(">f4")), "n"), "n").heights
    assert np.array_equal(large, heights)
