"""16-bit files whose values need fewer bits, and pictures in which nothing can be seen."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from figureground.core.errors import SetAsideError
from figureground.ingest import levels, photos
from tests.builders import SHARED, scene_photo


def png(values: NDArray[Any]) -> bytes:
    """Return a PNG of 16 bits with 1 to 4 channels, which Pillow does not write."""
    height, width, channels = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(*part) for part in ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    )


def tiff(values: NDArray[Any], order: str) -> bytes:
    """Return an uncompressed TIFF of 16 bits with 1, 3 or 4 channels in a byte order ("<" or ">")."""
    height, width, channels = values.shape
    bits = struct.pack(f"{order}{channels}H", *[16] * channels) + bytes(8)
    tags = [(256, width), (257, height), (258, 0), (259, 1), (262, 2 if channels > 2 else 1), (273, 0)]
    tags += [(277, channels), (278, height), (279, values.size * 2)] + ([(338, 2)] if channels == 4 else [])
    at = 10 + 12 * len(tags) + 4
    out = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, len(tags))
    for tag, value in tags:
        if tag == 258:
            one = struct.pack(f"{order}HH", 16, 0) if channels == 1 else struct.pack(f"{order}I", at)
            out += struct.pack(f"{order}HHI", tag, 3, channels) + one
        else:
            out += struct.pack(f"{order}HHII", tag, 4, 1, at + len(bits) if tag == 273 else value)
    return out + struct.pack(f"{order}I", 0) + bits + values.astype(f"{order}u2").tobytes()


def picture(channels: int, bits: int) -> NDArray[np.float64]:
    """Return a picture of some channels as fractions of 1, of steps that so many bits can tell apart."""
    full = np.dstack([scene_photo(2, 64, 80), scene_photo(3, 64, 80)])[..., :channels] / 255
    full[0, 0], full[0, 1] = 1, 0
    return np.rint(full * (2**bits - 1)) / (2**bits - 1)


WRITERS: dict[str, Callable[[NDArray[Any]], bytes]] = {
    "png": png,
    "little-endian tiff": lambda values: tiff(values, "<"),
    "big-endian tiff": lambda values: tiff(values, ">"),
}


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("bits", [10, 12, 14])
def test_values_of_fewer_bits_in_16_are_brightened_with_a_note(form: str, channels: int, bits: int) -> None:
    """As sensors and depth cameras write them.  Pillow gives the upper byte of each, which is almost nothing."""
    shown = picture(channels, bits)
    photo = photos.decode(WRITERS[form](np.rint(shown * (2**bits - 1)).astype(np.uint16)), 64)
    assert photo.notes == (f"16-bit file without a value above {2**bits - 1}: read as {bits} bits",)
    expected = np.rint(shown * 255)
    assert np.abs(photo.pixels[..., : channels if channels > 1 else 3] - expected).max() <= 1


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_full_16_bits_and_dark_8_bits_spread_over_16_stay_as_they_are(form: str, channels: int) -> None:
    shown = picture(channels, 16)
    photo = photos.decode(WRITERS[form](np.rint(shown * 65535).astype(np.uint16)), 64)
    assert photo.notes == ()
    assert np.abs(photo.pixels - np.rint(shown * 255)).max() <= 1
    dark = np.rint(picture(channels, 8) * 50).astype(np.uint16)
    if channels == 4:
        dark[..., 3] = 255
    for spread in (257, 256):
        photo = photos.decode(WRITERS[form](dark * spread), 64)
        assert photo.notes == ()
        assert np.abs(photo.pixels - dark.astype(int)).max() <= 1


def test_grey_with_alpha_of_fewer_bits_is_refused_as_too_dark() -> None:
    """Nothing of its lower bytes can be had from Pillow."""
    with pytest.raises(SetAsideError, match="too dark: no 16-bit value is above a quarter of white"):
        photos.decode(png(np.rint(picture(2, 12) * 4095).astype(np.uint16)), 64)


def saved(pixels: NDArray[np.uint8], form: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, form)
    return out.getvalue()


@pytest.mark.parametrize(("base", "what"), [(0, "black"), (246, "white")])
def test_pictures_of_nothing_are_refused_with_noise_and_a_dead_pixel(base: int, what: str) -> None:
    blank = (base + np.random.default_rng(1).integers(0, 9, (120, 160, 3))).astype(np.uint8)
    with pytest.raises(SetAsideError, match=f"all but {what}"):
        photos.decode(saved(blank), 64)
    with pytest.raises(SetAsideError, match=f"all but {what}"):
        photos.decode(saved(blank, "JPEG"), 64)
    blank[50:53, 70:74] = 128
    with pytest.raises(SetAsideError, match=f"all but {what}"):
        photos.decode(saved(blank), 64)
    with pytest.raises(SetAsideError, match="all but black"):
        photos.decode(saved(np.zeros((64, 64), np.uint8)), 64)


def test_night_photos_and_bright_ones_stay() -> None:
    night = (scene_photo(4) * 0.12).astype(np.uint8)
    night[10:13, 20:24] = 250
    assert np.array_equal(photos.decode(saved(night), 64).pixels, night)
    lit = np.zeros((120, 160, 3), np.uint8)
    lit[50:56, 70:76] = 90  # a lamp, on no point that is looked at first
    assert np.array_equal(photos.decode(saved(lit), 64).pixels, lit)
    bright = 255 - night
    assert np.array_equal(photos.decode(saved(bright), 64).pixels, bright)


def test_a_black_figure_on_nothing_is_a_figure() -> None:
    cut = np.zeros((80, 60, 4), np.uint8)
    cut[20:60, 20:40, 3] = 255
    assert np.array_equal(photos.decode(saved(cut), 64).pixels, cut)


ROOMS = SHARED / "photos" / "backgrounds"


@pytest.mark.skipif(not ROOMS.is_dir(), reason="the real photos are not on this machine")
def test_real_photos_are_never_blank_nor_half_as_bright() -> None:
    for path in sorted(ROOMS.iterdir())[::12]:
        with Image.open(path, formats=["JPEG", "PNG", "WEBP"]) as photo:
            photo.draft("RGB", (200, 200))
            pixels = np.asarray(photo.convert("RGB"))
        levels.refuse_blank(pixels)
        levels.refuse_blank((pixels / 3).astype(np.uint8))
