from typing import Any

import numpy as np
import pytest

from figureground.core.errors import SetAsideError
from figureground.image import masks
from figureground.ingest import matting
from tests.builders import figure_cutout


def ellipse(height: int = 120, width: int = 90) -> np.ndarray[Any, Any]:
    v, u = np.mgrid[0:height, 0:width]
    distance = np.hypot((u - width / 2) / (width / 3.2), (v - height / 2) / (height / 2.6))
    return np.clip((1.03 - distance) * 20, 0, 1)


@pytest.mark.parametrize("ground", [(250, 250, 250), (40, 80, 160), (120, 120, 125)])
def test_keying_recovers_the_alpha_of_a_studio_shot(ground: tuple[int, int, int]) -> None:
    """A figure on a vignetted ground with noise: IoU with the true mask, and alpha's mean error."""
    alpha = ellipse()
    rng = np.random.default_rng(1)
    v, u = np.mgrid[-1:1:120j, -1:1:90j]
    back = np.array(ground) * (1 - 0.08 * (u * u + v * v))[..., None]
    front = np.array([180.0, 60, 40])
    picture = alpha[..., None] * front + (1 - alpha[..., None]) * back + rng.normal(0, 1.5, (120, 90, 3))
    found = matting.key(np.clip(picture, 0, 255).astype(np.uint8))
    true, mask = alpha >= 0.5, masks.mask_of(found)
    assert (true & mask).sum() / (true | mask).sum() > 0.96
    assert np.abs(found / 255 - alpha).mean() < 0.02
    matting.judge(found)


def test_ground_coloured_clothes_inside_the_figure_stay() -> None:
    alpha = ellipse()
    picture = np.full((120, 90, 3), 240, np.uint8)
    picture[alpha > 0] = (90, 50, 40)
    picture[50:70, 35:55] = 240  # a shirt in the ground's colour
    assert matting.key(picture)[50:70, 35:55].min() == 255


def test_a_busy_ground_is_not_keyed() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (80, 80, 3), np.uint8)
    with pytest.raises(SetAsideError, match="not plain"):
        matting.key(noise)


def test_decontamination_removes_the_old_ground() -> None:
    """A red figure off a blue ground: at the soft edge the estimate is far nearer to red than the photo is."""
    alpha = ellipse(200, 160)
    front, back = np.array([200.0, 40, 40]), np.array([20.0, 60, 220])
    picture = np.rint(alpha[..., None] * front + (1 - alpha[..., None]) * back).astype(np.uint8)
    clean = matting.decontaminate(picture, np.rint(255 * alpha).astype(np.uint8))
    edge = (alpha > 0.1) & (alpha < 0.9)
    before = np.abs(picture[edge] - front).mean()
    after = np.abs(clean[edge] - front).mean()
    assert after < before / 3
    assert np.abs(clean[alpha == 1] - front).mean() < 3


def test_useless_mattes_are_told_apart() -> None:
    blank = np.zeros((60, 60), np.uint8)
    with pytest.raises(SetAsideError, match="empty"):
        matting.judge(blank)
    with pytest.raises(SetAsideError, match="full"):
        matting.judge(blank + np.uint8(255))
    inverted = np.full((60, 60), 255, np.uint8)
    inverted[20:55, 20:40] = 0
    with pytest.raises(SetAsideError, match="inverted"):
        matting.judge(inverted)
    crumbs = blank.copy()
    crumbs[2::6, 2::6] = crumbs[3::6, 2::6] = 255
    with pytest.raises(SetAsideError, match="crumbs"):
        matting.judge(crumbs)
    two = blank.copy()
    two[5:50, 5:15] = two[5:50, 40:55] = 255
    matting.judge(two)  # two people in one picture are no crumbs


def test_specks_go_and_the_figure_stays() -> None:
    alpha = np.zeros((60, 60), np.uint8)
    alpha[10:50, 20:40] = 200
    alpha[2:4, 2:4] = 255
    kept = matting.without_specks(alpha)
    assert not kept[2:4, 2:4].any()
    assert np.array_equal(kept[10:50, 20:40], alpha[10:50, 20:40])


def test_softness_tells_an_outline_from_a_guess() -> None:
    assert matting.softness(figure_cutout(0)[..., 3]) < 0.2
    assert matting.softness(np.full((50, 50), 140, np.uint8)) == 1.0


def test_trim_keeps_what_can_be_seen() -> None:
    cutout = np.zeros((40, 30, 4), np.uint8)
    cutout[10:20, 5:25, 3] = 255
    cutout[2, 2, 3] = 5  # a veil that nobody sees
    assert matting.trim(cutout).shape == (10, 20, 4)
    with pytest.raises(SetAsideError, match="empty"):
        matting.trim(np.zeros((4, 4, 4), np.uint8))
