"""Known depth, end to end: what is made of each way that people have it, and what is said where it cannot be right."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from figureground import build, open_dataset
from figureground.core.arrays import Singles
from figureground.core.engines import Serial
from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.memory_store import MemoryStore
from figureground.core.nouns import Background, Catalog
from figureground.drawn import render_person
from figureground.ingest import ingest
from figureground.ingest.depth_maps import GivenMap, read_map
from figureground.ingest.inputs import photos_of
from figureground.ingest.pixels import Pixels
from figureground.ingest.state import state
from tests.builders import FLOOR_VIEWS, NO_LOOK, figure_cutout, floor_scene, ground_recipe, job_of, scene_photo

HEIGHT, WIDTH = 120, 150
FOCAL = HEIGHT / WIDTH  # of `floor_scene`, in widths of the canvas that shows all of it
CANVAS: dict[str, Any] = {"size": [WIDTH, HEIGHT]}


def write_rooms(folder: Path, rooms: int = 2) -> list[Singles]:
    """Write folder/rooms/room*.png and folder/people/person0.png; return the rooms' depth, metres."""
    for name in ("rooms", "people", "depth"):
        (folder / name).mkdir(parents=True)
    Image.fromarray(figure_cutout(0)).save(folder / "people/person0.png")
    found = []
    for i in range(rooms):
        picture, depth, _ = floor_scene(i, FLOOR_VIEWS[i % 3], HEIGHT, WIDTH)
        Image.fromarray(picture).save(folder / f"rooms/room{i}.png")
        found.append(depth.astype(np.float32))
    return found


def catalog_of(folder: Path, focal: float = FOCAL, **backgrounds: Any) -> tuple[Catalog, MemoryStore]:
    recipe = ground_recipe(folder, **CANVAS, backgrounds=backgrounds, depth={"focal": focal})
    memory = MemoryStore()
    return ingest.ingest(job_of(recipe), Serial(), memory, lambda *_: None), memory


def anywhere(folder: Path, focal: float = FOCAL, **backgrounds: Any) -> Catalog:
    """Return the catalog where figures need no floor, so that no photo is set aside for want of one."""
    recipe = ground_recipe(
        folder, **CANVAS, backgrounds=backgrounds, depth={"focal": focal}, placement={"no_floor": "uniform"}
    )
    return ingest.ingest(job_of(recipe), Serial(), MemoryStore(), lambda *_: None)


def metres(catalog: Catalog, store: MemoryStore, i: int = 0) -> Singles:
    return (Pixels(catalog, store).depth(i).codes / 1000).astype(np.float32)


def height_of(background: Background) -> float:
    assert background.ground is not None
    return background.ground.camera_height


def reasons(found: Any) -> list[str]:
    return [one.reason for one in found]


def test_what_our_own_command_writes_is_taken_by_its_own_word(tmp_path: Path) -> None:
    """NAME.depth.png with NAME.depth.json, whatever scale and offset that says."""
    for i, depth in enumerate(write_rooms(tmp_path)):
        codes = np.rint((depth - 0.25) * 4000).clip(1, 65535).astype(np.uint16)
        Image.fromarray(codes).save(tmp_path / f"depth/room{i}.depth.png")
        about = {"depth_unit": "m", "depth_scale": 1 / 4000, "depth_offset": 0.25, "depth_invalid": 0}
        (tmp_path / f"depth/room{i}.depth.json").write_text(json.dumps(about))
        assert codes.max() < 65535
    catalog, store = catalog_of(tmp_path)
    assert (len(catalog.backgrounds), catalog.set_aside, catalog.warnings) == (2, (), ())
    assert np.abs(metres(catalog, store) - depth_of(0)).max() < 0.002
    with pytest.raises(FigureGroundError, match="the recipe says depth_per_unit = 1000, and the JSON") as caught:
        catalog_of(tmp_path, depth_per_unit=1000)
    assert caught.value.where == "backgrounds.depth: room0.depth.png"
    (tmp_path / "depth/room1.depth.json").write_text("{")
    with pytest.raises(FigureGroundError, match="the JSON beside a depth map cannot be used: it is no JSON") as caught:
        catalog_of(tmp_path)
    assert caught.value.where == "room1.depth.json"


