"""What a dataset is worth: alike for all, of nobody in the test photos, and said photo by photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from PIL import Image

from bench import worth_arms, worth_depth, worth_masks, worth_net, worth_page, worth_photos
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
    assert len(crops.wanted) * worth_net.EACH == 2 * worth_net.BATCH
    one, again, other = (worth_net.trained(crops, seed, training).state_dict() for seed in (0, 0, 1))
    start = worth_net.Network(training).state_dict()
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
        net = worth_net.Network(worth_net.Training(weights, frozen=frozen)).eval()
        assert worth_net.said(net, images).shape == images.shape[:3]
        said.append(net(net.look(pictures)).detach())
    assert said[0].shape == (2, 1, worth_net.SIDE, worth_net.SIDE)
    assert all(torch.allclose(one, said[0], atol=1e-4) for one in said[1:])


def test_a_crop_keeps_picture_and_mask_together() -> None:
    masks = squares(1, 1)[1]
    white = masks.astype(np.uint8)[..., None].repeat(3, 3) * np.uint8(255)
    for seed in range(30):
        picture, wanted = worth_net.cropped(white[0], masks[0], RNG(seed))
        assert picture.shape == (1, 3, worth_net.SIDE, worth_net.SIDE)
        assert torch.allclose(picture[:, :1] / 255, wanted, atol=1e-5)


def test_a_crop_of_depth_has_no_depths_but_its_own() -> None:
    depth = np.where(squares(1, 2)[1][0], np.float32(1), np.float32(3))
    depth[0] = np.nan
    for seed in range(10):
        wanted = worth_net.cropped(np.zeros((64, 64, 3), np.uint8), depth, RNG(seed))[1]
        assert set(wanted[torch.isfinite(wanted)].tolist()) <= {1.0, 3.0}


def test_another_light_keeps_what_is_brighter_brighter() -> None:
    grey = torch.linspace(0, 255, 64).reshape(1, 1, 8, 8).repeat(1, 3, 1, 1)
    for seed in range(10):
        lit = worth_net.relit(grey, RNG(seed))
        assert not torch.allclose(lit, grey)
        assert float(lit.min()) >= 0
        assert 100 < float(lit.max()) <= 255
        assert bool((lit.flatten(2).diff(dim=2) >= 0).all())


def test_a_picture_and_its_mirror_image_are_answered_alike(weights: Path) -> None:
    images = RNG(5).integers(0, 256, (2, worth_net.SIDE, worth_net.SIDE, 3), dtype=np.uint8)
    net = worth_net.Network(worth_net.Training(weights)).eval()
    there, mirrored = worth_net.said(net, images), worth_net.said(net, np.ascontiguousarray(images[:, :, ::-1]))
    assert np.allclose(there, mirrored[:, :, ::-1], atol=1e-4)


def test_the_loss_of_depth_asks_for_no_scale_but_for_every_step() -> None:
    truth = torch.rand(2, 1, worth_net.SIDE, worth_net.SIDE)
    truth[:, :, :9] = torch.nan
    shifted = torch.nan_to_num(truth, nan=99.0) + torch.tensor([0.7, -2.0]).reshape(2, 1, 1, 1)
    assert float(worth_net.depth_loss(shifted, truth)) == pytest.approx(0, abs=1e-5)
    flat = torch.zeros_like(shifted, requires_grad=True)
    loss = worth_net.depth_loss(flat, truth)
    torch.autograd.backward([loss])
    assert loss.item() > 0.5
    assert flat.grad is not None
    assert bool((flat.grad[:, :, :9] == 0).all())
    assert bool(torch.isfinite(flat.grad).all())


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
    assert worth_masks.overlap(masks, truth) == [1.0, 0.0, 0.0]
    masks[1, :, :] = True
    assert worth_masks.overlap(masks, truth) == [1.0, 0.5, 0.0]


def test_the_best_constant_is_the_best_of_all_levels_of_the_mean() -> None:
    masks = RNG(0).random((9, 6, 6)) < np.linspace(0, 1, 6)
    found = worth_masks.best_constant(masks)
    tried = [masks.mean(0) >= level for level in np.linspace(0.05, 0.95, 19)]
    best = max(np.mean(worth_masks.overlap(one[None], masks)) for one in tried)
    assert np.mean(worth_masks.overlap(found[None], masks)) == best
    assert 0 < found.mean() < 1


def test_samples_are_drawn_so_that_heights_are_alike() -> None:
    heights = {"low": RNG(0).uniform(0, 0.7, 500), "high": RNG(1).uniform(0.3, 1.0, 400)}
    chosen = worth_masks.size_matched({name: of.tolist() for name, of in heights.items()})
    counts = [np.histogram(heights[name][rows], 20, (0, 1))[0] for name, rows in chosen.items()]
    assert counts[0].tolist() == counts[1].tolist()
    fewest = np.minimum(*(np.histogram(of, 20, (0, 1))[0] for of in heights.values()))
    assert counts[0].tolist() == fewest.tolist()
    assert worth_masks.size_matched({"one": [1.0, 0.0, 1.0]})["one"].tolist() == [0, 1, 2]


def test_the_table_compares_photo_by_photo() -> None:
    scores = {"old": [[0.2, 0.4], [0.4, 0.6]], "new": [[0.5, 0.7], [0.5, 0.7]], "constant": [[0.1, 0.3]]}
    rows = worth_page.table("trained on", "IoU", scores, "old").splitlines()
    assert rows[2] == "| old | 0.400 | 0.200–0.600 | 0.300 0.500 | – | – |"
    assert rows[3] == "| new | 0.600 | 0.500–0.700 | 0.600 0.600 | +0.200 | +0.100 to +0.300 |"
    assert rows[4].startswith("| constant | 0.200 | 0.100–0.300 | – | -0.200 |")


def test_a_sheet_has_a_line_a_picture_and_dims_what_is_no_figure() -> None:
    images, masks = squares(3, 4)
    sheet = np.asarray(worth_page.mask_sheet(images, masks, ~masks))
    assert sheet.shape == (2 * (64 + 4), 2 * (3 * 64 + 2 * 4 + 12), 3)
    truth, found = sheet[:64, 68:132], sheet[:64, 136:200]
    assert np.array_equal(sheet[:64, :64], images[0])
    assert np.array_equal(truth[masks[0]], images[0][masks[0]])
    assert truth[~masks[0]].max() < 40
    assert found[masks[0]].max() < 90


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
    test = worth_masks.photos_of(desk / "photos", desk / "masks", None)
    assert test.masks.mean((1, 2)) == pytest.approx([1 / 6] * 2, abs=0.01)
    assert test.framings.cut == {"top": 0, "right": 0, "bottom": 1, "left": 0}
    stock = worth_masks.stock_of("one", desk / "dataset", 7, test)
    assert (stock.images.shape, stock.masks.shape) == ((7, 160, 160, 3), (7, 160, 160))
    assert spread(framing(mask) for mask in stock.masks).pictures == 7
    assert len(worth_masks.stock_of("one", desk / "dataset", 99, test).images) == 20


def test_who_may_be_in_a_test_photo_is_refused(desk: Path) -> None:
    test = worth_masks.photos_of(desk / "photos", desk / "masks", None)
    worth_masks.require_others("one", ["person_abc_002.png", "person_xyz_005.png"], test)
    for source in ("person_abc_005.png", "half/person_abc_006_hip.png", "group_abc_014.png"):
        with pytest.raises(FigureGroundError, match="may show people of the test photos"):
            worth_masks.require_others("one", ["person_abc_002.png", source], test)


def test_a_cut_off_figure_is_its_upper_part() -> None:
    figure = np.zeros((100, 60, 4), np.uint8)
    figure[:50, 20:40, 3] = 255
    figure[50:, :, 3] = 255
    assert worth_photos.cut_off(figure, 0.33).shape == (33, 20, 4)
    assert worth_photos.cut_off(figure, 0.66).shape == (66, 60, 4)


def test_every_third_photo_is_for_choosing_and_no_other(desk: Path) -> None:
    both = [worth_masks.photos_of(desk / "photos", desk / "masks", part).names for part in ("choose", "test")]
    assert both == [["photo_abc_005"], ["photo_abc_015"]]


def test_real_photos_of_who_may_be_in_a_test_photo_are_left_out(desk: Path, tmp_path: Path) -> None:
    test = worth_masks.photos_of(desk / "photos", desk / "masks", None)
    for stem in ("abc_007", "abc_100"):  # 7 is near 5
        Image.fromarray(scene_photo(1, 120, 90)).save(tmp_path / f"{stem}.jpg")
        Image.fromarray(np.full((120, 90), 255, np.uint8)).save(tmp_path / f"{stem}.png")
    stock = worth_masks.real_stock("real", tmp_path, 9, test)  # every photo lies beside its mask
    assert len(stock.images) == 1
    assert stock.masks.all()


def test_who_is_kept_aside_is_near_nobody_who_is_not() -> None:
    photos = [Path(f"ccp_{k:04}.jpg") for k in range(1, 40)]
    rest, held = worth_photos.parted(photos, 5)
    assert [path.stem for path in held] == [f"ccp_{k:04}" for k in range(35, 40)]
    assert rest[-1].stem == "ccp_0032"
    assert worth_photos.spread(list(range(10)), 3) == [0, 4, 9]


def test_each_arm_adds_one_thing() -> None:
    arms = [worth_arms.arm(name, Path("photos"), 10) for name in worth_arms.ARMS]
    for recipe in arms:
        from_mapping(recipe)
    assert [one["placement"]["mode"] for one in arms] == ["uniform"] * 2 + ["ground"] * 3
    assert ["look" in one for one in arms] == [True] + [False] * 4
    assert [one["placement"].get("min_visible", 0.5) for one in arms] == [1.0] * 3 + [0.5] * 2
    assert [len(one["foregrounds"]) for one in arms] == [1, 1, 1, 2, 2]
    assert ["figures" in one["placement"] for one in arms] == [False] * 4 + [True]


def test_depth_is_measured_up_to_scale_where_it_is_known() -> None:
    rng = RNG(0)
    truth = rng.uniform(1, 4, (3, worth_net.SIDE, worth_net.SIDE)).astype(np.float32)
    truth[:, :20] = np.nan
    figures = np.zeros(truth.shape, bool)
    figures[0, 40:80, 30:60] = True
    own = list(np.zeros((3, worth_net.SIDE, worth_net.SIDE, 3), np.uint8))
    test = worth_depth.test_of("t", list(zip(own, truth, figures, (0, 0, 1), strict=True)))
    right = worth_depth.measured(7 * np.nan_to_num(truth, nan=50), test)
    assert right["AbsRel, whole"] == pytest.approx([0, 0], abs=1e-6)
    assert right["edges, F1"] == pytest.approx([1, 1])
    assert right["AbsRel, figures"][0] == pytest.approx(0, abs=1e-6)
    assert np.isnan(right["AbsRel, figures"][1])
    flat = worth_depth.measured(np.ones_like(truth), test)
    alone = [np.nanmean(np.abs(np.nanmedian(one) / one - 1)) for one in truth]
    assert flat["AbsRel, whole"] == pytest.approx([np.mean(alone[:2]), alone[2]], abs=1e-6)
    assert flat["figures' outlines, recall"][0] == 0


def test_a_map_is_made_smaller_without_new_depths() -> None:
    values = RNG(0).random((40, 60)).astype(np.float32)
    small = worth_depth.at(values, 20)
    assert small.shape == (20, 20)
    assert set(small.ravel()) <= set(values.ravel())
    assert np.array_equal(worth_depth.at(values[:, :40], 40), values[:, :40])
