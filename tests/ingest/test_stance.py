"""How cut-outs stand, on drawn figures whose feet are known."""

import numpy as np
import pytest

from figureground.ingest import stance


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_foot_is_the_middle_of_the_lowest_rows(mirrored: bool) -> None:
    """Of both feet together; a raised one does not count, nor do empty rows below."""
    mask = np.zeros((100, 40), bool)
    mask[10:60, 10:30] = True
    mask[60:90, 12:16] = True  # stands
    mask[60:80, 24:28] = True  # is raised
    x = (12 + 16) / 2 / 40
    if mirrored:
        mask, x = mask[:, ::-1], 1 - x
    assert stance.foot(mask) == (x, 0.895)
    both = mask.copy()
    both[80:90] |= mask[79]
    assert stance.foot(both)[0] == pytest.approx(0.5)


def test_threads_and_crumbs_are_no_feet() -> None:
    """Nor are they lower: a lace that hangs below the shoe, a speck as low as it."""
    mask = np.zeros((200, 100), bool)
    mask[20:190, 30:50] = True
    clean = stance.foot(mask)
    assert clean == (0.4, 0.9475)
    mask[190:194, 44] = True
    mask[188, 90] = True
    assert stance.foot(mask) == clean


def test_the_foot_of_a_stride_is_the_one_before() -> None:
    mask = np.zeros((200, 100), bool)
    mask[20:120, 30:70] = True
    mask[120:196, 30:44] = True
    mask[120:184, 56:70] = True
    assert stance.foot(mask) == (0.37, 0.9775)
    mask[184:192, 56:70] = True  # hardly behind: both
    assert stance.foot(mask) == (0.5, 0.9775)
