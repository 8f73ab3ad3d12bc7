"""Going on from an exported network: the weights of a shipped file, put back into the form that learns.

The file's normalisations are folded into the convolutions before them.  What a normalisation takes in is measured on a
few pictures, and its scale and shift are set so that the network says what the file says, in training as well.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from training.cutout.net import CutoutNet, Separable

_FORMERLY = ("depthwise", "filter")  # what the first edition's file calls the encoder's depthwise convolutions


def start_from(net: CutoutNet, path: Path, pictures: Tensor) -> None:
    """Fill a network from an exported cut-out network of the same trunk and decoder, of one output or of several.

    `pictures`, normalised (n, 3, s, s), are what the normalisations are measured on.  An output that the file lacks
    keeps its random start.  Raises KeyError where the file is another network.
    """
    graph = onnx.load(str(path)).graph
    there = {
        tensor.name.removesuffix(".half"): torch.from_numpy(numpy_helper.to_array(tensor).astype(np.float32))
        for tensor in graph.initializer
    }
    mixes = [module for module in net.modules() if isinstance(module, Separable)]
    folded = [name for name in there if name.startswith("onnx::Conv_")]  # weight, bias, weight, bias, ...
    if len(folded) != 2 * len(mixes):
        raise KeyError(f"{path.name} has {len(folded)} folded tensors instead of {2 * len(mixes)}")
    with torch.no_grad():
        later = {id(p) for module in mixes for part in (module.mix, module.norm) for p in part.parameters()}
        for name, parameter in net.named_parameters():
            if id(parameter) in later or (name.startswith("coarse.") and f"net.{name}" not in there):
                continue  # the first edition's file lacks what only training had
            same = f"net.{name}" if f"net.{name}" in there else f"net.{name.replace(*_FORMERLY)}"
            parameter[: len(there[same])] = there[same]  # of an output that is new, nothing
        for module, weight, bias in zip(mixes, folded[::2], folded[1::2], strict=True):
            module.mix.weight.copy_(there[weight])
            _unfolded(module.norm, there[bias])
    _measured(net, mixes, pictures)


def _unfolded(norm: nn.BatchNorm2d, bias: Tensor) -> None:
    """Let a normalisation do nothing but add the bias, as long as it is not in training."""
    norm.running_mean, norm.running_var = torch.zeros_like(bias), torch.full_like(bias, 1 - norm.eps)
    norm.weight.fill_(1)
    norm.bias.copy_(bias)


@torch.no_grad()
def _measured(net: CutoutNet, mixes: list[Separable], pictures: Tensor) -> None:
    """Set every normalisation to the mean and variance of what it takes in; what it gives stays the same."""
    taken: dict[int, Tensor] = {}
    hooks = [
        module.norm.register_forward_pre_hook(lambda norm, given: taken.__setitem__(id(norm), given[0]))
        for module in mixes
    ]
    net.eval()
    net(pictures)
    for hook in hooks:
        hook.remove()
    for norm in (module.norm for module in mixes):
        mean, variance = taken[id(norm)].mean((0, 2, 3)), taken[id(norm)].var((0, 2, 3), unbiased=False)
        norm.running_mean, norm.running_var = mean, variance
        norm.weight.copy_(torch.sqrt(variance + norm.eps))
        norm.bias.add_(mean)
