"""Cut-outs at the photo's own size: as sharp as the photo, as clean as ingest's, and tile by tile the same."""

import numpy as np
import pytest
from PIL import Image

from figureground.core.arrays import Bytes
from figureground.core.errors import SetAsideError
from figureground.core.nouns import Alpha, Picture
from figureground.evaluate.metrics import iou
from figureground.image.masks import mask_of
from figureground.ingest import own_size
from figureground.ingest.cutout import Ways, cut_out, working
from figureground.ingest.own_size import cut_at_own_size, enlarged

GROUND, COAT = (40, 160, 60), (200, 60, 40)


def disc(height: int, width: int, soft: float = 1.0) -> tuple[Picture, Alpha]:
    """Return a picture of a disc with a toothed rim before a plain ground, and its alpha."""
    v, u = np.mgrid[0:height, 0:width] + 0.5
    angle, far = np.arctan2(v - height / 2, u - width / 2), np.hypot(v - height / 2, u - width / 2)
    alpha = np.clip((height * (0.3 + 0.02 * np.sign(np.sin(40 * angle))) - far) / soft + 0.5, 0, 1)
    picture = alpha[..., None] * np.array(COAT) + (1 - alpha[..., None]) * np.array(GROUND)
    return np.rint(picture).astype(np.uint8), np.rint(255 * alpha).astype(np.uint8)


def copy_of(picture: Picture, side: int) -> Picture:
    size = side, round(side * picture.shape[0] / picture.shape[1])
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def test_the_edge_is_the_photos_own() -> None:
    """The copy's alpha, as blurred as a network's, would lose the teeth."""
    picture, truth = disc(900, 1200)
    small = np.asarray(
        Image.fromarray(truth).resize((300, 225), Image.Resampling.BOX).resize((150, 113)).resize((300, 225))
    )
    made = enlarged(picture, copy_of(picture, 300), small)
    plain = np.asarray(Image.fromarray(small).resize((1200, 900), Image.Resampling.BILINEAR))
    wrong = (mask_of(made[..., 3]) != mask_of(truth)).mean()
    assert wrong < 0.1 * (mask_of(plain) != mask_of(truth)).mean()
    assert iou(mask_of(made[..., 3]), mask_of(truth)) > 0.998


def test_edge_colours_are_the_figures_and_no_ground_is_hidden() -> None:
    picture, truth = disc(900, 1200, 6.0)
    copy = copy_of(picture, 300)
    made = enlarged(picture, copy, np.asarray(Image.fromarray(truth).resize((300, 225), Image.Resampling.BOX)))
    soft = (made[..., 3] > 60) & (made[..., 3] < 200)
    assert soft.sum() > 1000
    assert np.abs(made[soft][:, :3].astype(int) - COAT).max() < 40
    assert np.abs(picture[soft].astype(int) - COAT).max() > 90  # as they stand in the photo
    hidden = made[made[..., 3] == 0][:, :3].astype(int)
    assert np.abs(hidden - GROUND).max(-1).min() > 20
    assert (hidden == 0).all(-1).mean() > 0.85
    inside = made[..., 3] == 255
    assert (np.abs(made[inside][:, :3].astype(int) - picture[inside]) <= 1).all()


def test_tiles_leave_no_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, truth = disc(500, 640, 3.0)
    small = np.asarray(Image.fromarray(truth).resize((160, 125), Image.Resampling.BOX))
    whole = enlarged(picture, copy_of(picture, 160), small)
    monkeypatch.setattr(own_size, "TILE", 96)
    tiled = enlarged(picture, copy_of(picture, 160), small)
    assert np.abs(whole[..., 3].astype(int) - tiled[..., 3]).max() <= 1
    seen = whole[..., 3] > 0
    assert np.abs(whole[seen].astype(int) - tiled[seen]).max() <= 2


def test_small_photos_and_given_alpha_come_out_as_ingest_has_them() -> None:
    picture, truth = disc(300, 400)
    made, method, judged, _ = cut_at_own_size(picture, "key")
    assert (method, np.array_equal(made, cut_out(picture, "key").pixels)) == ("key", True)
    assert np.array_equal(judged, made[..., 3])
    large, matte = disc(1200, 1600)
    given: Bytes = np.dstack([large, matte])
    passed, method, judged, _ = cut_at_own_size(given, "auto")
    assert (method, np.array_equal(passed, given)) == ("alpha", True)
    assert judged.shape == working(given).shape[:2]
    assert truth.shape == made.shape[:2]


def test_a_large_photo_is_cut_at_its_size_by_key_and_by_network() -> None:
    picture, truth = disc(1200, 1600)
    asked: list[tuple[int, ...]] = []

    def network(seen: Picture) -> Alpha:
        asked.append(seen.shape)
        return np.asarray(Image.fromarray(truth).resize(seen.shape[1::-1], Image.Resampling.BOX))

    for method, by in (("key", Ways()), ("network", Ways(network))):
        made, how, _, _ = cut_at_own_size(picture, method, by)
        assert (how, made.shape) == (method, (1200, 1600, 4))
        assert iou(mask_of(made[..., 3]), mask_of(truth)) > 0.995
    assert asked == [(576, 768, 3)]
    with pytest.raises(SetAsideError, match="empty"):
        cut_at_own_size(picture, "network", Ways(lambda seen: np.zeros(seen.shape[:2], np.uint8)))