def depth_of(i: int) -> Singles:
    return floor_scene(i, FLOOR_VIEWS[i % 3], HEIGHT, WIDTH)[1].astype(np.float32)


def test_the_state_knows_the_json(tmp_path: Path) -> None:
    write_rooms(tmp_path, 1)
    Image.fromarray((depth_of(0) * 1000).astype(np.uint16)).save(tmp_path / "depth/room0.png")
    job = job_of(ground_recipe(tmp_path, **CANVAS))
    before = state(job, photos_of(job).photos)
    (tmp_path / "depth/room0.json").write_text('{"fx": 3}')
    assert state(job, photos_of(job).photos) == before  # no word of depth in it
    (tmp_path / "depth/room0.json").write_text('{"depth_scale": 0.001}')
    assert state(job, photos_of(job).photos) != before


def test_a_wrong_scale_is_told_with_the_right_one(tmp_path: Path) -> None:
    for i, depth in enumerate(write_rooms(tmp_path)):
        Image.fromarray(np.rint(depth * 5000).astype(np.uint16)).save(tmp_path / f"depth/room{i}.png")
    catalog, _ = catalog_of(tmp_path)
    assert reasons(catalog.warnings) == 2 * [
        "the camera would stand 7 m above the floor: looks like 5000 codes a metre; set depth_per_unit = 5000"
    ]
    catalog, store = catalog_of(tmp_path, depth_per_unit=5000)
    assert not catalog.warnings
    assert [height_of(b) for b in catalog.backgrounds] == pytest.approx([1.4, 1.4], abs=0.02)
    assert np.abs(metres(catalog, store) - depth_of(0)).max() < 0.002


@pytest.mark.parametrize(("codes", "per_unit"), [(256.0, 256), (100.0, 100)])
def test_other_data_sets_scales_are_known_too(tmp_path: Path, codes: float, per_unit: int) -> None:
    (depth,) = write_rooms(tmp_path, 1)
    Image.fromarray(np.rint(depth * codes).astype(np.uint16)).save(tmp_path / "depth/room0.png")
    (said,) = reasons(anywhere(tmp_path).warnings)
    assert said.endswith(f"set depth_per_unit = {per_unit}")


def test_a_photo_that_is_set_aside_tells_the_likely_cause(tmp_path: Path) -> None:
    """Millimetres in floats are all too far to be stored; the reason says what they look like."""
    (depth,) = write_rooms(tmp_path, 1)
    np.save(tmp_path / "depth/room0.npy", 1000 * depth)
    with pytest.raises(FigureGroundError, match="no background can be used") as caught:
        catalog_of(tmp_path)
    assert "no valid value; the camera would stand 1,4" in caught.value.where
    assert "looks like millimetres; set depth_per_unit = 1000" in caught.value.where


def along_the_ray(depth: Singles) -> Singles:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    f = FOCAL * WIDTH
    return (depth * np.sqrt(1 + ((x - WIDTH / 2) / f) ** 2 + ((y - HEIGHT / 2) / f) ** 2)).astype(np.float32)


