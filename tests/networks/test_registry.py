"""Which weights a name or a path stands for."""

from pathlib import Path

import numpy as np
import pytest

from figureground.core import job
from figureground.core.card import Card
from figureground.core.errors import FigureGroundError
from figureground.networks import registry
from figureground.networks.cards import CARDS
from tests.builders import scene_photo, write_depth_network
from tests.networks.opening import opened


def test_wrong_files_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FigureGroundError, match="no such depth network"):
        registry.resolve("none.onnx", "", tmp_path)
    (tmp_path / "bad.onnx").write_bytes(b"not a network")
    with pytest.raises(FigureGroundError, match="cannot be loaded"):
        opened(tmp_path / "bad.onnx", "fastdepth-nyu")
    path = write_depth_network(tmp_path / "grey.onnx", size=64)
    with pytest.raises(FigureGroundError, match="refused its input"):
        opened(path, "fastdepth-nyu")(scene_photo(0, 64, 64)[None])


def test_a_network_without_a_card_is_refused(tmp_path: Path) -> None:
    path = write_depth_network(tmp_path / "grey.onnx")
    path.with_suffix(".card.toml").unlink()
    with pytest.raises(FigureGroundError, match="has no card"):
        registry.resolve(str(path), "", tmp_path)
    assert registry.resolve(str(path), "fastdepth-nyu", tmp_path).card.input_size == 224


def test_a_network_that_needs_the_focal_length_says_so(tmp_path: Path) -> None:
    path = write_depth_network(tmp_path / "grey.onnx", size=616)
    model = job.DepthModel(
        path, "", Card(**{**vars(CARDS["metric3d-v2-small"]), "output_name": "", "multiple": 0, "valid": ()})
    )
    with pytest.raises(FigureGroundError, match="focal length"):
        registry.open_network(model)
    picture = scene_photo(0, 64, 64)
    near, far = (registry.open_network(model, job.Running(focal=f)).estimate(picture).values for f in (0.5, 1.0))
    assert np.allclose(far, 2 * near)


def test_how_densedepth_is_run_comes_from_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from figureground.core.recipe_toml import from_mapping
    from figureground.resolve import running_of

    asked: list[dict[str, str]] = []

    def cached(path: Path, **options: str) -> Path:
        asked.append(options)
        return write_depth_network(tmp_path / "grey.onnx", size=448)

    from figureground.networks import densedepth

    monkeypatch.setattr(densedepth, "cached_onnx", cached)
    (tmp_path / "nyu.h5").write_bytes(b"x")
    model = registry.resolve("nyu.h5", "", tmp_path)
    for options in ({}, {"upsampling": "half_pixel", "leaky": "two"}):
        registry.open_network(model, running_of(from_mapping({"depth": options}).depth))
    assert asked == [{"upsampling": "aligned", "leaky": "auto"}, {"upsampling": "half_pixel", "leaky": "two"}]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_the_network_that_ships_is_small_whatever_lies_in_the_root(tmp_path: Path, kind: str) -> None:
    shipped = registry.resolve("small", "", tmp_path)
    own = tmp_path / "small"
    if kind == "file":
        write_depth_network(tmp_path / "grey.onnx").rename(own)
    else:
        own.mkdir()
        (own / "config.json").write_text("{}")
    assert registry.resolve("small", "", tmp_path) == shipped
    for text in ("./small", str(own)):
        model = registry.resolve(text, "fastdepth-nyu", tmp_path)
        assert (model.path, model.card.name) == (own, "fastdepth-nyu")


def test_a_built_in_name_is_no_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of that name does not stand in for weights that were not got; the error says how to mean it."""
    monkeypatch.setenv("FIGUREGROUND_HOME", str(tmp_path / "hub"))
    name = "depth-anything-v2-small"
    write_depth_network(tmp_path / "grey.onnx").rename(tmp_path / name)
    with pytest.raises(FigureGroundError, match="are not here") as caught:
        registry.resolve(name, "", tmp_path)
    assert f"./{name}" in caught.value.remedy
    assert registry.resolve(f"./{name}", "fastdepth-nyu", tmp_path).path == tmp_path / name


def test_a_built_in_card_is_no_path(tmp_path: Path) -> None:
    path = write_depth_network(tmp_path / "grey.onnx")
    path.with_suffix(".card.toml").rename(tmp_path / "fastdepth-nyu")
    assert registry.resolve("grey.onnx", "fastdepth-nyu", tmp_path).card.input_size == 224
    assert registry.resolve("grey.onnx", "./fastdepth-nyu", tmp_path).card.input_size == 64
