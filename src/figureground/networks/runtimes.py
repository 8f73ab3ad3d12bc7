"""What runs a network: onnxruntime (default), OpenVINO, or transformers on torch.

A runner is a function from a float32 batch in the card's layout to its outputs by name.  These libraries and
huggingface_hub are imported by `library` only, which shuts their telemetry first, and what they raise goes through
`runtime_errors`.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.card import Card
from figureground.core.errors import FREE_SOME, FigureGroundError, NoDepthError, is_short_of_memory
from figureground.networks.feeds import Declared, feed_of

Runner = Callable[[NDArray[np.float32]], Mapping[str, NDArray[Any]]]

PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "directml": "DmlExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
}


# read by onnxruntime (1.32 and newer write a device id into the user's cache folder and look up a host) and by
# huggingface_hub as they are first imported; worker processes inherit them
_QUIET = {"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


def library(name: str, extra: str = "", where: str = "") -> Any:
    """Import a heavy library and return it, its telemetry off: which works if nobody imported it before.

    Raises FigureGroundError where it is not installed, naming the extra that has it.
    """
    os.environ.update(_QUIET)
    if name == "openvino":
        # it reports every import to Google Analytics, has no variable against that, and does without this package
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        return importlib.import_module(name)
    except ImportError as error:
        if is_short_of_memory(error):
            raise FigureGroundError(f"there is not enough memory for {name}", where, FREE_SOME) from None
        if extra:
            what, remedy = f"the extra [{extra}] is not installed", f"pip install 'figureground[{extra}]'"
        else:
            what, remedy = f"{name} cannot be imported", f"pip install {name}, if there is a wheel for this Python"
        raise FigureGroundError(f"{what}: {first_line(error)}", where, remedy) from None


@contextmanager
def runtime_errors(what: str, where: str, remedy: str) -> Iterator[None]:
    """Inside, whatever a library raises becomes FigureGroundError("WHAT: its first line", where, remedy)."""
    try:
        yield
    except FigureGroundError:
        raise
    except Exception as error:  # the errors of onnxruntime, OpenVINO, torch and huggingface_hub share no other class
        if is_short_of_memory(error):
            raise FigureGroundError(f"{what}: there is not enough memory", where, FREE_SOME) from None
        raise FigureGroundError(f"{what}: {first_line(error)}", where, remedy) from None


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
    onnxruntime = library("onnxruntime")
    provider = PROVIDERS[device]
    if provider not in onnxruntime.get_available_providers():
        there = [name for name, one in PROVIDERS.items() if one in onnxruntime.get_available_providers()]
        raise FigureGroundError(
            f"this onnxruntime has no {provider}",
            f"depth.device = {device!r}",
            f"install a build that has it (one of onnxruntime's packages only), or use one of: {', '.join(there)}",
        )
    options = onnxruntime.SessionOptions()
    # one thread a process, and as many processes as cores: faster than threads, and the same bits every time
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    with runtime_errors(f"the {purpose} network cannot be loaded", str(path), "give a valid ONNX file"):
        session = onnxruntime.InferenceSession(str(path), options, providers=[provider])
    if session.get_providers()[0] != provider:
        raise FigureGroundError(
            f"{provider} could not be started; it fell back to {session.get_providers()[0]}",
            f"depth.device = {device!r}",
            "check its driver and libraries, or use device cpu",
        )
    return session


def onnx(path: Path, device: str, card: Card) -> Runner:
    """Run an ONNX file, fed as it declares (`feed_of`); a batch is split where the file fixes its size."""
    session = onnx_session(path, "depth", device)
    declared = [Declared(i.name, i.type[len("tensor(") : -1], tuple(i.shape)) for i in session.get_inputs()]
    feed = feed_of(declared, card, str(path))
    fixed, names = feed.batch, [output.name for output in session.get_outputs()]

    def run(batch: NDArray[np.float32]) -> Mapping[str, NDArray[Any]]:
        if fixed is not None and len(batch) != fixed:
            # a file with a fixed batch: in groups of that size, the last filled up with copies that are cut off again
            groups = [batch[i : i + fixed] for i in range(0, len(batch), fixed)]
            fill = np.repeat(batch[-1:], fixed - len(groups[-1]), 0)
            rows = [run(np.concatenate([group, fill]) if len(group) < fixed else group) for group in groups]
            return {name: joined([row[name] for row in rows], fixed)[: len(batch)] for name in names}
        return dict(zip(names, session.run(None, feed.of(batch)), strict=True))

    return run


def joined(rows: Sequence[NDArray[Any]], each: int) -> NDArray[Any]:
    """Return one output of several runs, of `each` pictures, as one array with an entry a picture.

    A run on one picture may give a map without an axis for pictures.  Raises NoDepthError where shapes differ.
    """
    if len({row.shape for row in rows}) > 1:
        raise NoDepthError(
            f"the depth network's output has shapes {' and '.join(str(list(row.shape)) for row in rows)}"
        )
    one = each == 1 and (rows[0].ndim < 1 or rows[0].shape[0] != 1)
    return np.stack(rows) if one else np.concatenate(rows)


def openvino(path: Path, device: str, card: Card) -> Runner:
    """Run an ONNX file with OpenVINO's own runtime (extra `openvino`), one thread."""
    ov = library("openvino", "openvino", 'depth.runtime = "openvino"')
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
    with runtime_errors("the depth network cannot be loaded", str(path), "give a valid ONNX file"):
        compiled = core.compile_model(str(path), name, options)
    names = [output.get_any_name() if output.get_names() else str(i) for i, output in enumerate(compiled.outputs)]
    feed = feed_of([_declared(one) for one in compiled.inputs], card, str(path))

    def run(batch: NDArray[np.float32]) -> Mapping[str, NDArray[Any]]:
        # one at a time: files with a fixed batch of one are common, and batching gains nothing on a CPU
        fed = (feed.of(batch[i : i + 1]) for i in range(len(batch)))
        rows = [[value.copy() for value in compiled(inputs).values()] for inputs in fed]
        return {name: joined([row[i] for row in rows], 1) for i, name in enumerate(names)}

    return run