def test_distances_along_the_ray_become_planar(tmp_path: Path) -> None:
    for i, depth in enumerate(write_rooms(tmp_path)):
        np.save(tmp_path / f"depth/room{i}.npy", along_the_ray(depth))
    catalog, _ = catalog_of(tmp_path)
    assert set(reasons(catalog.warnings)) == {
        'its floor is bent, and flat if depth is measured along the ray: set depth_kind = "distance"'
    }
    catalog, store = catalog_of(tmp_path, depth_kind="distance")
    assert not catalog.warnings
    assert np.abs(metres(catalog, store) - depth_of(0)).max() < 0.002
    assert [height_of(b) for b in catalog.backgrounds] == pytest.approx([1.4, 1.4], abs=0.02)
    with pytest.raises(FigureGroundError) as caught:
        catalog_of(tmp_path, focal=0.0, depth_kind="distance")
    assert "its depth is along the ray, and its focal length is not known: set depth.focal" in caught.value.where


def test_planar_depth_called_distance_is_told(tmp_path: Path) -> None:
    (depth,) = write_rooms(tmp_path, 1)
    np.save(tmp_path / "depth/room0.npy", depth)
    catalog, _ = catalog_of(tmp_path, depth_kind="distance")
    assert 'set depth_kind = "planar"' in reasons(catalog.warnings)[0]


def test_distances_are_converted_by_the_photos_own_principal_point(tmp_path: Path) -> None:
    """On a canvas of another shape the photo's middle is still the canvas's middle, and its focal length another part
    of the canvas's width."""
    (depth,) = write_rooms(tmp_path, 1)
    np.save(tmp_path / "depth/room0.npy", along_the_ray(depth))
    recipe = ground_recipe(
        tmp_path, size=HEIGHT, backgrounds={"depth_kind": "distance"}, depth={"focal": FOCAL * WIDTH / HEIGHT}
    )
    memory = MemoryStore()
    catalog = ingest.ingest(job_of(recipe), Serial(), memory, lambda *_: None)
    cropped = depth[:, (WIDTH - HEIGHT) // 2 : (WIDTH + HEIGHT) // 2]
    assert np.abs(metres(catalog, memory) - cropped).max() < 0.002


def test_inverse_depth_with_a_shift_is_told_and_then_fitted(tmp_path: Path) -> None:
    (depth,) = write_rooms(tmp_path, 1)
    q = 1 / depth
    codes = np.rint(65535 * (q - 0.9 * q.min()) / (q.max() - 0.9 * q.min())).astype(np.uint16)
    Image.fromarray(codes).save(tmp_path / "depth/room0.png")
    (said,) = reasons(anywhere(tmp_path, 0.0, depth_unit="relative").warnings)
    assert "which makes people too small" in said
    assert said.endswith('set depth_unit = "affine-inverse"')
    for focal, tolerance in ((0.0, 0.06), (FOCAL, 0.02)):
        catalog, _ = catalog_of(tmp_path, focal=focal, depth_unit="affine-inverse")
        (one,) = catalog.backgrounds
        assert not catalog.warnings
        assert (one.depth_unit, one.depth_from, one.depth_offset) == ("relative", "fitted", 0.0)
        assert one.ground is not None
        assert one.ground.horizon_y == pytest.approx(FLOOR_VIEWS[0].horizon(HEIGHT), abs=tolerance * HEIGHT)
        assert one.camera.horizon_from == "estimated"


@pytest.mark.parametrize(
    ("unit", "values", "advice"),
    [
        ("m", lambda z: 1 / z, 'looks like inverse depth (near is large); set depth_unit = "1/m"'),
        ("1/m", lambda z: z, 'looks like depth, not inverse depth; set depth_unit = "m"'),
        ("relative", lambda z: z, 'looks like depth, not inverse depth; set depth_unit = "m"'),
        ("affine-inverse", lambda z: z, 'looks like depth, not inverse depth; set depth_unit = "affine"'),
        ("affine", lambda z: 1 / z, 'looks like inverse depth (near is large); set depth_unit = "affine-inverse"'),
    ],
)
def test_near_and_far_exchanged_are_told(tmp_path: Path, unit: str, values: Any, advice: str) -> None:
    (depth,) = write_rooms(tmp_path, 1)
    np.save(tmp_path / "depth/room0.npy", values(depth))
    assert [advice in said for said in reasons(anywhere(tmp_path, 0.0, depth_unit=unit).warnings)] == [True]


def test_maps_that_say_nothing_are_told(tmp_path: Path) -> None:
    rooms = write_rooms(tmp_path, 3)
    sparse = np.where(np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) % 20 == 0, rooms[0], 0)
    sky = np.rint(1000 * rooms[1]).astype(np.uint16)
    sky[:30] = 65535
    np.save(tmp_path / "depth/room0.npy", sparse)
    Image.fromarray(sky).save(tmp_path / "depth/room1.png")
    np.save(tmp_path / "depth/room2.npy", np.full((HEIGHT, WIDTH), 2.0, np.float32))
    assert reasons(anywhere(tmp_path).warnings) == [
        "only 5% of its depth map has a value: sparse, or depth_invalid is wrong",
        "25% of its depth map is 65535, the largest code: looks like no value; set depth_invalid = 65535",
        "its depth map has one value throughout: no scene",
    ]


