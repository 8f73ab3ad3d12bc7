import dataclasses
import io
import json
import zipfile
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from figureground import build, open_dataset
from figureground.core.engines import Processes, Serial
from figureground.core.errors import FigureGroundError
from figureground.core.folder_store import FolderStore
from figureground.core.recipe import DepthEncoding, DepthOptions, ImageFormat, ImageOptions, LayerOptions, Recipe
from figureground.core.store import Store
from figureground.dataset import parts
from figureground.image import png
from figureground.make import redepth
from figureground.samples.maker import Maker
from tests.builders import small_recipe, write_depth_network, write_photos
from tests.make.test_build import files


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    write_photos(tmp_path)
    write_depth_network(tmp_path / "grey.onnx")
    write_depth_network(tmp_path / "nan.onnx", "nan")
    return small_recipe(tmp_path)


def options(recipe: Recipe, model: str = "grey.onnx", encoding: DepthEncoding = "png16") -> DepthOptions:
    return dataclasses.replace(recipe.depth, source="network", model=model, encoding=encoding)


def redo(source: Path, out: Path, recipe: Recipe, depth: DepthOptions) -> Path:
    return redepth.redo_dataset(source, out, depth, recipe.root, Serial(), lambda *_: None)


def content(dataset: Path) -> dict[str, bytes]:
    """Return everything but the report, which names the dataset."""
    return {name: data for name, data in files(dataset).items() if name != "report.html"}


def test_a_new_depth_is_what_a_build_with_that_network_gives(recipe: Recipe, tmp_path: Path) -> None:
    source = build(recipe, tmp_path / "plain")
    before = files(source)
    built = build(dataclasses.replace(recipe, depth=options(recipe)), tmp_path / "built")
    added = redo(source, tmp_path / "added", recipe, options(recipe))
    assert content(added) == content(built)
    assert files(source) == before
    again = redepth.redo_dataset(source, tmp_path / "two", options(recipe), recipe.root, Processes(2), lambda *_: None)
    assert content(again) == content(built)


@pytest.mark.parametrize("image", ["png", "webp"])
def test_lossless_images_and_layers_at_choice_are_kept(recipe: Recipe, tmp_path: Path, image: ImageFormat) -> None:
    recipe = dataclasses.replace(
        recipe, image=ImageOptions(format=image), layers=LayerOptions(alpha=True, semantic=True)
    )
    source = build(recipe, tmp_path / "plain")
    built = build(dataclasses.replace(recipe, depth=options(recipe)), tmp_path / "built")
    assert content(redo(source, tmp_path / "added", recipe, options(recipe))) == content(built)


def test_the_same_pixels_in_other_bytes_are_the_same_picture(recipe: Recipe, tmp_path: Path) -> None:
    """Of another version of zlib; another picture is taken as it is stored."""
    recipe = dataclasses.replace(recipe, image=ImageOptions(format="png"))
    virtual = open_dataset(build(recipe, tmp_path / "plain", catalog_only=True), virtual=True)
    maker = Maker(virtual.job, virtual.catalog, FolderStore(tmp_path / "plain/catalog"))
    (scene,) = maker.scenes([3])
    one = maker.render(scene)
    out = io.BytesIO()
    Image.fromarray(one.composite.image).save(out, "PNG")
    assert redepth._as_stored(maker, one, out.getvalue()) is one
    other = 255 - one.composite.image
    taken = redepth._as_stored(maker, one, png.encode(other))
    assert np.array_equal(taken.composite.image, other)


def test_in_place_it_replaces_depth_and_nothing_else(recipe: Recipe, tmp_path: Path) -> None:
    first = build(dataclasses.replace(recipe, depth=options(recipe)), tmp_path / "out")
    images = [open_dataset(first).members(i)["image"] for i in range(36)]
    redo(first, first, recipe, options(recipe, encoding="png8"))
    data = open_dataset(first)
    assert [data.members(i)["image"] for i in range(36)] == images
    depth = data[0].depth
    assert depth is not None
    assert len(np.unique(depth.values)) <= 255
    assert data.manifest["depth_model"]["file"] == "grey.onnx"
    assert content(first) == content(
        build(dataclasses.replace(recipe, depth=options(recipe, encoding="png8")), tmp_path / "clean")
    )


