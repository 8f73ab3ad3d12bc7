"""The network of depth-small: EfficientNet-Lite0's first six stages, a light decoder, and three answers.

Log depth and floor come from the decoder's last features, the camera from what the whole picture shows and where.
Nothing is batch-normalised: the encoder's normalisation is folded into it, and the decoder starts from the first
edition's, folded likewise, so that a step is cheap and a network does in training what it does when used.
"""

from __future__ import annotations

from math import log
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from training.common.encoder import MEAN, STD, Encoder, conv

SIDE = 256  # px, the input and the outputs
USUAL_FOV = 50.0  # degrees: where an untrained network starts
PITCH_UNIT = 10.0  # degrees
_MIDDLE = 0.9  # log of 2.5 m: where an untrained network starts
_WIDTHS = (128, 80, 40, 24)  # decoder channels at strides 16, 8, 4, 2
_KERNELS = (5, 5, 5, 3)
_GREY = (0.299, 0.587, 0.114)
_WINDOW, _FLAT = 4, 1e-4  # px; variance of grey, 0..1, above which an edge of the picture is one
_SURE = (-3.5, 1.5)  # how small and how large the log of the camera's doubt may be


def normalise(pictures: Tensor) -> Tensor:
    """Return uint8 pictures (n, 3, h, w) as the encoder takes them: the card's mean and std."""
    mean, std = (torch.tensor(v).reshape(1, 3, 1, 1) for v in (MEAN, STD))
    return (pictures.float() / 255 - mean) / std


def box_mean(x: Tensor, radius: int) -> Tensor:
    """Return the mean over windows of 2 * radius + 1 px, cut off at the edge."""
    wide, around = 2 * radius + 1, radius
    tall = functional.avg_pool2d(x, (wide, 1), 1, (around, 0), count_include_pad=False)
    return functional.avg_pool2d(tall, (1, wide), 1, (0, around), count_include_pad=False)


def on_outlines(picture: Tensor, values: Tensor) -> Tensor:
    """Return values (n, 1, h, w) with their edges on those of the normalised picture (n, 3, h, w): a guided filter
    (He, Sun and Tang 2013) by its grey.  It has no weights, and a network behind it learns to leave edges to it."""
    shares = torch.tensor([w * s for w, s in zip(_GREY, STD, strict=True)]).reshape(1, 3, 1, 1)
    grey = (picture * shares).sum(1, keepdim=True)
    means = box_mean(torch.cat([grey, values, grey * values, grey * grey], 1), _WINDOW)
    mean_grey, mean_value = means[:, :1], means[:, 1:2]
    slope = (means[:, 2:3] - mean_grey * mean_value) / (means[:, 3:] - mean_grey * mean_grey + _FLAT)
    lines = box_mean(torch.cat([slope, mean_value - slope * mean_grey], 1), _WINDOW)
    return lines[:, :1] * grey + lines[:, 1:]


class Up(nn.Module):
    """Twice the size: what came from below beside the skip connection, mixed by a depthwise and a 1 x 1 convolution."""

    def __init__(self, below: int, skip: int, made: int, kernel: int) -> None:
        super().__init__()
        self.narrow = conv(below, made)
        self.skip = conv(skip, made)
        self.filter = conv(2 * made, 2 * made, kernel, groups=2 * made)
        self.mix = conv(2 * made, made)
        self.act = nn.ReLU6(inplace=True)

    def forward(self, below: Tensor, skip: Tensor) -> Tensor:
        up = functional.interpolate(self.narrow(below), scale_factor=2.0, mode="bilinear", align_corners=False)
        both = torch.cat([up, self.skip(skip)], 1)
        return cast(Tensor, self.act(self.mix(self.act(self.filter(both)))))


class CameraHead(nn.Module):
    """Pitch and vertical field of view with their doubt (n, 4), from deep features and from where in the picture the
    decoder's coarsest ones lie."""

    def __init__(self, deepest: int, coarse: int) -> None:
        super().__init__()
        self.where = conv(coarse, 32)
        self.mix = nn.Linear(deepest + 32 * 4, 96)
        self.out = nn.Linear(96, 4)
        self.act = nn.ReLU6(inplace=True)
        with torch.no_grad():
            self.out.weight.mul_(0.1)
            self.out.bias.zero_()

    def forward(self, deepest: Tensor, coarse: Tensor) -> Tensor:
        kept = self.act(self.where(coarse))
        rows, columns = kept.shape[2:]
        down = torch.linspace(-1, 1, rows).reshape(1, 1, rows, 1)
        across = torch.linspace(-1, 1, columns).reshape(1, 1, 1, columns)
        moments = [(kept * weight).mean((2, 3)) for weight in (torch.ones(1, 1, 1, 1), down, down**2, across**2)]
        found = self.out(self.act(self.mix(torch.cat([deepest.mean((2, 3)), *moments], 1))))
        return torch.cat([found[:, :1], found[:, 1:2].clamp(*_SURE), found[:, 2:3], found[:, 3:].clamp(*_SURE)], 1)


