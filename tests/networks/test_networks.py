import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from figureground.core import job
from figureground.core.card import KINDS, READINGS, Card
from figureground.core.errors import FigureGroundError
from figureground.networks import cards, cutout, hub, registry, runtimes
from figureground.networks.cards import CARDS
from figureground.networks.depth import DepthNetwork, input_shape, moge_depth
from tests.builders import SHARED, scene_photo, write_depth_network, write_saliency_network


def opened(path: Path, card: str = "", how: job.Running = job.Running()) -> DepthNetwork:  # noqa: B008
    return registry.open_network(registry.resolve(str(path), card, Path()), how)


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


@pytest.mark.parametrize("batch", [1, 2, 3, 5])
def test_files_with_a_fixed_batch_take_any_number(tmp_path: Path, batch: int) -> None:
    network = opened(write_depth_network(tmp_path / "two.onnx", batch=2))
    single = opened(write_depth_network(tmp_path / "one.onnx"))
    pictures = np.stack([scene_photo(i, 64, 64) for i in range(batch)])
    assert np.allclose(network(pictures), single(pictures), atol=1e-5)


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
    assert np.allclose(moge_depth(points, np.array([scale])), true, rtol=1e-5)
    card = CARDS["moge-2-small"]
    depth = fake(card, {"points": points, "metric_scale": np.array([scale])})(scene_photo(0, 30, 40)[None], native=True)
    assert np.allclose(depth[0], true, rtol=1e-5)


def test_a_scale_that_is_no_number_is_no_depth() -> None:
    points = np.random.default_rng(0).random((1, 8, 8, 3)) + 1
    network = fake(CARDS["moge-2-small"], {"points": points, "metric_scale": np.array([np.nan])})
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


def test_wrong_files_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FigureGroundError, match="no such depth network"):
        registry.resolve("none.onnx", "", tmp_path)
    (tmp_path / "bad.onnx").write_bytes(b"not a network")
    with pytest.raises(FigureGroundError, match="cannot be loaded"):
        opened(tmp_path / "bad.onnx", "fastdepth-nyu")
    path = write_depth_network(tmp_path / "grey.onnx", size=64)
    with pytest.raises(FigureGroundError, match="refused its input"):
        opened(path, "fastdepth-nyu")(scene_photo(0, 64, 64)[None])


def test_a_network_without_a_card_is_refused(tmp_path: Path) -> None:
    path = write_depth_network(tmp_path / "grey.onnx")
    path.with_suffix(".card.toml").unlink()
    with pytest.raises(FigureGroundError, match="has no card"):
        registry.resolve(str(path), "", tmp_path)
    assert registry.resolve(str(path), "fastdepth-nyu", tmp_path).card.input_size == 224


@pytest.mark.parametrize("device", sorted(set(runtimes.PROVIDERS) - {"cpu"}))
def test_a_device_that_is_not_there_is_a_loud_error(tmp_path: Path, device: str) -> None:
    if runtimes.PROVIDERS[device] in onnxruntime.get_available_providers():
        pytest.skip(f"this machine has {device}")
    with pytest.raises(FigureGroundError, match=runtimes.PROVIDERS[device]) as caught:
        opened(write_depth_network(tmp_path / "grey.onnx"), how=job.Running(device=device))
    assert "cpu" in caught.value.remedy


def test_a_provider_that_falls_back_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"]
    )
    real = onnxruntime.InferenceSession
    monkeypatch.setattr(
        onnxruntime,
        "InferenceSession",
        lambda path, options, providers: real(path, options, providers=["CPUExecutionProvider"]),
    )
    with pytest.raises(FigureGroundError, match="fell back to CPUExecutionProvider"):
        opened(write_depth_network(tmp_path / "grey.onnx"), how=job.Running(device="cuda"))


def test_half_precision_files_are_fed_half(tmp_path: Path) -> None:
    path = write_depth_network(tmp_path / "half.onnx", half=True)
    single = opened(write_depth_network(tmp_path / "grey.onnx")).estimate(scene_photo(1, 64, 64)).values
    assert np.allclose(opened(path).estimate(scene_photo(1, 64, 64)).values, single, atol=0.01)


