"""Datasets whose figures stand on the floor: the same on every engine, exact outside the mask, honest of the rest."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground import build, open_dataset
from figureground.core.engines import Processes, Serial
from figureground.core.errors import FigureGroundError
from figureground.core.folder_store import FolderStore
from figureground.core.nouns import Catalog
from figureground.core.recipe import Recipe
from figureground.dataset.stored import Dataset
from figureground.drawn import render_person
from figureground.geometry.codes import dequantise
from figureground.ingest.catalog import load_catalog
from figureground.ingest.matting import trim
from figureground.plan.split import split
from figureground.resolve import placing_of, resolve
from figureground.samples import stats
from figureground.samples.maker import Maker
from figureground.samples.stats import Statistics
from tests.builders import (
    NO_LOOK,
    ground_recipe,
    scene_photo,
    write_depth_network,
    write_floor_photos,
)
from tests.make.test_build import members

SEVERAL: dict[str, Any] = {"figures": [1, 3], "min_visible": 0.3}


def total_of(data: Dataset) -> Statistics:
    return stats.total(stats.by_split_from_json(data.statistics["accumulated_by_split"]).values())


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    write_floor_photos(folder)
    return folder


def built(photos: Path, out: Path, **sections: Any) -> Dataset:
    """Build from photos that are prepared once, however many tests ask for them alike."""
    recipe = dataclasses.replace(ground_recipe(photos, **sections), cache=True)
    return open_dataset(build(recipe, out))


def prepared(recipe: Recipe, out: Path) -> Catalog:
    """Prepare the photos of a recipe alone."""
    return load_catalog(FolderStore(build(recipe, out, catalog_only=True) / "catalog"))


def test_same_bytes_on_every_engine_and_after_a_stop(tmp_path: Path) -> None:
    write_floor_photos(tmp_path)
    recipe = ground_recipe(tmp_path, placement=SEVERAL)
    serial = build(recipe, tmp_path / "serial", engine=Serial())
    pool = build(recipe, tmp_path / "pool", engine=Processes(2))
    assert members(serial) == members(pool)
    (pool / "parts/part-00002.zip").unlink()
    (pool / "manifest.json").unlink()
    build(recipe, pool, engine=Serial())
    assert members(serial) == members(pool)
    for name in ("labels.csv", "statistics.json", "catalog/catalog.jsonl"):
        assert (serial / name).read_bytes() == (pool / name).read_bytes()


def test_background_pixels_keep_exactly_their_depth(photos: Path, tmp_path: Path) -> None:
    data = built(photos, tmp_path / "out", placement=SEVERAL)
    virtual = open_dataset(data.path, virtual=True)
    backgrounds = {b.id: i for i, b in enumerate(data.catalog.backgrounds)}
    for sample in data:
        _, own = virtual.background(backgrounds[sample.record.background])
        assert own is not None
        assert sample.depth is not None
        assert sample.mask is not None
        outside = ~sample.mask
        assert np.array_equal(sample.depth.values[outside], own.values[outside], equal_nan=True)
        assert np.abs(sample.depth.values - own.values)[sample.mask].max() > 0.01
    check = {c["name"]: c for c in data.statistics["checks"]}["background pixels keep exactly the background's depth"]
    assert check["passed"]
    assert not check["detail"].startswith("0 of 0")


def test_records_say_what_is_seen(photos: Path, tmp_path: Path) -> None:
    data = built(photos, tmp_path / "out", placement=SEVERAL)
    several = hidden = 0
    for sample in data:
        figures = sample.record.figures
        assert sample.instances is not None
        assert sample.mask is not None
        assert np.array_equal(sample.instances > 0, sample.mask)
        several += len(figures) > 1
        assert sorted(f.order for f in figures) == list(range(len(figures)))
        for i, figure in enumerate(figures):
            visible = sample.instances == i + 1
            assert figure.area == visible.sum()
            assert 0.3 <= figure.visible_fraction <= 1
            rows, columns = np.flatnonzero(visible.any(1)), np.flatnonzero(visible.any(0))
            assert figure.box == (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
            whole = sample.whole_mask(i)
            assert (whole | ~visible).all()
            hidden += int(whole.sum() > visible.sum())
            inside = 0 <= figure.x <= 96 - figure.width and 0 <= figure.y <= 96 - figure.height
            if inside:  # nothing is cut off: the whole mask is what the visible fraction is a fraction of
                assert visible.sum() / whole.sum() == pytest.approx(figure.visible_fraction, abs=0.02)
        # nearer figures come later in the order, and stand lower on the floor
        ordered = sorted(figures, key=lambda f: f.order)
        distances = [f.depth_at_contact for f in ordered if f.depth_at_contact is not None]
        assert len(distances) == len(ordered)
        assert distances == sorted(distances, reverse=True)
    assert several > 10
    assert hidden > 3


def test_what_the_room_hides_is_in_the_whole_mask(photos: Path, tmp_path: Path) -> None:
    """One figure: what stands before it is the room's box alone."""
    behind = 0
    for sample in built(photos, tmp_path / "out", placement={"per_pair": 8}, look=NO_LOOK):
        (figure,) = sample.record.figures
        assert sample.mask is not None
        whole = sample.whole_mask(0)
        inside = 0 <= figure.x <= 96 - figure.width and figure.y + figure.height <= 96
        if figure.visible_fraction < 0.97 and inside:
            behind += 1
            assert sample.mask.sum() / whole.sum() == pytest.approx(figure.visible_fraction, abs=0.02)
    assert behind >= 2


