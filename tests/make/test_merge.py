"""Shards of a dataset, put together, are the dataset; whatever would make another one of it is refused by name."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from figureground import build, open_dataset
from figureground.core.errors import FigureGroundError
from figureground.core.folder_store import FolderStore
from figureground.core.recipe import Recipe
from figureground.dataset.versions import VERSIONS
from figureground.make.build import build_shard
from figureground.make.merge import merge
from figureground.make.shard import Shard, shard_in, shard_of
from tests.builders import small_recipe, write_depth_network, write_photos
from tests.faults import tree

OF = 3


def recipe(folder: Path, **sections: Any) -> Recipe:
    """Return a recipe of 8 samples in 4 parts: shard 1/3 has two of them."""
    return small_recipe(folder, **{"placement": {"per_pair": 1}, "parts": {"size": 2}, **sections})


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    write_photos(folder, 2, 2)
    for number in range(1, OF + 1):
        build_shard(recipe(folder), folder / f"shard{number}", Shard(number, OF))
    build(recipe(folder), folder / "one/out")
    return folder


@pytest.fixture
def shards(photos: Path, tmp_path: Path) -> list[Path]:
    """Return copies of the three shards."""
    copies = [tmp_path / f"shard{number}" for number in range(1, OF + 1)]
    for copy in copies:
        shutil.copytree(photos / copy.name, copy)
    return copies


def numbers_in(folder: Path) -> list[int]:
    return [int(path.stem[-5:]) for path in sorted((folder / "parts").glob("*.zip"))]


def test_a_merged_dataset_is_the_one_of_one_machine(photos: Path) -> None:
    folders = [photos / f"shard{number}" for number in (2, 3, 1)]
    assert [numbers_in(folder) for folder in folders] == [[1], [2], [0, 3]]
    assert [shard_in(FolderStore(folder)) for folder in folders] == [Shard(2, 3), Shard(3, 3), Shard(1, 3)]
    before = [tree(folder) for folder in folders]
    out = merge(folders, photos / "merged/out")
    assert tree(out) == tree(photos / "one/out")
    assert [tree(folder) for folder in folders] == before
    assert len(open_dataset(out)) == 8
    assert tree(build(recipe(photos), out)) == tree(photos / "one/out")  # a build goes on with it


def test_merging_needs_neither_photos_nor_networks(tmp_path: Path) -> None:
    write_photos(tmp_path, 1, 2)
    write_depth_network(tmp_path / "grey.onnx")
    own = recipe(tmp_path, depth={"source": "network", "model": "grey.onnx"})
    whole = tree(build(own, tmp_path / "one/out"))
    folders = [build_shard(own, tmp_path / f"s{n}", Shard(n, 2)) for n in (1, 2)]
    for name in ("rooms", "people"):
        shutil.rmtree(tmp_path / name)
    (tmp_path / "grey.onnx").unlink()
    assert tree(merge(folders, tmp_path / "merged/out")) == whole


def test_a_shard_is_no_finished_dataset_and_says_what_to_do(photos: Path, shards: list[Path]) -> None:
    with pytest.raises(FigureGroundError, match="not finished") as caught:
        open_dataset(shards[0])
    assert "merge" in caught.value.remedy
    before = tree(shards[0] / "parts")
    build_shard(recipe(photos), shards[0], Shard(1, OF))
    assert tree(shards[0] / "parts") == before
    build(recipe(photos), shards[0])  # all the others' parts, too
    assert numbers_in(shards[0]) == [0, 1, 2, 3]
    assert len(open_dataset(shards[0])) == 8
    assert not (shards[0] / "shard.json").exists()


def edited(path: Path, **values: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def _overlap(shards: list[Path]) -> None:
    for name in ("parts/part-00001.zip", "state/part-00001.json"):
        shutil.copy(shards[1] / name, shards[2] / name)


def _flip(shards: list[Path]) -> None:
    data = bytearray((shards[1] / "parts/part-00001.zip").read_bytes())
    data[len(data) // 2] ^= 1
    (shards[1] / "parts/part-00001.zip").write_bytes(data)


def _stray(shards: list[Path]) -> None:
    shutil.copy(shards[1] / "parts/part-00001.zip", shards[1] / "parts/part-00004.zip")


def _libraries(shards: list[Path]) -> None:
    made_with = json.loads((shards[1] / "build.json").read_text())["made_with"]
    edited(shards[1] / "build.json", made_with=made_with | {"Pillow": "9.0.0"})


CASES: dict[str, tuple[Callable[[list[Path]], Any], str, str]] = {
    "a gap": (lambda s: s.pop(1), "1 of 4 parts are missing: 1", "--shard 2/3"),
    "a gap in a shard": (lambda s: (s[0] / "parts/part-00003.zip").unlink(), "1 of 4 parts are missing: 3", "1/3"),
    "an overlap": (_overlap, "part 1 is in two shards", "leave one of them out"),
    "a shard twice": (lambda s: s.append(s[0]), "this folder is a shard that was named before", "each shard once"),
    "another version": (
        lambda s: edited(s[1] / "build.json", render=VERSIONS["render"] - 1),
        rf"merging needs render version {VERSIONS['render']}, and this dataset has {VERSIONS['render'] - 1}",
        "the figureground that made it",
    ),
    "another build of the part": (
        lambda s: edited(s[1] / "state/part-00001.json", build_id="0" * 64),
        "part 1 is not finished, or of another build",
        "build command again",
    ),
    "no state": (lambda s: (s[1] / "state/part-00001.json").unlink(), "part 1 is not finished", "build command again"),
    "a damaged part": (_flip, "part 1 is damaged", "remove it"),
    "a part too many": (_stray, "the dataset has 4 parts, and this is part 4", "remove it"),
    "other libraries": (_libraries, r"other libraries: Pillow .* and 9\.0\.0", "--fresh"),
    "no dataset": (lambda s: (s[1] / "build.json").unlink(), "no shard here", "build --shard"),
    "not begun": (lambda s: edited(s[1] / "build.json", build_id=""), "the shard is not finished", "to finish it"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_not_one_dataset_is_refused_by_name(shards: list[Path], tmp_path: Path, case: str) -> None:
    spoil, what, remedy = CASES[case]
    spoil(shards)
    out = tmp_path / "out"
    with pytest.raises(FigureGroundError, match=what) as caught:
        merge(shards, out)
    assert remedy in caught.value.remedy
    assert "shard" in caught.value.where
    assert not (out / "manifest.json").exists()
    assert case == "a damaged part" or not out.exists()


@pytest.mark.parametrize(
    ("sections", "what"),
    [
        ({"seed": 5}, "two datasets: seed: 0 -> 5"),
        ({"placement": {"per_pair": 1, "samples": 6}}, "placement.samples"),
        ({"parts": {"size": 1}}, "parts.size: 2 -> 1"),
    ],
)
def test_shards_of_other_recipes_are_refused(photos: Path, tmp_path: Path, sections: Any, what: str) -> None:
    other = build_shard(recipe(photos, **sections), tmp_path / "other", Shard(2, OF))
    with pytest.raises(FigureGroundError, match=what):
        merge([photos / "shard1", other, photos / "shard3"], tmp_path / "out")


def test_shards_of_two_numbers_of_samples_are_refused(tmp_path: Path) -> None:
    """Which have one build id, as a dataset may grow."""
    write_photos(tmp_path, 2, 2)
    folders = [
        build_shard(recipe(tmp_path, placement={"samples": n}), tmp_path / f"s{n}", Shard(1 + n // 7, 2))
        for n in (6, 8)
    ]
    with pytest.raises(FigureGroundError, match=r"two numbers of samples: placement.samples: 6 -> 8"):
        merge(folders, tmp_path / "out")


def test_shards_of_other_photos_are_refused_by_their_names(photos: Path, tmp_path: Path) -> None:
    write_photos(tmp_path, 2, 2)
    shutil.copy(tmp_path / "rooms/room1.png", tmp_path / "rooms/room7.png")
    (tmp_path / "rooms/room1.png").unlink()
    other = build_shard(recipe(tmp_path), tmp_path / "other", Shard(2, OF))
    (tmp_path / "people/person1.png").unlink()
    another = build_shard(recipe(tmp_path), tmp_path / "another", Shard(3, OF))
    with pytest.raises(FigureGroundError, match=r"two datasets: .*(person1|room)") as caught:
        merge([other, another], tmp_path / "out")
    assert "other" in caught.value.where


def test_the_output_is_new_or_begun_by_the_same_merge(photos: Path, shards: list[Path], tmp_path: Path) -> None:
    with pytest.raises(FigureGroundError, match="this folder is the output, too"):
        merge(shards, shards[0])
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.doc").write_text("mine")
    with pytest.raises(FigureGroundError, match="holds other things"):
        merge(shards, tmp_path / "full")
    build(recipe(photos, seed=9), tmp_path / "other")
    before = tree(tmp_path / "other")
    with pytest.raises(FigureGroundError, match="holds parts of another dataset"):
        merge(shards, tmp_path / "other")
    assert tree(tmp_path / "other") == before


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "", "1/0", "-1/3", "1/3/5", "¹/3"])
def test_no_shards(text: str) -> None:
    with pytest.raises(FigureGroundError, match="no such shard"):
        shard_of(text)


@pytest.mark.parametrize("of", [1, 2, 3, 7, 20])
def test_every_part_is_in_one_shard(of: int) -> None:
    for count in (0, 1, 5, 13):
        parts = [number for n in range(1, of + 1) for number in shard_of(f"{n}/{of}").parts(count)]
        assert sorted(parts) == list(range(count))
