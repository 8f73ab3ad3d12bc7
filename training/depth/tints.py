"""The same picture as it might have looked: in other light, and with its things in other colours and patterns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from figureground.core.nouns import Picture
from training.depth.rooms import PERSON

_COLOURED = 0.7  # share of drawn rooms that get other colours
_PATTERNED = 0.5  # of those, the share in which some things get a photo's pattern too


def in_other_colours(
    random: np.random.Generator, rgb: Picture, thing: NDArray[np.uint8], pattern: Picture | None
) -> Picture:
    """Return a drawn room with its things (h, w) in other colours, and some with the pattern of a photo on them.

    Drawn materials are few; so that a floor is not known by them, any thing may be of any colour, and a pattern that
    does not follow the surface says that not everything that looks like an edge is one.
    """
    if random.random() > _COLOURED:
        return rgb
    grey = random.normal(0, 0.35, (256, 1)) + random.normal(0, 0.15, (256, 3))
    grey[PERSON] *= 0.3
    gain = np.exp(grey * float(random.random())).astype(np.float32)
    made = rgb * gain[thing]
    if pattern is not None and random.random() < _PATTERNED:
        side = rgb.shape[0]
        part = float(random.uniform(0.1, 1.0)) * pattern.shape[0]
        x, y = random.uniform(0, pattern.shape[0] - part, 2)
        box = (x, y, x + part, y + part)
        image = np.asarray(Image.fromarray(pattern).resize((side, side), Image.Resampling.BILINEAR, box=box))
        chosen = (random.random(256) < 0.35).astype(np.float32) * float(random.uniform(0.3, 1.0))
        chosen[PERSON] = 0
        light = image.astype(np.float32) / max(float(image.mean()), 20.0)
        made *= 1 + chosen[thing][..., None] * (np.clip(light, 0.2, 2.5) - 1)
    return np.clip(made, 0, 255).astype(np.uint8)


def in_other_light(random: np.random.Generator, rgb: Picture) -> Picture:
    """Return a picture as another camera might have taken it: white balance, exposure, contrast, blur, noise."""
    level = np.arange(256, dtype=np.float32) / 255
    gamma, contrast, bright = np.exp(random.normal(0, 0.25)), np.exp(random.normal(0, 0.12)), random.normal(0, 0.04)
    curve = np.clip((level**gamma - 0.5) * contrast + 0.5 + bright, 0, 1)
    gains = np.exp(random.normal(0, 0.07, 3))
    tables = [np.clip(255 * curve * gain, 0, 255).astype(np.uint8) for gain in gains]
    made = np.stack([table[rgb[..., c]] for c, table in enumerate(tables)], -1)
    if random.random() < 0.35:
        radius = float(random.uniform(0.3, 1.6))
        made = np.asarray(Image.fromarray(made).filter(ImageFilter.GaussianBlur(radius)))
    if random.random() < 0.6:
        vivid = 0.0 if random.random() < 0.05 else random.uniform(0.4, 1.3)
        grey = made.mean(-1, dtype=np.float32, keepdims=True)
        made = np.clip(grey + (made - grey) * np.float32(vivid), 0, 255).astype(np.uint8)
    if random.random() < 0.35:
        noise = random.standard_normal(made.shape, np.float32) * np.float32(random.uniform(1, 9))
        made = np.clip(made + noise, 0, 255).astype(np.uint8)
    return made
