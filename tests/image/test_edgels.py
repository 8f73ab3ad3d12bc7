"""Edgels: where lines are, and which way they run."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from figureground.core.nouns import Picture
from figureground.image.edgels import MOST, edgels_of


def stripes(angle: float, height: int = 120, width: int = 160, period: float = 24.0) -> Picture:
    """Return stripes across which one walks at an angle to the right, radians, with soft flanks."""
    y, x = np.mgrid[:height, :width] + 0.5
    wave = np.sin(2 * math.pi * (x * math.cos(angle) + y * math.sin(angle)) / period)
    grey = np.rint(128 + 90 * np.tanh(4 * wave)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, -1)


@settings(max_examples=30)
@given(st.floats(0, math.pi))
def test_every_edgel_of_stripes_looks_across_them(angle: float) -> None:
    found = edgels_of(stripes(angle))
    assert found.place.shape[1] > 100
    across = np.array([math.cos(angle), math.sin(angle)]) @ found.normal
    assert np.median(np.abs(across)) > math.cos(math.radians(1.5))
    assert np.linalg.norm(found.normal, axis=0) == pytest.approx(1, abs=1e-5)


def test_edgels_lie_on_the_lines_in_picture_heights_from_the_middle() -> None:
    picture = np.full((100, 200, 3), 60, np.uint8)
    picture[:, 150:] = 200
    place = edgels_of(picture).place
    assert place[0] == pytest.approx(0.5, abs=0.02)
    assert (place[1].min(), place[1].max()) == pytest.approx((-0.455, 0.455), abs=0.03)


def test_a_stretched_picture_has_the_edgels_of_the_scene() -> None:
    """Drawn half as wide, with columns twice as far apart: a line at 45 degrees is one again."""
    wide = Image.new("RGB", (240, 120), (40, 40, 40))
    ImageDraw.Draw(wide).polygon([(60, 120), (180, 0), (240, 0), (240, 120)], fill=(220, 220, 220))
    narrow = np.asarray(wide.resize((120, 120), Image.Resampling.LANCZOS))
    found = edgels_of(narrow, 2.0)
    slant = np.abs(found.place[1] + found.place[0]) < 0.05
    assert slant.sum() > 30
    assert (
        np.abs(found.normal[:, slant] - math.sqrt(0.5)).max() < 0.1
        or np.abs(found.normal[:, slant] + math.sqrt(0.5)).max() < 0.1
    )


def test_flat_and_noisy_pictures_have_few_and_full_ones_no_more_than_most() -> None:
    assert edgels_of(np.full((64, 64, 3), 9, np.uint8)).place.shape == (2, 0)
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3)).astype(np.uint8)
    lined = stripes(0.4, 400, 400, 6.0)
    assert edgels_of(noise).place.shape[1] < edgels_of(lined).place.shape[1] / 3
    assert MOST / 2 < edgels_of(lined).place.shape[1] <= MOST
