"""Samples as they are made, against what is read back of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from figureground.core.arrays import Bytes
from figureground.core.engines import Serial
from figureground.core.layers import LAYERS
from figureground.core.memory_store import MemoryStore
from figureground.core.nouns import DepthMap
from figureground.core.recipe import Recipe
from figureground.ingest.ingest import ingest
from figureground.samples import codec, jpeg_splice
from figureground.samples.maker import Maker
from tests.builders import ground_recipe, job_of, small_recipe, write_floor_photos


def maker_of(recipe: Recipe) -> Maker:
    job, store = job_of(recipe), MemoryStore()
    return Maker(job, ingest(job, Serial(), store, lambda *_: None), store)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    write_floor_photos(tmp_path, 2, 3)
    return tmp_path


def test_a_sample_without_depth(photos: Path) -> None:
    maker = maker_of(small_recipe(photos))
    (made,) = maker.make([3])
    assert list(made.record.files) == ["image", "mask"]
    assert not made.record.depths
    (scene,) = maker.scenes([3])
    rendered = maker.render(scene)
    (depths,) = maker.depths([rendered])
    sample = maker.sample(rendered, depths)
    assert sample.depth is None
    assert sample.instances is None
    assert sample.depth_network is None


@pytest.mark.parametrize("sections", [{}, {"placement": {"figures": [2, 2], "min_visible": 0.3}}])
def test_what_is_read_back_is_the_sample_but_for_the_pictures_jpeg(photos: Path, sections: dict[str, Any]) -> None:
    maker = maker_of(ground_recipe(photos, **sections))
    indices = [0, 5, 6]
    rendered = [maker.render(scene) for scene in maker.scenes(indices)]
    for one, depths, made in zip(rendered, maker.depths(rendered), maker.make(indices), strict=True):
        sample = maker.sample(one, depths)
        assert made.record.files.keys() == maker.layers(one, depths).keys()
        assert {**vars(sample.record), "files": None} == {**vars(made.record), "files": None}
        for layer, name in made.record.files.items():
            found = codec.decode(layer, made.members[name], made.record.depths.get(layer))
            own = getattr(sample, layer)
            if isinstance(found, DepthMap):
                assert np.array_equal(found.values, own.values, equal_nan=True)
                assert (found.unit, found.direction) == (own.unit, own.direction)
            elif LAYERS[layer].lossless:
                assert np.array_equal(found, own)
            else:
                assert np.abs(found.astype(int) - own).mean() < 6
        assert dict(made.counts.sizes) == {layer: len(made.members[n]) for layer, n in made.record.files.items()}


def test_the_order_of_making_changes_nothing(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples come by their numbers, as each would alone, however many are put in the order that shares most."""
    recipe = ground_recipe(photos, placement={"samples": 40, "figures": [1, 2], "min_visible": 0.5})
    indices = [*range(40), 3, 39, 0]
    together = list(maker_of(recipe).make(indices))
    assert [made.record.index for made in together] == indices
    maker = maker_of(recipe)
    for index, made in zip(indices[:12], together, strict=False):
        (alone,) = maker.make([index])
        assert (alone.record, dict(alone.members)) == (made.record, dict(made.members))
    monkeypatch.setattr("figureground.samples.maker._HELD_BYTES", 0)
    bare = maker_of(recipe)
    assert bare.span == bare.together < len(indices)
    for one, made in zip(bare.make(indices), together, strict=True):
        assert (one.record, dict(one.members)) == (made.record, dict(made.members))


def test_samples_are_made_by_background_and_figure(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So what they share is made once: twins follow each other, too."""
    maker = maker_of(ground_recipe(photos, placement={"samples": 60}))
    order = maker.shared_order(range(60))
    assert sorted(order.tolist()) == list(range(60))
    scenes = maker.scenes(order.tolist())
    keys = [(s.background, s.figures[0].foreground, s.position, s.mirrored) for s in scenes]
    assert keys == sorted(keys)
    worked: list[int] = []
    encode = maker.encode

    def noting(one: Any, depths: Any) -> Any:
        worked.append(one.scene.index)
        return encode(one, depths)

    monkeypatch.setattr(maker, "encode", noting)
    assert len(list(maker.make(range(60)))) == 60
    assert worked == order.tolist()


def test_a_pictures_bytes_are_those_of_the_whole_coded_at_once(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maker = maker_of(ground_recipe(photos, image={"quality": 75}))
    spliced: list[object] = []

    def encode(picture: Bytes, background: jpeg_splice.Kept, changed: tuple[slice, slice]) -> bytes:
        spliced.append(background)
        return original(picture, background, changed)

    original = jpeg_splice.encode
    indices = list(range(8))
    scenes = maker.scenes(indices)
    options = maker.job.formats.jpeg
    there = jpeg_splice.is_pillows(options)
    monkeypatch.setattr(jpeg_splice, "encode", encode)
    for scene, made in zip(scenes, maker.make(indices), strict=True):
        whole = codec.jpeg(maker.render(scene).composite.image, options)
        assert made.members[made.record.files["image"]] == whole
    firsts = len({scene.background for scene in scenes})
    assert len(spliced) == (len(indices) - firsts if there else 0), "all but the first of each background"
