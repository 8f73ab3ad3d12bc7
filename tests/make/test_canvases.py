"""Canvases of any shape: every mode of placement and of depth, on a portrait or a landscape, and most other tests on
squares."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground import build, export, open_dataset
from figureground.core.canvas import Canvas
from figureground.core.engines import Processes, Serial
from figureground.core.errors import FigureGroundError
from figureground.core.folder_store import FolderStore
from figureground.core.recipe import DepthOptions, Recipe
from figureground.core.recipe_toml import from_mapping
from figureground.dataset.stored import Dataset
from figureground.make.build import check
from figureground.make.cost import dry_run
from figureground.make.redepth import redo_dataset
from figureground.samples import stats
from figureground.samples.stats import HEAT_CELLS
from tests.builders import NO_LOOK, ground_recipe, write_depth_network, write_floor_photos
from tests.dataset.test_virtual import assert_same
from tests.make.test_build import members

SIZES: dict[str, int | list[int]] = {"portrait": [72, 128], "landscape": [128, 96], "square": 96}
FLAT: dict[str, Any] = {"backgrounds": {"depth": "depth"}}
MODES: dict[str, dict[str, Any]] = {
    "uniform": {"placement": {"mode": "uniform", "min_visible": 1.0}},
    "truncated": {"placement": {"mode": "uniform", "min_visible": 0.6, "mirror": "own"}},
    "grid": {"placement": {"mode": "grid", "per_pair": 5, "min_visible": 1.0}},
    "2020": {"placement": {"mode": "uniform", "clip": "2020"}, "look": NO_LOOK, "depth": {"encoding": "jpeg8"}},
    "ground": {},
    "several": {"placement": {"figures": [1, 3], "min_visible": 0.3}, "depth": {"encoding": "png8"}},
    "both": {"depth": {"source": "both", "model": "grey.onnx"}},
    "network": {"depth": {"source": "network", "model": "grey.onnx", "encoding": "jpeg8"}},
}


def recipe_of(folder: Path, size: str, mode: str) -> Recipe:
    write_floor_photos(folder, 2, 2)
    write_depth_network(folder / "grey.onnx")
    return ground_recipe(folder, size=SIZES[size], **MODES[mode])


# a side taken for the other shows on either shape; what hangs on the floor is tried on both
PAIRS = [(("portrait", "landscape")[number % 2], mode) for number, mode in enumerate(MODES)]
BOTH = [("portrait", "several"), ("landscape", "ground"), ("square", "several")]


@pytest.fixture(params=[*PAIRS, *(pair for pair in BOTH if pair not in PAIRS)], ids="-".join)
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Dataset:
    return open_dataset(build(recipe_of(tmp_path, *request.param), tmp_path / "out"))


def test_every_mode_on_every_shape(data: Dataset) -> None:
    """All layers have the canvas's shape, virtual samples are the stored ones, and the statistics those of a loop."""
    canvas = Canvas.of(data.manifest["size"])
    assert all(one["passed"] for one in data.statistics["checks"])
    heat = np.zeros((HEAT_CELLS, HEAT_CELLS), np.int64)
    area = 0
    for sample in data:
        assert sample.image.shape == (*canvas.shape, 3)
        assert sample.mask is not None
        assert sample.mask.shape == canvas.shape
        for depth in (sample.depth, sample.depth_network):
            assert depth is None or depth.values.shape == canvas.shape
        area += int(sample.mask.sum())
        for y, x in np.argwhere(sample.mask).tolist():
            heat[_cell(y, canvas.height), _cell(x, canvas.width)] += 1
    found = stats.to_json(stats.total(stats.by_split_from_json(data.statistics["accumulated_by_split"]).values()))
    assert found["pixels"] == len(data) * canvas.height * canvas.width
    assert found["area"] == area
    assert np.array_equal(np.reshape(found["heat"], heat.shape), heat)
    assert data.statistics["summary_all"]["mask"]["mean"][0] == pytest.approx(
        area / (len(data) * canvas.height * canvas.width)
    )
    if "depth" in data.record(0).depths and data.recipe.depth.encoding == "png16":
        virtual = open_dataset(data.path, virtual=True, networks=data.path.parent / "grey.onnx")
        for i in (0, len(data) // 2, len(data) - 1):
            assert_same(data, virtual, i)
    _require_places(data, canvas)


def _cell(at: int, side: int) -> int:
    """Return the cell of the heat map that a row or column counts in; cell i begins at i * side // 32."""
    return max(i for i in range(HEAT_CELLS) if i * side // HEAT_CELLS <= at)


def _require_places(data: Dataset, canvas: Canvas) -> None:
    """Boxes lie inside the frame, and corners as in 2020 within 1..120 of 224 of each side."""
    for sample in data:
        for figure in sample.record.figures:
            assert figure.box is not None
            x0, y0, x1, y1 = figure.box
            assert 0 <= x0 < x1 <= canvas.width
            assert 0 <= y0 < y1 <= canvas.height
    if data.recipe.placement.clip == "2020":
        figures = [record.figures[0] for record in map(data.record, range(len(data)))]
        assert all(1 <= f.x <= 120 * canvas.width / 224 + 1 for f in figures)
        assert all(1 <= f.y <= 120 * canvas.height / 224 + 1 for f in figures)


def test_engines_give_the_same_bytes(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, "portrait", "several")
    serial = build(recipe, tmp_path / "serial", engine=Serial())
    pool = build(recipe, tmp_path / "pool", engine=Processes(2))
    assert members(serial) == members(pool)


@pytest.mark.parametrize("size", ["portrait", "landscape"])
def test_the_manifest_writes_the_width_first(size: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from figureground.cli import main

    data = open_dataset(build(recipe_of(tmp_path, size, "ground"), tmp_path / "out"))
    width, height = SIZES[size]  # type: ignore[misc]
    assert json.loads((data.path / "manifest.json").read_bytes())["size"] == [width, height]
    for text in (repr(data), repr(open_dataset(data.path, virtual=True)), repr(data[0])):
        assert f"{width} x {height} px" in text
    with pytest.raises(SystemExit):
        main(["info", str(data.path)])
    assert f"samples of {width} x {height} px" in capsys.readouterr().out
    report = (data.path / "report.html").read_text(encoding="utf-8")
    assert f"{width} × {height}" in report
    assert f"uint8 ({height}, {width}, 3)" in report
    with Image.open(data.path / "catalog" / data.catalog.backgrounds[0].file) as picture:
        assert picture.size == (width, height)


@pytest.mark.parametrize("size", ["portrait", "landscape"])
def test_export_and_redone_depth_keep_the_shape(size: str, tmp_path: Path) -> None:
    data = open_dataset(build(recipe_of(tmp_path, size, "uniform"), tmp_path / "out"))
    canvas = Canvas.of(data.manifest["size"])
    export(data, "2020", tmp_path / "zips", parts=1)
    assert list((tmp_path / "zips").glob("data_part1.zip"))
    options = DepthOptions(source="network", model="grey.onnx")
    again = open_dataset(redo_dataset(data.path, tmp_path / "again", options, tmp_path, Serial(), lambda *_: None))
    depth = again[3].depth
    assert depth is not None
    assert depth.values.shape == canvas.shape
    # the network sees a stretched picture, so the depth follows the picture
    grey = again[3].image.astype(np.float64).mean(-1)
    assert np.corrcoef(grey.ravel(), depth.values.ravel())[0, 1] > 0.9


def test_a_network_that_cannot_run_on_the_canvas_is_refused_before_any_work(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, "landscape", "both")
    card = tmp_path / "grey.card.toml"
    card.write_text(card.read_text() + "multiple = 32\n")  # it keeps shapes, its file takes 64 x 64 alone
    for work in (lambda: build(recipe, tmp_path / "out"), lambda: check(recipe), lambda: dry_run(recipe)):
        with pytest.raises(FigureGroundError, match="cannot run on a canvas of 128 x 96 px") as caught:
            work()
        assert caught.value.where.endswith("grey.onnx")
        assert "square" in caught.value.remedy
    assert not (tmp_path / "out").exists()
    build(recipe_of(tmp_path, "square", "both"), tmp_path / "square", catalog_only=True)


def test_a_size_that_no_photo_fills_is_said(tmp_path: Path) -> None:
    write_floor_photos(tmp_path)
    with pytest.raises(FigureGroundError) as caught:
        build(ground_recipe(tmp_path, size=[2048, 64]), tmp_path / "out")
    assert "less than half of the canvas (2048 x 64 px)" in str(caught.value)


def test_photos_of_any_shape_fill_any_canvas(tmp_path: Path) -> None:
    """The catalog's pictures are whole canvases, whichever way the photo is turned."""
    write_floor_photos(tmp_path, 1, 1)
    with Image.open(tmp_path / "rooms/room0.png") as room:
        room.rotate(90, expand=True).save(tmp_path / "rooms/turned.png")
    for fit in ("cover", "contain", "stretch"):
        table = {
            "size": [128, 72],
            "backgrounds": {"path": "rooms", "fit": fit},
            "foregrounds": {"path": "people"},
            "placement": {"mode": "uniform"},  # the floor of a turned room is a wall
            "depth": {"source": "none"},
        }
        out = build(from_mapping(table, root=tmp_path), tmp_path / fit, catalog_only=True)
        store = FolderStore(out / "catalog")
        pictures = [np.asarray(Image.open(out / "catalog" / name)) for name in store.list("Background/")]
        assert [picture.shape for picture in pictures] == [(72, 128, 3)] * 2
