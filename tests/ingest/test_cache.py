"""Prepared photos are kept: what is taken from there is what would be made anew, and only then."""

import dataclasses
import errno
import functools
import hashlib
import io
import json
import logging
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground.core.engines import Engine, Processes, Serial, WorkerDiedError
from figureground.core.engines import Outcome as Done
from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.files import partial_of
from figureground.core.memory_store import MemoryStore
from figureground.core.nouns import Catalog
from figureground.core.packed import pack
from figureground.core.recipe import Recipe
from figureground.ingest import cache, ingest, photos
from figureground.ingest.finding import CACHE_MARK
from figureground.ingest.inputs import Photo
from figureground.ingest.outcome import Outcome
from tests.builders import (
    figure_cutout,
    ground_recipe,
    job_of,
    scene_photo,
    small_recipe,
    write_depth_network,
    write_floor_photos,
    write_photos,
)

Bytes = dict[str, bytes]


def run(recipe: Recipe, keep: bool = True, engine: Engine | None = None) -> Bytes:
    """Return the files of the catalog that a recipe's photos become."""
    store = MemoryStore()
    ingest.ingest(job_of(dataclasses.replace(recipe, cache=keep)), engine or Serial(), store, lambda *_: None)
    return dict(store.files)


def catalog_of(recipe: Recipe) -> Catalog:
    job = job_of(dataclasses.replace(recipe, cache=True))
    return ingest.ingest(job, Serial(), MemoryStore(), lambda *_: None)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the photos that are prepared, not taken from the cache, in this process."""
    names: list[str] = []
    real = ingest.prepare_photo

    def noted(job: Any, photo: Photo) -> Outcome:
        names.append(photo.name)
        return real(job, photo)

    monkeypatch.setattr(ingest, "prepare_photo", noted)
    return names


def entries(root: Path) -> list[Path]:
    return sorted((root / cache.FOLDER).glob("??/*.photo"))


def floor_recipe(root: Path, **sections: Any) -> Recipe:
    """Return a recipe whose photos take every way: given depth, floors, relief by a network, and one is set aside."""
    write_floor_photos(root)
    (root / "people/bad.jpg").write_bytes(b"<html>")
    write_depth_network(root / "grey.onnx")
    depth = {"model": "grey.onnx", "relief": "network"}
    return ground_recipe(root, depth={**depth, **sections.pop("depth", {})}, **sections)


def damaged(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])


def as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def as_link(path: Path) -> None:
    target = path.with_name("elsewhere")
    path.rename(target)
    path.symlink_to(target)


DAMAGE: dict[str, Callable[[Path], Any]] = {
    "a bit": damaged,
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-40]),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"x"),
    "empty": lambda path: path.write_bytes(b""),
    "a link": as_link,
    "a folder": as_folder,
}


def test_cold_warm_damaged_and_without_a_cache_the_catalog_is_the_same(tmp_path: Path, made: list[str]) -> None:
    recipe = floor_recipe(tmp_path)
    without = run(recipe, keep=False)
    assert not (tmp_path / cache.FOLDER).exists()
    assert b"web page" in without["catalog.jsonl"]
    assert any(name.startswith("Relief/") for name in without)
    assert run(recipe) == without  # cold
    assert len(entries(tmp_path)) == 7
    made.clear()
    assert run(recipe) == without  # warm
    assert made == []
    for path, harm in zip(entries(tmp_path), DAMAGE.values(), strict=False):
        harm(path)
    assert run(recipe) == without
    assert len(made) == 6


def test_every_engine_keeps_and_takes_the_same(tmp_path: Path, made: list[str]) -> None:
    recipe = floor_recipe(tmp_path)
    without = run(recipe, keep=False)
    assert run(recipe, engine=Processes(2)) == without
    made.clear()
    assert run(recipe) == without
    assert made == []  # what the workers kept is taken here
    damaged(entries(tmp_path)[2])
    entries(tmp_path)[4].unlink()
    assert run(recipe, engine=Processes(2)) == without
    assert len(made) == 1  # the damaged one; a worker made the other
    made.clear()
    assert run(recipe) == without
    assert made == []


@pytest.mark.parametrize("harm", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_entry_is_made_anew_and_replaced(
    tmp_path: Path, made: list[str], harm: Callable[[Path], Any]
) -> None:
    write_photos(tmp_path, 1, 1)
    recipe = small_recipe(tmp_path)
    before = run(recipe)
    path = entries(tmp_path)[0]
    whole = path.read_bytes()
    harm(path)
    made.clear()
    assert run(recipe) == before
    assert len(made) == 1
    if path.is_file():  # a folder of its name stays in the way, and costs no more than time
        assert path.read_bytes() == whole
        assert not path.is_symlink()


NO_MATTER: dict[str, dict[str, Any]] = {
    "per_pair": {"placement": {"per_pair": 3}},
    "samples": {"placement": {"samples": 5}},
    "overlap": {"placement": {"overlap": 0.2}},
    "figures": {"placement": {"figures": [1, 2]}},
    "grid": {"placement": {"mode": "grid"}},
    "look": {"look": {"noise": [0, 0]}},
    "quality": {"image": {"quality": 40}},
    "split": {"split": {"backgrounds": 0.5}},
    "parts": {"parts": {"size": 9}},
    "name": {"name": "another"},
    "class": {"foregrounds": {"class": "woman"}},
    "poses": {
        "foregrounds": {"poses": ["seated", "standing", "cropped", "half-length", "group", "scattered", "airborne"]}
    },
    "tag": {"backgrounds": {"tag": "indoor"}},
    "weight": {"foregrounds": {"weight": 2.0}},
    "encoding": {"depth": {"encoding": "png8"}},
}
ROOMS, PEOPLE = {"rooms/room0.png", "rooms/room1.png"}, {"people/person0.png", "people/person1.png"}
MATTER: dict[str, tuple[dict[str, Any], set[str]]] = {
    "seed": ({"seed": 4}, PEOPLE),
    "size": ({"size": 72}, ROOMS | PEOPLE),
    "fit": ({"backgrounds": {"fit": "contain"}}, ROOMS),
    "height": ({"foregrounds": {"height": [0.5, 0.6]}}, PEOPLE),
    "class of things": ({"foregrounds": {"class": "dog"}}, PEOPLE),
    "cutout": ({"foregrounds": {"cutout": "alpha"}}, PEOPLE),
    "network": ({"foregrounds": {"network": ""}}, PEOPLE),
    "min_visible": ({"placement": {"min_visible": 0.5}}, PEOPLE),
    "focal": ({"depth": {"focal": 0.9}}, ROOMS | PEOPLE),
    "depth": ({"depth": {"source": "layered", "model": "grey.onnx"}}, ROOMS),
}


@pytest.mark.parametrize("sections", NO_MATTER.values(), ids=NO_MATTER)
def test_what_changes_nothing_prepares_nothing(tmp_path: Path, made: list[str], sections: dict[str, Any]) -> None:
    write_photos(tmp_path, 2, 2)
    run(small_recipe(tmp_path))
    made.clear()
    assert run(small_recipe(tmp_path, **sections)) == run(small_recipe(tmp_path, **sections), keep=False)
    assert made == [*sorted(ROOMS), *sorted(PEOPLE)]  # of the second call alone


@pytest.mark.parametrize(("sections", "whose"), MATTER.values(), ids=MATTER)
def test_what_decides_a_photo_prepares_it_anew(
    tmp_path: Path, made: list[str], sections: dict[str, Any], whose: set[str]
) -> None:
    write_photos(tmp_path, 2, 2)
    write_depth_network(tmp_path / "grey.onnx")
    run(small_recipe(tmp_path))
    made.clear()
    first = run(small_recipe(tmp_path, **sections))
    assert set(made) == whose
    assert first == run(small_recipe(tmp_path, **sections), keep=False)


def test_a_network_its_card_and_a_given_depth_map_count(tmp_path: Path, made: list[str]) -> None:
    recipe = functools.partial(small_recipe, tmp_path, depth={"source": "layered", "model": "grey.onnx"})
    write_photos(tmp_path, 2, 1)
    write_depth_network(tmp_path / "grey.onnx")
    run(recipe())
    write_depth_network(tmp_path / "grey.onnx", size=32)
    made.clear()
    run(recipe())
    assert set(made) == ROOMS
    card = tmp_path / "grey.card.toml"
    card.write_text(card.read_text() + "unit_scale = 2.0\n")
    made.clear()
    run(recipe())
    assert set(made) == ROOMS
    card.write_text(card.read_text() + 'licence = "MIT"\n')  # says nothing of its depth
    run(recipe(backgrounds={"depth": "depth"}))
    Image.fromarray(scene_photo(0)[..., 0].astype("uint16") + 900).save(tmp_path / "depth/room1.png")
    made.clear()
    run(recipe(backgrounds={"depth": "depth"}))
    assert made == ["rooms/room1.png"]
    made.clear()
    run(recipe())
    assert made == []


def test_content_counts_and_not_name_place_or_time(tmp_path: Path, made: list[str]) -> None:
    write_photos(tmp_path / "a", 2, 2)
    run(small_recipe(tmp_path / "a"))
    shutil.move(tmp_path / "a", tmp_path / "b")
    (tmp_path / "b/rooms/room0.png").rename(tmp_path / "b/rooms/other.png")
    person, seen = tmp_path / "b/people/person0.png", (tmp_path / "b/people/person0.png").stat()
    with Image.open(io.BytesIO(person.read_bytes())) as picture:
        new = picture.getchannel("R").point(lambda v: 255 - v)
        picture.putalpha(picture.getchannel("A"))
        Image.merge("RGBA", (new, *picture.split()[1:])).save(person)
    os.utime(person, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    made.clear()
    found = catalog_of(small_recipe(tmp_path / "b"))
    assert made == ["people/person0.png"]
    assert [b.source for b in found.backgrounds] == ["rooms/other.png", "rooms/room1.png"]


def test_class_source_and_credit_are_those_of_today(tmp_path: Path, made: list[str]) -> None:
    write_photos(tmp_path, 1, 1)
    run(small_recipe(tmp_path))
    Image.fromarray(figure_cutout(7)).save(tmp_path / "rooms/dog.png")
    (tmp_path / "rooms/figures").mkdir()
    (tmp_path / "rooms/dog.png").rename(tmp_path / "rooms/figures/dog.png")
    (tmp_path / "people/credits.csv").write_text("file,licence,credit,group\nperson0.png,CC0,Ana,kitchen\n")
    sources = [{"path": "rooms/figures", "class": "dog"}, {"path": "people", "class": "woman"}]
    made.clear()
    found = catalog_of(dataclasses.replace(small_recipe(tmp_path, backgrounds={"path": "rooms/*.png", "tag": "in"})))
    assert made == []
    assert [(f.class_name, f.credit, f.group) for f in found.foregrounds] == [("person", "Ana", "kitchen")]
    assert [b.tag for b in found.backgrounds] == ["in"]
    table = small_recipe(tmp_path, backgrounds={"path": "rooms/*.png"}).backgrounds
    two = dataclasses.replace(
        small_recipe(tmp_path),
        backgrounds=table,
        foregrounds=tuple(
            dataclasses.replace(small_recipe(tmp_path).foregrounds[0], path=(s["path"],), class_=s["class"])
            for s in sources
        ),
    )
    found = catalog_of(two)
    assert made == ["rooms/figures/dog.png"]
    assert [(f.class_name, f.class_id, f.source_number) for f in found.foregrounds] == [("dog", 1, 1), ("woman", 2, 2)]


def test_a_run_that_is_stopped_has_kept_what_it_prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_photos(tmp_path, 3, 3)
    names: list[str] = []
    real = ingest.prepare_photo

    def stop(job: Any, photo: Photo) -> Outcome:
        if len(names) == 4:
            raise KeyboardInterrupt
        names.append(photo.name)
        return real(job, photo)

    monkeypatch.setattr(ingest, "prepare_photo", stop)
    with pytest.raises(KeyboardInterrupt):
        run(small_recipe(tmp_path))
    first = names.copy()
    names.clear()
    run(small_recipe(tmp_path))
    assert len(first) == 4
    assert len(names) == 2
    assert not set(first) & set(names)


def test_reasons_are_kept_unless_they_pass(tmp_path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    write_photos(tmp_path, 2, 1)
    (tmp_path / "rooms/bad.jpg").write_bytes(b"junk")
    (tmp_path / "rooms/empty.jpg").write_bytes(b"")
    real = Image.open

    def short_of_memory(*a: Any, **k: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(Image, "open", short_of_memory)
    with pytest.raises(FigureGroundError):
        run(small_recipe(tmp_path))
    monkeypatch.setattr(Image, "open", real)
    assert entries(tmp_path) == []
    run(small_recipe(tmp_path))
    made.clear()
    run(small_recipe(tmp_path))
    assert made == ["rooms/empty.jpg"]  # a file that is being copied there, perhaps


def test_an_unreadable_depth_map_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_photos(tmp_path, 2, 1)
    recipe = small_recipe(tmp_path, backgrounds={"depth": "depth"}, depth={"source": "layered"})

    def refused(given: Any) -> Any:
        raise SetAsideError("its depth map cannot be read: Permission denied")

    def no_hash(path: Path) -> str:
        if path.parent.name == "depth":
            raise PermissionError(errno.EACCES, "Permission denied")
        return hashlib.sha256(path.read_bytes()).hexdigest()

    with monkeypatch.context() as patch:
        patch.setattr("figureground.ingest.given_depth.read_map", refused)
        patch.setattr("figureground.ingest.state.file_sha256", no_hash)
        with pytest.raises(FigureGroundError, match="no background"):
            run(recipe)
    assert len(entries(tmp_path)) == 1  # the person
    assert len(catalog_of(recipe).backgrounds) == 2


class _Killing:
    """An engine whose worker is killed on one photo."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def map(self, function: Callable[[Any], Any], jobs: Any) -> Any:
        for job in jobs:
            if job[1].name == "people/person1.png":
                yield Done(job, error=self.error)
            else:
                yield Done(job, function(job))


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (WorkerDiedError("a worker process died"), "a worker process died"),
        (MemoryError("cannot allocate"), "not enough memory"),
        (ImportError("no scipy"), "no scipy"),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left"),
    ],
)
def test_what_is_no_photos_fault_ends_the_run_by_the_photos_name(
    tmp_path: Path, error: BaseException, what: str, made: list[str]
) -> None:
    write_photos(tmp_path)
    with pytest.raises(FigureGroundError) as caught:
        run(small_recipe(tmp_path), engine=_Killing(error))
    assert what in caught.value.what
    assert caught.value.where == "preparing people/person1.png"
    assert "prepared so far are kept" in caught.value.remedy
    made.clear()
    run(small_recipe(tmp_path))
    assert made == ["people/person1.png", "people/person2.png"]
    with pytest.raises(FigureGroundError) as caught:
        run(small_recipe(tmp_path, seed=1), keep=False, engine=_Killing(error))
    assert "kept" not in caught.value.remedy