def test_quantised_files_run(tmp_path: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    write_depth_network(tmp_path / "grey.onnx")
    quantize_dynamic(tmp_path / "grey.onnx", tmp_path / "int8.onnx", weight_type=QuantType.QUInt8)
    (tmp_path / "int8.card.toml").write_text((tmp_path / "grey.card.toml").read_text())
    picture = scene_photo(1, 64, 64)
    full, small = (opened(tmp_path / f"{name}.onnx").estimate(picture).values for name in ("grey", "int8"))
    assert np.abs(full - small).mean() < 0.05


def test_openvino_agrees_with_onnxruntime(tmp_path: Path) -> None:
    pytest.importorskip("openvino", reason="the extra [openvino] is not installed")
    path = write_depth_network(tmp_path / "grey.onnx")
    pictures = np.stack([scene_photo(i, 64, 64) for i in range(3)])
    one, other = opened(path)(pictures), opened(path, how=job.Running(runtime="openvino"))(pictures)
    assert np.abs(one - other).max() < 1e-3


@pytest.mark.parametrize("extra", ["openvino", "torch", "h5py", "huggingface_hub"])
def test_a_missing_extra_names_its_pip_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extra: str) -> None:
    monkeypatch.setitem(__import__("sys").modules, extra, None)
    path = write_depth_network(tmp_path / "grey.onnx")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/config.json").write_text("{}")
    (tmp_path / "nyu.h5").write_bytes(b"x")
    calls: dict[str, Any] = {
        "openvino": lambda: opened(path, how=job.Running(runtime="openvino")),
        "torch": lambda: opened(tmp_path / "folder", "glpn-nyu"),
        "h5py": lambda: opened(tmp_path / "nyu.h5"),
        "huggingface_hub": lambda: hub.get("depth-anything-v2-small"),
    }
    with pytest.raises(FigureGroundError) as caught:
        calls[extra]()
    assert "pip install 'figureground[" in caught.value.remedy


def stand_in(path: Path, card: Card) -> Path:
    """Write an ONNX file with the inputs and outputs of the card's network, of any size, and made-up weights."""
    weight = np.array([[1.5, -0.7, 0.9], [0.4, 1.1, -0.3], [0.8, 0.6, 0.5]], np.float32).reshape(3, 3, 1, 1)
    constants = [
        numpy_helper.from_array(weight, "w3"),
        numpy_helper.from_array(weight[2:], "w1"),
        numpy_helper.from_array(np.array([3.0], np.float32), "b1"),
        numpy_helper.from_array(np.array([1]), "axis"),
    ]
    depth = helper.make_node("Conv", ["pixel_values", "w1", "b1"], ["map"])
    if card.reading == "moge":
        nodes = [
            helper.make_node("Conv", ["pixel_values", "w3"], ["c"]),
            helper.make_node("Transpose", ["c"], ["points"], perm=[0, 2, 3, 1]),
            helper.make_node("ReduceMax", ["pixel_values"], ["metric_scale"], axes=[1, 2, 3], keepdims=0),
        ]
        outputs = {"points": 4, "metric_scale": 1}
    elif card.output_name:
        nodes = [
            depth,
            helper.make_node("Conv", ["pixel_values", "w3"], ["predicted_normal"]),
            helper.make_node("Identity", ["map"], [card.output_name]),
        ]
        outputs = {"predicted_normal": 4, card.output_name: 4}
    else:
        nodes = [depth, helper.make_node("Squeeze", ["map", "axis"], ["predicted_depth"])]
        outputs = {"predicted_depth": 3}
    graph = helper.make_graph(
        nodes,
        "stand-in",
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * rank) for name, rank in outputs.items()],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("name", [name for name, card in CARDS.items() if card.runtime == "onnx"])
def test_onnx_cards_run_on_stand_ins(tmp_path: Path, name: str) -> None:
    """The card's own size, normalisation, output and reading, on a file with the network's inputs and outputs."""
    card = CARDS[name]
    network = opened(stand_in(tmp_path / "x.onnx", card), name, job.Running(focal=0.75))
    pictures = np.stack([scene_photo(i, 60, 80) for i in range(2)])
    depth = network(pictures)
    assert depth.shape == (2, 60, 80)
    assert np.allclose(depth[1], network(pictures[1:])[0], atol=1e-4 * np.abs(depth[1]).max())
    if card.unit == "m":
        assert card.valid[0] <= depth.min() <= depth.max() <= card.valid[1]
    native = network(pictures[:1], native=True)
    assert native.shape[1:] == input_shape(card, 60, 80)


TRANSFORMERS = [name for name, card in CARDS.items() if card.runtime == "transformers"]


