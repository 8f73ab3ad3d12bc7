"""Which files are photos: links, pipes, our own datasets, kinds that are not read, wild cards and variables."""

import glob
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from figureground.core.errors import FigureGroundError
from figureground.ingest import finding, photos
from figureground.ingest.finding import search
from figureground.make.build import build
from tests.builders import scene_photo, small_recipe, write_photos


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def names(folder: Path, *paths: str) -> list[str]:
    return [p.relative_to(folder).as_posix() for p in search(paths, folder, "k").files]


def left(folder: Path, *paths: str) -> dict[str, str]:
    found = search(paths, folder, "k").left_out
    return {p.path.relative_to(folder).as_posix(): p.reason for p in found}


def test_links_to_folders_are_followed_once_and_never_round_in_circles(tmp_path: Path) -> None:
    fill(tmp_path, "bg/a.jpg", "bg/deep/b.jpg", "other/c.jpg", "other/in/d.jpg")
    (tmp_path / "bg/another").symlink_to("../other")
    (tmp_path / "bg/zz").symlink_to(tmp_path / "other")  # again
    (tmp_path / "bg/deep/up").symlink_to("..")
    (tmp_path / "other/in/back").symlink_to("../../bg")
    assert names(tmp_path, "bg") == ["bg/a.jpg", "bg/another/c.jpg", "bg/another/in/d.jpg", "bg/deep/b.jpg"]
    assert names(tmp_path, "bg/**/*.jpg") == names(tmp_path, "bg")
    again = "a link to a folder that is searched already"
    assert left(tmp_path, "bg") == {"bg/deep/up": again, "bg/zz": again, "bg/another/in/back": again}


def test_a_file_that_two_names_lead_to_is_one_photo_under_its_own(tmp_path: Path) -> None:
    fill(tmp_path, "bg/real.jpg")
    for link in ("bg/first.jpg", "bg/second.jpg"):
        (tmp_path / link).symlink_to("real.jpg")
    assert names(tmp_path, "bg") == ["bg/real.jpg"]
    assert set(left(tmp_path, "bg").values()) == {"a link to the same file as real.jpg"}
    assert names(tmp_path, "bg", "bg/*.jpg", "./bg/../bg", str(tmp_path / "bg/real.jpg")) == ["bg/real.jpg"]
    (tmp_path / "links").mkdir()
    for number in (1, 2):
        fill(tmp_path, f"store/{number}.png")
        (tmp_path / f"links/{number}.png").symlink_to(f"../store/{number}.png")
    assert names(tmp_path, "links") == ["links/1.png", "links/2.png"]


def test_what_cannot_be_read_is_named_and_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, "bg/a.jpg", "bg/locked/b.jpg")
    os.mkfifo(tmp_path / "bg/pipe.jpg")
    (tmp_path / "bg/gone.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "bg/away").symlink_to("nowhere")
    (tmp_path / "bg/self").symlink_to("self")
    (tmp_path / "bg/null.png").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as door:
        monkeypatch.chdir(tmp_path / "bg")  # the name of a socket is short
        door.bind("door.png")
    scan = os.scandir

    def refusing(folder: Any) -> Any:
        if Path(folder).name == "locked":
            raise PermissionError(13, "Permission denied")
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refusing)
    assert names(tmp_path, "bg") == ["bg/a.jpg"]
    assert left(tmp_path, "bg") == {
        "bg/locked": "the folder cannot be opened: Permission denied",
        "bg/pipe.jpg": "a pipe, a socket or a device: no file",
        "bg/null.png": "a pipe, a socket or a device: no file",
        "bg/door.png": "a pipe, a socket or a device: no file",
        "bg/gone.jpg": "a link that leads nowhere",
        "bg/away": "a link that leads nowhere",
        "bg/self": "a link that leads to itself",
    }
    with pytest.raises(Exception, match="no plain file"):
        photos.read_bytes(tmp_path / "bg/pipe.jpg")


def test_kinds_that_are_not_read_are_counted_a_line_a_kind(tmp_path: Path) -> None:
    fill(tmp_path, "bg/a.jpg", *(f"bg/{n % 3}/IMG_{n}.DNG" for n in range(1, 13)), "bg/x.psd", "bg/film.mov")
    fill(tmp_path, "bg/README.txt", "bg/Thumbs.db", "bg/._a.dng", "bg/.DS_Store", "bg/credits.csv", "bg/LICENSE")
    (tmp_path / "bg/IMG_7").write_bytes(b"\xff\xd8\xff\xe0" + bytes(20))
    assert names(tmp_path, "bg") == ["bg/a.jpg"]
    assert {(p.path.name, p.reason) for p in search(["bg"], tmp_path, "k").left_out} == {
        ("bg", "12 camera raw files of a kind that is not read: .dng (IMG_3.DNG, IMG_6.DNG, IMG_9.DNG and 9 more)"),
        ("bg", "1 picture of a kind that is not read: .psd (x.psd)"),
        ("bg", "1 video of a kind that is not read: .mov (film.mov)"),
        ("bg", "1 picture without a suffix: give each one, like .jpg (IMG_7)"),
    }
    (tmp_path / "bg/a.jpg").unlink()
    with pytest.raises(FigureGroundError, match="holds no pictures") as caught:
        search(["bg"], tmp_path, "backgrounds.path")
    assert ".dng" in caught.value.where