def test_same_names_in_sub_folders_keep_apart(tmp_path: Path) -> None:
    rooms = write_rooms(tmp_path)
    for i, scene in enumerate("ab"):
        for kind in ("rooms", "depth"):
            (tmp_path / kind / scene).mkdir()
        shutil.move(tmp_path / f"rooms/room{i}.png", tmp_path / f"rooms/{scene}/0000.png")
        np.save(tmp_path / f"depth/{scene}/0000.npy", rooms[i])
    catalog, store = catalog_of(tmp_path)
    assert [b.source for b in catalog.backgrounds] == ["rooms/a/0000.png", "rooms/b/0000.png"]
    for i in range(2):
        assert np.abs(metres(catalog, store, i) - rooms[i]).max() < 0.002
    (tmp_path / "depth/b/0000.npy").unlink()
    catalog, _ = catalog_of(tmp_path)
    assert [(s.source, s.reason) for s in catalog.set_aside] == [
        ("rooms/b/0000.png", "no depth map with its stem in backgrounds.depth")
    ]


@pytest.mark.parametrize("place", ["rooms/depth", "rooms"])
def test_maps_among_the_photos_are_no_photos(tmp_path: Path, place: str) -> None:
    rooms = write_rooms(tmp_path)
    (tmp_path / place).mkdir(exist_ok=True)
    for i, depth in enumerate(rooms):
        Image.fromarray(np.rint(1000 * depth).astype(np.uint16)).save(tmp_path / place / f"room{i}_depth.png")
    Image.fromarray(scene_photo(5, HEIGHT, WIDTH)).save(tmp_path / place / "other_depth.png")
    catalog, store = catalog_of(tmp_path, depth=place)
    assert [b.source for b in catalog.backgrounds] == ["rooms/room0.png", "rooms/room1.png"]
    assert np.abs(metres(catalog, store) - rooms[0]).max() < 0.002
    told = {
        "rooms": ("rooms/other_depth.png", "no photo: it lies among the depth maps of backgrounds.depth"),
        "rooms/depth": ("rooms/depth", "3 pictures that backgrounds.depth = 'rooms/depth' takes for its own"),
    }
    assert [(s.source, s.reason) for s in catalog.set_aside] == [told[place]]


def test_pipes_and_loops_are_never_waited_for(tmp_path: Path) -> None:
    (depth,) = write_rooms(tmp_path, 1)
    np.save(tmp_path / "depth/room0.npy", depth)
    os.mkfifo(tmp_path / "depth/room0.png")
    os.symlink("loop.png", tmp_path / "depth/loop.png")
    os.symlink(tmp_path / "depth", tmp_path / "depth/again")
    (tmp_path / "elsewhere").mkdir()
    shutil.move(tmp_path / "depth/room0.npy", tmp_path / "elsewhere/room0.npy")
    os.symlink(tmp_path / "elsewhere", tmp_path / "depth/linked")
    catalog, _ = catalog_of(tmp_path)
    assert (len(catalog.backgrounds), catalog.set_aside) == (1, ())


