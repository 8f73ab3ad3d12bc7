"""Sources of photos: their order, their classes, and what is refused before any photo is read."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from figureground.core.errors import FigureGroundError
from figureground.ingest.finding import base_of
from figureground.ingest.inputs import classes_of, photos_of
from tests.builders import job_of, small_recipe, write_photos


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """rooms, people, and things/{chair,vase,10 cups} with a photo or two each."""
    write_photos(tmp_path, 2, 6)
    for name, number in (("vase", 3), ("chair", 4), ("10 cups/blue", 5)):
        (tmp_path / "things" / name).mkdir(parents=True)
        shutil.move(tmp_path / f"people/person{number}.png", tmp_path / f"things/{name}/{number}.png")
    return tmp_path


def found(folder: Path, **sections: Any) -> list[tuple[str, int, str, int]]:
    photos = photos_of(job_of(small_recipe(folder, **sections))).photos
    return [(p.name, p.source, p.class_name, p.class_id) for p in photos if p.kind == "foreground"]


def test_sources_come_in_their_order_and_photos_in_that_of_their_names(folder: Path) -> None:
    things = {"path": "things", "class": "folder"}
    people = {"path": "people"}
    assert found(folder, foregrounds=[things, people]) == [
        ("things/10 cups/blue/5.png", 0, "10 cups", 1),
        ("things/chair/4.png", 0, "chair", 2),
        ("things/vase/3.png", 0, "vase", 3),
        ("people/person0.png", 1, "person", 4),
        ("people/person1.png", 1, "person", 4),
        ("people/person2.png", 1, "person", 4),
    ]
    assert [number for *_, number in found(folder, foregrounds=[people, things])] == [1, 1, 1, 2, 3, 4]
    wild = {"path": ["things/ch*", "things/vase/*.png"], "class": "folder"}
    assert found(folder, foregrounds=wild)[0][2:] == ("chair", 1)


def test_two_sources_of_one_class_share_its_number(folder: Path) -> None:
    sources = [{"path": "people"}, {"path": "things/chair"}, {"path": "things/vase", "class": "vase"}]
    assert [number for *_, number in found(folder, foregrounds=sources)] == [1, 1, 1, 1, 2]
    job = job_of(small_recipe(folder, foregrounds=sources))
    assert classes_of(photos_of(job).photos) == ("person", "vase")


def test_backgrounds_have_sources_too(folder: Path) -> None:
    shutil.copytree(folder / "rooms", folder / "a streets")
    rooms = [{"path": "rooms", "depth": "depth"}, {"path": "a streets", "tag": " outdoor "}]
    job = job_of(small_recipe(folder, backgrounds=rooms))
    photos = [p for p in photos_of(job).photos if p.kind == "background"]
    assert [(p.name, p.source, bool(p.depth)) for p in photos] == [
        ("rooms/room0.png", 0, True),
        ("rooms/room1.png", 0, True),
        ("a streets/room0.png", 1, False),
        ("a streets/room1.png", 1, False),
    ]
    assert [own.tag for own in job.inputs.backgrounds] == ["", "outdoor"]


@pytest.mark.parametrize(
    ("foregrounds", "what", "where"),
    [
        ([{"path": "people"}, {"path": "./people/"}], "sources 1 and 2 of foregrounds have one path", "./people/"),
        ([{"path": "people"}, {"path": "things", "class": "Person"}], "'person' and 'Person'", "person, Person"),
        ([{"path": "people", "class": "Background"}], "a class is called 'Background'", "'Background'"),
        (
            [{"path": "people", "class": "folder"}],
            "3 photos lie in no sub-folder",
            "people/person0.png, people/person1",
        ),
        ([{"path": "people/person1.png", "class": "folder"}], "1 photo lies in no sub-folder", "people/person1.png"),
        ([{"path": "people", "class": " "}], "foregrounds.class is empty", "class = ' '"),
        ([{"path": "people"}, {"path": "nobody"}], "no such folder of photos", "nobody"),
    ],
)
def test_what_cannot_be_told_apart_is_refused(folder: Path, foregrounds: Any, what: str, where: str) -> None:
    with pytest.raises(FigureGroundError) as caught:
        found(folder, foregrounds=foregrounds)
    assert what in caught.value.what
    assert where in caught.value.where
    assert caught.value.remedy


def test_two_sources_of_backgrounds_with_one_path_are_refused(folder: Path) -> None:
    with pytest.raises(FigureGroundError, match="sources 1 and 2 of backgrounds have one path"):
        found(folder, backgrounds=[{"path": ["things", "rooms"]}, {"path": str(folder / "rooms")}])


def test_a_path_starts_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/c.png").write_bytes(b"")
    bases = {"a": "a", "a/b/c.png": "a/b", "a/*/c.png": "a", "*": "", "a/b/[cd].png": "a/b", "no": "no"}
    for text, base in bases.items():
        assert base_of(text, tmp_path) == tmp_path / base
    assert base_of(os.fspath(tmp_path / "a"), Path("elsewhere")) == tmp_path / "a"


def test_more_classes_than_semantic_maps_hold_are_refused_where_there_are_such_maps(folder: Path) -> None:
    for number in range(254):
        (folder / f"things/thing {number}").mkdir()
        shutil.copy(folder / "things/vase/3.png", folder / f"things/thing {number}/a.png")
    sources = {"path": "things", "class": "folder"}
    assert len({number for *_, number in found(folder, foregrounds=sources)}) == 257
    with pytest.raises(FigureGroundError, match="257 classes, and semantic maps have 255 at most"):
        found(folder, foregrounds=sources, layers={"semantic": True})


def names_of(folder: Path, **sections: Any) -> tuple[list[str], list[str], list[tuple[str, str, str]]]:
    """Return the names of backgrounds and foregrounds, and what was left out."""
    everything = photos_of(job_of(small_recipe(folder, **sections)))
    kinds = [[p.name for p in everything.photos if p.kind == kind] for kind in ("background", "foreground")]
    return kinds[0], kinds[1], [(one.kind, one.source, one.reason) for one in everything.left_out]


def test_what_an_inner_source_names_is_not_the_outer_ones_too(folder: Path) -> None:
    (folder / "in").mkdir()
    for name in ("rooms", "people", "depth"):
        (folder / name).rename(folder / "in" / name)
    backgrounds = {"path": ["in"], "depth": "in/depth"}
    rooms, people, left = names_of(folder, backgrounds=backgrounds, foregrounds={"path": "in/people"})
    assert rooms == ["in/rooms/room0.png", "in/rooms/room1.png"]
    assert people == [f"in/people/person{n}.png" for n in range(3)]
    assert left == [
        ("background", "in/people", "3 pictures that [[foregrounds]] path = 'in/people' takes for its own"),
        ("background", "in/depth", "2 pictures that backgrounds.depth = 'in/depth' takes for its own"),
    ]
    wild = {"path": ["in/people/*[12].png"]}
    assert names_of(folder, backgrounds={"path": "."}, foregrounds=wild)[0] == [
        "in/people/person0.png",  # the depth maps are no photos, by the name of their folder
        *rooms,
        *(f"things/{name}.png" for name in ("10 cups/blue/5", "chair/4", "vase/3")),
    ]
    things = [{"path": "things"}, {"path": "things/chair", "class": "chair"}]
    assert found(folder, backgrounds={"path": "in/rooms"}, foregrounds=things)[-1] == (
        "things/chair/4.png",
        1,
        "chair",
        2,
    )


def test_a_source_that_is_left_with_nothing_is_refused(folder: Path) -> None:
    inner = {"path": ["things/10 cups", "things/chair", "things/vase"]}
    with pytest.raises(FigureGroundError, match="all photos of a source belong to others") as caught:
        names_of(folder, foregrounds=[{"path": "things"}, inner])
    assert "path = 'things'" in caught.value.where


def test_what_lies_among_photos_and_is_none_is_named_as_the_recipe_sees_it(folder: Path) -> None:
    (folder / "rooms/raw.dng").write_bytes(b"x")
    (folder / "people/gone.png").symlink_to("nowhere.png")
    assert names_of(folder)[2] == [
        ("background", "rooms", "1 camera raw file of a kind that is not read: .dng (raw.dng)"),
        ("foreground", "people/gone.png", "a link that leads nowhere"),
    ]
