"""The detector of seams: each pasted patch has a real twin, and what tells them is the seam alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

pytest.importorskip("torch")

from bench import seam, seam_filters
from figureground.core.canvas import Canvas

SOURCE = Path(__file__).parents[2] / "src"
CANVAS = Canvas(96, 64)


def drawn(folder: Path, count: int) -> list[Path]:
    """Write photos of figures that are dark, on ground that is bright, each with a texture of its own; and masks."""
    y, x = np.mgrid[:192, :128]
    paths = []
    for n in range(count):
        inside = ((x - 50 - 6 * n) / (16 + 3 * n)) ** 2 + ((y - 98) / 84) ** 2 < 1
        texture = np.random.default_rng(n).integers(0, 60, (12, 8, 3)).repeat(16, 0).repeat(16, 1)
        picture = texture + np.where(inside, 10, 180)[..., None]
        paths.append(folder / f"one{n}.jpg")
        Image.fromarray(picture.astype(np.uint8)).save(paths[-1], quality=95)
        Image.fromarray(inside).save(paths[-1].with_suffix(".png"))
    return paths


def test_twins_are_of_the_same_place_of_a_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seam, "JITTER", 0)
    monkeypatch.setattr(seam, "LARGEST", 2.0)
    photos = drawn(tmp_path, 5)
    found = seam.pasted(photos, CANVAS, SOURCE, [f"look.{name}=[0,0]" for name in ("colour", "noise", "feather")])
    assert len(found) >= seam.PATCHES
    assert {pair.person for pair in found} <= {path.stem for path in photos}
    dark = [[(one < 110).all(-1) for one in (pair.real, pair.pasted)] for pair in found]
    shared = [(real & pasted).sum() / (real | pasted).sum() for real, pasted in dark]
    assert np.median(shared) > 0.85  # figure and ground lie alike in both
    assert max(pair.pasted.shape != (16, 16, 3) for pair in found) == 0


def test_figures_pasted_by_hand_lie_as_their_twins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seam, "JITTER", 0)
    found = seam_filters.by_hand(drawn(tmp_path, 3), "lanczos", CANVAS)
    assert {pair.person for pair in found} == {"one0", "one1", "one2"}
    dark = [[(one < 110).all(-1) for one in (pair.real, pair.pasted)] for pair in found]
    assert np.median([(real & pasted).sum() / (real | pasted).sum() for real, pasted in dark]) > 0.85


def test_a_figure_is_reduced_by_the_filters_of_a_way() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 100, 4), dtype=np.uint8)
    noise[..., 3] = 255
    left = {}
    for way in seam_filters.WAYS:
        small = seam_filters.reduced(Image.fromarray(noise), 80, way, CANVAS)
        assert small.shape == (80, 27, 4)
        left[way] = small[..., :3].std()
    assert left["lanczos"] > left["hamming"] > left["lanczos+hamming"]
    assert left["lanczos+lanczos"] > left["lanczos+hamming"]


def test_a_photo_comes_at_the_scale_of_its_figure(tmp_path: Path) -> None:
    (photo,) = drawn(tmp_path, 1)
    with Image.open(photo.with_suffix(".png")) as mask:
        rows, columns = np.nonzero(np.asarray(mask))
    picture, corner = seam.at_scale(photo, 0.5)
    assert picture.shape == (96, 64, 3)
    assert corner.tolist() == [rows.min() / 2, columns.min() / 2]


def kinds(seed: int, count: int, softer: bool) -> tuple[list[NDArray[np.uint8]], list[NDArray[np.uint8]]]:
    dice = np.random.default_rng(seed)
    values = dice.integers(0, 256, (2, count, 16, 16, 3), dtype=np.uint8)
    if softer:
        values[1, :, :, 1:] = values[1, :, :, 1:] // 2 + values[1, :, :, :-1] // 2
    return list(values[0]), list(values[1])


def test_what_differs_is_told_and_what_does_not_is_not() -> None:
    assert seam.told_apart(kinds(0, 300, softer=True), kinds(1, 300, softer=True), 0) > 0.9
    assert 0.35 < seam.told_apart(kinds(0, 300, softer=False), kinds(1, 300, softer=False), 0) < 0.65


def test_halves_share_nobody() -> None:
    patch = np.zeros((16, 16, 3), np.uint8)
    found = [seam.Pair(f"person {n % 10}", patch + np.uint8(n % 10), patch) for n in range(40)]
    one, other = ({int(patch[0, 0, 0]) for patch in half} for half in seam.halves(found, 3))
    assert len(one) == len(other) == 5
    assert not one & other
    assert one != {int(p[0, 0, 0]) for p in seam.halves(found, 4)[0]}


def test_area_under_curve_counts_pairs() -> None:
    scores, labels = np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])
    assert seam.area_under_curve(scores, labels) == 0.75
