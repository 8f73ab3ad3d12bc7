"""What a dataset is worth: alike for all, of nobody in the test photos, and said photo by photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from PIL import Image

from bench import worth, worth_net, worth_photos
from figureground import FigureGroundError, build
from figureground.core.recipe_toml import from_mapping
from figureground.evaluate.framings import framing, spread
from tests.builders import figure_cutout, scene_photo
from training.common.encoder import Block, Encoder

RNG = np.random.default_rng


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights with the names that those of ImageNet have."""
    state: dict[str, torch.Tensor] = {}
    encoder = Encoder(6)
    torch.manual_seed(0)

    def conv(name: str, norm: str, layer: torch.nn.Conv2d) -> None:
        width = layer.out_channels
        state[f"{name}.weight"] = torch.randn(layer.weight.shape) / layer.weight[0].numel() ** 0.5
        for part, values in (("weight", torch.ones(width)), ("running_var", torch.ones(width))):
            state[f"{norm}.{part}"] = values
        for part in ("bias", "running_mean"):
            state[f"{norm}.{part}"] = torch.zeros(width)

    conv("_conv_stem", "_bn0", encoder.stem)
    for k, block in enumerate(encoder.blocks):
        assert isinstance(block, Block)
        parts = [("_depthwise_conv", "_bn1", block.depthwise), ("_project_conv", "_bn2", block.project)]
        if block.expand is not None:
            parts.append(("_expand_conv", "_bn0", block.expand))
        for name, norm, layer in parts:
            conv(f"_blocks.{k}.{name}", f"_blocks.{k}.{norm}", layer)
    path = tmp_path_factory.mktemp("weights") / "encoder.pth"
    torch.save(state, path)
    return path


def squares(n: int, seed: int) -> tuple[worth_net.Pictures, np.ndarray]:
    """Return grey pictures with a white square each, and where it is."""
    rng = RNG(seed)
    masks = np.zeros((n, 64, 64), bool)
    for mask in masks:
        top, left = rng.integers(0, 40, 2)
        mask[top : top + 24, left : left + 24] = True
    noise = rng.integers(0, 60, (n, 64, 64, 3))
    return (noise + 190 * masks[..., None]).astype(np.uint8), masks


def test_a_seed_gives_one_network_and_frozen_blocks_stay(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worth_net, "BATCH", 2)
    images, masks = squares(20, 0)
    training = worth_net.Training(weights, steps=2, frozen=11)
    crops = worth_net.crops_of(images, masks, training)
    assert len(crops.masks) * worth_net.EACH == 2 * worth_net.BATCH
    one, again, other = (worth_net.trained(crops, seed, training).state_dict() for seed in (0, 0, 1))
    start = worth_net.Segmenter(training).state_dict()
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not torch.equal(one["out.weight"], other["out.weight"])
    moved = {name for name in one if name.startswith("encoder.") and not torch.equal(one[name], start[name])}
    assert moved
    assert {int(name.split(".")[2]) for name in moved} <= {11, 12, 13, 14}


def test_where_the_encoder_is_cut_in_two_changes_nothing(weights: Path) -> None:
    """What is frozen says the same as what is not: the decoder gets the encoder's own features at each stride."""
    images = RNG(3).integers(0, 256, (2, worth_net.SIDE, worth_net.SIDE, 3), dtype=np.uint8)
    pictures = torch.from_numpy(images.transpose(0, 3, 1, 2).astype(np.float32))
    said = []
    for frozen in (0, 4, 11, 15):
        torch.manual_seed(0)
        net = worth_net.Segmenter(worth_net.Training(weights, frozen=frozen)).eval()
        assert worth_net.found(net, images).shape == images.shape[:3]
        said.append(net(net.look(pictures)).detach())
    assert said[0].shape == (2, 1, worth_net.SIDE, worth_net.SIDE)
    assert all(torch.allclose(one, said[0], atol=1e-4) for one in said[1:])


def test_a_crop_keeps_picture_and_mask_together() -> None:
    masks = squares(1, 1)[1]
    white = masks.astype(np.uint8)[..., None].repeat(3, 3) * np.uint8(255)
    for seed in range(30):
        crop = worth_net.cropped(white[0], masks[0], RNG(seed))
        assert crop.shape == (1, 4, worth_net.SIDE, worth_net.SIDE)
        assert torch.allclose(crop[0, 0] / 255, crop[0, 3], atol=1e-5)


