"""The tone of a figure goes towards its background's, and a person stays a person."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from figureground.core.arrays import Bytes, Floats
from figureground.core.nouns import Appearance
from figureground.image import colour
from figureground.ingest.appearance import measure
from figureground.render import tone
from tests.builders import floor_scene, scene_photo

SKIN = np.array([[[224, 172, 138], [198, 134, 100], [141, 85, 60], [92, 56, 41], [255, 219, 190]]], np.uint8)


def appearance(
    mean: tuple[float, float, float] = (55.0, 5.0, 8.0),
    std: tuple[float, float, float] = (20.0, 8.0, 10.0),
    hues: float = 30.0,
) -> Appearance:
    return Appearance(mean, std, 0.0, 0.0, hues)


def match_colours(colours: Bytes, own: Appearance, other: Appearance, strength: float) -> Bytes:
    """Return colours with the table applied as composites apply it."""
    table = ImageFilter.Color3DLUT(tone.NODES, tone.colour_table(own, other, strength))
    return np.asarray(Image.fromarray(np.ascontiguousarray(colours)).filter(table))


def luminance(colours: Bytes) -> Floats:
    return np.asarray(colour.linear_of(colours / 255) @ [0.2126, 0.7152, 0.0722])


labs = st.tuples(st.floats(10, 90), st.floats(-30, 30), st.floats(-30, 30))
stds = st.tuples(*[st.floats(1, 30)] * 3)
looks = st.builds(appearance, labs, stds, st.floats(7, 60))


@settings(max_examples=40)
@given(st.integers(0, 2**31), looks, looks)
def test_no_strength_is_no_change(seed: int, own: Appearance, other: Appearance) -> None:
    cutout = np.random.default_rng(seed).integers(0, 256, (48, 40, 4), np.uint8)
    found = match_colours(cutout, own, other, 0.0)
    assert np.abs(found.astype(int) - cutout).max() <= 1
    assert np.array_equal(found[..., 3], cutout[..., 3])


@settings(max_examples=40)
@given(looks, st.sampled_from([0.05, 0.5, 1.0]), st.floats(20, 80), st.floats(0, 2.9))
def test_in_a_grey_room_everybody_is_grey(own: Appearance, strength: float, lightness: float, hues: float) -> None:
    """Whatever the strength; a JPEG's own colour noise does not make a room coloured."""
    colours = np.random.default_rng(1).integers(0, 256, (30, 30, 3), np.uint8)
    found = match_colours(colours, own, appearance((lightness, 0.3, -0.4), (20.0, 0.5, 0.5), hues), strength)
    assert (found.max(-1).astype(int) - found.min(-1)).max() <= 1
    # in lightness: of a dark figure, brought to more light, the few light parts are pressed together
    before, after = (colour.lab(values)[..., 0].ravel() for values in (colours, found))
    assert np.corrcoef(before, after)[0, 1] > 0.95


def test_in_a_sepia_room_everybody_is_sepia() -> None:
    room = appearance((50.0, 8.0, 25.0), (20.0, 2.0, 5.0), 1.0)
    found = colour.lab(match_colours(SKIN, appearance(), room, 0.4))
    assert (found[..., 1] > 1).all()
    hue = np.degrees(np.arctan2(found[..., 2], found[..., 1]))
    assert np.ptp(hue) < 12
    blue = colour.lab(match_colours(np.full((1, 1, 3), (30, 60, 200), np.uint8), appearance(), room, 0.4))
    assert blue[0, 0, 2] > 5


def test_photos_tell_whether_they_are_grey_or_sepia() -> None:
    for photo in (scene_photo(3, 120, 120), floor_scene(2)[0]):
        light = luminance(photo)
        grey = np.repeat(np.rint(255 * colour.srgb_of(light))[..., None], 3, 2).astype(np.uint8)
        tinted = np.rint(255 * colour.srgb_of(np.clip(light[..., None] * (1.25, 0.97, 0.62), 0, 1))).astype(np.uint8)
        assert tone.one_tint(measure(photo)) == 0
        assert tone.one_tint(measure(grey)) == 1
        assert tone.one_tint(measure(tinted)) == 1


@settings(max_examples=60)
@given(looks, looks)
def test_faces_stay_faces(own: Appearance, other: Appearance) -> None:
    """In any room of any colour: skin is neither green nor blue, and neither black nor burnt out."""
    found = match_colours(SKIN, own, other, 1.0)
    values = found.astype(int)
    assert (values[..., 0] >= values[..., 1] - 1).all()
    assert (values[..., 1] >= values[..., 2] - 8).all()
    ratio = luminance(found) / luminance(SKIN)
    assert (ratio > 0.25).all()
    assert (ratio < 2.5).all()


def test_sunlit_people_are_dimmed_in_a_dim_room_within_limits() -> None:
    sunlit = appearance((75.0, 3.0, 8.0), (15.0, 8.0, 10.0))
    dim, dark = appearance((30.0, 3.0, 8.0), (12.0, 8.0, 10.0)), appearance((8.0, 3.0, 8.0), (4.0, 8.0, 10.0))
    white = np.full((1, 1, 3), 240, np.uint8)
    levels = [float(luminance(match_colours(white, sunlit, room, 1.0))[0, 0]) for room in (sunlit, dim, dark)]
    assert levels[0] == pytest.approx(float(luminance(white)[0, 0]), rel=0.06)
    assert levels[1] < 0.6 * levels[0]
    assert levels[2] == pytest.approx(levels[1], rel=0.15)  # no darker than the limit
    brighter = match_colours(white, dim, sunlit, 1.0)
    assert brighter.max() <= 255
    assert brighter.min() >= 240


def test_luminance_keeps_its_order() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, 2)
    rooms = [measure(scene_photo(seed, 60, 60)) for seed in range(3)]
    for own in rooms:
        for other in rooms:
            assert (np.diff(luminance(match_colours(ramp, own, other, 1.0))[0]) > -1e-4).all()