def test_it_goes_on_where_it_was_stopped(recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = build(recipe, tmp_path / "out")
    whole = content(build(dataclasses.replace(recipe, depth=options(recipe)), tmp_path / "whole"))
    writing = parts.writing
    calls: list[int] = []

    def crashing(store: Store, number: int, build_id: str) -> AbstractContextManager[parts.PartWriter]:
        calls.append(number)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return writing(store, number, build_id)

    monkeypatch.setattr(parts, "writing", crashing)
    with pytest.raises(KeyboardInterrupt):
        redo(source, source, recipe, options(recipe))
    with pytest.raises(FigureGroundError, match="not finished"):
        open_dataset(source)
    redo(source, source, recipe, options(recipe))
    assert calls == [0, 1, 2, 3, 3, 4, 5]
    assert content(source) == whole


def test_another_network_does_not_mix_into_a_begun_folder(recipe: Recipe, tmp_path: Path) -> None:
    source = build(recipe, tmp_path / "plain")
    redo(source, tmp_path / "out", recipe, options(recipe))
    with pytest.raises(FigureGroundError, match="begun with another depth network"):
        redo(source, tmp_path / "out", recipe, options(recipe, encoding="png8"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").write_text("x")
    with pytest.raises(FigureGroundError, match="holds other things"):
        redo(source, tmp_path / "full", recipe, options(recipe))
    with pytest.raises(FigureGroundError, match="no dataset here"):
        redo(tmp_path / "rooms", tmp_path / "new", recipe, options(recipe))


def test_an_image_of_another_version_is_estimated_as_stored(recipe: Recipe, tmp_path: Path) -> None:
    """Where the stored image is not what this version renders, depth follows the stored image."""
    source = build(recipe, tmp_path / "out")
    part = source / "parts/part-00000.zip"
    with zipfile.ZipFile(part) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    held["images/000000000.jpg"] = held["images/000000001.jpg"]
    with zipfile.ZipFile(part, "w") as archive:
        for name, data in held.items():
            parts.add_member(archive, name, data)
    manifest = json.loads((source / "manifest.json").read_text())
    manifest["parts"][0]["bytes"] = part.stat().st_size
    (source / "manifest.json").write_text(json.dumps(manifest))
    redone = open_dataset(redo(source, tmp_path / "new", recipe, options(recipe)))
    one, other = redone[0].depth, redone[1].depth
    assert one is not None
    assert other is not None
    assert np.abs(one.values - other.values).mean() < 0.05  # of the same picture, once decoded and once rendered


def test_a_network_that_does_not_work_leaves_the_dataset_as_it_is(recipe: Recipe, tmp_path: Path) -> None:
    source = build(recipe, tmp_path / "out")
    before = files(source)
    for model, what in (("nan.onnx", "NaN"), ("wide.onnx", "refused its input"), ("none.onnx", "no such")):
        if model == "wide.onnx":
            card = write_depth_network(tmp_path / model).with_suffix(".card.toml")
            card.write_text(card.read_text().replace("64", "96"))
        with pytest.raises(FigureGroundError, match=what):
            redo(source, source, recipe, options(recipe, model=model))
    with pytest.raises(FigureGroundError, match="by a network"):
        redo(source, source, recipe, dataclasses.replace(recipe.depth, source="none"))
    with FolderStore(source).lock(), pytest.raises(FigureGroundError, match="another build is at work"):
        redo(source, source, recipe, options(recipe))
    assert files(source) == before


def test_missing_parts_are_no_smaller_dataset(recipe: Recipe, tmp_path: Path) -> None:
    source = build(recipe, tmp_path / "out")
    (source / "parts/part-00003.zip").unlink()
    with pytest.raises(FigureGroundError, match="a part is missing"):
        redo(source, source, recipe, options(recipe))
    assert (source / "manifest.json").is_file()


def test_a_build_after_a_stopped_depth_leaves_no_mark(recipe: Recipe, tmp_path: Path) -> None:
    source = build(recipe, tmp_path / "out")
    before = files(source)
    (source / "redepth.json").write_text('{"build_id": "x"}')
    (source / "manifest.json").unlink()
    assert files(build(recipe, source)) == before


def test_two_networks_of_one_name_are_two(recipe: Recipe, tmp_path: Path) -> None:
    """In one process: the same relative path means another file where the root differs."""
    source = build(recipe, tmp_path / "plain")
    (tmp_path / "other").mkdir()
    write_depth_network(tmp_path / "other/grey.onnx")
    card = tmp_path / "other/grey.card.toml"
    card.write_text(card.read_text() + "unit_scale = 3.0\n")
    one = open_dataset(redo(source, tmp_path / "one", recipe, options(recipe)))[0].depth
    elsewhere = dataclasses.replace(recipe, root=tmp_path / "other")
    two = open_dataset(redo(source, tmp_path / "two", elsewhere, options(recipe)))[0].depth
    assert one is not None
    assert two is not None
    assert np.allclose(two.values, 3 * one.values, atol=0.01)
