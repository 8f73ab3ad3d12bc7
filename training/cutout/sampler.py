"""Training pictures of the cut-out network, drawn by number: the same (seed, number) is always the same picture."""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator

from figureground.ingest import matting
from training.cutout import augment
from training.cutout.data import Pixels, Stock

REAL, WIDE = 0.38, 0.14  # shares of photos as they are, and of photos continued by mirroring; the rest is composed
LEAST_SHARE = 0.01  # a picture shows at least this much figure


class Sampler:
    """Draws (picture, alpha) pairs, uint8 [side, side, 3] and [side, side]."""

    def __init__(self, stock: Stock, seed: int) -> None:
        self.stock, self.seed = stock, seed
        self.photo_figures: dict[int, Pixels] = {}
        self.streets: dict[int, Pixels] = {}

    def batch(self, first: int, count: int, side: int) -> tuple[Pixels, Pixels]:
        """Return pictures number first .. first + count: [count, side, side, 3] and [count, side, side]."""
        pairs = [self.draw(number, side) for number in range(first, first + count)]
        return np.stack([p for p, _ in pairs]), np.stack([a for _, a in pairs])

    def draw(self, number: int, side: int) -> tuple[Pixels, Pixels]:
        """Return one picture and its alpha."""
        rng = np.random.default_rng([self.seed, number])
        kind = rng.random()
        for _ in range(8):
            if kind < REAL:
                rgb, alpha = self.real(rng, side)
            elif kind < REAL + WIDE:
                rgb, alpha = self.wide(rng, side)
            else:
                rgb, alpha = self.composed(rng, side)
            if alpha.mean() >= 255 * LEAST_SHARE:
                break
        if rng.random() < 0.5:
            rgb, alpha = rgb[:, ::-1], alpha[:, ::-1]
        rgb = augment.worn(rng, augment.toned(rng, np.ascontiguousarray(rgb), 1.0))
        return rgb, np.ascontiguousarray(alpha)

    def street(self, index: int) -> Pixels:
        """Return a photo without its figure."""
        if index not in self.streets:
            self.streets[index] = augment.without_figure(self.stock.photos[index])
        return self.streets[index]

    def photo_figure(self, index: int) -> Pixels:
        """Return a photo's figure, cut out, its edge free of the photo's ground."""
        if index not in self.photo_figures:
            photo = augment.tight(self.stock.photos[index])
            clean = matting.decontaminate(photo[..., :3], photo[..., 3], radii=(30, 4))
            self.photo_figures[index] = np.dstack([clean, photo[..., 3]])
        return self.photo_figures[index]

    def figure(self, rng: Generator, things: float) -> Pixels:
        """Return a figure to paste: a cut-out person or group, a photo's person, or at times a thing."""
        stock, kind = self.stock, rng.random()
        if stock.objects and kind < things:
            return stock.objects[int(rng.integers(len(stock.objects)))]
        if stock.people and (kind < 0.5 or not stock.photos):
            return stock.people[int(rng.integers(len(stock.people)))]
        return self.photo_figure(int(rng.integers(len(stock.photos))))

    def real(self, rng: Generator, side: int) -> tuple[Pixels, Pixels]:
        """Return a photo as it is, or a window of it; at times with a second person."""
        photo = self.stock.photos[int(rng.integers(len(self.stock.photos)))]
        height, width = photo.shape[:2]
        if rng.random() < 0.3:
            x0, x1 = rng.uniform(0, 0.15, 2) * width
            y0, y1 = rng.uniform(0, 0.08, 2) * height
            window = (x0, y0, width - x1, height - y1)
        else:
            window = around_figure(rng, photo)
        both = augment.squeeze(photo, window, side)
        rgb, alpha = both[..., :3], both[..., 3]
        if rng.random() < 0.15:
            aspect = (window[2] - window[0]) / (window[3] - window[1])
            rgb, alpha = self.with_another(rng, rgb, alpha, aspect, things=0.0)
        return rgb, alpha

    def wide(self, rng: Generator, side: int) -> tuple[Pixels, Pixels]:
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
        both = augment.squeeze(np.dstack([large, mask]), window, side)
        return both[..., :3], both[..., 3]

    def composed(self, rng: Generator, side: int) -> tuple[Pixels, Pixels]:
        """Return one to four figures pasted into a room, a street, or a street of noise."""
        aspect = math.exp(rng.uniform(math.log(0.55), math.log(1.8)))
        canvas = self.ground(rng, aspect, side)
        rgb, alpha = self.with_another(rng, canvas, np.zeros((side, side), np.uint8), aspect, things=0.12)
        more = rng.random()
        for _ in range((more < 0.35) + (more < 0.12) + (more < 0.05)):
            rgb, alpha = self.with_another(rng, rgb, alpha, aspect, things=0.0)
        return rgb, alpha

    def ground(self, rng: Generator, aspect: float, side: int) -> Pixels:
        """Return a background without figures."""
        kind = rng.random()
        if kind < 0.15 or not (self.stock.rooms and self.stock.photos):
            return augment.street_of_noise(rng, side)
        if kind < 0.5:
            picture = self.street(int(rng.integers(len(self.stock.photos))))
            if aspect > 0.8:
                picture = np.concatenate([picture, picture[:, ::-1]], 1)
        else:
            picture = self.stock.rooms[int(rng.integers(len(self.stock.rooms)))]
        return augment.squeeze(picture, augment.some_window(rng, picture.shape, aspect, 0.45), side)

    def with_another(
        self, rng: Generator, rgb: Pixels, alpha: Pixels, aspect: float, things: float
    ) -> tuple[Pixels, Pixels]:
        """Return the picture with one more figure before what is there.  `aspect`: of the picture, unsqueezed."""
        figure, side = self.figure(rng, things), len(rgb)
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
        placed = augment.place(figure, side, left, top, height * shape, height)
        if rng.random() < 0.5:
            placed = augment.place(figure[:, ::-1], side, left, top, height * shape, height)
        picture, own = augment.pasted(rng, rgb, placed)
        return picture, augment.over(own, alpha)


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
