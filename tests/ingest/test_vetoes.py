"""Photos that the user leaves out: what a pattern or a mark means, and what is refused because it means nothing."""

import shutil
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from figureground.core.errors import FigureGroundError
from figureground.core.files import file_sha256
from figureground.ingest.inputs import Found, photos_of
from figureground.ingest.review import FILE, Row, written
from figureground.ingest.vetoes import fits, nearest
from tests.builders import job_of, small_recipe, write_photos


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """rooms/room{0,1}.png; people/person{0..3}.png, and people/bad with two of them."""
    write_photos(tmp_path, 2, 6)
    (tmp_path / "people/bad").mkdir()
    shutil.move(tmp_path / "people/person4.png", tmp_path / "people/bad/IMG[4].png")
    shutil.move(tmp_path / "people/person5.png", tmp_path / "people/bad/person5.png")
    return tmp_path


def found(folder: Path, **sections: Any) -> Found:
    return photos_of(job_of(small_recipe(folder, **sections)))


def excluding(folder: Path, *patterns: str) -> list[str]:
    """Return the names of the people that are left out, without the folder."""
    people = {"path": "people", "exclude": list(patterns)}
    all_of_it = found(folder, foregrounds=people)
    out = [aside.source for aside in all_of_it.left_out]
    assert not set(out) & {photo.name for photo in all_of_it.photos}
    return [name.removeprefix("people/") for name in out]


@pytest.mark.parametrize(
    ("pattern", "left_out"),
    [
        ("person1.png", ["person1.png"]),
        ("./person1.png", ["person1.png"]),
        ("/person1.png", ["person1.png"]),
        ("people/person1.png", ["person1.png"]),  # as `check` shows it
        ("person5.png", ["bad/person5.png"]),
        ("bad/person5.png", ["bad/person5.png"]),
        ("bad/*.png", ["bad/IMG[4].png", "bad/person5.png"]),
        ("bad/", ["bad/IMG[4].png", "bad/person5.png"]),
        ("people/bad", ["bad/IMG[4].png", "bad/person5.png"]),
        ("IMG[4].png", ["bad/IMG[4].png"]),  # a name as it is, although it holds wild signs
        ("bad/IMG[4].png", ["bad/IMG[4].png"]),
        ("person[13].png", ["person1.png", "person3.png"]),
        ("**/person5.png", ["bad/person5.png"]),
        ("person?.png", ["bad/person5.png", "person0.png", "person1.png", "person2.png", "person3.png"]),
    ],
)
def test_what_a_pattern_leaves_out(folder: Path, pattern: str, left_out: list[str]) -> None:
    assert excluding(folder, pattern) == left_out


def test_a_star_stops_at_a_slash() -> None:
    assert fits("people/*_03.png", "people/a_03.png")
    assert not fits("people/*_03.png", "people/deep/a_03.png")
    assert fits("people/**/*_03.png", "people/very/deep/a_03.png")
    assert fits("people/**/*_03.png", "people/a_03.png")
    assert not fits("a.png", "a.png/b.png")


def test_left_out_photos_say_by_what(folder: Path) -> None:
    both = found(folder, backgrounds={"path": "rooms", "exclude": "room0.png"}, foregrounds={"exclude": ["bad/"]})
    assert [(one.kind, one.source, one.reason) for one in both.left_out] == [
        ("background", "rooms/room0.png", 'left out by exclude = "room0.png"'),
        ("foreground", "people/bad/IMG[4].png", 'left out by exclude = "bad/"'),
        ("foreground", "people/bad/person5.png", 'left out by exclude = "bad/"'),
    ]


@pytest.mark.parametrize(
    ("pattern", "near"),
    [
        ("Person1.png", "'person1.png'"),  # case counts
        ("person_1.png", "'person1.png'"),
        ("bad", "'bad/'"),
        ("bad\\person5.png", "'person5.png'"),
        ("people/bda/person5.png", "'people/bad/person5.png'"),
        ("", None),
        ("something else entirely", None),
    ],
)
def test_a_pattern_that_leaves_nothing_out_is_refused_with_what_it_may_mean(
    folder: Path, pattern: str, near: str | None
) -> None:
    with pytest.raises(FigureGroundError, match="leaves no photo out") as caught:
        excluding(folder, "person0.png", pattern)
    assert f'"{pattern}"' in caught.value.what
    assert "foregrounds.exclude" in caught.value.where
    assert (f"did you mean {near}?" in caught.value.remedy) if near else ("did you mean" not in caught.value.remedy)


def test_of_several_sources_one_that_is_met_is_enough(folder: Path) -> None:
    """As `--set foregrounds.exclude=person5.png` lays it over each."""
    sources = [{"path": "people/bad", "exclude": "person5.png"}, {"path": "people/*.png", "exclude": "person5.png"}]
    assert [one.source for one in found(folder, foregrounds=sources).left_out] == ["people/bad/person5.png"]


def test_accents_may_be_written_either_way(folder: Path) -> None:
    name = unicodedata.normalize("NFD", "früh.png")
    shutil.move(folder / "people/person0.png", folder / "people" / name)
    assert excluding(folder, unicodedata.normalize("NFC", "früh.png")) == [name]


