import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.ingest import photos, srgb
from tests.builders import SHARED, scene_photo

NASTY = SHARED / "photos" / "nasty"


def saved(picture: Image.Image, format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, format, **options)
    return out.getvalue()


def test_every_mode_becomes_the_same_rgb() -> None:
    rgb = scene_photo(0)
    picture = Image.fromarray(rgb)
    assert np.array_equal(photos.decode(saved(picture, "PNG"), 64).pixels, rgb)
    grey = picture.convert("L")
    expected = np.repeat(np.asarray(grey)[..., None], 3, 2)
    for form in (grey, grey.convert("LA"), Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)):
        assert np.array_equal(photos.decode(saved(form, "PNG"), 64).pixels[..., :3], expected)
    palette = picture.quantize(64)
    assert np.array_equal(photos.decode(saved(palette, "PNG"), 64).pixels, np.asarray(palette.convert("RGB")))
    one_bit = photos.decode(saved(grey.convert("1"), "PNG"), 64).pixels
    assert set(np.unique(one_bit)) == {0, 255}
    cmyk = photos.decode(saved(picture.convert("CMYK"), "JPEG", quality=95), 64).pixels
    assert np.abs(cmyk.astype(int) - rgb).mean() < 6  # not inverted


def test_16_bits_round_to_the_nearest_of_8() -> None:
    values = np.random.default_rng(0).permutation(np.arange(0, 65536, 16, dtype=np.uint16)).reshape(64, 64)
    decoded = photos.decode(saved(Image.fromarray(values), "PNG"), 64).pixels[..., 0]
    assert np.array_equal(decoded, np.rint(values / 257).astype(np.uint8))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_alpha_is_kept(mode: str) -> None:
    rgba = np.dstack([scene_photo(1), np.full((96, 120), 255, np.uint8)])
    rgba[:40, :50, 3] = 0
    picture = Image.fromarray(rgba)
    form = picture.quantize(32) if mode == "P" else picture.convert(mode)
    decoded = photos.decode(saved(form, "PNG"), 64).pixels
    assert decoded.shape == (96, 120, 4)
    assert np.array_equal(decoded[..., 3], np.asarray(form.convert("RGBA"))[..., 3])
    assert (decoded[..., 3] == 0).sum() >= 2000


def test_a_transparent_colour_becomes_alpha() -> None:
    rgb = scene_photo(2)
    rgb[:30] = (1, 2, 3)
    decoded = photos.decode(saved(Image.fromarray(rgb), "PNG", transparency=(1, 2, 3)), 64).pixels
    assert (decoded[:30, :, 3] == 0).all()
    assert (decoded[31:, :, 3] == 255).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_stand_upright(orientation: int) -> None:
    rgb = scene_photo(3)
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = Image.fromarray(rgb)
    if orientation in undo:
        stored = stored.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(photos.decode(saved(stored, "PNG", exif=exif), 64).pixels, rgb)