def test_portable_greymaps_are_photos(tmp_path: Path) -> None:
    for suffix in ("pgm", "pnm", "ppm", "pbm"):
        Image.fromarray(scene_photo(1)).convert("1" if suffix == "pbm" else "RGB").save(tmp_path / f"a.{suffix}", "PPM")
    found = photos.find(["."], tmp_path, "k")
    assert [path.suffix for path in found] == [".pbm", ".pgm", ".pnm", ".ppm"]
    for path in found:
        assert photos.decode(photos.read_bytes(path), 64).pixels.shape == (96, 120, 3)


def test_datasets_and_caches_of_ours_are_no_photos_wherever_they_lie(tmp_path: Path) -> None:
    write_photos(tmp_path, 2, 1)
    recipe = small_recipe(tmp_path, backgrounds={"path": "."})
    build(recipe, tmp_path / "out")
    (tmp_path / "moved").mkdir()
    (tmp_path / "out/catalog").rename(tmp_path / "moved/catalog")
    build(recipe, tmp_path / "rooms/out 2")
    fill(tmp_path, "begun/bg.jpg", "begun/build.json", "kept/a.png", f"kept/{finding.CACHE_MARK}", "theirs/a.jpg")
    (tmp_path / "begun/build.json").write_text('{"format": 2, "plan": 1, "render": 1}')
    (tmp_path / "theirs/manifest.json").write_text('{"name": "theirs", "format": "jpg"}')
    wanted = ["people/person0.png", "rooms/room0.png", "rooms/room1.png", "theirs/a.jpg"]
    for path in (".", "**/*.png", "**", "*"):
        found = [name for name in names(tmp_path, path) if not name.startswith("depth/")]
        assert found == (wanted if path != "**/*.png" else wanted[:3])
        assert left(tmp_path, path) == {}
    assert names(tmp_path, "moved/cat*/*/*.jpg", "theirs") == ["theirs/a.jpg"]
    assert names(tmp_path, "rooms/out 2/catalog/Background")  # named outright


def test_the_output_may_lie_among_the_photos_and_the_same_call_twice_is_content(tmp_path: Path) -> None:
    write_photos(tmp_path, 2, 1)
    recipe = small_recipe(tmp_path, backgrounds={"path": "."}, foregrounds={"path": "people"})
    first = build(recipe, tmp_path / "out")
    before = (first / "catalog/catalog.jsonl").read_bytes()
    build(recipe, tmp_path / "out")
    build(recipe, tmp_path / "other")
    assert (first / "catalog/catalog.jsonl").read_bytes() == before
    assert (tmp_path / "other/catalog/catalog.jsonl").read_bytes() == before


def test_wild_cards_for_folders_of_any_depth_find_what_pythons_glob_finds(tmp_path: Path) -> None:
    fill(tmp_path, "a.jpg", "b/c.jpg", "b/d/e.jpg", "b/d/f.png", "g/d/h.jpg", "b/.hid/i.jpg", "b/odd [x]/j.jpg")
    for pattern in (
        "**/*.jpg",
        "b/**",
        "**/d/*.jpg",
        "b/**/*.png",
        "*/d",
        "**/[ce].jpg",
        "**/d",
        "b/**/d/**/e.jpg",
        "?.jpg",
    ):
        expected = set()
        for found in glob.glob(pattern, root_dir=tmp_path, recursive=True):
            path = tmp_path / found
            expected |= {path} if path.is_file() else {p for p in path.rglob("*") if p.is_file()}
        kept = {p.relative_to(tmp_path).as_posix() for p in expected if "/." not in p.as_posix()}
        assert set(names(tmp_path, pattern)) == kept, pattern
    with pytest.raises(FigureGroundError, match="no such folder"):
        names(tmp_path, "**/*.tiff")


def test_home_and_variables_stand_in_paths_and_globs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, "ho [1]/photos/a.jpg", "root/$lit/b.jpg", "root/x.jpg")
    monkeypatch.setenv("HOME", str(tmp_path / "ho [1]"))
    monkeypatch.setenv("PICS", "photos")
    monkeypatch.setenv("BASE", str(tmp_path / "ho [1]"))
    monkeypatch.delenv("NOWHERE", raising=False)
    root = tmp_path / "root"
    for text in ("~/photos", "~/$PICS", "$BASE/photos", "${BASE}/$PICS/*.jpg", "~/ph*", "~/**/*.jpg", "$BASE/*/a.jpg"):
        assert [p.name for p in search([text], root, "k").files] == ["a.jpg"], text
    assert [p.name for p in search(["$lit"], root, "k").files] == ["b.jpg"]
    for text in ("$NOWHERE/x", "${NOWHERE}/*.jpg"):
        with pytest.raises(FigureGroundError, match="the environment has no NOWHERE"):
            search([text], root, "k")


@pytest.mark.parametrize(("text", "meant"), [("rom", "rooms"), ("Rooms/dep", "deep"), ("ROOM/deep", "rooms")])
def test_a_misspelt_folder_is_refused_with_the_name_that_is_near(text: str, meant: str, tmp_path: Path) -> None:
    fill(tmp_path, "rooms/deep/a.jpg", "Rooms/deep/a.jpg", "people/b.jpg")
    with pytest.raises(FigureGroundError, match="no such folder") as caught:
        search([text], tmp_path, "k")
    assert meant.casefold() in caught.value.remedy.casefold()
    with pytest.raises(FigureGroundError) as caught:
        search(["completely different"], tmp_path, "k")
    assert "check the spelling" in caught.value.remedy