def test_every_sample_comes_once_before_any_comes_again() -> None:
    seen = np.concatenate(list(worth_net.drawn(24, 3, 0)))
    assert sorted(seen[:24]) == sorted(seen[24:]) == list(range(24))
    assert seen[:24].tolist() != seen[24:].tolist()
    assert [len(rows) for rows in worth_net.drawn(5, 4, 0)] == [worth_net.BATCH] * 4


def test_overlap_is_that_of_each_photo() -> None:
    truth = np.zeros((3, 4, 4), bool)
    truth[:2, :2] = True
    masks = truth.copy()
    masks[1] = False
    assert worth.overlap(masks, truth) == [1.0, 0.0, 0.0]
    masks[1, :, :] = True
    assert worth.overlap(masks, truth) == [1.0, 0.5, 0.0]


def test_the_table_compares_photo_by_photo() -> None:
    rows = worth.table({"old": [[0.2, 0.4], [0.4, 0.6]], "new": [[0.5, 0.7], [0.5, 0.7]]}).splitlines()
    assert rows[2] == "| old | 0.400 | 0.300–0.500 | 0.300 0.500 | – | – |"
    assert rows[3] == "| new | 0.600 | 0.500–0.700 | 0.600 0.600 | +0.200 | +0.200 to +0.200 |"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("worth")
    for name in ("rooms", "people", "photos", "masks"):
        (folder / name).mkdir()
    for i in range(2):
        Image.fromarray(scene_photo(i, 96, 96)).save(folder / f"rooms/{i}.png")
        Image.fromarray(figure_cutout(i, 90, 40)).save(folder / f"people/person_abc_{10 * i:03}.png")
        Image.fromarray(scene_photo(i + 5, 120, 90)).save(folder / f"photos/photo_abc_{10 * i + 5:03}.png")
        drawn = np.zeros((120, 90), np.uint8)
        drawn[60:, 20:50] = 255
        Image.fromarray(drawn).save(folder / f"masks/photo_abc_{10 * i + 5:03}.png")
    recipe = {
        "size": 64,
        "backgrounds": {"path": [str(folder / "rooms")]},
        "foregrounds": {"path": [str(folder / "people")]},
        "placement": {"mode": "uniform", "samples": 20},
        "depth": {"source": "none"},
    }
    build(from_mapping(recipe), folder / "dataset")
    return folder


def test_samples_are_read_by_the_public_reader_and_no_more_than_asked(desk: Path) -> None:
    test = worth.test_of(desk / "photos", desk / "masks")
    assert test.masks.mean((1, 2)) == pytest.approx([1 / 6] * 2, abs=0.01)
    assert test.framings.cut == {"top": 0, "right": 0, "bottom": 1, "left": 0}
    stock = worth.stock_of("one", desk / "dataset", 7, test)
    assert (stock.images.shape, stock.masks.shape) == ((7, 160, 160, 3), (7, 160, 160))
    assert spread(framing(mask) for mask in stock.masks).pictures == 7
    assert len(worth.stock_of("one", desk / "dataset", 99, test).images) == 20


def test_who_may_be_in_a_test_photo_is_refused(desk: Path) -> None:
    test = worth.test_of(desk / "photos", desk / "masks")
    worth.require_others("one", ["person_abc_002.png", "person_xyz_005.png"], test)
    for source in ("person_abc_005.png", "half/person_abc_006_hip.png", "group_abc_014.png"):
        with pytest.raises(FigureGroundError, match="may show people of the test photos"):
            worth.require_others("one", ["person_abc_002.png", source], test)


def test_a_cut_off_figure_is_its_upper_part() -> None:
    figure = np.zeros((100, 60, 4), np.uint8)
    figure[:50, 20:40, 3] = 255
    figure[50:, :, 3] = 255
    assert worth_photos.cut_off(figure, 0.33).shape == (33, 20, 4)
    assert worth_photos.cut_off(figure, 0.66).shape == (66, 60, 4)
