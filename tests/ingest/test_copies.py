"""Of copies the better is kept, whatever the order; what is only nearly alike stays, and shares a split."""

import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from figureground.core.engines import Processes, Serial
from figureground.core.errors import FigureGroundError
from figureground.core.memory_store import MemoryStore
from figureground.core.nouns import Catalog
from figureground.ingest.catalog import FILE, files
from figureground.ingest.copies import Seen, told_apart
from figureground.ingest.ingest import ingest
from figureground.ingest.same_picture import miniature, same_cut_anew, same_picture
from figureground.plan.split import split
from figureground.resolve import placing_of
from tests.builders import SHARED, figure_cutout, job_of, scene_photo, small_recipe, write_photos


def sign(number: int, size: int = 240) -> np.ndarray[Any, Any]:
    """Return a round sign with a number on it."""
    v, u = np.mgrid[0:size, 0:size] - size / 2
    r = np.hypot(u, v) / size
    rgb = np.where((r < 0.36)[..., None], 245, np.array([190, 20, 30])).astype(np.uint8)
    picture = Image.fromarray(rgb)
    ImageDraw.Draw(picture).text((size * 0.33, size * 0.35), str(number), fill=(10, 10, 10), font_size=size * 0.3)
    return np.dstack([np.asarray(picture), (255 * np.clip((0.46 - r) * 60, 0, 1)).astype(np.uint8)])


def again(
    pixels: np.ndarray[Any, Any], scale: float = 1.0, kind: str = "WEBP", quality: int = 60
) -> np.ndarray[Any, Any]:
    """Return a picture resized and encoded again."""
    picture, out = Image.fromarray(pixels), io.BytesIO()
    picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS).save(
        out, kind, quality=quality
    )
    return np.asarray(Image.open(out).convert("RGBA" if pixels.shape[2] == 4 else "RGB"))


def run(folder: Path, engine: Any = None, **sections: Any) -> tuple[Catalog, MemoryStore]:
    store = MemoryStore()
    return ingest(job_of(small_recipe(folder, **sections)), engine or Serial(), store, lambda *_: None), store


def test_signs_that_differ_in_their_digits_are_different_signs(tmp_path: Path) -> None:
    write_photos(tmp_path, 2, 0)
    for number in range(20, 100, 10):
        Image.fromarray(sign(number)).save(tmp_path / f"people/limit{number}.png")
    catalog, _ = run(tmp_path)
    assert len(catalog.foregrounds) == 8
    assert not catalog.set_aside
    (name,) = {f.twins for f in catalog.foregrounds}
    assert name == min(f.source_sha256 for f in catalog.foregrounds)
    kept = split(placing_of(small_recipe(tmp_path, split={"foregrounds": 0.4})), catalog)
    assert len(kept.foregrounds) in (0, 8)
    fewer, store = run(tmp_path, near_twins="set aside")
    assert len(fewer.foregrounds) == 1
    assert {s.reason for s in fewer.set_aside} == {f"nearly the same picture as {fewer.foregrounds[0].source}"}
    assert {name for name in store.files if name.startswith(("Foreground", "Mask"))} == {
        "Foreground/fg001.png",
        "Mask/fg001.png",
    }


def test_the_better_of_two_copies_is_kept_and_named(tmp_path: Path) -> None:
    write_photos(tmp_path, 3, 3)
    large = scene_photo(77, 300, 400)
    Image.fromarray(again(large, 0.5)).save(tmp_path / "rooms/a_small.png")
    Image.fromarray(large).save(tmp_path / "rooms/z_large.png")
    Image.fromarray(again(large, 1.0, "JPEG", 40)).save(tmp_path / "rooms/m_worse.jpg", quality=40)
    shutil.copy(tmp_path / "rooms/z_large.png", tmp_path / "rooms/zz.png")
    catalog, store = run(tmp_path)
    assert [b.source for b in catalog.backgrounds] == [*(f"rooms/room{n}.png" for n in range(3)), "rooms/z_large.png"]
    assert {s.source: s.reason for s in catalog.set_aside} == {
        "rooms/a_small.png": "the same picture as rooms/z_large.png, which has 4 times the pixels",
        "rooms/m_worse.jpg": "the same picture as rooms/z_large.png, which is less compressed",
        "rooms/zz.png": "the same file as rooms/z_large.png",
    }
    assert [b.id for b in catalog.backgrounds] == ["bg001", "bg002", "bg003", "bg004"]
    assert {name for name, _ in files(catalog)} == {name for name in store.files if name != FILE}
    parallel = MemoryStore()
    assert ingest(job_of(small_recipe(tmp_path)), Processes(2), parallel, lambda *_: None) == catalog
    assert parallel.files == store.files
    with pytest.raises(FigureGroundError, match=r"a photo cannot be used: the same picture as rooms/z_large\.png"):
        ingest(job_of(small_recipe(tmp_path)), Serial(), MemoryStore(), lambda *_: None, strict=True)


