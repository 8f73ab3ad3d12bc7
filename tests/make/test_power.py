"""What looks finished after a power cut is finished: parts, datasets, exports; the next run gives the same bytes."""

import contextlib
import hashlib
import json
import os
import sys
from pathlib import Path

import pytest

from figureground import build, export
from figureground.core.folder_store import FolderStore
from figureground.core.recipe import Recipe
from figureground.dataset import names, parts
from tests.builders import small_recipe, write_photos
from tests.faults import KilledError, steps_of, tree
from tests.power import PoweredDisk

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="inodes, and folders that can be waited for")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    write_photos(folder, 1, 2)
    return folder


def tiny(folder: Path) -> Recipe:
    return small_recipe(folder, placement={"per_pair": 1}, parts={"size": 2})


def cut_build(photos: Path, place: Path, at: int, durable: bool, names_stay: bool) -> Path:
    """Build until the power is cut before change number `at`, and return what is there when it is back."""
    place.mkdir()
    disk, seen = PoweredDisk(place), 0

    def step(event: str) -> None:
        nonlocal seen
        seen += 1
        if seen > at:
            raise KilledError

    with contextlib.suppress(KilledError), disk.on(step):
        build(tiny(photos), FolderStore(place / "out", durable))
    again = place.parent / f"{place.name}-again"
    disk.cut(again, names_stay)
    return again / "out"


def lies(out: Path) -> list[str]:
    """Return what looks finished in a folder and is not."""
    store = FolderStore(out)
    identity = names.read_json(store, names.BUILD).get("build_id", "")
    found = []
    for number in range(8):
        info = parts.read_info(store, number, identity)
        if info is not None and hashlib.sha256(store.read(info.file)).hexdigest() != info.sha256:
            found.append(info.file)
    if store.size(names.MANIFEST) is not None:
        try:
            manifest = json.loads(store.read(names.MANIFEST))
            found += [p["file"] for p in manifest["parts"] if store.size(p["file"]) != p["bytes"]]
        except (ValueError, KeyError):
            found.append(names.MANIFEST)
    return found


def stops(photos: Path, place: Path, points: int) -> list[int]:
    """Return the changes at which a build is stopped: some at all times, and each of those that finish a part."""
    events: list[str] = []
    place.mkdir()
    steps = steps_of(lambda: events.append(str(build(tiny(photos), place / "out"))), place)
    every = 1 if os.environ.get("FIGUREGROUND_EVERY_STOP") else max(1, steps // points)
    return sorted({*range(1, steps, every), steps - 1})


@pytest.mark.parametrize("names_stay", [False, True])
def test_what_looks_finished_is_and_the_next_run_gives_the_same_bytes(
    photos: Path, tmp_path: Path, names_stay: bool
) -> None:
    points = stops(photos, tmp_path / "steps", 3)
    whole = tree(tmp_path / "steps/out")
    for at in points:
        out = cut_build(photos, tmp_path / str(at), at, True, names_stay)
        assert lies(out) == [], at
        assert tree(build(tiny(photos), out)) == whole, at
    assert len(points) >= 3


def test_a_build_that_does_not_wait_may_lie(photos: Path, tmp_path: Path) -> None:
    """So that the law above can fail; it is what --no-sync says."""
    assert lies(cut_build(photos, tmp_path / "cut", 10**6, False, True))


def test_waiting_changes_no_byte(photos: Path, tmp_path: Path) -> None:
    fast = tree(build(tiny(photos), FolderStore(tmp_path / "fast/out", durable=False)))
    assert fast == tree(build(tiny(photos), tmp_path / "safe/out"))


def test_an_export_is_on_the_disk_before_its_labels_are(photos: Path, tmp_path: Path) -> None:
    data = build(tiny(photos), tmp_path / "data")
    place = tmp_path / "disk"
    place.mkdir()
    disk = PoweredDisk(place)
    with disk.on():
        export(data, "2020", place / "out")
    for names_stay in (False, True):
        disk.cut(tmp_path / f"again-{names_stay}", names_stay)
        again = tree(tmp_path / f"again-{names_stay}")
        assert {name: data for name, data in again.items() if not name.endswith(".lock")} == tree(place)