_OPENVINO_KINDS = {"f16": "float16", "f32": "float", "f64": "double", "boolean": "bool", "u8": "uint8", "i8": "int8"}
_OPENVINO_KINDS |= {
    f"{sign}{bits}": f"{word}{bits}" for sign, word in (("u", "uint"), ("i", "int")) for bits in (16, 32, 64)
}


def _declared(one: Any) -> Declared:
    """Return an input of OpenVINO's in ONNX's words."""
    kind, shape = one.get_element_type().get_type_name(), one.get_partial_shape()
    lengths = None
    if shape.rank.is_static:
        lengths = tuple(length.get_length() if length.is_static else None for length in shape)
    name = one.get_node().get_friendly_name()  # of several, which come of a step that does nothing, the file's own
    return Declared(name if name in one.get_names() else one.get_any_name(), _OPENVINO_KINDS.get(kind, kind), lengths)


def transformers(path: Path, device: str, precision: str = "float32") -> Runner:
    """Run a transformers depth model (extra `torch`) from a local folder, without torchvision and without a network.

    On a GPU the model is compiled; `precision` is float32, bfloat16 or float16.
    """
    if not (path / "config.json").is_file():
        raise FigureGroundError("no transformers model here", str(path), "a folder with config.json and its weights")
    torch = library("torch", "torch", 'depth.runtime = "transformers"')
    families = library("transformers", "torch", 'depth.runtime = "transformers"')
    if device not in ("cpu", "cuda"):
        raise FigureGroundError(f"transformers does not run on {device!r}", "depth.device", "cpu or cuda")
    if device == "cuda" and not torch.cuda.is_available():
        raise FigureGroundError("torch finds no CUDA device", 'depth.device = "cuda"', "use device cpu")
    kind = getattr(torch, precision)
    with runtime_errors(
        "the depth model cannot be loaded",
        str(path),
        "a folder that transformers' AutoModelForDepthEstimation can read",
    ):
        model = families.AutoModelForDepthEstimation.from_pretrained(str(path), local_files_only=True, dtype=kind)
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