def seen(kind: str, pixels: np.ndarray[Any, Any], **about: Any) -> Seen:
    values = {"name": "x", "sha256": "0", "pixels": pixels.shape[0] * pixels.shape[1], **about}
    return Seen(kind, values.pop("name"), values.pop("sha256"), miniature(pixels), **values)


def test_a_cut_out_that_had_to_be_mended_stays_beside_one_that_had_not(tmp_path: Path) -> None:
    """Its file shows something else; as figures they are alike, as tall, on the same foot, and in one split."""
    write_photos(tmp_path, 2, 0)
    clean = np.pad(figure_cutout(4, 400, 160), ((30, 30), (30, 30), (0, 0)))
    below, above = clean.copy(), clean.copy()
    below[-8:-5, 40:43] = above[4:7, 100:103] = (90, 80, 70, 255)
    Image.fromarray(clean).save(tmp_path / "people/clean.png")
    Image.fromarray(below).save(tmp_path / "people/below.png")
    catalog, _ = run(tmp_path)
    assert [f.source for f in catalog.foregrounds] == ["people/below.png", "people/clean.png"]
    assert len({(round(f.height / f.scale), f.foot) for f in catalog.foregrounds}) == 1
    (name,) = {f.twins for f in catalog.foregrounds}
    assert name
    assert [n.reason for n in catalog.notes] == ["1 speck beside the figure taken away (0.03% of its area)"]
    Image.fromarray(above).save(tmp_path / "people/above.png")  # two that had to be mended are one picture again
    catalog, _ = run(tmp_path)
    (aside,) = catalog.set_aside
    assert {aside.source, aside.reason.partition(", ")[0]} in (
        {"people/above.png", "the same picture as people/below.png"},
        {"people/below.png", "the same picture as people/above.png"},
    )


def test_what_is_kept_hangs_on_the_photos_not_on_their_order() -> None:
    cutout, other = sign(50), sign(80)
    all_of_them = [
        seen("foreground", cutout, name="alpha", sha256="a", cutout="alpha"),
        seen("foreground", again(cutout, 2.0), name="guessed", sha256="b", cutout="network"),
        seen("foreground", again(cutout, 0.6), name="small", sha256="c", cutout="alpha"),
        seen("foreground", other, name="other", sha256="d", cutout="alpha"),
        seen("foreground", cutout, name="first", sha256="e", cutout="alpha"),
        seen("background", scene_photo(1, 200, 300), name="room", sha256="f"),
    ]
    expected = {
        "guessed": "the same picture as alpha, which has its own alpha",
        "small": "the same picture as alpha, which has 2.78 times the pixels",
        "first": "the same picture as alpha, which is as good",
    }
    for order in ([0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [2, 4, 1, 0, 5, 3]):
        told = told_apart({n: all_of_them[i] for n, i in enumerate(order)}, keep_twins=True)
        assert {all_of_them[order[n]].name: reason for n, reason in told.reasons.items()} == expected
        assert {all_of_them[order[n]].name: name for n, name in told.twins.items()} == {"alpha": "a", "other": "a"}


def test_encodings_are_told_from_small_changes() -> None:
    for seed in range(3):
        room = scene_photo(seed, 300, 400)
        for copy in (again(room, 0.5, "JPEG", 75), again(room, 1.0, "JPEG", 30), again(room, 1.7)):
            assert same_picture("background", miniature(room), miniature(copy))
        changed = room.copy()
        changed[100:118, 200:222] = 255 - changed[100:118, 200:222] // 2
        for other in (
            changed,
            room[:, ::-1],
            np.clip(room * 1.2, 0, 255).astype(np.uint8),
            scene_photo(seed + 9, 300, 400),
        ):
            assert not same_picture("background", miniature(room), miniature(other))


def test_one_photo_cut_out_in_two_ways_is_one_picture() -> None:
    cutout = np.pad(figure_cutout(3, 400, 160), ((20, 20), (20, 20), (0, 0)))
    cutout[..., :3] = scene_photo(5, *cutout.shape[:2])
    thinner = cutout.copy()
    thinner[..., 3] = np.roll(np.minimum(cutout[..., 3], np.roll(cutout[..., 3], 4, 1)), 1, 0)
    recoloured = thinner.copy()
    recoloured[180:240, 60:120, :3] //= 3
    assert same_cut_anew(miniature(cutout), miniature(thinner))
    assert not same_cut_anew(miniature(cutout), miniature(recoloured))
    assert not same_cut_anew(miniature(sign(20)), miniature(sign(30)))


@pytest.mark.skipif(not (SHARED / "photos").is_dir(), reason="the shared photos are not beside this checkout")
def test_real_people_are_not_taken_for_one_another() -> None:
    paths = sorted((SHARED / "photos/people_cutouts").glob("person_hsd_1[34]*.png"))
    people = []
    for path in paths:
        with Image.open(path) as picture:
            people.append(miniature(np.asarray(picture.convert("RGBA"))))
    assert len(people) > 12
    for i, one in enumerate(people):
        for other in people[:i]:
            assert not same_picture("foreground", one, other)
            assert not same_cut_anew(one, other)
