"""DenseDepth straight from its Keras `.h5`: weights are read with h5py and written into an ONNX graph.

The network (Alhashim & Wonka 2018) is a DenseNet-169 encoder and four up-projections: bilinear x2, concatenation with
a skip, two 3x3 convolutions.  `network` states it once, in terms of `Graph`, which checks the weights as it goes.
Its output is raw: r = 1000 / depth in centimetres, unclipped, at half the input's sides.  `metres` converts it.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from figureground.core.errors import FigureGroundError
from figureground.core.files import file_sha256, user_cache, write_whole

Upsampling = Literal["aligned", "half_pixel"]
Leaky = Literal["one", "two"]
Choice = Literal["auto", "one", "two"]
Weights = Mapping[str, Mapping[str, NDArray[np.float32]]]
Tensor = tuple[str, int]  # name, channels; 0 channels when a missing layer hides the number

GRAPH_VERSION = 1  # part of cached files' names: raise it when another graph is written for the same .h5
SLOPE, EPSILON = 0.2, 1.001e-5  # of LeakyReLU and of batch norm
BLOCKS = {2: 6, 3: 12, 4: 32, 5: 32}  # DenseNet-169: stage -> dense blocks
NORM = ("gamma", "beta", "moving_mean", "moving_variance")
UPS = (1, 2, 3, 4)
CORNERS = {"aligned": "align_corners", "half_pixel": "half_pixel"}


@dataclass(frozen=True)
class Variant:
    """Which DenseDepth a file holds.

    `encoder`: channels out of the encoder.  `decoder`: channels out of conv2 and of the four up-projections.
    `leaky`: "one" LeakyReLU an up-projection, after convB, or "two", after convA too.  `slope`: of the LeakyReLUs.
    """

    encoder: int
    decoder: tuple[int, ...]
    leaky: Leaky
    slope: float = SLOPE

    @property
    def width(self) -> str:
        """Return "full" (conv2 keeps the encoder's channels, each up-projection halves), "half" or "other"."""
        first = {"full": self.encoder, "half": self.encoder // 2}
        return next((k for k, n in first.items() if self.decoder == tuple(n >> i for i in (0, *UPS))), "other")


def metres(raw: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Return depth in metres, 0.1 to 10: clip(1000 / r, 10, 1000) / 100.

    r <= 0 lies beyond infinity and so means far, 10 m; the formula as it stands would call it nearest.  NaN stays NaN.
    """
    return np.asarray(10 / np.clip(raw, 1, 100), np.float32)


class Graph:
    """ONNX nodes as plain tuples (op, inputs, attributes), their tensors, and what is wrong with the weights.

    Batch norm right after a convolution is folded into it, in float64; DenseNet's others stand before a ReLU and stay.
    """

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[tuple[str, list[str], dict[str, Any]]] = []  # node i's output is named str(i)
        self.tensors: dict[str, NDArray[Any]] = {"scales": np.array([1, 1, 2, 2], np.float32)}
        self.widths: dict[str, int] = {}  # layer -> channels out
        self.missing: list[str] = []
        self.misfits: list[str] = []

    def node(self, op: str, inputs: list[str], channels: int, **attributes: Any) -> Tensor:
        """Add a node and return its output."""
        self.nodes.append((op, inputs, attributes))
        return str(len(self.nodes) - 1), channels

    def held(self, layer: str, width: int, wanted: dict[str, tuple[int, ...]]) -> dict[str, NDArray[Any]]:
        """Return a layer's weights, or {} after noting what is wrong with them; a wanted length of 0 is any."""
        self.widths[layer] = width
        held = self.weights.get(layer)
        if held is None:
            self.missing.append(layer)
        elif set(held) != set(wanted) or not all(_fits(held[name], wanted[name]) for name in held):
            shapes = {name: values.shape for name, values in held.items()}
            self.misfits.append(f"{layer} has {shapes} and needs finite {wanted}")
        else:
            return {name: held[name] for name in wanted}
        return {}

    def layer(self, layer: str, op: str, x: Tensor, held: Mapping[str, NDArray[Any]], **attributes: Any) -> Tensor:
        """Add a node that takes x and a layer's tensors, in their order."""
        self.tensors |= {f"{layer}/{name}": values for name, values in held.items()}
        return self.node(op, [x[0], *(f"{layer}/{name}" for name in held)], self.widths[layer], **attributes)

    def conv(self, layer: str, x: Tensor, size: int, stride: int = 1, norm: str = "", bias: bool = False) -> Tensor:
        """Convolve, zero padded by size // 2; then, with `norm`, batch norm and ReLU."""
        kernel = self.weights.get(layer, {}).get("kernel")
        out = 1 if layer == "conv3" else kernel.shape[-1] if kernel is not None and kernel.ndim == 4 else 0
        held = self.held(layer, out, {"kernel": (size, size, x[1], out)} | ({"bias": (out,)} if bias else {}))
        parts = self.held(norm, out, dict.fromkeys(NORM, (out,))) if norm else {}
        if held and parts:
            gamma, beta, mean, variance = (parts[name].astype(np.float64) for name in NORM)
            scale = gamma / np.sqrt(variance + EPSILON)
            held = {"kernel": held["kernel"] * scale, "bias": beta - mean * scale}
        if held:
            held["kernel"] = held["kernel"].transpose(3, 2, 0, 1)
        y = self.layer(layer, "Conv", x, held, pads=[size // 2] * 4, strides=[stride, stride])
        return self.node("Relu", [y[0]], out) if norm else y

    def norm(self, layer: str, x: Tensor) -> Tensor:
        """Batch norm, then ReLU."""
        held = self.held(layer, x[1], dict.fromkeys(NORM, (x[1],)))
        y = self.layer(layer, "BatchNormalization", x, held, epsilon=EPSILON)
        return self.node("Relu", [y[0]], x[1])

    def pool(self, op: str, x: Tensor, size: int) -> Tensor:
        """Halve the sides, 3 padded by 1, 2 by 0.  After a ReLU, Keras's zeros are as good as ONNX's -infinity."""
        return self.node(op, [x[0]], x[1], kernel_shape=[size, size], strides=[2, 2], pads=[size // 3] * 4)

    def join(self, x: Tensor, y: Tensor) -> Tensor:
        return self.node("Concat", [x[0], y[0]], x[1] + y[1] if x[1] and y[1] else 0, axis=1)


def _fits(values: NDArray[Any], shape: tuple[int, ...]) -> bool:
    same = len(shape) == values.ndim and all(b in (0, a) for a, b in zip(values.shape, shape, strict=True))
    return same and values.size > 0 and bool(np.isfinite(values).all())


def network(graph: Graph, upsampling: Upsampling = "aligned", leaky: Leaky = "one", slope: float = SLOPE) -> Tensor:
    """Add DenseDepth to a graph, from the tensor "image" on, and return its raw output."""
    how = {"mode": "linear", "coordinate_transformation_mode": CORNERS[upsampling]}
    skips = [graph.conv("conv1/conv", ("image", 3), 7, 2, norm="conv1/bn")]
    x = graph.pool("MaxPool", skips[0], 3)
    for stage, blocks in BLOCKS.items():
        skips.append(x)
        for block in range(1, blocks + 1):
            name = f"conv{stage}_block{block}"
            new = graph.conv(f"{name}_1_conv", graph.norm(f"{name}_0_bn", x), 1, norm=f"{name}_1_bn")
            x = graph.join(x, graph.conv(f"{name}_2_conv", new, 3))
        if stage < 5:
            x = graph.conv(f"pool{stage}_conv", graph.norm(f"pool{stage}_bn", x), 1)
            x = graph.pool("AveragePool", x, 2)
    x = graph.conv("conv2", graph.norm("bn", x), 1, bias=True)
    for i in UPS:  # skips: conv1/relu, pool1, pool2_pool, pool3_pool (and pool4_pool, which nothing takes)
        x = graph.join(graph.node("Resize", [x[0], "", "scales"], x[1], **how), skips[4 - i])
        for letter, leaks in (("A", leaky == "two"), ("B", True)):
            x = graph.conv(f"up{i}_conv{letter}", x, 3, bias=True)
            x = graph.node("LeakyRelu", [x[0]], x[1], alpha=slope) if leaks else x
    return graph.conv("conv3", x, 3, bias=True)


def leaky_in(config: str) -> tuple[Leaky, float] | None:
    """Return how many LeakyReLUs a Keras model_config gives each up-projection, and their slope; None if it is unclear.

    Each layer says in `inbound_nodes` what feeds it: [name, node, tensor, ...], nested as the version of Keras likes.
    """

    def sources(node: Any) -> Iterator[str]:
        if isinstance(node, list) and len(node) >= 3 and isinstance(node[0], str) and isinstance(node[1], int):
            yield node[0]
        elif isinstance(node, (list, dict)):
            for inner in node.values() if isinstance(node, dict) else node:
                yield from sources(inner)

    try:
        layers = json.loads(config)["config"]["layers"]
        after = {source: layer["class_name"] for layer in layers for source in sources(layer["inbound_nodes"])}
        pairs = {(after[f"up{i}_convA"], after[f"up{i}_convB"]) for i in UPS}
        leaks = [layer["config"] for layer in layers if layer["class_name"] == "LeakyReLU"]
        slopes = {float(leak["alpha"] if "alpha" in leak else leak["negative_slope"]) for leak in leaks}
        inside = {layer["config"].get("activation", "linear") for layer in layers if layer["class_name"] == "Conv2D"}
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    if len(slopes) == 1 and inside == {"linear"} and pairs == {("Conv2D", "LeakyReLU")}:
        return "one", slopes.pop()
    if len(slopes) == 1 and inside == {"linear"} and pairs == {("LeakyReLU", "LeakyReLU")}:
        return "two", slopes.pop()
    return None


def choose_leaky(config: str | None, leaky: Choice, where: str = "") -> tuple[Leaky, float]:
    """Return what the file's model_config tells, else what the caller says; weights cannot tell.

    Without a config "auto" means "one", as in the released nyu.h5.  Raises FigureGroundError where the two disagree,
    and for "auto" with a config that is unclear.
    """
    told = leaky_in(config) if config else None
    if told and leaky in ("auto", told[0]):
        return told
    if told:
        raise FigureGroundError(f"leaky = {leaky!r}, but the file's model_config has {told[0]!r}", where, "say auto")
    if config and leaky == "auto":
        what = "the file's model_config has LeakyReLU neither after every convB nor after every convA and convB"
        raise FigureGroundError(what, where, 'set leaky to "one" or "two" if you know that it is DenseDepth')
    return "one" if leaky == "auto" else leaky, SLOPE


def describe(weights: Weights, config: str | None = None, leaky: Choice = "auto", where: str = "") -> Variant:
    """Return which DenseDepth the weights are.  `config`: the file's model_config; `where`: the file, for messages.

    Raises FigureGroundError for missing, unknown or misshapen layers, naming the first few; see also `choose_leaky`.
    """
    graph = Graph(weights)
    network(graph)
    unknown = [layer for layer in weights if layer not in graph.widths]
    for found, problem in ((graph.missing, "missing"), (unknown, "unknown"), (graph.misfits, "misshapen")):
        if found:
            few = "; ".join(found[:3]) + ("; ..." if len(found) > 3 else "")
            what = f"not DenseDepth on DenseNet-169: {len(found)} {problem} layer(s): {few}"
            raise FigureGroundError(what, where, "give DenseDepth's nyu.h5, or another network as an ONNX file")
    decoder = tuple(graph.widths[name] for name in ("conv2", *(f"up{i}_convB" for i in UPS)))
    return Variant(graph.widths["bn"], decoder, *choose_leaky(config, leaky, where))


def to_onnx(weights: Weights, variant: Variant, upsampling: Upsampling) -> Any:
    """Return the onnx.ModelProto: "image" float32 [n, 3, h, w], RGB 0..1 -> "raw" float32 [n, 1, h/2, w/2].

    h and w are any multiples of 32.  Opset 17, IR version 8.
    """
    onnx = _need("onnx")
    h, graph = onnx.helper, Graph(weights)
    last, _ = network(graph, upsampling, variant.leaky, variant.slope)
    nodes = [h.make_node(op, inputs, [str(i)], **more) for i, (op, inputs, more) in enumerate(graph.nodes)]
    nodes.append(h.make_node("Identity", [last], ["raw"]))
    image = h.make_tensor_value_info("image", onnx.TensorProto.FLOAT, ["n", 3, "h", "w"])
    raw = h.make_tensor_value_info("raw", onnx.TensorProto.FLOAT, ["n", 1, "half_h", "half_w"])
    tensors = [
        onnx.numpy_helper.from_array(np.ascontiguousarray(values, np.float32), name)
        for name, values in graph.tensors.items()
    ]
    made = h.make_graph(nodes, "densedepth", [image], [raw], tensors)
    return h.make_model(made, opset_imports=[h.make_opsetid("", 17)], ir_version=8)


def _need(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        what = f"DenseDepth's .h5 needs the package {module}"
        raise FigureGroundError(what, remedy="pip install 'figureground[densedepth]'") from None


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open an HDF5 file for reading; inside, whatever h5py raises becomes a FigureGroundError."""
    h5py = _need("h5py")
    if not path.is_file():
        raise FigureGroundError("no such .h5 file", str(path), "check the path")
    if not h5py.is_hdf5(path):
        raise FigureGroundError("this is not an HDF5 file", str(path), "give DenseDepth's nyu.h5, or download it again")
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        first = str(error).strip().splitlines()[0][:150]
        raise FigureGroundError(f"the .h5 file is damaged: {first}", str(path), "download it again") from None


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _names(attributes: Any, name: str) -> list[str]:
    """Return a list attribute, which Keras splits into name0, name1, ... where it is over 64 kB."""
    keys = [key for key in (name, *(f"{name}{i}" for i in range(len(attributes)))) if key in attributes]
    return [_text(value) for key in keys if attributes[key].shape for value in attributes[key]]


def read_weights(path: Path) -> Weights:
    """Return layer -> "kernel", "bias", "gamma", ... -> float32 array as Keras has it, for layers that have weights.

    Raises FigureGroundError when the file is no HDF5, damaged, or holds no Keras weights.
    """
    weights: dict[str, dict[str, NDArray[np.float32]]] = {}
    with _opened(path) as file:
        root = file.get("model_weights", file)
        for layer in _names(root.attrs, "layer_names"):
            group = root[layer]
            for name in _names(group.attrs, "weight_names"):
                short = name.rsplit("/")[-1].split(":")[0]
                weights.setdefault(layer, {})[short] = np.asarray(group[name][()], np.float32)
    if not weights:
        what = "this HDF5 file holds no Keras weights"
        raise FigureGroundError(what, str(path), "give a file that Keras 2 saved, such as DenseDepth's nyu.h5")
    return weights


def read_config(path: Path) -> str | None:
    """Return the model_config, JSON, that Keras saved in the file, or None."""
    with _opened(path) as file:
        return _text(file.attrs["model_config"]) if "model_config" in file.attrs else None


def _publish(data: bytes, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data)


def _converted(h5_path: Path, upsampling: Upsampling, leaky: Choice) -> tuple[bytes, Variant]:
    weights = read_weights(h5_path)
    variant = describe(weights, read_config(h5_path), leaky, str(h5_path))
    return to_onnx(weights, variant, upsampling).SerializeToString(), variant


def write_onnx(
    h5_path: Path, onnx_path: Path, *, upsampling: Upsampling = "aligned", leaky: Choice = "auto"
) -> Variant:
    """Write the network of a DenseDepth .h5 as one ONNX file (see `to_onnx`), and return its variant.

    "aligned" is the bilinear x2 that the released weights were trained with; "half_pixel" is that of later runtimes.
    """
    data, variant = _converted(h5_path, upsampling, leaky)
    try:
        _publish(data, onnx_path)
    except OSError as error:
        raise FigureGroundError(f"cannot write: {error.strerror}", str(onnx_path), "choose another folder") from None
    return variant


def cached_onnx(h5_path: Path, *, upsampling: Upsampling = "aligned", leaky: Choice = "auto") -> Path:
    """Return the ONNX file of a DenseDepth .h5, written beside it on first use, or else into the user's cache folder.

    The name holds the variant and the sha256 of the .h5 and of the ONNX file itself, so another file or variant never
    answers for this one, nor one whose content was changed.
    """
    chosen, _ = choose_leaky(read_config(h5_path), leaky, str(h5_path))
    stem = f"{h5_path.stem}.{upsampling}-{chosen}-g{GRAPH_VERSION}.{file_sha256(h5_path)[:12]}."
    folders = (h5_path.parent, user_cache())
    for folder in folders:
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.name.startswith(stem) and path.name == f"{stem}{file_sha256(path)[:12]}.onnx":
                return path
    data, _ = _converted(h5_path, upsampling, leaky)
    targets = [folder / f"{stem}{hashlib.sha256(data).hexdigest()[:12]}.onnx" for folder in folders]
    for path in targets:
        try:
            _publish(data, path)
            return path
        except OSError as error:
            problem = error.strerror
    raise FigureGroundError(f"the ONNX form cannot be kept: {problem}", str(targets[-1]), "free space or allow writing")
