"""Datasets of several sources: what their classes, tags and credits reach."""

import csv
import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from figureground import build, export, open_dataset
from figureground.core.errors import FigureGroundError
from figureground.core.recipe import Recipe
from figureground.make.build import check
from figureground.plan.split import split
from figureground.samples import stats
from tests.builders import figure_cutout, ground_recipe, scene_photo, small_recipe, write_floor_photos, write_photos

SOURCES: list[dict[str, Any]] = [
    {"path": "people", "height": [0.6, 0.7]},
    {"path": "things", "class": "folder", "height": [0.2, 0.3], "real_height": [0.4, 0.5]},
]
PLACES = [{"path": "rooms", "tag": "indoor"}, {"path": "streets", "tag": "outdoor"}]


def add_things(folder: Path) -> Path:
    for n, name in enumerate(("vase", "chair", "chair")):
        (folder / "things" / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(figure_cutout(20 + n, 120, 100)).save(folder / f"things/{name}/{n}.png")
    (folder / "streets").mkdir()
    Image.fromarray(scene_photo(50)).save(folder / "streets/street.png")
    (folder / "people/credits.csv").write_text("file,licence,credit,group\nperson0.png,CC BY 4.0,<Ana>,one house\n")
    (folder / "streets/credits.csv").write_text("file,licence,credit\nstreet.png,CC0,Bo\n")
    return folder


def recipe_of(folder: Path, **sections: Any) -> Recipe:
    return small_recipe(folder, **{"backgrounds": PLACES, "foregrounds": SOURCES, **sections})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    write_photos(folder)
    add_things(folder)
    several = {"figures": [1, 2], "min_visible": 0.4, "per_pair": 2}
    build(recipe_of(folder, placement=several), folder / "out")
    return folder / "out"


def test_classes_stand_in_manifest_records_and_labels(made: Path) -> None:
    data = open_dataset(made)
    assert data.manifest["classes"] == {"1": "person", "2": "chair", "3": "vase"}
    assert data.classes == {1: "person", 2: "chair", 3: "vase"}
    entries = {entry.id: entry for entry in data.catalog.foregrounds}
    rows = list(csv.DictReader((made / "labels.csv").read_text().splitlines()))
    assert list(rows[0])[-9:-6] == ["class_id", "class_name", "background_tag"]
    assert list(rows[0])[-6:-3] == ["turn_background", "turn_foreground", "fewer"]
    assert list(rows[0])[-3:] == ["background_people", "plausibility", "doubts"]
    places = {entry.id: entry for entry in data.catalog.backgrounds}
    mixed = 0
    for i in range(len(data)):
        record = data.record(i)
        for figure in record.figures:
            entry = entries[figure.foreground]
            assert (figure.class_id, figure.class_name) == (entry.class_id, entry.class_name)
            assert (figure.licence, figure.credit) == (entry.licence, entry.credit)
            assert data.classes[figure.class_id] == figure.class_name
        place = places[record.background]
        assert (record.background_tag, record.background_licence) == (place.tag, place.licence)
        assert record.background_credit == place.credit
        assert rows[i]["class_name"] == record.figures[0].class_name
        assert rows[i]["background_tag"] == record.background_tag
        mixed += len({figure.class_name for figure in record.figures}) > 1
    assert mixed > 3


def test_the_catalog_says_where_each_photo_is_from(made: Path) -> None:
    catalog = open_dataset(made).catalog
    assert [(f.source, f.source_number, f.class_name, f.class_id) for f in catalog.foregrounds] == [
        *((f"people/person{n}.png", 1, "person", 1) for n in range(3)),
        ("things/chair/1.png", 2, "chair", 2),
        ("things/chair/2.png", 2, "chair", 2),
        ("things/vase/0.png", 2, "vase", 3),
    ]
    assert [(b.source_number, b.tag) for b in catalog.backgrounds] == [(1, "indoor")] * 3 + [(2, "outdoor")]
    first = catalog.foregrounds[0]
    assert (first.licence, first.credit, first.group) == ("CC BY 4.0", "<Ana>", "one house")
    rows = [json.loads(line) for line in (made / "catalog/catalog.jsonl").read_text().splitlines()]
    assert rows[0]["classes"] == ["person", "chair", "vase"]
    assert not [key for row in rows[1:] for key in ("tag", "licence", "credit", "group") if row.get(key, "") is None]


def test_each_source_has_its_own_heights(made: Path) -> None:
    for entry in open_dataset(made).catalog.foregrounds:
        low, high = SOURCES[entry.source_number - 1]["height"]
        assert round(low * 64) <= entry.height <= round(high * 64)


def test_samples_are_selected_by_class(made: Path) -> None:
    data, virtual = open_dataset(made), open_dataset(made, virtual=True)
    expected = [i for i in range(len(data)) if any(f.class_name == "vase" for f in data.record(i).figures)]
    assert 0 < len(expected) < len(data)
    for samples in (data, virtual, pickle.loads(pickle.dumps(virtual))):  # noqa: S301
        assert samples.classes == {1: "person", 2: "chair", 3: "vase"}
        chosen = samples.select(class_="vase")
        assert [chosen.record(k).index for k in range(len(chosen))] == expected
        assert chosen.classes == samples.classes
        both = samples[5:].select(class_="vase", split="train").select(class_="chair")
        for k in range(len(both)):
            assert both.class_names(k) >= {"vase", "chair"}
            assert both.split(k) == "train"
        with pytest.raises(FigureGroundError, match="unknown class 'cat'") as caught:
            chosen.select(class_="cat")
        assert caught.value.remedy == "one of person, chair, vase"
    assert virtual[3].record.figures == data[3].record.figures


def test_statistics_and_report_count_figures_by_class(made: Path) -> None:
    data = open_dataset(made)
    counts: dict[str, int] = {}
    for i in range(len(data)):
        for figure in data.record(i).figures:
            counts[figure.class_name] = counts.get(figure.class_name, 0) + 1
    by_split = stats.by_split_from_json(data.statistics["accumulated_by_split"])
    assert stats.total(by_split.values()).classes == counts
    page = (made / "report.html").read_text()
    for name, photos in (("person", 3), ("chair", 2), ("vase", 1)):
        assert f'<td>{name}</td><td class="n">{photos}</td><td class="n">{counts[name]}</td>' in page
    assert "&lt;Ana&gt;" in page
    assert "<Ana>" not in page
    assert "<td>background</td><td>CC0</td><td>Bo</td>" in page


def test_the_2020_layout_is_as_before(made: Path, tmp_path: Path) -> None:
    """Of one figure a sample, which is all that it knows."""
    with pytest.raises(FigureGroundError, match="knows one figure a sample, and this one has 2"):
        export(open_dataset(made), "2020", tmp_path / "several", parts=1)
    data = open_dataset(build(recipe_of(made.parent, placement={"min_visible": 0.4}), tmp_path / "one"))
    export(data, "2020", tmp_path / "zips", parts=1)
    assert (tmp_path / "zips/labels.txt").read_text().count("\n") == len(data)


def test_the_datasets_own_recipe_builds_it_again(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made.parent, tmp_path / "moved")
    text = (made / "recipe.toml").read_text()
    assert text.count("[[foregrounds]]") == text.count("[[backgrounds]]") == 2
    before = (made / "manifest.json").read_bytes()
    build(tmp_path / "moved/out", tmp_path / "moved/out")
    assert (tmp_path / "moved/out/manifest.json").read_bytes() == before


def test_a_photo_that_two_sources_find_is_set_aside_once(tmp_path: Path) -> None:
    write_photos(tmp_path)
    sources = [{"path": "people/person1.png", "class": "boss"}, {"path": "people"}]
    catalog = check(small_recipe(tmp_path, foregrounds=sources))
    assert [(f.source, f.class_name) for f in catalog.foregrounds] == [
        ("people/person1.png", "boss"),
        ("people/person0.png", "person"),
        ("people/person2.png", "person"),
    ]
    (aside,) = catalog.set_aside
    assert (aside.source, aside.reason) == ("people/person1.png", "the same file, found by an earlier source")


def test_other_classes_or_credits_are_refused_by_name(tmp_path: Path) -> None:
    write_photos(tmp_path)
    build(small_recipe(tmp_path), tmp_path / "out")
    (tmp_path / "people/credits.csv").write_text("file,licence\nperson0.png,CC0\n")
    with pytest.raises(FigureGroundError, match=r"people/person0\.png has another licence"):
        build(small_recipe(tmp_path), tmp_path / "out")
    (tmp_path / "people/credits.csv").unlink()
    with pytest.raises(FigureGroundError, match=r"foregrounds\.class: 'person' -> 'dog'"):
        build(small_recipe(tmp_path, foregrounds={"class": "dog"}), tmp_path / "out")
    build(small_recipe(tmp_path), tmp_path / "out")


def test_a_class_keeps_its_number_when_its_photos_are_set_aside(tmp_path: Path) -> None:
    write_photos(tmp_path)
    add_things(tmp_path)
    (tmp_path / "things/bird").mkdir()
    (tmp_path / "things/bird/a.png").write_bytes(b"no picture")
    catalog = check(recipe_of(tmp_path))
    assert catalog.classes == ("person", "bird", "chair", "vase")
    assert {f.class_name for f in catalog.foregrounds} == {"person", "chair", "vase"}


def test_photos_of_one_group_share_a_split(tmp_path: Path) -> None:
    write_photos(tmp_path, 3, 6)
    rows = "".join(f"person{n}.png,house {n % 2}\n" for n in range(6))
    (tmp_path / "people/credits.csv").write_text("file,group\n" + rows)
    data = open_dataset(build(small_recipe(tmp_path, split={"foregrounds": 0.5}), tmp_path / "out"))
    virtual = open_dataset(tmp_path / "out", virtual=True)
    held = split(virtual.job.placing, data.catalog).foregrounds
    assert {data.catalog.foregrounds[n].group for n in held} in ({"house 0"}, {"house 1"})
    assert len(held) == 3


def test_figures_of_several_sources_stand_as_tall_as_each_says(tmp_path: Path) -> None:
    write_floor_photos(tmp_path)
    add_things(tmp_path)
    sources = [{**SOURCES[0], "height": [0.1, 0.9]}, {**SOURCES[1], "height": [0.1, 0.4], "weight": 2}]
    recipe = ground_recipe(
        tmp_path, foregrounds=sources, placement={"samples": 36, "figures": [1, 2], "min_visible": 0.3, "per_pair": 9}
    )
    data = open_dataset(build(recipe, tmp_path / "out"))
    standing = [f for i in range(len(data)) for f in data.record(i).figures if f.placement == "ground"]
    assert {f.class_name for f in standing} == {"person", "chair", "vase"}
    for figure in standing:
        low, high = (1.5, 1.9) if figure.class_name == "person" else (0.4, 0.5)
        assert figure.real_height is not None
        assert low <= figure.real_height <= high
        assert 0.1 * 96 - 1 <= figure.height <= (0.9 if figure.class_name == "person" else 0.4) * 96 + 1
    first = [data.record(i).figures[0].class_name for i in range(36)]
    assert first.count("person") == 12
    assert [check["name"] for check in data.statistics["checks"] if not check["passed"]] == []
    assert "foregrounds are used by the weights of their sources" in (tmp_path / "out/report.html").read_text()


def test_known_depth_of_one_source_and_the_networks_of_another_are_of_one_unit(tmp_path: Path) -> None:
    write_floor_photos(tmp_path)
    add_things(tmp_path)
    places = [{"path": "rooms", "depth": "depth", "depth_unit": "1/m"}, {"path": "streets"}]
    with pytest.raises(FigureGroundError, match="the depth of the backgrounds has several units") as caught:
        check(ground_recipe(tmp_path, backgrounds=places))
    assert "backgrounds.depth = 'depth': 1/m" in caught.value.where
