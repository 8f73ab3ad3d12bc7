import dataclasses
import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from figureground.core.canvas import Canvas
from figureground.core.engines import Processes, Serial
from figureground.core.errors import FigureGroundError
from figureground.core.folder_store import FolderStore
from figureground.core.job import CutoutModel, Job
from figureground.core.memory_store import MemoryStore
from figureground.core.nouns import Background, Catalog
from figureground.core.recipe import Recipe
from figureground.geometry.codes import dequantise
from figureground.ingest import ingest, state
from figureground.ingest.catalog import FILE, digest, files, from_lines, load_catalog, to_lines
from figureground.ingest.framing import framed_depth
from figureground.ingest.inputs import photos_of
from figureground.ingest.key import key
from figureground.ingest.pixels import Pixels
from figureground.networks.cutout import cutout_check
from figureground.networks.weights import weights_of
from tests.builders import (
    FLOOR_VIEWS,
    ground_recipe,
    job_of,
    scene_photo,
    small_recipe,
    write_floor_photos,
    write_photos,
    write_saliency_network,
)


def run(recipe: Recipe, strict: bool = False) -> tuple[Catalog, MemoryStore]:
    store = MemoryStore()
    return ingest.ingest(job_of(recipe), Serial(), store, lambda *_: None, strict), store


def state_of(recipe: Recipe) -> str:
    """Return the state of the catalog that the recipe's photos would make."""
    job = job_of(recipe)
    return state.state(job, photos_of(job).photos)


def test_every_engine_makes_the_same_catalog(tmp_path: Path) -> None:
    write_photos(tmp_path, 5, 4)
    recipe = small_recipe(tmp_path)
    catalog, store = run(recipe)
    parallel = MemoryStore()
    assert ingest.ingest(job_of(recipe), Processes(2), parallel, lambda *_: None) == catalog
    assert parallel.files == store.files
    assert [b.id for b in catalog.backgrounds] == ["bg001", "bg002", "bg003", "bg004", "bg005"]
    assert sorted(store.files) == sorted(
        [FILE]
        + [f"Background/bg{i:03d}.jpg" for i in range(1, 6)]
        + [f"{kind}/fg{i:03d}.png" for i in range(1, 5) for kind in ("Foreground", "Mask")]
    )


def test_a_catalog_survives_the_disk(tmp_path: Path) -> None:
    write_photos(tmp_path)
    catalog, memory = run(small_recipe(tmp_path, backgrounds={"depth": "depth"}, depth={"source": "layered"}))
    store = FolderStore(tmp_path / "catalog")
    for name, data in memory.files.items():
        store.write(name, data)
    assert load_catalog(store) == catalog
    pixels = Pixels(catalog, store, keep_bytes=1)  # nothing is kept, everything still right
    assert pixels.background(1).shape == (64, 64, 3)
    assert np.array_equal(pixels.background(1), pixels.background(1))
    assert pixels.cutout(0).shape == (catalog.foregrounds[0].height, catalog.foregrounds[0].width, 4)
    rows = pixels.depth(0).codes[:, 0]
    assert rows[0] == pytest.approx(6000, abs=50)  # the depth of row 0 of room0.png
    assert pixels.table(0)[-1, -1] == catalog.foregrounds[0].area


def test_copies_are_set_aside(tmp_path: Path) -> None:
    write_photos(tmp_path)
    shutil.copy(tmp_path / "rooms/room1.png", tmp_path / "rooms/room9.png")
    with Image.open(tmp_path / "rooms/room2.png") as room:
        room.save(tmp_path / "rooms/room8.jpg", quality=50)
    catalog, _ = run(small_recipe(tmp_path))
    assert [(s.source, s.reason) for s in catalog.set_aside] == [
        ("rooms/room8.jpg", "the same picture as rooms/room2.png, which is less compressed"),
        ("rooms/room9.png", "the same file as rooms/room1.png"),
    ]
    assert len(catalog.backgrounds) == 3


def test_bad_photos_are_set_aside_counted_and_fatal_only_if_strict(tmp_path: Path) -> None:
    write_photos(tmp_path)
    (tmp_path / "rooms/broken.jpg").write_bytes(b"<html>not found</html>")
    Image.fromarray(scene_photo(7, 200, 200)).save(tmp_path / "people/no_alpha.jpg")
    recipe = small_recipe(tmp_path)
    catalog, _ = run(recipe)
    assert {s.source for s in catalog.set_aside} == {"rooms/broken.jpg", "people/no_alpha.jpg"}
    assert len(catalog.backgrounds) == len(catalog.foregrounds) == 3
    with pytest.raises(FigureGroundError, match="cannot be used"):
        run(recipe, strict=True)


