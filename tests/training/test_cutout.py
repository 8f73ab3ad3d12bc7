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
from training.common import encoder
from training.cutout import augment, data, toy, train
from training.cutout.loss import scores
from training.cutout.net import Alpha, CutoutNet
from training.cutout.sampler import Sampler


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
    (alpha,) = session.run(None, {session.get_inputs()[0].name: x})
    with torch.no_grad():
        expected = Alpha(net).eval()(torch.from_numpy(x)).numpy()
    assert alpha.shape == (3, 1, 64, 64)
    assert np.abs(alpha - expected).max() < 0.01


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
    two.batch(0, 3, 64)
    for a, b in zip(one.batch(7, 9, 64), two.batch(7, 9, 64), strict=True):
        assert np.array_equal(a, b)
        assert a.dtype == np.uint8


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