def test_figures_are_as_tall_as_perspective_says(photos: Path, tmp_path: Path) -> None:
    """Focal length 1.0 and real height over distance: within the pixel that heights are rounded to, and the pitch, the
    more the nearer they stand."""
    data = built(photos, tmp_path / "out", look=NO_LOOK)
    heights = {f.id: f.real_height for f in data.catalog.foregrounds}
    for i in range(len(data)):
        (figure,) = data.record(i).figures
        assert figure.placement == "ground"
        assert figure.real_height == heights[figure.foreground]
        assert figure.real_height is not None
        assert figure.depth_at_contact is not None
        expected = 96 * figure.real_height / figure.depth_at_contact
        assert figure.height == pytest.approx(expected, rel=0.16, abs=1.5)
        assert 0.15 * 96 - 1 <= figure.height <= 1.3 * 96 + 1


def test_several_figures_use_all_foregrounds_alike_and_do_not_leak(tmp_path: Path) -> None:
    write_floor_photos(tmp_path, people=6)
    recipe = ground_recipe(tmp_path, placement=SEVERAL, split={"foregrounds": 0.34})
    data = open_dataset(build(recipe, tmp_path / "out"))
    catalog = data.catalog
    held_ids = {catalog.foregrounds[i].id for i in split(placing_of(recipe), catalog).foregrounds}
    assert 1 <= len(held_ids) <= 2
    for i in range(len(data)):
        record = data.record(i)
        ids = [f.foreground for f in record.figures]
        assert len(set(ids)) == len(ids)
        assert len({name in held_ids for name in ids}) == 1, "one split a sample"
        assert (ids[0] in held_ids) == (record.split in ("new_foreground", "new_both"))
    assert all(check["passed"] for check in data.statistics["checks"])


