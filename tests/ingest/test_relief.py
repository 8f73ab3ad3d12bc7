from typing import Any

import numpy as np

from figureground.core.nouns import (
    DepthMap,
)
from figureground.image.masks import mask_of
from figureground.ingest.relief import network_relief
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
