import dataclasses
import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from figureground.core.canvas import Canvas
from figureground.core.nouns import (
    Catalog,
    Look,
)
from figureground.plan.light import Light, light_of
from figureground.plan.place import Setting, enough, looked
from tests.plan.sights import PLAIN, Cards, card, flat_room, rules

REFERENCE = Canvas(224, 224)


@settings(max_examples=150)
@given(
    st.lists(st.tuples(*[st.integers(-10, 60)] * 2, *[st.integers(4, 30)] * 2), min_size=1, max_size=4),
    st.floats(0.05, 1),
    st.floats(0, 1),
    st.integers(0, 2**31),
)
def test_enough_is_counted_by_painting(
    places: list[tuple[int, int, int, int]], least: float, most: float, seed: int
) -> None:
    """Rectangles painted from far to near; of each enough must show, and others may not hide too much of it."""
    placing = rules(64, min_visible=least, overlap=most, mode="ground")
    depths = np.random.default_rng(seed).permutation(len(places)) / 10 + 0.1
    figures = [card(*place, q) for place, q in zip(places, depths.tolist(), strict=True)]
    canvas = np.full((64 + 60, 64 + 60), -1)
    alone = []
    for k in np.argsort(depths):
        x, y, width, height = places[k]
        canvas[30 + y : 30 + y + height, 30 + x : 30 + x + width] = k
    inside = canvas[30:94, 30:94]
    for x, y, width, height in places:
        alone.append(max(0, min(x + width, 64) - max(x, 0)) * max(0, min(y + height, 64) - max(y, 0)))
    expected = all(
        (inside == k).sum() >= least * places[k][2] * places[k][3] and (inside == k).sum() >= (1 - most) * alone[k]
        for k in range(len(places))
    )
    assert enough(Setting(placing, Catalog((), ()), Cards(placing.canvas, [])), 0, figures) == expected


def test_a_look_goes_towards_the_background_and_never_past_it() -> None:
    room, cutout = flat_room()
    room = dataclasses.replace(room, appearance=dataclasses.replace(PLAIN, blur=1.5, noise=4.0))
    sharp = dataclasses.replace(cutout, appearance=dataclasses.replace(PLAIN, blur=0.9, noise=3.0))
    figure, light = card(3, 4, 20, 60, 0.5), Light(0.5, -0.4, 0.2)
    strong = [0.4, 0.3, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    full = looked(figure, room, sharp, strong, light)
    assert full.look == Look(0.4, 0.3, round((1.5**2 - 0.9**2) ** 0.5, 2), round(7**0.5, 2))
    assert dataclasses.replace(full, look=Look()) == figure
    smaller = looked(dataclasses.replace(figure, height=30), room, sharp, strong, light)
    assert smaller.look.blur == round((1.5**2 - 0.45**2) ** 0.5, 2)  # reduced, it is sharper and cleaner
    tiny = looked(dataclasses.replace(figure, height=6), room, sharp, strong, light)
    assert tiny.look.blur == round((1.5**2 - 0.35**2) ** 0.5, 2)  # but no sharper than pixels are
    blurred = dataclasses.replace(cutout, appearance=dataclasses.replace(PLAIN, blur=3.0, noise=9.0))
    assert looked(figure, room, blurred, strong, light).look == Look(0.4, 0.3)
    edges = looked(figure, room, blurred, [0.0, 0.0, 1.0, 1.0, 0.5, 0.2, 0.6, 0.12345], light).look
    assert edges == Look(feather=0.5, wrap=0.2, cast=0.6, light_x=0.5, light_z=-0.4, light_soft=0.2, poisson=0.123)
    assert looked(figure, room, sharp, [0.0] * 8, light).look == Look()
    flat = dataclasses.replace(figure, contact=None, inverse_depth=0.0)
    floating = looked(flat, room, sharp, [0.4, 0.3, 1.0, 1.0, 0.0, 0.0, 0.5, 0.2], light).look
    assert (floating.shadow, floating.cast, floating.light_x, floating.poisson) == (0, 0, 0, 0.2)


def test_a_background_has_one_light_that_is_never_straight_from_aside() -> None:
    lights = [light_of(3, background) for background in range(400)]
    assert lights == [light_of(3, background) for background in range(400)]
    assert len({(light.x, light.z) for light in lights}) > 390
    lengths = np.array([math.hypot(light.x, light.z) for light in lights])
    assert 0.25 < lengths.min() < 0.35
    assert 1.3 < lengths.max() < 1.45
    assert min(abs(light.z) / length for light, length in zip(lights, lengths, strict=True)) > 0.33
    for values in ([light.x for light in lights], [light.z for light in lights]):  # from all sides alike
        assert 0.4 < np.mean(np.array(values) > 0) < 0.6
