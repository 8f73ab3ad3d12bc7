"""Depth networks behind one interface: a batch of pictures -> their depth, in the card's unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.card import Card
from figureground.core.errors import FigureGroundError, NoDepthError
from figureground.core.nouns import DepthMap, Picture
from figureground.networks.runtimes import Runner, runtime_errors
from figureground.networks.tensors import normalised, resized, resized_map

_Raw = NDArray[np.float32]  # (h, w), or (h, w, 3) where the network gives points
_Valid = NDArray[np.bool_] | None  # (h, w); None: everywhere
_Outputs = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class DepthNetwork:
    """A depth network and its card.

    Called with uint8 RGB pictures (n, height, width, 3) it returns float32 depth (n, height, width) in `card.unit`, NaN
    where the network says that there is none; with `native=True` at the network's own output size.  It runs at the size
    that the network was made for.  `focal`: focal length in units of the picture's width, for cards that need it.

    Raises NoDepthError when the output is not one finite, varying map a picture: bad depth is never returned.
    """

    card: Card
    run: Runner
    where: str
    focal: float = 0.0

    def __call__(self, pictures: NDArray[np.uint8], native: bool = False) -> NDArray[np.float32]:
        maps = self.maps(pictures, native)
        for one in maps:
            if isinstance(one, NoDepthError):
                raise one
        return np.stack([one for one in maps if not isinstance(one, NoDepthError)])

    def maps(self, pictures: NDArray[np.uint8], native: bool = False) -> list[NDArray[np.float32] | NoDepthError]:
        """Return the depth of each picture, or why it has none; what happens to one is no matter of the others."""
        n, height, width, _ = pictures.shape
        window = window_of(self.card, height, width)
        ready = [prepare(self.card, picture, window) for picture in pictures]
        batch = np.stack(ready) if n > 1 else ready[0][None]
        try:
            with runtime_errors(
                f"the depth network refused its input {list(batch.shape)}",
                self.where,
                "does its card state the input size and layout that the file takes?",
            ):
                outputs = self.run(batch)
            each = self._each(outputs, n)
        except NoDepthError as error:
            if n > 1:  # its shape may be one picture's fault, or the file gives one map at a time
                return [found for picture in pictures for found in self.maps(picture[None], native)]
            return [self._none(error.what, error.remedy)]
        return [self._read(*one, window, (0, 0) if native else (height, width)) for one in each]

    def estimate(self, picture: Picture) -> DepthMap:
        """Return the depth of one picture, uint8 (height, width, 3), at its size."""
        return DepthMap(self(picture[None])[0], self.card.unit, self.card.direction)

    def _none(self, what: str, remedy: str = "") -> NoDepthError:
        return NoDepthError(what, self.where, remedy or "nothing of it is written; try another runtime or precision")

    def _each(self, outputs: Mapping[str, NDArray[Any]], n: int) -> list[tuple[_Raw, _Valid, _Outputs]]:
        """Return, for each of n pictures, its raw map (or points), where it counts, and what else the network gave."""
        moge = self.card.reading == "moge"
        raw = self._output(outputs, self.card.output_name or ("points" if moge else next(iter(outputs))), "output_name")
        maps = points_of(raw, n) if moge else maps_of(raw, n)
        valid: list[_Valid] = [None] * n
        if self.card.valid_output:
            says = self._output(outputs, self.card.valid_output, "valid_output")
            told = maps_of(says, n)
            if told.shape[1:3] != maps.shape[1:3]:
                raise NoDepthError(
                    f"the depth network's output {self.card.valid_output!r} has shape {list(says.shape)}",
                    remedy=f"it must have the depth's size, {list(maps.shape[1:3])}; mend valid_output in the card",
                )
            valid = list(told >= np.float32(self.card.valid_least))
        own = [{name: one[i] if one.ndim and len(one) == n else one for name, one in outputs.items()} for i in range(n)]
        return list(zip(maps, valid, own, strict=True))

    def _output(self, outputs: Mapping[str, NDArray[Any]], name: str, key: str) -> NDArray[Any]:
        if name not in outputs:
            raise FigureGroundError(
                f"the depth network has no output {name!r}", self.where, f"set {key} to one of {', '.join(outputs)}"
            )
        return outputs[name]

    def _read(
        self, raw: _Raw, valid: _Valid, outputs: _Outputs, window: Window, size: tuple[int, int]
    ) -> NDArray[np.float32] | NoDepthError:
        """Return one picture's depth at a size, (0, 0) for the network's own; or why it is none."""
        counted = raw if valid is None else raw[valid]
        if not counted.size:
            return self._none("the depth network's output has no pixel with a value")
        if not _finite(counted):
            return self._none("the depth network's output has NaN or infinite values")
        depths = counted[..., 2] if self.card.reading == "moge" else counted
        if depths.size > 1 and np.ptp(depths) == 0:
            return self._none(
                "the depth network's output is constant",
                "are these the right weights, and is the card's mean and std right?",
            )
        depth = read(self.card, raw, valid, outputs, self.focal * window.columns)
        if not _finite(depth if valid is None else depth[valid]):
            return self._none("the depth network's output has NaN or infinite values")
        depth = window.cut((depth if valid is None else np.where(valid, depth, np.float32(np.nan)))[None])[0]
        if valid is not None and np.isnan(depth).all():
            return self._none("the depth network's output has no pixel with a value")
        return resized_map(depth, *size) if all(size) else depth


def _finite(values: NDArray[np.float32]) -> bool:
    """Tell whether no value is NaN or infinite: the extremes say so at half the cost of looking at each."""
    return bool(np.isfinite(values.min()) and np.isfinite(values.max()))


def maps_of(raw: NDArray[Any], n: int) -> NDArray[np.float32]:
    """Return an output as one map a picture, float32 (n, h, w): of [n, 1, h, w], [n, h, w, 1], [n, h, w] and, of one
    picture, [h, w] or [h, w, 1].  Raises NoDepthError for any other shape."""
    values, shape = _single(raw), raw.shape
    if values.ndim >= 3 and values.size == n * shape[-2] * shape[-1]:
        return values.reshape(n, *shape[-2:])
    if values.ndim >= 3 and shape[-1] == 1 and values.size == n * shape[-3] * shape[-2]:
        return values.reshape(n, *shape[-3:-1])
    if values.ndim == 2 and n == 1 and min(shape) > 1:
        return values[None]
    raise NoDepthError(
        f"the depth network's output has shape {list(shape)}",
        remedy="one map a picture is wanted: [n, 1, h, w], [n, h, w, 1], [n, h, w] or [h, w]; or set output_name",
    )


def points_of(raw: NDArray[Any], n: int) -> NDArray[np.float32]:
    """Return an output as a point map a picture, float32 (n, h, w, 3).  Raises NoDepthError for any other shape."""
    if raw.ndim < 3 or raw.shape[-1] != 3 or raw.size != n * int(np.prod(raw.shape[-3:])):
        raise NoDepthError(
            f"the depth network's output has shape {list(raw.shape)}",
            remedy='reading = "moge" wants points, [n, h, w, 3]',
        )
    return _single(raw).reshape(n, *raw.shape[-3:])


def _single(raw: NDArray[Any]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is found
        return raw.astype(np.float32, copy=False)


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
    card: Card, raw: _Raw, valid: _Valid, outputs: Mapping[str, NDArray[Any]], focal_px: float
) -> NDArray[np.float32]:
    """Return one picture's raw output (h, w) as depth in the card's unit, clipped to its valid range."""
    if card.reading == "densedepth":
        from figureground.networks.densedepth import metres

        depth = metres(raw)
    elif card.reading == "moge":
        depth = moge_depth(raw, float(np.ravel(outputs["metric_scale"])[0]), valid)
    else:
        depth = raw * np.float32(card.unit_scale * (focal_px if card.needs_focal else 1.0))
    if card.valid and card.unit != "relative":
        depth = np.clip(depth, np.float32(card.valid[0]), np.float32(card.valid[1]))
    return depth.astype(np.float32, copy=False)


def moge_depth(
    points: NDArray[Any], metric_scale: float, valid: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """Return metres (h, w) from an affine point map (h, w, 3) and its metric scale; only `valid` points are looked at.

    A point (x, y, z) is seen at (u, v) = f * (x, y) / (z + t), pixel centres over half the diagonal.  Multiplied out
    this is linear in (f, t): u*t - x*f = -u*z, and likewise for v; both are solved for by least squares.
    """
    height, width, _ = points.shape
    half = np.hypot(height, width) / 2
    grid = (np.mgrid[0:height, 0:width] + 0.5 - np.array([height, width]).reshape(2, 1, 1) / 2) / half
    counted = np.ones((height, width), np.bool_) if valid is None else valid
    v, u = grid[0][counted], grid[1][counted]
    seen = np.concatenate([u, v])
    x, y, z = points[counted].astype(np.float64).T
    terms = np.stack([seen, -np.concatenate([x, y])], 1)
    (shift, _), *_ = np.linalg.lstsq(terms, -seen * np.concatenate([z, z]), rcond=None)
    depth = np.full((height, width), np.nan, np.float32)
    depth[counted] = _single((z + shift) * metric_scale)
    return depth
