"""What was exported in the 2020 layout comes back as a dataset with the same pixels; nothing of it is made again."""

from __future__ import annotations

import csv
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground import build, open_dataset
from figureground.core.engines import Serial
from figureground.core.errors import FigureGroundError
from figureground.core.progress import silent
from figureground.dataset.stored import Dataset
from figureground.formats import export
from figureground.imports.layout2020 import NEARER, Imported, import_2020
from figureground.make.redepth import redo_dataset
from figureground.make.regenerate import regenerate
from figureground.make.repair import repair
from figureground.make.verify import verify
from figureground.report import rewrite_report
from figureground.samples import codec
from tests.faults import ResumeLaws, steps_of, tree
from tests.imports.conftest import Layouts


def in_order(layouts: Layouts, folder: Path) -> list[int]:
    """Return which sample of the dataset each line of labels.txt is of, by its composite's bytes."""
    by_image = {layouts.data.members(i)["image"]: i for i in range(len(layouts.data))}
    found = []
    for line in (folder / "labels.txt").read_text().splitlines():
        name = line.split("\t")[2]
        with zipfile.ZipFile(folder / f"data_part{name.split('/')[0].removeprefix('data_')}.zip") as archive:
            found.append(by_image[archive.read(name)])
    return found


def taken_in(folder: Path, out: Path, **more: Any) -> tuple[Imported, Dataset]:
    found = import_2020(folder, out, **more)
    return found, open_dataset(out)


def test_what_was_exported_comes_back_with_the_same_pixels(layouts: Layouts, tmp_path: Path) -> None:
    found, data = taken_in(layouts.zips, tmp_path / "out")
    order = in_order(layouts, layouts.zips)
    assert (found.samples, found.between, found.stretched) == (len(order), 0, False)
    assert sorted(order) == list(range(len(layouts.data))) == list(range(len(data)))
    for i, was in enumerate(order):
        assert data.members(i)["image"] == layouts.data.members(was)["image"]
        mine, theirs = data[i], layouts.data[was]
        assert mine.mask is not None
        assert theirs.mask is not None
        assert np.array_equal(mine.mask, theirs.mask)
        assert mine.depth is not None
        assert theirs.depth is not None
        assert np.array_equal(mine.depth.values, theirs.depth.values, equal_nan=True)
        assert mine.record.depths == theirs.record.depths
        assert mine.record.figures[0].box == theirs.record.figures[0].box
        assert mine.record.figures[0].area == theirs.record.figures[0].area
        assert mine.record.split == "train"


def test_exported_again_it_is_the_same_files(layouts: Layouts, tmp_path: Path) -> None:
    _, data = taken_in(layouts.zips, tmp_path / "out")
    export(data, "2020", tmp_path / "again")
    was, now = tree(layouts.zips), tree(tmp_path / "again")
    assert was.pop("export.json") != now.pop("export.json")
    assert was == now


def test_unpacked_and_zipped_are_the_same_dataset(layouts: Layouts, tmp_path: Path) -> None:
    import_2020(layouts.zips, tmp_path / "zipped/out")
    import_2020(layouts.unpacked, tmp_path / "unpacked/out")
    assert tree(tmp_path / "zipped") == tree(tmp_path / "unpacked")


@pytest.mark.parametrize("kind", ["zips", "unpacked"])
def test_labels_may_call_files_by_their_last_names(layouts: Layouts, tmp_path: Path, kind: str) -> None:
    shutil.copytree(getattr(layouts, kind), tmp_path / "bare")
    lines = [line.split("\t") for line in (tmp_path / "bare/labels.txt").read_text().splitlines()]
    bare = ["\t".join(name.rpartition("/")[2] for name in line) for line in reversed(lines)]
    (tmp_path / "bare/labels.txt").write_text("\n".join(bare))
    (tmp_path / "bare/depth.csv").unlink()
    _, data = taken_in(tmp_path / "bare", tmp_path / "out")
    import_2020(layouts.zips, tmp_path / "whole")
    whole = open_dataset(tmp_path / "whole")
    images = [whole.members(i)["image"] for i in range(len(whole))]
    assert [data.members(i)["image"] for i in range(len(data))] == images[::-1]


