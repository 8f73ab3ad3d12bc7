"""Datasets from elsewhere that mean harm: whatever a command is given, it ends, says what is wrong, and touches nothing
outside.  These are some of each kind; `tests/long/hostile.py` tries all of them with all commands."""

import json
import os
import sys
import tracemalloc
from pathlib import Path

import pytest
from PIL import ImageFile

from figureground import FigureGroundError, open_dataset
from figureground.core.folder_store import FolderStore
from figureground.dataset import parts
from figureground.image.opened import stored_pixels
from figureground.ingest.catalog import is_whole, load_catalog
from tests.hostile.attacks import attacks
from tests.hostile.changes import SECRET, png_of
from tests.hostile.running import commands, copied, harm, run, small_dataset

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes are made as POSIX has them")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    small_dataset(folder)
    return folder


ATTACKS = attacks()
# an attack, and the commands that would do its harm
CHOSEN = {
    "parts/ lies outside": "depth in place",
    "parts/ lies outside by two links": "depth in place",
    "state/ lies outside": "build fresh",
    "catalog/ lies outside": "build fresh",
    "catalog/Mask/ lies outside": "export",
    "manifest.json is a link to a user's file": "info",
    "catalog/Foreground/fg001.png is a link to a user's file": "export",
    "catalog/Mask/fg001.png lies outside": "export",
    ".lock is a link to a user's file": "build",
    ".lock is a pipe": "build",
    "parts/part-00000.zip is a pipe": "points",
    "catalog/catalog.jsonl is a pipe": "info",
    "recipe.toml is a pipe": "build",
    "build.json is a pipe": "build",
    "report.html is a link to a user's file": "report",
    "manifest.json is sparse": "info",
    "catalog/catalog.jsonl is sparse": "export",
    "catalog background file '../../outside/secret'": "export",
    "catalog foreground mask_file '/etc/passwd'": "export",
    "manifest part '../../outside/secret'": "points",
    "row's image '..\\\\..\\\\outside\\\\secret'": "export",
    "member '../secret'": "export",
    "member 'C:/x.jpg'": "export",
    "manifest.json: deep": "info",
    "catalog/catalog.jsonl: deep": "export",
    "statistics.json: a deep value": "report",
    "build.json: deep": "build",
    "manifest size = [inf]": "info",
    "manifest classes = x": "info",
    "statistics checks = 1000000000000000000": "report",
    "statistics checks = None": "info",
    "statistics summary_of = True": "info",
    "statistics summary = []": "info",
    "statistics no_depth = {}": "info",
    "statistics of train area_histogram = []": "report",
    "report.html is a folder": "build",
    "labels.csv is a folder": "build fresh",
    "recipe.toml is sparse": "build fresh",
    "build.json is sparse": "build",
    "catalog foreground height = 1000000000000000000": "points virtual",
    "row background = x": "report",
    "row figures = 1e+308": "export",
    "part samples = 1000000000000000000": "report",
    "rle that shifts for ever": "points",
    "a million samples in the recipe": "depth",
    "compressed members": "points",
    "overlapping members": "export",
    "a sparse member": "points",
    "encrypted": "points",
    "image: bomb": "points",
    "mask: EPS": "export",
    "catalog background : bomb": "report",
    "script in the manifest's name": "report",
    "script as checks": "report",
    "script in the catalog": "report",
    "script in figures' class_name": "report",
    "script in splits": "info",
    "script in the recipe": "report",
}


@pytest.mark.parametrize(("attack", "command"), CHOSEN.items(), ids=CHOSEN)
def test_no_harm_is_done(base: Path, tmp_path: Path, attack: str, command: str) -> None:
    dataset = copied(base, tmp_path / "there")
    ATTACKS[attack](dataset, tmp_path / "there/outside")
    assert harm(dataset, command) == ""


def test_a_sound_dataset_goes_through_every_command(base: Path, tmp_path: Path) -> None:
    """Or the attacks above would prove nothing."""
    for number, command in enumerate(commands(base, base)):
        dataset = copied(base, tmp_path / f"{number}")
        assert run(commands(dataset, tmp_path / f"{number}/made")[command], 60).code == 0, command


