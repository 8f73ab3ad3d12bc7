"""What a depth network gives back, and what is never taken for depth."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground.core.card import Card
from figureground.core.errors import FigureGroundError
from figureground.networks.cards import CARDS
from figureground.networks.depth import DepthNetwork, input_shape, moge_depth, window_of
from tests.builders import SHARED, scene_photo, write_depth_network
from tests.networks.opening import opened


def fake(card: Card, outputs: dict[str, np.ndarray[Any, Any]], focal: float = 0.0) -> DepthNetwork:
    """Return a network that gives the same outputs whatever it sees."""
    return DepthNetwork(card, lambda batch: outputs, "fake.onnx", focal)


def test_a_network_gives_metres_at_the_pictures_size(tmp_path: Path) -> None:
    network = opened(write_depth_network(tmp_path / "grey.onnx"))
    picture = np.zeros((96, 96, 3), np.uint8)
    picture[:, 48:] = 51
    depth = network.estimate(picture)
    assert depth.values.shape == (96, 96)
    assert depth.values.dtype == np.float32
    assert np.allclose(depth.values[:, :40], 1, atol=1e-5)
    assert np.allclose(depth.values[:, 56:], 1 + 4 * 51 / 255, atol=1e-5)
    assert (depth.unit, depth.direction) == ("m", "larger is farther")
    assert network(picture[None], native=True).shape == (1, 64, 64)


def test_a_batch_is_its_pictures_one_by_one(tmp_path: Path) -> None:
    network = opened(write_depth_network(tmp_path / "grey.onnx"))  # the file fixes its batch at 1
    pictures = np.stack([scene_photo(i, 80, 80) for i in range(5)])
    assert np.array_equal(network(pictures), np.stack([network(p[None])[0] for p in pictures]))


def test_the_card_sets_normalisation_scale_and_range(tmp_path: Path) -> None:
    path = write_depth_network(tmp_path / "grey.onnx")
    path.with_suffix(".card.toml").write_text(
        'name = "x"\ninput_size = 64\noutput = "inverse"\nunit_scale = 0.5\nvalid = [0.0, 1.0]\n'
        "mean = [0.2, 0.2, 0.2]\nstd = [2.0, 2.0, 2.0]\n"
    )
    picture = np.full((64, 64, 3), 51, np.uint8)
    picture[:32] = 204
    depth = opened(path).estimate(picture)
    assert np.allclose(depth.values[40:], 0.5, atol=1e-5)
    assert np.allclose(depth.values[:24], min(0.5 * (1 + 4 * 0.6 / 2), 1.0), atol=1e-5)
    assert (depth.unit, depth.direction) == ("1/m", "larger is nearer")


@pytest.mark.parametrize(
    ("kind", "outputs", "what"),
    [
        ("nan", {"depth": np.array([[[1.0, np.nan]]])}, "NaN or infinite"),
        ("inf", {"depth": np.array([[[1.0, np.inf]]])}, "NaN or infinite"),
        ("constant", {"depth": np.full((1, 1, 4, 4), 2.0)}, "is constant"),
        ("shape", {"depth": np.zeros((1, 7))}, "has shape [1, 7]"),
        ("several", {"depth": np.arange(32.0).reshape(1, 2, 4, 4)}, "has shape [1, 2, 4, 4]"),
    ],
)
def test_bad_output_is_never_depth(kind: str, outputs: dict[str, np.ndarray[Any, Any]], what: str) -> None:
    with pytest.raises(FigureGroundError) as caught:
        fake(Card(kind, 8, "metric"), outputs)(scene_photo(0, 8, 8)[None])
    assert what in caught.value.what
    assert caught.value.where == "fake.onnx"


def test_cards_read_output_in_their_own_way() -> None:
    raw = np.array([[[1.0, 2.0], [-4.0, 400.0]]], np.float32)
    picture = scene_photo(0, 2, 2)[None]
    plain = fake(Card("a", 2, "metric", unit_scale=2.0, valid=(0.0, 50.0)), {"d": raw})(picture)
    assert plain.ravel().tolist() == [2.0, 4.0, 0.0, 50.0]
    focal = fake(Card("b", 2, "metric", reading="focal", unit_scale=1 / 300), {"d": raw}, focal=0.75)(picture)
    assert np.allclose(focal, raw * 1.5 / 300)
    dense = fake(Card("c", 2, "metric", reading="densedepth"), {"d": raw})(picture)
    assert np.allclose(dense, [[[10.0, 5.0], [10.0, 0.1]]])  # r <= 0 is far, not near


def test_moge_points_become_metres() -> None:
    """An affine point map made from a known depth, shift and focal length gives the depth back."""
    v, u = (np.mgrid[0:30, 0:40] + 0.5 - np.array([15, 20]).reshape(2, 1, 1)) / 25
    true = 2 + np.hypot(u, v) + 0.3 * np.sin(5 * u)
    scale, shift, focal = 1.7, 0.4, 0.9
    z = true / scale - shift
    points = np.stack([u * (z + shift) / focal, v * (z + shift) / focal, z], -1)[None]
    assert np.allclose(moge_depth(points[0], scale), true, rtol=1e-5)
    card = CARDS["moge-2-small"]
    outputs = {"points": points, "mask": np.ones((1, 30, 40), np.float32), "metric_scale": np.array([scale])}
    depth = fake(card, outputs)(scene_photo(0, 30, 40)[None], native=True)
    assert np.allclose(depth[0], true, rtol=1e-5)
    # where the mask says that there is nothing, points may be anything
    outputs["mask"][0, :9] = 0.49
    points[0, :9] = np.inf
    depth = fake(card, outputs)(scene_photo(0, 30, 40)[None], native=True)
    assert np.isnan(depth[0, :9]).all()
    assert np.allclose(depth[0, 9:], true[9:], rtol=1e-5)


def test_a_scale_that_is_no_number_is_no_depth() -> None:
    points = np.random.default_rng(0).random((1, 8, 8, 3)) + 1
    outputs = {"points": points, "mask": np.ones((1, 8, 8)), "metric_scale": np.array([np.nan])}
    network = fake(CARDS["moge-2-small"], outputs)
    with pytest.raises(FigureGroundError, match="NaN"):
        network(scene_photo(0, 8, 8)[None])


@pytest.mark.parametrize(
    ("multiple", "height", "width", "expected"),
    [(0, 480, 640, (224, 224)), (14, 480, 640, (224, 294)), (32, 100, 400, (224, 896)), (14, 224, 224, (224, 224))],
)
def test_networks_see_the_size_they_were_made_for(
    multiple: int, height: int, width: int, expected: tuple[int, int]
) -> None:
    assert input_shape(Card("x", 224, "metric", multiple=multiple), height, width) == expected


@pytest.mark.parametrize(("height", "width"), [(96, 128), (128, 72), (90, 91), (64, 200)])
def test_a_letterboxed_picture_is_seen_whole_between_bars_and_cut_out_again(height: int, width: int) -> None:
    """The network is the identity of grey: what comes back is the picture, and no bar."""
    seen: list[np.ndarray[Any, Any]] = []

    def grey(batch: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
        seen.append(batch)
        return {"depth": batch.mean(1, keepdims=True)[:, :, ::2, ::2] + 1}  # at half the input's size

    v, u = np.mgrid[0:height, 0:width]
    picture = np.repeat((250 * u / width * (v + height) / (2 * height)).astype(np.uint8)[..., None], 3, -1)
    letterbox = DepthNetwork(Card("x", 64, "metric", fit="letterbox"), grey, "grey.onnx")
    depth = letterbox.estimate(picture).values
    assert seen[0].shape == (1, 3, 64, 64)
    window = window_of(letterbox.card, height, width)
    assert max(window.rows, window.columns) == 64
    bars = np.ones((64, 64), np.bool_)
    top, left = window.corner
    bars[top : top + window.rows, left : left + window.columns] = False
    assert np.ptp(seen[0][0][:, bars]) == 0 if bars.any() else (window.rows == 64)
    assert depth.shape == (height, width)
    assert np.abs(depth - 1 - picture[..., 0] / 255).mean() < 0.03
    stretched = DepthNetwork(Card("x", 64, "metric"), grey, "grey.onnx").estimate(picture).values
    assert seen[1].shape == (1, 3, 64, 64)
    assert np.abs(stretched - 1 - picture[..., 0] / 255).mean() < 0.02


def test_a_square_picture_is_the_same_either_way(tmp_path: Path) -> None:
    network = opened(write_depth_network(tmp_path / "grey.onnx"))
    picture = scene_photo(1, 96, 96)
    letterbox = dataclasses.replace(network, card=dataclasses.replace(network.card, fit="letterbox"))
    assert np.array_equal(network.estimate(picture).values, letterbox.estimate(picture).values)


def test_the_focal_length_of_a_letterboxed_picture_is_that_of_its_window() -> None:
    raw = np.arange(1.0, 17.0, dtype=np.float32).reshape(1, 4, 4)
    card = Card("b", 4, "metric", reading="focal", fit="letterbox")
    depth = fake(card, {"d": raw}, focal=0.5)(scene_photo(0, 8, 4)[None], native=True)
    assert np.array_equal(depth, raw[:, :, 1:3] * 0.5 * 2)  # two of the four columns show the picture


FASTDEPTH = SHARED / "models" / "fastdepth_nyu_f32.onnx"


@pytest.mark.skipif(not FASTDEPTH.is_file(), reason="the FastDepth weights are not on this machine")
def test_fastdepth_agrees_with_its_authors() -> None:
    """Mean difference to the authors' own output for one NYU frame: 3.7 cm."""
    with Image.open(SHARED / "rgbd" / "fastdepth_nyu.jpg") as photo:
        picture = np.asarray(photo.convert("RGB").resize((224, 224), Image.Resampling.BILINEAR))
    depth = opened(FASTDEPTH).estimate(picture)
    theirs = np.squeeze(np.load(SHARED / "rgbd" / "fastdepth_nyu.upstream_pred.npy", allow_pickle=False))
    assert np.abs(depth.values - theirs).mean() < 0.05


