"""A torch module as ONNX with its weights stored in half precision, and cast to float32 when it is loaded.

The file is half as large; runtimes fold the casts at load, so that the arithmetic is in float32 as before.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
LEAST = 64  # smaller tensors stay as they are


def export(module: torch.nn.Module, path: Path, side: int) -> None:
    """Write `module`, [n, 3, side, side] -> [n, 1, side, side], with any number of pictures."""
    module = module.eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    names = {"input_names": ["input"], "output_names": ["alpha"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that needs no further package calls itself old
        torch.onnx.export(
            module,
            (torch.zeros(1, 3, side, side),),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            dynamic_axes={"input": {0: "n"}, "alpha": {0: "n"}},
            **names,  # type: ignore[arg-type]
        )
    model = onnx.load(path)
    for dim, size in zip(model.graph.output[0].type.tensor_type.shape.dim[1:], (1, side, side), strict=True):
        dim.dim_value = size
    halve(model)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def halve(model: onnx.ModelProto) -> None:
    """Store float32 weights as float16, each followed by a cast to float32 under the weight's old name."""
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < LEAST:
            continue
        name = weight.name
        half = numpy_helper.to_array(weight).astype(np.float16)
        if not np.isfinite(half).all():
            continue
        weight.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *nodes])
