import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from figureground.core.arrays import Bytes
from figureground.core.nouns import Appearance
from figureground.image import colour
from figureground.ingest.appearance import measure
from figureground.render import harmonise
from tests.builders import floor_scene, scene_photo


def appearance(mean: tuple[float, float, float], std: tuple[float, float, float] = (10.0, 4.0, 4.0)) -> Appearance:
    return Appearance(mean, std, 0.0, 0.0)


def match_colours(cutout: Bytes, own: Appearance, other: Appearance, strength: float) -> Bytes:
    """Return the cut-out with the colour table applied as composites apply it."""
    return np.asarray(
        Image.fromarray(np.ascontiguousarray(cutout)).filter(harmonise.colour_table(own, other, strength))
    )


def card(seed: int, height: int = 48, width: int = 40, low: int = 0, high: int = 256) -> Bytes:
    """Return an RGBA cut-out of random colours and alpha."""
    return np.random.default_rng(seed).integers(low, high, (height, width, 4), np.uint8)


labs = st.tuples(st.floats(20, 80), st.floats(-20, 20), st.floats(-20, 20))
stds = st.tuples(*[st.floats(1, 30)] * 3)


@settings(max_examples=40)
@given(st.integers(0, 2**31), labs, stds, labs, stds)
def test_no_strength_is_no_change(
    seed: int,
    mean: tuple[float, float, float],
    std: tuple[float, float, float],
    to: tuple[float, float, float],
    spread: tuple[float, float, float],
) -> None:
    cutout = card(seed)
    found = match_colours(cutout, appearance(mean, std), appearance(to, spread), 0.0)
    assert np.abs(found.astype(int) - cutout).max() <= 1
    assert np.array_equal(found[..., 3], cutout[..., 3])


def formula(cutout: Bytes, own: Appearance, other: Appearance, strength: float) -> NDArray[np.float64]:
    """Reinhard's map of each colour, without a table; colours in between lie on the straight way in sRGB."""
    factor = [min(max(b / a, 0.7), 1.4) for a, b in zip(own.lab_std, other.lab_std, strict=True)]
    moved = (colour.lab(cutout[..., :3]) - own.lab_mean) * factor + other.lab_mean
    return cutout[..., :3] + strength * (colour.rgb_of(moved) - cutout[..., :3])


def test_the_colour_match_is_near_its_formula() -> None:
    photos = [scene_photo(seed, 60, 60) for seed in range(4)] + [floor_scene(seed)[0] for seed in range(3)]
    measured = [measure(photo) for photo in photos]
    random = card(0, 60, 60)  # from all of the cube, as no photo's are
    for photo, own in zip(photos, measured, strict=True):
        cutout = np.dstack([photo, np.full(photo.shape[:2], 255, np.uint8)])
        for other in measured:
            for strength, most in ((0.3, 1.0), (1.0, 3.0)):  # the error of interpolation grows with strength
                for colours in (cutout, random):
                    found = match_colours(colours, own, other, strength)
                    error = np.abs(found[..., :3] - formula(colours, own, other, strength))
                    assert error.mean() < most
                    assert np.array_equal(found[..., 3], colours[..., 3])


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.tuples(st.floats(-12, 12), st.floats(-8, 8), st.floats(-8, 8)))
def test_at_full_strength_the_means_agree(seed: int, shift: tuple[float, float, float]) -> None:
    """Where spreads are equal and no colour leaves sRGB: mid greys, small shifts."""
    cutout = card(seed, low=90, high=166)
    own = measure(cutout[..., :3])
    other = appearance(tuple(np.add(own.lab_mean, shift)), own.lab_std)
    found = match_colours(cutout, own, other, 1.0)
    assert colour.lab(found[..., :3]).reshape(-1, 3).mean(0) == pytest.approx(other.lab_mean, abs=0.6)
    half = match_colours(cutout, own, other, 0.5)
    middle = np.add(own.lab_mean, other.lab_mean) / 2
    assert colour.lab(half[..., :3]).reshape(-1, 3).mean(0) == pytest.approx(tuple(middle), abs=0.8)


@settings(max_examples=40)
@given(st.floats(0.5, 12), st.integers(-300, 300), st.integers(-300, 300), st.integers(0, 2**31))
def test_noise_has_its_strength_and_leaves_alpha_alone(strength: float, x: int, y: int, seed: int) -> None:
    cutout = card(seed, 130, 120, 100, 156)
    before = cutout.copy()
    found = harmonise.add_noise(cutout, strength, x, y)
    assert np.array_equal(cutout, before)  # the photo that others share is not touched
    assert np.array_equal(found, harmonise.add_noise(cutout, strength, x, y))
    assert np.array_equal(found[..., 3], cutout[..., 3])
    grain = found[..., :3].astype(int) - cutout[..., :3]
    assert (grain == grain[..., :1]).all()  # grey
    assert abs(grain.mean()) < 0.05 * strength
    assert grain.std() == pytest.approx(math.hypot(strength, 0.29), rel=0.05)


def test_noise_belongs_to_its_place_on_the_canvas() -> None:
    """A figure one pixel to the right shows the tile's next column; the tile repeats after 256 px."""
    flat = np.full((40, 50, 4), 128, np.uint8)
    here = harmonise.add_noise(flat, 6.0, 10, 20)
    assert np.array_equal(harmonise.add_noise(flat, 6.0, 11, 22)[:-2, :-1], here[2:, 1:])
    assert np.array_equal(harmonise.add_noise(flat, 6.0, 10 - 256, 20 + 512), here)
    white = np.full((40, 50, 4), 255, np.uint8)
    assert harmonise.add_noise(white, 9.0, 0, 0)[..., :3].min() > 200  # clipped, not wrapped round
    assert harmonise.add_noise(flat * np.uint8(0), 9.0, 0, 0)[..., :3].max() < 55


@settings(max_examples=150)
@given(
    st.integers(16, 128),
    st.integers(0, 127),
    st.integers(0, 127),
    st.floats(1, 80),
    st.floats(0, 1),
)
def test_a_shadow_is_darkest_at_the_contact(size: int, x: int, y: int, width: float, strength: float) -> None:
    x, y = x % size, y % size
    rows, columns, factor = harmonise.contact_shadow((size, size), (x, y), width, strength)
    assert 0 <= rows.start <= y < rows.stop <= size
    assert 0 <= columns.start <= x < columns.stop <= size
    assert factor.shape == (rows.stop - rows.start, columns.stop - columns.start)
    assert factor.max() <= 1
    assert factor.min() >= 1 - strength - 1e-6
    assert factor[y - rows.start, x - columns.start] == factor.min() == pytest.approx(1 - strength, abs=1e-6)
    canvas = np.ones((size, size), np.float32)
    canvas[rows, columns] = factor
    # darkness falls off from the contact, in all four directions, and has ended where the box ends
    for line in (canvas[y, x:], canvas[y, x::-1], canvas[y:, x], canvas[y::-1, x]):
        assert (np.diff(line) >= 0).all()
    for border, inner in (
        (factor[0], rows.start > 0),
        (factor[-1], rows.stop < size),
        (factor[:, 0], columns.start > 0),
        (factor[:, -1], columns.stop < size),
    ):
        if inner:
            assert border.min() > 1 - 0.12 * strength - 1e-6