class DepthNet(nn.Module):
    """Of normalised pictures (n, 3, h, w): log depth (n, 1, h, w), log metres of the canonical camera; the floor's
    logit (n, 1, h, w); and the camera (n, 4): pitch in PITCH_UNIT, log of its doubt, log of the vertical field of view
    over USUAL_FOV, log of its doubt.  A doubt is the mean absolute error that the network expects."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder(6)
        *skips, deepest = self.encoder.channels
        self.whole = nn.Linear(deepest, deepest)
        below, ups = deepest, []
        for skip, made, kernel in zip(reversed(skips), _WIDTHS, _KERNELS, strict=True):
            ups.append(Up(below, skip, made, kernel))
            below = made
        self.ups = nn.ModuleList(ups)
        self.head = conv(below, 4, 3)
        self.floor = nn.Sequential(conv(below, 16, 3), nn.ReLU6(inplace=True), conv(16, 4, 3))
        self.camera = CameraHead(deepest, _WIDTHS[0])
        # all four pixels of a cell start alike, so that no chessboard has to be unlearnt
        last = cast(nn.Conv2d, self.floor[2])
        with torch.no_grad():
            for part in (self.head, last):
                nn.init.normal_(part.weight, std=0.02)
                part.weight[1:] = part.weight[:1]
            for values in (self.head.bias, last.bias, self.whole.weight, self.whole.bias):
                if values is not None:
                    values.zero_()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        depth, floor, camera = self.soft(x)
        return on_outlines(x, depth), floor, camera

    def soft(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the three answers before the depth's edges are moved onto the picture's."""
        *skips, x = self.encoder(x)
        # what the whole picture shows, to every place: the scale of a room is seen nowhere in particular
        deepest = x = x + self.whole(x.mean((2, 3)))[..., None, None]
        coarse = x
        for k, (up, skip) in enumerate(zip(self.ups, reversed(skips), strict=True)):
            x = up(x, skip)
            coarse = x if k == 0 else coarse
        depth = functional.pixel_shuffle(self.head(x), 2) + _MIDDLE
        return depth, functional.pixel_shuffle(self.floor(x), 2), self.camera(deepest, coarse)

    def freeze(self, blocks: int) -> None:
        """Keep the stem and the first blocks as they are."""
        for part in self.encoder.frozen_parts(blocks):
            for parameter in part.parameters():
                parameter.requires_grad_(False)


class Shipped(nn.Module):
    """The network as it is shipped: depth and camera are the mean of what it sees in a picture and in its mirror image.

    Metres (n, 1, h, w), 0.1 to 20; the floor's probability (n, 1, h, w); the camera (n, 4) in degrees: pitch, downwards
    positive, its standard deviation, vertical field of view, its standard deviation.  The second look takes as long
    again; it makes errors smaller and leaves no left or right to prefer.  The floor is that of the first.
    """

    def __init__(self, net: DepthNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        straight, mirrored = self.net.soft(picture), self.net.soft(picture.flip(3))
        # the filter is linear in the depth, so it serves both looks at once
        depth = on_outlines(picture, (straight[0] + mirrored[0].flip(3)) / 2)
        camera = (straight[2] + mirrored[2]) / 2
        spread = 2**0.5 * torch.exp(camera[:, 1::2])  # of a Laplace distribution with that mean absolute error
        fov = USUAL_FOV * torch.exp(camera[:, 2:3])
        told = [PITCH_UNIT * camera[:, :1], PITCH_UNIT * spread[:, :1], fov, fov * spread[:, 1:]]
        return torch.exp(depth.clamp(log(0.1), log(20.0))), torch.sigmoid(straight[1]), torch.cat(told, 1)


def load_shipped(net: DepthNet, path: Path) -> list[str]:
    """Fill a network from an ONNX file of this or the first edition; return the names of what that file lacks.

    The exporter keeps the names of weights that it did not have to fold; the first edition's decoder, whose batch
    normalisation was folded, comes in the order of its layers.
    """
    theirs = {t.name.removesuffix(".half"): numpy_helper.to_array(t) for t in onnx.load(str(path)).graph.initializer}
    state = {name: theirs.get(f"net.{name}") for name in net.state_dict()}
    folded = [values for name, values in theirs.items() if name.startswith("onnx::Conv")]
    decoder = [name for name in state if name.startswith("ups.") and state[name] is None]
    if folded and len(folded) == len(decoder):
        state |= dict(zip(decoder, folded, strict=True))
    found = {n: torch.from_numpy(np.array(values, np.float32)) for n, values in state.items() if values is not None}
    return list(net.load_state_dict(found, strict=False).missing_keys)
