"""Training samples: photographed rooms with a teacher's depth, people put into them, drawn rooms with exact depth.

Everything about sample k follows from the seed and k, so a training that was interrupted goes on as if it had not been.
Depth is that of the canonical camera, whose focal length is the geometric mean of the picture's sides: what is cropped
or zoomed comes nearer by as much as it is enlarged.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from figureground.core.arrays import Singles
from figureground.core.nouns import Mask, Picture
from training.depth.people import compose

NEAR, FAR = np.log(0.2), np.log(15.0)
_HELD_OUT = 24  # one photo of so many, and one drawn room of so many, are for validation
_BACKGROUNDS = 4  # how often each background photo counts
_SMOOTH_WEIGHT = 0.1  # how much fine depth edges count where the teacher, who blurs them, drew them
_MIX = (0.5, 0.2, 0.3)  # photos, photos with people, drawn rooms


@dataclass(frozen=True, eq=False)
class Photos:
    """Labelled photos: uint8 (n, s, s, 3), float16 (n, t, t) log depth, float (n,) width over height."""

    rgb: Sequence[Picture]
    log_depth: Sequence[NDArray[np.float16]]
    aspect: Sequence[float]


@dataclass(frozen=True, eq=False)
class Rooms:
    """Drawn rooms: uint8 (n, s, s, 3), float16 (n, s, s) metres, bool (n, s, s), focal lengths in sides."""

    rgb: Sequence[Picture]
    depth: Sequence[NDArray[np.float16]]
    mask: Sequence[Mask]
    focal: Sequence[float]


@dataclass(frozen=True, eq=False)
class Sample:
    """uint8 (s, s, 3); log depth float32 (s, s); float32 (s, s), how much fine depth edges count here.

    `focal`: the focal length in sides, 1 for the canonical camera.
    """

    rgb: Picture
    log_depth: Singles
    sharp: Singles
    focal: float = 1.0


@dataclass(frozen=True, eq=False)
class Data:
    """All there is to train with, or to validate with."""

    photos: Photos
    people: Sequence[Picture]
    rooms: Rooms
    side: int

    def sample(self, seed: int, k: int) -> Sample:
        """Return training sample k: a random crop, mirrored or not, in random light."""
        random = np.random.default_rng([seed, k])
        kind = int(random.choice(3, p=self._mix()))
        made = self._room(random) if kind == 2 else self._photo(random, kind == 1)
        made = crop(random, made, self.side)
        return Sample(in_other_light(random, made.rgb), made.log_depth, made.sharp)

    def plain(self, kind: int, k: int) -> Sample:
        """Return validation sample k of a kind (0 photo, 1 photo with a person, 2 drawn room), whole and as it is."""
        random = np.random.default_rng([kind, k])
        count = len(self.rooms.rgb) if kind == 2 else len(self.photos.rgb)
        made = self._room(random, k % count) if kind == 2 else self._photo(random, kind == 1, k % count)
        return resize(made, (0, 0, 1, 1), self.side, mirrored=False)

    def _mix(self) -> list[float]:
        there = [bool(len(self.photos.rgb)), bool(len(self.photos.rgb) and len(self.people)), bool(len(self.rooms.rgb))]
        shares = [share * here for share, here in zip(_MIX, there, strict=True)]
        return [share / sum(shares) for share in shares]

    def _photo(self, random: np.random.Generator, with_person: bool, k: int = -1) -> Sample:
        k = k if k >= 0 else int(random.integers(len(self.photos.rgb)))
        rgb = self.photos.rgb[k]
        side = rgb.shape[0]
        image = Image.fromarray(self.photos.log_depth[k].astype(np.float32))
        log_depth: Singles = np.asarray(image.resize((side, side), Image.Resampling.BILINEAR))
        sharp = np.full((side, side), _SMOOTH_WEIGHT, np.float32)
        if with_person:
            person = self.people[int(random.integers(len(self.people)))]
            made = compose(random, rgb, log_depth, float(self.photos.aspect[k]), person)
            mask = Image.fromarray(made.mask.astype(np.uint8) * 255)
            edge = np.asarray(mask.filter(ImageFilter.MaxFilter(7))) != np.asarray(
                mask.filter(ImageFilter.MinFilter(7))
            )
            sharp[edge] = 1
            rgb, log_depth = made.rgb, made.log_depth
        return Sample(rgb, log_depth, sharp)

    def _room(self, random: np.random.Generator, k: int = -1) -> Sample:
        k = k if k >= 0 else int(random.integers(len(self.rooms.rgb)))
        log_depth = np.log(self.rooms.depth[k].astype(np.float32)) - np.float32(np.log(self.rooms.focal[k]))
        return Sample(self.rooms.rgb[k], log_depth, np.ones_like(log_depth), float(self.rooms.focal[k]))


def read_photos(files: Sequence[Path], held_out: bool) -> Photos:
    """Return the photos of label files, those for training or those for validation.

    Which is which follows from a photo's name; a background photo shares the name of the same room elsewhere.  For
    training, backgrounds count several times: they are living rooms and offices, and most of the others bathrooms,
    kitchens and bedrooms.
    """
    rgb: list[Picture] = []
    depth: list[NDArray[np.float16]] = []
    aspect: list[float] = []
    for file in files:
        with np.load(file) as stored:
            names = stored["names"].tolist()
            keep = []
            for k, name in enumerate(names):
                if held_out == (zlib.crc32(name.removeprefix("bg_").encode()) % _HELD_OUT == 0):
                    keep += [k] * (_BACKGROUNDS if name.startswith("bg_") and not held_out else 1)
            rgb += list(stored["rgb"][keep])
            depth += list(stored["log_depth"][keep])
            aspect += stored["aspect"][keep].tolist()
    return Photos(rgb, depth, aspect)


def read_rooms(files: Sequence[Path], held_out: bool) -> Rooms:
    """Return the drawn rooms of cache files, those for training or those for validation."""
    parts: dict[str, list[NDArray[np.generic]]] = {"rgb": [], "depth": [], "mask": [], "focal": []}
    for file in files:
        with np.load(file) as stored:
            count = len(stored["focal"])
            keep = [k for k in range(count) if held_out == (k % _HELD_OUT == min(7, count - 1))]
            for name, values in parts.items():
                values += list(stored[name][keep])
    return Rooms(parts["rgb"], parts["depth"], parts["mask"], [float(f) for f in parts["focal"]])  # type: ignore[arg-type]


def crop(random: np.random.Generator, sample: Sample, side: int) -> Sample:
    """Return a random part of a sample, tilted and mirrored half of the time, and rather as wide as real cameras see.

    Much narrower parts would teach that what looks large is flat: that is so through a long lens, not from nearby.
    """
    share = float(np.clip(sample.focal / np.exp(random.uniform(-0.1, 0.4)), 0.45, 1))
    longer = np.exp(random.normal(0, 0.05))
    width, height = min(1.0, share * longer), min(1.0, share / longer)
    tilt = float(np.clip(random.normal(0, 0.12), -0.35, 0.35)) if random.random() < 0.5 else 0.0
    cos, sin = np.cos(tilt), abs(np.sin(tilt))
    wide, tall = width * cos + height * sin, width * sin + height * cos
    fit = 1 / max(1.0, wide, tall)
    x, y = (random.uniform(fit * v / 2, 1 - fit * v / 2) for v in (wide, tall))
    half_width, half_height = fit * width / 2, fit * height / 2
    box = x - half_width, y - half_height, x + half_width, y + half_height
    return resize(sample, box, side, mirrored=bool(random.random() < 0.5), tilt=tilt)


def resize(sample: Sample, box: tuple[float, ...], side: int, mirrored: bool, tilt: float = 0.0) -> Sample:
    """Return the part of a sample in a box (left, top, right, bottom in sides) as a square of `side` px.

    The box is turned by `tilt` radians about its middle first, as if the camera had been held askew.
    """
    full = sample.rgb.shape[0]
    left, top, right, bottom = (float(v * full) for v in box)
    step_x, step_y = (right - left) / side, (bottom - top) / side
    cos, sin = np.cos(tilt), np.sin(tilt)
    a, b, d, e = step_x * cos, -step_y * sin, step_x * sin, step_y * cos
    affine = a, b, (left + right) / 2 - (a + b) * side / 2, d, e, (top + bottom) / 2 - (d + e) * side / 2
    enlarged = np.float32(0.5 * np.log((box[2] - box[0]) * (box[3] - box[1])))

    def cut(values: NDArray[np.generic], smooth: bool) -> NDArray[np.generic]:
        image = Image.fromarray(np.ascontiguousarray(values))
        how = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
        if tilt:
            made = np.asarray(image.transform((side, side), Image.Transform.AFFINE, affine, how))
        else:
            made = np.asarray(image.resize((side, side), how, box=(left, top, right, bottom)))
        return np.ascontiguousarray(made[:, ::-1] if mirrored else made)

    rgb = cut(sample.rgb, smooth=True).astype(np.uint8)
    depth = cut(sample.log_depth, smooth=False).astype(np.float32) + enlarged
    sharp = cut(sample.sharp, smooth=False).astype(np.float32)
    return Sample(rgb, np.clip(depth, NEAR, FAR).astype(np.float32), sharp)


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
