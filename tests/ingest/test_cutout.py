import numpy as np
import pytest

from figureground.core.errors import SetAsideError
from figureground.ingest.cutout import ALONE, Ways, cut_out
from tests.builders import figure_cutout, scene_photo


def test_methods_of_cutting_out() -> None:
    cutout = figure_cutout(2, 300, 140)
    a = cutout[..., 3:] / 255
    studio = np.rint(a * cutout[..., :3] + (1 - a) * 245).astype(np.uint8)
    studio = np.pad(studio, ((20, 20), (40, 40), (0, 0)), constant_values=245)
    opaque = np.dstack([studio, np.full(studio.shape[:2], 255, np.uint8)])
    assert cut_out(cutout, "auto").method == "alpha"
    for picture in (studio, opaque):  # alpha that says nothing is no alpha
        cut = cut_out(picture, "auto")
        assert cut.method == "key"
        true = np.pad(cutout[..., 3], ((20, 20), (40, 40))) >= 128
        found = cut.pixels[..., 3] >= 128
        assert (true & found).sum() / (true | found).sum() > 0.94
    with pytest.raises(SetAsideError, match="no transparency"):
        cut_out(opaque, "alpha")
    busy = scene_photo(1, 200, 200)
    with pytest.raises(SetAsideError, match="names no file"):
        cut_out(busy, "auto")
    network = lambda picture: np.pad(np.full((100, 60), 255, np.uint8), ((50, 50), (70, 70)))  # noqa: E731
    assert cut_out(busy, "auto", Ways(network)).method == "network"
    assert cut_out(studio[:200, :200], "network", Ways(network)).method == "network"
    with pytest.raises(SetAsideError, match="unsure"):
        cut_out(busy, "network", Ways(lambda p: np.pad(np.full((100, 60), 140, np.uint8), ((50, 50), (70, 70)))))


def test_weak_alpha_is_named() -> None:
    cutout = figure_cutout(0)
    cutout[..., 3] //= 255
    with pytest.raises(SetAsideError, match="stored as 0/1"):
        cut_out(cutout, "auto")


def card(height: int = 200, width: int = 300, radius: int = 12) -> np.ndarray:
    """Return a card with rounded corners, cropped tight."""
    v, u = np.mgrid[0:height, 0:width]
    across = np.maximum(np.maximum(radius - u, u - (width - 1 - radius)), 0)
    down = np.maximum(np.maximum(radius - v, v - (height - 1 - radius)), 0)
    alpha = np.where(np.hypot(across, down) <= radius, 255, 0)
    return np.dstack([scene_photo(1, height, width), alpha]).astype(np.uint8)


@pytest.mark.parametrize("radius", [4, 12, 24])
def test_a_tight_card_is_a_figure_where_alpha_is_asked_for(radius: int) -> None:
    rounded = card(radius=radius)
    cut = cut_out(rounded, "alpha")
    assert cut.method == "alpha"
    assert np.array_equal(cut.pixels, rounded)
    with pytest.raises(SetAsideError, match=r"full|names no file"):
        cut_out(rounded, "auto")


@pytest.mark.parametrize("method", ["alpha", "auto"])
@pytest.mark.parametrize("bottom", [0, 40])
def test_inverted_alpha_is_refused_even_where_asked_for(method: str, bottom: int) -> None:
    """Of a whole figure, and of one that is cut off below."""
    inverted = np.pad(figure_cutout(1, 200, 80), ((30, 30), (40, 40), (0, 0)))
    inverted[..., 3] = 255 - inverted[..., 3]
    with pytest.raises(SetAsideError, match="inverted"):
        cut_out(inverted[: inverted.shape[0] - 30 - bottom if bottom else None], method)


def test_a_handful_of_pixels_hardly_transparent_says_nothing() -> None:
    cutout = figure_cutout(2, 300, 140)
    a = cutout[..., 3:] / 255
    studio = np.rint(a * cutout[..., :3] + (1 - a) * 245).astype(np.uint8)
    studio = np.pad(studio, ((20, 20), (40, 40), (0, 0)), constant_values=245)
    nearly = np.dstack([studio, np.full(studio.shape[:2], 255, np.uint8)])
    nearly[0, 0, 3] = 254
    nearly[5, 5:10, 3] = 0
    nearly[-60:, :, 3] = 250
    assert cut_out(nearly, "auto").method == "key"
    nearly[5, 5:10, 3] = 255
    with pytest.raises(SetAsideError, match="no transparency"):
        cut_out(nearly, "alpha")


def test_a_given_mask_goes_before_the_alpha_of_a_picture() -> None:
    cutout = figure_cutout(2, 300, 140)
    mask = np.zeros((300, 140), np.uint8)
    mask[60:240, 40:100] = 255
    cut = cut_out(cutout, "auto", ALONE, mask)
    assert cut.method == "mask"
    assert np.array_equal(cut.pixels[..., 3], mask)
    with pytest.raises(SetAsideError, match="empty"):
        cut_out(cutout, "auto", ALONE, np.zeros((300, 140), np.uint8))