def test_a_room_without_a_floor_is_left_out_or_placed_otherwise_and_says_so(tmp_path: Path) -> None:
    write_floor_photos(tmp_path)
    Image.fromarray(scene_photo(9, 120, 150)).save(tmp_path / "rooms/wall.png")
    Image.fromarray(np.full((120, 150), 3000, np.uint16)).save(tmp_path / "depth/wall.png")
    left_out = prepared(ground_recipe(tmp_path), tmp_path / "out")
    assert len(left_out.backgrounds) == 3
    (aside,) = left_out.set_aside
    assert aside.source.endswith("wall.png")
    assert "no usable floor" in aside.reason
    for mode in ("uniform", "grid"):
        other = dataclasses.replace(ground_recipe(tmp_path, placement={"no_floor": mode}), cache=True)
        data = open_dataset(build(other, tmp_path / mode))
        assert len(data.catalog.backgrounds) == 4
        assert any("floor" in n.reason for n in data.catalog.notes if n.source.endswith("wall.png"))
        wall = next(b.id for b in data.catalog.backgrounds if b.source.endswith("wall.png"))
        placed = {data.record(i).background: data.record(i).figures[0].placement for i in range(len(data))}
        assert placed[wall] == mode
        assert {way for name, way in placed.items() if name != wall} == {"ground"}
        assert total_of(data).placements.keys() == {"ground", mode}
        sample = next(s for s in data if s.record.background == wall)
        assert sample.depth is not None
        assert np.allclose(sample.depth.values, 3.0)  # a flat card at the wall that it covers


def test_only_the_first_figure_is_ever_on_a_grid(photos: Path, tmp_path: Path) -> None:
    data = built(photos, tmp_path / "out", placement={"mode": "grid", "figures": [2, 3], "min_visible": 0.2})
    placed = [[f.placement for f in data.record(i).figures] for i in range(len(data))]
    assert {ways[0] for ways in placed} == {"grid"}
    assert {way for ways in placed for way in ways[1:]} == {"uniform"}


def test_kinds_of_depth_in_other_units_are_not_compared(tmp_path: Path) -> None:
    write_floor_photos(tmp_path)
    card = write_depth_network(tmp_path / "grey.onnx", size=96).with_suffix(".card.toml")
    both = {"source": "both", "model": str(tmp_path / "grey.onnx")}
    for output, compared in (("metric", True), ("relative-inverse", False)):
        card.write_text(f'name = "grey"\ninput_size = 96\noutput = "{output}"\nvalid = [0.1, 50.0]\n')
        data = open_dataset(build(ground_recipe(tmp_path, depth=both), tmp_path / output))
        assert any(total_of(data).shift_histogram) is compared


def test_whose_pose_has_no_place_is_set_aside_by_name(tmp_path: Path) -> None:
    """And used where the recipe names the pose; the bytes of a prepared figure do not hang on who is left out."""
    write_floor_photos(tmp_path)
    person = render_person(4, 300)
    Image.fromarray(person[:150]).save(tmp_path / "people/half.png")
    Image.fromarray(person).save(tmp_path / "people/whole.png")
    sources = [{"path": "people/whole.png", "poses": []}, {"path": "people/half.png", "poses": ["standing"]}]
    catalog = prepared(ground_recipe(tmp_path, foregrounds=sources), tmp_path / "out")
    assert [(one.pose, one.cut) for one in catalog.foregrounds] == [("standing", ())]
    (aside,) = catalog.set_aside
    assert aside.source.endswith("half.png")
    assert aside.reason.startswith("pose: half-length (")
    way = 'foregrounds.poses = ["standing", "half-length"] uses it'
    assert aside.reason.endswith(f"cut off at bottom); {way}")
    sources[1]["poses"] = ["half-length"]
    catalog = prepared(ground_recipe(tmp_path, foregrounds=sources), tmp_path / "with")
    assert [(one.pose, one.cut) for one in catalog.foregrounds] == [("standing", ()), ("half-length", ("bottom",))]


