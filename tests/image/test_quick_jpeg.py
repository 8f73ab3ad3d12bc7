"""simplejpeg gives what Pillow gives, and leaves to it whatever it would take another way."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from figureground.core.arrays import Bytes
from figureground.core.recipe import ImageOptions
from figureground.image import quick_jpeg
from figureground.image.opened import stored_pixels
from figureground.samples import codec

simplejpeg = pytest.importorskip("simplejpeg", reason="simplejpeg, of figureground[fast], is not installed")


def scene(rng: np.random.Generator, height: int, width: int, rough: float) -> Image.Image:
    """Smooth colours with some noise: blocks of few and of many coefficients."""
    coarse = Image.fromarray(rng.integers(0, 256, (2 + height // 8, 2 + width // 8, 3), np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)).astype(np.float64)
    noisy = smooth + rng.normal(0, 1 + 80 * rough, smooth.shape)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def saved(picture: Image.Image, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", **options)
    return out.getvalue()


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 70),
    st.integers(1, 70),
    st.integers(0, 2**32 - 1),
    st.floats(0, 1),
    st.integers(1, 100),
    st.sampled_from(["4:4:4", "4:2:2", "4:2:0", "grey"]),
    st.booleans(),
)
def test_pixels_are_pillows(
    height: int, width: int, seed: int, rough: float, quality: int, chroma: str, progressive: bool
) -> None:
    picture = scene(np.random.default_rng(seed), height, width, rough)
    options: dict[str, object] = {"subsampling": chroma}
    if chroma == "grey":
        picture, options = picture.convert("L"), {}
    data = saved(picture, quality=quality, progressive=progressive, **options)
    found = quick_jpeg.decoded(data, (height, width))
    assert found is not None
    assert np.array_equal(found, stored_pixels(data))
    assert found.shape == ((height, width) if chroma == "grey" else (height, width, 3))


@pytest.mark.parametrize("chroma", ["440", "411"])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (15, 33), (64, 40)])
def test_pixels_are_pillows_of_rarer_subsamplings(chroma: str, height: int, width: int) -> None:
    pixels = np.asarray(scene(np.random.default_rng(0), height, width, 0.3))
    data = simplejpeg.encode_jpeg(pixels, 85, colorsubsampling=chroma)
    found = quick_jpeg.decoded(data)
    assert found is not None
    assert np.array_equal(found, stored_pixels(data))


def one() -> bytes:
    return saved(scene(np.random.default_rng(1), 40, 50, 0.2), quality=80)


def test_what_it_would_take_another_way_is_left_to_pillow() -> None:
    picture = Image.open(io.BytesIO(one()))
    png = io.BytesIO()
    picture.save(png, "PNG")
    assert quick_jpeg.decoded(one(), (40, 50)) is not None
    assert quick_jpeg.decoded(one(), (50, 40)) is None
    for data in (
        saved(picture.convert("CMYK")),
        saved(picture, keep_rgb=True),
        png.getvalue(),
        one()[:-2],
        one()[:300],
        b"",
        b"\xff\xd8\xff",
    ):
        assert quick_jpeg.decoded(data) is None


def claiming(data: bytes, height: int, width: int) -> bytes:
    """A JPEG whose header claims another size."""
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def test_a_size_that_no_dataset_has_is_refused_before_there_is_memory_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = claiming(one(), 8_000, 8_000)
    assert simplejpeg.decode_jpeg_header(bomb)[:2] == (8_000, 8_000)
    monkeypatch.setattr(simplejpeg, "decode_jpeg", lambda *_: pytest.fail("it was decoded"))
    assert quick_jpeg.decoded(bomb) is None
    assert quick_jpeg.decoded(claiming(one(), 41, 50), (40, 50)) is None
    with pytest.raises(ValueError, match="8000 x 8000 px"):
        codec.decode("image", bomb)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damage_gives_what_pillow_gives_or_nothing(data: st.DataObject) -> None:
    whole = bytearray(one())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(2, len(whole) - 1))] = data.draw(st.integers(0, 255))
    found = quick_jpeg.decoded(bytes(whole), (40, 50))
    if found is not None:
        try:
            expected = stored_pixels(bytes(whole))
        except ValueError:
            return  # Pillow reads more of a header than a picture takes
        assert np.array_equal(found, expected)


def test_its_arrays_are_writable_and_shared_with_nobody() -> None:
    first, second = codec.decode("image", one()), codec.decode("image", one())
    assert isinstance(first, np.ndarray)
    assert first.flags.writeable
    first[:] = 0
    assert np.asarray(second).any()


def test_without_the_library_it_is_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = codec.decode("image", one())
    monkeypatch.setattr(quick_jpeg, "simplejpeg", lambda: None)
    assert quick_jpeg.decoded(one()) is None
    assert np.array_equal(np.asarray(codec.decode("image", one())), np.asarray(expected))


def test_what_datasets_are_held_to_is_pillows_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Statistics, verify, exports and ingest take `codec.pixels` and `stored_pixels`."""
    calls: list[bytes] = []

    def counted(data: bytes, shape: tuple[int, int] | None = None) -> Bytes | None:
        calls.append(data)
        return None

    monkeypatch.setitem(codec._QUICK, "photo", counted)
    photo = np.asarray(scene(np.random.default_rng(2), 24, 24, 0.1))
    data = codec.jpeg(photo, ImageOptions())
    codec.pixels(data)
    assert not calls
    codec.decode("image", data)
    assert calls == [data]


def test_smooth_pictures_too() -> None:
    """Of chroma that changes slowly, where another upsampling would show."""
    picture = scene(np.random.default_rng(3), 61, 83, 0).filter(ImageFilter.GaussianBlur(3))
    data = saved(picture, quality=95, subsampling="4:2:0")
    found = quick_jpeg.decoded(data)
    assert found is not None
    assert np.array_equal(found, stored_pixels(data))
    other = simplejpeg.decode_jpeg(data, fastupsample=True)
    assert not np.array_equal(other, found)
