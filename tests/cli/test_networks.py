"""The commands about networks, as a user meets them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground.cli import main
from figureground.core.files import WEIGHTS
from tests.builders import scene_photo, write_photos
from tests.networks.odd_networks import moody_network

Capture = pytest.CaptureFixture[str]


def run(*words: Any, code: int = 0) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    assert (ended.value.code or 0) == code


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FIGUREGROUND_HOME", str(tmp_path / "home"))
    write_photos(tmp_path)
    return tmp_path


def test_depth_needs_a_folder_or_a_picture_and_no_more(desk: Path, capsys: Capture) -> None:
    run("depth", "rooms", "--out", "maps", "--workers", "1")
    assert "3 maps written, 0 there already, 0 set aside: maps" in capsys.readouterr().out
    run("depth", "rooms/room1.png", "--out", "one", "--workers", "1")
    assert "1 map written" in capsys.readouterr().out
    assert (desk / "one/room1.depth.png").read_bytes() == (desk / "maps/room1.depth.png").read_bytes()
    assert json.loads((desk / "maps/room1.depth.json").read_text())["model"] == "depth-small"
    run("depth", "rooms", "--out", "maps", "--workers", "1", "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["written"], told["kept"], told["set_aside"], told["datasets"]) == (0, 3, [], [])
    run("depth", "rooms", code=1)
    assert "pictures need --out" in capsys.readouterr().err


def test_a_datasets_depth_is_replaced_by_a_network_that_is_named(desk: Path, capsys: Capture) -> None:
    recipe = desk / "recipe.toml"
    recipe.write_text(
        'size = 64\n[backgrounds]\npath = "rooms"\n[foregrounds]\npath = "people"\n'
        '[placement]\nmode = "uniform"\nper_pair = 1\n[depth]\nsource = "none"\n'
    )
    run("build", recipe, "out", "--workers", "1")
    capsys.readouterr()
    before = (desk / "out/manifest.json").read_bytes()
    run("depth", "out", code=1)
    assert "no network is named" in capsys.readouterr().err
    assert (desk / "out/manifest.json").read_bytes() == before
    run("depth", "out", "--out", "new", "--workers", "1")
    run("depth", "out", "--model", "small", "--workers", "1")
    one, other = ((desk / name / "parts/part-00000.zip").read_bytes() for name in ("new", "out"))
    assert one == other


def test_models_get_small_says_that_it_ships(desk: Path, capsys: Capture) -> None:
    run("models", "get", "small")
    out = capsys.readouterr().out
    assert "ships with figureground" in out
    assert str(WEIGHTS / "depth-small.onnx") in out
    for name in ((), ("nothing",)):
        run("models", "get", *name, code=1)
        told = capsys.readouterr().err
        assert "depth-anything-v2-small" in told
        assert "small ships and needs no getting" in told
        assert "fastdepth-nyu" not in told  # which cannot be got


def test_the_table_says_where_weights_are(desk: Path, capsys: Capture) -> None:
    run("models", "--json")
    told = json.loads(capsys.readouterr().out)
    where = {one["name"]: one["weights"] for one in told["networks"]}
    assert next(iter(where)) == "small"
    assert where["small"] == "ships"
    assert where["fastdepth-nyu"] == where["densedepth-nyu"] == where["da3-mono-large"] == "by hand"
    assert where["glpn-nyu"] == where["moge-2-small"] == "get"
    assert [one["name"] for one in told["cutout_networks"]] == ["small"]
    got = desk / "home/moge-2-small"
    got.mkdir(parents=True)
    (got / "model.onnx").write_bytes(b"weights")
    (got / "source.json").write_text('{"sha256": "0"}')
    run("models", "--json")
    told = json.loads(capsys.readouterr().out)
    assert {one["name"]: one["weights"] for one in told["networks"]}["moge-2-small"] == "here"


def test_the_preset_of_2020_says_where_its_network_comes_from(desk: Path, capsys: Capture) -> None:
    run("init", "mine", "--preset", "eva4")
    write_photos(desk / "mine/photos")
    (desk / "mine/photos/rooms").rename(desk / "mine/photos/some")
    run("build", "mine/recipe.toml", "out", "--workers", "1", code=1)
    told = capsys.readouterr().err
    assert "no such depth network" in told
    assert "ialhashim/DenseDepth" in told
    assert "--set depth.model=small" in told


def test_samples_without_depth_are_told_by_build_and_info(desk: Path, capsys: Capture) -> None:
    for name in ("rooms", "people"):
        for path in sorted((desk / name).glob("*"))[1:]:
            path.unlink()
    settings = [
        "--set",
        "placement.mode=uniform",
        "--set",
        "depth.source=network",
        "--set",
        "size=64",
        "--set",
        "backgrounds.path=rooms",
        "--set",
        "foregrounds.path=people",
    ]
    settings += ["--set", "placement.per_pair=110", "--set", "placement.mirror=none", "--set", "depth.model=moody.onnx"]
    (desk / "recipe.toml").write_text("")
    moody_network(desk / "moody.onnx", "nan", 2.0)
    run("build", "recipe.toml", "plain", "--workers", "1", *settings)
    assert "no depth" not in capsys.readouterr().out
    from figureground import open_dataset

    data = open_dataset(desk / "plain", virtual=True, networks=desk / "moody.onnx")
    levels = np.array([sample.image.mean() / 255 for sample in data])
    ranked = np.sort(levels)
    moody_network(desk / "moody.onnx", "nan", float(ranked[-2] + ranked[-1]) / 2)
    for quiet in ((), ("--quiet",)):
        run("build", "recipe.toml", "out", "--workers", "1", *quiet, *settings)
        line = f"WARNING: no depth for 1 sample ({np.argmax(levels)}): the depth network's output has NaN"
        assert line in capsys.readouterr().out
    run("info", "out")
    assert line in capsys.readouterr().out
    run("info", "out", "--json")
    assert json.loads(capsys.readouterr().out)["no_depth"]["samples"] == [int(np.argmax(levels))]


def test_a_picture_without_depth_is_no_measurement(desk: Path, capsys: Capture) -> None:
    (desk / "pairs").mkdir()
    for i in range(2):
        picture = scene_photo(i, 64, 64) // 2 + np.uint8(100 * i)
        Image.fromarray(picture).save(desk / f"pairs/p{i}.png")
        truth = np.linspace(1000, 4000, 64 * 64).reshape(64, 64).astype(np.uint16)
        Image.fromarray(truth).save(desk / f"pairs/p{i}.depth.png")
    moody_network(desk / "moody.onnx", "constant", 0.5)
    run("evaluate-depth", "--model", "moody.onnx", "--pairs", "pairs", code=1)
    told = capsys.readouterr().err
    assert "the depth network's output is constant" in told
    assert "p1" in told