def test_nothing_usable_is_an_error_with_the_reasons(tmp_path: Path) -> None:
    write_photos(tmp_path, 1, 1)
    (tmp_path / "rooms/room0.png").write_bytes(b"junk")
    with pytest.raises(FigureGroundError, match="no background can be used") as caught:
        run(small_recipe(tmp_path))
    assert "not a picture" in caught.value.where


def test_depth_that_is_missing_sets_its_background_aside(tmp_path: Path) -> None:
    write_photos(tmp_path)
    (tmp_path / "depth/room1.png").unlink()
    np.save(tmp_path / "depth/room2.npy", np.full((96, 120), 2.5, np.float32))
    (tmp_path / "depth/room2.png").unlink()
    catalog, store = run(small_recipe(tmp_path, backgrounds={"depth": "depth"}, depth={"source": "layered"}))
    assert [(s.source, s.reason) for s in catalog.set_aside] == [
        ("rooms/room1.png", "no depth map with its stem in backgrounds.depth")
    ]
    assert np.all(dequantise(Pixels(catalog, store).depth(1)).values == 2.5)


@pytest.mark.parametrize(
    ("sections", "what"),
    [
        ({"backgrounds": {"path": "nowhere"}}, "no such folder of photos"),
        ({"backgrounds": {"path": []}}, "names no folder"),
        ({"backgrounds": {"path": "empty"}}, "no pictures"),
        ({"backgrounds": {"depth": "nowhere"}}, "no such folder of depth maps"),
        ({"depth": {"source": "layered", "model": ""}}, "the backgrounds' depth is needed"),
        ({"placement": {"mode": "ground"}, "depth": {"model": ""}}, "the backgrounds' depth is needed"),
        ({"foregrounds": {"cutout": "network", "network": ""}}, "names no network"),
        ({"foregrounds": {"network": "no.onnx"}}, "no such cut-out network"),
    ],
)
def test_wrong_folders_and_files_are_named_before_any_work(
    tmp_path: Path, sections: dict[str, object], what: str
) -> None:
    write_photos(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FigureGroundError, match=what):
        run(small_recipe(tmp_path, **sections))


def test_the_state_hangs_on_photos_and_knobs_that_matter(tmp_path: Path) -> None:
    write_photos(tmp_path)
    before = state_of(small_recipe(tmp_path))
    assert state_of(small_recipe(tmp_path, placement={"per_pair": 9}, name="other")) == before
    assert state_of(small_recipe(tmp_path, size=96)) != before
    with Image.open(tmp_path / "rooms/room1.png") as room:
        room.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(tmp_path / "rooms/room1.png")
    assert state_of(small_recipe(tmp_path)) != before


def looking_for_people(recipe: Recipe, network: Path, keep: bool = False) -> Job:
    """Return the recipe's job, with a network of one's own that says who is in a background."""
    job = job_of(recipe)
    found = weights_of(network, "cut-out")
    model = CutoutModel(network, found.sha256, found.files)
    looked = tuple(dataclasses.replace(own, people=model, keep_people=keep) for own in job.inputs.backgrounds)
    return dataclasses.replace(job, inputs=dataclasses.replace(job.inputs, backgrounds=looked))


def test_a_background_that_shows_people_is_set_aside(tmp_path: Path) -> None:
    """By a network that takes red for people; what it is counts among what the catalog hangs on."""
    write_photos(tmp_path)
    for i in range(3):
        room = scene_photo(i).copy()
        room[..., 0] //= 4  # nothing is red
        room[..., 2] = 200
        if i == 1:
            room[40:110, 50:90] = (230, 30, 30)
        Image.fromarray(room).save(tmp_path / f"rooms/room{i}.png")
    recipe = small_recipe(tmp_path)
    job = looking_for_people(recipe, write_saliency_network(tmp_path / "people.onnx", people=True))
    catalog = ingest.ingest(job, Serial(), MemoryStore(), lambda *_: None)
    assert [entry.source for entry in catalog.backgrounds] == ["rooms/room0.png", "rooms/room2.png"]
    (aside,) = catalog.set_aside
    assert aside.source == "rooms/room1.png"
    assert aside.reason.startswith("it shows people, ")
    assert "people.onnx" in [one.file for one in catalog.networks if one.use == "people"]
    asked_nobody = run(recipe)[0].backgrounds
    assert [entry.people for entry in asked_nobody] == [-1, -1, -1]
    assert [entry.people for entry in catalog.backgrounds] == [0, 0]
    assert state.state(job, photos_of(job).photos) != state_of(recipe)
    for one, other in zip(photos_of(job).photos, photos_of(job_of(recipe)).photos, strict=True):
        same = key(job, one, state.file_hash) == key(job_of(recipe), other, state.file_hash)
        assert same == (one.kind == "foreground")


