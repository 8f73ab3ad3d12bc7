from typing import Any

import numpy as np
import pytest

from figureground.core.errors import SetAsideError
from figureground.core.nouns import DepthMap, Direction, Mask
from figureground.image.masks import mask_of
from figureground.ingest.relief import measured_relief, network_relief
from tests.builders import figure_cutout


def test_relief_by_a_network_is_what_it_sees_nearer_inside_the_figure() -> None:
    """The network sees the figure on grey; whatever its direction, nearer is larger, and the range is stretched."""
    cutout = figure_cutout(0, 120, 48)
    mask = mask_of(cutout[..., 3])
    for direction, sign in (("larger is nearer", 1.0), ("larger is farther", -1.0)):

        def depth(picture: Any, sign: float = sign, direction: Any = direction) -> DepthMap:
            assert picture.shape[0] == picture.shape[1] >= 120
            assert picture[0, 0].tolist() == [128, 128, 128]
            down = np.repeat(np.arange(len(picture), dtype=np.float32)[:, None], len(picture), 1)
            return DepthMap(5 + sign * down, "relative", direction)

        relief = network_relief(cutout, depth)
        assert relief.shape == mask.shape
        assert not relief[~mask].any()
        rows = np.nonzero(mask)[0]
        low, high = np.quantile(rows, (0.05, 0.95))
        expected = 255 * np.clip((rows - low) / (high - low), 0, 1)
        assert np.abs(relief[mask] - expected).max() <= 1


def figure() -> tuple[Mask, DepthMap]:
    """Return a figure's mask, 60 x 40 px, and the depth of its photo, 120 x 80 px: a slope 0.4 m deep at 3 m, with the
    wall at 9 m around it."""
    mask = np.zeros((60, 40), np.bool_)
    mask[5:55, 8:32] = True
    z = np.full((120, 80), 9.0, np.float32)
    z[10:110, 16:64] = 3 + np.linspace(-0.2, 0.2, 100, dtype=np.float32)[:, None]
    return mask, DepthMap(z, "m", "larger is farther")


CUT = ((60, 40), (0, 0, 40, 60))


def test_a_measured_relief_has_its_metres() -> None:
    mask, depth = figure()
    found = measured_relief(depth, CUT, mask, 1.7)
    span = found.front - found.back
    assert found.back == pytest.approx(-0.19, abs=0.01)
    assert found.front == pytest.approx(0.19, abs=0.01)
    metres = found.back + span * found.codes / 255
    expected = -np.linspace(-0.2, 0.2, 50)[:, None] * np.ones(24)
    assert np.abs(metres[5:55, 8:32] - expected).max() < 0.015
    assert found.warnings == ()
    inverse = DepthMap((1 / depth.values).astype(np.float32), "1/m", "larger is nearer")
    assert np.array_equal(measured_relief(inverse, CUT, mask, 1.7).codes, found.codes)


def test_holes_and_the_wall_behind_are_filled_from_around() -> None:
    mask, depth = figure()
    whole = measured_relief(depth, CUT, mask, 1.7)
    depth.values[40:50, 20:40] = np.nan
    depth.values[60:70, 16:20] = 9.0  # of the wall, within the outline
    found = measured_relief(depth, CUT, mask, 1.7)
    assert np.abs(found.codes.astype(int) - whole.codes)[mask].max() < 40
    depth.values[10:80, 16:64] = np.nan
    with pytest.raises(SetAsideError, match="its depth map knows only 30% of the figure: is depth_per_unit or"):
        measured_relief(depth, CUT, mask, 1.7)


def test_the_relief_is_that_of_the_part_that_was_cut_out() -> None:
    mask, depth = figure()
    whole = measured_relief(depth, CUT, mask, 1.7)
    box = (8, 5, 32, 55)
    trimmed = measured_relief(depth, ((60, 40), box), mask[5:55, 8:32], 1.7)
    assert np.array_equal(trimmed.codes, whole.codes[5:55, 8:32])


@pytest.mark.parametrize("direction", ["larger is farther", "larger is nearer"])
def test_depth_without_metres_gives_the_shape_alone(direction: Direction) -> None:
    mask, depth = figure()
    values = depth.values if direction == "larger is farther" else 50 - depth.values
    values[depth.values == 9] = 3.0
    found = measured_relief(DepthMap(values, "relative", direction), CUT, mask, 1.7)
    assert (found.back, found.front) == (0, 0)
    assert found.codes[5, 20] == 255  # the near end, above
    assert found.codes[54, 20] == 0
    assert not found.codes[~mask].any()


def test_a_relief_that_is_flat_is_told() -> None:
    mask, depth = figure()
    found = measured_relief(
        DepthMap((depth.values / 1000).astype(np.float32), "m", "larger is farther"), CUT, mask, 1.7
    )
    assert found.warnings == ("its relief is 0.38 mm deep: is depth_per_unit right, or the figure flat?",)
