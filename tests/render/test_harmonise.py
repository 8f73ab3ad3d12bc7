import itertools
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


def test_known_colours_have_their_known_lab_values() -> None:
    """From Lindbloom's calculator, sRGB and D65."""
    known = {
        (255, 255, 255): (100, 0, 0),
        (0, 0, 0): (0, 0, 0),
        (255, 0, 0): (53.24, 80.09, 67.20),
        (0, 255, 0): (87.73, -86.18, 83.18),
        (0, 0, 255): (32.30, 79.19, -107.86),
        (119, 119, 119): (50.03, 0, 0),
    }
    for rgb, expected in known.items():
        assert colour.lab(np.array(rgb, np.uint8)) == pytest.approx(expected, abs=0.011), rgb


def test_lab_and_back() -> None:
    step = np.arange(0, 256, 15).astype(np.uint8)  # 0 and 255 among them, and the dark ones below both curves' bends
    colours = np.stack(np.meshgrid(np.append(step, [1, 2, 5, 9]), step, step), -1).reshape(-1, 3).astype(np.uint8)
    assert np.abs(colour.rgb_of(colour.lab(colours)) - colours).max() < 1e-3
    beyond = colour.rgb_of(np.array([[150.0, 0, 0], [-20.0, 0, 0], [50.0, 200, 200]]))
    assert beyond.min() >= 0  # what sRGB cannot show is clipped
    assert beyond.max() <= 255


labs = st.tuples(st.floats(20, 80), st.floats(-20, 20), st.floats(-20, 20))
stds = st.tuples(*[st.floats(1, 30)] * 3)


@settings(deadline=None, derandomize=True, max_examples=40)
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


@settings(deadline=None, derandomize=True, max_examples=30)
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


def test_a_measure_is_of_what_lies_under_the_mask() -> None:
    picture = np.full((60, 60, 3), 255, np.uint8)
    mask = np.zeros((60, 60), bool)
    mask[10:50, 10:50] = True
    rng = np.random.default_rng(0)
    picture[mask] = rng.integers(60, 120, (1600, 3))
    found = measure(picture, mask)
    alone = measure(np.ascontiguousarray(picture[10:50, 10:50]))
    assert found.lab_mean == alone.lab_mean
    assert found.lab_std == alone.lab_std
    values = colour.lab(picture[mask])
    assert found.lab_mean == pytest.approx(values.mean(0), abs=1e-3)
    assert found.lab_std == pytest.approx(values.std(0), abs=1e-3)
    picture[~mask] = rng.integers(0, 256, (2000, 3))
    again = measure(picture, mask)
    assert (again.lab_mean, again.lab_std) == (found.lab_mean, found.lab_std)
    assert again.noise == pytest.approx(found.noise, rel=0.01)  # a filter's window may reach out by a pixel
    assert again.blur == pytest.approx(found.blur, rel=0.01)


def edges(blur: float) -> Bytes:
    """Return a picture of ideal edges in many directions, blurred by a Gaussian: anti-aliased by drawing large."""
    v, u = np.mgrid[0:640, 0:640] - 319.5
    sectors = (np.floor(np.degrees(np.arctan2(v, u)) / 36) % 2 == 0).astype(np.float64)
    weights = np.exp(-0.5 * (np.arange(-60, 61) / (4 * blur)) ** 2)
    weights /= weights.sum()
    for axis in (0, 1):
        padded = np.pad(sectors, [(60, 60) if a == axis else (0, 0) for a in (0, 1)], "edge")
        sectors = np.apply_along_axis(np.convolve, axis, padded, weights, "valid")
    small = sectors.reshape(160, 4, 160, 4).mean((1, 3))
    grey = np.rint(40 + 170 * small).astype(np.uint8)
    return np.repeat(grey[..., None], 3, 2)


def test_blur_is_measured() -> None:
    """Rises with the true blur, and is within 25 % (and the half pixel that a pixel's own width adds)."""
    true = (0.5, 0.8, 1.2, 1.6, 2.2, 3.0)
    found = [measure(edges(blur)).blur for blur in true]
    assert all(a < b for a, b in itertools.pairwise(found)), found
    for blur, measured in zip(true, found, strict=True):
        assert abs(measured - math.hypot(blur, 0.29)) < 0.25 * blur + 0.1, found
    assert measure(np.full((64, 64, 3), 90, np.uint8)).blur == 0  # no edge says nothing


@pytest.mark.parametrize("sigma", [1.0, 3.0, 6.0, 12.0])
def test_noise_is_measured(sigma: float) -> None:
    rng = np.random.default_rng(int(sigma))
    flat = np.repeat(np.rint(120 + sigma * rng.standard_normal((160, 160, 1))), 3, 2).clip(0, 255).astype(np.uint8)
    # the flatter half of the picture is looked at, so that a little is missed
    assert 0.75 * sigma < measure(flat).noise < 1.1 * math.hypot(sigma, 0.3)
    slope = np.clip(flat + np.linspace(-50, 50, 160)[:, None, None], 0, 255).astype(np.uint8)
    assert measure(slope).noise == pytest.approx(measure(flat).noise, rel=0.1)  # a gradient is no noise
    assert measure(np.full((64, 64, 3), 90, np.uint8)).noise < 1e-3


def test_measures_of_hardly_anything_end_well() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)
    speck = np.zeros((20, 20), bool)
    speck[3, 4:6] = True
    found = measure(picture, speck)
    assert (found.blur, found.noise) == (0.0, 0.0)
    assert found.lab_mean == pytest.approx(colour.lab(picture[speck]).mean(0), abs=1e-3)


@settings(deadline=None, derandomize=True, max_examples=40)
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


@settings(deadline=None, derandomize=True, max_examples=150)
@given(
    st.integers(16, 128),
    st.integers(0, 127),
    st.integers(0, 127),
    st.floats(1, 80),
    st.floats(0, 1),
)
def test_a_shadow_is_darkest_at_the_contact(size: int, x: int, y: int, width: float, strength: float) -> None:
    x, y = x % size, y % size
    rows, columns, factor = harmonise.contact_shadow(size, (x, y), width, strength)
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
