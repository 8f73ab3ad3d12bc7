"""Tiny ONNX files with interfaces that are met in the wild, each a grey value of its own arithmetic."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save_model

CARD = 'name = "odd"\ninput_size = 64\noutput = "metric"\n'
FLOAT = TensorProto.FLOAT


def write_network(
    path: Path,
    nodes: Sequence[Any],
    inputs: Sequence[tuple[str, int, Sequence[Any]]],
    outputs: Sequence[tuple[str, int, Sequence[Any]]],
    constants: dict[str, np.ndarray[Any, Any]],
    card: str = "",
) -> Path:
    """Write an ONNX file and its card beside it."""
    graph = helper.make_graph(
        list(nodes),
        "odd",
        [helper.make_tensor_value_info(*one) for one in inputs],
        [helper.make_tensor_value_info(*one) for one in outputs],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    path.with_suffix(".card.toml").write_text(CARD + card)
    return path


def mean_network(
    path: Path,
    shape: Sequence[Any] = (1, 3, 64, 64),
    axes: Sequence[int] = (1,),
    keep: int = 1,
    out: Sequence[Any] = (1, 1, 64, 64),
    picture: int = FLOAT,
    gives: int = FLOAT,
    card: str = "",
) -> Path:
    """Write a network whose depth is 10 times the mean over some axes, with any types of input and output."""
    nodes = [
        helper.make_node("Cast", ["image"], ["x"], to=FLOAT),
        helper.make_node("ReduceMean", ["x"], ["grey"], axes=list(axes), keepdims=keep),
        helper.make_node("Mul", ["grey", "ten"], ["depth32"]),
        helper.make_node("Cast", ["depth32"], ["depth"], to=gives),
    ]
    ten = {"ten": np.array(10.0, np.float32)}
    return write_network(path, nodes, [("image", picture, shape)], [("depth", gives, out)], ten, card)


def moody_network(path: Path, kind: str, above: float, size: int = 64) -> Path:
    """Write a network that gives no depth for pictures whose mean, 0..1, is above a number: "nan", "inf", "constant",
    "shape" or "far" (finite, but beyond all codes), and 1 + 4 times the grey value for others."""
    given = {
        "nan": [helper.make_node("Where", ["bad", "nan", "grey"], ["depth"])],
        "inf": [helper.make_node("Where", ["bad", "inf", "grey"], ["depth"])],
        "constant": [helper.make_node("Where", ["bad", "two", "grey"], ["depth"])],
        "far": [
            helper.make_node("Mul", ["grey", "million"], ["far"]),
            helper.make_node("Where", ["bad", "far", "grey"], ["depth"]),
        ],
        "shape": [
            helper.make_node("Cast", ["bad"], ["more"], to=TensorProto.INT64),
            helper.make_node("Add", ["more", "one"], ["channels"]),
            helper.make_node("Concat", ["one", "channels", "one", "one"], ["times"], axis=0),
            helper.make_node("Tile", ["grey", "times"], ["depth"]),
        ],
    }
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["plain"], axes=[1], keepdims=1),
        helper.make_node("Mul", ["plain", "four"], ["steep"]),
        helper.make_node("Add", ["steep", "unit"], ["grey"]),
        helper.make_node("ReduceMean", ["image"], ["whole"], keepdims=0),
        helper.make_node("Reshape", ["whole", "one"], ["level"]),
        helper.make_node("Greater", ["level", "above"], ["bad"]),
        *given[kind],
    ]
    number = np.float32
    constants: dict[str, np.ndarray[Any, Any]] = {
        "four": np.array(4, number),
        "unit": np.array(1, number),
        "two": np.array(2, number),
        "million": np.array(1e6, number),
        "nan": np.array(np.nan, number),
        "inf": np.array(np.inf, number),
        "above": np.array([above], number),
        "one": np.array([1], np.int64),
    }
    shape = [1, None, size, size] if kind == "shape" else [1, 1, size, size]
    return write_network(path, nodes, [("image", FLOAT, [1, 3, size, size])], [("depth", FLOAT, shape)], constants)


def external_network(path: Path, add: float = 1.0, location: str = "", size: int = 64) -> Path:
    """Write a network whose weights, grey + a map of one number, lie in a file beside it, "NAME.onnx_data"."""
    ramp = np.full((1, 1, size, size), add, np.float32) + np.linspace(0, 1, size, dtype=np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["image"], ["grey"], axes=[1], keepdims=1),
            helper.make_node("Add", ["grey", "weights"], ["depth"]),
        ],
        "external",
        [helper.make_tensor_value_info("image", FLOAT, [1, 3, size, size])],
        [helper.make_tensor_value_info("depth", FLOAT, [1, 1, size, size])],
        [numpy_helper.from_array(ramp, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    beside = location or path.name + "_data"
    (path.parent / beside).unlink(missing_ok=True)  # onnx appends
    save_model(model, path, save_as_external_data=True, location=beside, size_threshold=0)
    path.with_suffix(".card.toml").write_text(CARD)
    return path
