"""The folders that depth networks are fine-tuned on, read by the rules of each project's own loader, written anew here.

The loaders themselves come in no package; docs/fine-tuning.md says which of them were run by hand.
"""

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from figureground import build, export
from figureground.core.camera import UNKNOWN
from figureground.core.errors import FigureGroundError
from figureground.core.recipe import ImageOptions
from figureground.core.record import SPLITS, Record
from figureground.dataset.opening import open_dataset
from figureground.dataset.stored import Dataset
from figureground.formats.moge import log_png
from figureground.geometry.intrinsics import unprojected
from tests.builders import small_recipe, write_photos

PAIRS = ("depth-anything", "metric3d", "marigold")


def number_of(path: str) -> int:
    return int(Path(path).stem)


def lines(folder: Path, split: str) -> list[str]:
    return (folder / f"{split}.txt").read_text().splitlines()


def by_split(data: Dataset) -> dict[str, list[int]]:
    return {split: [i for i in range(len(data)) if data.split(i) == split] for split in SPLITS}


def stored(data: Dataset, i: int) -> NDArray[np.float32]:
    depth = data[i].depth
    assert depth is not None
    assert depth.unit == "m"
    return depth.values


def marigold(folder: Path) -> Iterator[tuple[str, str, NDArray[np.float64]]]:
    """By base_depth_dataset.py and hypersim_dataset.py: split at white space, thousandths of a metre."""
    for split in SPLITS:
        for line in lines(folder, split):
            image, depth = line.split()
            yield split, image, np.asarray(Image.open(folder / depth)) / 1000.0


def depth_anything(folder: Path) -> Iterator[tuple[str, str, NDArray[np.float64]]]:
    """By vkitti2.py for training and kitti.py for validation: split at spaces, 100ths and 256ths of a metre."""
    for split in SPLITS:
        for line in lines(folder, split):
            image, depth = line.split(" ")
            yield split, image, np.asarray(Image.open(folder / depth)) / (100.0 if split == "train" else 256.0)


def metric3d(folder: Path) -> Iterator[tuple[str, str, NDArray[np.float64]]]:
    """By custom_data.py and do_test.py: codes by depth_scale, a path of three pieces or more."""
    for split in SPLITS:
        for anno in json.loads((folder / f"annotations/{split}.json").read_text())["files"]:
            assert anno["rgb"].split("/")[-3] == split
            yield split, anno["rgb"], np.asarray(Image.open(folder / anno["depth"])) / anno["depth_scale"]


READERS: dict[str, Callable[[Path], Iterator[tuple[str, str, NDArray[np.float64]]]]] = {
    "marigold": marigold,
    "depth-anything": depth_anything,
    "metric3d": metric3d,
}


@pytest.mark.parametrize("format", PAIRS)
def test_its_loader_gets_every_sample_of_each_split_in_metres(varied: Dataset, tmp_path: Path, format: str) -> None:
    assert export(varied, format, tmp_path / "out") == len(varied)
    step = 0.005 if format == "depth-anything" else 1e-6  # half a centimetre in training, as their loader has it
    found: dict[str, list[int]] = {split: [] for split in SPLITS}
    for split, image, metres in READERS[format](tmp_path / "out"):
        i = number_of(image)
        found[split].append(i)
        assert (tmp_path / "out" / image).read_bytes() == varied.members(i)["image"]
        np.testing.assert_allclose(metres, stored(varied, i), atol=step + 1e-6)
    assert found == by_split(varied)


def test_metric3d_sees_each_pixel_where_it_is(varied: Dataset, tmp_path: Path) -> None:
    """It counts pixel centres from 0, we have them at 0.5: the rays through both are the same."""
    export(varied, "metric3d", tmp_path / "out", prefix="data/mine/")
    for anno in json.loads((tmp_path / "out/annotations/train.json").read_text())["files"]:
        assert anno["rgb"].startswith("data/mine/train/images/")
        assert anno["depth"].startswith("data/mine/train/depth/")
        fx, fy, cx, cy = anno["cam_in"]
        rays = unprojected(np.ones((64, 96)), varied.record(number_of(anno["rgb"])).camera.matrix)
        y, x = np.mgrid[0:64, 0:96]
        np.testing.assert_allclose(rays[..., 0], (x - cx) / fx)
        np.testing.assert_allclose(rays[..., 1], (y - cy) / fy)