def test_a_group_in_one_row_stands_or_rises_and_others_are_set_aside(tmp_path: Path) -> None:
    """One card holds several people where all end in its lowest row: on their feet, or below the picture's edge."""
    write_floor_photos(tmp_path)
    people = np.zeros((250, 200, 4), np.uint8)
    for left, seed in ((10, 6), (100, 2)):
        one = trim(render_person(seed, 200))
        people[240 - one.shape[0] : 240, left : left + one.shape[1]] = one
    Image.fromarray(people).save(tmp_path / "people/level.png")
    Image.fromarray(people[:160]).save(tmp_path / "people/cut.png")
    people[:, :95] = np.roll(people[:, :95], -35, 0)
    Image.fromarray(people).save(tmp_path / "people/scattered.png")
    sources = [{"path": f"people/{name}.png", "poses": []} for name in ("cut", "level", "scattered")]
    recipe = ground_recipe(tmp_path, foregrounds=sources, placement={"per_pair": 4})
    data = open_dataset(build(recipe, tmp_path / "out"))
    cut, level = data.catalog.foregrounds
    assert (level.pose, level.cut, level.shown) == ("group", (), 1.0)
    assert (cut.pose, cut.cut) == ("group", ("bottom",))
    assert cut.shown == pytest.approx(0.6, abs=0.15)
    (aside,) = data.catalog.set_aside
    assert aside.source.endswith("scattered.png")
    assert "they stand at different depths" in aside.reason
    figures = [figure for sample in data for figure in sample.record.figures]
    assert {figure.foreground for figure in figures} == {cut.id, level.id}
    for figure in figures:
        assert figure.placement == "ground"
        if figure.foreground == cut.id:
            assert figure.box is not None
            assert figure.box[3] == 96


def test_real_heights_are_those_of_the_source(tmp_path: Path) -> None:
    write_floor_photos(tmp_path)
    sources = [
        {"path": "people/person1.png", "real_height": [0.9, 0.9]},
        {"path": "people/person2*", "real_height": [1.2, 1.3]},
        {"path": "people/person0.png"},
    ]
    catalog = prepared(ground_recipe(tmp_path, foregrounds=sources), tmp_path / "out")
    heights = {f.source.rsplit("/", 1)[1]: f.real_height for f in catalog.foregrounds}
    assert heights["person1.png"] == 0.9
    assert 1.2 <= heights["person2.png"] <= 1.3
    assert 1.5 <= heights["person0.png"] <= 1.9
    assert [f.source_number for f in catalog.foregrounds] == [1, 2, 3]


def test_depth_of_backgrounds_from_the_network_once(tmp_path: Path) -> None:
    """Without known depth the network runs once a background; composites keep its values outside the mask."""
    write_floor_photos(tmp_path)
    write_depth_network(tmp_path / "grey.onnx", size=96)
    recipe = ground_recipe(
        tmp_path,
        backgrounds={"depth": ""},
        placement={"mode": "uniform"},
        depth={"model": str(tmp_path / "grey.onnx"), "source": "layered"},
    )
    data = open_dataset(build(recipe, tmp_path / "out"))
    assert {b.depth_from for b in data.catalog.backgrounds} == {"network"}
    assert data.manifest["depth_model"]["file"] == "grey.onnx"
    maker = Maker(resolve(recipe, prepared=True), data.catalog, FolderStore(data.path / "catalog"))
    picture = maker.pixels.background(0)
    expected = 1 + 4 * picture.astype(np.float64).mean(-1) / 255
    assert np.allclose(dequantise(maker.pixels.depth(0)).values, expected, atol=0.02)
    with pytest.raises(FigureGroundError, match="nothing gives it"):
        build(dataclasses.replace(recipe, depth=dataclasses.replace(recipe.depth, model="")), tmp_path / "no")


