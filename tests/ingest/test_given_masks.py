"""Masks that the user gives: whose they are, what their files mean, and what happens without one."""

import io
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground.core.engines import Serial
from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.memory_store import MemoryStore
from figureground.core.nouns import Catalog
from figureground.ingest import given_masks, photos, state
from figureground.ingest.ingest import ingest
from figureground.ingest.inputs import photos_of
from figureground.ingest.pixels import Pixels
from tests.builders import figure_cutout, job_of, scene_photo, small_recipe, write_photos

SOFT = np.pad(figure_cutout(1, 150, 60)[..., 3], 15)  # 180 x 90 px
HARD = np.where(SOFT >= 128, 255, 0).astype(np.uint8)


def photo(seed: int = 0, colour: Any = (200, 30, 40)) -> np.ndarray[Any, Any]:
    """Return a busy photo with a red figure where SOFT is."""
    a = SOFT[..., None] / 255
    return np.rint(a * np.array(colour) + (1 - a) * scene_photo(seed + 3, *SOFT.shape)).astype(np.uint8)


def with_people(folder: Path, **files: np.ndarray[Any, Any]) -> None:
    """Write rooms, and photos of people in place of the cut-outs."""
    write_photos(folder, 2, 0)
    for name, pixels in files.items():
        Image.fromarray(pixels).save(folder / "people" / name.replace("__", "."))


def run(folder: Path, **foregrounds: Any) -> tuple[Catalog, MemoryStore]:
    store = MemoryStore()
    recipe = small_recipe(folder, foregrounds={"network": "", **foregrounds})
    return ingest(job_of(recipe), Serial(), store, lambda *_: None), store


@pytest.mark.parametrize("name", ["ana_mask.png", "ana-mask.PNG", "ana.mask.png", "Ana_MATTE.png", "ana_alpha.bmp"])
def test_a_mask_beside_its_photo_is_its_alpha(tmp_path: Path, name: str) -> None:
    with_people(tmp_path, ana__png=photo())
    Image.fromarray(SOFT).save(tmp_path / "people" / name)
    catalog, store = run(tmp_path)
    (figure,) = catalog.foregrounds
    assert figure.cutout == "mask"
    assert not catalog.set_aside
    cut = Pixels(catalog, store).cutout(0)
    assert ((cut[..., 3] > 20) & (cut[..., 3] < 230)).any()  # soft edges stay
    rim = (cut[..., 3] > 60) & (cut[..., 3] < 250)
    assert np.abs(cut[rim][:, :3].astype(int) - [200, 30, 40]).mean() < 12  # without the room's colours


def test_masks_of_a_folder_pair_by_path_then_by_stem(tmp_path: Path) -> None:
    cafe = "caf\u00e9"  # composed, and its mask taken apart as macOS does
    with_people(tmp_path, **{f"{cafe}.png": photo(0, (20, 160, 40))}, bo__png=photo(1), cy__png=photo(2))
    for sub in ("a", "b"):
        (tmp_path / "people" / sub).mkdir()
        (tmp_path / "masks" / sub).mkdir(parents=True)
        Image.fromarray(photo(ord(sub), (20 + 180 * (sub == "b"), 99, 200))).save(tmp_path / f"people/{sub}/0.png")
        Image.fromarray(HARD).save(tmp_path / f"masks/{sub}/0.png")
    Image.fromarray(HARD).save(tmp_path / "masks" / (unicodedata.normalize("NFD", cafe) + ".TIF"))
    Image.fromarray(HARD).save(tmp_path / "masks/a/Bo_mask.png")
    catalog, _ = run(tmp_path, masks="masks")
    used = {f.source for f in catalog.foregrounds}
    assert used == {"people/a/0.png", "people/b/0.png", "people/bo.png", f"people/{cafe}.png"}
    assert [(s.source, s.reason) for s in catalog.set_aside] == [("people/cy.png", given_masks.NO_MASK)]


