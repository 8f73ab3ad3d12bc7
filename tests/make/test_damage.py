"""Every kind of damage in `planted.KINDS` is found, as the table in docs/verify.md says; sound datasets are sound.

python -m tests.make.test_damage    prints the table
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from figureground import build, open_dataset
from figureground.core.errors import FigureGroundError
from figureground.make.repair import repair
from figureground.make.verify import verify
from tests.builders import ground_recipe, write_floor_photos
from tests.make.planted import KINDS

PAGE = Path(__file__).parents[2] / "docs/verify.md"
YES, NO = "yes", "—"


def made_in(folder: Path, seed: int) -> Path:
    """Return a dataset with every layer, several figures, and a photo that is set aside."""
    if not (folder / "rooms").exists():
        write_floor_photos(folder, 2, 2)
        (folder / "rooms/bad.jpg").write_bytes(b"junk")
    recipe = ground_recipe(
        folder,
        seed=seed,
        size=64,
        placement={"figures": [2, 2], "samples": 4, "min_visible": 0.2},
        layers={"alpha": True, "semantic": True},
        parts={"size": 2},
    )
    return build(recipe, folder / f"out{seed}")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("damage")
    return made_in(folder, 0), made_in(folder, 1)


def found_by(folder: Path, deep: bool = True) -> tuple[str, str, str]:
    """Return which of opening, the fast look and the deep look find anything wrong.

    Without `deep` the deep look is taken to find what the fast one does, which is a part of it.
    """
    try:
        open_dataset(folder)
        opened = NO
    except FigureGroundError:
        opened = YES
    fast = YES if verify(folder).damage else NO
    if fast == YES and not deep:
        return opened, fast, fast
    return opened, fast, YES if verify(folder, deep=True).damage else NO


def planted(kind: str, sound: tuple[Path, Path], folder: Path) -> Path:
    """Return a damaged copy of the first dataset, beside its photos, under the same name."""
    photos = shutil.copytree(sound[0].parent, folder / "photos", ignore=shutil.ignore_patterns("out1"))
    KINDS[kind](Path(photos) / "out0", sound[1])
    return Path(photos) / "out0"


def rows_in(page: str) -> dict[str, tuple[str, ...]]:
    """Return the table's rows by the kind."""
    rows = [[cell.strip() for cell in line.strip("|\n ").split("|")] for line in page.splitlines() if "|" in line]
    return {row[0]: tuple(row[1:]) for row in rows if row[0] in KINDS}


def test_sound_ones_are_sound(sound: tuple[Path, Path]) -> None:
    for folder in sound:
        assert found_by(folder) == (NO, NO, NO)
        assert verify(folder, deep=True).unchecked == ()


def test_the_table_has_every_kind() -> None:
    assert len(KINDS) >= 40
    assert list(rows_in(PAGE.read_text(encoding="utf-8"))) == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_found(kind: str, sound: tuple[Path, Path], tmp_path: Path) -> None:
    every_fifth = list(KINDS).index(kind) % 5 == 0
    found = found_by(planted(kind, sound, tmp_path), deep=every_fifth)
    assert found[2] == YES
    assert found == rows_in(PAGE.read_text(encoding="utf-8"))[kind]


MENDED = (
    "part: a flip in a mask",
    "part: missing",
    "sidecar: missing",
    "stray part",
    "parts: two swapped with their sidecars",
    "part: another dataset's, sealed",
    "row: a box by one px, sealed",
    "sidecar: statistics by one px, sealed",
    "manifest: missing",
    "manifest: a class",
    "labels: a value off by 1e-3",
    "statistics: a mean off by 1e-3, sealed",
    "report: of another build",
    "catalog: a height",
    "catalog: a picture missing",
    "catalog: a mask of another figure",
    "recipe: a line end",
    "recipe: more samples",
    "build.json: root",
    "build.json: cut off",
)


@pytest.mark.parametrize("kind", MENDED)
def test_it_is_mended_byte_for_byte(kind: str, sound: tuple[Path, Path], tmp_path: Path) -> None:
    folder = planted(kind, sound, tmp_path)
    done = repair(folder, deep="sidecar: stat" in kind)
    assert done.left.damage == ()
    assert done.why == ()
    assert contents(folder) == contents(sound[0])


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_nothing_else_is_written(sound: tuple[Path, Path], tmp_path: Path) -> None:
    folder = planted("part: a flip in a mask", sound, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    repair(folder)
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}
    changed = {path.name for path, when in after.items() if before.get(path) != when}
    assert changed == {"part-00001.zip", "part-00001.json"}


def table() -> str:
    """Return the table of docs/verify.md."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "photos").mkdir()
        sound = made_in(folder / "photos", 0), made_in(folder / "photos", 1)
        lines = ["| damage | open | fast | deep |", "|---|---|---|---|"]
        for number, kind in enumerate(KINDS):
            (folder / str(number)).mkdir()
            lines.append(f"| {' | '.join((kind, *found_by(planted(kind, sound, folder / str(number)))))} |")
            print(lines[-1], flush=True)
    return "\n".join(lines)


if __name__ == "__main__":
    table()