def test_an_error_of_one_photo_alone_sets_it_aside(tmp_path: Path) -> None:
    write_photos(tmp_path)
    files = run(small_recipe(tmp_path), engine=_Killing(ZeroDivisionError()))
    assert b"preparation failed: ZeroDivisionError" in files["catalog.jsonl"]
    assert b"preparation failed" not in run(small_recipe(tmp_path))["catalog.jsonl"]  # it was not kept


def test_the_folder_says_what_it_is_and_no_source_finds_photos_in_it(tmp_path: Path) -> None:
    write_photos(tmp_path, 1, 1)
    run(small_recipe(tmp_path))
    folder = tmp_path / cache.FOLDER
    assert json.loads((folder / CACHE_MARK).read_text())["format"] == 1
    assert "Delete this folder" in (folder / "README.txt").read_text()
    assert (folder / ".gitignore").read_text() == "*\n"
    assert (folder / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")
    assert cache.is_cache(folder)
    assert not cache.is_cache(tmp_path)
    Image.fromarray(scene_photo(3)).save(folder / "planted.png")
    assert {p.name for p in photos.find([".", "**/*.png"], tmp_path, "path")} == {"room0.png", "person0.png"} | {
        p.name for p in (tmp_path / "depth").iterdir()
    }


def spoil(folder: Path, how: str) -> None:
    if how == "a file":
        folder.write_text("mine")
    elif how == "a link":
        folder.with_name("other").mkdir()
        folder.symlink_to("other")
    else:
        folder.mkdir()
        text = {"of others": "", "newer": '{"format": 99}', "no JSON": "{", "a list": "[]"}[how]
        (folder / (CACHE_MARK if text else "diary.txt")).write_text(text)


@pytest.mark.parametrize("how", ["a file", "a link", "of others", "newer", "no JSON", "a list"])
def test_a_folder_that_is_not_ours_is_left_alone_and_that_is_said_once(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    write_photos(tmp_path, 2, 2)
    without = run(small_recipe(tmp_path), keep=False)
    folder = tmp_path / cache.FOLDER
    spoil(folder, how)
    before = sorted(p.name for p in tmp_path.rglob("*"))
    with caplog.at_level(logging.WARNING, "figureground"):
        assert run(small_recipe(tmp_path)) == without
    assert sorted(p.name for p in tmp_path.rglob("*")) == before
    (record,) = caplog.records
    assert "prepared photos are not kept" in record.getMessage()


def test_a_folder_that_cannot_be_made_or_written_costs_nothing_but_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write_photos(tmp_path, 1, 1)
    without = run(small_recipe(tmp_path), keep=False)

    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(cache, "write_whole", full)
    assert run(small_recipe(tmp_path)) == without
    assert "Read-only file system" in caplog.text
    monkeypatch.undo()
    run(small_recipe(tmp_path))
    monkeypatch.setattr(cache, "write_whole", full)  # full since then
    assert run(small_recipe(tmp_path, size=72)) == run(small_recipe(tmp_path, size=72), keep=False)


def hostile(root: Path, outcome: Outcome) -> Bytes:
    """Put an entry of our own making in the place of a background's, and return what becomes of it."""
    path = next(p for p in entries(root) if b'"Background"' in p.read_bytes())
    path.write_bytes(pack(outcome, path.stem))
    return run(small_recipe(root))


def test_a_well_made_entry_of_somebody_else_is_not_followed_or_run(tmp_path: Path) -> None:
    write_photos(tmp_path, 1, 1)
    before = run(small_recipe(tmp_path))
    entry = catalog_of(small_recipe(tmp_path)).backgrounds[0]
    picture = before["Background/bg001.jpg"]
    large = io.BytesIO()
    Image.new("1", (12000, 12000)).save(large, "PNG")
    for files in (
        {"picture": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"},
        {"picture": picture, "../../outside": picture},
        {"picture": large.getvalue()},
        {"picture": b""},
    ):
        forged = Outcome(entry.source_sha256, entry)
        object.__setattr__(forged, "files", files)
        assert hostile(tmp_path, forged) == before
    assert hostile(tmp_path, Outcome(entry.source_sha256)) == before  # neither an entry nor a reason


@pytest.mark.skipif(sys.platform == "win32", reason="links and fifos")
def test_links_and_fifos_in_the_folder_are_not_followed(tmp_path: Path, made: list[str]) -> None:
    write_photos(tmp_path, 1, 1)
    before = run(small_recipe(tmp_path))
    first, second = entries(tmp_path)
    first.unlink()
    os.mkfifo(first)
    shelf, outside = second.parent, tmp_path / "outside"
    shelf.rename(outside)
    shelf.symlink_to(outside)
    # where both entries are of one shelf, the pipe lies there, too: nobody ever ends reading that
    kept = {p.name: p.read_bytes() for p in outside.iterdir() if p.is_file()}
    made.clear()
    assert run(small_recipe(tmp_path)) == before
    assert len(made) == 2
    cache.PhotoCache(tmp_path / cache.FOLDER, 1).trim(0)
    assert {p.name: p.read_bytes() for p in outside.iterdir() if p.is_file()} == kept


def filled(folder: Path, ages_s: list[float], size: int = 1000) -> list[Path]:
    """Write entries of one size that were used so long ago."""
    paths = []
    for n, age in enumerate(ages_s):
        path = folder / f"{n:02x}" / f"{n:064x}.photo"
        path.parent.mkdir(parents=True)
        path.write_bytes(bytes(size))
        os.utime(path, (time.time() - age,) * 2)
        paths.append(path)
    return paths


def test_what_was_not_used_for_longest_is_deleted_first(tmp_path: Path) -> None:
    paths = filled(tmp_path, [500, 9000, 100, 7000])
    cache.PhotoCache(tmp_path, 2500).trim(time.time())
    assert [path.exists() for path in paths] == [True, False, True, False]


def test_photos_that_do_not_all_fit_do_not_push_each_other_out(tmp_path: Path) -> None:
    paths = filled(tmp_path, [900, 30, 20, 10])
    cache.PhotoCache(tmp_path, 2500).trim(time.time() - 60)
    assert [path.exists() for path in paths] == [False, True, True, False]


def test_only_what_a_cache_has_written_is_ever_deleted(tmp_path: Path) -> None:
    (entry,) = filled(tmp_path, [50])
    others = [tmp_path / "mine.jpg", entry.with_name("notes.txt"), entry.with_name("abc.photo"), tmp_path / "ab.photo"]
    young, old = partial_of(entry), partial_of(entry)
    for path in (*others, young, old):
        path.write_bytes(bytes(9000))
    os.utime(old, (0, 0))
    cache.PhotoCache(tmp_path, 0).trim(time.time())
    assert [path.exists() for path in others] == [True] * 4
    assert not entry.exists()
    assert young.exists()  # another process may be writing it
    assert not old.exists()


def test_a_run_keeps_to_the_size_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_photos(tmp_path, 4, 4)
    run(small_recipe(tmp_path))
    sizes = [path.stat().st_size for path in entries(tmp_path)]
    monkeypatch.setenv(cache.SIZE_VARIABLE, str(sum(sizes) / 2 / 1e9))
    without = run(small_recipe(tmp_path), keep=False)
    for _ in range(2):
        assert run(small_recipe(tmp_path)) == without
        assert 0 < sum(path.stat().st_size for path in entries(tmp_path)) <= sum(sizes) / 2
    for wrong in ("0", "-1", "many", "nan"):
        monkeypatch.setenv(cache.SIZE_VARIABLE, wrong)
        with pytest.raises(FigureGroundError, match="no size"):
            run(small_recipe(tmp_path))


def test_a_use_makes_an_entry_young_again(tmp_path: Path) -> None:
    write_photos(tmp_path, 1, 1)
    run(small_recipe(tmp_path))
    for path in entries(tmp_path):
        os.utime(path, (1000, 1000))
    run(small_recipe(tmp_path))
    assert all(path.stat().st_mtime > time.time() - 60 for path in entries(tmp_path))


@pytest.mark.parametrize("change", [{"files": {"shade": b""}}, {"notes": (np.int64(3),)}])
def test_an_outcome_that_could_not_be_read_again_is_our_fault_and_no_photos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    write_photos(tmp_path, 1, 1)
    real = ingest.prepare_photo
    monkeypatch.setattr(ingest, "prepare_photo", lambda *a: dataclasses.replace(real(*a), **change))
    with pytest.raises(FigureGroundError, match="cannot be kept") as caught:
        run(small_recipe(tmp_path))
    assert "--no-cache" in caught.value.remedy
