"""Average cut-out networks that went on from one another, weight by weight: one network, as fast as each of them.

    python -m training.cutout.blend mean.onnx first.onnx second.onnx
    python -m training.cutout.blend mean.onnx first.onnx second.onnx --shares 0.3 0.7

Networks trained on from the same weights lie in one basin, and their mean serves unseen pictures better than the last
of them (Wortsman et al. 2022: "Model soups" and "Robust fine-tuning of zero-shot models").  Normalisations are folded
into the files' weights, which are what is averaged.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from training.cutout.warm import FOLDED, FORMERLY

Tensors = dict[str, NDArray[np.float64]]


def blended(models: Sequence[onnx.ModelProto], shares: Sequence[float]) -> onnx.ModelProto:
    """Return the last network with weights averaged over all by their shares.

    Of an output that only some of them have, these alone count.  Raises KeyError where one is another network.
    """
    last = _tensors(models[-1])
    names = list(last)
    each = [_tensors(model) for model in models]
    made = onnx.ModelProto()
    made.CopyFrom(models[-1])
    weights = [tensor for tensor in made.graph.initializer if _is_weight(tensor)]
    for tensor, name in zip(weights, names, strict=True):
        total, by = np.zeros_like(last[name]), np.zeros_like(last[name])
        for tensors, share in zip(each, shares, strict=True):
            if name not in tensors:
                if name.startswith("net.coarse."):
                    continue  # what only training had in the first edition
                raise KeyError(f"a network without {name}")
            there = tuple(slice(side) for side in tensors[name].shape)
            total[there] += share * tensors[name]
            by[there] += share
        kind = numpy_helper.to_array(tensor).dtype
        tensor.CopyFrom(numpy_helper.from_array((total / by).astype(kind), tensor.name))
    return made


def _is_weight(tensor: onnx.TensorProto) -> bool:
    return numpy_helper.to_array(tensor).dtype in (np.float16, np.float32)


def _tensors(model: onnx.ModelProto) -> Tensors:
    """Return a network's weights by the first edition's names; folded ones, whose names are numbers, by their place."""
    found: Tensors = {}
    for tensor in model.graph.initializer:
        if _is_weight(tensor):
            name = tensor.name.removesuffix(".half").replace(*FORMERLY)
            if name.startswith(FOLDED):
                name = f"{FOLDED}{sum(one.startswith(FOLDED) for one in found)}"
            found[name] = numpy_helper.to_array(tensor).astype(np.float64)
    return found


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--shares", type=float, nargs="+", help="one a file; equal ones, if left out")
    args = parser.parse_args()
    shares = args.shares or [1 / len(args.files)] * len(args.files)
    if len(shares) != len(args.files):
        parser.error(f"{len(shares)} shares for {len(args.files)} files")
    made = blended([onnx.load(str(path)) for path in args.files], shares)
    args.out.write_bytes(made.SerializeToString())


if __name__ == "__main__":
    main()
