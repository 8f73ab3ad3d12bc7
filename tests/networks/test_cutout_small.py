"""The cut-out network that is shipped: as small as promised, described by its card, and it finds a drawn person."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

import figureground
from figureground.networks import cutout, runtimes

WEIGHTS = Path(figureground.__file__).parent / "weights"
NETWORK, CARD = WEIGHTS / "cutout-small.onnx", WEIGHTS / "cutout-small.md"


def test_it_is_small_and_the_one_its_card_describes() -> None:
    data = NETWORK.read_bytes()
    assert len(data) <= 8_000_000
    assert hashlib.sha256(data).hexdigest() in CARD.read_text()


def test_it_takes_any_number_of_pictures_and_returns_alpha() -> None:
    session = runtimes.library("onnxruntime").InferenceSession(NETWORK, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    side = given.shape[-1]
    x = np.random.default_rng(0).normal(0, 1, (2, 3, side, side)).astype(np.float32)
    (both,) = session.run(None, {given.name: x})
    assert both.shape == (2, 1, side, side)
    assert both.dtype == np.float32
    assert both.min() >= 0
    assert both.max() <= 1
    (second,) = session.run(None, {given.name: x[1:]})
    np.testing.assert_allclose(both[1:], second, atol=1e-4)


def test_an_empty_wall_has_no_figure() -> None:
    wall = np.full((240, 320, 3), 150, np.uint8)
    assert (cutout.cutout_network(NETWORK)(wall) >= 128).mean() < 0.05
