"""Files that decode, though a part of them is gone; and a search for what makes a reader raise anything else."""

import io
import random
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground.core.errors import SetAsideError
from figureground.ingest import photos
from tests.builders import scene_photo

Bytes = bytes | bytearray
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "jpeg": ("JPEG", {}),
    "progressive jpeg": ("JPEG", {"progressive": True}),
    "png": ("PNG", {}),
    "apng": ("PNG", {"save_all": True, "append_images": [Image.new("RGB", (61, 47))]}),
    "webp": ("WEBP", {}),
    "lossless webp": ("WEBP", {"lossless": True}),
    "tiff": ("TIFF", {}),
    "lzw tiff": ("TIFF", {"compression": "tiff_lzw"}),
    "deflate tiff": ("TIFF", {"compression": "tiff_adobe_deflate"}),
    "jpeg tiff": ("TIFF", {"compression": "jpeg"}),
    "bmp": ("BMP", {}),
    "gif": ("GIF", {}),
    "avif": ("AVIF", {}),
    "jpeg 2000": ("JPEG2000", {}),
    "ppm": ("PPM", {}),
    "tga": ("TGA", {}),
    "rle tga": ("TGA", {"compression": "tga_rle"}),
    "mpo": ("MPO", {"save_all": True, "append_images": [Image.new("RGB", (61, 47))]}),
}
OPTIONAL = {"avif": "AVIF", "jpeg 2000": "JPEG2000", "webp": "WEBP", "lossless webp": "WEBP"}


def file_of(kind: str, height: int = 47, width: int = 61) -> bytes:
    Image.init()
    if OPTIONAL.get(kind, "PNG") not in Image.SAVE:
        pytest.skip(f"this Pillow writes no {kind}")
    form, options = KINDS[kind]
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"
    if form in ("JPEG", "PNG", "WEBP"):
        options = {**options, "exif": exif}
    out = io.BytesIO()
    Image.fromarray(scene_photo(3, height, width)).save(out, form, **options)
    return out.getvalue()


def reason(data: Bytes) -> str:
    with pytest.raises(SetAsideError) as caught:
        photos.decode(bytes(data), 64)
    return caught.value.reason


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_cut_off_is_no_picture(kind: str) -> None:
    data = file_of(kind, 190, 240)
    assert photos.decode(data, 64).pixels.shape[2] == 3
    first = data.index(b"\xff\xd9\xff\xd8") if kind == "mpo" else len(data)  # its second picture is not used
    for share in (0.3, 0.6, 0.95):
        assert reason(data[: int(share * first)])


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"gif", "rle tga", "tga", "mpo"}))
def test_a_file_whose_rest_is_zeros_is_no_picture(kind: str) -> None:
    """As of a download that stopped: the size is right."""
    data = file_of(kind, 190, 240)
    keep = len(data) * 6 // 10 if len(data) > 12_000 else len(data) - 4500
    assert reason(data[:keep] + bytes(len(data) - keep)) if keep > 700 else True


def test_a_png_is_whole_to_its_end_and_its_checksums_hold() -> None:
    data = file_of("png")
    assert "PNG's end is missing" in reason(data[:-12])
    assert "PNG's end is missing" in reason(data[:-13])
    at = data.index(b"IDAT") - 4
    length = int.from_bytes(data[at : at + 4], "big")
    checksum = at + 8 + length
    wrong = data[:checksum] + bytes([data[checksum] ^ 1]) + data[checksum + 1 :]
    assert "checksum" in reason(wrong)
    text = png_chunk(b"tEXt", b"Comment\0x")
    broken = text[:-1] + bytes([text[-1] ^ 1])  # of no pixel
    assert photos.decode(data[:at] + text + data[at:] + b"and more", 64).pixels.shape == (61, 47, 3)
    assert reason(data[:at] + broken[:4]) != ""


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def test_deflated_tiffs_are_held_to_their_checksum() -> None:
    data = file_of("deflate tiff", 190, 240)
    with Image.open(io.BytesIO(data), formats=["TIFF"]) as picture:
        start, size = picture.tag_v2[273][0], picture.tag_v2[279][0]  # type: ignore[attr-defined]
    end = start + size
    assert "checksum" in reason(data[: end - 1] + bytes([data[end - 1] ^ 1]) + data[end:])


def test_a_black_lower_part_is_damage_only_where_a_file_ends_in_zeros_and_does_not_begin_so() -> None:
    picture = scene_photo(1, 200, 200)
    picture[120:] = 0
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PPM")
    assert "pure black" in reason(out.getvalue())
    picture[:40] = 0  # bars above and below
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PPM")
    assert np.array_equal(photos.decode(out.getvalue(), 64).pixels, picture)
    picture[:40] = 90
    cut = np.dstack([picture, np.where(np.arange(200)[:, None] < 120, 255, 0) + np.zeros((200, 200))]).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(cut).save(out, "TIFF")
    assert np.array_equal(photos.decode(out.getvalue(), 64).pixels, cut)


def spoilt(data: bytes, rng: random.Random) -> bytes:
    """Return a file with some bytes changed, mostly in its header, or a piece gone, doubled or zeroed."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        at = rng.randrange(min(len(changed), rng.choice((64, 400, 10**9))))
        match rng.randrange(6):
            case 0:
                changed[at] ^= 1 << rng.randrange(8)
            case 1:
                changed[at] = rng.choice((0, 1, 127, 128, 255))
            case 2:
                changed[at : at + 4] = rng.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\1"))
            case 3:
                del changed[at : at + rng.choice((1, 2, 50))]
            case 4:
                changed[at:at] = changed[at : at + rng.choice((1, 4, 60))]
            case _:
                del changed[max(at, 12) :]
        if not changed:
            return b"\0"
    return bytes(changed)


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_wrong_with_a_file_it_is_a_picture_or_set_aside(kind: str) -> None:
    """Bytes are changed at random, the same ones in every run."""
    data, rng = file_of(kind), random.Random(kind)  # noqa: S311
    taken = 0
    for _ in range(60):
        try:
            photo = photos.decode(spoilt(data, rng), 64)
        except SetAsideError:
            continue
        taken += 1
        assert photo.pixels.dtype == np.uint8
        assert photo.pixels.shape[2] in (3, 4)
    assert taken < 60


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n%%EndComments\n{} loop\n", "an EPS drawing"),
        (b"DDS " + struct.pack("<7I", 124, 0x1007, 64, 64, 0, 0, 0) + bytes(96), "a DDS texture"),
        (b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 64, 64, 8, 3) + bytes(40), "a Photoshop file"),
        (b"%PDF-1.4\n", "a PDF"),
        (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
        (b"\xff\x0a" + bytes(60), "a JPEG XL picture"),
        (b"#define a_width 64\n#define a_height 64\nstatic char a_bits[] = {0};\n", "not a picture"),
        (b"\0\0\1\0\1\0" + bytes(40), "not a picture"),
        (bytes(4) + b"\x12\xaf" + bytes(122), "not a picture"),
        (b"\xd7\xcd\xc6\x9a\0\0" + bytes(60), "not a picture"),
    ],
)
def test_kinds_that_are_not_meant_are_not_opened_whatever_their_name(
    head: bytes, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An EPS named .png would start Ghostscript, which can run for ever."""
    monkeypatch.setattr("subprocess.Popen", None)
    assert reason(head).startswith(what)
