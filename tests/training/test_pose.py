"""The head for poses: its training runs, and its whole numbers say what torch says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from PIL import Image

from figureground.image.masks import tight_box
from figureground.networks.pose import POSES, SIDE, read_head, run
from training.pose.data import drawn, read_masks, samples
from training.pose.net import PoseNet, whole_numbers
from training.pose.train import trained


@pytest.fixture(scope="module")
def figures() -> dict[str, list[np.ndarray]]:
    return drawn(0, 8)


def test_drawn_people_are_whole_and_of_every_pose(figures: dict[str, list[np.ndarray]]) -> None:
    assert set(figures) == {"standing", "seated", "airborne"}
    for masks in figures.values():
        assert len(masks) == 8
        for mask in masks:
            assert tight_box(mask) == (0, 0, mask.shape[1], mask.shape[0])
    tall = {pose: np.mean([m.shape[0] / m.shape[1] for m in masks]) for pose, masks in figures.items()}
    assert tall["standing"] > 1.4 * tall["seated"]


def test_samples_hold_every_pose_as_often_and_are_repeatable(figures: dict[str, list[np.ndarray]]) -> None:
    pictures, labels = samples(3, figures["standing"], figures, 18)
    assert pictures.shape == (18, SIDE, SIDE)
    assert np.bincount(labels).tolist() == [3] * len(POSES)
    assert np.array_equal(pictures, samples(3, figures["standing"], figures, 18)[0])


def test_masks_that_are_left_out_are_not_read(tmp_path: Path) -> None:
    mask = np.zeros((90, 50), np.uint8)
    mask[5:85, 15:35] = 255
    for name in ("a", "b"):
        Image.fromarray(mask).save(tmp_path / f"{name}.png")
    assert [found.shape[0] for found in read_masks(tmp_path, {"b"})] == [224]


def test_whole_numbers_say_what_torch_says(figures: dict[str, list[np.ndarray]], tmp_path: Path) -> None:
    pictures, labels = samples(1, figures["standing"], figures, 256)
    net = trained((pictures, labels), (pictures, labels), 2, tmp_path / "log.jsonl")
    head = read_head(whole_numbers(net))
    with torch.no_grad():
        floats = net(torch.from_numpy(pictures[:40]).float()[:, None] / 255).numpy()
    whole = np.stack([run(head, picture) for picture in pictures[:40]])
    assert np.abs(whole - floats).max() < 0.25 * np.ptp(floats)
    assert (whole.argmax(1) == floats.argmax(1)).mean() > 0.8
    assert isinstance(net, PoseNet)
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 2
