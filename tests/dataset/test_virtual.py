"""Laws of datasets that are rendered on the fly: they are the stored ones, before lossy coding."""

import dataclasses
import pickle
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from figureground import VirtualDataset, build, open_dataset
from figureground.core.errors import FigureGroundError
from figureground.core.recipe import Recipe
from figureground.core.recipe_toml import to_toml
from figureground.dataset.stored import Dataset
from figureground.samples import codec
from tests.builders import ground_recipe, write_depth_network, write_floor_photos

KINDS: dict[str, dict[str, Any]] = {
    "one figure": {},
    "several figures": {"placement": {"figures": [1, 3], "min_visible": 0.3}},
    "without geometry": {"placement": {"mode": "uniform", "min_visible": 0.7}},
    "relative depth": {"backgrounds": {"depth_unit": "relative"}, "depth": {"focal": 1.0}},
    "8 bits": {"depth": {"encoding": "png8"}},
}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    write_floor_photos(folder)
    write_depth_network(folder / "grey.onnx", size=96)
    return folder


def recipe_of(photos: Path, **sections: Any) -> Recipe:
    """Return a recipe whose photos are prepared once, however many tests ask for them alike."""
    return dataclasses.replace(ground_recipe(photos, **sections), cache=True)


@pytest.fixture(params=list(KINDS))
def recipe(request: pytest.FixtureRequest, photos: Path, tmp_path: Path) -> Recipe:
    sections = {name: dict(value) for name, value in KINDS[request.param].items()}
    if request.param == "relative depth":
        write_floor_photos(tmp_path)
        (tmp_path / "depth").rename(tmp_path / "metric")
        (tmp_path / "depth").mkdir()
        from PIL import Image

        for path in (tmp_path / "metric").iterdir():
            metres = np.asarray(Image.open(path)).astype(np.float64) / 1000
            np.save(tmp_path / "depth" / f"{path.stem}.npy", 7.5 / metres)
        return ground_recipe(tmp_path, **sections)
    return recipe_of(photos, **sections)


def assert_same(stored: Dataset, virtual: VirtualDataset, i: int) -> None:
    a, b = stored[i], virtual[i]
    assert a.mask is not None
    assert b.mask is not None
    assert np.array_equal(a.mask, b.mask)
    assert (a.instances is None) == (b.instances is None)
    if a.instances is not None and b.instances is not None:
        assert np.array_equal(a.instances, b.instances)
    assert a.depth is not None
    assert b.depth is not None
    assert np.array_equal(a.depth.values, b.depth.values, equal_nan=True)
    assert (a.depth.unit, a.depth.direction) == (b.depth.unit, b.depth.direction)
    # the image before coding: coded, it is the stored file
    assert codec.jpeg(b.image, stored.recipe.image) == stored.members(i)["image"]
    assert dataclasses.replace(a.record, files={}) == b.record


def test_virtual_samples_are_the_stored_ones_before_lossy_coding(recipe: Recipe, tmp_path: Path) -> None:
    stored = open_dataset(build(recipe, tmp_path / "out"))
    virtual = open_dataset(tmp_path / "out", virtual=True)
    assert len(virtual) == len(stored) == 36
    for i in (0, 17, 35, 3, 18, -1):  # any index, in any order
        assert_same(stored, virtual, i)
    together = [sample.record.key for sample in virtual]
    assert together == [stored.record(i).key for i in range(len(stored))]


def test_no_parts_are_needed(tmp_path: Path) -> None:
    write_floor_photos(tmp_path)
    recipe = ground_recipe(tmp_path)
    bare = build(recipe, tmp_path / "bare", catalog_only=True)
    assert not list((bare / "parts").glob("*"))
    with pytest.raises(FigureGroundError, match="not finished"):
        open_dataset(bare)
    (tmp_path / "recipe.toml").write_text(to_toml(recipe), encoding="utf-8")
    from_recipe = open_dataset(tmp_path / "recipe.toml", virtual=True)
    stored = open_dataset(build(recipe, tmp_path / "full"))
    for i in (1, 20):
        assert_same(stored, open_dataset(bare, virtual=True), i)
        assert_same(stored, from_recipe, i)
    # the same command finishes what was begun without parts
    assert open_dataset(build(recipe, bare)).members(5) == stored.members(5)
    with pytest.raises(FigureGroundError, match="no such recipe"):
        open_dataset(tmp_path / "nothing", virtual=True)


