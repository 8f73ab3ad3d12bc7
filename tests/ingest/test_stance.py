"""How cut-outs stand, on drawn figures whose feet are known."""

import numpy as np
import pytest

from figureground.image.masks import mask_of
from figureground.ingest import matting, stance
from tests.builders import figure_cutout


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


def test_feet_are_no_cut_and_a_half_length_portrait_is_one() -> None:
    whole = matting.trim(figure_cutout(0, 300, 120))[..., 3]
    assert stance.cut_off_below(whole) == ""
    bust = whole[:160]
    assert stance.cut_off_below(bust).startswith("it ends in a straight cut over 100%")
    legs = np.zeros((200, 80), np.uint8)
    legs[:150, 10:70] = 255
    for gap, share in ((10, 50), (30, 30)):  # trousers cut at the thigh, and shoes
        two = legs.copy()
        two[150:, 10:70] = 255
        two[150:, 40 - gap // 2 : 40 + gap // 2] = 0
        assert mask_of(two[-1]).sum() == share
        assert bool(stance.cut_off_below(two)) == (share == 50)
