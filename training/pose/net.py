"""The head as torch learns it, and as whole numbers."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from figureground.networks.pose import POSES

_CHANNELS = (8, 16, 24, 40)
_TOP = 255  # of an activation, and of the input
_WEIGHT = 127


class PoseNet(nn.Module):
    """Four 3 x 3 convolutions with stride 2, each map cut off at 0 and 1, then a layer on the means of its quarters."""

    def __init__(self) -> None:
        super().__init__()
        inner = (1, *_CHANNELS)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 3, 2, 1) for a, b in itertools.pairwise(inner))
        self.norms = nn.ModuleList(nn.BatchNorm2d(b) for b in _CHANNELS)
        self.last = nn.Linear(_CHANNELS[-1] * 4, len(POSES))
        self.drop = nn.Dropout(0.2)

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits (n, poses) of pictures (n, 1, 64, 64) in 0..1."""
        values = pictures
        for layer, norm in zip(self.layers, self.norms, strict=True):
            # half a range of room below and above, so that training does not stand still at the ends
            values = (norm(layer(values)) * 0.25 + 0.25).clamp(0, 1)
        values = nn.functional.avg_pool2d(values, values.shape[-1] // 2).flatten(1)
        logits: Tensor = self.last(self.drop(values))
        return logits


def whole_numbers(net: PoseNet) -> dict[str, NDArray[Any]]:
    """Return the arrays of `figureground.networks.pose.read_head`: norms folded in, everything rounded.

    With activations in 0..255, weights w of a layer become round(w * 2**shift), the largest of them at most 127.
    """
    arrays: dict[str, NDArray[Any]] = {}
    shifts = []
    for n, (layer, norm) in enumerate(zip(net.layers, net.norms, strict=True)):
        weight, bias = _folded(layer, norm)
        shift = int(np.floor(np.log2(_WEIGHT / np.abs(weight).max())))
        arrays[f"w{n}"] = np.rint(weight * 2.0**shift).astype(np.int8)
        # half a step is added, so that the floor that follows rounds
        arrays[f"b{n}"] = np.rint((bias * _TOP + 0.5) * 2.0**shift).astype(np.int32)
        shifts.append(shift)
    weight = net.last.weight.detach().double().numpy()
    bias = net.last.bias.detach().double().numpy()
    cells = (64 >> len(shifts) >> 1) ** 2
    step = 2.0 ** np.floor(np.log2(_WEIGHT / np.abs(weight).max()))
    scale = step * _TOP * cells
    n = len(shifts)
    arrays[f"w{n}"] = np.rint(weight * step).astype(np.int8)
    arrays[f"b{n}"] = np.rint(bias * scale).astype(np.int32)
    arrays["shifts"] = np.array(shifts, np.int8)
    arrays["scale"] = np.array(scale, np.float64)
    return arrays


def _folded(layer: Any, norm: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    weight = layer.weight.detach().double().numpy()
    bias = layer.bias.detach().double().numpy()
    gain = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).detach().double().numpy()
    shift = norm.bias.detach().double().numpy() - norm.running_mean.double().numpy() * gain
    return weight * gain[:, None, None, None] * 0.25, (bias * gain + shift) * 0.25 + 0.25