@pytest.mark.parametrize("relief", ["flat", "round", "network"])
def test_relief_stays_within_the_thickness(tmp_path: Path, relief: str) -> None:
    write_floor_photos(tmp_path)
    write_depth_network(tmp_path / "grey.onnx", size=96)
    recipe = ground_recipe(
        tmp_path, depth={"relief": relief, "thickness": 0.3, "model": str(tmp_path / "grey.onnx")}, look=NO_LOOK
    )
    data = open_dataset(build(recipe, tmp_path / "out"))
    spans = []
    for i in range(0, len(data), 5):
        sample = data[i]
        (figure,) = sample.record.figures
        assert sample.depth is not None
        assert figure.depth_at_contact is not None
        own = sample.depth.values[sample.mask]
        assert own.max() <= figure.depth_at_contact + 0.0011
        # thickness is metres at the figure's own scale: height in px over real height
        assert own.min() >= figure.depth_at_contact - 0.3 * 1.15 - 0.01
        spans.append(float(own.max() - own.min()))
    assert (max(spans) < 0.0011) == (relief == "flat")
    assert len({bool(f.relief_file) for f in load_catalog(FolderStore(data.path / "catalog")).foregrounds}) == 1


def test_the_catalog_is_kept_when_only_the_drawing_changes(tmp_path: Path) -> None:
    write_floor_photos(tmp_path)
    build(ground_recipe(tmp_path), tmp_path / "out", catalog_only=True)
    before = (tmp_path / "out/catalog/catalog.jsonl").stat().st_mtime_ns
    more: Recipe = ground_recipe(tmp_path, placement={"per_pair": 3})
    build(more, tmp_path / "out", catalog_only=True)
    assert (tmp_path / "out/catalog/catalog.jsonl").stat().st_mtime_ns == before
    state = json.loads((tmp_path / "out/catalog/catalog.jsonl").read_text().splitlines()[0])["state"]
    taller = ground_recipe(tmp_path, foregrounds={"real_height": [0.9, 1.0]})
    build(taller, tmp_path / "out", catalog_only=True)
    assert json.loads((tmp_path / "out/catalog/catalog.jsonl").read_text().splitlines()[0])["state"] != state


@pytest.mark.parametrize("mode", ["ground", "uniform"])
def test_negatives_are_samples_like_others(photos: Path, tmp_path: Path, mode: str) -> None:
    placement = {"mode": mode, "figures": [0, 2], "per_pair": 3, "min_visible": 0.5}
    data = built(photos, tmp_path / "out", placement=placement, layers={"semantic": True, "alpha": True})
    empty = [i for i in range(len(data)) if not data.record(i).figures]
    assert 0.1 < len(empty) / len(data) < 0.6
    for i in empty[:6]:
        sample = data[i]
        assert sample.mask is not None
        assert sample.depth is not None
        assert not sample.mask.any()
        assert sample.background_depth is not None
        assert np.array_equal(sample.depth.values, sample.background_depth.values, equal_nan=True)
        assert sample.record.turn_foreground in sample.record.key
        assert repr(sample).endswith("0 figures)")
        assert sample.plot().height == 224
    assert len({data.record(i).key for i in range(len(data))}) == len(data)
    assert all(check["passed"] for check in data.statistics["checks"])
    assert int(total_of(data).figures["0"]) == len(empty)
    rows = [line.split(",") for line in (tmp_path / "out/labels.csv").read_text().splitlines()]
    assert sum(row[rows[0].index("figures")] == "0" for row in rows[1:]) == len(empty)
    assert "no figure" in (tmp_path / "out/report.html").read_text(encoding="utf-8")


def test_contacts_below_the_frame_have_depth_and_cast_no_shadow(photos: Path, tmp_path: Path) -> None:
    data = built(photos, tmp_path / "out", placement={"per_pair": 4}, foregrounds={"height": [0.9, 1.3]})
    below = 0
    for sample in data:
        (figure,) = sample.record.figures
        assert figure.contact is not None
        assert sample.mask is not None
        if figure.contact[1] >= 96:
            below += 1
            assert figure.depth_at_contact is not None
            assert sample.mask[-1].any()
            own, outside = sample.background, ~sample.mask
            assert own is not None
            assert np.abs(sample.image[outside].astype(int) - own[outside]).mean() < 6  # JPEG alone
    assert below > 10
