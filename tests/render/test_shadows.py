"""Shadows darken floor and nothing else, begin at the feet, and lie where geometry says."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.core.arrays import Bytes
from figureground.core.canvas import Canvas
from figureground.core.nouns import Figure, Ground, Look
from figureground.render.composite import Sprite, compose
from figureground.render.shadows import Shadow, floor_light, shadow_of
from tests.render.pasting import sprite_of

SIZE = 128
CANVAS = Canvas(SIZE, SIZE)
# a level floor seen from 1.4 m at a focal length of one width: 1/Z = (y - 40) / (128 * 1.4)
GROUND = Ground(0.0, 1 / (128 * 1.4), -40 / (128 * 1.4), 40.0, 0.0, 0.5, 1.0, 1.4)
FLOOR = np.arange(SIZE)[:, None].repeat(SIZE, 1) >= 60
CAST = Look(cast=0.6, light_x=0.6, light_z=0.5, light_soft=0.1)


def legs(height: int = 60, width: int = 20) -> Bytes:
    """Return the alpha of a body on two legs."""
    alpha = np.zeros((height, width), np.uint8)
    alpha[: height // 2, 2:-2] = 255
    alpha[height // 2 :, 3:7] = alpha[height // 2 :, -7:-3] = 255
    return alpha


def figure(look: Look, x: int = 50, foot: int = 99, height: int = 60, width: int = 20) -> Figure:
    return Figure(0, x, foot - height + 1, width, height, False, 0.3, (x + width // 2, foot), look)


def standing(one: Figure, alpha: Bytes) -> Sprite:
    cutout = np.dstack([np.full((*alpha.shape, 3), 250, np.uint8), alpha])
    shadow = shadow_of(one, alpha, 0, GROUND, CANVAS)
    return dataclasses.replace(sprite_of(one, cutout, 0, CANVAS), shadow=shadow)


def room() -> Bytes:
    return np.random.default_rng(5).integers(90, 200, (SIZE, SIZE, 3), np.uint8)


looks = st.builds(
    Look,
    shadow=st.floats(0, 1),
    cast=st.floats(0, 1),
    light_x=st.floats(-1.4, 1.4),
    light_z=st.one_of(st.floats(0.1, 1.4), st.floats(-1.4, -0.1)),
    light_soft=st.floats(0, 0.4),
)


@settings(max_examples=120, deadline=None)
@given(looks, st.integers(-40, 140), st.integers(50, 180), st.integers(8, 110), st.integers(3, 60))
def test_shadows_only_darken_and_only_floor(look: Look, x: int, foot: int, height: int, width: int) -> None:
    """Wherever a figure stands, also with its feet outside of the canvas."""
    background = room()
    alpha = np.random.default_rng(height).integers(0, 2, (height, width), np.uint8) * np.uint8(255)
    one = standing(figure(look, x, foot, height, width), alpha)
    found = compose(background, [one], FLOOR)
    bare = found.alpha == 0
    assert (found.image <= background)[bare].all()
    assert np.array_equal(found.image[bare & ~FLOOR], background[bare & ~FLOOR])
    within = np.zeros((SIZE, SIZE), bool)
    within[found.changed] = True
    assert np.array_equal(found.image[~within], background[~within])
    again = standing(figure(look, x, foot, height, width), alpha)
    assert np.array_equal(compose(background, [again], FLOOR).image, found.image)


def test_no_strength_is_a_plain_paste() -> None:
    one = standing(figure(Look()), legs())
    assert one.shadow is None
    background = room()
    found = compose(background, [one], FLOOR)
    assert np.array_equal(found.image[found.alpha == 0], background[found.alpha == 0])


def test_each_foot_has_a_dark_zone_and_what_lies_between_less() -> None:
    one = standing(figure(Look(shadow=0.9)), legs())
    assert one.shadow is not None
    (rows, columns), factor = floor_light([one.shadow], np.full((SIZE, SIZE, 3), 128, np.uint8), FLOOR)
    light = np.ones((SIZE, SIZE))
    light[rows, columns] = factor
    below = light[100]  # the row under the soles
    left, right, middle = below[53:57].min(), below[63:67].min(), below[59:61].max()
    assert left < 0.5
    assert right < 0.5
    assert middle > max(left, right) + 0.05
    assert light[100, 20] == light[100, 100] == 1
    assert (np.diff(light[100:126, 55]) >= -0.01).all()  # it fades downwards


def test_a_raised_hem_is_no_sole() -> None:
    alpha = legs()
    alpha[30:45, 8:12] = 255  # a coat between the legs, a quarter of the height above the floor
    assert np.array_equal(
        standing(figure(Look(shadow=0.9)), alpha).shadow.contact,  # type: ignore[union-attr]
        standing(figure(Look(shadow=0.9)), legs()).shadow.contact,  # type: ignore[union-attr]
    )


def test_the_zone_under_soles_is_darker_on_a_dark_floor() -> None:
    one = standing(figure(Look(shadow=0.6)), legs())
    assert one.shadow is not None
    least = [
        float(floor_light([one.shadow], np.full((SIZE, SIZE, 3), grey, np.uint8), FLOOR)[1].min()) for grey in (230, 30)
    ]
    assert least[1] < least[0] - 0.05


def test_a_shadow_lies_where_the_light_throws_it() -> None:
    """The head's, against the projection of its point of the floor: metres, camera 1.4 m above it, focal length 128."""
    pole = np.zeros((60, 9), np.uint8)
    pole[:, 3:6] = 255
    depth = 1.4 * 128 / (100 - 40)  # of the contact's lower edge, row 100
    metres = 60 * depth / 128  # how tall the pole is
    for light_x, light_z in ((0.8, 0.4), (-0.7, 0.5), (0.5, -0.4), (-0.9, -0.5)):
        look = Look(cast=1.0, light_x=light_x, light_z=light_z, light_soft=0.02)
        shadow = standing(figure(look, 60, 99, 60, 9), pole).shadow
        assert isinstance(shadow, Shadow)
        dark = np.zeros((SIZE, SIZE))
        dark[shadow.rows, shadow.columns] = shadow.cast
        for part in (0.3, 0.6, 0.9):
            far = depth + part * metres * light_z
            y = 40 + 1.4 * 128 / far
            x = 64 + ((64.5 - 64) / 128 * depth + part * metres * light_x) * 128 / far
            if not 2 < x < SIZE - 3 or not 2 < y < SIZE - 3:
                continue
            around = dark[int(y) - 2 : int(y) + 3, int(x) - 3 : int(x) + 4]
            assert around.max() > 60, (light_x, light_z, part)
            assert dark[int(y) - 1 : int(y) + 2, int(min(x + 14, SIZE - 1))].max() < around.max()


