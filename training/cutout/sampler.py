"""Training pictures of the cut-out network, drawn by number: the same (seed, number) is always the same picture."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from training.cutout import augment, grounds
from training.cutout.data import Pixels, Stock, clean

# shares of photos as they are, of those continued by mirroring, of those that teachers labelled, of windows with
# things, of pictures without a person; the rest is composed
SHARES = {"real": 0.22, "wide": 0.07, "taught": 0.10, "window": 0.09, "empty": 0.12, "composed": 0.40}
LEAST_SHARE = 0.01  # a picture shows at least this much figure
THINGS = 0.40  # of composites show a thing alone
HELD = 0.12  # of composites of people have a thing in a hand, or anywhere before them
CAMOUFLAGE = 0.15  # of composites have a ground of the figure's colour


class Drawn(NamedTuple):
    """A picture, uint8 [side, side, 3], and what is to be said of it: uint8 [side, side, 2], alpha and person.

    `known`: whether each of the two is known.
    """

    rgb: Pixels
    alphas: Pixels
    known: tuple[bool, bool]


class Sampler:
    """Draws pictures and their alphas."""

    def __init__(self, stock: Stock, seed: int) -> None:
        self.stock, self.seed = stock, seed
        self.photo_figures: dict[int, Pixels] = {}
        self.streets: dict[int, Pixels] = {}
        self.kinds = {kind: share for kind, share in SHARES.items() if self.has(kind)}

    def has(self, kind: str) -> bool:
        """Tell whether the stock has what a kind of picture is made of."""
        needed = {"taught": self.stock.taught, "window": self.stock.windows}
        return bool(needed.get(kind, True))

    def batch(self, first: int, count: int, side: int) -> tuple[Pixels, Pixels, NDArray[np.bool_]]:
        """Return pictures first .. first + count: [n, s, s, 3], their alphas [n, s, s, 2], what is known [n, 2]."""
        drawn = [self.draw(number, side) for number in range(first, first + count)]
        return np.stack([d.rgb for d in drawn]), np.stack([d.alphas for d in drawn]), np.array([d.known for d in drawn])

    def draw(self, number: int, side: int, only: str = "") -> Drawn:
        """Return one picture; `only` of one kind, if that is wanted."""
        rng = np.random.default_rng([self.seed, number])
        shares = np.cumsum(list(self.kinds.values()))
        kind = list(self.kinds)[int(np.searchsorted(shares, rng.random() * shares[-1], side="right"))]
        draw = getattr(self, only or kind)
        for _ in range(8):
            drawn: Drawn = draw(rng, side)
            if (only or kind) == "empty" or drawn.alphas[..., 0].mean() >= 255 * LEAST_SHARE:
                break
        rgb, alphas, known = drawn
        if rng.random() < 0.5:
            rgb, alphas = rgb[:, ::-1], alphas[:, ::-1]
        rgb = augment.worn(rng, augment.toned(rng, np.ascontiguousarray(rgb), 1.0))
        return Drawn(rgb, np.ascontiguousarray(alphas), known)

    def street(self, index: int) -> Pixels:
        """Return a photo without its figure."""
        if index not in self.streets:
            self.streets[index] = augment.without_figure(self.stock.photos[index])
        return self.streets[index]

    def photo_figure(self, index: int) -> Pixels:
        """Return a photo's figure, cut out, its edge free of the photo's ground."""
        if index not in self.photo_figures:
            self.photo_figures[index] = clean(augment.tight(self.stock.photos[index]))
        return self.photo_figures[index]

    def person(self, rng: Generator) -> Pixels:
        """Return a figure to paste: a cut-out person or group, or a photo's person."""
        if self.stock.people and (rng.random() < 0.45 or not self.stock.photos):
            return one_of(rng, self.stock.people)
        return self.photo_figure(int(rng.integers(len(self.stock.photos))))

    def thing(self, rng: Generator) -> Pixels | None:
        """Return a thing to paste, real ones more often than drawn ones; None where there are none."""
        if self.stock.objects and (rng.random() < 0.6 or not self.stock.trinkets):
            return one_of(rng, self.stock.objects)
        return one_of(rng, self.stock.trinkets) if self.stock.trinkets else None

    def real(self, rng: Generator, side: int) -> Drawn:
        """Return a photo as it is, or a window of it; at times with a second person."""
        drawn, aspect = windowed(rng, one_of(rng, self.stock.photos), side)
        if rng.random() < 0.15:
            drawn = self.with_another(rng, drawn, aspect, self.person(rng), True)
        return drawn

    def taught(self, rng: Generator, side: int) -> Drawn:
        """Return a photo that teachers labelled, or a window of it."""
        return windowed(rng, one_of(rng, self.stock.taught), side)[0]

    def window(self, rng: Generator, side: int) -> Drawn:
        """Return a window of a room with a thing that teachers found, hardly cropped, as that is what it is about."""
        photo = one_of(rng, self.stock.windows)
        height, width = photo.shape[:2]
        x0, x1 = rng.uniform(0, 0.08, 2) * width
        y0, y1 = rng.uniform(0, 0.08, 2) * height
        both = augment.squeeze(photo, (x0, y0, width - x1, height - y1), side)
        return Drawn(both[..., :3], np.dstack([both[..., 3], np.zeros_like(both[..., 3])]), (True, True))

    def wide(self, rng: Generator, side: int) -> Drawn:
        """Return a photo continued beyond its frame by its mirrored, figureless self: a smaller figure, no seam."""
        index = int(rng.integers(len(self.stock.photos)))
        photo, street = self.stock.photos[index], self.street(index)
        height, width = photo.shape[:2]
        left, right = (rng.uniform(0, 1, 2) * width).astype(int)
        above, below = (rng.uniform(0, (0.7, 0.25)) * height).astype(int)
        large = np.pad(street, ((above, below), (left, right), (0, 0)), mode="symmetric")
        large[above : above + height, left : left + width] = photo[..., :3]
        mask = np.pad(photo[..., 3], ((above, below), (left, right)))
        x0, x1 = rng.uniform(0, 0.6, 2) * (left, right)
        window = (x0, rng.uniform(0, 0.5) * above, large.shape[1] - x1, float(large.shape[0]))
        return of_people(augment.squeeze(np.dstack([large, mask]), window, side))

    def empty(self, rng: Generator, side: int) -> Drawn:
        """Return a picture without a person.  A room's foreground is not known; noise has none."""
        aspect = math.exp(rng.uniform(math.log(0.6), math.log(1.7)))
        nothing = np.zeros((side, side, 2), np.uint8)
        if self.stock.rooms and rng.random() < 0.75:
            room = one_of(rng, self.stock.rooms)
            window = augment.some_window(rng, room.shape, aspect, 0.3)
            return Drawn(augment.squeeze(room, window, side), nothing, (False, True))
        return Drawn(grounds.KINDS[int(rng.integers(len(grounds.KINDS)))](rng, side), nothing, (True, True))

    def composed(self, rng: Generator, side: int) -> Drawn:
        """Return a thing, or one to four people, in a room, a street, a studio, or a place of noise."""
        aspect = math.exp(rng.uniform(math.log(0.55), math.log(1.8)))
        thing = self.thing(rng) if rng.random() < THINGS else None
        figure = self.person(rng) if thing is None else thing
        canvas = self.ground(rng, aspect, side)
        if rng.random() < CAMOUFLAGE:
            canvas = augment.camouflaged(rng, canvas, figure)
        bare = Drawn(canvas, np.zeros((side, side, 2), np.uint8), (True, True))
        drawn = self.with_another(rng, bare, aspect, figure, thing is None)
        if thing is not None:
            return drawn
        more = rng.random()
        for _ in range((more < 0.35) + (more < 0.12) + (more < 0.05)):
            drawn = self.with_another(rng, drawn, aspect, self.person(rng), True)
        return self.with_held(rng, drawn, aspect) if rng.random() < HELD else drawn

    def ground(self, rng: Generator, aspect: float, side: int) -> Pixels:
        """Return a background without figures."""
        kind = rng.random()
        if kind < 0.45 or not (self.stock.rooms and self.stock.photos):
            drawn = grounds.studio if kind < 0.22 else grounds.street if kind < 0.34 else grounds.garden
            return drawn(rng, side)
        if kind < 0.68:
            picture = self.street(int(rng.integers(len(self.stock.photos))))
            if aspect > 0.8:
                picture = np.concatenate([picture, picture[:, ::-1]], 1)
        else:
            picture = one_of(rng, self.stock.rooms)
        return augment.squeeze(picture, augment.some_window(rng, picture.shape, aspect, 0.45), side)

    def with_another(self, rng: Generator, drawn: Drawn, aspect: float, figure: Pixels, person: bool) -> Drawn:
        """Return the picture with one more figure before what is there.  `aspect`: of the picture, unsqueezed."""
        side = len(drawn.rgb)
        shape = figure.shape[1] / figure.shape[0] / aspect  # width per height on the squeezed canvas
        kind = rng.random()
        if kind < 0.45:  # all of it, standing anywhere
            height = min(rng.uniform(0.25, 0.95), 0.98 / shape) * side
            left = rng.uniform(-0.05, 1.05) * (side - height * shape)
            top = rng.uniform(0.3, 1.02) * (side - height)
        elif kind < 0.75:  # near: it fills the frame
            height = min(0.9, 0.9 / shape) * rng.uniform(0.7, 1.15) * side
            left = (side - height * shape) / 2 + rng.normal(0, 0.08) * side
            top = (side - height) / 2 + rng.normal(0, 0.05) * side
        else:  # too near: cut off below and at the sides
            height = rng.uniform(0.9, 2.2) * min(1.0, 1.2 / shape) * side
            left = rng.uniform(0, 1) * (side - height * shape)
            top = rng.uniform(0, 0.3) * side
        return before(rng, drawn, figure, (left, top, height * shape, height), person)

    def with_held(self, rng: Generator, drawn: Drawn, aspect: float) -> Drawn:
        """Return the picture with a thing that the figure holds: it lies across the edge of the figure."""
        thing, side = self.thing(rng), len(drawn.rgb)
        inside = np.argwhere(drawn.alphas[..., 0] > 128)
        if thing is None or not len(inside):
            return drawn
        y, x = inside[int(rng.integers(len(inside)))]
        row = np.flatnonzero(drawn.alphas[y, :, 0] > 128)
        x = row[0] if rng.random() < 0.4 else row[-1] if rng.random() < 0.7 else x
        high = rng.uniform(0.08, 0.25) * side
        wide = min(high * thing.shape[1] / thing.shape[0] / aspect, 0.5 * side)
        return before(rng, drawn, thing, (x - wide / 2, y - high / 2, wide, high), False)


