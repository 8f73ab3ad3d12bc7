"""Every runtime gives the same depth, on the asked device or not at all."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from figureground.core import job
from figureground.core.card import Card
from figureground.core.errors import FigureGroundError
from figureground.networks import hub, runtimes
from figureground.networks.cards import CARDS
from figureground.networks.depth import DepthNetwork
from tests.builders import scene_photo, write_depth_network
from tests.networks.opening import opened

onnxruntime = runtimes.library("onnxruntime")


@pytest.mark.parametrize("batch", [1, 2, 3, 5])
def test_files_with_a_fixed_batch_take_any_number(tmp_path: Path, batch: int) -> None:
    network = opened(write_depth_network(tmp_path / "two.onnx", batch=2))
    single = opened(write_depth_network(tmp_path / "one.onnx"))
    pictures = np.stack([scene_photo(i, 64, 64) for i in range(batch)])
    assert np.allclose(network(pictures), single(pictures), atol=1e-5)


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
    if importlib.util.find_spec("openvino") is None:  # importorskip would import it, and it reports that
        pytest.skip("the extra [openvino] is not installed")
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
