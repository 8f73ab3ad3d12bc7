"""What is compared with the loop of 2020 is the same: the same samples, of the same photos at the same places."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench import loop2020, prepared, ways
from figureground.core.recipe_toml import from_mapping
from figureground.dataset.parts import part_file

Folders = tuple[Path, Path, Path]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """Folders of two rooms, two people and the rooms' depth."""
    return prepared.drawn(tmp_path_factory.mktemp("drawn"), 2, 2, side=128)


@pytest.fixture(scope="module")
def uniform(photos: Folders, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalog of the dataset that is measured beside the loop."""
    return prepared.dataset(tmp_path_factory.mktemp("uniform"), prepared.UNIFORM, photos[0], photos[1], None)


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data))).astype(float)


def test_the_loop_makes_the_same_samples(uniform: Path, tmp_path: Path) -> None:
    maker, count = ways.maker_of(uniform, ways.everything(ways.recipe_of(uniform)))
    assert count == 2 * 2 * 20 * 2
    _, made = ways.part_of(maker, ways.spans(count, 64), tmp_path)
    assert len(made) == 64
    given, pastes = ways.as_pastes(uniform, [one.record for one in made])
    loop2020.make(given, pastes, tmp_path / "loop.zip")
    assert len({(paste.cutout, paste.background, paste.mirrored) for paste in pastes}) == 8
    with zipfile.ZipFile(tmp_path / "loop.zip") as found:
        for number, one in enumerate(made, 1):
            mine = {name.split("/")[0]: pixels(data) for name, data in one.members.items()}
            mask = pixels(found.read(f"{loop2020.MASKS}/fg-bg-mask{number}.jpg")) > 127
            assert np.mean(mask != (mine["masks"] > 0)) < 0.002
            image = pixels(found.read(f"{loop2020.IMAGES}/fg-bg{number}.jpg"))
            assert np.abs(image - mine["images"]).mean() < 2.0


def test_what_is_told_of_both_is_of_all_samples(uniform: Path, tmp_path: Path) -> None:
    found = ways.beside_the_loop(uniform, 32, 2)
    assert all(len(values) == 2 and min(values) > 0 for values in found.values())
    maker, count = ways.maker_of(uniform, ways.everything(ways.recipe_of(uniform)))
    _, made = ways.part_of(maker, ways.spans(count, 32, 0, 2), tmp_path)
    assert found["ours in all bytes"][0] == (tmp_path / part_file(0)).stat().st_size / 32
    assert found["ours bytes"][0] == sum(len(data) for one in made for data in one.members.values()) / 32
    for name in ("ours", "loop"):
        assert min(np.subtract(found[f"{name} in all bytes"], found[f"{name} bytes"])) > 0


def test_turns_are_of_other_samples() -> None:
    turns = [ways.spans(400_000, 640, turn, 5) for turn in range(5)]
    samples = [i for runs in turns for run in runs for i in run]
    assert len(set(samples)) == len(samples) == 5 * 640
    assert max(samples) < 400_000
    assert all(len(runs) == ways.PLACES for runs in turns)


def test_another_process_has_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHADE", "red")
    assert ways.alone(os.getenv, "SHADE", SHADE="blue") == "blue"
    assert os.environ["SHADE"] == "red"
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    assert ways.alone(os.getenv, "OMP_NUM_THREADS") == "1"
    assert ways.alone(os.getpid) != os.getpid()


def test_the_datasets_are_those_that_the_names_say(uniform: Path, tmp_path: Path) -> None:
    recipe = ways.recipe_of(uniform)
    assert (recipe.depth.source, recipe.image.quality, recipe.placement.mode) == ("none", 30, "uniform")
    ground = from_mapping(prepared.table(prepared.GROUND, tmp_path, tmp_path, None))
    assert (ground.depth.source, ground.depth.encoding, ground.placement.mode) == ("layered", "png16", "ground")
    assert all(getattr(ground.look, name)[1] > 0 for name in ("shadow", "cast", "colour", "noise", "feather"))


def test_drawn_scenes_have_their_depth(photos: Folders) -> None:
    rooms, people, depth = (sorted(folder.iterdir()) for folder in photos)
    assert [path.name for path in rooms] == [path.name for path in depth]
    metres = pixels(depth[0].read_bytes()) / 1000
    assert 0.3 < metres.min() < metres.max() < 30
    assert pixels(people[0].read_bytes()).shape[2] == 4


def test_every_way_has_a_cost(uniform: Path) -> None:
    found = ways.ways(uniform, ["placement.per_pair=10"], 32)
    assert set(found) == set(ways.WAYS)
    assert min(found.values()) > 0
