"""The training of depth-small, in small: it runs, goes on where it stopped, and makes a network the package can use."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground.image.filters import guided
from figureground.networks import runtimes
from figureground.networks.cards import find_card
from figureground.networks.depth import DepthNetwork
from tests import builders

pytest.importorskip("torch")
pytest.importorskip("onnx")

import torch

from figureground.drawn import Camera
from training.common.export import export
from training.depth import data, labels, loss, people, rooms, tints, train
from training.depth.net import DepthNet, Shipped, load_shipped, normalise, on_outlines
from training.depth.strip import SHIPPED

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

    file = tmp_path / "whole/network.onnx"
    card = find_card(file, "", tmp_path)
    network = DepthNetwork(card, runtimes.onnx(file, "cpu", card), str(file))
    pictures = np.random.default_rng(0).integers(0, 255, (2, 48, 60, 3)).astype(np.uint8)
    depth = network(pictures)
    assert depth.shape == (2, 48, 60)
    looked_at = np.random.default_rng(1).normal(size=(2, 3, SIDE, SIDE)).astype(np.float32)
    outputs = network.run(looked_at)
    shapes = {"depth": (2, 1, SIDE, SIDE), "floor": (2, 1, SIDE, SIDE), "camera": (2, 4)}
    assert {name: values.shape for name, values in outputs.items()} == shapes
    for part, made in SHIPPED.items():  # and each network that ships gives of these what is its own
        shipped = tmp_path / "whole" / part
        assert shipped.stat().st_size < file.stat().st_size < 8e6
        answers = runtimes.onnx(shipped, "cpu", card)(looked_at)
        assert tuple(answers) == made
        assert all((answers[name] == outputs[name]).all() for name in made)


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


@pytest.fixture(scope="module")
def views() -> list[rooms.View]:
    return list(rooms.views(rooms.FIRST_SEED + 7, 96))


def test_where_a_view_says_floor_its_depth_is_that_of_the_floor_under_its_camera(views: list[rooms.View]) -> None:
    checked = 0
    for view in views:
        pitch, roll, focal = (float(v) for v in view.camera)
        plane = Camera((0.0, 1.0, 0.0), pitch, 0.0, roll, focal).floor_plane(96)
        centre = np.arange(96) + 0.5
        expected = plane[0] * centre[None, :] + plane[1] * centre[:, None] + plane[2]  # for a camera 1 m up
        depth = view.depth.astype(np.float64)
        if view.floor.sum() < 50:
            continue
        heights = (1 / depth / expected)[view.floor]  # one over the camera's height, everywhere
        spread = np.quantile(heights, 0.95) / np.quantile(heights, 0.05)
        assert 1 <= spread < 1.06  # a rug is a centimetre thick, and float16 rounds
        above = (expected > 0) & ~view.floor & (view.thing != rooms.PERSON)
        assert (1 / depth[above] >= 0.93 * np.median(heights) * expected[above]).all()
        checked += 1
    assert checked


def test_views_are_the_same_each_time_and_differ_among_themselves(views: list[rooms.View]) -> None:
    again = next(rooms.views(rooms.FIRST_SEED + 7, 96))
    assert all(np.array_equal(getattr(again, n), getattr(views[0], n)) for n in rooms.View.__dataclass_fields__)
    assert len({view.rgb.tobytes() for view in views}) == rooms.VIEWS


def test_photos_on_which_floors_are_judged_are_in_no_set(tmp_path: Path) -> None:
    names = [f"bg_{k}.jpg" for k in range(60)] + [f"{k}.jpg" for k in range(30, 90)]
    count = len(names)
    rgb = np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 3), np.uint8)
    np.savez(
        tmp_path / "labels.npz", names=names, rgb=rgb, log_depth=np.zeros((count, 8, 8), "f2"), aspect=np.ones(count)
    )
    used = [data.read_photos([tmp_path / "labels.npz"], held_out) for held_out in (False, True)]
    seen = [{names[int(picture[0, 0, 0])] for picture in photos.rgb} for photos in used]
    aside = {f"{k}.jpg" for k in range(60) if data.kept_aside(f"bg_{k}.jpg")}
    assert 10 < len(aside) < 30
    assert not seen[0] & seen[1]
    assert all(name.removeprefix("bg_") not in aside for name in seen[0] | seen[1])
    assert {name.removeprefix("bg_") for name in names} == aside | {n.removeprefix("bg_") for n in seen[0] | seen[1]}


def test_a_centred_crop_knows_its_camera_and_any_other_does_not() -> None:
    blank = np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64), "f4"), np.zeros((64, 64), "u1")
    sample = data.Sample(*blank, data.CameraTruth(12.0, 0.8, True))
    half = data.resize(sample, (0.25, 0.25, 0.75, 0.75), 32, mirrored=True, tilt=0.2)
    assert half.camera.known
    assert half.camera.pitch == 12
    assert half.fov == pytest.approx(np.degrees(2 * np.arctan(0.25 / 0.8)))
    assert not data.resize(sample, (0.3, 0.25, 0.8, 0.75), 32, mirrored=False).camera.known


def test_a_visitor_hides_the_floor_and_has_exact_edges() -> None:
    random = np.random.default_rng(2)
    log_depth = np.full((96, 96), np.log(3), np.float32)
    facts = np.full((96, 96), data.FLOOR | data.FLOOR_KNOWN | data.EXACT, np.uint8)
    room = data.Sample(np.full((96, 96, 3), 128, np.uint8), log_depth, facts)
    for _ in range(10):
        made = data.visited(random, room, 1.0, np.full((60, 20, 4), 255, np.uint8))
        person = made.log_depth != log_depth
        assert (made.facts[~person] & ~np.uint8(data.SHARP) == facts[~person]).all()
        assert not (made.facts[person] & (data.FLOOR | data.EXACT)).any()
        assert (made.facts[person] & data.FLOOR_KNOWN).all()
        assert not person.any() or (made.facts & data.SHARP).any()


def test_other_colours_change_no_edge_between_things(views: list[rooms.View]) -> None:
    random = np.random.default_rng(4)
    flat = np.full((96, 96, 3), 100, np.uint8)
    made = [tints.in_other_colours(random, flat, views[0].thing, None) for _ in range(20)]
    assert any((one != 100).any() for one in made)
    for one in made:
        for thing in np.unique(views[0].thing):
            assert len(np.unique(one[views[0].thing == thing], axis=0)) == 1


def test_losses_are_least_at_the_truth() -> None:
    torch.manual_seed(0)
    truth = torch.randn(2, 32, 32).cumsum(2) * 0.05 + 1
    truth[:, 8:20, 10:20] -= 0.5
    whole = torch.ones_like(truth)
    for wrong in (truth + 0.1, truth * 0.9, truth.roll(1, 2), truth.flip(2)):
        least, more = (float(loss.depth_loss(one[:, None], truth, whole, whole)) for one in (truth, wrong))
        assert least < more
    floor = (truth > 1).float()
    assert float(loss.floor_loss(9 * (floor - 0.5)[:, None], floor, whole)) < float(
        loss.floor_loss(9 * (floor.roll(2, 1) - 0.5)[:, None], floor, whole)
    )
    camera, known = torch.tensor([[0.5, -0.2], [0.1, 0.3]]), torch.tensor([1.0, 0.0])
    said = torch.tensor([[0.5, -2.0, -0.2, -2.0], [9.0, 0.0, 9.0, 0.0]])
    surely_wrong = said + torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.0] * 4])
    doubtfully_wrong = surely_wrong + torch.tensor([[0.0, 2.0, 0.0, 0.0], [0.0] * 4])
    losses = [float(loss.camera_loss(one, camera, known)) for one in (said, doubtfully_wrong, surely_wrong)]
    assert losses == sorted(losses)


def test_the_filter_in_the_network_is_the_package_s_own(views: list[rooms.View]) -> None:
    view = views[0]
    depth = np.log(view.depth.astype(np.float32))
    picture = normalise(torch.from_numpy(view.rgb.transpose(2, 0, 1).copy())[None])
    made = on_outlines(picture, torch.from_numpy(depth)[None, None])[0, 0].numpy()
    np.testing.assert_allclose(made, guided(view.rgb, depth, 4, 1e-4), atol=0.02)  # grey is rounded there
    assert np.abs(made - depth).max() > 0.1


def test_a_training_starts_from_what_was_shipped(tmp_path: Path) -> None:
    torch.manual_seed(1)
    before, after = DepthNet(), DepthNet()
    with torch.no_grad():
        for values in before.parameters():  # the exporter writes equal weights, such as all zeros, once
            values.add_(0.02 * torch.randn_like(values))
    export(Shipped(before), SIDE, tmp_path / "shipped.onnx", "picture", "depth", "floor", "camera")
    assert load_shipped(after, tmp_path / "shipped.onnx") == []
    picture = torch.randn(1, 3, SIDE, SIDE)
    with torch.inference_mode():
        for one, other in zip(Shipped(before).eval()(picture), Shipped(after).eval()(picture), strict=True):
            torch.testing.assert_close(one, other, atol=2e-2, rtol=2e-2)  # the file holds halves
