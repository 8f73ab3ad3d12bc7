"""The cut-out network's training: it runs, goes on after a stop as if unbroken, and leaves the test's people out."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

import onnxruntime
import torch

from figureground.core.card import Card
from figureground.networks import cutout, depth
from tests.builders import write_saliency_network
from training.common import encoder
from training.common.export import export
from training.cutout import augment, data, grounds, teachers, toy, train
from training.cutout.join import join
from training.cutout.loss import loss_of, scores
from training.cutout.net import OUTPUTS, Alphas, CutoutNet
from training.cutout.sampler import SHARES, Sampler
from training.cutout.warm import start_from


def options(out: Path, **changes: Any) -> train.Options:
    short = train.Options(out, steps=6, sides="64", batch=2, every=3, export_side=64)
    return dataclasses.replace(short, **changes)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("unbroken")
    train.train(options(out))
    return out


def test_a_run_logs_finite_losses_and_scores(unbroken: Path) -> None:
    lines = [json.loads(line) for line in (unbroken / "log.jsonl").read_text().splitlines()]
    assert lines[0]["stock"]["photos"] == 6
    assert lines[0]["excluded"] == {}
    assert all(np.isfinite(line["loss"]) for line in lines if "loss" in line)
    assert lines[-1]["step"] == 6
    assert 0 <= lines[-1]["iou"] <= 1
    assert "<svg" in (unbroken / "curve.svg").read_text()


def test_a_stopped_run_ends_in_the_same_weights(unbroken: Path, tmp_path: Path) -> None:
    train.train(options(tmp_path, stop_at=3))
    train.train(options(tmp_path, resume=True))
    one, two = (torch.load(out / "checkpoint.pt", weights_only=True) for out in (unbroken, tmp_path))
    assert one["step"] == two["step"] == 6
    for kind in ("net", "average"):
        for name, value in one[kind].items():
            assert torch.equal(value, two[kind][name]), name


def test_the_onnx_is_the_checkpoint_in_half_precision(unbroken: Path) -> None:
    net = CutoutNet()
    net.load_state_dict(torch.load(unbroken / "checkpoint.pt", weights_only=True)["average"])
    session = onnxruntime.InferenceSession(unbroken / "cutout-small.onnx", providers=["CPUExecutionProvider"])
    x = np.random.default_rng(0).normal(0, 1, (3, 3, 64, 64)).astype(np.float32)
    assert [made.name for made in session.get_outputs()] == ["alpha", "person"]
    found = session.run(None, {session.get_inputs()[0].name: x})
    with torch.no_grad():
        expected = Alphas(net).eval()(torch.from_numpy(x))
    for one, other in zip(found, expected, strict=True):
        assert one.shape == (3, 1, 64, 64)
        assert np.abs(one - other.numpy()).max() < 0.01


def test_a_training_can_go_on_from_an_exported_file(unbroken: Path) -> None:
    """What a network says is the same, in training mode, too, on the pictures that its start was measured on."""
    pictures = train.as_input(Sampler(toy.stock(1), 1).batch(0, 6, 64)[0])
    net, given = CutoutNet(), CutoutNet()
    given.load_state_dict(torch.load(unbroken / "checkpoint.pt", weights_only=True)["average"])
    start_from(net, unbroken / "cutout-small.onnx", pictures)
    with torch.no_grad():
        expected = torch.sigmoid(given.eval()(pictures)[0])
        assert (torch.sigmoid(net.eval()(pictures)[0]) - expected).abs().max() < 0.02
        assert (torch.sigmoid(net.train()(pictures)[0]) - expected).abs().max() < 0.02


def exported(out: Path, seed: int, side: int = 64) -> CutoutNet:
    torch.manual_seed(seed)
    net = CutoutNet().eval()
    export(Alphas(net), side, out, "input", *OUTPUTS)
    return net


def test_joined_networks_see_the_picture_and_its_mirror_image(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.onnx" for name in ("first", "second", "joined")]
    first, second = (exported(path, seed) for path, seed in zip(paths[:2], (1, 2), strict=True))
    join(*paths)
    session = onnxruntime.InferenceSession(paths[2], providers=["CPUExecutionProvider"])
    assert [made.name for made in session.get_outputs()] == ["alpha", "person"]
    x = torch.from_numpy(np.random.default_rng(0).normal(0, 1, (3, 3, 64, 64)).astype(np.float32))
    with torch.no_grad():
        one, other = first(x)[0], second(x.flip(3))[0].flip(3)
        expected = torch.sigmoid((one[:, :1] + other[:, :1]) / 2), torch.sigmoid(other[:, 1:])
    for found, wanted in zip(session.run(None, {"input": x.numpy()}), expected, strict=True):
        assert found.shape == (3, 1, 64, 64)
        assert np.abs(found - wanted.numpy()).max() < 0.01


def test_only_networks_of_one_kind_are_joined(tmp_path: Path) -> None:
    exported(tmp_path / "small.onnx", 1, side=32)
    exported(tmp_path / "large.onnx", 1, side=64)
    with pytest.raises(ValueError, match="other sizes"):
        join(tmp_path / "small.onnx", tmp_path / "large.onnx", tmp_path / "joined.onnx")
    other = write_saliency_network(tmp_path / "red.onnx")
    with pytest.raises(ValueError, match="exported by training"):
        join(other, tmp_path / "large.onnx", tmp_path / "joined.onnx")
    assert not (tmp_path / "joined.onnx").exists()


def test_another_network_is_no_start(tmp_path: Path) -> None:
    other = write_saliency_network(tmp_path / "red.onnx")
    with pytest.raises(KeyError, match="folded tensors"):
        start_from(CutoutNet(), other, torch.zeros(1, 3, 64, 64))


def test_the_onnx_is_a_cut_out_network(unbroken: Path) -> None:
    picture = toy.stock(3).photos[0][..., :3]
    alpha = cutout.cutout_network(unbroken / "cutout-small.onnx")(picture)
    assert alpha.shape == picture.shape[:2]
    assert alpha.dtype == np.uint8


def test_the_input_is_prepared_as_the_package_prepares_it() -> None:
    picture = np.random.default_rng(1).integers(0, 200, (64, 64, 3), dtype=np.uint8)
    top = int(picture.max()) / 255
    card = Card(
        "cut-out",
        64,
        "relative-depth",
        mean=tuple(m * top for m in encoder.MEAN),
        std=tuple(s * top for s in encoder.STD),
    )
    expected = depth.prepare(card, picture, depth.window_of(card, *picture.shape[:2]))
    np.testing.assert_allclose(train.as_input(picture[None])[0].numpy(), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("stem", "why"),
    [
        ("ccp_0043", "the same picture as test ccp_0043"),
        ("person_ccp_0043", "the same picture as test ccp_0043"),
        ("ccp_0045", "next to test ccp_0043"),
        ("ccp_0046", ""),
        ("group_hsd_052", "next to test hsd_053"),
        ("person_hsd_043", ""),
        ("person_p3m_015cd10e", "the same picture as test p3m_015cd10e"),
        ("person_p3m_015cd10f", ""),
    ],
)
def test_who_is_in_a_test_picture_is_left_out(stem: str, why: str) -> None:
    tests = {data.source_of(test) for test in ("photo_ccp_0043", "photo_hsd_053", "photo_p3m_015cd10e")}
    assert data.excluded(stem, tests) == why


def test_a_copy_under_another_name_is_left_out() -> None:
    one, other = toy.stock(1).photos[:2]
    tests = {"photo_x": data.thumbnail(one[..., :3])}
    assert data.near(one[:, ::-1, :3], tests) == "looks like test photo_x"
    assert data.near(other[..., :3], tests) == ""


def test_a_picture_is_drawn_by_its_number() -> None:
    stock = toy.stock(1)
    one, two = Sampler(stock, 5), Sampler(stock, 5)
    assert {"real", "wide", "empty", "composed"} == set(one.kinds)  # a kind without pictures is not drawn
    two.batch(0, 3, 64)
    for a, b in zip(one.batch(7, 9, 64), two.batch(7, 9, 64), strict=True):
        assert np.array_equal(a, b)
        assert a.dtype in (np.uint8, np.bool_)


def rich() -> data.Stock:
    """Every kind of picture, people red and things green."""
    stock = toy.stock(2)

    def figure(colour: tuple[int, int, int]) -> data.Pixels:
        made = toy.person(np.random.default_rng(4)).copy()
        made[..., :3] = colour
        return made

    def photo(colour: tuple[int, int, int]) -> data.Pixels:
        made = figure(colour)
        made[..., :3] = np.where(made[..., 3:] > 0, made[..., :3], 90)
        return made

    red, green = (250, 0, 0), (0, 250, 0)
    people = [augment.tight(figure(red))]
    return dataclasses.replace(
        stock, photos=[photo(red)], taught=[photo(red)], windows=[photo(green)], people=people, objects=[figure(green)]
    )


@pytest.mark.parametrize("kind", list(SHARES))
def test_what_is_said_of_a_picture_is_what_it_shows(kind: str) -> None:
    sampler, people, things = Sampler(rich(), 3), 0, 0
    for number in range(12):
        drawn = sampler.draw(number, 64, kind)
        alpha, person = drawn.alphas[..., 0].astype(int), drawn.alphas[..., 1].astype(int)
        assert (person <= alpha + 1).all()  # a person is foreground
        people += int((person > 128).sum() > 20)
        things += int((alpha - person > 128).sum() > 20)
        assert drawn.known[1]
        assert kind == "empty" or drawn.known[0]
    assert (people > 0) == (kind not in ("window", "empty"))
    assert (things > 0) == (kind in ("window", "composed"))


def test_teachers_that_disagree_teach_nothing() -> None:
    mattes = {name: np.zeros((40, 40), np.float32) for name in ("a", "b", "c", "d")}
    for name, last in zip(mattes, (30, 30, 29, 18), strict=True):
        mattes[name][10:last, 5:35] = 1
    alpha, between = teachers.agreed(mattes, 0.9, 3)
    assert alpha is not None
    assert between["a c"] == pytest.approx(0.95)
    assert (alpha[12, 20], alpha[29, 20], alpha[5, 20]) == (255, 170, 0)  # a, b and c; d is out
    assert teachers.agreed(mattes, 0.96, 3)[0] is None
    assert teachers.agreed(mattes, 0.9, 4)[0] is None
    soft = {name: matte * np.float32(0.7) for name, matte in mattes.items()}
    assert teachers.agreed(soft, 0.9, 3)[0] is None
    nothing = {name: np.zeros_like(matte) for name, matte in mattes.items()}
    assert teachers.agreed(nothing, 0.9, 3)[0] is None


@pytest.mark.parametrize(
    ("stem", "thing"),
    [("1fa91", True), ("1f6cb-fe0f", True), ("1f642", False), ("1f468-200d-1f4bb", False), ("1f1e9-1f1ea", False)],
)
def test_pictographs_of_things(stem: str, thing: bool) -> None:
    """A chair and a couch; a face, a man at a computer, a flag."""
    assert data.is_a_thing(stem) == thing


@pytest.mark.parametrize("ground", grounds.KINDS)
def test_grounds_are_pictures(ground: Any) -> None:
    one, two = (ground(np.random.default_rng(3), 48) for _ in range(2))
    assert np.array_equal(one, two)
    assert (one.shape, one.dtype) == ((48, 48, 3), np.uint8)
    other = ground(np.random.default_rng(4), 48)
    assert np.abs(one.astype(int) - other).mean() > 2


def test_what_is_unknown_costs_nothing() -> None:
    torch.manual_seed(0)
    fine, coarse, target = torch.randn(2, 2, 32, 32), torch.randn(2, 2, 4, 4), torch.rand(2, 2, 32, 32).round()
    known = torch.tensor([[1.0, 1.0], [0.0, 1.0]])
    loss = loss_of(fine, coarse, target, known)
    changed = target.clone()
    changed[1, 0] = 1 - changed[1, 0]
    assert torch.equal(loss_of(fine, coarse, changed, known), loss)
    changed[1, 1] = 1 - changed[1, 1]
    assert not torch.equal(loss_of(fine, coarse, changed, known), loss)


def test_a_street_has_no_figure() -> None:
    photo = toy.stock(1).photos[0]
    photo[..., :3] = 90
    photo[photo[..., 3] > 0, :3] = 250
    assert np.abs(augment.without_figure(photo).astype(int) - 90).max() <= 1


def test_scores() -> None:
    mask = np.zeros((40, 40), np.uint8)
    mask[10:30, 10:30] = 255
    assert scores((mask / 255).astype(np.float32), mask) == (1.0, 1.0)
    iou, edge = scores(np.zeros((40, 40), np.float32), mask)
    assert (iou, edge) == (0.0, 0.0)
