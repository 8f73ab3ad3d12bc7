"""JPEG: a healthy file is never refused and gives Pillow's pixels; one whose data ends early is never taken."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground.core.errors import SetAsideError
from figureground.ingest import photos
from tests.builders import scene_photo

FORMS: dict[str, dict[str, Any]] = {
    "baseline": {},
    "optimized": {"optimize": True},
    "progressive": {"progressive": True},
    "restarts by rows": {"restart_marker_rows": 1},
    "restarts by blocks": {"restart_marker_blocks": 5},
    "progressive with restarts": {"progressive": True, "restart_marker_rows": 2},
}


def picture(mode: str = "RGB", height: int = 199, width: int = 261) -> Image.Image:
    return Image.fromarray(scene_photo(7, height, width)).convert(mode)


def saved(image: Image.Image, format: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def data_of(jpeg: bytes) -> tuple[int, int]:
    """Return where the data of a file's last scan starts and ends."""
    header = jpeg.rindex(b"\xff\xda")
    return header + 2 + int.from_bytes(jpeg[header + 2 : header + 4], "big"), len(jpeg) - 2


def refusal(data: bytes, enough: int = 10_000) -> str:
    with pytest.raises(SetAsideError) as caught:
        photos.decode(data, enough)
    return caught.value.reason


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_healthy_files_give_what_pillow_gives(form: str, mode: str) -> None:
    for quality in (1, 30, 75, 100):
        for subsampling in (0, 1, 2) if mode == "RGB" else (-1,):
            options = {**FORMS[form], "quality": quality, "subsampling": subsampling}
            data = saved(picture(mode), **options)
            with Image.open(io.BytesIO(data)) as expected:
                assert np.array_equal(photos.decode(data, 10_000).pixels, np.asarray(expected.convert("RGB"))), options


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [(33, 47), (64, 64), (65, 120)])
def test_odd_sizes_and_flat_pictures_are_whole(form: str, size: tuple[int, int]) -> None:
    flat = Image.new("RGB", size[::-1], (120, 130, 140))
    flat.paste((20, 30, 200), (3, 3, 20, 20))
    for image in (picture("RGB", *size), flat, picture("L", *size)):
        decoded = photos.decode(saved(image, **FORMS[form]), 10_000)
        assert decoded.pixels.shape == (*size, 3)
        assert decoded.notes == ()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_data_that_ends_early_is_damage_whatever_marker_ends_it(form: str, share: float) -> None:
    """Pillow fills the rest with grey and says nothing."""
    for mode in ("RGB", "L"):
        whole = saved(picture(mode), **FORMS[form])
        start, end = data_of(whole)
        cut = whole[: start + int(share * (end - start))].rstrip(b"\xff") + b"\xff\xd9"
        assert "part of the JPEG's data is missing" in refusal(cut)
        assert "part of the JPEG's data is missing" in refusal(cut + bytes(5000) + b"\xff\xd9")  # and garbage after it


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_no_more_than_two_blocks_at_the_very_end_may_be_missing(mode: str) -> None:
    whole = saved(picture(mode), quality=20, subsampling=0 if mode == "RGB" else -1)
    expected = photos.decode(whole, 10_000).pixels.astype(int)
    taken = 0
    for cut in range(3, 130):
        try:
            pixels = photos.decode(whole[:-cut].rstrip(b"\xff") + b"\xff\xd9", 10_000).pixels
        except SetAsideError:
            continue
        taken += 1
        changed = (np.abs(pixels - expected) > 2).any(-1)
        assert changed.sum() <= 128, cut
    assert taken < 9


@pytest.mark.parametrize("form", ["baseline", "restarts by rows", "restarts by blocks"])
def test_a_hole_in_the_data_is_damage(form: str) -> None:
    whole = saved(picture(), **FORMS[form])
    start, end = data_of(whole)
    third = (end - start) // 3
    holed = whole[: start + third].rstrip(b"\xff") + whole[start + 2 * third :]
    with Image.open(io.BytesIO(holed)) as pillow:
        pillow.load()  # and is content
    assert "part of the JPEG's data is missing" in refusal(holed)


