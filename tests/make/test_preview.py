"""`preview` and `check --out`: what is shown before anything is built, and the marks that come back."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground.core.engines import Serial
from figureground.core.errors import FigureGroundError
from figureground.core.nouns import Catalog
from figureground.core.recipe import Recipe
from figureground.drawn import render_person
from figureground.ingest.inputs import photos_of
from figureground.ingest.review import FILE
from figureground.make import build as builds
from figureground.make import preview as previews
from figureground.make.preview import PAGE, folder_of, preview
from figureground.report import photo_cards
from tests.builders import (
    ground_recipe,
    job_of,
    scene_photo,
    small_recipe,
    write_floor_photos,
    write_photos,
    write_saliency_network,
)


def shown(recipe: Recipe, folder: Path, samples: int = 4) -> tuple[Catalog, list[str]]:
    return preview(job_of(recipe), folder, samples, Serial(), lambda *_: None)


def rows(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((folder / FILE).read_text("utf-8-sig"), newline="")))


def mark(folder: Path, **vetoes: str) -> None:
    """Fill in review.csv as a spreadsheet with semicolons would save it."""
    found = rows(folder)
    for row in found:
        row["veto"] = vetoes.get(Path(row["file"]).stem, row["veto"])
    out = io.StringIO(newline="")
    table = csv.DictWriter(out, list(found[0]), delimiter=";")
    table.writeheader()
    table.writerows(found)
    (folder / FILE).write_bytes(out.getvalue().encode("utf-8-sig"))


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    write_photos(tmp_path)
    (tmp_path / "rooms/bad.jpg").write_bytes(b"junk")
    return tmp_path


def test_what_a_preview_holds(desk: Path) -> None:
    before = sorted(desk.rglob("*"))
    catalog, files = shown(small_recipe(desk, layers={"alpha": True}), desk / "look")
    assert files == ["Backgrounds.jpg", "Foregrounds.jpg", "Set-aside.jpg", "Samples.jpg", PAGE, FILE]
    assert sorted(path.name for path in (desk / "look").iterdir()) == sorted(files)
    assert sorted(path for path in desk.rglob("*") if "look" not in path.parts) == before
    page = (desk / "look" / PAGE).read_text("utf-8")
    for name in ("rooms/room0.png", "people/person2.png", "rooms/bad.jpg", "4 of 36", "not a picture"):
        assert name in page, name
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("data:image/") > 3 + 3 + 4 * 5
    assert len(catalog.set_aside) == 1


def test_a_doubtful_cut_out_is_shown_beside_its_photo(desk: Path) -> None:
    """By a network that takes what is red; the one that ships takes the person beside it."""
    write_saliency_network(desk / "red.onnx")
    photo = scene_photo(3, 240, 240).copy()
    person = render_person(4, 220)
    beside, alpha = photo[10:230, 240 - person.shape[1] :], person[..., 3:] / 255
    beside[:] = np.rint(alpha * person[..., :3] + (1 - alpha) * beside)
    photo[..., 2] = np.maximum(photo[..., 2], photo[..., 0])  # nothing is red
    v, u = np.mgrid[0:240, 0:240]  # round: straight edges are those of a frame that cut somebody off
    photo[np.hypot((v - 130) / 70, (u - 120) / 30) < 1] = (230, 30, 30)
    Image.fromarray(photo).save(desk / "people/red.png")
    recipe = small_recipe(desk, foregrounds={"network": "red.onnx"})
    catalog, _ = shown(recipe, desk / "look")
    (aside,) = [one for one in catalog.set_aside if one.kind == "foreground"]
    assert aside.source == "people/red.png"
    assert aside.reason.startswith("doubtful: the network and the one that checks it")
    job = job_of(recipe)
    first = previews._aside(catalog, photos_of(job), job.inputs).shown[0]
    assert first.picture is not None
    height, width = first.picture.shape[:2]
    assert width == 2 * height
    cut = first.picture[height // 2, height:]
    assert abs(cut[height // 2].astype(int) - (230, 30, 30)).max() < 30
    assert (cut[5] == 128).all()
    taken, _ = shown(small_recipe(desk, foregrounds={"network": "red.onnx", "doubtful": "use"}), desk / "taken")
    assert [one.source for one in taken.set_aside] == ["rooms/bad.jpg"]
    assert any(one.source == "people/red.png" and one.reason.startswith("doubtful") for one in taken.warnings)


def test_who_is_left_out_for_a_pose_is_shown_as_cut_out(desk: Path) -> None:
    """A photo beside its cut-out; a file that is a cut-out, as it is."""
    person = render_person(4, 300)[:150]
    alpha = person[..., 3:].astype(np.float32) / 255
    photo = np.rint(person[..., :3] * alpha + 230 * (1 - alpha)).astype(np.uint8)
    Image.fromarray(np.pad(photo, ((40, 0), (60, 60), (0, 0)), constant_values=230)).save(desk / "people/photo.png")
    Image.fromarray(person).save(desk / "people/cut.png")
    recipe = small_recipe(desk, foregrounds={"poses": ["standing", "object"], "cutout": "auto", "network": ""})
    Image.fromarray(render_person(4, 300)).save(desk / "people/whole.png")
    catalog, _ = shown(recipe, desk / "look", 0)
    aside = {one.source: one.reason for one in catalog.set_aside if one.kind == "foreground"}
    for name in ("people/photo.png", "people/cut.png"):
        assert aside[name].startswith("pose: half-length ("), aside[name]
        assert "cut off at bottom" in aside[name]
    job = job_of(recipe)
    cards = {card.name: card for card in previews._aside(catalog, photos_of(job), job.inputs).shown}
    both, one = cards["people/photo.png"].picture, cards["people/cut.png"].picture
    assert both is not None
    assert one is not None
    assert (both[2, -3] == 128).all()
    assert both.shape[1] > 1.5 * both.shape[0] > 0
    assert one.shape[2] == 4


def test_floors_and_horizons_are_drawn_and_warnings_framed(tmp_path: Path) -> None:
    write_floor_photos(tmp_path)
    recipe = ground_recipe(tmp_path)
    catalog, files = shown(recipe, tmp_path / "look", 2)
    assert "horizon" in (tmp_path / "look" / PAGE).read_text("utf-8")
    with Image.open(tmp_path / "look/Backgrounds.jpg") as sheet:
        pixels = np.asarray(sheet).astype(int)
    assert (np.abs(pixels - (226, 60, 50)).max(-1) < 40).sum() > 100  # a horizon
    assert ((pixels[..., 1] - pixels[..., 0] > 25) & (pixels[..., 1] - pixels[..., 2] > 10)).sum() > 500  # floors
    assert "Samples.jpg" in files
    assert all(background.ground is not None for background in catalog.backgrounds)


def test_samples_are_spread_over_the_photos(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def page(given: Any) -> str:
        seen.extend(given.shown)
        return ""

    monkeypatch.setattr("figureground.make.preview.preview_page", page)
    shown(small_recipe(desk, placement={"per_pair": 4}), desk / "look", 6)
    assert len(seen) == 6
    assert {one.record.background for one in seen} == {"bg001", "bg002", "bg003"}
    assert {one.record.figures[0].foreground for one in seen} == {"fg001", "fg002", "fg003"}
    assert {one.record.mirrored for one in seen} == {False, True}


def test_check_out_has_the_photos_but_no_samples(desk: Path) -> None:
    _, files = shown(small_recipe(desk), desk / "look", 0)
    assert files == ["Backgrounds.jpg", "Foregrounds.jpg", "Set-aside.jpg", FILE]
    assert [(row["kind"], row["file"], row["state"], row["veto"]) for row in rows(desk / "look")] == [
        *(("background", f"rooms/room{i}.png", "used", "") for i in range(3)),
        *(("foreground", f"people/person{i}.png", "used", "") for i in range(3)),
        ("background", "rooms/bad.jpg", "set aside", ""),
    ]
    assert rows(desk / "look")[-1]["said"] == "not a picture that can be decoded"
    assert all(len(row["sha256"]) == 64 for row in rows(desk / "look"))


def test_marks_leave_photos_out_and_stay_when_the_table_is_written_anew(desk: Path) -> None:
    shown(small_recipe(desk), desk / "look", 0)
    mark(desk / "look", room1="x", person0="hands cut off")
    recipe = small_recipe(desk, review="look/review.csv")
    for _ in range(2):
        catalog, _ = shown(recipe, desk / "look", 0)
        assert [b.source for b in catalog.backgrounds] == ["rooms/room0.png", "rooms/room2.png"]
        assert ("people/person0.png", "left out by review.csv: hands cut off") in [
            (aside.source, aside.reason) for aside in catalog.set_aside
        ]
        marked = {row["file"]: (row["veto"], row["state"]) for row in rows(desk / "look") if row["veto"]}
        assert marked == {
            "rooms/room1.png": ("x", "set aside"),
            "people/person0.png": ("hands cut off", "set aside"),
        }
        assert len({row["sha256"] for row in rows(desk / "look")}) == 7
    (desk / "people/person0.png").rename(desk / "person0.png")
    shown(recipe, desk / "look", 0)
    assert [row["file"] for row in rows(desk / "look") if row["veto"]] == ["rooms/room1.png", "people/person0.png"]
    mark(desk / "look", room1="")
    assert len(shown(recipe, desk / "look", 0)[0].backgrounds) == 3


def test_a_table_that_cannot_be_read_is_not_replaced(desk: Path) -> None:
    (desk / "look").mkdir()
    (desk / "look" / FILE).write_text("mine")
    with pytest.raises(FigureGroundError, match="no column"):
        shown(small_recipe(desk), desk / "look")
    assert (desk / "look" / FILE).read_text() == "mine"


@pytest.mark.parametrize(
    ("paths", "folder", "refused"),
    [
        (["rooms"], "rooms/look", True),
        (["rooms"], "rooms", True),
        (["."], "look", True),
        (["rooms/**/*.png"], "rooms/look", True),
        (["rooms/**/*.png"], "rooms/a/look", True),
        (["*oo*"], "rooms/look", True),
        (["rooms/*.png"], "rooms/look", False),
        (["rooms/room0.png", "rooms/room1.png"], "rooms/look", False),
        (["rooms"], "look", False),
    ],
)
def test_no_picture_lands_among_the_photos(desk: Path, paths: list[str], folder: str, refused: bool) -> None:
    (desk / "rooms/bad.jpg").unlink()
    recipe = small_recipe(desk, backgrounds={"path": paths})
    if refused:
        with pytest.raises(FigureGroundError, match="among the photos"):
            shown(recipe, desk / folder, 0)
        assert not (desk / "look").exists()
        assert not (desk / "rooms/look").exists()
    else:
        before = len(shown(recipe, desk / folder, 0)[0].backgrounds)
        assert len(shown(recipe, desk / folder, 0)[0].backgrounds) == before


def test_where_a_preview_goes(tmp_path: Path) -> None:
    assert folder_of(tmp_path / "mine/night.toml") == tmp_path / "mine/night-preview"
    assert folder_of(tmp_path) == tmp_path / f"{tmp_path.name}-preview"


def test_of_many_photos_the_marked_ones_and_a_spread_are_shown() -> None:
    assert photo_cards.chosen(5, [2], 10) == [0, 1, 2, 3, 4]
    some = photo_cards.chosen(100, [7, 55], 12)
    assert (len(some), {7, 55} <= set(some), some == sorted(set(some))) == (12, True, True)
    assert max(np.diff(some)) < 20
    assert photo_cards.chosen(30, list(range(30)), 4) == [0, 1, 2, 3]


def test_leaving_a_photo_out_of_a_dataset_that_is_begun_is_refused_by_name(desk: Path) -> None:
    out = desk / "out"
    builds.build(small_recipe(desk), out, progress=lambda *_: None)
    recipe = small_recipe(desk, foregrounds={"exclude": "person1.png"})
    with pytest.raises(FigureGroundError, match="photos have changed") as caught:
        builds.build(recipe, out, progress=lambda *_: None)
    assert 'people/person1.png is now set aside (left out by exclude = "person1.png")' in caught.value.what
    assert "--fresh" in caught.value.remedy
    builds.build(recipe, out, fresh=True, progress=lambda *_: None)
    builds.build(recipe, out, progress=lambda *_: None)  # and the same again finishes
    bad = small_recipe(desk, foregrounds={"exclude": "person1.png"}, backgrounds={"exclude": "bad.jpg"})
    builds.build(bad, out, progress=lambda *_: None)  # what was set aside anyway changes nothing