def test_it_survives_pickling_and_refuses_indices_outside(photos: Path, tmp_path: Path) -> None:
    virtual = open_dataset(build(recipe_of(photos), tmp_path / "out", catalog_only=True), virtual=True)
    before = virtual[7].image
    copy: VirtualDataset = pickle.loads(pickle.dumps(virtual))  # noqa: S301 - our own object
    assert np.array_equal(copy[7].image, before)
    for i in (36, -37):
        with pytest.raises(IndexError, match="of 36"):
            virtual[i]
    picture, depth = virtual.background(0)
    assert picture.shape == (96, 96, 3)
    assert depth is not None
    assert depth.unit == "m"


def test_opening_does_not_depend_on_the_number_of_samples(photos: Path, tmp_path: Path) -> None:
    recipe = recipe_of(photos, placement={"per_pair": 5_556})
    bare = build(recipe, tmp_path / "out", catalog_only=True)
    start = time.process_time()
    virtual = open_dataset(bare, virtual=True)
    spent = time.process_time() - start
    assert len(virtual) == 100_008
    assert virtual[99_999].record.index == 99_999
    assert spent < 10  # no bar: it only tells a loop over samples from none


def test_both_kinds_of_depth_side_by_side(photos: Path, tmp_path: Path) -> None:
    both = {"source": "both", "model": str(photos / "grey.onnx")}
    stored = open_dataset(build(recipe_of(photos, depth=both), tmp_path / "both"))
    layered = open_dataset(build(recipe_of(photos), tmp_path / "layered"))
    network = open_dataset(build(recipe_of(photos, depth={**both, "source": "network"}), tmp_path / "network"))
    for i in (0, 11, 30):
        assert stored.members(i)["depth"] == layered.members(i)["depth"]
        assert stored.members(i)["depth_network"] == network.members(i)["depth"]
        assert stored.members(i)["image"] == layered.members(i)["image"]
        sample, virtual = stored[i], open_dataset(tmp_path / "both", virtual=True, networks=both["model"])[i]
        assert sample.depth is not None
        assert virtual.depth is not None
        assert np.array_equal(sample.depth.values, virtual.depth.values)
        assert sample.depth_network is not None
        assert virtual.depth_network is not None
        assert np.array_equal(sample.depth_network.values, virtual.depth_network.values)
    summary = stored.statistics["summary"]
    assert summary["depth"]["unit"] == summary["depth_network"]["unit"] == "m"
    assert all(check["passed"] for check in stored.statistics["checks"])


def test_layers_on_request_make_no_others(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor do they run the network where its depth is not wanted."""
    recipe = recipe_of(photos, depth={"source": "both", "model": "grey.onnx"})
    path = build(recipe, tmp_path / "out", catalog_only=True)
    own = photos / "grey.onnx"
    whole = open_dataset(path, virtual=True, networks=own)[5]
    assert whole.depth is not None
    some = open_dataset(path, virtual=True, layers=["depth_network"], networks=own)[5]
    assert some.depth_network is not None
    assert (some.mask, some.depth) == (None, None)
    monkeypatch.setattr("figureground.samples.maker.open_network", None)
    layered = open_dataset(path, virtual=True, layers=["depth"], networks=own)[5]
    assert layered.depth is not None
    assert np.array_equal(layered.depth.values, whole.depth.values)
    assert list(layered.record.depths) == ["depth"]
    bare = open_dataset(path, virtual=True, layers=["mask"], networks=own)[5]
    assert np.array_equal(bare.image, whole.image)
    assert bare.mask is not None
    assert whole.mask is not None
    assert np.array_equal(bare.mask, whole.mask)
    assert (bare.depth, bare.record.depths) == (None, {})
