"""A tiny stock of drawn pictures, so that the training can be tried without photos."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from training.cutout import grounds
from training.cutout.augment import tight
from training.cutout.data import Pixels, Stock


def stock(seed: int) -> Stock:
    """Return eight photos of a kind of person (head, body, legs) on noise, four figures, four rooms of noise."""
    rng = np.random.default_rng(seed)
    photos = []
    for _ in range(8):
        ground = grounds.street(rng, 128)
        figure = person(rng)
        alpha = figure[..., 3:].astype(np.float32) / 255
        mixed = ground * (1 - alpha) + figure[..., :3] * alpha
        photos.append(np.dstack([mixed.astype(np.uint8), figure[..., 3]]))
    rooms = [grounds.street(rng, 128) for _ in range(4)]
    people = [tight(person(rng)) for _ in range(4)]
    return Stock(photos=photos[:6], people=people, rooms=rooms, held_photos=photos[6:])


def person(rng: np.random.Generator) -> Pixels:
    """Return RGBA 128 x 128: a standing figure of ellipses and boxes."""
    image = Image.new("RGBA", (128, 128))
    draw = ImageDraw.Draw(image)
    x = int(rng.integers(40, 88))
    skin, shirt, trousers = ((*(int(c) for c in rng.integers(20, 235, 3)), 255) for _ in range(3))
    draw.rectangle((x - 9, 70, x + 9, 120), fill=trousers)
    draw.rounded_rectangle((x - 14, 32, x + 14, 76), 6, fill=shirt)
    draw.ellipse((x - 8, 12, x + 8, 34), fill=skin)
    return np.asarray(image)
