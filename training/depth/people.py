"""People from photos with masks, put into photographed rooms whose depth is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from figureground.core.nouns import Mask, Picture

_TALL = 220  # px, the height at which cut-outs are kept
_HEIGHT_M = 1.7
_CHEST_M = 0.1  # how much nearer a figure's middle is than its outline
_BEFORE = 0.97  # a figure stands this much nearer than what it hides


@dataclass(frozen=True)
class Composite:
    """A picture with a person in it: uint8 (h, w, 3), log depth float32 (h, w), and where the person is."""

    rgb: Picture
    log_depth: NDArray[np.float32]
    mask: Mask


def read_people(folder: Path) -> list[Picture]:
    """Return the people of NAME.jpg and NAME.png (grey mask) as tight RGBA cut-outs, at most 220 px tall, in order."""
    people = []
    for photo in sorted(folder.glob("*.jpg")):
        with Image.open(photo) as opened, Image.open(photo.with_suffix(".png")) as mask:
            person = opened.convert("RGB")
            person.putalpha(mask.convert("L").resize(person.size))
        box = person.getchannel("A").point([0] * 128 + [255] * 128).getbbox()
        if box is None or box[3] - box[1] < 1.2 * (box[2] - box[0]):
            continue  # nobody there, or nobody standing
        person = person.crop(box)
        tall = min(_TALL, person.height)
        people.append(np.asarray(person.resize((max(1, round(person.width * tall / person.height)), tall))))
    return people


def compose(
    random: np.random.Generator, rgb: Picture, log_depth: NDArray[np.float32], aspect: float, person: Picture
) -> Composite:
    """Put a person into a picture that was stretched to a square from `aspect`, width over height.

    Either the feet stand on what is seen there, as far away as it and as tall as that makes a person; or the person is
    near and cut off by the lower edge.  What the person would hide is never nearer than the person.
    """
    side = rgb.shape[0]
    x = random.uniform(0.05, 0.95)
    tall_at_1m = _HEIGHT_M * np.sqrt(aspect) * np.exp(random.normal(0, 0.12))  # in sides, for the canonical camera
    if random.random() < 0.6:
        feet = random.uniform(0.62, 0.99)
        row, column = int(feet * side), int(x * side)
        ground = log_depth[row - 2 : row + 1, max(0, column - 6) : column + 7]
        metres = float(np.exp(np.median(ground)))
        tall = float(np.clip(tall_at_1m / metres, 0.15, 1.6))
    else:
        metres = float(np.exp(random.uniform(np.log(0.7), np.log(2.0))))
        tall = float(np.clip(tall_at_1m / metres, 0.5, 3.0))
        feet = random.uniform(0.02, 0.35) + tall
    h = max(8, round(tall * side))
    w = max(4, round(h * person.shape[1] / person.shape[0] / aspect))
    figure = Image.fromarray(person).resize((w, h), Image.Resampling.BILINEAR)
    if random.random() < 0.5:
        figure = figure.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    layer = Image.new("RGBA", (side, side))
    layer.paste(figure, (round(x * side - w / 2), round(feet * side) - h))
    pixels = np.asarray(layer)
    mask = pixels[..., 3] >= 128
    if mask.mean() < 0.004:
        return Composite(rgb, log_depth, np.zeros_like(mask))
    hidden = float(np.exp(np.quantile(log_depth[mask], 0.25)))
    metres = max(0.4, min(metres, hidden * _BEFORE))
    middle = np.asarray(layer.getchannel("A").filter(ImageFilter.BoxBlur(max(1, 0.3 * w))), np.float32) / 255
    made = np.where(mask, np.log(np.maximum(metres - _CHEST_M * middle**2, 0.3)), log_depth).astype(np.float32)
    alpha = pixels[..., 3:].astype(np.float32) / 255
    light = float(rgb[mask].mean() + 8) / float(pixels[mask][:, :3].mean() + 8)
    shade = np.clip(light ** random.uniform(0, 0.8), 0.5, 1.8)
    colour = np.minimum(pixels[..., :3] * np.float32(shade), 255)
    return Composite(np.rint(rgb * (1 - alpha) + colour * alpha).astype(np.uint8), made, mask)
