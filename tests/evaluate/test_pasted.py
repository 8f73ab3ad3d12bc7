"""Cut-outs pasted on rooms: the truth is exact, the draws are functions of seed and index, all of it lies inside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from figureground.core.errors import FigureGroundError
from figureground.evaluate.pasted import LARGEST, SMALLEST, Place, figure_at, fitted, pasted, places
from tests.builders import figure_cutout, scene_photo

SIDES = st.integers(40, 900)
SHARES = st.floats(0, 1, exclude_max=True)


def write(folder: Path) -> tuple[Path, Path]:
    for name in ("things", "rooms"):
        (folder / name).mkdir()
    for i in range(3):
        Image.fromarray(figure_cutout(i, 150, 90)).save(folder / f"things/thing{i}.png")
        Image.fromarray(scene_photo(i, 200, 260)).save(folder / f"rooms/room{i}.png")
    return folder / "things", folder / "rooms"


def test_a_sample_is_the_same_however_many_there_are() -> None:
    many = places(7, 40, 5, 9)
    assert many[:11] == places(7, 11, 5, 9)
    assert many != places(8, 40, 5, 9)
    for start in range(0, 40, 5):  # the cut-outs take turns
        assert sorted(place.cutout for place in many[start : start + 5]) == list(range(5))
    assert {place.room for place in many} == set(range(9))


@given(st.tuples(SIDES, SIDES), st.tuples(SIDES, SIDES), SHARES, SHARES, SHARES)
def test_a_cutout_is_pasted_whole_and_never_enlarged(
    cutout: tuple[int, int], room: tuple[int, int], height: float, x: float, y: float
) -> None:
    figure = figure_at(Place(0, 0, height, x, y), cutout, room)
    assert 0 <= figure.x <= figure.x + figure.width <= room[1]
    assert 0 <= figure.y <= figure.y + figure.height <= room[0]
    assert figure.height <= min(cutout[0], LARGEST * room[0] + 1)
    if cutout[0] >= room[0] and cutout[1] <= room[1] * cutout[0] / room[0]:  # large and narrow enough for any height
        assert SMALLEST * room[0] - 1 <= figure.height


def test_a_room_is_made_smaller_rather_than_a_cutout_larger() -> None:
    room = scene_photo(0, 200, 260)
    assert fitted(room, 180) is room
    small = fitted(room, 90)
    assert small.shape == (100, 130, 3)
    figure = figure_at(Place(0, 0, 1 - 1e-9, 0, 0), (90, 50), small.shape)
    assert (figure.height, figure.width) == (90, 50)


def test_truth_is_where_the_room_was_covered(tmp_path: Path) -> None:
    pictures = pasted(*write(tmp_path), samples=6, seed=3)
    tall = {name: cutout.shape[0] for name, cutout in pictures.cutouts}
    found = list(pictures)
    assert len(pictures) == len(found) == 6
    assert [name[:4] for name, _, _ in found] == [f"{i:03d} " for i in range(6)]
    for name, picture, truth in found:
        room = fitted(scene_photo(int(name[-1]), 200, 260), tall[name[4:10]])
        changed = (picture != room).any(2)
        assert truth.sum() > 300
        assert (changed & truth).sum() > 0.95 * truth.sum()
        grown = np.asarray(Image.fromarray(truth).convert("L").resize(truth.shape[::-1])) > 0
        rows, columns = np.flatnonzero(grown.any(1)), np.flatnonzero(grown.any(0))
        outside = changed.copy()
        outside[rows[0] - 2 : rows[-1] + 3, columns[0] - 2 : columns[-1] + 3] = False
        assert not outside.any()
    again = list(pictures)
    assert all(np.array_equal(a[1], b[1]) and np.array_equal(a[2], b[2]) for a, b in zip(found, again, strict=True))


@pytest.mark.parametrize(
    ("folder", "fault", "what"),
    [
        ("things", "opaque", "the cut-out cannot be used: it has no transparency"),
        ("things", "full", "the cut-out cannot be used: it has no transparency"),
        ("things", "faint", "the cut-out cannot be used: the cut-out is empty"),
        ("things", "empty", "the cut-out cannot be used"),
        ("things", "damaged", "the cut-out cannot be used"),
        ("rooms", "damaged", "the room cannot be used"),
    ],
)
def test_a_file_that_is_none_is_named_at_once(tmp_path: Path, folder: str, fault: str, what: str) -> None:
    things, rooms = write(tmp_path)
    path = tmp_path / folder / f"{folder[:-1]}1.png"
    cutout = figure_cutout(1, 150, 90)
    if fault == "opaque":
        Image.fromarray(cutout[..., :3]).save(path)
    elif fault == "damaged":
        path.write_bytes(b"\x89PNG\r\n\x1a\nxx")
    else:
        alpha = {"full": np.uint8(255), "faint": np.uint8(60), "empty": np.uint8(0)}[fault]
        cutout[..., 3] = alpha
        Image.fromarray(cutout).save(path)
    with pytest.raises(FigureGroundError, match=what) as caught:
        pasted(things, rooms, 60)
    assert caught.value.where == str(path)


def test_nothing_to_paste_is_an_error(tmp_path: Path) -> None:
    things, rooms = write(tmp_path)
    (tmp_path / "none").mkdir()
    with pytest.raises(FigureGroundError, match="makes no picture"):
        pasted(things, rooms, 0)
    for folders in ((tmp_path / "none", rooms), (things, tmp_path / "none")):
        with pytest.raises(FigureGroundError):
            pasted(*folders, 2)