def test_what_is_left_out_claims_no_depth_map_and_needs_no_class(folder: Path) -> None:
    shutil.copytree(folder / "rooms", folder / "rooms/again")
    rooms = {"path": "rooms", "depth": "depth", "exclude": "again/"}
    things = {"path": "people", "class": "folder", "exclude": "people/person?.png"}
    sections: dict[str, Any] = {"backgrounds": rooms, "foregrounds": things, "depth": {"source": "layered"}}
    assert {photo.class_name for photo in found(folder, **sections).photos} == {"", "bad"}
    maps = [p.depth for p in found(folder, **sections).photos if p.kind == "background"]
    assert len(maps) > 1
    assert all(maps)
    everything = found(folder, **sections | {"backgrounds": {"path": "rooms", "depth": "depth"}}).photos
    assert not all(p.depth for p in everything if p.kind == "background")  # two photos, and one map that fits both


def test_the_nearest_name_is_written_as_it_must_be() -> None:
    assert nearest("A/B.PNG", ["a/b.png"]) == "a/b.png"
    assert nearest("b.pgn", ["a/b.png"]) == "b.png"
    assert nearest("zzz", ["a/b.png"]) == ""


def reviewed(folder: Path, *rows: Row) -> Found:
    (folder / FILE).write_bytes(written(rows))
    return found(folder, review=FILE)


def row(folder: Path, name: str, veto: str = "", sha256: str | None = None) -> Row:
    kind = "background" if name.startswith("rooms") else "foreground"
    return Row(veto, kind, name, "used", "", file_sha256(folder / name) if sha256 is None else sha256)


def every_row(folder: Path, **vetoes: str) -> list[Row]:
    names = [photo.name for photo in found(folder).photos]
    return [row(folder, name, vetoes.get(Path(name).stem, "")) for name in names]


def test_marked_rows_leave_their_photos_out(folder: Path) -> None:
    seen = reviewed(folder, *every_row(folder, room1="x", person2="blurred hands"))
    assert [(one.source, one.reason) for one in seen.left_out] == [
        ("rooms/room1.png", "left out by review.csv: x"),
        ("people/person2.png", "left out by review.csv: blurred hands"),
    ]
    assert seen.warnings == ()


def test_what_the_review_does_not_know_any_more_is_said(folder: Path) -> None:
    rows = every_row(folder, person1="x")
    gone = Row("", "foreground", "people/gone.png", "used", "", "0" * 64)
    rows = [one for one in rows if not one.file.endswith("room0.png")]
    shutil.copy(folder / "rooms/room0.png", folder / "people/person3.png")
    shutil.copy(folder / "rooms/room1.png", folder / "people/person1.png")
    seen = reviewed(folder, *rows, gone)
    (out,) = seen.left_out
    assert out.reason == "left out by review.csv: x, though it has changed since"
    assert [(one.kind, one.source, one.reason) for one in seen.warnings] == [
        ("foreground", "people/person3.png", "has changed since review.csv was written: look at it again"),
        ("background", "review.csv", "does not name photos that are new since: rooms/room0.png"),
        ("foreground", "review.csv", "names photos that are not there any more: people/gone.png"),
    ]


def test_a_photo_that_is_excluded_is_neither_new_nor_gone(folder: Path) -> None:
    rows = [one for one in every_row(folder) if not one.file.endswith("room1.png")]
    (folder / FILE).write_bytes(written(rows))
    rooms = {"path": "rooms", "exclude": "room1.png"}
    seen = found(folder, review=FILE, backgrounds=rooms, foregrounds={"exclude": "person2.png"})
    assert [one.source for one in seen.left_out] == ["rooms/room1.png", "people/person2.png"]
    assert seen.warnings == ()


def test_photos_that_share_a_name_are_told_apart_by_their_bytes(folder: Path) -> None:
    """Outside the recipe's folder a photo is shown by its last two parts."""
    for place, number in (("one", 0), ("two", 1)):
        (folder / "far" / place / "people").mkdir(parents=True)
        shutil.copy(folder / f"people/person{number}.png", folder / f"far/{place}/people/a.png")
    (folder / "desk").mkdir()
    rows = [
        Row("", "foreground", "people/a.png", sha256=file_sha256(folder / "far/one/people/a.png")),
        Row("x", "foreground", "people/a.png", sha256=file_sha256(folder / "far/two/people/a.png")),
    ]
    (folder / "desk" / FILE).write_bytes(written(rows))
    recipe = small_recipe(
        folder / "desk", review=FILE, backgrounds={"path": "../rooms"}, foregrounds={"path": "../far"}
    )
    kept = [photo.path for photo in photos_of(job_of(recipe)).photos if photo.kind == "foreground"]
    assert [Path(path).parts[-3] for path in kept] == ["one"]


def test_a_review_of_other_folders_is_refused(folder: Path) -> None:
    with pytest.raises(FigureGroundError, match="names none of the photos"):
        reviewed(folder, Row("x", "foreground", "elsewhere/person0.png"))
    with pytest.raises(FigureGroundError, match="review cannot be read"):
        found(folder, review="not there.csv")
