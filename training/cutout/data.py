"""What the cut-out network learns from: photos of people with masks, and composites with exact alpha.

Everything is decoded once and kept in memory as uint8.  `Sampler.batch` draws pictures by a counter-based key, so that
a training run that was stopped goes on exactly as an unbroken one would have.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.cutout import augment

Pixels = NDArray[np.uint8]
LONGEST = 512  # cut-outs and photos are kept at no more than this
NEAR_NUMBERS = 2  # numbers this close to a test picture's are left out: neighbours may show the same person
NEAR_THUMB = 8.0  # mean absolute difference of two 16 x 16 thumbnails, 0..255, below which they are one picture


@dataclass
class Stock:
    """All that is drawn from.  A figure is RGBA; a photo is RGB with its mask in the fourth channel."""

    photos: list[Pixels] = field(default_factory=list)
    people: list[Pixels] = field(default_factory=list)
    objects: list[Pixels] = field(default_factory=list)
    rooms: list[Pixels] = field(default_factory=list)
    held_photos: list[Pixels] = field(default_factory=list)
    held_people: list[Pixels] = field(default_factory=list)
    held_rooms: list[Pixels] = field(default_factory=list)
    excluded: dict[str, str] = field(default_factory=dict)


def source_of(stem: str) -> tuple[str, str]:
    """Return (source, number) of a file's stem: `person_hsd_053` and `photo_hsd_053` are both ("hsd", "053").

    What stands before the source ("photo", "person", "group") says only how the picture is used.
    """
    bare = re.sub(r"^(photo|person|group|obj)_", "", stem)
    source, _, number = bare.partition("_")
    return source, number


def excluded(stem: str, tests: set[tuple[str, str]]) -> str:
    """Return why a training picture may show a test picture's person, or "".

    The same source and number, or numbers at most NEAR_NUMBERS apart.
    """
    source, number = source_of(stem)
    if (source, number) in tests:
        return f"the same picture as test {source}_{number}"
    for other_source, other in sorted(tests):
        if (
            source == other_source
            and number.isdigit()
            and other.isdigit()
            and abs(int(number) - int(other)) <= NEAR_NUMBERS
        ):
            return f"next to test {source}_{other}"
    return ""


def thumbnail(pixels: Pixels) -> NDArray[np.float32]:
    """Return a picture as 16 x 16 RGB, flat; what is transparent is grey."""
    rgb = pixels[..., :3].astype(np.float32)
    if pixels.shape[2] == 4:
        alpha = pixels[..., 3:].astype(np.float32) / np.float32(255)
        rgb = rgb * alpha + np.float32(128) * (np.float32(1) - alpha)
    small = Image.fromarray(rgb.astype(np.uint8)).resize((16, 16), Image.Resampling.BOX)
    return np.asarray(small, np.float32).ravel()


def near(pixels: Pixels, tests: dict[str, NDArray[np.float32]]) -> str:
    """Return why a picture counts as a copy of a test picture, by its thumbnail or its mirrored one, or ""."""
    for candidate in (pixels, pixels[:, ::-1]):
        own = thumbnail(np.ascontiguousarray(candidate))
        for name, other in tests.items():
            if np.abs(own - other).mean() < NEAR_THUMB:
                return f"looks like test {name}"
    return ""


def read(path: Path, longest: int = LONGEST) -> Pixels:
    """Return a picture, RGB or RGBA, reduced to at most `longest` on its longer side."""
    with Image.open(path) as opened:
        image = opened.convert("RGBA" if opened.mode in ("RGBA", "LA", "P") else "RGB")
        if max(image.size) > longest:
            image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        return np.asarray(image)


def with_mask(photo: Path, mask: Path) -> Pixels:
    """Return a photo with its drawn mask as fourth channel."""
    pixels = read(photo)
    with Image.open(mask) as image:
        drawn = np.asarray(image.convert("L").resize(pixels.shape[1::-1], Image.Resampling.BILINEAR))
    return np.dstack([pixels[..., :3], drawn])


def test_thumbnails(photos: Path) -> dict[str, NDArray[np.float32]]:
    """Return thumbnails of the test pictures: whole, and cut out by their masks, tight."""
    found = {}
    for path in sorted((photos / "people_photos").glob("*")):
        pixels = read(path)
        found[path.stem] = thumbnail(pixels[..., :3])
        mask = photos / "people_masks" / f"{path.stem}.png"
        if mask.is_file():
            found[f"{path.stem} (figure)"] = thumbnail(augment.tight(with_mask(path, mask)))
    return found


def load(shared: Path, hold_out: int = 16) -> Stock:
    """Read the shared folder: train/people, train/rooms, photos/{people_cutouts,objects_cutouts}.

    Nothing of photos/people_photos is kept: it is the final test, and whoever is in it is left out, with the reason in
    `Stock.excluded`.  Every `hold_out`-th photo of a person and every eighth cut-out are kept for choosing checkpoints,
    and never trained on; a cut-out made from a photo that is held out is left out, too.
    """
    stock = Stock()
    tests = {source_of(path.stem) for path in (shared / "photos/people_photos").glob("*")}
    looks = test_thumbnails(shared / "photos")
    held: set[tuple[str, str]] = set()
    for path in sorted((shared / "train/people").glob("*.jpg")):
        pixels = with_mask(path, path.with_suffix(".png"))
        reason = excluded(path.stem, tests) or near(pixels[..., :3], looks) or near(augment.tight(pixels), looks)
        if reason:
            stock.excluded[f"train/people/{path.stem}"] = reason
        elif (len(stock.photos) + len(held)) % hold_out == hold_out - 1:
            stock.held_photos.append(pixels)
            held.add(source_of(path.stem))
        else:
            stock.photos.append(pixels)
    for path in sorted((shared / "photos/people_cutouts").glob("*.png")):
        pixels = augment.tight(read(path))
        reason = excluded(path.stem, tests) or near(pixels, looks)
        if not reason and source_of(path.stem) in held:
            reason = "cut from a photo that is held out"
        if reason:
            stock.excluded[f"people_cutouts/{path.stem}"] = reason
        elif (len(stock.people) + len(stock.held_people)) % 8 == 7:
            stock.held_people.append(pixels)
        else:
            stock.people.append(pixels)
    stock.objects = [augment.tight(read(path)) for path in sorted((shared / "photos/objects_cutouts").glob("*.png"))]
    rooms = [read(path, 320)[..., :3] for path in sorted((shared / "train/rooms").glob("*.jpg"))]
    stock.held_rooms, stock.rooms = rooms[::hold_out], [r for i, r in enumerate(rooms) if i % hold_out]
    return stock
