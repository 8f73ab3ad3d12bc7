"""What a sample gives beside its layers, stored and rendered on the fly: masks of its figures, and its clean plate."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from figureground import Dataset, Sample, VirtualDataset, build, open_dataset
from figureground.core.folder_store import FolderStore
from figureground.image import rle
from figureground.ingest.pixels import Pixels
from tests.builders import NO_LOOK, ground_recipe, small_recipe, write_depth_network, write_floor_photos, write_photos

SEVERAL: dict[str, Any] = {"figures": [1, 3], "min_visible": 0.3}


@pytest.fixture(scope="module", params=["one", "several"])
def out(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    write_floor_photos(folder)
    write_depth_network(folder / "grey.onnx", size=96)
    placement = SEVERAL if request.param == "several" else {"min_visible": 0.3, "per_pair": 24}
    depth = {"source": "both", "model": str(folder / "grey.onnx")}
    return build(ground_recipe(folder, placement=placement, depth=depth, look=NO_LOOK), folder / "out")


@pytest.fixture(params=[False, True], ids=["stored", "virtual"])
def data(request: pytest.FixtureRequest, out: Path) -> Dataset | VirtualDataset:
    return open_dataset(out, virtual=True, networks=out.parent / "grey.onnx") if request.param else open_dataset(out)


def test_masks_of_figures(data: Dataset | VirtualDataset) -> None:
    hidden = 0
    for sample in data:
        figures = sample.record.figures
        assert sample.mask is not None
        total = np.zeros((96, 96), np.int64)
        for i, figure in enumerate(figures):
            seen, whole = sample.figure_mask(i), sample.whole_mask(i)
            for mask in (seen, whole):
                assert mask.dtype == np.bool_
                assert mask.shape == (96, 96)
            assert seen.sum() == figure.area
            total += seen
            assert not (seen & ~whole).any()
            if figure.whole is None:
                assert np.array_equal(seen, whole)
            else:
                hidden += 1
                assert np.array_equal(whole, rle.decode(figure.whole, (96, 96)))
                assert whole.sum() > seen.sum()
            assert np.array_equal(sample.figure_mask(i - len(figures)), seen)
            assert np.array_equal(sample.whole_mask(i - len(figures)), whole)
        assert np.array_equal(total, sample.mask)  # every pixel of the mask is one figure's
        for i in (len(figures), -len(figures) - 1):
            for mask_of in (sample.figure_mask, sample.whole_mask):
                with pytest.raises(IndexError, match=f"of {len(figures)}"):
                    mask_of(i)
    assert hidden > 0


def test_instances_are_there_where_there_may_be_several(data: Dataset | VirtualDataset, out: Path) -> None:
    several = out.parent.name.startswith("several")
    assert {sample.instances is not None for sample in data} == {several}
    assert any(len(sample.record.figures) > 1 for sample in data) == several


def test_the_clean_plate_is_the_catalogs_own(data: Dataset | VirtualDataset, out: Path) -> None:
    pixels = Pixels(data.catalog, FolderStore(out / "catalog"))
    ids = [background.id for background in data.catalog.backgrounds]
    for sample in data[::5]:
        picture, depth = sample.background, sample.background_depth
        assert picture is not None
        assert depth is not None
        assert np.array_equal(picture, pixels.background(ids.index(sample.record.background)))
        assert sample.depth is not None
        assert sample.mask is not None
        assert (depth.unit, depth.direction) == (sample.depth.unit, sample.depth.direction)
        outside = ~sample.mask
        assert np.array_equal(depth.values[outside], sample.depth.values[outside], equal_nan=True)
        assert not np.array_equal(depth.values, sample.depth.values, equal_nan=True)


def test_a_virtual_sample_is_its_clean_plate_away_from_figures(out: Path) -> None:
    for sample in open_dataset(out, virtual=True, networks=out.parent / "grey.onnx")[::7]:
        picture = sample.background
        assert picture is not None
        far = np.ones((96, 96), np.bool_)
        for figure in sample.record.figures:
            far[
                max(0, figure.y - 2) : max(0, figure.y + figure.height + 2),
                max(0, figure.x - 2) : max(0, figure.x + figure.width + 2),
            ] = False
        assert far.any()
        assert np.array_equal(sample.image[far], picture[far])


@pytest.mark.parametrize("virtual", [False, True])
def test_without_depth_there_is_a_picture_alone(tmp_path: Path, virtual: bool) -> None:
    write_photos(tmp_path)
    out = build(small_recipe(tmp_path), tmp_path / "out")
    sample = open_dataset(out, virtual=True, networks=out.parent / "grey.onnx")[7] if virtual else open_dataset(out)[7]
    assert sample.background is not None
    assert sample.background.shape == (64, 64, 3)
    assert sample.background_depth is None
    assert (sample.depth, sample.depth_network, sample.instances) == (None, None, None)
    assert Sample(sample.image, sample.record).background is None
    assert Sample(sample.image, sample.record).background_depth is None
    with pytest.raises(ValueError, match="neither mask nor instances"):
        Sample(sample.image, sample.record).figure_mask(0)


def arrays(sample: Sample) -> dict[str, NDArray[Any]]:
    """Return every array that a sample gives."""
    found: dict[str, Any] = {name: getattr(sample, name) for name in ("image", "mask", "instances")}
    found |= {"figure_mask": sample.figure_mask(0), "whole_mask": sample.whole_mask(0)}
    found["background"] = sample.background
    for name in ("depth", "depth_network", "background_depth"):
        depth = getattr(sample, name)
        found[name] = None if depth is None else depth.values
    return {name: array for name, array in found.items() if array is not None}


def test_arrays_are_writable_and_shared_with_nobody(data: Dataset | VirtualDataset) -> None:
    for i in (0, 9, 35):
        before = {name: array.copy() for name, array in arrays(data[i]).items()}
        assert {"image", "mask", "depth", "depth_network", "background", "background_depth"} <= set(before)
        sample = data[i]
        found = arrays(sample)
        assert found.keys() == before.keys()
        for name, array in found.items():
            assert array.flags.writeable, name
            array[...] = 1
            array[::2] = 0
            for other, values in found.items():  # arrays of one sample are apart from each other
                if other != name:
                    assert not np.shares_memory(array, values), (name, other)
        for again in (arrays(data[i]), arrays(data[i : i + 1][0])):
            assert again.keys() == before.keys()
            for name, array in again.items():
                assert np.array_equal(array, before[name], equal_nan=array.dtype.kind == "f"), name
        # what a sample gives by a method or property is worked out anew
        again = arrays(sample)
        for name in ("background", "background_depth"):
            assert np.array_equal(again[name], before[name], equal_nan=again[name].dtype.kind == "f"), name