def test_the_folder_itself_may_be_a_link(base: Path, tmp_path: Path) -> None:
    copied(base, tmp_path / "there")
    (tmp_path / "linked").symlink_to("there/out")
    assert len(open_dataset(tmp_path / "linked")) == 8
    (tmp_path / "out").mkdir()
    (tmp_path / "made").symlink_to("out")
    made = commands(tmp_path / "linked", tmp_path / "made")
    assert run(made["export"]).code == run(made["report"]).code == 0
    assert (tmp_path / "out/export/labels.txt").is_file()


def test_every_file_of_the_catalog_is_held_to(base: Path, tmp_path: Path) -> None:
    """A flipped bit in any of them is no whole catalog, is not exported, and is mended by building again."""
    dataset = copied(base, tmp_path / "there")
    store = FolderStore(dataset / "catalog")
    catalog = load_catalog(store)
    pictures = [name for name in store.list() if "/" in name]
    assert len(pictures) == 12
    assert is_whole(catalog, store)
    for name in pictures:
        sound = store.read(name)
        store.write(name, sound[:-20] + bytes([sound[-20] ^ 1]) + sound[-19:])
        assert not is_whole(catalog, store), name
        if name.startswith(("Background", "Foreground", "Mask")):
            end = run(commands(dataset, tmp_path / f"made/{name}")["export"])
            assert (end.code, name in end.said) == (1, True), end
        store.write(name, sound)
    mask = store.read("Mask/fg001.png")
    store.write("Mask/fg001.png", store.read("Mask/fg002.png"))
    assert run(commands(dataset, tmp_path / "again")["build"], 60).code == 0
    assert store.read("Mask/fg001.png") == mask


def test_masks_of_older_catalogs_are_held_to_their_cutouts(base: Path, tmp_path: Path) -> None:
    """Their hashes were not kept, and they follow from the cut-outs."""
    store = FolderStore(copied(base, tmp_path / "there") / "catalog")
    rows = [json.loads(line) for line in store.read("catalog.jsonl").splitlines()]
    old = [{key: value for key, value in row.items() if key != "mask_sha256"} for row in rows]
    store.write("catalog.jsonl", "".join(json.dumps(row) + "\n" for row in old).encode())
    assert is_whole(load_catalog(store), store)
    store.write("Mask/fg001.png", store.read("Mask/fg002.png"))
    assert not is_whole(load_catalog(store), store)


def test_a_sidecar_speaks_of_its_own_part(base: Path) -> None:
    store = FolderStore(base / "out")
    about = json.loads(store.read(parts.sidecar(0)))
    assert parts.read_info(store, 0, about["build_id"]) is not None
    copy = FolderStore(base / "copy")
    copy.write(parts.part_file(0), store.read(parts.part_file(0)))
    for change in ({"file": "../outside/secret"}, {"number": 1}, {"samples": -1}, {"sha256": "x"}, {"more": 1}):
        copy.write(parts.sidecar(0), json.dumps(about | change).encode())
        assert parts.read_info(copy, 0, about["build_id"]) is None, change


def test_a_bomb_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda self: pytest.fail("decoded"))
    for width, height in ((13_000, 13_000), (60_000, 60_000), (64, 65)):
        with pytest.raises(ValueError, match=r"px, not 64 x 64|limit"):
            stored_pixels(png_of(width, height), (64, 64))
    with pytest.raises(ValueError, match="more than any dataset has"):
        stored_pixels(png_of(9000, 9000))


@pytest.mark.parametrize("attack", ["a row a byte", "a sparse member", "manifest.json is sparse"])
def test_a_bomb_costs_no_memory(base: Path, tmp_path: Path, attack: str) -> None:
    dataset = copied(base, tmp_path / "there")
    ATTACKS[attack](dataset, tmp_path / "there/outside")
    tracemalloc.start()
    try:
        with pytest.raises(FigureGroundError):
            open_dataset(dataset)[0]
        assert tracemalloc.get_traced_memory()[1] < 150e6
    finally:
        tracemalloc.stop()


def test_nothing_is_written_where_a_link_stands(base: Path, tmp_path: Path) -> None:
    """What is written takes the link's place; what it stood for stays."""
    dataset = copied(base, tmp_path / "there")
    secret = tmp_path / "there/outside/secret"
    for name in ("report.html", "labels.csv", "README.md", "croissant.json"):
        (dataset / name).unlink()
        (dataset / name).symlink_to(secret)
    (dataset / "manifest.json").unlink()
    assert run(commands(dataset, tmp_path)["build"], 60).code == 0
    assert secret.read_bytes() == SECRET
    assert not any(os.path.islink(dataset / name) for name in os.listdir(dataset))