def turned(folder: Path, orientation: int) -> Singles:
    """Write a room as a camera held upright stores it, on its side; return its depth as the sensor saw it."""
    (depth,) = write_rooms(folder, 1)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    with Image.open(folder / "rooms/room0.png") as picture:
        stored = np.rot90(np.asarray(picture), 1 if orientation == 6 else 0)  # 6: turned to the right by the viewer
    Image.fromarray(np.ascontiguousarray(stored)).save(folder / "rooms/room0.png", exif=exif)
    return np.ascontiguousarray(np.rot90(depth, 1 if orientation == 6 else 0))


def test_a_map_as_the_sensor_saw_it_is_turned_with_its_photo(tmp_path: Path) -> None:
    sensor = turned(tmp_path, 6)
    np.save(tmp_path / "depth/room0.npy", sensor)
    catalog, store = catalog_of(tmp_path)
    assert reasons(catalog.notes) == ["its depth map (120 x 150 px) lay as the sensor saw the photo: turned with it"]
    assert np.abs(metres(catalog, store) - depth_of(0)).max() < 0.002
    np.save(tmp_path / "depth/room0.npy", depth_of(0))  # made of the upright photo
    catalog, store = catalog_of(tmp_path)
    assert (catalog.notes, catalog.warnings) == ((), ())
    assert np.abs(metres(catalog, store) - depth_of(0)).max() < 0.002


def test_a_map_that_fits_both_ways_is_told(tmp_path: Path) -> None:
    turned(tmp_path, 3)
    np.save(tmp_path / "depth/room0.npy", depth_of(0))
    assert reasons(anywhere(tmp_path).warnings)[0].startswith(
        "its EXIF block turns it, and its depth map (150 x 120 px) fits both ways: taken as made of the upright photo"
    )


def test_a_map_on_its_side_is_set_aside(tmp_path: Path) -> None:
    (depth,) = write_rooms(tmp_path, 1)
    np.save(tmp_path / "depth/room0.npy", np.rot90(depth))
    with pytest.raises(FigureGroundError) as caught:
        catalog_of(tmp_path)
    assert "its depth map (120 x 150 px) lies on its side: turn it as the photo lies" in caught.value.where


def test_a_dataset_has_one_unit_whoever_says_it(tmp_path: Path) -> None:
    rooms = write_rooms(tmp_path)
    for i, depth in enumerate(rooms):
        np.save(tmp_path / f"depth/room{i}.depth.npy", depth if i else 1 / depth)
        unit = "m" if i else "1/m"
        (tmp_path / f"depth/room{i}.depth.json").write_text(json.dumps({"depth_unit": unit, "depth_scale": 1.0}))
    with pytest.raises(FigureGroundError, match="the depth of the backgrounds has several units") as caught:
        catalog_of(tmp_path)
    assert caught.value.where == "backgrounds.depth, room0.depth.npy: 1/m; backgrounds.depth, room1.depth.npy: m"


def test_distance_goes_with_a_known_unit_alone(tmp_path: Path) -> None:
    with pytest.raises(FigureGroundError, match='depth_kind = "distance" goes with a known unit'):
        job_of(ground_recipe(tmp_path, backgrounds={"depth_kind": "distance", "depth_unit": "affine-inverse"}))


def write_figure(folder: Path) -> None:
    """Write folder/figures/person0.png, 2 m deep into the picture at 4 m, and its depth beside it, in millimetres."""
    (folder / "figures").mkdir()
    cutout = render_person(0, 300)
    Image.fromarray(cutout).save(folder / "figures/person0.png")
    height, width = cutout.shape[:2]
    slope = np.linspace(-0.1, 0.1, height)[:, None] + np.zeros(width)
    Image.fromarray(np.rint(4000 + 1000 * slope).astype(np.uint16)).save(folder / "figures/person0_depth.png")


