"""What every layout promises: the same bytes each time, any subset, clear errors, nothing half-written."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from figureground import build, export, open_dataset
from figureground.core.errors import FigureGroundError
from figureground.core.folder_store import FolderStore
from figureground.core.options import options_of
from figureground.core.recipe import Recipe
from figureground.dataset.stored import Dataset
from figureground.formats import EXPORTS, format_called
from figureground.formats.choice import Choice, chosen, condition
from figureground.formats.format import Work
from tests.builders import small_recipe, write_photos
from tests.faults import ResumeLaws, tree

SOURCE: dict[str, Path] = {}


@pytest.fixture(scope="module", autouse=True)
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small dataset that every layout can hold."""
    folder = tmp_path_factory.mktemp("laws")
    write_photos(folder, 1, 2)
    SOURCE["out"] = build(tiny(folder), folder / "out")
    return folder


def tiny(folder: Path) -> Recipe:
    return small_recipe(
        folder,
        size=[80, 64],
        placement={"per_pair": 1, "mirror": "none"},
        parts={"size": 1},
        backgrounds={"depth": "depth"},
        depth={"source": "layered", "focal": 1.0},
    )


class OfALayout(ResumeLaws):
    points = 3

    def __init__(self, layout: str) -> None:
        self.layout = layout

    def run(self, out: Path) -> None:
        """Export with all that can be added: whatever is written must go on."""
        everything: dict[str, Any] = {
            one.name: True for one in options_of(format_called(self.layout).options) if one.default is False
        }
        export(SOURCE["out"], self.layout, out, **everything)


@pytest.fixture(params=EXPORTS)
def layout(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class TestResume:
    """`ResumeLaws`, for each layout."""

    def test_killed_anywhere_it_goes_on_to_the_same_bytes(self, layout: str, tmp_path: Path) -> None:
        OfALayout(layout).test_killed_anywhere_it_goes_on_to_the_same_bytes(tmp_path)

    def test_a_full_disk_is_named_and_it_goes_on_to_the_same_bytes(self, layout: str, tmp_path: Path) -> None:
        OfALayout(layout).test_a_disk_that_is_full_anywhere_is_named_and_it_goes_on_to_the_same_bytes(tmp_path)


def test_the_same_bytes_each_time_and_again_over_itself(layout: str, single: Dataset, tmp_path: Path) -> None:
    assert export(single, layout, tmp_path / "one") == len(single)
    export(single.path, layout, tmp_path / "two")
    once = tree(tmp_path / "one")
    assert once == tree(tmp_path / "two")
    export(single, layout, tmp_path / "one")
    assert once == tree(tmp_path / "one")


def test_a_subset_is_that_of_a_selection(layout: str, single: Dataset, tmp_path: Path) -> None:
    taken = Choice(where=("foreground == fg001",))
    samples = export(single, layout, tmp_path / "by text", choice=taken)
    picked = single.select(where=lambda record: record.figures[0].foreground == "fg001")
    assert samples == export(picked, layout, tmp_path / "by code") == len(picked) == len(single) // 2
    assert tree(tmp_path / "by text") == tree(tmp_path / "by code")
    with pytest.raises(FigureGroundError, match="this export was begun with"):
        export(single, layout, tmp_path / "by code")


def test_a_folder_that_holds_other_things_is_left_alone(layout: str, single: Dataset, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FigureGroundError, match="in use"):
        export(single, layout, tmp_path)
    assert tree(tmp_path) == {"mine.txt": b"mine"}


def test_a_damaged_part_ends_it_by_name(layout: str, single: Dataset, tmp_path: Path) -> None:
    shutil.copytree(single.path, tmp_path / "data")
    part = tmp_path / "data/parts/part-00000.zip"
    data = bytearray(part.read_bytes())
    # within the first JPEG, or within the rows where a layout has no pictures
    at = data.index(b'"key": ') if layout == "tables" else data.index(b"\xff\xd8\xff") + 200
    data[at : at + 40] = bytes(40)
    part.write_bytes(data)
    with pytest.raises(FigureGroundError, match="part-00000"):
        export(tmp_path / "data", layout, tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.partial"))


def test_an_option_that_it_does_not_have_is_named(layout: str, single: Dataset, tmp_path: Path) -> None:
    with pytest.raises(FigureGroundError, match="unknown option colour"):
        export(single, layout, tmp_path / "out", colour=True)
    assert not (tmp_path / "out").exists()


def test_an_unknown_layout_gets_a_suggestion(single: Dataset, tmp_path: Path) -> None:
    with pytest.raises(FigureGroundError, match="unknown export format '202'") as caught:
        export(single, "202", tmp_path / "out")
    assert "2020" in caught.value.remedy


def test_options_say_what_they_mean(layout: str) -> None:
    format = format_called(layout)
    assert format.name == layout
    assert format.about.endswith(".")
    assert all(one.meaning for one in options_of(format.options))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("plausibility >= 0", lambda record: record.plausibility >= 0),
        ("mirrored == 1", lambda record: record.mirrored),
        ("background != bg001", lambda record: record.background != "bg001"),
        ("class_name=='thing'", lambda record: record.figures[0].class_name == "thing"),
        ("area > 300", lambda record: record.figures[0].area > 300),
        ("real_height > 0", None),
        ("area", None),
        ("area = 3", None),
        ("__class__ == 1", None),
    ],
)
def test_conditions(varied: Dataset, text: str, wanted: Any) -> None:
    if wanted is None:
        with pytest.raises(FigureGroundError, match="not a condition"):
            condition(text)
        return
    expected = [i for i in range(len(varied)) if wanted(varied.record(i))]
    assert len(expected) > 0
    assert chosen(varied, Choice(where=(text,)))[1] == expected


def test_choices_that_cannot_be_are_refused(varied: Dataset) -> None:
    for choice, said in (
        (Choice(splits=("training",)), "unknown split"),
        (Choice(classes=("cat",)), "unknown class"),
        (Choice(where=("area < 0",)), "no sample"),
    ):
        with pytest.raises(FigureGroundError, match=said):
            chosen(varied, choice)
    with pytest.raises(FigureGroundError, match="finished dataset"):
        chosen(open_dataset(varied.path, virtual=True), Choice())


def test_choices_narrow_each_other(varied: Dataset) -> None:
    data, numbers = chosen(varied, Choice(splits=("train", "new_both"), classes=("thing",), where=("mirrored == 0",)))
    assert data is varied
    for i in range(len(varied)):
        record = varied.record(i)
        suits = record.split in ("train", "new_both") and not record.mirrored
        suits = suits and any(figure.class_name == "thing" for figure in record.figures)
        assert (i in numbers) == suits


def test_files_that_are_there_are_looked_at(tmp_path: Path, single: Dataset) -> None:
    store = FolderStore(tmp_path)
    work = Work(single, [], store, store)
    work.put("a", b"right")
    (tmp_path / "a").write_bytes(b"wrong")
    work.put("a", b"right")
    assert store.read("a") == b"right"