def test_masks_of_then_are_made_binary_and_depth_is_relative(layouts: Layouts, tmp_path: Path) -> None:
    found, data = taken_in(layouts.then, tmp_path / "out", class_name="people", direction=NEARER)
    between = 0
    with zipfile.ZipFile(layouts.then / "data_part1.zip") as archive:
        names = [line.split("\t") for line in (layouts.then / "labels.txt").read_text().splitlines()]
        for i, name in enumerate(names):
            if not name[3].startswith("data_1/"):
                continue
            grey = codec.pixels(archive.read(name[3]))
            mask = data[i].mask
            assert mask is not None
            assert np.array_equal(mask, grey >= 128)
            between += int(((grey >= 16) & (grey <= 239)).sum())
            codes = codec.pixels(archive.read(name[4]))
            depth = data[i].depth
            assert depth is not None
            assert (depth.unit, depth.direction) == ("relative", "larger is nearer")
            assert np.allclose(depth.values, codes / 255, atol=1e-6)
    assert found.between >= between > 0
    assert found.stretched
    assert data.classes == {1: "people"}
    assert np.array_equal(np.unique(codec.pixels(data.members(0)["mask"])), [0, 255])


def test_it_is_read_reported_and_verified_as_others(layouts: Layouts, tmp_path: Path) -> None:
    _, data = taken_in(layouts.zips, tmp_path / "out")
    assert data.manifest["origin"] == "import"
    assert all(check["passed"] for check in data.statistics["checks"])
    assert "imported by" in (tmp_path / "out/README.md").read_text()
    assert "as they came" in Path(rewrite_report(data)).read_text()
    verdict = verify(tmp_path / "out", deep=True)
    assert verdict.sound
    assert any("it was imported" in line for line in verdict.unchecked)
    background, depth, _ = data._backgrounds(data.record(0).background)
    assert background.shape == (64, 64, 3)
    assert depth is None
    with (tmp_path / "out/labels.csv").open(newline="") as file:
        assert {row["placement"] for row in csv.DictReader(file)} == {"unknown"}


def test_damage_is_found_and_named_and_not_mended(layouts: Layouts, tmp_path: Path) -> None:
    import_2020(layouts.zips, tmp_path / "out")
    part = tmp_path / "out/parts/part-00000.zip"
    part.write_bytes(part.read_bytes()[:-200] + bytes(200))
    found = repair(tmp_path / "out")
    assert not found.found.sound
    assert not found.left.sound
    assert not found.made
    assert "was imported" in found.why[0]


@pytest.mark.parametrize(
    "call",
    [
        lambda out: open_dataset(out, virtual=True),
        lambda out: regenerate(out, "1"),
        lambda out: build(out / "recipe.toml", out),
        lambda out: redo_dataset(out, out.parent / "deep", open_dataset(out).recipe.depth, out, Serial(), silent),
    ],
    ids=["virtual", "regenerate", "build", "depth"],
)
def test_nothing_of_it_is_made_again(layouts: Layouts, tmp_path: Path, call: Callable[[Path], Any]) -> None:
    import_2020(layouts.zips, tmp_path / "out")
    before = tree(tmp_path)
    with pytest.raises(FigureGroundError, match="this dataset was imported"):
        call(tmp_path / "out")
    assert tree(tmp_path) == before


def test_the_same_call_again_changes_nothing_and_another_is_refused(layouts: Layouts, tmp_path: Path) -> None:
    import_2020(layouts.zips, tmp_path / "out")
    before = tree(tmp_path / "out")
    steps = steps_of(lambda: import_2020(layouts.zips, tmp_path / "out"), tmp_path / "out")
    assert steps <= 4, "its lock, and a trial of whether it can be written"
    assert tree(tmp_path / "out") == before
    for more in ({"class_name": "cat"}, {"direction": NEARER}):
        with pytest.raises(FigureGroundError, match="an import of other files"):
            import_2020(layouts.zips, tmp_path / "out", **more)
    with pytest.raises(FigureGroundError, match="an import of other files"):
        import_2020(layouts.then, tmp_path / "out")
    assert tree(tmp_path / "out") == before
    (tmp_path / "used").mkdir()
    (tmp_path / "used/letter.txt").write_text("dear")
    with pytest.raises(FigureGroundError, match="holds other things"):
        import_2020(layouts.zips, tmp_path / "used")


