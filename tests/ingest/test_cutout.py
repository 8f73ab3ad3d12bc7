import numpy as np
import pytest

from figureground.core.errors import SetAsideError
from figureground.ingest.cutout import cut_out
from tests.builders import figure_cutout, scene_photo


def test_methods_of_cutting_out() -> None:
    cutout = figure_cutout(2, 300, 140)
    a = cutout[..., 3:] / 255
    studio = np.rint(a * cutout[..., :3] + (1 - a) * 245).astype(np.uint8)
    studio = np.pad(studio, ((20, 20), (40, 40), (0, 0)), constant_values=245)
    opaque = np.dstack([studio, np.full(studio.shape[:2], 255, np.uint8)])
    assert cut_out(cutout, "auto", None).method == "alpha"
    for picture in (studio, opaque):  # alpha that says nothing is no alpha
        cut = cut_out(picture, "auto", None)
        assert cut.method == "key"
        true = np.pad(cutout[..., 3], ((20, 20), (40, 40))) >= 128
        found = cut.pixels[..., 3] >= 128
        assert (true & found).sum() / (true | found).sum() > 0.94
    with pytest.raises(SetAsideError, match="no transparency"):
        cut_out(opaque, "alpha", None)
    busy = scene_photo(1, 200, 200)
    with pytest.raises(SetAsideError, match="names no file"):
        cut_out(busy, "auto", None)
    network = lambda picture: np.pad(np.full((100, 60), 255, np.uint8), ((50, 50), (70, 70)))  # noqa: E731
    assert cut_out(busy, "auto", network).method == "network"
    assert cut_out(studio[:200, :200], "network", network).method == "network"
    with pytest.raises(SetAsideError, match="unsure"):
        cut_out(busy, "network", lambda p: np.pad(np.full((100, 60), 140, np.uint8), ((50, 50), (70, 70))))


def test_weak_alpha_is_named() -> None:
    cutout = figure_cutout(0)
    cutout[..., 3] //= 255
    with pytest.raises(SetAsideError, match="stored as 0/1"):
        cut_out(cutout, "auto", None)
