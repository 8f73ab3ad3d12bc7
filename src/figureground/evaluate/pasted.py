"""Pictures whose true mask is known exactly: cut-outs pasted on rooms, by the same means as a build's composites.

Picture `index` is a pure function of the seed, the index, and the two folders.  The cut-outs take turns, in an order
drawn by the seed, so that each is used as often as any other; the room, the height and the place are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from figureground.core import random
from figureground.core.canvas import Canvas
from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.nouns import Appearance, Cutout, Figure, Mask, Picture
from figureground.evaluate.cutouts import Subject
from figureground.image.masks import mask_of, premultiplied
from figureground.ingest import matting, photos
from figureground.ingest.cutout import working
from figureground.render.composite import compose, matched, seen_of, sized, sprite

SMALLEST, LARGEST = 0.3, 0.9  # a cut-out's height, of the room's
_WIDEST = 0.95  # of the room's width
_ENOUGH = 896  # px of a photo's shortest side, at least
_PLAIN = Appearance((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), 0.0, 0.0)  # colours are not matched


@dataclass(frozen=True)
class Place:
    """Which cut-out is pasted on which room, and where: as fractions, 0..1, of what is possible there."""

    cutout: int
    room: int
    height: float
    x: float
    y: float


def places(seed: int, samples: int, cutouts: int, rooms: int) -> list[Place]:
    """Return what is drawn for samples 0, 1, ...: one is the same however many there are."""
    order = np.argsort(random.bits(seed, np.arange(cutouts), "evaluate/order"), kind="stable")
    index = np.arange(samples)
    room = random.integers(seed, index, "evaluate/room", 0, rooms - 1)
    height, x, y = (random.uniform(seed, index, f"evaluate/{name}").tolist() for name in ("height", "x", "y"))
    return [Place(int(order[i % cutouts]), int(room[i]), height[i], x[i], y[i]) for i in range(samples)]


def figure_at(place: Place, cutout: tuple[int, ...], room: tuple[int, ...]) -> Figure:
    """Return where a cut-out of (height, width) stands in a room of (height, width): all of it inside.

    Its height is SMALLEST to LARGEST of the room's, but less where it would be too wide, or larger than it is.
    """
    most = min(LARGEST * room[0], cutout[0], _WIDEST * room[1] * cutout[0] / cutout[1])
    least = min(SMALLEST * room[0], most)
    height = max(1, round(least + place.height * (most - least)))
    width = max(1, round(cutout[1] * height / cutout[0]))
    x, y = round(place.x * (room[1] - width)), round(place.y * (room[0] - height))
    return Figure(place.cutout, x, y, width, height, flip=False)


def fitted(room: Picture, height: int) -> Picture:
    """Return a room made smaller where a cut-out of that height would have to be enlarged to stand LARGEST in it."""
    scale = min(1.0, height / (LARGEST * room.shape[0]))
    if scale == 1:
        return room
    size = max(1, round(room.shape[1] * scale)), max(1, round(room.shape[0] * scale))
    return np.asarray(Image.fromarray(room).resize(size, Image.Resampling.LANCZOS))


def paste(cutout: Cutout, room: Picture, figure: Figure) -> tuple[Picture, Mask]:
    """Return the composite, uint8 (height, width, 3), and the figure's mask: alpha >= 1/2."""
    planes, margin = sized(premultiplied(cutout), figure)
    cutout, canvas = matched(planes, 0.0, _PLAIN, _PLAIN), Canvas(*room.shape[:2])
    seen = seen_of(figure, cutout[..., 3], margin, canvas, None)
    pasted = sprite(figure, seen, cutout, margin, canvas, None)
    made = compose(room, [pasted])
    return made.image, made.mask


@dataclass(frozen=True, eq=False)
class Pasted:
    """Cut-outs pasted on rooms: (name, composite, true mask), each made as it is asked for.  `cutouts`: with names."""

    cutouts: Sequence[tuple[str, Cutout]]
    rooms: Sequence[Path]
    places: Sequence[Place]

    def __len__(self) -> int:
        return len(self.places)

    def __iter__(self) -> Iterator[Subject]:
        for index, place in enumerate(self.places):
            name, cutout = self.cutouts[place.cutout]
            room = fitted(_room(self.rooms[place.room]), cutout.shape[0])
            picture, mask = paste(cutout, room, figure_at(place, cutout.shape, room.shape))
            yield f"{index:03d} {name} on {self.rooms[place.room].stem}", picture, mask


def pasted(cutouts: Path, rooms: Path, samples: int, seed: int = 0) -> Pasted:
    """Return `samples` cut-outs pasted on rooms.

    Rooms are at most 768 px large, as ingest works on photos, and smaller for small cut-outs (`fitted`). All that is
    drawn is read once here, so that a bad file is named at once. Raises FigureGroundError for an empty folder, a file
    that cannot be used, a cut-out without transparency, and no samples.
    """
    if samples < 1:
        raise FigureGroundError(f"--samples {samples} makes no picture", "evaluate-cutouts", "give 1 or more")
    figures = [_cutout(path) for path in _found(cutouts, "--cutouts")]
    backgrounds = _found(rooms, "--rooms")
    drawn = places(seed, samples, len(figures), len(backgrounds))
    for room in sorted({place.room for place in drawn}):
        _room(backgrounds[room])
    return Pasted(figures, backgrounds, drawn)


def _found(folder: Path, option: str) -> Sequence[Path]:
    found = photos.find([str(folder)], Path(), option)
    if not found:
        raise FigureGroundError("the folder holds no pictures", f"{option} {folder}", "name a folder that does")
    return found


def _cutout(path: Path) -> tuple[str, Cutout]:
    try:
        pixels = photos.decode(photos.read_bytes(path), _ENOUGH).pixels
        if pixels.shape[2] != 4 or not matting.says_something(pixels[..., 3]):
            raise SetAsideError("it has no transparency, so nobody knows where its figure ends")
        figure = matting.trim(pixels)
        if (area := int(mask_of(figure[..., 3]).sum())) < matting.LEAST:
            raise SetAsideError(f"the cut-out is empty: {area} px are at least half opaque")
        return path.stem, working(figure)
    except SetAsideError as error:
        raise FigureGroundError(
            f"the cut-out cannot be used: {error.reason}", str(path), "mend it or remove it"
        ) from None


def _room(path: Path) -> Picture:
    try:
        return np.ascontiguousarray(working(photos.decode(photos.read_bytes(path), _ENOUGH).pixels)[..., :3])
    except SetAsideError as error:
        raise FigureGroundError(f"the room cannot be used: {error.reason}", str(path), "mend it or remove it") from None
