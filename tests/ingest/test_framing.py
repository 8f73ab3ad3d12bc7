import math

import numpy as np
import pytest

from figureground.core.canvas import Canvas
from figureground.core.errors import SetAsideError
from figureground.core.recipe import Fit
from figureground.ingest.framing import canvas_focal, enlargement, framed, framed_depth, framed_edgels, pixel_stretch
from tests.builders import scene_photo


@pytest.mark.parametrize(("height", "width"), [(96, 120), (300, 100), (64, 64)])
@pytest.mark.parametrize("fit", ["cover", "contain", "stretch"])
@pytest.mark.parametrize("size", [64, 97])
def test_backgrounds_become_square(height: int, width: int, fit: Fit, size: int) -> None:
    assert framed(scene_photo(0, height, width), Canvas(size, size), fit).shape == (size, size, 3)


def test_cover_takes_the_middle_contain_takes_all() -> None:
    bands = np.zeros((60, 180, 3), np.uint8)
    bands[:, :60, 0] = bands[:, 60:120, 1] = bands[:, 120:, 2] = 255
    cover = framed(bands, Canvas(64, 64), "cover")
    assert cover[32, 32].tolist() == [0, 255, 0]
    assert cover[..., 1].min() > 200
    contain = framed(bands, Canvas(63, 63), "contain")
    assert [contain[31, x].argmax() for x in (8, 31, 55)] == [0, 1, 2]
    assert np.ptp(contain[2].astype(int), axis=0).max() == 0  # one colour above the picture, and it is not black
    assert contain[2].min() > 50
    stretch = framed(bands, Canvas(63, 63), "stretch")
    assert [stretch[2, x].argmax() for x in (8, 31, 55)] == [0, 1, 2]