def test_depth_anything_in_codes_of_ones_own(varied: Dataset, tmp_path: Path) -> None:
    export(varied, "depth-anything", tmp_path / "out", per_metre=1000, prefix="data/mine")
    about = json.loads((tmp_path / "out/depth.json").read_text())
    for split in SPLITS:
        assert about["depth"][split]["codes_per_metre"] == 1000
        greatest = 0.0
        for line in lines(tmp_path / "out", split):
            image, depth = line.split(" ")
            assert image.startswith("data/mine/")
            i = number_of(image)
            codes = np.asarray(Image.open(tmp_path / "out" / depth.removeprefix("data/mine/")))
            np.testing.assert_allclose(codes / 1000, stored(varied, i), atol=1e-6)
            greatest = max(greatest, float(stored(varied, i).max()))
        assert about["greatest_metres"][split] == pytest.approx(greatest, abs=1e-3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"prefix": "my data"}, "cannot hold ' '"),
        ({"prefix": "data\nmine"}, "cannot hold"),
        ({"per_metre": 0}, "cannot have 0 codes"),
        ({"per_metre": 65536}, "cannot have 65536 codes"),
    ],
)
def test_lists_that_its_loader_could_not_read_are_refused(
    varied: Dataset, tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(FigureGroundError, match=said):
        export(varied, "depth-anything", tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def read_moge(path: Path) -> NDArray[np.float64]:
    """By read_depth of moge/utils/io.py: a logarithm between the texts near and far, 0 and 65535 apart."""
    with Image.open(path) as picture:
        near, far = float(picture.info["near"]), float(picture.info["far"])
        codes = np.asarray(picture)
    assert codes.dtype == np.uint16
    share = (codes.astype(np.float64) - 1) / 65533
    depth = near ** (1 - share) * far**share
    depth[codes == 0] = np.nan
    depth[codes == 65535] = np.inf
    return depth


def test_moge_gets_picture_depth_and_camera_of_every_sample(varied: Dataset, tmp_path: Path) -> None:
    assert export(varied, "moge", tmp_path / "out") == len(varied)
    for split, numbers in by_split(varied).items():
        names = (tmp_path / "out" / split / ".index.txt").read_text().splitlines()
        assert [int(name) for name in names] == numbers
        for name in names:
            place, i = tmp_path / "out" / split / name, int(name)
            assert (place / "image.jpg").read_bytes() == varied.members(i)["image"]
            np.testing.assert_allclose(read_moge(place / "depth.png"), stored(varied, i), rtol=1e-4)
            k = np.array(json.loads((place / "meta.json").read_text())["intrinsics"])
            rays = unprojected(np.ones((64, 96)), varied.record(i).camera.matrix)
            u, v = (np.arange(96) + 0.5) / 96, (np.arange(64) + 0.5) / 64
            np.testing.assert_allclose(rays[0, :, 0], (u - k[0, 2]) / k[0, 0])
            np.testing.assert_allclose(rays[:, 0, 1], (v - k[1, 2]) / k[1, 1])


def test_moge_depth_of_any_kind_comes_back(tmp_path: Path) -> None:
    unknown = np.float32(np.nan)
    for values in (
        np.array([[0.3, 40], [unknown, 7]], np.float32),
        np.full((2, 2), 2.5, np.float32),  # a wall seen straight on
        np.full((2, 2), unknown),
    ):
        (tmp_path / "depth.png").write_bytes(log_png(values))
        np.testing.assert_allclose(read_moge(tmp_path / "depth.png"), values, rtol=1e-4)


def test_moge_pictures_are_jpeg_whatever_they_are_stored_as(tmp_path: Path) -> None:
    write_photos(tmp_path, 1, 1)
    recipe = small_recipe(tmp_path, backgrounds={"depth": "depth"}, depth={"source": "layered"})
    data = open_dataset(build(dataclasses.replace(recipe, image=ImageOptions(format="webp")), tmp_path / "out"))
    export(data, "moge", tmp_path / "moge")
    with Image.open(tmp_path / "moge/train/000000000/image.jpg") as picture:
        assert picture.format == "JPEG"
        assert np.abs(np.asarray(picture).astype(int) - data[0].image).mean() < 4


@pytest.mark.parametrize("format", [*PAIRS, "moge"])
def test_depth_without_metres_or_camera_is_refused_before_anything_is_written(tmp_path: Path, format: str) -> None:
    write_photos(tmp_path, 1, 1)
    plain = build(small_recipe(tmp_path), tmp_path / "plain")
    with pytest.raises(FigureGroundError, match="needs the layer depth"):
        export(plain, format, tmp_path / "out")
    known = {"depth": "depth", "depth_unit": "relative"}
    recipe = small_recipe(tmp_path, backgrounds=known, depth={"source": "layered"})
    with pytest.raises(FigureGroundError, match="its depth is relative"):
        export(build(recipe, tmp_path / "relative"), format, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("format", ["metric3d", "moge"])
def test_samples_without_a_camera_are_refused(
    single: Dataset, tmp_path: Path, format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Dataset.record

    def without(data: Dataset, i: int) -> Record:
        return dataclasses.replace(own(data, i), camera=UNKNOWN)

    monkeypatch.setattr(Dataset, "record", without)
    with pytest.raises(FigureGroundError, match="no camera"):
        export(single, format, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("format", [*PAIRS, "moge"])
def test_depth_says_what_it_means(single: Dataset, tmp_path: Path, format: str) -> None:
    export(single, format, tmp_path / "out")
    about = json.loads((tmp_path / "out/depth.json").read_text())["depth"]
    for meaning in [about] if format == "moge" else about.values():
        assert (meaning["unit"], meaning["direction"], meaning["invalid"]) == ("m", "larger is farther", 0)
    assert format == "moge" or list(about) == ["train"]
