"""The loop of 2020 does what it is a baseline for: it pastes at the place, writes both pictures, and sums them up."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from bench import loop2020


def given() -> loop2020.Pictures:
    """Two grey rooms, and a cut-out of 40 x 100 px whose left half is red and right half blue."""
    cutout = Image.new("RGBA", (40, 100), (220, 0, 0, 255))
    cutout.paste((0, 0, 220, 255), (20, 0, 40, 100))
    rooms = [Image.new("RGB", (loop2020.SIDE, loop2020.SIDE), (grey, grey, grey)) for grey in (90, 160)]
    return loop2020.pictures(rooms, [cutout])


def decoded(archive: Path, name: str) -> np.ndarray:
    with zipfile.ZipFile(archive) as found:
        return np.asarray(Image.open(io.BytesIO(found.read(name)))).astype(float)


def test_the_cut_out_is_where_it_was_pasted(tmp_path: Path) -> None:
    archive = tmp_path / "data.zip"
    loop2020.make(
        given(), [loop2020.Paste(0, 0, 30, 60, False), loop2020.Paste(1, 0, 200, 200, True)], archive, first=7
    )
    image, mask = decoded(archive, "Fg-Bg/fg-bg7.jpg"), decoded(archive, "Fg-Bg-Mask/fg-bg-mask7.jpg")
    assert image.shape == (224, 224, 3)
    assert np.allclose(image[100, 40], (220, 0, 0), atol=30)
    assert np.allclose(image[100, 60], (0, 0, 220), atol=30)
    assert np.allclose(image[100, 120], 90, atol=10)
    assert mask[60:160, 30:70].mean() > 245
    assert mask[170:, 80:].max() < 10
    twin = decoded(archive, "Fg-Bg/fg-bg8.jpg")
    assert np.allclose(twin[214, 208], (0, 0, 220), atol=30), "mirrored, and cut off by the frame"
    assert np.allclose(twin[100, 100], 160, atol=10)


def test_both_pictures_lie_deflated_and_optimised(tmp_path: Path) -> None:
    archive = tmp_path / "data.zip"
    loop2020.make(given(), [loop2020.Paste(0, 0, 30, 60, False)], archive)
    with zipfile.ZipFile(archive) as found:
        assert {member.compress_type for member in found.infolist()} == {zipfile.ZIP_DEFLATED}
        first = Image.open(io.BytesIO(found.read("Fg-Bg/fg-bg1.jpg")))
        assert (first.format, first.mode) == ("JPEG", "RGB")
        mask = found.read("Fg-Bg-Mask/fg-bg-mask1.jpg")
    wanted, as_optimised = Image.new("L", (224, 224)), io.BytesIO()
    wanted.paste(255, (30, 60, 70, 160))
    wanted.save(as_optimised, "JPEG", quality=30, optimize=True)
    assert mask == as_optimised.getvalue()


def test_statistics_are_those_of_all_pixels(tmp_path: Path) -> None:
    archives = [tmp_path / f"data{k}.zip" for k in range(2)]
    where = [loop2020.Paste(k % 2, 0, 20 + 9 * k, 30, k % 3 == 0) for k in range(6)]
    loop2020.make(given(), where[:2], archives[0])
    loop2020.make(given(), where[2:], archives[1], first=3)
    for folder, stem, channels in (("Fg-Bg", "fg-bg", 3), ("Fg-Bg-Mask", "fg-bg-mask", 1)):
        mean, deviation = loop2020.statistics(loop2020.sums(archive, folder) for archive in archives)
        pixels = [decoded(archives[0 if k < 3 else 1], f"{folder}/{stem}{k}.jpg") / 255 for k in range(1, 7)]
        flat = np.concatenate([one.reshape(-1, channels) for one in pixels])
        assert np.allclose(mean, flat.mean(0))
        assert np.allclose(deviation, flat.std(0))


def test_the_order_is_that_of_2020() -> None:
    found = list(loop2020.pastes(2, 3, 2))
    assert len(found) == 2 * 3 * 2 * 2
    assert [one.background for one in found] == [0] * 12 + [1] * 12
    assert [one.cutout for one in found[:12]] == [0] * 4 + [1] * 4 + [2] * 4
    assert [one.mirrored for one in found[:4]] == [False, True, False, True]
    assert all((one.x, one.y) == (twin.x, twin.y) for one, twin in zip(found[::2], found[1::2], strict=True))
    assert {1 <= one.x <= 120 and 1 <= one.y <= 120 for one in found} == {True}


def test_photos_are_made_as_tall_as_then(tmp_path: Path) -> None:
    for name in ("rooms", "people"):
        (tmp_path / name).mkdir()
    Image.new("RGB", (400, 300), (1, 2, 3)).save(tmp_path / "rooms/a.png")
    for k in range(5):
        Image.new("RGBA", (100, 400), (9, 9, 9, 255)).save(tmp_path / f"people/{k}.png")
    found = loop2020.photos(tmp_path / "rooms", tmp_path / "people")
    assert [room.size for room in found.backgrounds] == [(224, 224)]
    assert all(100 <= one.height <= 120 and one.width == round(one.height / 4) for one in found.cutouts)
