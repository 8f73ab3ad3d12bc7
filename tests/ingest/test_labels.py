"""Label pictures are told from photos by their names beside a photo, and by what they look like."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from figureground.ingest import labels
from tests.builders import SHARED, figure_cutout, floor_scene, scene_photo


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("a/x_mask.png", "mask"),
        ("a/X-Mask.PNG", "mask"),
        ("a/x.matte.png", "matte"),
        ("a/x_alpha.tif", "alpha"),
        ("a/x_depth.png", "depth"),
        ("a/depth-x.png", "depth"),
        ("a/x.disp.png", "disp"),
        ("masks/x.png", "masks"),
        ("my_labels/x_seg.png", "labels"),
        ("depth/sub/x.png", "depth"),
    ],
)
def test_a_name_says_what_a_picture_is_only_beside_its_photo(name: str, mark: str) -> None:
    top = Path("/home/labels")  # what lies above all of them says nothing
    photo, other, name = top / "a/x.jpg", top / "a/y.jpg", str(top / name)
    assert labels.owners([photo, other, Path(name)]) == {Path(name): (photo, mark)}
    assert labels.owners([other, Path(name)]) == {}
    assert labels.owners([top / "a/x_rgb.jpg", Path(name)])[Path(name)][0] == top / "a/x_rgb.jpg"


def test_names_that_only_look_so_are_photos() -> None:
    paths = [Path("a/unmask.jpg"), Path("a/un.jpg"), Path("a/man_5.jpg"), Path("a/man.jpg"), Path("masks/carnival.jpg")]
    assert labels.owners(paths) == {}
    assert labels.owners([Path("a/Cafe\u0301.jpg"), Path("a/Caf\u00e9_mask.png")]) != {}


def grey(values: np.ndarray) -> np.ndarray:
    return np.repeat(values.astype(np.uint8)[..., None], 3, axis=2)


def test_masks_and_maps_are_told_by_what_they_show() -> None:
    soft = np.pad(figure_cutout(2, 300, 140)[..., 3], 20)
    hard = np.where(soft >= 128, 255, 0)
    for values in (soft, hard, 255 - soft, np.where(hard, 1, 0), np.where(hard, 200, 60)):
        assert labels.looks_like(grey(values)).startswith("a mask")
    v, u = np.mgrid[0:200, 0:300]
    classes = ((v // 50) * 5 + u // 60) * 37 % 211
    assert labels.looks_like(grey(classes)).startswith("a map of classes")
    assert labels.deep_looks_like(classes * 300).startswith("a map of classes")


def test_photos_are_none_grey_dark_or_of_much_contrast() -> None:
    for seed in range(4):
        photo = scene_photo(seed, 200, 240)
        shades = np.asarray(Image.fromarray(photo).convert("L")).astype(int)
        for values in (shades, shades // 8, np.clip(shades * 2 - 128, 0, 255)):
            assert labels.looks_like(grey(values)) == ""
        assert labels.looks_like(photo) == ""
        assert labels.deep_looks_like(shades * 257) == ""
        assert labels.deep_looks_like(shades * 16) == ""  # 12 bits
    drawing = np.dstack([grey(np.zeros((90, 60))), figure_cutout(0, 90, 60)[..., 3]])
    assert labels.looks_like(drawing) == ""  # line art with its alpha


def test_depth_of_16_bits_is_told_with_and_without_holes() -> None:
    _, depth, _ = floor_scene(1, height=240, width=320)
    millimetres = np.rint(1000 * depth).astype(np.int64)
    assert labels.deep_looks_like(millimetres) == "a 16-bit depth map"
    noisy = millimetres + np.random.default_rng(0).integers(-20, 21, millimetres.shape)
    noisy[60:100, 30:90] = 0
    assert labels.deep_looks_like(noisy) == "a 16-bit depth map"


@pytest.mark.skipif(not (SHARED / "photos").is_dir(), reason="the shared photos are not beside this checkout")
def test_no_real_photo_is_called_a_label() -> None:
    paths = [p for folder in ("backgrounds", "people_photos") for p in sorted((SHARED / "photos" / folder).iterdir())]
    for path in paths[::6]:
        with Image.open(path) as picture:
            small = picture.convert("RGB")
            small.thumbnail((600, 600))
        assert labels.looks_like(np.asarray(small)) == "", path.name
        assert labels.looks_like(grey(np.asarray(small.convert("L")))) == "", path.name
    for path in sorted((SHARED / "rgbd").glob("*.depth.png"))[::4]:
        with Image.open(path) as picture:
            assert labels.deep_looks_like(np.asarray(picture)) == "a 16-bit depth map", path.name
