"""The training of depth-small, in small: it runs, goes on where it stopped, and makes a network the package can use."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground.networks import runtimes
from figureground.networks.cards import find_card
from figureground.networks.depth import DepthNetwork
from tests import builders

pytest.importorskip("torch")
pytest.importorskip("onnx")

import torch

from training.depth import data, labels, people, train

SIDE = 64


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the shared one: four rooms, two people with masks, a teacher."""
    folder = tmp_path_factory.mktemp("shared")
    random = np.random.default_rng(3)
    (folder / "train/rooms").mkdir(parents=True)
    (folder / "train/people").mkdir()
    for k in range(4):
        shade = np.linspace(40, 220, 90)[:, None, None] + random.uniform(-30, 30, (1, 120, 3))
        Image.fromarray(np.clip(shade, 0, 255).astype(np.uint8)).save(folder / f"train/rooms/room_{k}.jpg")
    for k in range(2):
        mask = np.zeros((80, 50), np.uint8)
        mask[5:75, 15:35] = 255
        Image.fromarray(np.full((80, 50, 3), 90 + 60 * k, np.uint8)).save(folder / f"train/people/p_{k}.jpg")
        Image.fromarray(mask).save(folder / f"train/people/p_{k}.png")
    builders.write_depth_network(folder / "teacher.onnx", size=SIDE)
    return folder


def run(shared: Path, out: Path, *more: str) -> dict[str, Any]:
    """Train 10 steps at 64 px and return the averaged weights."""
    given = ["--photos", shared, "--rooms-in", "train/rooms", "--teacher", shared / "teacher.onnx", "--out", out]
    small = ["--side", SIDE, "--steps", 10, "--batch", 2, "--rooms", 1, "--held-rooms", 1, "--room-side", SIDE]
    small += ["--every", 5, "--validate", 1]
    train.main([*map(str, [*given, *small]), *more])
    held = torch.load(out / "checkpoint.pt", weights_only=True)
    assert held["step"] > 0
    return dict(held["average"])


def test_ten_steps_resume_and_export(shared: Path, tmp_path: Path) -> None:
    whole = run(shared, tmp_path / "whole")
    lines = [json.loads(line) for line in (tmp_path / "whole/log.jsonl").read_text().splitlines()]
    assert lines[-1]["step"] == 10
    assert all(np.isfinite(list(line.values())).all() for line in lines)
    assert "<svg" in (tmp_path / "whole/curve.svg").read_text()

    run(shared, tmp_path / "broken", "--stop-at", "5")
    resumed = run(shared, tmp_path / "broken", "--resume")
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)

    file = tmp_path / "whole/depth-small.onnx"
    card = find_card(file, "", tmp_path)
    network = DepthNetwork(card, runtimes.onnx(file, "cpu", card), str(file))
    pictures = np.random.default_rng(0).integers(0, 255, (2, 48, 60, 3)).astype(np.uint8)
    depth = network(pictures)
    assert depth.shape == (2, 48, 60)
    outputs = network.run(np.zeros((2, 3, SIDE, SIDE), np.float32))
    assert [(name, values.shape) for name, values in outputs.items()] == [
        ("depth", (2, 1, SIDE, SIDE)),
        ("floor", (2, 1, SIDE, SIDE)),
        ("camera", (2, 4)),
    ]
    assert file.stat().st_size < 8e6


def test_a_person_stands_at_the_depth_of_its_feet() -> None:
    random = np.random.default_rng(5)
    rgb, log_depth = np.full((96, 96, 3), 128, np.uint8), np.full((96, 96), np.log(3), np.float32)
    person = np.full((60, 20, 4), 255, np.uint8)
    for _ in range(20):
        made = people.compose(random, rgb, log_depth, 1.33, person)
        assert (made.log_depth[~made.mask] == log_depth[~made.mask]).all()
        assert (np.exp(made.log_depth[made.mask]) < 3).all()
        assert not made.mask.any() or (made.rgb[made.mask] != 128).any()


def test_a_crop_brings_things_nearer_by_as_much_as_it_enlarges_them() -> None:
    sample = data.Sample(np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64), np.float32), np.zeros((64, 64), "u1"))
    half = data.resize(sample, (0.25, 0.25, 0.75, 0.75), 32, mirrored=True)
    np.testing.assert_allclose(np.exp(half.log_depth), 0.5, rtol=1e-6)


def test_windows_cover_the_whole_picture() -> None:
    for width, height in ((320, 213), (213, 320), (200, 200), (900, 200)):
        seen = np.zeros((height, width), bool)
        for x0, y0, x1, y1 in labels.windows(width, height):
            assert 0 <= x0 < x1 <= width
            assert 0 <= y0 < y1 <= height
            seen[y0:y1, x0:x1] = True
        assert seen.mean() > 0.75
