"""YOLO's labels, read as their description says.

Ultralytics itself (8.4.190) was given such exports by hand: docs/yolo.md.
"""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from figureground import export
from figureground.core.arrays import Floats
from figureground.core.errors import FigureGroundError
from figureground.core.record import SPLITS
from figureground.dataset.stored import Dataset
from figureground.formats import figures, yolo
from figureground.formats.choice import Choice
from figureground.formats.figures import Shown
from figureground.formats.yolo import Options, box_line, data_yaml, polygon_line
from figureground.image.outlines import outlines
from tests.image.slow import filled

yaml = pytest.importorskip("yaml", reason="PyYAML, which reads data.yaml, is not installed")


@pytest.fixture(scope="module")
def folder(varied: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("yolo") / "out"
    assert export(varied, "yolo", out) == len(varied)
    return out


def rows(path: Path) -> list[tuple[int, Floats]]:
    """Return class and numbers of each line of a label file."""
    lines = [line.split() for line in path.read_text().splitlines()]
    return [(int(number), np.array(values, float)) for number, *values in lines]


def test_every_sample_lies_in_its_split_with_its_labels(folder: Path, varied: Dataset) -> None:
    for kind, suffix in (("images", "jpg"), ("labels", "txt")):
        there = {path.relative_to(folder).as_posix() for path in (folder / kind).rglob("*.*")}
        assert there == {f"{kind}/{varied.split(i)}/{i:09d}.{suffix}" for i in range(len(varied))}
    for i in range(len(varied)):
        assert (folder / f"images/{varied.split(i)}/{i:09d}.jpg").read_bytes() == varied.members(i)["image"]


def test_polygons_fill_the_masks(folder: Path, varied: Dataset) -> None:
    names = yaml.safe_load((folder / "data.yaml").read_text())["names"]
    for i in range(len(varied)):
        sample = varied[i]
        seen = [k for k, figure in enumerate(sample.record.figures) if figure.area]
        for k, (number, values) in zip(seen, rows(folder / f"labels/{varied.split(i)}/{i:09d}.txt"), strict=True):
            assert names[number] == sample.record.figures[k].class_name
            assert values.min() >= 0
            assert values.max() <= 1
            polygon = values.reshape(-1, 2) * (96, 64)
            assert (filled(polygon, (64, 96)) == sample.figure_mask(k)).all()
            assert sample.record.figures[k].box == pytest.approx((*polygon.min(0), *polygon.max(0)), abs=0.03)


def test_boxes_are_those_of_the_records(varied: Dataset, tmp_path: Path) -> None:
    export(varied, "yolo", tmp_path / "out", task="detect")
    for i in range(len(varied)):
        seen = [figure for figure in varied.record(i).figures if figure.area]
        found = rows(tmp_path / f"out/labels/{varied.split(i)}/{i:09d}.txt")
        for figure, (number, (x, y, width, height)) in zip(seen, found, strict=True):
            assert number == figure.class_id - 1
            box = np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2]) * (96, 64, 96, 64)
            assert figure.box == pytest.approx(box, abs=1e-3)


def test_the_yaml_names_train_and_the_split_that_is_asked_for(folder: Path, varied: Dataset, tmp_path: Path) -> None:
    export(varied, "yolo", tmp_path / "out", val="new_background")
    for out, val, others in (
        (folder, "new_both", ["new_background", "new_foreground"]),
        (tmp_path / "out", "new_background", ["new_foreground", "new_both"]),
    ):
        text = (out / "data.yaml").read_text()
        assert yaml.safe_load(text) == {
            "train": "images/train",
            "val": f"images/{val}",
            "names": {number - 1: name for number, name in varied.classes.items()},
        }
        assert [line.removeprefix("#   images/") for line in text.splitlines() if line.startswith("#   ")] == others
        assert all((out / "images" / split).is_dir() for split in SPLITS)


def test_a_split_without_samples_is_said(varied: Dataset, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    export(varied, "yolo", tmp_path / "out", choice=Choice(splits=("train",)))
    text = (tmp_path / "out/data.yaml").read_text()
    assert "# no sample is of new_both\nval: images/new_both\n" in text
    assert "no sample is of new_both" in caplog.text
    assert not (tmp_path / "out/images/new_both").exists()


def test_other_options_are_refused(varied: Dataset, tmp_path: Path) -> None:
    with pytest.raises(FigureGroundError, match="unknown val"):
        export(varied, "yolo", tmp_path / "out", val="train")
    with pytest.raises(FigureGroundError, match="unknown task"):
        export(varied, "yolo", tmp_path / "out", task="pose")
    assert not (tmp_path / "out").exists()


def test_names_of_classes_are_texts_whatever_they_are() -> None:
    classes = {2: "no", 3: 'a: "b" #', 5: "Käse 🧀", 9: "1"}
    found = yaml.safe_load(data_yaml(classes, SPLITS, Options()))
    assert found["names"] == dict(enumerate(classes.values()))


def test_a_picture_of_nobody_has_an_empty_file(
    single: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def behind(dataset: Dataset, i: int) -> list[Shown]:
        return [Shown(one.record, one.visible & False, one.visible) for one in figures.figures_of(dataset, i)]

    monkeypatch.setattr(yolo, "figures_of", behind)
    export(single, "yolo", tmp_path / "out")
    found = [path.read_bytes() for path in (tmp_path / "out/labels/train").iterdir()]
    assert found == [b""] * len(single)


def test_a_class_that_is_not_listed_is_named(single: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(dataset: Dataset, i: int) -> list[Shown]:
        found = figures.figures_of(dataset, i)
        return [dataclasses.replace(one, record=dataclasses.replace(one.record, class_id=7)) for one in found]

    monkeypatch.setattr(yolo, "figures_of", other)
    with pytest.raises(FigureGroundError, match="class 7, which the dataset does not list"):
        export(single, "yolo", tmp_path / "out")


@pytest.mark.parametrize("seed", range(5))
def test_holes_and_parts_are_kept_in_the_digits_that_are_written(seed: int) -> None:
    mask = np.random.default_rng(seed).random((50, 70)) < 0.6
    assert len(outlines(mask)) > 50
    values = np.array(polygon_line(mask, mask.shape).split(), float)
    assert (filled(values.reshape(-1, 2) * (70, 50), mask.shape) == mask).all()


def test_a_line_of_one_pixel_is_a_polygon() -> None:
    """Of at least three points: Ultralytics takes a line of five numbers for a box."""
    mask = np.zeros((10, 20), np.bool_)
    mask[4, 7] = True
    values = np.array(polygon_line(mask, mask.shape).split(), float)
    assert values.reshape(-1, 2) * (20, 10) == pytest.approx(
        np.array([[7.02, 4.02], [7.98, 4.02], [7.98, 4.98], [7.02, 4.98]])
    )
    assert box_line(mask, mask.shape) == "0.375000 0.450000 0.050000 0.100000"
