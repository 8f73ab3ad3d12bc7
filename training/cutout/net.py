"""The cut-out network: EfficientNet-Lite0 with a light decoder that climbs back to the picture's size.

It answers two questions a pixel: is this the foreground, whatever that is, and is this a person.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.common.encoder import Encoder

WIDTHS = (32, 48, 64, 96)  # decoder channels at 1/2, 1/4, 1/8 and 1/16
OUTPUTS = ("alpha", "person")


class Separable(nn.Module):
    """Filter each channel, mix channels, normalise, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3) -> None:
        super().__init__()
        self.filter = nn.Conv2d(inputs, inputs, kernel, 1, kernel // 2, groups=inputs, bias=False)
        self.mix = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.act(self.norm(self.mix(self.filter(x))))
        return y


class Climb(nn.Module):
    """Twice the size: what comes from below is enlarged and added to the encoder's features, then filtered."""

    def __init__(self, below: int, skip: int, width: int) -> None:
        super().__init__()
        self.below = nn.Conv2d(below, width, 1)
        self.skip = nn.Conv2d(skip, width, 1)
        self.mix = nn.Sequential(Separable(width, width), Separable(width, width))

    def forward(self, below: Tensor, skip: Tensor) -> Tensor:
        up = functional.interpolate(self.below(below), scale_factor=2.0, mode="bilinear", align_corners=False)
        y: Tensor = self.mix(functional.relu(up + self.skip(skip)))
        return y


class CutoutNet(nn.Module):
    """[n, 3, s, s] normalised RGB -> logits of both outputs: [n, 2, s, s], and coarse ones [n, 2, s/8, s/8]."""

    def __init__(self, stages: int = 6) -> None:
        super().__init__()
        self.encoder = Encoder(stages)
        deepest = self.encoder.channels[-1]
        self.scene = nn.Conv2d(deepest, deepest, 1)  # what the whole picture says, added everywhere
        climbs = []
        below = deepest
        for skip, width in zip(self.encoder.channels[-2::-1], WIDTHS[::-1], strict=True):
            climbs.append(Climb(below, skip, width))
            below = width
        self.climbs = nn.ModuleList(climbs)
        self.coarse = nn.Conv2d(WIDTHS[2], len(OUTPUTS), 1)  # its alpha is for training alone
        self.fine = nn.Conv2d(WIDTHS[0], 4 * len(OUTPUTS), 3, 1, 1)  # the four pixels of each 2 x 2

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        *skips, y = self.encoder(x)
        y = y + self.scene(y.mean((2, 3), keepdim=True))
        coarse = y
        for skip, climb in zip(skips[::-1], self.climbs, strict=True):
            y = climb(y, skip)
            if y.shape[1] == WIDTHS[2]:
                coarse = self.coarse(y)
        fine = functional.pixel_shuffle(self.fine(y), 2)
        # what a thing is, is seen from afar; where it ends, from near
        far = functional.interpolate(coarse[:, 1:], scale_factor=8.0, mode="bilinear", align_corners=False)
        return torch.cat([fine[:, :1], fine[:, 1:] + far], 1), coarse


class Alphas(nn.Module):
    """What is exported: normalised RGB -> alpha and person, [n, 1, s, s] in 0..1.

    The picture and its mirror image are both asked; their logits are averaged.
    """

    def __init__(self, net: CutoutNet, mirrored: bool = True) -> None:
        super().__init__()
        self.net, self.mirrored = net, mirrored

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if self.mirrored:
            both = self.net(torch.cat([x, x.flip(3)]))[0].reshape(2, -1, len(OUTPUTS), x.shape[2], x.shape[3])
            logits = (both[0] + both[1].flip(3)) / 2
        else:
            logits = self.net(x)[0]
        alphas = torch.sigmoid(logits)
        return alphas[:, :1], alphas[:, 1:]
