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


def room_to_stand(floor: Bools, ground: Ground, x: int, y: int) -> bool:
    """What `footing_of` asks of a pixel of the floor, point by point: a metre is a part of the distance."""
    tall = float(figure_heights(ground, USUAL_M, x + 0.5, y + 1.0, CANVAS))
    focal = 100.0 if ground.focal else 110.0
    good = []
    for metres in (-0.15, 0.0, 0.15, 0.3):
        deeper = 1 + metres * tall / USUAL_M / focal
        row = min(round(40 + (y - 40) / deeper), 99)  # below the frame it is as at the lower edge
        for k in range(-3, 4):
            column = round(x + k / 3 * 0.15 * tall / deeper)
            hidden = not 0 <= column < 80  # by the frame
            good.append(hidden or bool(floor[row, column]))
    return sum(good) >= 0.7 * 28


@pytest.mark.parametrize("ground", [LEVEL, PINHOLE])
def test_places_come_by_height_and_each_says_how_tall_somebody_is_there(ground: Ground) -> None:
    floor = np.zeros(CANVAS.shape, bool)
    floor[60:, 10:50] = True
    found = footing_of(ground, floor, np.zeros(80, np.float32), CANVAS)
    assert (np.diff(found[:, 2]) >= 0).all()
    tall = figure_heights(ground, USUAL_M, found[:, 0] + 0.5, found[:, 1] + 1.0, CANVAS)
    assert found[:, 2] == pytest.approx(tall, rel=1e-5)
    seen = {(int(x), int(y)) for x, y, _ in found if y < 100}
    assert seen == {(x, y) for y in range(60, 100) for x in range(10, 50) if room_to_stand(floor, ground, x, y)}
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


def test_who_stands_needs_floor_all_around() -> None:
    floor = np.zeros(CANVAS.shape, bool)
    floor[70:, :20] = True  # a wall behind; to the left what the frame hides
    floor[80:, 56:66] = True  # a gap between two legs of a table: broad enough for shoes, and for nobody
    floor[83:86, 30:50] = True  # what is seen of it between two rows of chairs
    places = {(int(x), int(y)) for x, y, _ in footing_of(PINHOLE, floor, np.zeros(80, np.float32), CANVAS) if y < 100}
    assert places
    assert max(x for x, _ in places) < 20
    assert (0, 85) in places
    assert (8, 74) in places
    assert (8, 70) not in places  # the wall is right behind
    floor[75:, 30:50] = True
    wider = {(int(x), int(y)) for x, y, _ in footing_of(PINHOLE, floor, np.zeros(80, np.float32), CANVAS)}
    assert (40, 84) in wider  # the same place, where the floor goes on before it and behind


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
