"""Masks with the pose that they show: people of photos, whole and cropped, people drawn, and groups of both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from figureground.core.nouns import Mask
from figureground.image.masks import tight_box
from figureground.networks.pose import POSES, miniature
from training.pose.figures import outlines

TALL = 224  # px, at which masks of photos are kept
_VIEWS = 4


def read_masks(folder: Path, without: set[str]) -> list[Mask]:
    """Return the masks NAME.png of a folder of people who stand, cropped tight, in the order of their names."""
    masks = []
    for path in (path for path in sorted(folder.glob("*.png")) if path.stem not in without):
        with Image.open(path) as opened:
            mask = np.asarray(opened.convert("L")) >= 128
        box = tight_box(mask)
        if box is not None and box[3] - box[1] >= 1.6 * (box[2] - box[0]):
            masks.append(_sized(mask[box[1] : box[3], box[0] : box[2]], TALL))
    return masks


def drawn(seed: int, count: int) -> dict[str, list[Mask]]:
    """Return so many masks of drawn people of each pose."""
    random = np.random.default_rng(seed)
    return {
        pose: [tight(mask) for _ in range(count // _VIEWS) for mask in outlines(random, pose, _VIEWS)]
        for pose in ("standing", "seated", "airborne")
    }


def samples(
    seed: int, photos: list[Mask], figures: dict[str, list[Mask]], count: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return miniatures uint8 (count, side, side) and the numbers of their poses, all poses equally often."""
    random = np.random.default_rng(seed)
    pictures: list[NDArray[np.uint8]] = []
    labels: list[int] = []
    while len(labels) < count:
        pose = POSES[len(labels) % len(POSES)]
        mask = tight(_roughened(random, _one(random, pose, photos, figures)))
        if mask.sum() < 200:
            continue
        pictures.append(miniature(mask))
        labels.append(POSES.index(pose))
    return np.stack(pictures), np.array(labels)


def _one(random: np.random.Generator, pose: str, photos: list[Mask], figures: dict[str, list[Mask]]) -> Mask:
    if pose in ("seated", "airborne"):
        mask = _turned(random, _any(random, figures[pose]))
        if pose == "seated" and random.random() < 0.15:
            mask = mask[: round(mask.shape[0] * random.uniform(0.85, 1.0))]
        return mask
    if pose == "group":
        return _group(random, photos, figures)
    of_photo = random.random() < 0.6
    mask = _turned(random, _any(random, photos if of_photo else figures["standing"]))
    if pose == "standing":
        return mask[: round(mask.shape[0] * random.uniform(0.98, 1.0))]
    if not of_photo and random.random() < 0.3:
        mask = _turned(random, _any(random, figures["seated"]))
        height = mask.shape[0]
        kept = round(height * random.uniform(0.25, 0.6))
        return mask[:kept] if pose == "half-length" else mask[round(height * 0.3) :]
    return _half(random, mask) if pose == "half-length" else _headless(random, mask)


def _half(random: np.random.Generator, mask: Mask) -> Mask:
    """Return a person cut off below, anywhere from the neck to the shins, and sometimes at a side, too."""
    mask = mask[: round(mask.shape[0] * random.uniform(0.11, 0.9))]
    if random.random() < 0.3:
        mask = _cut_at_side(random, tight(mask))
    if random.random() < 0.2:
        mask = mask[round(mask.shape[0] * random.uniform(0, 0.05)) :]
    return mask


def _headless(random: np.random.Generator, mask: Mask) -> Mask:
    """Return a person cut off above, anywhere from the chin to the hips, and sometimes below, too."""
    height = mask.shape[0]
    mask = mask[round(height * random.uniform(0.1, 0.55)) :]
    if random.random() < 0.4:
        mask = mask[: round(mask.shape[0] * random.uniform(0.35, 1.0))]
    return mask


def _cut_at_side(random: np.random.Generator, mask: Mask) -> Mask:
    width = mask.shape[1]
    kept = round(width * random.uniform(0.72, 0.97))
    return mask[:, :kept] if random.random() < 0.5 else mask[:, width - kept :]


def _group(random: np.random.Generator, photos: list[Mask], figures: dict[str, list[Mask]]) -> Mask:
    """Return several people beside each other, who touch or nearly do; half the time cut off below."""
    count = int(random.choice([2, 2, 2, 3, 3, 4, 5]))
    sitting = random.random() < 0.2
    page = np.zeros((TALL * 2, TALL * 6), np.bool_)
    x = TALL
    for _ in range(count):
        chosen = random.random()
        pool = figures["seated"] if sitting else photos if chosen < 0.65 else figures["standing"]
        mask = _turned(random, _any(random, pool))
        scale = random.uniform(0.8, 1.0) * (0.6 if random.random() < 0.1 else 1.0)
        mask = _sized(mask, max(24, round(TALL * scale * (0.6 if sitting else 1.0))))
        height, width = mask.shape
        bottom = TALL + 100 - round(random.uniform(0, 0.06) * TALL)
        page[bottom - height : bottom, x : x + width] |= mask
        x += max(12, round(width * random.uniform(0.5, 1.1)))
    mask = tight(page)
    if random.random() < 0.45:
        mask = mask[: round(mask.shape[0] * random.uniform(0.25, 0.85))]
    return mask


def _any(random: np.random.Generator, masks: list[Mask]) -> Mask:
    return masks[int(random.integers(len(masks)))]


def _turned(random: np.random.Generator, mask: Mask) -> Mask:
    """Return a mask mirrored half the time, a little turned and stretched, with a bag, a hat or nothing added."""
    if random.random() < 0.5:
        mask = mask[:, ::-1]
    image = Image.fromarray(mask.astype(np.uint8) * 255)
    image = image.resize((max(8, round(image.width * float(np.exp(random.normal(0, 0.08))))), image.height))
    if random.random() < 0.5:
        image = image.rotate(float(random.normal(0, 3)), Image.Resampling.BILINEAR, expand=True)
    return tight(np.asarray(image) >= 128)


def _roughened(random: np.random.Generator, mask: Mask) -> Mask:
    """Return a mask whose outline is as rough as a cut-out's may be, so that it does not tell photos from drawings."""
    image = Image.fromarray(np.pad(mask, ((0, 0), (0, 0))).astype(np.uint8) * 255)
    image = image.filter(ImageFilter.GaussianBlur(float(random.uniform(0.3, 2.2))))
    height, width = mask.shape
    coarse = random.normal(0, 1, (max(2, height // 8), max(2, width // 8))).astype(np.float32)
    noise = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
    noise = noise * np.float32(random.uniform(0, 45))
    rough: Mask = np.asarray(image).astype(np.float32) + noise >= 128 + random.normal(0, 25)
    rough &= np.asarray(image) > 8
    return rough


def tight(mask: Mask) -> Mask:
    """Return the box of a mask, or one pixel where there is none."""
    box = tight_box(mask)
    return mask[:1, :1] if box is None else mask[box[1] : box[3], box[0] : box[2]]


def _sized(mask: Mask, tall: int) -> Mask:
    image = Image.fromarray(mask.astype(np.uint8) * 255)
    return tight(np.asarray(image.resize((max(4, round(image.width * tall / image.height)), tall))) >= 128)