@pytest.mark.parametrize("fit", ["cover", "contain", "stretch"])
def test_depth_follows_its_photo(fit: Fit) -> None:
    """A depth map that encodes the photo's grey value stays aligned with it under every fit."""
    v, u = np.mgrid[0:90, 0:150]
    grey = (40 + u + v // 2).astype(np.uint8)
    square = framed(np.repeat(grey[..., None], 3, 2), Canvas(75, 75), fit)
    depth = framed_depth(grey.astype(np.float32) / 100, (90, 150, 3), Canvas(75, 75), fit)
    known = np.isfinite(depth)
    if fit == "contain":
        known[[14, 15, 58, 59, 60]] = False  # the rows where picture and margin meet
    assert np.abs(square[..., 0] - 100 * depth)[known].max() <= 4
    assert (fit == "contain") == np.isnan(depth).any()


def test_depth_is_never_averaged() -> None:
    depth_m = np.where(np.indices((100, 100))[1] < 37, 1.0, 9.0).astype(np.float32)
    assert set(np.unique(framed_depth(depth_m, (100, 100), Canvas(64, 64), "cover"))) == {1, 9}


def test_depth_is_sampled_at_pixel_centres() -> None:
    """Shrunk three times, each pixel takes the middle of its three; a mirrored map gives the mirrored result."""
    depth_m = np.random.default_rng(0).uniform(1, 9, (192, 192)).astype(np.float32)
    small = framed_depth(depth_m, (192, 192), Canvas(64, 64), "cover")
    assert np.array_equal(small, depth_m[1::3, 1::3])
    assert np.array_equal(framed_depth(depth_m[:, ::-1], (192, 192), Canvas(64, 64), "cover"), small[:, ::-1])


def test_what_is_no_depth_is_unknown() -> None:
    values = np.array([[0.0, -1.0], [np.nan, np.inf]], np.float32).repeat(40, 0).repeat(40, 1)
    values[0, 0] = 2.5
    found = framed_depth(values, (80, 80), Canvas(80, 80), "cover")
    assert found[0, 0] == 2.5
    assert np.isnan(found.ravel()[1:]).all()


def test_a_depth_map_of_another_shape_is_refused() -> None:
    with pytest.raises(SetAsideError, match="another shape"):
        framed_depth(np.ones((100, 100), np.float32), (90, 150, 3), Canvas(64, 64), "cover")
    with pytest.raises(SetAsideError, match="no valid value"):
        framed_depth(np.full((100, 100), np.nan, np.float32), (50, 50), Canvas(64, 64), "cover")


@pytest.mark.parametrize(
    ("fit", "canvas", "across"),
    [
        ("cover", Canvas(64, 64), 90),
        ("cover", Canvas(64, 128), 150),
        ("cover", Canvas(128, 64), 45),
        ("contain", Canvas(64, 64), 150),
        ("contain", Canvas(64, 128), 180),
        ("contain", Canvas(128, 64), 150),
        ("stretch", Canvas(64, 64), 150),
        ("stretch", Canvas(64, 128), 150),
    ],
)
def test_the_focal_length_follows_its_photo_onto_the_canvas(fit: Fit, canvas: Canvas, across: float) -> None:
    """`across`: how many px of the 150 x 90 photo the width of the canvas stands for."""
    photo = (90, 150, 3)
    assert canvas_focal(0.8, photo, canvas, fit) == pytest.approx(0.8 * math.hypot(90, 150) / across, abs=1e-5)
    assert canvas_focal(0.0, photo, canvas, fit) == 0
    down = canvas.height / 90 if fit == "stretch" else canvas.width / across
    assert pixel_stretch(photo, canvas, fit) == pytest.approx(down / (canvas.width / across), abs=1e-6)


CANVASES = [Canvas(64, 64), Canvas(96, 128), Canvas(128, 72)]


@pytest.mark.parametrize("canvas", CANVASES, ids=str)
@pytest.mark.parametrize("fit", ["cover", "contain", "stretch"])
def test_depth_lies_where_its_photo_lies(fit: Fit, canvas: Canvas) -> None:
    """A photo whose grey is its depth: on the canvas, grey and depth are still alike, whatever its shape."""
    v, u = np.mgrid[0:90, 0:150]
    grey = (40 + u + 0.5 * v).astype(np.uint8)
    photo, depth = np.repeat(grey[..., None], 3, -1), grey.astype(np.float32)
    seen, found = framed(photo, canvas, fit), framed_depth(depth, photo.shape, canvas, fit)
    assert seen.shape == (*canvas.shape, 3)
    assert found.shape == canvas.shape
    known = np.isfinite(found)
    assert known.all() == (fit != "contain")
    inside = known & ~(np.pad(~known, 3, constant_values=False)[6:, 6:] if fit == "contain" else np.zeros_like(known))
    error = np.abs(seen[..., 0].astype(float) - found)[inside]
    assert np.median(error) < 2
    assert error.max() < 6


def test_the_middle_of_the_canvas_is_the_middle_of_the_photo() -> None:
    photo = np.zeros((90, 150, 3), np.uint8)
    photo[:, 70:80], photo[40:50] = 255, 255
    for canvas in CANVASES:
        for fit in ("cover", "stretch"):  # bars may differ by a pixel
            seen = framed(photo, canvas, fit)[..., 0].astype(int)
            assert np.abs(seen - seen[:, ::-1]).max() <= 2
            assert np.abs(seen - seen[::-1]).max() <= 2


@pytest.mark.parametrize(
    ("fit", "canvas", "factor"),
    [("cover", (96, 128), 96 / 90), ("cover", (128, 72), 128 / 90), ("contain", (96, 128), 128 / 150)],
)
def test_enlargement(fit: Fit, canvas: tuple[int, int], factor: float) -> None:
    assert enlargement((90, 150, 3), Canvas(*canvas), fit) == pytest.approx(factor)


def test_what_fills_the_canvas_beside_a_photo_has_no_edgels() -> None:
    """They are the photo's own, where it lies; its rim against the filling is no line of a room."""
    photo = np.full((300, 600, 3), 90, np.uint8)
    photo[:, 400:] = 220
    canvas = Canvas(224, 224)
    found = framed_edgels(photo, canvas, "contain")
    assert found.place.shape[1] > 50
    assert found.place[0] == pytest.approx((400 - 300) / 600, abs=0.01)
    assert np.abs(found.place[1]).max() < 0.25
    assert np.abs(found.normal[0]).min() > 0.99
    stretched = framed_edgels(photo, canvas, "stretch")
    assert stretched.place[0] == pytest.approx(2 * (400 - 300) / 600, abs=0.02)  # columns are twice as far apart


@pytest.mark.parametrize("fit", ["cover", "contain", "stretch"])
def test_slivers_of_photos_and_of_canvases_have_edgels_or_none(fit: Fit) -> None:
    panorama = np.random.default_rng(0).integers(0, 256, (8, 4000, 3)).astype(np.uint8)
    for canvas in (Canvas(224, 224), Canvas(16, 2048)):
        found = framed_edgels(panorama, canvas, fit)
        assert found.place.shape == found.normal.shape
        assert np.isfinite(found.place).all()
