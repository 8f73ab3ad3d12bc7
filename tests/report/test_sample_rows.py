"""The sample rows of the page, where a sample has several figures."""

import re
from pathlib import Path

import pytest

from figureground.dataset.opening import open_dataset
from figureground.make.build import build
from figureground.report.facts import read_numbers
from figureground.report.page import page
from figureground.report.sample_rows import sample_rows
from figureground.samples import stats
from tests.builders import ground_recipe, write_floor_photos

HELD_OUT = {"backgrounds": 0.4, "foregrounds": 0.4}


def test_what_a_mask_covers_is_that_of_all_figures_and_the_first_is_called_so(tmp_path: Path) -> None:
    write_floor_photos(tmp_path)
    dataset = open_dataset(
        build(ground_recipe(tmp_path, placement={"figures": [1, 3], "per_pair": 4}), tmp_path / "out")
    )
    rows = sample_rows(dataset, 10).rows
    assert {len(row.record.figures) > 1 for row in rows} == {True, False}
    for row in rows:
        mask = dataset[row.record.index].mask
        assert mask is not None
        assert row.area == mask.sum()
    found = page(dataset)
    several = [len(row.record.figures) for row in rows if len(row.record.figures) > 1]
    assert [int(n) for n in re.findall(r"first of <b>(\d) figures</b>", found)] == several
    assert found.count("first foreground") == found.count("first at (") == len(several)


def test_lossless_images_are_called_so_and_every_layer_has_a_tile(tmp_path: Path) -> None:
    write_floor_photos(tmp_path)
    layers = {"alpha": True, "semantic": True}
    recipe = ground_recipe(tmp_path, layers=layers, image={"format": "png"}, placement={"samples": 12}, split=HELD_OUT)
    dataset = open_dataset(build(recipe, tmp_path / "out"))
    rows = sample_rows(dataset, 4)
    assert rows.columns == 8
    assert {tuple(row.pictures.extra) for row in rows.rows} == {("alpha", "semantic")}
    found = page(dataset)
    for layer in layers:
        assert found.count(f"<figcaption>{layer}</figcaption>") == 10
        assert f"{layer} = sample.{layer} " in found
    assert "PNG, lossless" in found
    assert "JPEG" not in found.split("<h2>Recipe</h2>")[0]
    numbers = read_numbers(dataset.statistics)
    shown = {what: (mean, std) for what, mean, std in numbers.rows()}
    assert list(shown) == ["image, red", "image, green", "image, blue", "mask", "alpha", "depth, m", "semantic 1"]
    # of binary layers the deviation follows from the mean
    assert shown["semantic 1"] == pytest.approx(shown["mask"], abs=1e-9)
    training = sum(dataset.split(i) == "train" for i in range(len(dataset)))
    assert (numbers.of, numbers.samples) == ("train", training)
    assert 0 < training < 12
    assert f"Of the {training} samples of “train” alone" in found


def test_statistics_that_were_not_kept_by_split_are_of_all_samples(tmp_path: Path) -> None:
    write_floor_photos(tmp_path)
    told = dict(open_dataset(build(ground_recipe(tmp_path, placement={"samples": 6}), tmp_path / "out")).statistics)
    by_split = stats.by_split_from_json(told.pop("accumulated_by_split"))
    del told["summary_of"]
    told["accumulated"] = stats.to_json(stats.total(by_split.values()))
    for field in ("values", "against_mask"):
        del told["accumulated"][field]
    numbers = read_numbers(told)
    assert (numbers.of, numbers.samples, numbers.total.samples) == ("all samples", 6, 6)
