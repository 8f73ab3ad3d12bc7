"""A small network and its short training, for masks or for depth: what `bench/worth.py` asks of every dataset alike.

Pictures are stretched to SIDE x SIDE.  EfficientNet-Lite0 with its ImageNet weights, the cut-out network's decoder up
to a quarter of the side, AdamW down a cosine.  Pictures are cropped at random, mirrored or not, and their light is
changed.  The last weights count; nothing is selected.  A picture is answered for together with its mirror image.

What the encoder's frozen blocks say of a crop does not change in training, so it is worked out once, for all seeds:
they see the same crops, EACH times each, in other orders and from other weights.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from figureground.core.arrays import Bools, Singles
from training.common.encoder import MEAN, STD, Encoder, load_imagenet
from training.cutout.net import Climb

SIDE, BATCH, EACH = 128, 16, 2
_AREA, _ASPECT = (0.4, 1.0), 4 / 3  # of the picture that a crop shows; and how far its shape may be from it
_GAIN, _TINT, _CONTRAST = 0.3, 0.1, 0.3  # how far light, each colour of it, and contrast may be from what they were
_WIDTHS = (32, 48, 64)  # decoder channels at 1/4, 1/8 and 1/16
_RATE, _ENCODER_RATE, _DECAY, _CLIMB = 2e-3, 3e-4, 1e-3, 20
Pictures = NDArray[np.uint8]


@dataclass(frozen=True)
class Training:
    """How long, how many of the encoder's blocks (of 15) keep their ImageNet weights, and for masks or for depth."""

    encoder: Path
    steps: int = 300
    frozen: int = 15
    depth: bool = False


class Network(nn.Module):
    """One number a pixel, (n, 1, SIDE, SIDE), of what `look` says of pictures (n, 3, SIDE, SIDE): the logit of a figure
    being there, or the logarithm of depth."""

    def __init__(self, training: Training) -> None:
        super().__init__()
        self.encoder = Encoder(6)
        load_imagenet(self.encoder, training.encoder)
        self.frozen = training.frozen
        for part in self.encoder.frozen_parts(training.frozen):
            part.requires_grad_(False)
        *skips, below = self.encoder.channels
        climbs = []
        for skip, width in zip(skips[:0:-1], _WIDTHS[::-1], strict=True):
            climbs.append(Climb(below, skip, width))
            below = width
        self.climbs = nn.ModuleList(climbs)
        self.out = nn.Conv2d(below, 16, 3, 1, 1)  # the sixteen pixels of each 4 x 4

    def look(self, pictures: Tensor) -> list[Tensor]:
        """Return what the frozen blocks say of pictures, 0..255: the features that the decoder takes, and the last."""
        mean, std = (torch.tensor(v).reshape(1, 3, 1, 1) * 255 for v in (MEAN, STD))
        y = ((pictures - mean) / std).contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            return self._walk(self.encoder.act(self.encoder.stem(y)), range(self.frozen))

    def forward(self, seen: list[Tensor]) -> Tensor:
        *skips, y = [*seen[:-1], *self._walk(seen[-1], range(self.frozen, len(self.encoder.blocks)))]
        for climb, skip in zip(self.climbs, skips[::-1], strict=True):
            y = climb(y, skip)
        return functional.pixel_shuffle(self.out(y), 4)

    def _walk(self, y: Tensor, blocks: range) -> list[Tensor]:
        """Return the features on the way through blocks that the decoder takes, and those after the last of them."""
        kept = []
        for k in blocks:
            y = self.encoder.blocks[k](y)
            if k in self.encoder.taps[1:-1]:
                kept.append(y)
        return [*kept, y]


def trained(crops: Crops, seed: int, training: Training) -> Network:
    """Return a network that was trained on crops; the same for the same seed."""
    torch.manual_seed(seed)
    net = Network(training).train()
    own = [p for p in net.encoder.parameters() if p.requires_grad]
    rest = [p for name, p in net.named_parameters() if not name.startswith("encoder.")]
    groups = [{"params": own, "lr": _ENCODER_RATE}, {"params": rest, "lr": _RATE}]
    optimiser = torch.optim.AdamW([group for group in groups if group["params"]], weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _share(step, training.steps))
    loss_of = depth_loss if training.depth else mask_loss
    for rows in drawn(len(crops.wanted), training.steps, seed):
        seen = [of[rows].float().contiguous(memory_format=torch.channels_last) for of in crops.seen]
        loss = loss_of(net(seen), crops.wanted[rows].float())
        optimiser.zero_grad()
        torch.autograd.backward([loss])
        optimiser.step()
        schedule.step()
    return net.eval()


def mask_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    """Return the cross-entropy of a batch, and how far its masks are from lying on each other (soft Dice).

    The second counts figures whatever their size: without it small ones drown in pixels of background.
    """
    sure = torch.sigmoid(logits)
    shared, sizes = (sure * wanted).sum(), sure.sum() + wanted.sum()
    return functional.binary_cross_entropy_with_logits(logits, wanted) + 1 - (2 * shared + 1) / (sizes + 1)