def test_the_preset_of_2020_is_448_bicubic_densedepth_224_stretched_jpeg() -> None:
    """The chain, each link against plain Pillow and numpy: what DenseDepth sees, its metres, and the stored codes."""
    from figureground.core.presets import PRESETS
    from figureground.core.recipe_toml import from_mapping
    from figureground.geometry.codes import quantise
    from figureground.resolve import running_of

    recipe = from_mapping(PRESETS["eva4"])
    assert recipe.depth.model == "nyu.h5"
    assert running_of(recipe.depth).upsampling == "half_pixel"
    seen: list[np.ndarray[Any, Any]] = []
    raw = np.linspace(-1, 120, 224 * 224, dtype=np.float32).reshape(1, 1, 224, 224)

    def run(batch: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
        seen.append(batch)
        return {"raw": raw}

    composite = scene_photo(3, 224, 224)
    depth = DepthNetwork(CARDS["densedepth-nyu"], run, "nyu.h5").estimate(composite)
    big = np.asarray(Image.fromarray(composite).resize((448, 448), Image.Resampling.BICUBIC))
    assert np.allclose(seen[0], big.transpose(2, 0, 1)[None] / 255, atol=1e-6)
    metres = np.where(raw > 0, np.clip(1000 / np.where(raw > 0, raw, 1), 10, 1000) / 100, 10)[0, 0]
    assert np.allclose(depth.values, metres, rtol=1e-6)
    code = quantise(depth, recipe.depth.encoding)
    stretched = np.rint(255 * (metres - metres.min()) / (metres.max() - metres.min()))
    assert np.abs(code.codes - stretched).max() <= 1
    assert code.codes.dtype == np.uint8
