"""Transforms that change colours and move nothing."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from figureground.torch.draws import Draw
from figureground.torch.tensors import Item

_GREY = (0.299, 0.587, 0.114)  # of sRGB values, as television weighs them


@dataclass(frozen=True)
class ColourJitter:
    """Other brightness, contrast and saturation of the image, each by a factor drawn from 1 - value to 1 + value.

    In this order, on sRGB values 0..1, kept in that range.  The image alone changes; the clean plate does not.
    """

    brightness: float = 0.2
    contrast: float = 0.2
    saturation: float = 0.2

    def __call__(self, item: Item, draw: Draw) -> Item:
        image = item["image"]
        raw = image.dtype == torch.uint8
        rgb = image.to(torch.float32) / 255 if raw else image
        rgb = (rgb * _factor(draw, "brightness", self.brightness)).clamp(0, 1)
        grey = (rgb * torch.tensor(_GREY).reshape(3, 1, 1)).sum(0, keepdim=True)
        mean = grey.mean()
        by = _factor(draw, "contrast", self.contrast)
        rgb, grey = mean + by * (rgb - mean), mean + by * (grey - mean)
        rgb = (grey + _factor(draw, "saturation", self.saturation) * (rgb - grey)).clamp(0, 1)
        return dict(item, image=(rgb * 255).round().to(torch.uint8) if raw else rgb)


def _factor(draw: Draw, purpose: str, strength: float) -> float:
    return draw.uniform(purpose, 1 - strength, 1 + strength)