def tiny_model(name: str) -> Any:
    """Return a small random model of the family behind a card."""
    import transformers as t

    if name == "glpn-nyu":
        return t.GLPNForDepthEstimation(
            t.GLPNConfig(
                hidden_sizes=[8, 8, 16, 16],
                depths=[1, 1, 1, 1],
                decoder_hidden_size=8,
                num_attention_heads=[1, 1, 2, 2],
            )
        )
    if name == "dpt-large":
        return t.DPTForDepthEstimation(
            t.DPTConfig(
                hidden_size=16,
                num_hidden_layers=4,
                num_attention_heads=2,
                intermediate_size=32,
                image_size=64,
                backbone_out_indices=[0, 1, 2, 3],
                neck_hidden_sizes=[8, 8, 16, 16],
                fusion_hidden_size=8,
                is_hybrid=False,
            )
        )
    backbone: dict[str, Any] = {
        "hidden_size": 16,
        "num_hidden_layers": 4,
        "num_attention_heads": 2,
        "image_size": 56,
        "out_features": ["stage1", "stage2", "stage3", "stage4"],
        "reshape_hidden_states": False,
    }
    if name.startswith("depth-anything"):
        return t.DepthAnythingForDepthEstimation(
            t.DepthAnythingConfig(
                backbone_config=t.Dinov2Config(patch_size=14, **backbone),
                reassemble_hidden_size=16,
                fusion_hidden_size=8,
                neck_hidden_sizes=[8, 8, 16, 16],
                depth_estimation_type="metric",
                max_depth=20,
                head_hidden_size=8,
            )
        )
    return t.ZoeDepthForDepthEstimation(
        t.ZoeDepthConfig(
            backbone_config=t.BeitConfig(
                **{**backbone, "image_size": 64}, intermediate_size=32, patch_size=16, use_relative_position_bias=True
            ),
            neck_hidden_sizes=[8, 8, 16, 16],
            fusion_hidden_size=8,
            bottleneck_features=8,
            num_relative_features=8,
            bin_configurations=[{"n_bins": 8, "min_depth": 0.001, "max_depth": 10.0, "name": "nyu"}],
        )
    )


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_transformers_models_run_from_a_folder(tmp_path: Path, name: str) -> None:
    """A stand-in with random weights, built from the family's config: same inputs and outputs as the real one."""
    torch = pytest.importorskip("torch", reason="the extra [torch] is not installed")
    pytest.importorskip("transformers", reason="the extra [torch] is not installed")
    torch.manual_seed(0)
    model = tiny_model(name)
    for weights in model.parameters():  # the usual tiny initial weights would give a nearly constant map
        torch.nn.init.normal_(weights, std=0.2)
    model.save_pretrained(tmp_path / name)
    network = opened(tmp_path / name, name)
    pictures = np.stack([scene_photo(i, 48, 64) for i in range(2)])
    small = DepthNetwork(
        Card(**{**vars(network.card), "input_size": 64 if name != TRANSFORMERS[0] else 56}), network.run, network.where
    )
    depth = small(pictures)
    assert depth.shape == (2, 48, 64)
    assert np.allclose(depth[1], small(pictures[1:])[0], atol=1e-4)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('name = "x"\ninput_size = 3', "missing: output"),
        ('name = "x"\ninput_size = 3\noutput = "metres"', "output = 'metres' is unknown"),
        ('name = "x"\ninput_size = 3\noutput = "metric"\nmeen = 3', "unknown: meen"),
        ('name = "x"\ninput_size = "big"\noutput = "metric"', "input_size = 'big' is no int"),
        ('name = "x"\ninput_size = 3\noutput = "metric"', "is no picture"),
        ('name = "x"\ninput_size = 64\noutput = ["metric"]', "is no str"),
        ('name = "x"\ninput_size = 64\noutput = "metric"\nmean = ["a", "b", "c"]', "no list of 3 numbers"),
        ('name = "x"\ninput_size = 64\noutput = "metric"\nmean = [0.5]', "no list of 3 numbers"),
        ('name = "x"\ninput_size = 64\noutput = "metric"\nvalid = [1.0]', "no list of 0 or 2 numbers"),
        ('name = "x"\ninput_size = 64\noutput = "metric"\nvalid = [9.0, 1.0]', r"not \[smallest, largest\]"),
        ('name = "x"\ninput_size = 64\noutput = "metric"\nmultiple = -14', "is negative"),
        ("name = ", "cannot be read"),
    ],
)
def test_wrong_cards_are_refused(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(FigureGroundError, match=what):
        cards.read_card(tmp_path / "c.toml")


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


def test_every_shipped_card_is_complete() -> None:
    wanted = {
        "densedepth-nyu",
        "depth-anything-v2-small",
        "depth-anything-v2-base",
        "depth-anything-v2-large",
        "depth-anything-v2-indoor-small",
        "midas-v2.1-small",
        "zoedepth-nyu",
        "glpn-nyu",
        "dpt-large",
        "metric3d-v2-small",
        "moge-2-small",
        "da3-mono-large",
        "da3-metric-large",
        "fastdepth-nyu",
    }
    assert set(CARDS) == wanted
    for card in CARDS.values():
        assert card.licence != "unknown", card.name
        assert card.figures_from, card.name
        assert card.output in KINDS
        assert card.reading in READINGS
        assert card.commercial == ("NC" not in card.licence)
    assert [card.name for card in CARDS.values() if card.run_by_us] == ["fastdepth-nyu"]


def downloading(content: bytes) -> Any:
    def fetch(repo_id: str, revision: str | None, local_dir: str, allow_patterns: list[str]) -> None:
        path = Path(local_dir) / allow_patterns[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return fetch


def test_a_named_network_is_got_once_and_checked_ever_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIGUREGROUND_HOME", str(tmp_path / "hub"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    name = "depth-anything-v2-small"
    with pytest.raises(FigureGroundError, match="are not here") as caught:
        registry.resolve(name, "", tmp_path)
    assert caught.value.remedy == f"figureground models get {name}"
    content = write_depth_network(tmp_path / "grey.onnx", size=518).read_bytes()
    folder = hub.get(name, downloading(content))
    assert json.loads((folder / registry.SOURCE).read_text())["repository"] == "onnx-community/depth-anything-v2-small"
    model = registry.resolve(name, "", tmp_path)
    assert model.card is CARDS[name]
    assert registry.open_network(model).estimate(scene_photo(0, 60, 60)).direction == "larger is nearer"
    model.path.write_bytes(content + b"changed")
    with pytest.raises(FigureGroundError, match="not the ones that were got"):
        registry.resolve(name, "", tmp_path)


def test_a_download_with_another_hash_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIGUREGROUND_HOME", str(tmp_path))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    card = CARDS["depth-anything-v2-small"]
    monkeypatch.setitem(CARDS, card.name, Card(**{**vars(card), "sha256": "0" * 64}))
    with pytest.raises(FigureGroundError, match="not what the card pins"):
        hub.get(card.name, downloading(b"something else"))
    assert not (tmp_path / card.name / registry.SOURCE).exists()


def test_nothing_is_downloaded_offline_or_under_a_wrong_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(**_: Any) -> None:
        raise AssertionError("downloaded")

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name, what in (
        ("depth-anything-v2-small", "HF_HUB_OFFLINE"),
        ("nothing", "unknown network"),
        ("densedepth-nyu", "no hub repository"),
        ("da3-mono-large", "file's name"),
    ):
        with pytest.raises(FigureGroundError, match=what):
            hub.get(name, never)


def test_a_network_that_needs_the_focal_length_says_so(tmp_path: Path) -> None:
    path = write_depth_network(tmp_path / "grey.onnx", size=616)
    model = job.DepthModel(
        path, "", Card(**{**vars(CARDS["metric3d-v2-small"]), "output_name": "", "multiple": 0, "valid": ()})
    )
    with pytest.raises(FigureGroundError, match="focal length"):
        registry.open_network(model)
    picture = scene_photo(0, 64, 64)
    near, far = (registry.open_network(model, job.Running(focal=f)).estimate(picture).values for f in (0.5, 1.0))
    assert np.allclose(far, 2 * near)


FASTDEPTH = SHARED / "models" / "fastdepth_nyu_f32.onnx"


@pytest.mark.skipif(not FASTDEPTH.is_file(), reason="the FastDepth weights are not on this machine")
def test_fastdepth_agrees_with_its_authors() -> None:
    """Mean difference to the authors' own output for one NYU frame: 3.7 cm."""
    with Image.open(SHARED / "rgbd" / "fastdepth_nyu.jpg") as photo:
        picture = np.asarray(photo.convert("RGB").resize((224, 224), Image.Resampling.BILINEAR))
    depth = opened(FASTDEPTH).estimate(picture)
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
    found = cutout.cutout_network(U2NETP)(picture) >= 128
    assert (found & true).sum() / (found | true).sum() > 0.95


def test_the_preset_of_2020_is_448_bicubic_densedepth_224_stretched_jpeg() -> None:
    """The chain, each link against plain Pillow and numpy: what DenseDepth sees, its metres, and the stored codes."""
    from figureground.core.recipe import PRESETS
    from figureground.core.recipe_toml import from_mapping
    from figureground.geometry.codes import quantise
    from figureground.resolve import running

    recipe = from_mapping(PRESETS["eva4"])
    assert recipe.depth.model == "nyu.h5"
    assert running(recipe).upsampling == "half_pixel"
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


def test_how_densedepth_is_run_comes_from_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from figureground.core.recipe_toml import from_mapping
    from figureground.resolve import running

    asked: list[dict[str, str]] = []

    def cached(path: Path, **options: str) -> Path:
        asked.append(options)
        return write_depth_network(tmp_path / "grey.onnx", size=448)

    from figureground.networks import densedepth

    monkeypatch.setattr(densedepth, "cached_onnx", cached)
    (tmp_path / "nyu.h5").write_bytes(b"x")
    model = registry.resolve("nyu.h5", "", tmp_path)
    for options in ({}, {"upsampling": "half_pixel", "leaky": "two"}):
        registry.open_network(model, running(from_mapping({"depth": options})))
    assert asked == [{"upsampling": "aligned", "leaky": "auto"}, {"upsampling": "half_pixel", "leaky": "two"}]
