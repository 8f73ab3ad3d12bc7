"""A dataset carries a recipe of its own that works wherever it is read from, relative paths included."""

from pathlib import Path

import numpy as np
import pytest

from figureground import Dataset, VirtualDataset, build, dry_run, open_dataset
from figureground.cli import main
from figureground.core.recipe_toml import load_recipe, to_toml
from tests.builders import small_recipe, write_depth_network, write_photos
from tests.make.test_build import members


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A folder with photos, networks and a recipe; all of the recipe's paths are relative."""
    folder = tmp_path / "desk/mine"
    folder.mkdir(parents=True)
    write_photos(folder)
    write_depth_network(folder / "grey.onnx")
    recipe = small_recipe(folder, depth={"source": "network", "model": "grey.onnx"})
    (folder / "recipe.toml").write_text(to_toml(recipe))
    assert str(tmp_path) not in (folder / "recipe.toml").read_text()
    return folder


def assert_carries_its_recipe(dataset: Path, again: Path) -> None:
    """Read a dataset virtually, and rebuild it from its own recipe."""
    recipe = load_recipe(dataset)
    stored = open_dataset(dataset)
    virtual = open_dataset(dataset, virtual=True, networks=recipe.root / recipe.depth.model)
    assert len(stored) == len(virtual) == 36
    for i in (0, 17, 35):
        one, other = stored[i].depth, virtual[i].depth
        assert one is not None
        assert other is not None
        assert np.array_equal(one.values, other.values)
    assert members(build(dataset / "recipe.toml", again)) == members(dataset)


def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")


@pytest.mark.parametrize("out", ["desk/mine/out", "desk/sets/out", "far/away/from/it/out"])
def test_it_is_read_and_rebuilt_from_elsewhere(
    mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    dataset = build(mine / "recipe.toml", tmp_path / out)
    elsewhere(tmp_path, monkeypatch)
    assert_carries_its_recipe(dataset, tmp_path / "again")
    assert_carries_its_recipe(tmp_path / "again", tmp_path / "third/time")  # the copy's recipe is its own, too


def test_relative_calls_are_the_same(mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mine)
    dataset = tmp_path / "desk/mine/out"
    assert build("recipe.toml", "out") == Path("out")
    monkeypatch.chdir(tmp_path / "desk")
    assert_carries_its_recipe(Path("mine/out"), Path("again"))
    elsewhere(tmp_path, monkeypatch)
    assert_carries_its_recipe(dataset, Path("again"))
    assert members(tmp_path / "desk/again") == members(dataset)


@pytest.mark.parametrize("out", ["out", "new"])
def test_also_after_new_depth_by_a_relative_network(
    mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    """In place, and in a new folder: --model starts from where the command is called, not from the recipe."""
    build(mine / "recipe.toml", mine / "out")
    networks = tmp_path / "desk/networks"
    networks.mkdir()
    write_depth_network(networks / "other.onnx")
    card = networks / "other.card.toml"
    card.write_text(card.read_text() + "unit_scale = 3.0\n")
    monkeypatch.chdir(networks)
    with pytest.raises(SystemExit) as caught:
        main(["depth", str(mine / "out"), "--model", "other.onnx", "--out", str(mine / out), "--workers", "1"])
    assert not caught.value.code
    elsewhere(tmp_path, monkeypatch)
    assert open_dataset(mine / out).manifest["depth_model"]["file"] == "other.onnx"
    assert_carries_its_recipe(mine / out, tmp_path / "again")


def test_also_when_recipe_and_dataset_move_together(
    mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = build(mine / "recipe.toml", tmp_path / "desk/sets/out")
    before = members(dataset)
    (tmp_path / "attic/box").mkdir(parents=True)
    (tmp_path / "desk").rename(tmp_path / "attic/box/desk")
    moved = tmp_path / "attic/box/desk"
    elsewhere(tmp_path, monkeypatch)
    assert_carries_its_recipe(moved / "sets/out", tmp_path / "again")
    build(moved / "mine/recipe.toml", moved / "sets/out")  # finished: nothing is refused
    assert members(moved / "sets/out") == before


def test_paths_may_be_texts(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mine)
    cost, catalog = dry_run("recipe.toml")
    assert (cost.samples, len(catalog.backgrounds)) == (36, 3)
    assert not (mine / "out").exists()
    built = build("recipe.toml", "out")
    assert isinstance(built, Path)
    for path in ("out", Path("out"), str(mine / "out"), mine / "out"):
        data = open_dataset(path)
        assert isinstance(data, Dataset)
        assert len(data) == 36
        virtual = open_dataset(path, virtual=True, networks="grey.onnx")
        assert isinstance(virtual, VirtualDataset)
        assert len(virtual) == 36
    for path in ("recipe.toml", Path("recipe.toml")):
        assert len(open_dataset(path, virtual=True)) == 36