def test_figures_have_the_relief_of_their_own_depth(tmp_path: Path) -> None:
    """In metres from their median, whatever depth.thickness is, and without the depth map becoming a figure."""
    (depth,) = write_rooms(tmp_path, 1)
    np.save(tmp_path / "depth/room0.npy", depth)
    write_figure(tmp_path)
    recipe = ground_recipe(
        tmp_path,
        **CANVAS,
        foregrounds={"path": "figures", "depth": "figures", "real_height": [1.7, 1.7]},
        depth={"focal": FOCAL, "thickness": 2.0},
        placement={"min_visible": 0.99},  # from head to foot
        look=NO_LOOK,
        split={"backgrounds": 0.0, "foregrounds": 0.0},
    )
    build(recipe, tmp_path / "out")
    data = open_dataset(tmp_path / "out")
    (one,) = data.catalog.foregrounds
    assert -0.1 < one.relief_back < -0.06
    assert 0.06 < one.relief_front < 0.1
    sample = data[0]
    (placed,) = sample.record.figures
    contact = placed.depth_at_contact
    assert sample.depth is not None
    assert sample.mask is not None
    assert contact is not None
    seen = np.where(sample.mask, sample.depth.values, np.nan)
    rows = np.nonzero(sample.mask.any(1))[0]
    assert float(np.nanmedian(seen)) == pytest.approx(contact, abs=0.03)
    assert contact - float(np.nanmedian(seen[rows[:3]])) == pytest.approx(one.relief_front, abs=0.02)  # the head
    assert contact - float(np.nanmedian(seen[rows[-3:]])) == pytest.approx(one.relief_back, abs=0.02)
    (tmp_path / "figures/person0_depth.png").unlink()
    with pytest.raises(FigureGroundError, match="no foreground can be used") as caught:
        catalog_with(tmp_path)
    assert "no depth map with its stem in foregrounds.depth" in caught.value.where


def catalog_with(folder: Path, **foregrounds: Any) -> Catalog:
    own = {"path": "figures", "depth": "figures", **foregrounds}
    recipe = ground_recipe(folder, **CANVAS, foregrounds=own, depth={"focal": FOCAL})
    return ingest.ingest(job_of(recipe), Serial(), MemoryStore(), lambda *_: None)


def test_figures_along_the_ray_need_their_own_focal_length(tmp_path: Path) -> None:
    (depth,) = write_rooms(tmp_path, 1)
    np.save(tmp_path / "depth/room0.npy", depth)
    write_figure(tmp_path)
    with pytest.raises(FigureGroundError) as caught:
        catalog_with(tmp_path, depth_kind="distance")
    assert "its focal length is not known: give photos whose EXIF tells FocalLengthIn35mmFilm" in caught.value.where
    exif = Image.Exif()
    exif[ExifTags.IFD.Exif] = {int(ExifTags.Base.FocalLengthIn35mmFilm): 26}
    with Image.open(tmp_path / "figures/person0.png") as picture:
        picture.save(tmp_path / "figures/person0.png", exif=exif)
    assert catalog_with(tmp_path, depth_kind="distance").foregrounds[0].relief_front > 0


def test_depth_of_figures_is_not_asked_for_where_nothing_shows_it(tmp_path: Path) -> None:
    recipe = ground_recipe(tmp_path, foregrounds={"depth": "nowhere"}, placement={"mode": "uniform"})
    assert job_of(recipe).inputs.foregrounds[0].depth is None


def test_what_became_a_pipe_since_it_was_found_is_no_map(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(SetAsideError, match="its depth map is no file"):
        read_map(GivenMap(str(tmp_path / "a.png")))
    with pytest.raises(SetAsideError, match="its depth map cannot be read: No such file"):
        read_map(GivenMap(str(tmp_path / "b.png")))