def test_nobody_gets_a_mask_that_may_be_anothers() -> None:
    pairs = given_masks.paired
    assert pairs(["a/0.jpg", "b/0.jpg"], ["x/0.png"]) == [None, None]
    assert pairs(["a/0.jpg"], ["x/0.png", "y/0.png"]) == [None]
    assert pairs(["a/0.jpg", "b/0.jpg"], ["b/0.png", "a/0.png"]) == [1, 0]
    assert pairs(["x.jpg", "X.jpg"], ["X.png", "x.png"]) == [1, 0]
    assert pairs(["x.jpg"], ["x.jpg.png"]) == [0]
    assert pairs(["x.jpg", "y.jpg"], ["x_alpha.png", "deep/Y.png"]) == [0, 1]


def test_a_folder_of_masks_among_the_photos_holds_no_photos(tmp_path: Path) -> None:
    with_people(tmp_path, ana__png=photo())
    (tmp_path / "people/masks").mkdir()
    Image.fromarray(HARD).save(tmp_path / "people/masks/ana.png")
    used, _ = run(tmp_path, masks="people/masks")
    assert [f.cutout for f in used.foregrounds] == ["mask"]
    with pytest.raises(FigureGroundError, match="no foreground can be used"):
        run(tmp_path)  # the recipe does not name it, but it is no folder of figures


def test_label_pictures_among_photos_are_named_not_used(tmp_path: Path) -> None:
    with_people(tmp_path, ana__png=photo(), ana_mask__png=HARD, ana_seg__png=photo(9), odd__png=HARD)
    Image.fromarray(scene_photo(5)).save(tmp_path / "rooms/room0_depth.png")
    Image.fromarray((6000 - 20 * np.mgrid[0:96, 0:120][0]).astype(np.uint16)).save(tmp_path / "rooms/zz.png")
    catalog, _ = run(tmp_path)
    assert [f.source for f in catalog.foregrounds] == ["people/ana.png"]
    assert len(catalog.backgrounds) == 2
    told = {s.source: s.reason for s in catalog.set_aside}
    assert told.keys() == {"rooms/room0_depth.png", "rooms/zz.png", "people/ana_seg.png", "people/odd.png"}
    assert told["rooms/room0_depth.png"].startswith("by its name the depth of room0.png, not a photo")
    assert told["rooms/zz.png"] == "no photo: it looks like a 16-bit depth map"
    assert told["people/odd.png"] == "no photo: it looks like a mask: black and white but for its edges"


def test_masks_and_a_method_that_makes_others_contradict(tmp_path: Path) -> None:
    with_people(tmp_path, ana__png=photo(), ana_mask__png=HARD)
    with pytest.raises(FigureGroundError, match="gives the masks"):
        run(tmp_path, masks="people", cutout="key")
    with pytest.raises(FigureGroundError, match=r"no such"):
        run(tmp_path, masks="nowhere")
    with pytest.raises(FigureGroundError, match="no foreground"):
        run(tmp_path, cutout="key")  # the mask beside is then not used, and the ground is not plain


def test_another_mask_is_another_catalog(tmp_path: Path) -> None:
    with_people(tmp_path, ana__png=photo(), ana_mask__png=HARD)
    job = job_of(small_recipe(tmp_path))
    before = state.state(job, photos_of(job).photos)
    Image.fromarray(SOFT).save(tmp_path / "people/ana_mask.png")
    assert state.state(job, photos_of(job).photos) != before


def read(
    folder: Path, picture: Image.Image, shown: photos.Photo | None = None, **options: Any
) -> given_masks.GivenMask:
    path = folder / "mask"
    picture.save(path, options.pop("format", "PNG"), **options)
    return given_masks.read_mask(path, shown or photos.Photo(photo()))


