import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from figureground import models
from figureground.errors import FigureGroundError
from tests.builders import SHARED, scene_photo, write_depth_network, write_saliency_network


def test_a_network_gives_metres_at_the_pictures_size(tmp_path: Path) -> None:
    path = write_depth_network(tmp_path / "grey.onnx")
    card = models.find_card(path, "", tmp_path)
    picture = np.full((96, 96, 3), 51, np.uint8)
    depth = models.depth_network(path, card)(picture)
    assert depth.values.shape == (96, 96)
    assert depth.values.dtype == np.float32
    assert np.allclose(depth.values, 1 + 4 * 51 / 255, atol=1e-5)
    assert (depth.unit, depth.direction) == ("m", "larger is farther")


def test_the_card_sets_normalisation_scale_and_range(tmp_path: Path) -> None:
    path = write_depth_network(tmp_path / "grey.onnx")
    card = models.DepthCard(
        "x", 64, "inverse", unit_scale=0.5, mean=(0.2, 0.2, 0.2), std=(2.0, 2.0, 2.0), valid=(0, 1.5)
    )
    depth = models.depth_network(path, card)(np.full((64, 64, 3), 204, np.uint8))
    assert np.allclose(depth.values, min(0.5 * (1 + 4 * (0.8 - 0.2) / 2), 1.5), atol=1e-5)
    assert (depth.unit, depth.direction) == ("1/m", "larger is nearer")


def test_not_a_number_is_never_depth(tmp_path: Path) -> None:
    path = write_depth_network(tmp_path / "nan.onnx", "nan")
    network = models.depth_network(path, models.find_card(path, "", tmp_path))
    with pytest.raises(FigureGroundError, match="NaN") as caught:
        network(scene_photo(0, 64, 64))
    assert str(path) in caught.value.where


def test_wrong_files_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FigureGroundError, match="no such depth network"):
        models.session(tmp_path / "none.onnx", "depth")
    (tmp_path / "bad.onnx").write_bytes(b"not a network")
    with pytest.raises(FigureGroundError, match="cannot be loaded"):
        models.session(tmp_path / "bad.onnx", "depth")
    path = write_depth_network(tmp_path / "grey.onnx", size=64)
    network = models.depth_network(path, models.DepthCard("x", 32, "metric"))
    with pytest.raises(FigureGroundError, match="refused its input"):
        network(scene_photo(0, 64, 64))


def test_a_network_without_a_card_is_refused(tmp_path: Path) -> None:
    path = write_depth_network(tmp_path / "grey.onnx")
    path.with_suffix(".card.toml").unlink()
    with pytest.raises(FigureGroundError, match="has no card"):
        models.find_card(path, "", tmp_path)
    assert models.find_card(path, "fastdepth-nyu", tmp_path).input_size == 224


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('name = "x"\ninput_size = 3', "missing: output"),
        ('name = "x"\ninput_size = 3\noutput = "metres"', "no kind of depth"),
        ('name = "x"\ninput_size = 3\noutput = "metric"\nmeen = 3', "unknown: meen"),
        ("name = ", "cannot be read"),
    ],
)
def test_wrong_cards_are_refused(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(FigureGroundError, match=what):
        models.read_card(tmp_path / "c.toml")


def test_the_cutout_network_is_asked_again_about_small_figures(tmp_path: Path) -> None:
    network = models.cutout_network(write_saliency_network(tmp_path / "red.onnx"))
    picture = np.full((300, 300, 3), (40, 40, 200), np.uint8)
    picture[120:180, 130:160] = (220, 40, 40)
    alpha = network(picture)
    true = np.zeros((300, 300), bool)
    true[120:180, 130:160] = True
    found = alpha >= 128
    assert (found & true).sum() / (found | true).sum() > 0.95
    blue = np.full((90, 90, 3), (40, 40, 200), np.uint8)
    assert network(blue).max() < 20


def test_known_weights_are_cards() -> None:
    assert set(models.KNOWN_WEIGHTS.values()) <= set(models.CARDS)
    assert all(len(bytes.fromhex(sha)) == hashlib.sha256().digest_size for sha in models.KNOWN_WEIGHTS)


FASTDEPTH = SHARED / "models" / "fastdepth_nyu_f32.onnx"


@pytest.mark.skipif(not FASTDEPTH.is_file(), reason="the FastDepth weights are not on this machine")
def test_fastdepth_agrees_with_its_authors() -> None:
    """Mean difference to the authors' own output for one NYU frame: about 3 cm (their resize differs)."""
    with Image.open(SHARED / "rgbd" / "fastdepth_nyu.jpg") as photo:
        picture = np.asarray(photo.convert("RGB").resize((224, 224), Image.Resampling.BILINEAR))
    depth = models.depth_network(FASTDEPTH, models.find_card(FASTDEPTH, "", Path()))(picture)
    theirs = np.squeeze(np.load(SHARED / "rgbd" / "fastdepth_nyu.upstream_pred.npy", allow_pickle=False))
    assert np.abs(depth.values - theirs).mean() < 0.05


U2NETP = SHARED / "models" / "u2netp.onnx"


@pytest.mark.skipif(not U2NETP.is_file(), reason="the U-2-Net weights are not on this machine")
@pytest.mark.parametrize("name", ["photo_ccp_0180", "photo_hsd_079"])
def test_a_real_network_cuts_people_out_of_photos(name: str) -> None:
    with Image.open(SHARED / f"photos/people_photos/{name}.jpg") as photo:
        picture = np.asarray(photo.convert("RGB"))
    with Image.open(SHARED / f"photos/people_masks/{name}.png") as drawn:
        true = np.asarray(drawn.convert("L").resize(picture.shape[1::-1])) >= 128
    found = models.cutout_network(U2NETP)(picture) >= 128
    assert (found & true).sum() / (found | true).sum() > 0.95
