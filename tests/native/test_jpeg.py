"""The kernel's JPEG is Pillow's, byte by byte, and a composite's is that of the whole picture."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from figureground import native
from figureground.core.arrays import Bytes
from figureground.core.recipe import ImageOptions, Subsampling
from figureground.samples import codec, jpeg_splice

kernel = pytest.importorskip("figureground.native._kernel", reason="the compiled kernel was not built here")
SUBSAMPLINGS: tuple[Subsampling, ...] = get_args(Subsampling)
pytestmark = pytest.mark.skipif(
    not jpeg_splice.is_pillows(ImageOptions()), reason="Pillow has another JPEG library here than the kernel equals"
)


def options_of(drawn: np.random.Generator) -> ImageOptions:
    subsampling = SUBSAMPLINGS[drawn.integers(len(SUBSAMPLINGS))]
    return ImageOptions(quality=int(drawn.integers(1, 101)), subsampling=subsampling, optimize=bool(drawn.integers(2)))


def picture_of(drawn: np.random.Generator, height: int, width: int) -> Bytes:
    """Noise, two colours far apart, a smooth slope, or a slope with a little noise."""
    kind = drawn.integers(4)
    if kind < 2:
        values = drawn.integers(0, 256, (height, width, 3))
        return (values if kind else (values > 127) * 255).astype(np.uint8)
    slope = np.add.outer(np.arange(height) * drawn.normal(0, 3), np.arange(width) * drawn.normal(0, 3))
    noise = drawn.normal(0, 20 * (kind == 3), (height, width, 3))
    return np.clip(slope[..., None] + drawn.normal(128, 60, 3) + noise, 0, 255).astype(np.uint8)


def box_of(drawn: np.random.Generator, height: int, width: int) -> tuple[slice, slice]:
    (top, bottom), (left, right) = (np.sort(drawn.integers(0, side + 1, 2)).tolist() for side in (height, width))
    return slice(top, bottom), slice(left, right)


@pytest.mark.parametrize("seed", range(0, 1000, 100))
def test_a_composites_bytes_are_pillows(seed: int) -> None:
    for number in range(seed, seed + 100):
        drawn = np.random.default_rng(number)
        options, (height, width) = options_of(drawn), drawn.integers(1, 71, 2).tolist()
        background = picture_of(drawn, height, width)
        kept = jpeg_splice.kept(background, options)
        assert kept is not None
        whole, nothing = (slice(0, height), slice(0, width)), (slice(0, 0), slice(0, 0))
        composite = background.copy()
        box = box_of(drawn, height, width)
        composite[box] = picture_of(drawn, height, width)[box]
        alike = box_of(drawn, height, width)
        composite[alike] = background[alike]  # and so some blocks in the box are the background's own
        expected = codec.jpeg(composite, options)
        assert jpeg_splice.encode(composite, kept, box) == expected, (number, options)
        assert jpeg_splice.encode(composite, kept, whole) == expected, (number, options)
        assert jpeg_splice.encode(background, kept, nothing) == codec.jpeg(background, options), (number, options)


@pytest.mark.parametrize("optimize", [False, True])
def test_grey_pictures_too(optimize: bool) -> None:
    for number in range(50):
        drawn = np.random.default_rng(number)
        options = ImageOptions(quality=int(drawn.integers(1, 101)), optimize=optimize)
        grey = picture_of(drawn, *drawn.integers(1, 71, 2).tolist())[..., :1].copy()
        blocks, _ = kernel.jpeg_begin(grey, options.quality, 1, 1)
        assert kernel.jpeg_changed(blocks, grey, grey, 0, 0, 0, 0, optimize) == codec.jpeg(grey[..., 0], options)


def test_only_what_the_box_touches_is_read() -> None:
    background = picture_of(np.random.default_rng(0), 64, 64)
    other = 255 - background
    other[20:40, 20:40] = background[20:40, 20:40]
    kept = jpeg_splice.kept(background, ImageOptions())
    assert kept is not None
    # of 16 by 16 pixels each; the box touches four of them
    expected = background.copy()
    expected[16:48, 16:48] = other[16:48, 16:48]
    found = jpeg_splice.encode(other, kept, (slice(31, 33), slice(31, 33)))
    assert found == codec.jpeg(expected, ImageOptions())


@pytest.mark.parametrize("shape", [(0, 8, 3), (8, 0, 3), (8, 8, 2), (65_501, 1, 3)])
def test_pictures_that_no_jpeg_holds_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="no JPEG"):
        kernel.jpeg_begin(np.zeros(shape, np.uint8), 90, 1, 1)


@pytest.mark.parametrize("settings", [(0, 1, 1), (101, 1, 1), (90, 3, 1), (90, 1, 2), (90, 0, 0)])
def test_settings_that_are_none_are_refused(settings: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="no JPEG"):
        kernel.jpeg_begin(np.zeros((8, 8, 3), np.uint8), *settings)


@pytest.mark.parametrize("box", [(-1, 8, 0, 8), (0, 9, 0, 8), (0, 8, -1, 8), (0, 8, 0, 9), (5, 4, 0, 8), (0, 8, 5, 4)])
def test_a_box_beyond_the_picture_is_refused(box: tuple[int, int, int, int]) -> None:
    picture = np.zeros((8, 8, 3), np.uint8)
    blocks, _ = kernel.jpeg_begin(picture, 90, 2, 2)
    with pytest.raises(ValueError, match="box"):
        kernel.jpeg_changed(blocks, picture, picture, *box, False)
    with pytest.raises(ValueError, match="size"):
        kernel.jpeg_changed(blocks, picture, np.zeros((8, 9, 3), np.uint8), 0, 8, 0, 8, False)
    with pytest.raises(ValueError, match="size"):
        kernel.jpeg_changed(blocks, np.zeros((9, 8, 3), np.uint8), picture, 0, 8, 0, 8, False)
    with pytest.raises(ValueError, match="PyCapsule"):
        kernel.jpeg_changed(object(), picture, picture, 0, 8, 0, 8, False)


def test_where_pillow_rounds_in_another_way_it_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    options, picture = ImageOptions(quality=77), np.zeros((8, 8, 3), np.uint8)
    with monkeypatch.context() as changed:
        changed.setattr(codec, "jpeg", lambda *_: b"other bytes")
        jpeg_splice.is_pillows.cache_clear()
        assert jpeg_splice.kept(picture, options) is None
    with monkeypatch.context() as changed:
        changed.setattr(native, "kernel", None)
        jpeg_splice.is_pillows.cache_clear()
        assert jpeg_splice.kept(picture, options) is None
    jpeg_splice.is_pillows.cache_clear()
    assert jpeg_splice.kept(picture, options) is not None
