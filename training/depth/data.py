"""Training samples: photographed rooms with a teacher's depth, people put into them, drawn rooms with exact truth.

Everything about sample k follows from the seed and k, so a training that was interrupted goes on as if it had not been.
Depth is that of the canonical camera, whose focal length is the geometric mean of the picture's sides: what is cropped
or zoomed comes nearer by as much as it is enlarged.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import atan, degrees
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from figureground.core.arrays import Singles
from figureground.core.nouns import Picture
from training.depth.floors import Known, read_floors
from training.depth.people import compose
from training.depth.rooms import View
from training.depth.tints import in_other_colours, in_other_light

NEAR, FAR = np.log(0.2), np.log(15.0)
FLOOR, FLOOR_KNOWN, SHARP, EXACT = 1, 2, 4, 8  # bits of what is known of a pixel
_HELD_OUT = 24  # one photo of so many is for validation
_ASIDE = 3  # one background of so many is never trained on: floors are judged by eye on them
_BACKGROUNDS = 4  # how often each background photo counts
_HIGH = 0.35  # of a photo's height: rooms' floors are seen below
_WHOLE = 0.3  # share of drawn views that are not cropped: very wide lenses
MIX = (0.32, 0.18, 0.32, 0.18)  # photos, photos with people, drawn rooms, drawn rooms with photographed people
KINDS = ("photos", "people", "rooms", "visited")
Facts = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Photos:
    """Labelled photos: uint8 (n, s, s, 3), float16 (n, t, t) log depth, float (n,) width over height.

    `floors`: what is known of each one's floor (`floors.py`); empty where no network was asked.
    """

    rgb: Sequence[Picture]
    log_depth: Sequence[NDArray[np.float16]]
    aspect: Sequence[float]
    floors: Sequence[Known] = ()


@dataclass(frozen=True)
class CameraTruth:
    """Degrees that a picture's optical axis points below the horizon, and focal length in sides.

    `known` is False where they are not, or where the picture was cut away from its middle.
    """

    pitch: float = 0.0
    focal: float = 1.0
    known: bool = False


@dataclass(frozen=True, eq=False)
class Sample:
    """uint8 (s, s, 3); log depth float32 (s, s); uint8 (s, s), bits of what is known of each pixel.

    FLOOR: it shows the floor; FLOOR_KNOWN: whether it does is known; SHARP: depth edges are exact here; EXACT: so is
    the surface.  camera.focal is 1 for the canonical camera.  fov: degrees, vertical.
    """

    rgb: Picture
    log_depth: Singles
    facts: Facts
    camera: CameraTruth = CameraTruth()
    fov: float = 0.0


@dataclass(frozen=True, eq=False)
class Data:
    """All there is to train with, or to validate with.

    `mix`: shares of KINDS; `close`: of the photos, where their floors are known, the share of which a small part is
    shown.
    """

    photos: Photos
    people: Sequence[Picture]
    rooms: Sequence[View]
    side: int
    mix: tuple[float, ...] = MIX
    close: float = 0.0

    def sample(self, seed: int, k: int) -> Sample:
        """Return training sample k: a random crop, mirrored or not, in random light."""
        random = np.random.default_rng([seed, k])
        kind = int(random.choice(len(KINDS), p=self._mix()))
        close = bool(self.photos.floors) and kind == 0 and random.random() < self.close
        made = crop(random, self._make(random, kind, -1, plain=False), self.side, close)
        return replace(made, rgb=in_other_light(random, made.rgb))

    def plain(self, kind: int, k: int) -> Sample:
        """Return validation sample k of a kind (a place in KINDS), whole and as it is."""
        random = np.random.default_rng([kind, k])
        return resize(self._make(random, kind, k, plain=True), (0, 0, 1, 1), self.side, mirrored=False)

    def there(self) -> list[int]:
        """Return how many pictures there are of each kind."""
        with_people = [len(pictures) if self.people else 0 for pictures in (self.photos.rgb, self.rooms)]
        return [len(self.photos.rgb), with_people[0], len(self.rooms), with_people[1]]

    def _mix(self) -> list[float]:
        shares = [share * bool(there) for share, there in zip(self.mix, self.there(), strict=True)]
        return [share / sum(shares) for share in shares]

    def _make(self, random: np.random.Generator, kind: int, k: int, plain: bool) -> Sample:
        count = self.there()[kind]
        k = k % count if k >= 0 else int(random.integers(count))
        made = self._photo(k) if kind < 2 else self._room(random, k, plain)
        if kind % 2 == 0:
            return made
        aspect = float(self.photos.aspect[k]) if kind == 1 else 1.0
        return visited(random, made, aspect, self.people[int(random.integers(len(self.people)))])

    def _photo(self, k: int) -> Sample:
        rgb = self.photos.rgb[k]
        side = rgb.shape[0]
        image = Image.fromarray(self.photos.log_depth[k].astype(np.float32))
        log_depth: Singles = np.asarray(image.resize((side, side), Image.Resampling.BILINEAR))
        facts = np.zeros((side, side), np.uint8)
        if self.photos.floors:
            seen = Image.fromarray(self.photos.floors[k]).resize((side, side), Image.Resampling.NEAREST)
            facts += np.array([0, FLOOR_KNOWN, FLOOR | FLOOR_KNOWN], np.uint8)[np.asarray(seen)]
        facts[: round(_HIGH * side)] = FLOOR_KNOWN
        return Sample(rgb, log_depth, facts)

    def _room(self, random: np.random.Generator, k: int, plain: bool) -> Sample:
        view = self.rooms[k]
        pitch, _, focal = (float(v) for v in view.camera)
        log_depth = np.log(view.depth.astype(np.float32)) - np.float32(np.log(focal))
        facts = (view.floor * np.uint8(FLOOR)) | np.uint8(FLOOR_KNOWN | SHARP | EXACT)
        rgb = view.rgb
        if not plain:
            pattern = self.photos.rgb[int(random.integers(len(self.photos.rgb)))] if self.photos.rgb else None
            rgb = in_other_colours(random, rgb, view.thing, pattern)
        return Sample(rgb, log_depth, facts, CameraTruth(pitch, focal, True))


def visited(random: np.random.Generator, room: Sample, aspect: float, person: Picture) -> Sample:
    """Return a room with a photographed person in it: edges are exact about the person, who is no floor."""
    made = compose(random, room.rgb, room.log_depth, aspect, person)
    mask = Image.fromarray(made.mask.astype(np.uint8) * 255)
    wide, narrow = (np.asarray(mask.filter(f(7))) > 0 for f in (ImageFilter.MaxFilter, ImageFilter.MinFilter))
    facts = room.facts.copy()
    facts[wide & ~narrow] |= SHARP
    facts[made.mask] = (facts[made.mask] & np.uint8(SHARP)) | np.uint8(FLOOR_KNOWN)
    return replace(room, rgb=made.rgb, log_depth=made.log_depth, facts=facts)


def kept_aside(name: str) -> bool:
    """Tell whether a photo is one of those on which floors are judged, by the name that it has everywhere."""
    return zlib.crc32(b"floors " + name.removeprefix("bg_").encode()) % _ASIDE == 0


def read_photos(files: Sequence[Path], held_out: bool, floors: Sequence[Path] = ()) -> Photos:
    """Return the photos of label files, those for training or those for validation; `floors`: a file for each.

    Which is which follows from a photo's name; a background photo shares the name of the same room elsewhere.  For
    training, backgrounds count several times: they are living rooms and offices, and most of the others bathrooms,
    kitchens and bedrooms.  A third of the backgrounds is neither (`kept_aside`).
    """
    stored = [np.load(file) for file in files]
    names = [[str(name) for name in one["names"]] for one in stored]
    aside = {n.removeprefix("bg_") for part in names for n in part if n.startswith("bg_") and kept_aside(n)}
    rgb: list[Picture] = []
    depth: list[NDArray[np.float16]] = []
    aspect: list[float] = []
    floor: list[Known] = []
    for n, (one, part) in enumerate(zip(stored, names, strict=True)):
        keep: list[int] = []
        for k, name in enumerate(part):
            own = name.removeprefix("bg_")
            if own not in aside and held_out == (zlib.crc32(own.encode()) % _HELD_OUT == 0):
                keep += [k] * (_BACKGROUNDS if name.startswith("bg_") and not held_out else 1)
        pictures, depths, aspects = one["rgb"], one["log_depth"], one["aspect"]
        rgb += [pictures[k] for k in keep]
        depth += [depths[k] for k in keep]
        aspect += [float(aspects[k]) for k in keep]
        if floors:
            known = read_floors(floors[n])
            floor += [known[k] for k in keep]
        one.close()
    return Photos(rgb, depth, aspect, floor)


def read_rooms(files: Sequence[Path]) -> list[View]:
    """Return the views of cache files, in order."""
    made: list[View] = []
    for file in files:
        with np.load(file) as stored:
            parts = {name: stored[name] for name in View.__dataclass_fields__}
        made += [View(**{name: values[k] for name, values in parts.items()}) for k in range(len(parts["rgb"]))]
    return made


def crop(random: np.random.Generator, sample: Sample, side: int, close: bool = False) -> Sample:
    """Return a random part of a sample, tilted and mirrored half of the time, and rather as wide as real cameras see.

    Much narrower parts would teach that what looks large is flat: that is so through a long lens, not from nearby.
    Most parts of a picture whose camera is known keep its middle, or the camera would be another.  `close`: a small
    part, in which things stand where others are in whole pictures; its depth is not that of a photo.
    """
    drawn = sample.camera.known
    wanted = np.exp(random.uniform(-0.6, 0.35) if drawn else random.uniform(-0.1, 0.25))
    whole = drawn and random.random() < _WHOLE
    share = 1.0 if whole else float(np.clip(sample.camera.focal / wanted, 0.45, 1))
    if close:
        share = float(random.uniform(0.35, 0.75))
    longer = np.exp(random.normal(0.1, 0.13) if drawn else random.normal(0, 0.05))
    width, height = (1.0, 1.0) if whole else (min(1.0, share * longer), min(1.0, share / longer))
    tilt = float(np.clip(random.normal(0, 0.1), -0.3, 0.3)) if random.random() < 0.4 else 0.0
    cos, sin = np.cos(tilt), abs(np.sin(tilt))
    wide, tall = width * cos + height * sin, width * sin + height * cos
    fit = 1 / max(1.0, wide, tall)
    middle = whole or (drawn and random.random() < 0.75)
    x, y = (0.5 if middle else random.uniform(fit * v / 2, 1 - fit * v / 2) for v in (wide, tall))
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
    depth = np.clip(cut(sample.log_depth, smooth=False).astype(np.float32) + enlarged, NEAR, FAR)
    facts = cut(sample.facts, smooth=False).astype(np.uint8)
    central = abs(box[0] + box[2] - 1) + abs(box[1] + box[3] - 1) < 0.02
    camera = replace(sample.camera, known=sample.camera.known and central)
    fov = degrees(2 * atan((box[3] - box[1]) / 2 / sample.camera.focal))
    return Sample(rgb, depth.astype(np.float32), facts, camera, fov)
