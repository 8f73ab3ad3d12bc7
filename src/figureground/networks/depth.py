"""Depth networks behind one interface: a batch of pictures -> their depth, in the card's unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.card import Card
from figureground.core.errors import FigureGroundError
from figureground.core.nouns import DepthMap, Picture
from figureground.networks.runtimes import Runner, runtime_errors
from figureground.networks.tensors import normalised, resized, resized_map


@dataclass(frozen=True)
class DepthNetwork:
    """A depth network and its card.

    Called with uint8 RGB pictures (n, height, width, 3) it returns float32 depth (n, height, width) in `card.unit`;
    with `native=True` at the network's own output size.  It runs at the size that the network was made for.
    `focal`: focal length in units of the picture's width, for cards that need it.

    Raises FigureGroundError when the output is not one finite, varying map a picture: bad depth is never returned.
    """

    card: Card
    run: Runner
    where: str
    focal: float = 0.0

    def __call__(self, pictures: NDArray[np.uint8], native: bool = False) -> NDArray[np.float32]:
        _, height, width, _ = pictures.shape
        window = window_of(self.card, height, width)
        batch = np.stack([prepare(self.card, picture, window) for picture in pictures])
        with runtime_errors(
            f"the depth network refused its input {list(batch.shape)}",
            self.where,
            "does its card state the input size and layout that the file takes?",
        ):
            outputs = self.run(batch)
        raw = self._one_map(outputs, len(pictures))
        depth = window.cut(self._finite(read(self.card, raw, outputs, self.focal * window.columns)))
        if not native:
            depth = np.stack([resized_map(one, height, width) for one in depth])
        return depth

    def estimate(self, picture: Picture) -> DepthMap:
        """Return the depth of one picture, uint8 (height, width, 3), at its size."""
        return DepthMap(self(picture[None])[0], self.card.unit, self.card.direction)

    def _finite(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        if not np.isfinite(values).all():
            raise FigureGroundError(
                "the depth network's output has NaN or infinite values",
                self.where,
                "nothing of it is written; try another runtime or precision",
            )
        return values

    def _one_map(self, outputs: Mapping[str, NDArray[Any]], n: int) -> NDArray[np.float32]:
        name = self.card.output_name or ("points" if self.card.reading == "moge" else next(iter(outputs)))
        if name not in outputs:
            raise FigureGroundError(
                f"the depth network has no output {name!r}",
                self.where,
                f"set output_name to one of {', '.join(outputs)}",
            )
        raw = outputs[name].astype(np.float32)
        if self.card.reading == "moge":
            raw = raw.reshape(n, *raw.shape[-3:])[..., 2]
        elif raw.ndim >= 3 and raw.size == n * raw.shape[-2] * raw.shape[-1]:
            raw = raw.reshape(n, *raw.shape[-2:])
        if raw.ndim != 3 or len(raw) != n:
            raise FigureGroundError(
                f"the depth network's output has shape {list(outputs[name].shape)}",
                self.where,
                "one map a picture is wanted: [n, 1, h, w] or [n, h, w]",
            )
        self._finite(raw)
        flat = np.ptp(raw.reshape(n, -1), axis=1) == 0
        if flat.any() and raw[0].size > 1:
            raise FigureGroundError(
                "the depth network's output is constant",
                self.where,
                "are these the right weights, and is the card's mean and std right?",
            )
        return raw


@dataclass(frozen=True)
class Window:
    """Where a picture lies in a network's input: `rows` x `columns` px in the middle of `shape`, (rows, columns)."""

    rows: int
    columns: int
    shape: tuple[int, int]

    @property
    def corner(self) -> tuple[int, int]:
        """(row, column) of its top left pixel."""
        return (self.shape[0] - self.rows) // 2, (self.shape[1] - self.columns) // 2

    def cut(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the picture's part of maps (n, h, w) of the whole input, to the nearest of their pixels."""
        if (self.rows, self.columns) == self.shape:
            return maps
        (top, left), (height, width) = self.corner, maps.shape[1:]
        down, across = height / self.shape[0], width / self.shape[1]
        rows = slice(round(top * down), max(round((top + self.rows) * down), round(top * down) + 1))
        columns = slice(round(left * across), max(round((left + self.columns) * across), round(left * across) + 1))
        return maps[:, rows, columns]


def window_of(card: Card, height: int, width: int) -> Window:
    """Return where the network sees a picture of that size."""
    rows, columns = shape = input_shape(card, height, width)
    if not card.multiple and card.fit == "letterbox":
        scale = card.input_size / max(height, width)
        rows, columns = (max(1, round(side * scale)) for side in (height, width))
    return Window(rows, columns, shape)


def input_shape(card: Card, height: int, width: int) -> tuple[int, int]:
    """Return (rows, columns) of the network's input for a picture of that size."""
    if not card.multiple:
        return card.input_size, card.input_size
    scale = card.input_size / min(height, width)
    rows, columns = (max(1, round(side * scale / card.multiple)) * card.multiple for side in (height, width))
    return rows, columns


def prepare(card: Card, picture: Picture, window: Window) -> NDArray[np.float32]:
    """Return one picture as the network takes it: resized, 0..1, normalised, float32 in the card's layout."""
    seen = resized(picture, window.rows, window.columns, card.resize)
    if seen.shape[:2] != window.shape:
        filled = np.empty((*window.shape, 3), np.uint8)
        filled[:] = np.rint(seen.reshape(-1, 3).mean(0))
        top, left = window.corner
        filled[top : top + window.rows, left : left + window.columns] = seen
        seen = filled
    return normalised(seen, card.mean, card.std, card.layout)


def read(
    card: Card, raw: NDArray[np.float32], outputs: Mapping[str, NDArray[Any]], focal_px: float
) -> NDArray[np.float32]:
    """Return raw output (n, h, w) as depth in the card's unit, clipped to its valid range."""
    if card.reading == "densedepth":
        from figureground.networks.densedepth import metres

        depth = metres(raw)
    elif card.reading == "moge":
        depth = moge_depth(outputs["points"], outputs["metric_scale"])
    else:
        depth = raw * np.float32(card.unit_scale * (focal_px if card.needs_focal else 1.0))
    if card.valid and card.unit != "relative":
        depth = np.clip(depth, np.float32(card.valid[0]), np.float32(card.valid[1]))
    return depth.astype(np.float32)


def moge_depth(points: NDArray[Any], metric_scale: NDArray[Any]) -> NDArray[np.float32]:
    """Return metres (n, h, w) from an affine point map (n, h, w, 3) and its metric scale (n,).

    A point (x, y, z) is seen at (u, v) = f * (x, y) / (z + t), pixel centres over half the diagonal.  Multiplied out
    this is linear in (f, t): u*t - x*f = -u*z, and likewise for v; both are solved for by least squares.
    """
    n, height, width, _ = points.shape
    half = np.hypot(height, width) / 2
    v, u = ((np.mgrid[0:height, 0:width] + 0.5 - np.array([height, width]).reshape(2, 1, 1) / 2) / half).reshape(2, -1)
    seen = np.concatenate([u, v])
    depth = np.empty((n, height, width), np.float32)
    for i in range(n):
        x, y, z = points[i].reshape(-1, 3).astype(np.float64).T
        z2 = np.concatenate([z, z])
        terms = np.stack([seen, -np.concatenate([x, y])], 1)
        (shift, _), *_ = np.linalg.lstsq(terms, -seen * z2, rcond=None)
        depth[i] = ((z + shift) * float(np.ravel(metric_scale)[i])).reshape(height, width)
    return depth
