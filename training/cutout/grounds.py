"""Backgrounds that never were: streets and gardens of noise, and the plain grounds of studios.

Everything takes a numpy Generator and returns uint8 RGB [side, side, 3].
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Pixels = NDArray[np.uint8]


def street(rng: Generator, side: int) -> Pixels:
    """Return soft colour fields, boxes and lines like walls, poles and windows."""
    canvas = np.zeros((side, side, 3), np.float32)
    weight = 1.0
    for cells in (2, 5, 12, 40, 110):
        field = rng.normal(0, 0.8, (cells, cells, 1)) + rng.normal(0, 0.3, (cells, cells, 3))
        small = np.clip(128 + 45 * field, 0, 255).astype(np.uint8)
        up = Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC)
        canvas += weight * (np.asarray(up, np.float32) - 128)
        weight *= rng.uniform(0.4, 0.8)
    canvas += (rng.uniform(50, 200) + rng.normal(0, 20, 3)).astype(np.float32)
    for _ in range(int(rng.integers(0, 14))):
        x, y = rng.uniform(-0.2, 1, 2)
        w, h = rng.uniform(0.01, 0.5, 2) * (1, rng.uniform(0.3, 2))
        part = canvas[
            int(max(y, 0) * side) : int(max(y + h, 0) * side), int(max(x, 0) * side) : int(max(x + w, 0) * side)
        ]
        part *= np.float32(rng.uniform(0.1, 0.6))
        part += (rng.uniform(0, 200) + rng.normal(0, 25, 3)).astype(np.float32)
    return np.clip(canvas, 0, 255).astype(np.uint8)


def studio(rng: Generator, side: int) -> Pixels:
    """Return a plain ground: white, grey or one colour, a little darker to the edges, at times with a floor."""
    kind = rng.random()
    if kind < 0.45:
        colour = rng.uniform(215, 255) + rng.normal(0, 3, 3)
    elif kind < 0.75:
        colour = rng.uniform(60, 215) + rng.normal(0, 6, 3)
    else:
        colour = rng.uniform(10, 250, 3)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    light = 1 - rng.uniform(0, 0.35) * ((x - rng.uniform(0.2, 0.8)) ** 2 + (y - rng.uniform(0.1, 0.8)) ** 2)
    light = light + rng.normal(0, 0.08) * (y - 0.5)
    if rng.random() < 0.5:  # a floor, which a rounded corner or a sharp line parts from the wall
        line, soft = rng.uniform(0.5, 0.95), 10 ** rng.uniform(-3, -0.9)
        light = light * (1 + rng.normal(0, 0.12) / (1 + np.exp(-np.clip((y - line) / soft, -30, 30))))
    canvas = colour * light[..., None] + rng.normal(0, rng.uniform(0, 2), (side, side, 1))
    return np.clip(canvas, 0, 255).astype(np.uint8)


def garden(rng: Generator, side: int) -> Pixels:
    """Return leaves, stems and stones in drifts: greens, browns and greys, near ones large and sharp."""
    image = Image.fromarray(street(rng, side)).filter(ImageFilter.GaussianBlur(side / 40))
    tint = np.array([[70, 110, 45], [120, 105, 60], [95, 95, 92], [60, 85, 60], [150, 140, 110]])
    for size in (0.02, 0.045, 0.1):
        draw = ImageDraw.Draw(image)
        base = tint[int(rng.integers(len(tint)))] * rng.uniform(0.4, 1.5)
        middle, spread = rng.uniform(0, 1, 2), rng.uniform(0.15, 0.5)
        for _ in range(int(rng.integers(10, 14 / size**0.6))):
            x, y = (middle + rng.normal(0, spread, 2)) * side
            long, wide, turn = *(size * side * rng.uniform(0.3, 1.6, 2)), rng.uniform(0, np.pi)
            along = np.array([np.cos(turn), np.sin(turn)])
            across = np.array([-along[1], along[0]]) * wide / 2
            points = [(x, y) + along * long * u + across * v for u, v in ((-1, 0), (-0.2, 1), (1, 0.3), (0.6, -0.8))]
            shade = np.clip(base * rng.uniform(0.6, 1.4) + rng.normal(0, 8, 3), 0, 255).astype(int)
            draw.polygon([tuple(p) for p in points], fill=tuple(int(c) for c in shade))
        if rng.random() < 0.6:
            image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 2.5)))
    return np.asarray(image)


KINDS = (street, studio, garden)
