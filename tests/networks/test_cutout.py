"""Cut-out networks."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.networks import cutout
from tests.builders import SHARED, write_depth_network, write_saliency_network


def test_the_cutout_network_is_asked_again_about_small_figures(tmp_path: Path) -> None:
    network = cutout.cutout_network(write_saliency_network(tmp_path / "red.onnx"))
    picture = np.full((300, 300, 3), (40, 40, 200), np.uint8)
    picture[120:180, 130:160] = (220, 40, 40)
    alpha = network(picture)
    true = np.zeros((300, 300), bool)
    true[120:180, 130:160] = True
    found = alpha >= 128
    assert (found & true).sum() / (found | true).sum() > 0.95
    blue = np.full((90, 90, 3), (40, 40, 200), np.uint8)
    assert network(blue).max() < 20


U2NETP = SHARED / "models" / "u2netp.onnx"


@pytest.mark.skipif(not U2NETP.is_file(), reason="the U-2-Net weights are not on this machine")
@pytest.mark.parametrize("name", ["photo_ccp_0180", "photo_hsd_079"])
def test_a_real_network_cuts_people_out_of_photos(name: str) -> None:
    with Image.open(SHARED / f"photos/people_photos/{name}.jpg") as photo:
        picture = np.asarray(photo.convert("RGB"))
    with Image.open(SHARED / f"photos/people_masks/{name}.png") as drawn:
        true = np.asarray(drawn.convert("L").resize(picture.shape[1::-1])) >= 128
    found = cutout.cutout_network(U2NETP)(picture) >= 128
    assert (found & true).sum() / (found | true).sum() > 0.95


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_the_network_that_ships_is_small_whatever_lies_in_the_root(tmp_path: Path, kind: str) -> None:
    shipped = cutout.cutout_weights("small", tmp_path)
    assert shipped is not None
    assert shipped.is_file()
    own = tmp_path / "small"
    if kind == "file":
        write_saliency_network(own)
        assert cutout.cutout_weights("./small", tmp_path) == own
    else:
        own.mkdir()
        with pytest.raises(FigureGroundError, match="no such cut-out network"):
            cutout.cutout_weights("./small", tmp_path)
    assert cutout.cutout_weights("small", tmp_path) == shipped
    assert cutout.cutout_weights("", tmp_path) is None


def test_a_network_of_another_form_is_no_cut_out_network(tmp_path: Path) -> None:
    picture = np.full((90, 90, 3), (40, 40, 200), np.uint8)
    with pytest.raises(FigureGroundError, match="refused its input"):
        cutout.cutout_network(write_depth_network(tmp_path / "two.onnx", batch=2))(picture)
    with pytest.raises(SetAsideError, match="NaN"):  # which may be one picture's affair
        cutout.cutout_network(write_depth_network(tmp_path / "nan.onnx", "nan"))(picture)
