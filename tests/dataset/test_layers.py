"""Layers at choice and lossless images: what is stored, read and rendered is the same, and agrees with the mask."""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground import FigureGroundError, Recipe, build, dry_run, open_dataset
from figureground.core.engines import Processes, Serial
from figureground.core.job import Formats
from figureground.core.layers import LAYERS
from figureground.core.recipe import LayerOptions
from figureground.core.recipe_toml import from_mapping, parse
from figureground.dataset import parts
from figureground.dataset.stored import Dataset
from figureground.image import png
from figureground.resolve import formats_of as formats_of_recipe
from figureground.samples import checks, codec, maker, stats
from figureground.samples.sums import LayerSums, Sums
from tests.builders import ground_recipe, small_recipe, write_floor_photos, write_photos

EVERYTHING: dict[str, Any] = {"alpha": True, "semantic": True}
SEVERAL: dict[str, Any] = {"figures": [1, 3], "min_visible": 0.3}


def formats_of(image: str) -> Formats:
    return formats_of_recipe(from_mapping({"image": {"format": image}}))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["png", "webp"]), st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**31), st.booleans())
def test_lossless_images_come_back_as_they_were(image: str, height: int, width: int, seed: int, flat: bool) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 3 if flat else 256, (height, width, 3), np.uint8)
    suffix, data = codec.encode("image", values, formats_of(image))
    assert suffix == image
    found = codec.decode("image", data)
    assert isinstance(found, np.ndarray)
    assert found.dtype == np.uint8
    assert np.array_equal(found, values)
    assert codec.encode("image", values, formats_of(image))[1] == data


def test_colour_needs_no_more_room_than_a_general_library(tmp_path: Path) -> None:
    from PIL import Image

    v, u = np.mgrid[0:96, 0:128]
    values = np.stack([v + u, 255 - v, np.hypot(u, v)], -1).astype(np.uint8)
    Image.fromarray(values).save(tmp_path / "pillow.png", compress_level=1)
    assert len(png.encode(values)) < 1.2 * (tmp_path / "pillow.png").stat().st_size


@pytest.mark.parametrize("layer", ["alpha", "semantic", "instances"])
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_layers_of_numbers_come_back_as_they_were(layer: str, seed: int) -> None:
    values = np.random.default_rng(seed).integers(0, 256, (17, 23), np.uint8)
    _, data = codec.encode(layer, values, formats_of("jpeg"))
    assert np.array_equal(np.asarray(codec.decode(layer, data)), values)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    write_floor_photos(folder)
    return folder


def recipe_of(photos: Path, **sections: Any) -> Recipe:
    """Return a recipe whose photos are prepared once, however many tests ask for them."""
    return dataclasses.replace(ground_recipe(photos, **sections), cache=True)


def built(photos: Path, out: Path, **sections: Any) -> Dataset:
    return open_dataset(build(recipe_of(photos, **sections), out))


@pytest.mark.parametrize("image", ["jpeg", "png", "webp"])
def test_virtual_is_stored_and_the_mask_is_the_law(
    photos: Path, tmp_path: Path, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maker, "class_ids", lambda catalog: [7 + 100 * f for f, _ in enumerate(catalog.foregrounds)])
    data = built(photos, tmp_path / "out", placement=SEVERAL, layers=EVERYTHING, image={"format": image})
    virtual = open_dataset(data.path, virtual=True)
    classes = {foreground.id: 7 + 100 * f for f, foreground in enumerate(data.catalog.foregrounds)}
    soft, several = 0, 0
    for i in range(0, len(data), 3):
        stored, rendered = data[i], virtual[i]
        assert (image == "jpeg") != np.array_equal(stored.image, rendered.image)
        for layer in ("mask", "instances", "alpha", "semantic"):
            assert np.array_equal(getattr(stored, layer), getattr(rendered, layer)), layer
            assert getattr(rendered, layer).flags.writeable
        assert stored.mask is not None
        assert stored.alpha is not None
        assert stored.semantic is not None
        assert stored.instances is not None
        assert np.array_equal(stored.alpha >= 128, stored.mask)
        assert np.array_equal(stored.semantic > 0, stored.mask)
        for number, figure in enumerate(stored.record.figures, 1):
            assert (stored.semantic[stored.instances == number] == classes[figure.foreground]).all()
        soft += int(((stored.alpha > 0) & (stored.alpha < 255)).sum())
        several += len(np.unique(stored.semantic)) > 2
        assert "alpha" in repr(stored)
        assert f"classes {' '.join(str(v) for v in np.unique(stored.semantic)[1:])}" in repr(stored)
        assert stored.plot(32).size[0] == (5 * 36) - 4  # image, instances, alpha, semantic, depth
    assert soft > 100
    assert several
    names = "image, mask, instances, alpha, semantic, depth"
    assert repr(data).endswith(f"parts: {names})")
    assert repr(virtual).endswith(f"rendered when read: {names})")
    assert all(check["passed"] for check in data.statistics["checks"])
    held = {check["name"] for check in data.statistics["checks"]}
    assert {"mask is where alpha >= 128", "mask is where semantic >= 1", "semantic covers the recorded areas"} <= held


def test_same_bytes_on_every_engine(photos: Path, tmp_path: Path) -> None:
    recipe = recipe_of(
        photos, placement={**SEVERAL, "samples": 12}, image={"format": "webp"}, layers=EVERYTHING, parts={"size": 5}
    )
    serial = build(recipe, tmp_path / "serial", engine=Serial())
    pool = build(recipe, tmp_path / "pool", engine=Processes(2))
    for path in sorted((serial / "parts").iterdir()):
        assert path.read_bytes() == (pool / "parts" / path.name).read_bytes()
    assert (serial / "statistics.json").read_bytes() == (pool / "statistics.json").read_bytes()


