from dataclasses import replace

import numpy as np
import pytest

from figureground.core.errors import SetAsideError
from figureground.core.nouns import Alpha, Picture
from figureground.ingest.cutout import ALONE, Ways, agreement, cut_out
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


def disc(side: int, radius: float, left: int = 0) -> Alpha:
    v, u = np.mgrid[0:side, 0:side] - side / 2 + 0.5
    return np.where(np.hypot(v, u - left) < radius, 255, 0).astype(np.uint8)


def before_white(alpha: Alpha) -> Picture:
    return np.where(alpha[..., None] > 0, np.array([200, 60, 40]), 245).astype(np.uint8)


TRUE, OTHER = disc(200, 60), disc(200, 60, left=70)


@pytest.mark.parametrize(
    ("network", "check", "expected"),
    [
        (TRUE, OTHER, "key"),  # either of the two is enough for a key
        (OTHER, TRUE, "key"),
        (TRUE, None, "key"),
        (OTHER, OTHER, "network"),  # two against one: the key took the sky alone
        (OTHER, None, "doubtful"),
        (OTHER, disc(200, 60, left=-70), "doubtful"),
    ],
)
def test_a_key_needs_another_way_that_agrees(network: Alpha, check: Alpha | None, expected: str) -> None:
    picture = before_white(TRUE)
    ways = Ways(lambda _: network, None if check is None else (lambda _: check))
    if expected == "doubtful":
        with pytest.raises(SetAsideError, match=r"^doubtful: keying by colour and the network .* \(IoU 0\.\d\d\)"):
            cut_out(picture, "auto", ways)
        taken = cut_out(picture, "auto", replace(ways, doubtful=True))
        assert taken.method == "key"
        assert taken.doubts[0].startswith("doubtful: ")
    else:
        cut = cut_out(picture, "auto", ways)
        assert cut.method == expected
        assert agreement(cut.pixels[..., 3], TRUE if expected == "key" else network) > 0.95
        assert any("keying by colour" in note for note in cut.notes) == (expected == "network")


def test_a_key_that_is_asked_for_is_not_replaced() -> None:
    ways = Ways(lambda _: OTHER, lambda _: OTHER)
    with pytest.raises(SetAsideError, match=r"^doubtful: "):
        cut_out(before_white(TRUE), "key", ways)


def test_two_networks_must_agree() -> None:
    busy = scene_photo(1, 200, 200)
    assert cut_out(busy, "auto", Ways(lambda _: TRUE, lambda _: disc(200, 57))).method == "network"
    apart = Ways(lambda _: TRUE, lambda _: disc(200, 50))
    with pytest.raises(SetAsideError, match=r"^doubtful: the network and .* \(IoU 0\.70\)"):
        cut_out(busy, "auto", apart)
    assert cut_out(busy, "auto", replace(apart, doubtful=True)).doubts[0].startswith("doubtful: ")


def test_where_people_are_wanted_nothing_is_keyed() -> None:
    assert cut_out(before_white(TRUE), "auto", Ways(lambda _: OTHER, keyed=False)).method == "network"


def test_agreement_is_the_iou_of_masks() -> None:
    assert agreement(TRUE, TRUE) == 1.0
    assert agreement(TRUE, np.zeros_like(TRUE)) == 0.0
    assert agreement(np.zeros_like(TRUE), np.zeros_like(TRUE)) == 1.0
    assert agreement(TRUE, OTHER) == agreement(OTHER, TRUE)
