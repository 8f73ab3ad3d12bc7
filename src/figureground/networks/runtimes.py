"""What runs a network: onnxruntime (default), OpenVINO, or transformers on torch.

A runner is a function from a float32 batch in the card's layout to its outputs by name.  Heavy imports stay inside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.errors import FigureGroundError

Runner = Callable[[NDArray[np.float32]], Mapping[str, NDArray[Any]]]

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
}


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, short enough for a message."""
    text = str(error).strip()
    return (text.splitlines()[0] if text else type(error).__name__)[:160]


def onnx_session(path: Path, purpose: str, device: str = "cpu") -> Any:
    """Return an onnxruntime session with one thread, on the asked provider and no other.

    Raises FigureGroundError for a missing or unreadable file, an unknown device, or one that is not there:
    onnxruntime itself would fall back to the CPU without a word.
    """
    if device not in PROVIDERS:
        raise FigureGroundError(f"unknown device {device!r}", "depth.device", f"one of {', '.join(PROVIDERS)}")
    if not path.is_file():
        raise FigureGroundError(f"no such {purpose} network", str(path), "paths start from the recipe's folder")
    import onnxruntime

    provider = PROVIDERS[device]
    if provider not in onnxruntime.get_available_providers():
        raise FigureGroundError(
            f"this onnxruntime has no {provider}",
            f"depth.device = {device!r}",
            f"install a build that has it (one of onnxruntime's packages only), or use one of: {_available()}",
        )
    options = onnxruntime.SessionOptions()
    # one thread a process, and as many processes as cores: faster than threads, and the same bits every time
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=[provider])
    except Exception as error:  # onnxruntime's errors share no base class
        raise FigureGroundError(
            f"the {purpose} network cannot be loaded: {first_line(error)}", str(path), "give a valid ONNX file"
        ) from None
    if session.get_providers()[0] != provider:
        raise FigureGroundError(
            f"{provider} could not be started; it fell back to {session.get_providers()[0]}",
            f"depth.device = {device!r}",
            "check its driver and libraries, or use device cpu",
        )
    return session


def _available() -> str:
    import onnxruntime

    there = set(onnxruntime.get_available_providers())
    return ", ".join(name for name, provider in PROVIDERS.items() if provider in there)


def onnx(path: Path, device: str) -> Runner:
    """Run an ONNX file; float16 inputs are fed float16, and a batch is split where the file fixes its size."""
    session = onnx_session(path, "depth", device)
    given = session.get_inputs()[0]
    kind = np.float16 if "float16" in given.type else np.float32
    fixed = given.shape[0] if isinstance(given.shape[0], int) else None
    names = [output.name for output in session.get_outputs()]

    def run(batch: NDArray[np.float32]) -> Mapping[str, NDArray[Any]]:
        if fixed is not None and len(batch) != fixed:
            # a file with a fixed batch: in groups of that size, the last filled up with copies that are cut off again
            groups = [batch[i : i + fixed] for i in range(0, len(batch), fixed)]
            fill = np.repeat(batch[-1:], fixed - len(groups[-1]), 0)
            rows = [run(np.concatenate([group, fill]) if len(group) < fixed else group) for group in groups]
            return {name: np.concatenate([row[name] for row in rows])[: len(batch)] for name in names}
        return dict(zip(names, session.run(None, {given.name: batch.astype(kind)}), strict=True))

    return run


def openvino(path: Path, device: str) -> Runner:
    """Run an ONNX file with OpenVINO's own runtime (extra `openvino`), one thread."""
    try:
        import openvino as ov
    except ImportError:
        raise missing("openvino", 'depth.runtime = "openvino"') from None
    if not path.is_file():
        raise FigureGroundError("no such depth network", str(path), "paths start from the recipe's folder")
    core = ov.Core()
    name = {"cpu": "CPU", "openvino": "CPU"}.get(device, device.upper())
    if not any(there.split(".")[0] == name for there in core.available_devices):
        raise FigureGroundError(
            f"OpenVINO has no device {name}",
            f"depth.device = {device!r}",
            f"one of {', '.join(core.available_devices)}",
        )
    options = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"} if name == "CPU" else {}
    try:
        compiled = core.compile_model(str(path), name, options)
    except RuntimeError as error:
        raise FigureGroundError(
            f"the depth network cannot be loaded: {first_line(error)}", str(path), "give a valid ONNX file"
        ) from None
    names = [output.get_any_name() if output.get_names() else str(i) for i, output in enumerate(compiled.outputs)]

    def run(batch: NDArray[np.float32]) -> Mapping[str, NDArray[Any]]:
        # one at a time: files with a fixed batch of one are common, and batching gains nothing on a CPU
        rows = [[value.copy() for value in compiled([batch[i : i + 1]]).values()] for i in range(len(batch))]
        return {name: np.concatenate([row[i] for row in rows]) for i, name in enumerate(names)}

    return run


def transformers(path: Path, device: str, precision: str = "float32") -> Runner:
    """Run a transformers depth model (extra `torch`) from a local folder, without torchvision and without a network.

    On a GPU the model is compiled; `precision` is float32, bfloat16 or float16.
    """
    if not (path / "config.json").is_file():
        raise FigureGroundError("no transformers model here", str(path), "a folder with config.json and its weights")
    try:
        import torch
        from transformers import AutoModelForDepthEstimation
    except ImportError:
        raise missing("torch", 'depth.runtime = "transformers"') from None
    if device not in ("cpu", "cuda"):
        raise FigureGroundError(f"transformers does not run on {device!r}", "depth.device", "cpu or cuda")
    if device == "cuda" and not torch.cuda.is_available():
        raise FigureGroundError("torch finds no CUDA device", 'depth.device = "cuda"', "use device cpu")
    kind = getattr(torch, precision)
    try:
        model = AutoModelForDepthEstimation.from_pretrained(str(path), local_files_only=True, dtype=kind)
    except (OSError, ValueError, KeyError) as error:
        raise FigureGroundError(
            f"the depth model cannot be loaded: {first_line(error)}",
            str(path),
            "a folder that transformers' AutoModelForDepthEstimation can read",
        ) from None
    model = model.eval().to(device)
    forward: Any = torch.compile(model) if device == "cuda" else model
    if device == "cpu":
        torch.set_num_threads(1)

    def run(batch: NDArray[np.float32]) -> Mapping[str, NDArray[Any]]:
        with torch.inference_mode():
            pixels = torch.from_numpy(batch).to(device=device, dtype=kind)
            depth = forward(pixel_values=pixels).predicted_depth
        return {"predicted_depth": depth.float().cpu().numpy()}

    return run


def missing(extra: str, where: str) -> FigureGroundError:
    """Return the error for an extra that is not installed."""
    return FigureGroundError(f"the extra [{extra}] is not installed", where, f"pip install 'figureground[{extra}]'")
