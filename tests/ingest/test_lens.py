"""A photo's focal length and principal point follow it onto the canvas."""

import math

import numpy as np
import pytest

from figureground.core.canvas import Canvas
from figureground.core.recipe import Fit
from figureground.geometry.intrinsics import projected
from figureground.ingest.framing import framed
from figureground.ingest.lens import USUAL_FOCAL, lens, lie

SHAPES = [(90, 150), (150, 90), (120, 120), (97, 131)]
FITS: tuple[Fit, ...] = ("cover", "contain", "stretch")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("fit", FITS)
def test_a_photo_lies_where_framing_lays_it(shape: tuple[int, int], fit: Fit) -> None:
    """A photo whose red and green are its own coordinates says, on the canvas, which place of it is seen."""
    canvas = Canvas(64, 64)
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]] + 0.5
    photo = np.stack([x, y, np.full(shape, 255)], -1).astype(np.uint8)
    at = lie(shape, canvas, fit)
    seen = framed(photo, canvas, fit).astype(np.float64)
    checked = 0
    for row, column in ((20, 20), (32, 32), (40, 25), (25, 44), (32, 24)):
        u, v = (column + 0.5 - at.left) / at.across, (row + 0.5 - at.top) / at.down
        if 3 < u < shape[1] - 3 and 3 < v < shape[0] - 3:
            assert seen[row, column, :2] == pytest.approx([u - 0.5, v - 0.5], abs=1.1)
            checked += 1
    assert checked >= 4


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("canvas", [Canvas(64, 64), Canvas(64, 96), Canvas(97, 64)])
@pytest.mark.parametrize(("given", "exif"), [(0.0, 0.8), (0.0, 0.0), (0.9, 0.8)])
def test_a_scene_is_seen_where_the_photo_showed_it(
    shape: tuple[int, int], fit: Fit, canvas: Canvas, given: float, exif: float
) -> None:
    """Points seen by the photo's own pinhole, and laid on the canvas with it, are where K of the canvas sees them."""
    found, at = lens(shape, canvas, fit, given, exif), lie(shape, canvas, fit)
    focal = given * canvas.width / at.across if given else (exif or USUAL_FOCAL) * math.hypot(*shape)
    photo = np.array([[focal, 0, shape[1] / 2], [0, focal, shape[0] / 2], [0, 0, 1]])
    points = np.random.default_rng(1).uniform([-1, -1, 2], [1, 1, 6], (50, 3))
    expected = projected(points, photo) * [at.across, at.down] + [at.left, at.top]
    np.testing.assert_allclose(projected(points, found.matrix), expected, atol=1e-3)
    assert found.focal_from == ("given" if given else "exif" if exif else "assumed")
    assert found.centre_from == "assumed"
    if given:
        assert found.fx == pytest.approx(given * canvas.width, abs=1e-3)


def test_only_stretching_tells_the_two_focal_lengths_apart() -> None:
    shape, canvas = (90, 150), Canvas(60, 60)
    cover, contain, stretch = (lens(shape, canvas, fit, 0, 0.8) for fit in FITS)
    assert cover.fx == cover.fy == pytest.approx(0.8 * math.hypot(*shape) * 60 / 90, abs=1e-3)
    assert contain.fx == contain.fy == pytest.approx(0.8 * math.hypot(*shape) * 60 / 150, abs=1e-3)
    assert stretch.fy / stretch.fx == pytest.approx(150 / 90, abs=1e-4)
    assert (cover.cx, cover.cy, contain.cx, contain.cy) == (30, 30, 30, 30)


def test_a_usual_photo_is_as_deep_as_its_short_side() -> None:
    """As the network that ships takes it: 26 mm on a 4:3 photo."""
    found = lens((480, 640), Canvas(224, 224), "cover", 0, 0)
    assert found.fx == pytest.approx(224, rel=0.01)
    assert found.focal_from == "assumed"