def test_layers_change_no_other_member(photos: Path, tmp_path: Path) -> None:
    plain = built(photos, tmp_path / "out", placement=SEVERAL)
    more = open_dataset(build(recipe_of(photos, placement=SEVERAL, layers=EVERYTHING), tmp_path / "more"))
    for i in (0, 11, 30):
        before, after = plain.members(i), more.members(i)
        assert after.keys() - before.keys() == {"alpha", "semantic"}
        assert {layer: after[layer] for layer in before} == before
    assert plain[0].alpha is None
    assert plain[0].semantic is None


def test_the_estimate_counts_them(photos: Path, tmp_path: Path) -> None:
    data = built(photos, tmp_path / "out", layers=EVERYTHING, image={"format": "webp"}, placement={"samples": 12})
    cost, _ = dry_run(recipe_of(photos, layers=EVERYTHING, image={"format": "webp"}, placement={"samples": 12}))
    total = stats.total(stats.by_split_from_json(data.statistics["accumulated_by_split"]).values())
    for layer in ("image", "alpha", "semantic"):
        assert cost.bytes[layer] * 12 == pytest.approx(total.bytes[layer])


@pytest.mark.parametrize("sections", [{"layers": EVERYTHING, "image": {"format": "png"}}])
def test_statistics_by_split_equal_a_slow_recomputation(tmp_path: Path, sections: dict[str, Any]) -> None:
    write_photos(tmp_path, 4, 4)
    held_out = {"backgrounds": 0.3, "foregrounds": 0.3}
    data = open_dataset(build(small_recipe(tmp_path, **sections, split=held_out), tmp_path / "out"))
    told = data.statistics
    by_split = stats.by_split_from_json(told["accumulated_by_split"])
    splits = {data.split(i) for i in range(len(data))}
    assert set(by_split) == splits
    assert len(splits) == 4
    for split, found in by_split.items():
        assert_is_the_slow_one(checks.summary(found, {}), data, [i for i in range(len(data)) if data.split(i) == split])
        assert dict(found.splits) == {split: found.samples}
    assert told["summary_of"] == {"split": "train", "samples": by_split["train"].samples}
    assert told["summary"] == checks.summary(by_split["train"], {})
    assert_is_the_slow_one(told["summary_all"], data, range(len(data)))
    infos = [parts.read_info(data.store, n, data.manifest["build_id"]) for n in range(data.parts)]
    assert stats.total_by_split([info.statistics for info in infos if info]) == by_split
    rows = sum(found.bytes["metadata"] for found in by_split.values())
    assert rows == sum(len(json.dumps(data.record(i).to_row(), ensure_ascii=False)) + 1 for i in range(len(data)))


def assert_is_the_slow_one(summary: dict[str, Any], data: Dataset, indices: Any) -> None:
    samples = [data[i] for i in indices]
    for layer in ("image", "mask", "alpha"):
        values = np.stack([getattr(sample, layer) for sample in samples]).astype(float)
        values = values if layer == "mask" else values / 255
        axes = (0, 1, 2)
        assert np.allclose(summary[layer]["mean"], values.mean(axes), atol=1e-12), layer
        assert np.allclose(summary[layer]["std"], values.std(axes), atol=1e-9), layer
    seen = np.stack([np.asarray(sample.semantic) for sample in samples])
    assert summary["semantic"]["shares"] == {str(v): float((seen == v).mean()) for v in np.unique(seen)}
    assert math.isclose(sum(summary["semantic"]["shares"].values()), 1.0)


def test_without_training_samples_the_published_statistics_are_those_of_all(tmp_path: Path) -> None:
    train, other = stats.Statistics(samples=3), stats.Statistics(samples=2)
    assert checks.published({"train": train, "new both": other}) == ("train", train)
    assert checks.published({"new both": other}) == ("all samples", other)


def test_a_layer_that_contradicts_the_mask_is_noticed() -> None:
    found = stats.Statistics(
        samples=2,
        pixels=200,
        area=50,
        layers={"mask": LayerSums(Sums(200, (50 * 255,), (50 * 255**2,)))},
        values={"semantic": {"0": 149, "1": 51}},
        against_mask={"alpha": 3, "semantic": 0},
        checked=1,
    )
    failed = {check.name: check.detail for check in checks.checks(found) if not check.passed}
    assert failed["mask is where alpha >= 128"] == "3 px differ in 1 decoded"
    assert failed["semantic covers the recorded areas"] == "51 px, recorded 50 px"
    assert "mask is where semantic >= 1" not in failed


def test_every_key_of_layers_is_a_layer() -> None:
    assert set(LayerOptions.__dataclass_fields__) <= set(LAYERS)


def test_an_unknown_layer_is_an_unknown_key() -> None:
    with pytest.raises(FigureGroundError, match=r"unknown recipe key 'layers.alhpa'") as caught:
        parse("[layers]\nalhpa = true\n")
    assert "layers.alpha" in str(caught.value)
    with pytest.raises(FigureGroundError, match=r"unknown recipe key 'layers.normals'"):
        parse("[layers]\nnormals = true\n")
    with pytest.raises(FigureGroundError, match=r"image.format = 'tiff' is not one of jpeg, png, webp"):
        parse('[image]\nformat = "tiff"\n')
    assert isinstance(parse("[layers]\nalpha = true\n"), Recipe)