def test_what_a_damaged_interval_leaves_out_is_missed_though_the_next_one_is_found() -> None:
    whole = saved(picture(), restart_marker_rows=2)
    first, second = whole.index(b"\xff\xd0"), whole.index(b"\xff\xd1")
    half = (first + second) // 2
    assert "part of the JPEG's data is missing" in refusal(whole[:half].rstrip(b"\xff") + whole[second:])
    assert "part of the JPEG's data is missing" in refusal(whole[:first] + whole[second:])  # a whole interval
    third = whole.index(b"\xff\xd2")
    swapped = whole[:first] + whole[second:third] + whole[first:second] + whole[third:]
    assert "part of the JPEG's data is missing" in refusal(swapped)


def test_scans_that_are_missing_are_damage() -> None:
    """A progressive picture that ends between two scans is whole for the decoder, and blurred."""
    whole = saved(picture(), progressive=True)
    scans = [n for n in range(len(whole)) if whole[n : n + 2] == b"\xff\xda"]
    assert len(scans) > 5
    for at in scans[1:]:
        assert "last scans are missing" in refusal(whole[:at] + b"\xff\xd9")
    with pytest.raises(SetAsideError, match=r"scans (is|are) missing"):
        photos.decode(whole[: scans[4]] + whole[scans[5] :], 10_000)


def test_a_missing_end_marker_is_told_even_where_zeros_stand_for_the_rest() -> None:
    whole = saved(picture())
    for tail in (b"", bytes(3000)):
        assert "end marker is missing" in refusal(whole[: len(whole) // 2] + tail)
    assert "end marker is missing" in refusal(whole[:-10])


def test_what_follows_the_end_or_lies_inside_a_segment_is_not_the_picture() -> None:
    whole = saved(picture())
    expected = photos.decode(whole, 10_000)
    thumbnail = saved(picture("RGB", 40, 50))
    inside = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    for data in (whole + bytes(range(256)) * 9, whole + whole[:-50], whole[:2] + inside + whole[2:]):
        assert np.array_equal(photos.decode(data, 10_000).pixels, expected.pixels)
    cut = whole[: len(whole) * 2 // 3].rstrip(b"\xff") + b"\xff\xd9"
    assert "data is missing" in refusal(cut[:2] + inside + cut[2:])


def test_the_first_of_several_pictures_in_a_file_is_a_jpeg_like_any() -> None:
    other = Image.new("RGB", (64, 64))
    several = saved(picture("RGB", 1600, 2400), "MPO", save_all=True, append_images=[other])
    photo = photos.decode(several, 300)
    assert (photo.pixels.shape, photo.full_size) == ((400, 600, 3), (1600, 2400))
    start = several.index(b"\xff\xda")
    end = several.index(b"\xff\xd9\xff\xd8", start)
    assert "data is missing" in refusal(several[: (start + end) // 2].rstrip(b"\xff") + several[end:])


def test_bytes_before_a_marker_are_passed_over_but_much_of_them_is_told() -> None:
    whole = saved(picture())
    for extra, notes in ((b"\0" * 40, 0), (b"\x5a" * 9000, 1)):
        photo = photos.decode(whole[:-2] + extra + whole[-2:], 10_000)
        assert np.array_equal(photo.pixels, photos.decode(whole, 10_000).pixels)
        assert len(photo.notes) == notes


def test_more_pixels_than_pillow_opens_are_read_where_the_decoder_can_reduce_them() -> None:
    """As phones of 108 and 200 megapixels write them."""
    height, width = 42_496, 5120
    row = saved(Image.fromarray(scene_photo(8, 8, width)).convert("L"), restart_marker_rows=1)
    start, end = data_of(row)
    at = row.index(b"\xff\xc0") + 5  # where the height stands
    rows = [bytes([0xFF, 0xD0 + n % 8]) + row[start:end] for n in range(height // 8 - 1)]
    data = row[:at] + height.to_bytes(2, "big") + row[at + 2 : end] + b"".join(rows) + row[end:]
    photo = photos.decode(data, 600)
    assert (photo.pixels.shape, photo.full_size) == ((height // 8, width // 8, 3), (height, width))
    assert "data is missing" in refusal(data[: end + 9000] + data[end + 9900 :], 600)
    with pytest.raises(SetAsideError, match="more than 80 million pixels"):
        photos.decode(data, 5120)