@pytest.mark.parametrize(("class_", "keep", "used"), [("person", True, 3), ("Person", False, 2), ("chair", False, 3)])
def test_people_in_a_background_are_wrong_truth_among_people_alone(
    tmp_path: Path, class_: str, keep: bool, used: int
) -> None:
    """One that is used all the same is noted, and the catalog holds where they are."""
    write_photos(tmp_path)
    for i in range(3):
        room = scene_photo(i).copy()
        room[..., 0] //= 4
        room[..., 2] = 200
        if i == 1:
            room[40:110, 50:90] = (230, 30, 30)
        Image.fromarray(room).save(tmp_path / f"rooms/room{i}.png")
    recipe = small_recipe(tmp_path, foregrounds={"class": class_})
    job = looking_for_people(recipe, write_saliency_network(tmp_path / "people.onnx", people=True), keep)
    store = MemoryStore()
    catalog = ingest.ingest(job, Serial(), store, lambda *_: None)
    assert len(catalog.backgrounds) == used
    shown = [entry for entry in catalog.backgrounds if entry.people > 0]
    assert len(shown) == used - 2
    notes = [note.source for note in catalog.notes if "background_people" in note.reason]
    assert notes == [entry.source for entry in shown]
    pixels = Pixels(catalog, store)
    for i, entry in enumerate(catalog.backgrounds):
        mask = pixels.people(i)
        assert (mask is None) == (entry.people == 0)
        assert mask is None or mask.mean() == pytest.approx(entry.people, abs=1e-6)


def test_the_networks_that_look_for_people_ship() -> None:
    for network in ("small", "other.onnx", ""):
        assert cutout_check(network).is_file()
    assert cutout_check("small") != cutout_check("other.onnx")


def test_a_depth_map_belongs_to_one_photo(tmp_path: Path) -> None:
    write_photos(tmp_path)
    layered = small_recipe(tmp_path, backgrounds={"depth": "depth"}, depth={"source": "layered"})
    (tmp_path / "rooms/more").mkdir()
    Image.fromarray(scene_photo(9)).save(tmp_path / "rooms/more/room1.png")
    catalog, _ = run(layered)
    assert [(s.source, s.reason) for s in catalog.set_aside] == [
        ("rooms/more/room1.png", "no depth map with its stem in backgrounds.depth")
    ]
    np.save(tmp_path / "depth/room2.npy", np.full((96, 120), 2.5, np.float32))
    catalog, _ = run(layered)
    reason = (
        "it is not clear which depth map is its own: room2.npy or room2.png; keep one, or lay both folders out alike"
    )
    assert [s.reason for s in catalog.set_aside if s.source == "rooms/room2.png"] == [reason]


def test_reasons_name_no_place_of_the_machine(tmp_path: Path) -> None:
    write_photos(tmp_path)
    (tmp_path / "depth/room0.png").write_bytes(b"junk")
    catalog, _ = run(small_recipe(tmp_path, backgrounds={"depth": "depth"}, depth={"source": "layered"}))
    assert len(catalog.set_aside) == 1
    assert str(tmp_path) not in catalog.set_aside[0].reason


def test_figure_heights_hang_on_the_photo_not_on_its_place_in_the_folder(tmp_path: Path) -> None:
    write_photos(tmp_path, 1, 4)
    heights = {f.source: f.height for f in run(small_recipe(tmp_path, size=160))[0].foregrounds}
    (tmp_path / "people/person0.png").unlink()
    fewer = {f.source: f.height for f in run(small_recipe(tmp_path, size=160))[0].foregrounds}
    assert fewer == {source: heights[source] for source in fewer}


def test_floors_feet_and_reliefs_are_found_and_survive_the_disk(tmp_path: Path) -> None:
    write_floor_photos(tmp_path, 4, 3)
    recipe = ground_recipe(tmp_path)
    catalog, store = run(recipe)
    parallel = MemoryStore()
    assert ingest.ingest(job_of(recipe), Processes(2), parallel, lambda *_: None) == catalog
    assert parallel.files == store.files
    assert from_lines(to_lines(catalog)) == catalog
    named = {name for name, sha256 in files(catalog)}
    assert {name for name in store.files if name != FILE} == named
    for name, sha256 in files(catalog):
        assert hashlib.sha256(store.files[name]).hexdigest() == sha256
    pixels = Pixels(catalog, store)
    for i, background in enumerate(catalog.backgrounds):
        view = FLOOR_VIEWS[i % len(FLOOR_VIEWS)]
        assert background.ground is not None
        assert background.ground.horizon_y == pytest.approx(view.horizon(96), abs=0.5)
        assert background.ground.roll_deg == pytest.approx(view.roll_deg, abs=0.2)
        assert background.ground.share == pytest.approx(pixels.floor(i).mean(), abs=1e-4)
        seen = {(int(x), int(y)) for x, y, _ in pixels.footing(i) if y < 96}
        floor = {(x, y) for y, x in np.argwhere(pixels.floor(i) & (pixels.depth(i).codes > 0)).tolist()}
        assert seen <= floor
        assert len(seen) > len(floor) / 2
    for i, foreground in enumerate(catalog.foregrounds):
        assert 1.5 <= foreground.real_height <= 1.9
        relief = pixels.relief(i)
        assert relief is not None
        assert relief.shape == (foreground.height, foreground.width)


