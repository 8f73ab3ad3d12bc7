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

from figureground.ingest import matting
from training.cutout import augment

Pixels = NDArray[np.uint8]
LONGEST = 512  # cut-outs and photos are kept at no more than this
NEAR_NUMBERS = 2  # numbers this close to a test picture's are left out: neighbours may show the same person
NEAR_THUMB = 8.0  # mean absolute difference of two 16 x 16 thumbnails, 0..255, below which they are one picture


@dataclass
class Stock:
    """All that is drawn from.  A figure is RGBA; a photo is RGB with its mask in the fourth channel.

    `taught` are photos of people, `windows` pictures of things, both with alpha by teachers (`teachers.py`); `objects`
    are cut-out things, `trinkets` small drawn ones.  What begins with "held" is never trained on.
    """

    photos: list[Pixels] = field(default_factory=list)
    taught: list[Pixels] = field(default_factory=list)
    windows: list[Pixels] = field(default_factory=list)
    people: list[Pixels] = field(default_factory=list)
    objects: list[Pixels] = field(default_factory=list)
    trinkets: list[Pixels] = field(default_factory=list)
    rooms: list[Pixels] = field(default_factory=list)
    held_photos: list[Pixels] = field(default_factory=list)
    held_people: list[Pixels] = field(default_factory=list)
    held_objects: list[Pixels] = field(default_factory=list)
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


def test_thumbnails(photos: Path, tests: set[str]) -> dict[str, NDArray[np.float32]]:
    """Return thumbnails of the test pictures: whole, and cut out by their masks, tight."""
    found = {}
    for path in sorted(p for p in (photos / "people_photos").glob("*") if p.stem in tests):
        pixels = read(path)
        found[path.stem] = thumbnail(pixels[..., :3])
        figure = augment.tight(with_mask(path, photos / "people_masks" / f"{path.stem}.png"))
        found[f"{path.stem} (figure)"] = thumbnail(figure)
    return found


def load(shared: Path, taught: Path | None = None, trinkets: Path | None = None, hold_out: int = 16) -> Stock:
    """Read the shared folder: train/people, train/rooms, photos/{people_cutouts,objects_cutouts}; and the two others.

    Nothing of a photo in photos/people_photos with a mask is kept: they are the final test, and whoever is in one is
    left out, with the reason in `Stock.excluded`.  Every `hold_out`-th photo of a person, every eighth cut-out and
    every third thing are kept for choosing, and never trained on; a cut-out made from a photo that is held out is
    left out, too.

    `taught`: what `teachers.py` wrote.  `trinkets`: a folder of small transparent pictures named by their Unicode
    letters, of which those of things are taken.
    """
    stock = Stock()
    names = {path.stem for path in (shared / "photos/people_masks").glob("*")}
    tests, looks = {source_of(name) for name in names}, test_thumbnails(shared / "photos", names)
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
    things = [augment.tight(read(path)) for path in sorted((shared / "photos/objects_cutouts").glob("*.png"))]
    stock.held_objects = things[2::3]
    stock.objects = [thing for k, thing in enumerate(things) if k % 3 != 2]
    rooms = [read(path, 320)[..., :3] for path in sorted((shared / "train/rooms").glob("*.jpg"))]
    stock.held_rooms, stock.rooms = rooms[::hold_out], [r for i, r in enumerate(rooms) if i % hold_out]
    if taught:
        take_taught(stock, taught, tests, looks)
    if trinkets:
        stock.trinkets = [augment.tight(read(path)) for path in sorted(trinkets.glob("*")) if is_a_thing(path.stem)]
    return stock


def clean(figure: Pixels) -> Pixels:
    """Return a figure that was cut out of its photo, its edge free of the photo's ground."""
    return np.dstack([matting.decontaminate(figure[..., :3], figure[..., 3], radii=(30, 4)), figure[..., 3]])


def take_taught(stock: Stock, taught: Path, tests: set[tuple[str, str]], looks: dict[str, NDArray[np.float32]]) -> None:
    """Add what teachers labelled: photos of people, windows of rooms, and the people and whole things in them."""
    for path in sorted((taught / "people").glob("*.png")):
        pixels = read(path)
        reason = excluded(path.stem, tests) or near(pixels[..., :3], looks) or near(augment.tight(pixels), looks)
        if reason:
            stock.excluded[f"taught/people/{path.stem}"] = reason
        else:
            stock.taught.append(pixels)
            stock.people.append(clean(augment.tight(pixels)))
    stock.windows = [read(path) for path in sorted((taught / "things").glob("*.png"))]
    for window in stock.windows:
        alpha = window[..., 3]
        if max(alpha[0].max(), alpha[-1].max(), alpha[:, 0].max(), alpha[:, -1].max()) < 32:
            stock.objects.append(clean(augment.tight(window)))


# blocks of Unicode's pictographs that show animals, plants, food, furniture, tools, vehicles and other things
_THINGS = (
    *((0x1F32D, 0x1F37F), (0x1F380, 0x1F384), (0x1F388, 0x1F393), (0x1F399, 0x1F39E), (0x1F3A3, 0x1F3A9)),
    *((0x1F3AF, 0x1F3C0), (0x1F3D0, 0x1F3D3), (0x1F3F8, 0x1F3FA), (0x1F400, 0x1F43F), (0x1F451, 0x1F465)),
    *((0x1F488, 0x1F48A), (0x1F4A1, 0x1F4A3), (0x1F4B0, 0x1F4FF), (0x1F526, 0x1F52E), (0x1F56F, 0x1F570)),
    *((0x1F576, 0x1F576), (0x1F58A, 0x1F58D), (0x1F5A5, 0x1F5BC), (0x1F680, 0x1F68F), (0x1F690, 0x1F6A2)),
    *((0x1F6B2, 0x1F6B2), (0x1F6BD, 0x1F6BF), (0x1F6CB, 0x1F6CB), (0x1F6CD, 0x1F6CF), (0x1F6E0, 0x1F6FC)),
    *((0x1F950, 0x1F96F), (0x1F980, 0x1F9AE), (0x1F9BA, 0x1F9BD), (0x1F9C0, 0x1F9CB), (0x1F9E6, 0x1F9FF)),
    *((0x1FA70, 0x1FAC1), (0x1FACE, 0x1FADF)),
)


def is_a_thing(stem: str) -> bool:
    """Tell whether a pictograph, named by its letters in hexadecimal, shows a thing, an animal or a plant."""
    letters = [part for part in stem.lower().split("-") if part != "fe0f"]
    if len(letters) != 1 or not re.fullmatch("[0-9a-f]{4,6}", letters[0]):
        return False
    return any(first <= int(letters[0], 16) <= last for first, last in _THINGS)
