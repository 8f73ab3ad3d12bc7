"""Join two trained networks into the one that ships: one sees the picture, the other its mirror image.

    python -m training.cutout.join FIRST.onnx SECOND.onnx cutout-small.onnx

Either file, as `train` writes it, asks one network twice, about the picture and about its mirror image.  Joined, each
of the two is asked once, so that the answer, the mean of their logits, costs as much as before.  People are the
second's to tell.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import GraphProto, NodeProto, compose, helper, numpy_helper

from training.cutout.net import OUTPUTS

GIVEN, MIRRORED = "input", "mirrored"
# numbers that the joining nodes use: the end of a list, beyond its other end, axes and places
_NUMBERS = {"last": -1, "beyond": -(2**62), "none": 0, "one": 1, "two": 2, "width": 3}


def join(first: Path, second: Path, out: Path) -> None:
    """Write the two as one network, outputs "alpha" and "person".

    Raises ValueError where `train` did not write one of them, or they see pictures of other sizes.
    """
    one, two = onnx.load(str(first)), onnx.load(str(second))
    parts = _network(one, GIVEN, "first"), _network(two, MIRRORED, "second")
    side = one.graph.input[0].type.tensor_type.shape.dim[2].dim_value
    if side != two.graph.input[0].type.tensor_type.shape.dim[2].dim_value:
        raise ValueError(f"{first.name} and {second.name} see pictures of other sizes")
    nodes = [_mirror(GIVEN, MIRRORED), *parts[0][0].node, *parts[1][0].node]
    nodes += [_mirror(parts[1][1], "second"), _channel(parts[0][1], "none", "one", "alpha of the first")]
    nodes += [_channel("second", "none", "one", "alpha of the second"), _channel("second", "one", "two", "of people")]
    nodes += [helper.make_node("Mean", ["alpha of the first", "alpha of the second"], ["of both"])]
    nodes += [
        helper.make_node("Sigmoid", [logits], [name])
        for logits, name in zip(("of both", "of people"), OUTPUTS, strict=True)
    ]
    numbers = [numpy_helper.from_array(np.array([value], np.int64), name) for name, value in _NUMBERS.items()]
    outputs = [_picture(name, 1, side) for name in OUTPUTS]
    stored = [*numbers, *parts[0][0].initializer, *parts[1][0].initializer]
    graph = helper.make_graph(nodes, "cutout", [_picture(GIVEN, 3, side)], outputs, stored)
    model = helper.make_model(graph, opset_imports=one.opset_import, ir_version=one.ir_version)
    onnx.checker.check_model(model)
    out.write_bytes(model.SerializeToString())


def _network(model: onnx.ModelProto, given: str, prefix: str) -> tuple[GraphProto, str]:
    """Return a file's network alone, which is given the tensor `given`, its names prefixed, and that of its logits.

    What `Alphas` adds about it is left out: a picture joined to its mirror image before it, a Reshape after it.
    """
    nodes = list(model.graph.node)
    pairs = [node.output[0] for node in nodes if node.op_type == "Concat" and GIVEN in node.input]
    split = [node.input[0] for node in nodes if node.op_type == "Reshape"]
    if len(pairs) != 1 or not split:
        raise ValueError("a network to be joined must have been exported by training.cutout.train")
    wanted, kept = {split[-1]}, []
    for node in reversed(nodes):
        if wanted & set(node.output) and pairs[0] not in node.output:
            kept.append(node)
            wanted |= set(node.input)
    stored = [tensor for tensor in model.graph.initializer if tensor.name in wanted]
    alone = compose.add_prefix_graph(helper.make_graph(kept[::-1], "network", [], [], stored), f"{prefix}/")
    for node in alone.node:
        node.input[:] = [given if name in (pairs[0], f"{prefix}/{pairs[0]}") else name for name in node.input]
    return alone, f"{prefix}/{split[-1]}"


def _mirror(given: str, made: str) -> NodeProto:
    return helper.make_node("Slice", [given, "last", "beyond", "width", "last"], [made])


def _channel(given: str, begin: str, end: str, made: str) -> NodeProto:
    return helper.make_node("Slice", [given, begin, end, "one"], [made])


def _picture(name: str, channels: int, side: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", channels, side, side])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("first", "second", "out"):
        parser.add_argument(name, type=Path)
    args = parser.parse_args()
    join(args.first, args.second, args.out)


if __name__ == "__main__":
    main()