def spoilt(folder: Path, line: Callable[[list[str]], list[str]]) -> None:
    """Change the first line of a folder's labels.txt."""
    lines = (folder / "labels.txt").read_text().splitlines()
    lines[0] = "\t".join(line(lines[0].split("\t")))
    (folder / "labels.txt").write_text("\n".join(lines))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (lambda names: [*names[:2], "../secret.jpg", *names[3:]], "none of the 2020 layout: not a name"),
        (lambda names: [*names[:2], "/etc/passwd", *names[3:]], "none of the 2020 layout: not a name"),
        (lambda names: [*names[:2], "linked.jpg", *names[3:]], "a link stands in this folder"),
        (lambda names: [*names[:2], "data_1/Fg-Bg/lost.jpg", *names[3:]], "no such file, nor a zip"),
        (lambda names: [*names[:2], "labels.txt", *names[3:]], "it is no picture"),
        (lambda names: [*names[:2], "large.png", *names[3:]], "it is not of"),
        (lambda names: [*names[:2], "bomb.png", *names[3:]], "."),
        (lambda names: [*names[:4], "colours.png"], "it is in colours"),
        (lambda names: [*names[:4], ""], "some samples have depth and others none"),
        (lambda names: names[:3], "3 names, not 5"),
        (lambda names: ["", *names[1:]], "an empty name"),
        (lambda names: ["Foreground/lost.png", *names[1:]], "no such file"),
        (lambda names: ["other/fg2.png", *names[1:]], "two photos have one name"),
        (lambda names: ["labels.txt", *names[1:]], "a photo cannot be taken in"),
    ],
)
def test_a_folder_from_anywhere_is_read_safely_and_what_is_wrong_is_named(
    layouts: Layouts, tmp_path: Path, line: Callable[[list[str]], list[str]], said: str
) -> None:
    folder = tmp_path / "theirs"
    shutil.copytree(layouts.unpacked, folder)
    (tmp_path / "secret.jpg").write_bytes((folder / "data_1/Fg-Bg/fg-bg1.jpg").read_bytes())
    (folder / "linked.jpg").symlink_to(tmp_path / "secret.jpg")
    Image.new("RGB", (80, 64), "red").save(folder / "large.png")
    Image.new("RGB", (64, 64), "red").save(folder / "colours.png")
    header = bytearray((folder / "large.png").read_bytes())
    header[16:24] = (2**30).to_bytes(4, "big") * 2
    (folder / "bomb.png").write_bytes(header)
    with (folder / "depth.csv").open("a") as file:
        file.write("colours.png,m,larger is farther,0.001,0,0\n")
    spoilt(folder, line)
    with pytest.raises(FigureGroundError, match=said):
        import_2020(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_member_that_unpacks_without_end_is_refused(layouts: Layouts, tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    shutil.copytree(layouts.unpacked, folder)
    shutil.rmtree(folder / "data_1/Depth")
    first = (folder / "labels.txt").read_text().splitlines()[0].split("\t")[4]
    with zipfile.ZipFile(folder / "data_part1.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(first, bytes(2**27 + 1))
    with pytest.raises(FigureGroundError, match="larger than any picture"):
        import_2020(folder, tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("labels.txt", "", "there are no samples"),
        ("labels.txt", "\xff", "cannot be read|none of the 2020"),
        ("depth.csv", "depth,unit\nx,m\n", "meaning of depth"),
        ("depth.csv", "h\nx,feet,larger is nearer,1,0,0\n", "no unit"),
        ("depth.csv", "h\nx,m,larger is nearer,nan,0,0\n", "beyond any depth"),
        ("depth.csv", "h\nx,m,larger is nearer,0,0,0\n", "beyond any depth"),
        ("depth.csv", "h\nx,m,larger is nearer,1,0,70000\n", "beyond any depth"),
        ("depth.csv", "h\nx,m,larger is nearer,1,0,0\n", "depth.csv says nothing of it"),
    ],
)
def test_tables_that_say_nothing_are_refused(layouts: Layouts, tmp_path: Path, name: str, text: str, said: str) -> None:
    shutil.copytree(layouts.unpacked, tmp_path / "theirs")
    (tmp_path / "theirs" / name).write_text(text)
    with pytest.raises(FigureGroundError, match=said):
        import_2020(tmp_path / "theirs", tmp_path / "out")
    assert not (tmp_path / "out").exists()


class TestResume(ResumeLaws):
    points = 5

    @pytest.fixture(autouse=True)
    def _layouts(self, layouts: Layouts) -> None:
        self.folder = layouts.zips

    def run(self, out: Path) -> None:
        import_2020(self.folder, out)
