"""The cut-out network that is shipped: as small as promised, described by its card, and it finds a drawn person."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

import figureground
from figureground.ingest.cutters import SOMEBODY
from figureground.networks import cutout, runtimes
from tests.builders import SHARED

WEIGHTS = Path(figureground.__file__).parent / "weights"
NETWORK, CHECK, CARD = (WEIGHTS / name for name in ("cutout-small.onnx", "cutout-check.onnx", "cutout-small.md"))


def test_it_is_small_and_the_one_its_card_describes() -> None:
    for path, most in ((NETWORK, 12_000_000), (CHECK, 8_000_000)):
        data = path.read_bytes()
        assert len(data) <= most
        told = f"`{path.name}` | sha256 `{hashlib.sha256(data).hexdigest()}`, {len(data):,} bytes"
        assert told in CARD.read_text("utf-8")


@pytest.mark.parametrize("network", [NETWORK, CHECK])
def test_it_takes_any_number_of_pictures_and_returns_alphas(network: Path) -> None:
    session = runtimes.library("onnxruntime").InferenceSession(network, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    side = given.shape[-1]
    x = np.random.default_rng(0).normal(0, 1, (2, 3, side, side)).astype(np.float32)
    assert [made.name for made in session.get_outputs()] == ["alpha", "person"]
    for both, second in zip(session.run(None, {given.name: x}), session.run(None, {given.name: x[1:]}), strict=True):
        assert both.shape == (2, 1, side, side)
        assert both.dtype == np.float32
        assert both.min() >= 0
        assert both.max() <= 1
        np.testing.assert_allclose(both[1:], second, atol=1e-4)


PEOPLE, ROOMS = SHARED / "photos/people_photos", SHARED / "photos/backgrounds"


@pytest.mark.skipif(not ROOMS.is_dir(), reason="the photos of rooms and people are not on this machine")
def test_it_tells_people_from_rooms() -> None:
    asked = cutout.cutout_network(NETWORK)
    found = {}
    for folder in (PEOPLE, ROOMS):
        shares = []
        for path in sorted(folder.glob("*"))[::16]:
            with Image.open(path, formats=("JPEG", "PNG")) as photo:
                picture = np.asarray(photo.convert("RGB").resize((224, 224)))
            shares.append((asked.people(picture) >= 128).mean())
        found[folder] = np.array(shares)
    assert (found[PEOPLE] >= SOMEBODY).mean() >= 0.8
    assert (found[ROOMS] >= SOMEBODY).mean() <= 0.2


class _TwoAnswers:
    """A session that says one thing of the whole picture, that its left half is the figure, and another from near."""

    def __init__(self, near: float) -> None:
        self.near, self.asked = near, 0

    def get_inputs(self) -> list[Any]:
        return [SimpleNamespace(name="input", shape=["n", 3, 64, 64])]

    def get_outputs(self) -> list[Any]:
        return [SimpleNamespace(name="alpha")]

    def run(self, _: list[str], __: dict[str, Any]) -> list[Any]:
        self.asked += 1
        alpha = np.zeros((1, 1, 64, 64), np.float32)
        if self.asked == 1:
            alpha[..., 24:40, 24:40] = 1
        else:
            alpha[:] = self.near
        return [alpha]


@pytest.mark.parametrize(("near", "expected"), [(0.0, 128), (1.0, 255)])
def test_both_looks_count_alike(near: float, expected: int) -> None:
    """A figure that is seen in the whole picture, but not from near, is half there; one that is seen twice is there."""
    session = _TwoAnswers(near)
    alpha = cutout.CutoutNetwork(NETWORK, session, tells_people=False)(np.full((256, 256, 3), 128, np.uint8))
    assert session.asked == 2
    assert abs(int(alpha[128, 128]) - expected) <= 1
    assert alpha[0, 0] == 0


def test_an_empty_wall_has_no_figure() -> None:
    wall = np.full((240, 320, 3), 150, np.uint8)
    assert (cutout.cutout_network(NETWORK)(wall) >= 128).mean() < 0.05