def test_a_profile_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the colours that Pillow's own conversion gives."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    srgb._transform.cache_clear()
    built = []

    def counting(*arguments: Any, **more: Any) -> Any:
        built.append(arguments)
        return real(*arguments, **more)

    real = ImageCms.buildTransform
    monkeypatch.setattr(ImageCms, "buildTransform", counting)
    for seed in range(3):
        picture = Image.fromarray(scene_photo(seed))
        data = saved(picture, "PNG", icc_profile=profile.tobytes())
        expected = ImageCms.profileToProfile(picture, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
        assert np.array_equal(photos.decode(data, 64).pixels, np.asarray(expected))
    assert len(built) == 1


def test_colour_profiles_are_applied_and_broken_ones_noted() -> None:
    rgb = scene_photo(4)
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert (
        np.abs(
            photos.decode(saved(Image.fromarray(rgb), "PNG", icc_profile=swapped), 64).pixels.astype(int) - rgb
        ).max()
        <= 2
    )
    broken = photos.decode(saved(Image.fromarray(rgb), "PNG", icc_profile=b"garbage" * 30), 64)
    assert np.array_equal(broken.pixels, rgb)
    assert any("profile" in note for note in broken.notes)


def test_large_jpegs_are_reduced_but_never_below_enough() -> None:
    data = saved(Image.fromarray(scene_photo(5, 1600, 2400)), "JPEG")
    height, width = photos.decode(data, 300).pixels.shape[:2]
    assert (height, width) == (400, 600)


def test_the_full_size_is_that_of_the_upright_file_before_any_reduction() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = Image.fromarray(scene_photo(5, 800, 1200))
    for format in ("JPEG", "PNG", "TIFF", "WEBP"):
        photo = photos.decode(saved(picture, format, exif=exif), 200)
        assert photo.full_size == (1200, 800), format
        assert photo.pixels.shape[:2] == ((300, 200) if format == "JPEG" else (1200, 800))
    assert photos.Photo(scene_photo(0)).full_size == (96, 120)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16", "CMYK"])
def test_very_large_pictures_are_reduced_like_others_but_never_below_enough(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a worker needs no more memory than what decoding takes."""
    picture = Image.fromarray(scene_photo(5, 330, 450)).convert("L" if mode == "I;16" else mode)
    if mode in ("RGBA", "LA"):
        picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture).astype(np.uint16) * 257)
    exif = Image.Exif()
    exif[0x0112] = 8
    data = saved(picture, "TIFF" if mode == "CMYK" else "PNG", **({} if mode == "CMYK" else {"exif": exif}))
    whole = photos.decode(data, 100).pixels.astype(float)
    monkeypatch.setattr(photos, "_LARGE", 330 * 450 - 1)
    small = photos.decode(data, 100)
    rows, columns = whole.shape[0] // 3, whole.shape[1] // 3
    assert small.pixels.shape == (rows, columns, whole.shape[2])
    assert small.full_size == whole.shape[:2]
    mean = whole.reshape(rows, 3, columns, 3, -1).mean((1, 3))
    assert np.abs(small.pixels - mean).mean() < 3
    assert photos.decode(data, 200).pixels.shape == whole.shape


def test_more_pixels_than_there_is_memory_for_are_refused_from_the_header() -> None:
    for format, side in (("PNG", 9000), ("WEBP", 6400)):
        data = saved(Image.new("L", (side, side)), format)
        with pytest.raises(SetAsideError, match="is more than"):
            photos.decode(data, 64)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<!DOCTYPE html><html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "LFS pointer"),
        (b"hello", "not a picture"),
        (b"%PDF-1.4", "a PDF"),
        (saved(Image.fromarray(scene_photo(6)), "JPEG")[:1500], "damaged or cut off"),
        (saved(Image.fromarray(scene_photo(6)), "PNG")[:1500], "damaged or cut off"),
        (saved(Image.new("RGB", (20, 200)), "PNG"), "too small"),
        (saved(Image.new("RGB", (900, 40)), "PNG"), "a strip"),
        (saved(Image.new("F", (64, 64)), "TIFF"), "floating-point"),
    ],
)
def test_what_is_no_photo_is_set_aside_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(SetAsideError, match=reason):
        photos.decode(data, 64)


def test_unreadable_files_are_set_aside(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").write_bytes(b"")
    with pytest.raises(SetAsideError, match="empty"):
        photos.read_bytes(tmp_path / "empty.jpg")
    with pytest.raises(SetAsideError, match="cannot be read"):
        photos.read_bytes(tmp_path / "gone.jpg")


def test_find_takes_folders_globs_and_files_in_natural_order(tmp_path: Path) -> None:
    for name in (
        "a/img10.jpg",
        "a/img2.jpg",
        "a/deep/x.PNG",
        "a/.hidden.jpg",
        "a/._img2.jpg",
        "a/Thumbs.db",
        "b/y.jpg",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    names = [p.relative_to(tmp_path).as_posix() for p in photos.find(["a"], tmp_path, "k")]
    assert names == ["a/deep/x.PNG", "a/img2.jpg", "a/img10.jpg"]
    assert len(photos.find(["a", "b/y.jpg", "a/*.jpg"], tmp_path, "k")) == 4
    assert len(photos.find(["a*"], tmp_path, "k")) == 3  # a glob may match folders
    (tmp_path / "odd [x]").mkdir()
    (tmp_path / "odd [x]/z.jpg").write_bytes(b"x")
    assert len(photos.find(["*.jpg"], tmp_path / "odd [x]", "k")) == 1
    for paths, what in (
        (["~nobody-here/x"], "no such folder"),
        ([], "names no folder"),
        (["c"], "no such folder"),
        (["a/Thumbs.db"], "no pictures"),
    ):
        with pytest.raises(FigureGroundError, match=what):
            photos.find(paths, tmp_path, "backgrounds.path")


@pytest.mark.skipif(not NASTY.is_dir(), reason="the collection of nasty files is not on this machine")
def test_nasty_files_end_in_a_picture_or_a_reason() -> None:
    """Every file of the collection either decodes or is set aside; those whose outcome is certain are named."""
    outcome: dict[str, Any] = {}
    for path in sorted(NASTY.iterdir()):
        try:
            outcome[path.name] = photos.decode(photos.read_bytes(path), 448).pixels
        except SetAsideError as error:
            outcome[path.name] = error.reason
    with (NASTY.parent / "nasty_manifest.csv").open(encoding="utf-8") as file:
        expected = {row["file"]: row["sensible_behaviour"] for row in csv.DictReader(file)}
    for name, behaviour in expected.items():
        if behaviour.startswith(("skipped with a message", "refused as too small")):
            if "fg" in name and "1x1" not in name and "truncated" not in name:
                continue
            assert isinstance(outcome[name], str), name
    reference = outcome["bg_exif_reference.jpg"].astype(int)
    for orientation in (2, 3, 5, 6, 7, 8):
        turned = outcome[f"bg_exif_orientation_{orientation}.jpg"].astype(int)
        assert turned.shape == reference.shape
        assert np.abs(turned - reference).mean() < 5
    colours = outcome["bg_icc_reference.jpg"].astype(int)
    for profile in ("displayp3", "prophoto", "adobergb"):
        assert np.abs(outcome[f"bg_icc_{profile}.jpg"].astype(int) - colours).mean() < 3
    assert outcome["bg_16bit_rgb.png"].mean() > 60  # neither clipped nor black
