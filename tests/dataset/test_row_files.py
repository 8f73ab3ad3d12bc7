"""The files of a row are those of its record, whatever else the row has."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.core.layers import LAYERS, member_name
from figureground.dataset import row_files
from figureground.dataset.row_files import files_of

NAMES = {f"{layer}_file_name": member_name(layer, 7, "png") for layer in LAYERS}
MARK = "mask_file_name"


def slow(line: bytes) -> dict[str, str]:
    row = json.loads(line)
    return {layer: row[f"{layer}_file_name"] for layer in LAYERS if row.get(f"{layer}_file_name")}


keys = st.sampled_from([*NAMES, "index", "x", "background_file_name", 'a"_file_name": "'])
texts = st.sampled_from(["", "a", MARK, f'"{MARK}": "b"', ', "image_file_name": "b"}', "\\", '\\"', "}\n", "ä"])
inner: st.SearchStrategy[Any] = st.recursive(
    st.integers(0, 9) | st.none() | texts,
    lambda one: st.lists(one, max_size=3) | st.dictionaries(keys | texts, one, max_size=3),
)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(keys | texts, inner), max_size=5),
    st.lists(st.sampled_from(sorted(NAMES)), max_size=4),
    st.lists(st.tuples(st.sampled_from(["y", "z"]), inner), max_size=2),
    st.booleans(),
    st.booleans(),
)
def test_they_are_those_of_the_whole_row(
    before: list[tuple[str, Any]], own: list[str], after: list[tuple[str, Any]], spaced: bool, plain: bool
) -> None:
    row = {key: value for key, value in before if key not in NAMES}
    row |= {key: NAMES[key] if plain else "elsewhere/a.png" for key in own} | dict(after)
    line = json.dumps(row, ensure_ascii=False, indent=None if not spaced else 1).replace("\n", " ").encode() + b"\n"
    assert files_of(line) == slow(line)


def test_rows_of_ours_are_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    line = json.dumps({"index": 7, "figures": [{"x": 1}]} | NAMES).encode() + b"\n"
    files_of(line.replace(b"000000007", b"000000003"))  # ends that differ in the number alone are parsed once
    monkeypatch.setattr(row_files, "parsed_object", lambda _: pytest.fail("it was parsed"))
    assert files_of(line) == {layer: member_name(layer, 7, "png") for layer in LAYERS}


@pytest.mark.parametrize(
    "line", [b"", b"}", b"}\n", b"[]", b'"image_file_name', b'{"image_file_name": 7}', b'{"image_file_name": "../a"}']
)
def test_what_is_no_row_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        files_of(line)