def one_of(rng: Generator, pictures: list[Pixels]) -> Pixels:
    """Return one of some pictures."""
    return pictures[int(rng.integers(len(pictures)))]


def of_people(both: Pixels) -> Drawn:
    """Return a photo of people: its foreground is them."""
    return Drawn(both[..., :3], np.repeat(both[..., 3:], 2, -1), (True, True))


def before(
    rng: Generator, drawn: Drawn, figure: Pixels, where: tuple[float, float, float, float], person: bool
) -> Drawn:
    """Return the picture with a figure, or its mirror image, at (left, top, width, height) before what is there."""
    figure = figure[:, ::-1] if rng.random() < 0.5 else figure
    placed = augment.place(figure, len(drawn.rgb), *where)
    picture, own = augment.pasted(rng, drawn.rgb, placed)
    alpha, people = drawn.alphas[..., 0], drawn.alphas[..., 1]
    people = augment.over(own, people) if person else augment.without(people, own)
    return Drawn(picture, np.dstack([augment.over(own, alpha), people]), drawn.known)


def windowed(rng: Generator, photo: Pixels, side: int) -> tuple[Drawn, float]:
    """Return most of a photo of people, or a window around some point of its figure; and its aspect."""
    height, width = photo.shape[:2]
    if rng.random() < 0.3:
        x0, x1 = rng.uniform(0, 0.15, 2) * width
        y0, y1 = rng.uniform(0, 0.08, 2) * height
        window = (x0, y0, width - x1, height - y1)
    else:
        window = around_figure(rng, photo)
    return of_people(augment.squeeze(photo, window, side)), (window[2] - window[0]) / (window[3] - window[1])


def around_figure(rng: Generator, photo: Pixels) -> augment.Window:
    """Return a window of a photo around some point of its figure, of any aspect, at least 110 px wide and high."""
    height, width = photo.shape[:2]
    ys, xs = np.nonzero(photo[..., 3] > 128)
    pick = int(rng.integers(len(ys))) if len(ys) else 0
    x, y = (float(xs[pick]), float(ys[pick])) if len(ys) else (width / 2, height / 2)
    aspect = math.exp(rng.uniform(math.log(0.5), math.log(1.8)))
    w = rng.uniform(min(110.0, width), width)
    h = min(max(w / aspect, min(110.0, height)), height)
    left = float(np.clip(x - rng.uniform(0.15, 0.85) * w, 0, width - w))
    top = float(np.clip(y - rng.uniform(0.1, 0.9) * h, 0, height - h))
    return left, top, left + w, top + h