def test_relief_is_prepared_only_where_depth_shows_it(tmp_path: Path) -> None:
    write_floor_photos(tmp_path)
    for sections, has in (
        ({"depth": {"relief": "flat"}}, False),
        ({"depth": {"source": "none"}}, False),
        ({"placement": {"mode": "uniform"}}, False),
        ({}, True),
    ):
        catalog, _ = run(ground_recipe(tmp_path, **sections))
        assert all(bool(f.relief_file) == has for f in catalog.foregrounds)


def test_backgrounds_without_a_floor_are_left_out_or_used_without_geometry(tmp_path: Path) -> None:
    write_floor_photos(tmp_path)
    np.save(tmp_path / "depth/wall.npy", np.full((120, 150), 3.0, np.float32))
    Image.fromarray(scene_photo(9, 120, 150)).save(tmp_path / "rooms/wall.png")
    catalog, _ = run(ground_recipe(tmp_path))
    assert [s.source for s in catalog.set_aside] == ["rooms/wall.png"]
    assert catalog.set_aside[0].reason.startswith("no usable floor: ")
    catalog, _ = run(ground_recipe(tmp_path, placement={"no_floor": "grid"}))
    assert not catalog.set_aside
    assert [b.source for b in catalog.backgrounds if b.ground is None] == ["rooms/wall.png"]
    assert [n.reason.startswith("no usable floor: ") for n in catalog.notes] == [True]


@pytest.mark.parametrize(
    ("unit", "step", "offset"), [("m", 1000.0, 0.001), ("1/m", 10000.0, 0.0001), ("relative", 1.0, 0.0)]
)
def test_known_depth_has_the_unit_that_the_recipe_says(tmp_path: Path, unit: str, step: float, offset: float) -> None:
    write_floor_photos(tmp_path, 1, 1)
    with Image.open(tmp_path / "depth/room0.png") as picture:
        codes = np.asarray(picture).astype(np.float32)
    recipe = ground_recipe(tmp_path, backgrounds={"depth_unit": unit}, placement={"no_floor": "uniform"})
    catalog, store = run(recipe)
    (background,) = catalog.backgrounds
    assert background.depth_unit == unit
    found = dequantise(Pixels(catalog, store).depth(0))
    assert found.direction == ("larger is farther" if unit == "m" else "larger is nearer")
    known = framed_depth(codes / np.float32(step), (120, 150), Canvas(96, 96), "cover")
    assert np.allclose(found.values, known, rtol=2e-4, atol=offset)


def test_the_state_knows_what_standing_hangs_on(tmp_path: Path) -> None:
    write_floor_photos(tmp_path, 1, 1)
    before = state_of(ground_recipe(tmp_path))
    for same in (
        {"placement": {"per_pair": 9, "figures": [1, 3], "overlap": 0.1, "samples": 2}},
        {"look": {"shadow": [0, 0]}},
        {"depth": {"thickness": 0.1}},
    ):
        assert state_of(ground_recipe(tmp_path, **same)) == before
    for other in (
        {"placement": {"camera_height": 2.0}},
        {"foregrounds": {"height": [0.1, 0.45]}},
        {"depth": {"focal": 0.9}},
        {"depth": {"relief": "flat"}},
        {"foregrounds": {"real_height": [1.0, 1.2]}},
        {"backgrounds": {"depth_unit": "1/m"}},
    ):
        assert state_of(ground_recipe(tmp_path, **other)) != before, other
    floor = (tmp_path / "depth/room0.png").read_bytes()
    (tmp_path / "depth/room0.png").write_bytes(floor + b"\0")
    assert state_of(ground_recipe(tmp_path)) != before


def test_pictures_change_the_catalogs_digest_and_names_do_not(tmp_path: Path) -> None:
    write_floor_photos(tmp_path)
    catalog, _ = run(ground_recipe(tmp_path))
    before = digest(catalog)
    (first, *rest) = catalog.backgrounds
    assert first.ground is not None

    def changed(background: Background) -> str:
        return digest(dataclasses.replace(catalog, backgrounds=(background, *rest)))

    assert changed(dataclasses.replace(first, source="other/name.png")) == before
    assert changed(dataclasses.replace(first, floor_sha256="0" * 64)) != before
    assert changed(dataclasses.replace(first, ground=dataclasses.replace(first.ground, horizon_y=1.0))) != before
    assert changed(dataclasses.replace(first, depth_scale=0.002)) != before