def depth_loss(said: Tensor, wanted: Tensor) -> Tensor:
    """Return how far the logarithms of depth are from those wanted, less their mean in each picture, and how far their
    steps from pixel to pixel are.

    No scale is asked for (Eigen et al. 2014); the steps are those of Ranftl et al. 2020, at one size.  NaN is unknown.
    """
    known = torch.isfinite(wanted)
    wrong = torch.where(known, said - torch.nan_to_num(wanted), 0)
    wrong = torch.where(known, wrong - wrong.sum((1, 2, 3), keepdim=True) / _number(known), 0)
    loss = (wrong.abs().sum((1, 2, 3), keepdim=True) / _number(known)).mean()
    for axis in (2, 3):
        both = known.narrow(axis, 1, SIDE - 1) & known.narrow(axis, 0, SIDE - 1)
        step = torch.where(both, wrong.diff(dim=axis).abs(), 0)
        loss = loss + (step.sum((1, 2, 3), keepdim=True) / _number(both)).mean()
    return loss


def _number(known: Tensor) -> Tensor:
    return known.sum((1, 2, 3), keepdim=True).clamp(min=1)


@dataclass(frozen=True)
class Crops:
    """What the frozen blocks say of n crops, and what is wanted of them, (n, 1, SIDE, SIDE), all half floats."""

    seen: list[Tensor]
    wanted: Tensor


def crops_of(images: Pictures, wanted: Bools | Singles, training: Training) -> Crops:
    """Return random crops of images (n, h, w, 3) and of what is wanted of them, masks or the logarithms of depth
    (n, h, w): as many as a training takes that sees each EACH times."""
    net = Network(training).eval()
    rng = np.random.default_rng(0)
    rows = np.concatenate(list(drawn(len(images), training.steps // EACH, 0)))
    seen, asked = [], []
    for start in range(0, len(rows), BATCH):
        pairs = [cropped(images[i], wanted[i], rng) for i in rows[start : start + BATCH]]
        seen.append([of.half() for of in net.look(torch.cat([relit(picture, rng) for picture, _ in pairs]))])
        asked.append(torch.cat([answer for _, answer in pairs]).half())
    return Crops([torch.cat(of) for of in zip(*seen, strict=True)], torch.cat(asked))


def drawn(count: int, steps: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Yield BATCH of the numbers below `count` a step; every one comes once before any comes again."""
    rng = np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(count) for _ in range(steps * BATCH // count + 1)])
    for step in range(steps):
        yield order[step * BATCH : (step + 1) * BATCH]


def cropped(image: Pictures, wanted: Bools | Singles, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Return a random part of a picture, (1, 3, SIDE, SIDE) in 0..255, and what is wanted there, (1, 1, SIDE, SIDE);
    mirrored half the time.

    Depth is not mixed between pixels: a depth between a figure's and the wall's is nobody's.
    """
    height, width = wanted.shape
    area, aspect = rng.uniform(*_AREA), math.exp(rng.uniform(-1, 1) * math.log(_ASPECT))
    across = min(width, max(1, round(width * math.sqrt(area * aspect))))
    down = min(height, max(1, round(height * math.sqrt(area / aspect))))
    left, top = (int(rng.integers(0, rest + 1)) for rest in (width - across, height - down))
    window = slice(top, top + down), slice(left, left + across)
    turn = -1 if rng.random() < 0.5 else 1
    picture, answer = (_tensor(of[window][:, ::turn]) for of in (image, wanted[..., None]))
    smooth = functools.partial(functional.interpolate, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
    exact = functools.partial(functional.interpolate, size=(SIDE, SIDE), mode="nearest-exact")
    return smooth(picture), (smooth if wanted.dtype == np.bool_ else exact)(answer)


def relit(picture: Tensor, rng: np.random.Generator) -> Tensor:
    """Return a picture, (1, 3, h, w) in 0..255, in a light of another strength, colour and contrast."""
    gain = math.exp(rng.uniform(-_GAIN, _GAIN))
    tint = torch.from_numpy(np.exp(rng.uniform(-_TINT, _TINT, (1, 3, 1, 1))).astype(np.float32))
    contrast, middle = math.exp(rng.uniform(-_CONTRAST, _CONTRAST)), picture.mean()
    return (((picture - middle) * contrast + middle) * gain * tint).clamp(0, 255)


def _tensor(array: NDArray[Any]) -> Tensor:
    """Return (h, w, c) of any type as floats (1, c, h, w)."""
    return torch.from_numpy(np.ascontiguousarray(array.transpose(2, 0, 1)).astype(np.float32))[None]


def said(net: Network, images: Pictures) -> Singles:
    """Return what a network says of images (n, SIDE, SIDE, 3) and of their mirror images, the mean: (n, SIDE, SIDE)."""
    answers = []
    with torch.inference_mode():
        for start in range(0, len(images), BATCH):
            some = torch.from_numpy(images[start : start + BATCH].transpose(0, 3, 1, 2).astype(np.float32))
            there, mirrored = (net(net.look(one))[:, 0] for one in (some, some.flip(3)))
            answers.append(((there + mirrored.flip(2)) / 2).numpy())
    return np.concatenate(answers)


def _share(step: int, steps: int) -> float:
    """Return the factor on the learning rates: a short climb, then half a cosine."""
    return min(1.0, (step + 1) / _CLIMB) * 0.5 * (1 + math.cos(math.pi * step / steps))