def test_masks_of_every_kind_mean_the_same(tmp_path: Path) -> None:
    ids = (HARD // 255) * np.where(np.mgrid[0:180, 0:90][0] < 90, 1, 7).astype(np.uint8)
    void = np.where((SOFT > 20) & (SOFT < 230), 255, (SOFT >= 230) * 15).astype(np.uint8)
    palette = Image.fromarray(ids, "P")
    palette.putpalette([0, 0, 0, 200, 0, 0, *[9] * 15, 0, 90, 200])
    coloured = np.zeros((180, 90, 3), np.uint8)
    coloured[ids == 1], coloured[ids == 7] = (220, 20, 60), (0, 0, 142)
    kinds = {
        "1 bit": Image.fromarray(HARD).convert("1"),
        "16 bits": Image.fromarray(HARD.astype(np.uint16) * 257),
        "0 and 1": Image.fromarray(HARD // 255),
        "ids": Image.fromarray(ids),
        "ids of 16 bits": Image.fromarray(ids.astype(np.uint16)),
        "palette": palette,
        "colours": Image.fromarray(coloured),
        "RGB": Image.fromarray(np.repeat(HARD[..., None], 3, 2)),
        "alpha": Image.fromarray(np.dstack([photo(), HARD])),
    }
    for kind, picture in kinds.items():
        found = read(tmp_path, picture)
        assert np.array_equal(found.alpha, HARD), kind
        assert bool(found.notes) == (kind not in ("1 bit", "16 bits", "RGB")), kind
    assert np.array_equal(read(tmp_path, Image.fromarray(void)).alpha >= 128, SOFT >= 230)
    assert np.array_equal(read(tmp_path, Image.fromarray(SOFT)).alpha, SOFT)
    jpeg = read(tmp_path, Image.fromarray(HARD), format="JPEG", quality=60).alpha
    assert ((jpeg >= 128) == (HARD >= 128)).mean() > 0.999
    assert (jpeg[:10] == 0).all()


def test_an_inverted_mask_is_turned_round_with_a_note(tmp_path: Path) -> None:
    found = read(tmp_path, Image.fromarray(255 - SOFT))
    assert np.array_equal(found.alpha, SOFT)
    assert "other way round" in found.notes[0]


def test_what_is_no_mask_sets_the_photo_aside(tmp_path: Path) -> None:
    for picture, reason in (
        (Image.fromarray(scene_photo(1, 180, 90)), "colours, not a mask"),
        (Image.fromarray(HARD[:, :70]), "its mask is 70 x 180 px, another shape than the photo \\(90 x 180 px\\)"),
    ):
        with pytest.raises(SetAsideError, match=reason):
            read(tmp_path, picture)
    (tmp_path / "mask").write_bytes(b"<html>")
    with pytest.raises(SetAsideError, match="its mask cannot be read"):
        given_masks.read_mask(tmp_path / "mask", photos.Photo(photo()))
    assert read(tmp_path, Image.fromarray(HARD).resize((45, 90))).alpha.shape == (90, 45)


def test_a_photo_that_its_exif_block_turns_has_its_mask_turned_with_it(tmp_path: Path) -> None:
    def decoded(orientation: int, pixels: np.ndarray[Any, Any]) -> photos.Photo:
        exif, out = Image.Exif(), io.BytesIO()
        exif[274] = orientation
        Image.fromarray(pixels).save(out, "JPEG", exif=exif, quality=95)
        return photos.decode(out.getvalue(), 32)

    lying = Image.fromarray(photo()).transpose(Image.Transpose.ROTATE_90)
    shown = decoded(6, np.asarray(lying))  # as a camera held upright stores it
    stored = Image.fromarray(SOFT).transpose(Image.Transpose.ROTATE_90)
    found = read(tmp_path, stored, shown)
    assert np.array_equal(found.alpha, SOFT)
    assert "turned with it" in found.notes[0]
    upright = read(tmp_path, Image.fromarray(SOFT), shown)
    assert np.array_equal(upright.alpha, SOFT)
    assert upright.notes == upright.warnings == ()
    assert "fits both ways" in read(tmp_path, Image.fromarray(SOFT), decoded(3, photo())).warnings[0]
