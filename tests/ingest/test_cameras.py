"""What the catalog knows of each background's camera, and where it is from."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from figureground.core.camera import FIELDS, UNKNOWN, Camera
from figureground.core.engines import Serial
from figureground.core.memory_store import MemoryStore
from figureground.core.nouns import Background, Catalog
from figureground.core.recipe import Recipe
from figureground.ingest import ingest, state
from figureground.ingest.catalog import from_lines, to_lines
from figureground.ingest.inputs import photos_of
from tests.builders import (
    FLOOR_VIEWS,
    View,
    ground_recipe,
    job_of,
    small_recipe,
    write_depth_network,
    write_floor_photos,
    write_photos,
)


def catalog_of(recipe: Recipe) -> Catalog:
    return ingest.ingest(job_of(recipe), Serial(), MemoryStore(), lambda *_: None)


def with_exif(folder: Path, millimetres: int) -> None:
    """Give the photos of `write_photos` an EXIF block with the focal length for 36 x 24 mm."""
    for path in sorted((folder / "rooms").iterdir()):
        exif = Image.Exif()
        exif[ExifTags.IFD.Exif] = {int(ExifTags.Base.FocalLengthIn35mmFilm): millimetres}
        with Image.open(path) as picture:
            picture.load()
        picture.save(path, exif=exif)


def origins(camera: Camera) -> dict[str, str]:
    return {name.removesuffix("_from"): getattr(camera, name) for name in FIELDS if name.endswith("_from")}


def as_it_is(background: Background, view: View, size: int = 96) -> None:
    """Assert that a background's camera is a view's, as far as codes of a millimetre allow."""
    camera = background.camera
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == (size * view.focal, size * view.focal, size / 2, size / 2)
    assert camera.height_m == pytest.approx(view.camera_height, rel=0.01)
    assert camera.pitch_deg == pytest.approx(view.pitch_deg, abs=0.5)
    assert camera.roll_deg == pytest.approx(view.roll_deg, abs=0.5)
    assert camera.horizon_y == pytest.approx(view.horizon(size), abs=1)


def test_known_depth_and_a_given_focal_length_say_everything(tmp_path: Path) -> None:
    write_floor_photos(tmp_path)
    with_exif(tmp_path, 99)  # what the user says goes before
    for background, view in zip(catalog_of(ground_recipe(tmp_path)).backgrounds, FLOOR_VIEWS, strict=True):
        as_it_is(background, view)
        given = dict.fromkeys(("focal", "height", "pitch", "roll", "horizon"), "given")
        assert origins(background.camera) == given | {"centre": "assumed"}


def test_exif_is_the_weaker_of_two(tmp_path: Path) -> None:
    """The photos are 150 x 120 px, so their focal length of 1.0 canvas sides is 120 px of a diagonal of 192."""
    write_floor_photos(tmp_path)
    with_exif(tmp_path, round(43.2666 * 120 / math.hypot(120, 150)))
    recipe = ground_recipe(tmp_path, depth={"focal": 0.0})
    for background, view in zip(catalog_of(recipe).backgrounds, FLOOR_VIEWS, strict=True):
        camera = background.camera
        assert camera.fx == camera.fy == pytest.approx(96, rel=0.02)
        assert camera.height_m == pytest.approx(view.camera_height, rel=0.03)
        assert background.ground is not None
        assert camera.height_m == pytest.approx(background.ground.camera_height, abs=1e-3)  # what figures stand by
        exif = dict.fromkeys(("focal", "height", "pitch"), "exif")
        assert origins(camera) == exif | {"roll": "given", "horizon": "given", "centre": "assumed"}


@pytest.mark.parametrize(("height", "said"), [(1.4, "assumed"), (1.9, "given")])
def test_without_a_focal_length_the_height_is_the_recipes(tmp_path: Path, height: float, said: str) -> None:
    write_floor_photos(tmp_path)
    recipe = ground_recipe(tmp_path, depth={"focal": 0.0}, placement={"camera_height": height})
    for background, view in zip(catalog_of(recipe).backgrounds, FLOOR_VIEWS, strict=True):
        camera = background.camera
        assert (camera.height_m, camera.height_from) == (height, said)
        assert (camera.focal_from, camera.pitch_from) == ("assumed", "assumed")
        assert camera.horizon_y == pytest.approx(view.horizon(96), abs=1)
        assert camera.horizon_from == "given"


def test_exif_is_kept_where_a_network_gives_the_depth(tmp_path: Path) -> None:
    write_floor_photos(tmp_path)
    network = str(write_depth_network(tmp_path / "grey.onnx", size=96))
    more: dict[str, Any] = {
        "backgrounds": {"depth": ""},
        "placement": {"no_floor": "uniform"},
        "depth": {"model": network, "focal": 0.0},
    }
    plain = catalog_of(ground_recipe(tmp_path, **more))
    with_exif(tmp_path, 30)
    known = catalog_of(ground_recipe(tmp_path, **more))
    for before, after in zip(plain.backgrounds, known.backgrounds, strict=True):
        assert (before.camera.focal_from, after.camera.focal_from) == ("assumed", "exif")
        assert after.camera.fx == pytest.approx(96 * 30 / 43.2666 * math.hypot(120, 150) / 120, abs=1e-3)
        plane = "assumed" if after.ground is None else "estimated"
        assert (after.camera.horizon_from, after.camera.pitch_from) == (plane, plane)


def test_without_depth_there_is_a_usual_camera(tmp_path: Path) -> None:
    write_photos(tmp_path)
    (first, *_) = catalog_of(small_recipe(tmp_path)).backgrounds
    assert set(origins(first.camera).values()) == {"assumed"}
    assert (first.camera.cx, first.camera.cy, first.camera.height_m) == (32, 32, 1.4)
    assert first.camera.horizon_y == pytest.approx(0.44 * 64)
    (first, *_) = catalog_of(small_recipe(tmp_path, depth={"focal": 0.75}, backgrounds={"fit": "stretch"})).backgrounds
    assert (first.camera.fx, first.camera.fy) == pytest.approx((48, 48 * 120 / 96))
    assert first.camera.focal_from == "given"


@pytest.mark.parametrize("fit", ["cover", "contain", "stretch"])
def test_the_same_room_has_the_same_height_in_every_frame(tmp_path: Path, fit: str) -> None:
    write_floor_photos(tmp_path, 1, 1)
    with_exif(tmp_path, 27)
    recipe = ground_recipe(tmp_path, backgrounds={"fit": fit}, depth={"focal": 0.0}, placement={"no_floor": "uniform"})
    (background,) = catalog_of(recipe).backgrounds
    assert background.ground is not None
    assert background.camera.height_m == pytest.approx(1.4, rel=0.03)
    assert background.camera.pitch_deg == pytest.approx(8, abs=0.6)


def test_cameras_survive_the_disk_and_old_catalogs_have_none(tmp_path: Path) -> None:
    write_floor_photos(tmp_path)
    catalog = catalog_of(ground_recipe(tmp_path))
    assert from_lines(to_lines(catalog)) == catalog
    lines = to_lines(catalog)
    for background in catalog.backgrounds:
        assert np.isfinite([getattr(background.camera, name) for name in ("fx", "fy", "pitch_deg", "height_m")]).all()
    old = from_lines(
        "".join(line.partition(', "camera"')[0] + "}\n" for line in lines.splitlines() if '"camera"' in line)
    )
    assert [b.camera for b in old.backgrounds] == [UNKNOWN] * 3


def test_another_focal_length_is_another_catalog(tmp_path: Path) -> None:
    write_photos(tmp_path)
    jobs = [job_of(small_recipe(tmp_path, depth={"focal": focal})) for focal in (0.0, 0.9)]
    assert len({state.state(job, photos_of(job).photos) for job in jobs}) == 2
