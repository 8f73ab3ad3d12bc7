"""A torch network as an ONNX file with float16 weights, which onnxruntime makes float32 as it loads them."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn


def export(net: nn.Module, side: int, path: Path, given: str, *made: str) -> None:
    """Write a network of pictures (n, 3, side, side) float32, its input and outputs named; n is free."""
    partial = path.with_suffix(".partial")
    free = {name: {0: "n"} for name in (given, *made)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the newer exporter needs a package more
        torch.onnx.export(
            net.eval(),
            (torch.zeros(1, 3, side, side),),
            str(partial),
            input_names=[given],
            output_names=list(made),
            dynamic_axes=free,
            opset_version=17,
            dynamo=False,
        )
    model = halved(onnx.load(str(partial)))
    onnx.checker.check_model(model)
    partial.write_bytes(model.SerializeToString())
    partial.replace(path)


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model with its large float32 weights stored as float16, each behind a Cast to float32."""
    graph = model.graph
    casts, kept = [], []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 64:
            kept.append(tensor)
            continue
        if float(np.abs(values).max()) > float(np.finfo(np.float16).max):
            raise ValueError(f"{tensor.name} does not fit into float16")
        kept.append(numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}.half"))
        casts.append(helper.make_node("Cast", [f"{tensor.name}.half"], [tensor.name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    return model
