"""Cameras for tests of floors and of perspective."""

import math

from hypothesis import strategies as st

from figureground.core.nouns import Ground
from tests.builders import View

SIZE = 96


def exact_ground(view: View, focal: bool = True, size: int = SIZE) -> Ground:
    """Return a view's floor as its camera says it."""
    _, down, _ = view.axes()
    f = view.focal * size
    a, b, c = down[0] / f, down[1] / f, down[2] - (down[0] + down[1]) * size / 2 / f
    a, b, c = (float(v) / view.camera_height for v in (a, b, c))
    return Ground(a, b, c, view.horizon(size), view.roll_deg, 0.5, view.focal if focal else 0.0, view.camera_height)


@st.composite
def views(draw: st.DrawFn, things: bool = True) -> View:
    """Cameras held as people hold them, with enough floor to be seen before the wall, and perhaps things on it."""
    camera, focal = draw(st.floats(0.6, 2.4)), draw(st.floats(0.7, 1.5))
    pitch, roll = draw(st.floats(-5, 25)), draw(st.floats(-3, 3))
    nearest = camera / math.tan(math.radians(pitch) + math.atan(0.5 / focal))
    wall = nearest * draw(st.floats(1.8, 5))
    boxes: list[tuple[float, ...]] = []
    if things and draw(st.booleans()):
        left = draw(st.floats(-1, 0.6)) * nearest
        near = nearest * draw(st.floats(0.9, 1.6))
        wide, deep = draw(st.floats(0.2, 0.7)) * nearest, draw(st.floats(0.2, 0.8)) * nearest
        top = camera * draw(st.floats(0.15, 0.7))
        if draw(st.booleans()):  # a box, or a table top with floor to be seen below
            boxes.append((left, left + wide, near, near + deep, top))
        else:
            boxes.append((left, left + wide, near, near + deep, top, top - 0.04 * camera))
    return View(camera, pitch, roll, focal, wall, tuple(boxes))
