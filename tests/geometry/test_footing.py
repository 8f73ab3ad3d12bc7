"""Where a foot may be: on floor that is seen, and below the frame where the floor goes on."""

import numpy as np
import pytest

from figureground.core.arrays import Bools, Singles
from figureground.core.canvas import Canvas
from figureground.core.nouns import Ground
from figureground.geometry.footing import USUAL_M, footing_of, plane_at
from figureground.geometry.perspective import figure_heights

CANVAS = Canvas(100, 80)
# a level camera 1.4 m above the floor: inverse depth (y - 40) / (f * 1.4)
LEVEL = Ground(0.0, 1 / 140, -40 / 140, 40.0, 0.0, 0.5, 0.0, 1.4)
PINHOLE = Ground(0.0, 1 / 140, -40 / 140, 40.0, 0.0, 0.5, 100 / 80, 1.4)


def below(found: Singles) -> Singles:
    return found[found[:, 1] >= CANVAS.height]


def room_for_two_shoes(floor: Bools, ground: Ground, x: int, y: int) -> bool:
    """What `footing_of` asks of a pixel of the floor, point by point."""
    tall = float(figure_heights(ground, USUAL_M, x + 0.5, y + 1.0, CANVAS))
    focal = 100.0 if ground.focal else 110.0
    behind = 40 + (y - 40) / (1 + 0.15 * tall / USUAL_M / focal)
    points = [
        (round(x + side * 0.09 * tall), round(row)) for row in (y, min(y, behind)) for side in (-1, -0.5, 0, 0.5, 1)
    ]
    good = [bool(floor[row, max(0, min(column, 79))]) or not 0 <= column < 80 for column, row in points]
    return sum(good) >= 8


@pytest.mark.parametrize("ground", [LEVEL, PINHOLE])
def test_places_come_by_height_and_each_says_how_tall_somebody_is_there(ground: Ground) -> None:
    floor = np.zeros(CANVAS.shape, bool)
    floor[60:, 10:50] = True
    found = footing_of(ground, floor, np.zeros(80, np.float32), CANVAS)
    assert (np.diff(found[:, 2]) >= 0).all()
    tall = figure_heights(ground, USUAL_M, found[:, 0] + 0.5, found[:, 1] + 1.0, CANVAS)
    assert found[:, 2] == pytest.approx(tall, rel=1e-5)
    seen = {(int(x), int(y)) for x, y, _ in found if y < 100}
    assert seen == {(x, y) for y in range(60, 100) for x in range(10, 50) if room_for_two_shoes(floor, ground, x, y)}
    assert (30, 99) in seen
    assert (10, 99) not in seen  # half of it is beside the floor
    # it goes on below the columns where it reaches the lower edge, in steps that a height does not miss
    assert set(below(found)[:, 0]) == set(range(10, 50))
    heights = np.unique(below(found)[:, 2])
    assert heights[-1] > 280
    assert (heights[1:] / heights[:-1] < 1.06).all()


def test_the_floor_goes_on_before_what_is_well_behind_and_under_nothing_else() -> None:
    floor = np.zeros(CANVAS.shape, bool)
    floor[60:90] = True  # nowhere at the lower edge
    edge = np.zeros(80, np.float32)  # unknown
    assert not len(below(footing_of(LEVEL, floor, edge, CANVAS)))
    edge[20:30] = 60 / 140  # as near as the floor would be there
    found = below(footing_of(LEVEL, floor, edge, CANVAS))
    assert set(found[:, 0]) == set(range(20, 30))
    assert (plane_at(LEVEL, found[:, :2].astype(np.int64)) >= 1.3 * 60 / 140 * (1 - 1e-6)).all()


def test_nobody_stands_where_the_head_too_would_be_below_the_frame() -> None:
    """From 9 m above the floor, those who look tall enough are far below the picture."""
    lofty = Ground(0.0, 1 / 900, -40 / 900, 40.0, 0.0, 0.5, 0.0, 9.0)
    floor = np.ones(CANVAS.shape, bool)
    floor[:45] = False
    found = footing_of(lofty, floor, np.zeros(80, np.float32), CANVAS)
    assert len(below(found))
    assert (found[:, 1] + 1 - found[:, 2] < CANVAS.height).all()
    assert found[:, 2].max() < 20


def test_shoes_need_floor_beside_and_behind_them() -> None:
    floor = np.zeros(CANVAS.shape, bool)
    floor[70:, :20] = True  # a wall behind; to the left what the frame hides
    floor[80:, 60:63] = True  # a gap between two legs of a table
    places = {(int(x), int(y)) for x, y, _ in footing_of(PINHOLE, floor, np.zeros(80, np.float32), CANVAS) if y < 100}
    assert places
    assert max(x for x, _ in places) < 20
    assert min(y for _, y in places) > 70
    assert (0, 80) in places


def test_a_plane_has_depth_below_its_horizon_alone() -> None:
    q = plane_at(LEVEL, np.array([[3, 120], [3, 30]]))
    assert q[0] == pytest.approx((120.5 - 40) / 140)
    assert np.isnan(q[1])


def test_nobody_whose_head_would_be_behind_the_camera_has_a_height() -> None:
    """Somebody of 1.7 m, close before a camera at 1.4 m that looks down steeply."""
    steep = Ground(0.0, 1 / 140, 60 / 140, -60.0, 0.0, 0.5, 100 / 80, 1.4)
    tall = figure_heights(steep, 1.7, 40.0, np.array([50.0, 400.0]), CANVAS)
    assert tall[0] > 0
    assert np.isnan(tall[1])
