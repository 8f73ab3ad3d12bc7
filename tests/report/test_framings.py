"""How figures fill frames, out of what was counted of each sample."""

import numpy as np
import pytest
from markupsafe import Markup

from figureground.core.nouns import Box
from figureground.evaluate.framings import framing, spread
from figureground.image.masks import tight_box
from figureground.report.framings import framings, spread_of
from figureground.samples import stats
from tests.samples.counting import as_read, counted, figure, record


def test_what_was_counted_is_spread_as_the_masks_are() -> None:
    """To half a per cent of the frame, and the cuts exactly."""
    rng = np.random.default_rng(3)
    masks, made = [], []
    for _ in range(60):
        mask = np.zeros((64, 96), bool)
        (y0, y1), (x0, x1) = (np.sort(rng.choice(side + 1, 2, replace=False)) for side in mask.shape)
        mask[y0:y1, x0:x1] = True
        box: Box | None = tight_box(mask)
        masks.append(mask)
        stored = {"image": np.zeros((64, 96, 3), np.uint8), "mask": mask}
        made.append(counted(record(figure(int(mask.sum()), box)), stored, as_read(stored)))
    total, real = stats.total(made), spread(framing(mask) for mask in masks)
    own = spread_of(total)
    assert own is not None
    assert own.pictures == 60
    assert dict(own.cut) == pytest.approx(dict(real.cut))
    assert own.uncut == pytest.approx(real.uncut)
    for name in ("heights", "widths", "areas"):
        # quantiles of 60 values lie between neighbours, which the bins do not know
        assert np.allclose(getattr(own, name), getattr(real, name), atol=0.03), name
    shown = framings(total)
    assert shown is not None
    assert shown.figures == "1 in 100 %"
    assert next(cut.of for cut in shown.cuts) == "this dataset"
    assert all(isinstance(plot, Markup) and "<svg" in plot for plot in shown.plots.values())
    assert spread_of(stats.Statistics()) is None
    assert framings(stats.Statistics()) is None