def test_shadows_of_one_light_join_and_lie_on_no_figure() -> None:
    background = room()
    one, other = standing(figure(CAST, 40), legs()), standing(figure(CAST, 48, 104), legs())
    both = compose(background, [one, other], FLOOR)
    alone = [compose(background, [each], FLOOR).image for each in (one, other)]
    free = both.alpha == 0
    assert np.abs(both.image[free].astype(int) - np.minimum(*alone)[free]).max() <= 1
    assert (both.image[both.alpha == 255] == 250).all()


def test_a_softer_light_blurs_the_far_end_more() -> None:
    def steepest(soft: float, part: Any) -> float:
        shadow = standing(figure(dataclasses.replace(CAST, light_soft=soft)), legs()).shadow
        assert shadow is not None
        return float(np.abs(np.diff(shadow.cast[part].astype(int), axis=1)).max())

    far = slice(0, 8)
    assert steepest(0.35, far) < 0.8 * steepest(0.02, far)


def test_without_a_floor_s_plane_there_is_no_cast_shadow() -> None:
    assert shadow_of(figure(CAST), legs(), 0, None, CANVAS) is None
    floating = dataclasses.replace(figure(CAST), contact=None)
    assert shadow_of(floating, legs(), 0, GROUND, CANVAS) is None
    above = dataclasses.replace(GROUND, c=-120 / (128 * 1.4))  # the contact lies above the horizon
    found = shadow_of(figure(CAST), legs(), 0, above, CANVAS)
    assert found is None or not found.cast.any()


@pytest.mark.parametrize("size", [96, 224, 512])
def test_a_shadow_looks_alike_at_every_size(size: int) -> None:
    scale = size / SIZE
    ground = dataclasses.replace(GROUND, b=GROUND.b / scale, horizon_y=40 * scale)
    alpha = np.kron(legs(), np.ones((4, 4), np.uint8))
    height, width = round(60 * scale), round(20 * scale)
    rows = np.minimum(np.arange(height) * 240 // height, 239)
    columns = np.minimum(np.arange(width) * 80 // width, 79)
    one = Figure(0, round(50 * scale), round(100 * scale) - height, width, height, False, 0.3,
                 (round(60 * scale), round(100 * scale) - 1), dataclasses.replace(CAST, shadow=0.8))  # fmt: skip
    shadow = shadow_of(one, alpha[rows][:, columns], 0, ground, Canvas(size, size))
    assert shadow is not None
    dark = np.zeros((size, size))
    dark[shadow.rows, shadow.columns] = np.maximum(shadow.cast, shadow.contact)
    assert dark.sum() / 255 / size**2 == pytest.approx(0.0122, rel=0.15)
