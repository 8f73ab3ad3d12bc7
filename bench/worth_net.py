"""A small segmentation network and its short training: what `bench/worth.py` asks of every dataset alike.

Pictures are stretched to SIDE x SIDE.  EfficientNet-Lite0 with its ImageNet weights, the cut-out network's decoder up
to a quarter of the side, cross-entropy and Dice, AdamW down a cosine; random crops, mirrored or not, are all that is
changed in a picture.  The last weights count; nothing is selected.

What the encoder's frozen blocks say of a crop does not change in training, so it is worked out once, for all seeds:
they see the same crops, EACH times each, in other orders and from other weights.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from figureground.core.arrays import Bools
from training.common.encoder import MEAN, STD, Encoder, load_imagenet
from training.cutout.net import Climb

SIDE, BATCH, EACH = 128, 16, 2
_AREA, _ASPECT = (0.4, 1.0), 4 / 3  # of the picture that a crop shows; and how far its shape may be from it
_WIDTHS = (32, 48, 64)  # decoder channels at 1/4, 1/8 and 1/16
_RATE, _ENCODER_RATE, _DECAY, _CLIMB = 2e-3, 3e-4, 1e-3, 20
Pictures = NDArray[np.uint8]


@dataclass(frozen=True)
class Training:
    """How long, and how many of the encoder's blocks (of 15) keep their ImageNet weights."""

    encoder: Path
    steps: int = 300
    frozen: int = 15


class Segmenter(nn.Module):
    """Logits (n, 1, SIDE, SIDE) of whether a figure is there, of what `look` says of pictures (n, 3, SIDE, SIDE)."""

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


def trained(crops: Crops, seed: int, training: Training) -> Segmenter:
    """Return a network that was trained on crops; the same for the same seed."""
    torch.manual_seed(seed)
    net = Segmenter(training).train()
    own = [p for p in net.encoder.parameters() if p.requires_grad]
    rest = [p for name, p in net.named_parameters() if not name.startswith("encoder.")]
    groups = [{"params": own, "lr": _ENCODER_RATE}, {"params": rest, "lr": _RATE}]
    optimiser = torch.optim.AdamW([group for group in groups if group["params"]], weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _share(step, training.steps))
    for rows in drawn(len(crops.masks), training.steps, seed):
        seen = [of[rows].float().contiguous(memory_format=torch.channels_last) for of in crops.seen]
        wanted = crops.masks[rows].float() / 255
        loss = loss_of(net(seen), wanted)
        optimiser.zero_grad()
        torch.autograd.backward([loss])
        optimiser.step()
        schedule.step()
    return net.eval()


def loss_of(logits: Tensor, wanted: Tensor) -> Tensor:
    """Return the cross-entropy of a batch, and how far its masks are from lying on each other (soft Dice).

    The second counts figures whatever their size: without it small ones drown in pixels of background.
    """
    sure = torch.sigmoid(logits)
    shared, sizes = (sure * wanted).sum(), sure.sum() + wanted.sum()
    return functional.binary_cross_entropy_with_logits(logits, wanted) + 1 - (2 * shared + 1) / (sizes + 1)


@dataclass(frozen=True)
class Crops:
    """What the frozen blocks say of n crops, half floats, and their masks, uint8 (n, 1, SIDE, SIDE)."""

    seen: list[Tensor]
    masks: Tensor


def crops_of(images: Pictures, masks: Bools, training: Training) -> Crops:
    """Return random crops of images (n, h, w, 3) and masks (n, h, w): as many as a training takes that sees each EACH
    times."""
    net = Segmenter(training).eval()
    rng = np.random.default_rng(0)
    rows = np.concatenate(list(drawn(len(images), training.steps // EACH, 0)))
    seen, wanted = [], []
    for start in range(0, len(rows), BATCH):
        both = torch.cat([cropped(images[i], masks[i], rng) for i in rows[start : start + BATCH]])
        seen.append([of.half() for of in net.look(both[:, :3])])
        wanted.append((both[:, 3:] * 255).round().byte())
    return Crops([torch.cat(of) for of in zip(*seen, strict=True)], torch.cat(wanted))


def drawn(count: int, steps: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Yield BATCH of the numbers below `count` a step; every one comes once before any comes again."""
    rng = np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(count) for _ in range(steps * BATCH // count + 1)])
    for step in range(steps):
        yield order[step * BATCH : (step + 1) * BATCH]


def cropped(image: Pictures, mask: Bools, rng: np.random.Generator) -> Tensor:
    """Return a random part of a picture and its mask as one, (1, 4, SIDE, SIDE), mirrored half the time."""
    height, width = mask.shape
    area, aspect = rng.uniform(*_AREA), math.exp(rng.uniform(-1, 1) * math.log(_ASPECT))
    across = min(width, max(1, round(width * math.sqrt(area * aspect))))
    down = min(height, max(1, round(height * math.sqrt(area / aspect))))
    left, top = (int(rng.integers(0, rest + 1)) for rest in (width - across, height - down))
    window = slice(top, top + down), slice(left, left + across)
    both = np.dstack([image[window], mask[window]]).astype(np.float32)
    if rng.random() < 0.5:
        both = both[:, ::-1]
    tensor = torch.from_numpy(np.ascontiguousarray(both.transpose(2, 0, 1)))[None]
    return functional.interpolate(tensor, (SIDE, SIDE), mode="bilinear", align_corners=False)


def found(net: Segmenter, images: Pictures) -> Bools:
    """Return where a network sees a figure in images (n, SIDE, SIDE, 3): (n, SIDE, SIDE), at probability 0.5."""
    masks = []
    with torch.inference_mode():
        for start in range(0, len(images), BATCH):
            some = torch.from_numpy(images[start : start + BATCH].transpose(0, 3, 1, 2).astype(np.float32))
            masks.append((net(net.look(some))[:, 0] > 0).numpy())
    return np.concatenate(masks)


def _share(step: int, steps: int) -> float:
    """Return the factor on the learning rates: a short climb, then half a cosine."""
    return min(1.0, (step + 1) / _CLIMB) * 0.5 * (1 + math.cos(math.pi * step / steps))
