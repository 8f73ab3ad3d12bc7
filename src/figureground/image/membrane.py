"""The smoothest values inside a mask that go over into given ones at its outline: Laplace's equation, by multigrid.

Only sums, products and quotients of single numbers, in a fixed order and number: every machine finds the same.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from figureground.core.arrays import Floats, Singles
from figureground.core.nouns import Mask

_HALF, _QUARTER = np.float32(0.5), np.float32(0.25)
_STEPS = np.float32(2.4), np.float32(1.1)  # Chebyshev's: of what is rough on a grid they leave a third at most
_CYCLES = 2  # on the finest grid, the one that ends the way up among them
_COARSEST = 5  # px a side, at most: there, equations are solved by elimination
_SIDES = ((0, 1), (1, 0), (1, 2), (2, 1))
_NOTHING = 1e-5  # of float32 factors of up to some hundreds: rounding


class _Values:
    """Values on a grid, float32 (channels, h, w), all 0 to begin with, within a ring of 0.

    `own`: the values; `around`: (3, 3, channels, h, w), what lies before, at and behind each, a view.
    """

    def __init__(self, channels: int, height: int, width: int) -> None:
        self._ringed = np.zeros((channels, height + 2, width + 2), np.float32)
        self.own = self._ringed[:, 1:-1, 1:-1]
        plane, row, px = self._ringed.strides
        shape, strides = (3, 3, channels, height, width), (row, px, plane, row, px)
        self.around: Singles = np.ndarray(shape, np.float32, self._ringed, 0, strides)


class _Grid(ABC):
    """The equations of a grid: for each px, the sum of factors by the values around it is what it should be.

    `total`: the sums of the factors without their signs, float32 (h, w).  No eigenvalue exceeds them, so that steps of
    less than twice 1 by them are stable whatever the mask.  `inverse`: of the equations of a small grid of n px,
    float64 (n, n), or None.
    """

    def __init__(self, total: Singles, inverse: Floats | None = None) -> None:
        self.shape = total.shape[0], total.shape[1]
        scale = np.divide(np.float32(1), total, out=np.zeros_like(total), where=total > _NOTHING)
        self.steps = tuple(step * scale for step in _STEPS)
        self.inverse = inverse

    @abstractmethod
    def lacking(self, values: _Values, sums: Singles) -> Singles:
        """Return by how much the equations miss `sums`, (channels, h, w)."""

    def finer(self, coarser: Singles) -> Singles:
        """Return values of the next coarser grid on this one."""
        return _up(coarser, self.shape)

    def smooth(self, values: _Values, sums: Singles, steps: Sequence[Singles]) -> None:
        """Bring values nearer to the solution in what is rough of them, in place."""
        for step in steps:
            rest = self.lacking(values, sums)
            rest *= step
            values.own += rest


class _Finest(_Grid):
    """The equations of the px of a mask, float32 (h, w) of 0 and 1, where each neighbour in it has a factor of -1."""

    def __init__(self, mask: Singles, links: Singles) -> None:
        (height, width), ringed = mask.shape, np.pad(mask, 1)
        neighbours = np.zeros_like(mask)
        for dy, dx in _SIDES:
            neighbours += ringed[dy : dy + height, dx : dx + width]
        neighbours *= mask
        self._mask = mask
        self.own = links + neighbours
        super().__init__(self.own + neighbours)

    def lacking(self, values: _Values, sums: Singles) -> Singles:
        rest = sums - self.own * values.own
        for dy, dx in _SIDES:
            rest += values.around[dy, dx]
        rest *= self._mask
        return rest

    def finer(self, coarser: Singles) -> Singles:
        return super().finer(coarser) * self._mask


class _Coarser(_Grid):
    """Those of a coarser grid, by `factors`, float32 (3, 3, h, w); `last`: it is the coarsest."""

    def __init__(self, factors: Singles, last: bool) -> None:
        self._factors = factors[:, :, None]
        total = np.add.reduce(np.abs(factors).reshape(9, *factors.shape[2:]), 0)
        super().__init__(total, _inverse(factors) if last else None)

    def lacking(self, values: _Values, sums: Singles) -> Singles:
        parts = (self._factors * values.around).reshape(9, *sums.shape)
        return np.asarray(sums - np.add.reduce(parts, 0))


def membrane(inside: Mask, links: Singles, given: Singles) -> Singles:
    """Return the smoothest values inside a mask, float32 (channels, h, w), 0 outside.

    They make least the sum of the squared differences between neighbours, of 4, inside, and of those to the values
    that are given at the outline.  `inside`: bool (h, w).  `links`: float32 (h, w), how many given values a px is tied
    to, 0 where its outline is free; `given`: float32 (channels, h, w), their sum; both 0 outside.  A piece that nothing
    ties has about the values of what is nearest.
    """
    grids, sums = _grids(inside, links), [given]
    while len(sums) < len(grids):
        sums.append(_down(sums[-1]))
    coarser: Singles | None = None
    for level in reversed(range(len(grids))):
        values = _Values(len(given), *grids[level].shape)
        if coarser is not None:
            values.own += grids[level].finer(coarser)
        for _ in range(1 if level else _CYCLES):
            _cycle(grids[level:], values, sums[level])
        coarser = values.own
    return np.ascontiguousarray(coarser)


def spread(values: Singles, known: Mask) -> Singles:
    """Return values, float32 (channels, h, w), where they are `known`, bool (h, w) and somewhere true, and elsewhere
    such as are near, the means of ever larger surroundings."""
    if known.all():
        return values
    weight = _down(known[None].astype(np.float32))
    reached = weight[0] > 0
    sums = _down(values * known)
    means = np.divide(sums, weight, out=np.zeros_like(sums), where=reached)
    return np.where(known, values, _up(spread(means, reached), (known.shape[0], known.shape[1])))


def _cycle(grids: Sequence[_Grid], values: _Values, sums: Singles) -> None:
    """Bring values nearer to the solution, in place: what is rough here, what is smooth on coarser grids."""
    grid = grids[0]
    if grid.inverse is not None:
        values.own += _times(grid.inverse, grid.lacking(values, sums))
        return
    grid.smooth(values, sums, grid.steps)
    rest = _down(grid.lacking(values, sums))
    smooth = _Values(*rest.shape)
    _cycle(grids[1:], smooth, rest)
    values.own += grid.finer(smooth.own)
    grid.smooth(values, sums, grid.steps[::-1])


def _grids(inside: Mask, links: Singles) -> list[_Grid]:
    """Return the equations on grids ever coarser, from the px themselves on."""
    mask = inside.astype(np.float32)
    finest = _Finest(mask, links)
    factors = np.zeros((3, 3, *mask.shape), np.float32)
    upright, level = -mask[1:] * mask[:-1], -mask[:, 1:] * mask[:, :-1]
    factors[0, 1, 1:], factors[2, 1, :-1] = upright, upright
    factors[1, 0, :, 1:], factors[1, 2, :, :-1] = level, level
    factors[1, 1] = finest.own
    found: list[_Grid] = [finest]
    while found[-1].inverse is None:
        factors = _halved(_halved(factors, 0, -2), 1, -1)
        found.append(_Coarser(factors, last=max(factors.shape[2:]) <= _COARSEST))
    return found


def _halved(factors: Singles, of: int, axis: int) -> Singles:
    """Return the equations, factors (3, 3, h, w), of every second row alone, `of` 0 and `axis` -2, or column, 1 and -1.

    What lies between has the mean of its two neighbours, and its equations count half for each of these.
    """
    before, own, behind = (np.moveaxis(part, axis, 0) for part in np.moveaxis(factors, of, 0))
    length = len(own)
    shape = list(factors.shape)
    shape[axis] = length // 2 + 1
    found = np.zeros(shape, np.float32)
    to_before, to_own, to_behind = (np.moveaxis(part, axis, 0) for part in np.moveaxis(found, of, 0))
    even, half = (length + 1) // 2, _HALF * before[::2]
    to_before[:even], to_own[:even] = half, own[::2] + half
    half = _HALF * behind[::2]
    to_behind[:even] = half
    to_own[:even] += half
    quarter = _QUARTER * own[1::2]
    half = quarter + _HALF * before[1::2]
    to_own[: length // 2] += half
    to_before[1:] += half
    quarter += _HALF * behind[1::2]
    to_own[1:] += quarter
    to_behind[: length // 2] += quarter
    return found


def _down(values: Singles) -> Singles:
    """Return sums for every second px, (channels, h // 2 + 1, w // 2 + 1): what lies between counts half for both."""
    _, height, width = values.shape
    rows = np.zeros((len(values), height // 2 + 1, width), np.float32)
    rows[:, : (height + 1) // 2] = values[:, ::2]
    between = _HALF * values[:, 1::2]
    rows[:, : height // 2] += between
    rows[:, 1:] += between
    found = np.zeros((*rows.shape[:2], width // 2 + 1), np.float32)
    found[..., : (width + 1) // 2] = rows[..., ::2]
    between = _HALF * rows[..., 1::2]
    found[..., : width // 2] += between
    found[..., 1:] += between
    return found


def _up(values: Singles, shape: tuple[int, int]) -> Singles:
    """Return values of every second px, (channels, h // 2 + 1, w // 2 + 1), on all, (channels, h, w): means between."""
    height, width = shape
    rows = np.empty((len(values), height, values.shape[2]), np.float32)
    rows[:, ::2] = values[:, : (height + 1) // 2]
    rows[:, 1::2] = _HALF * (values[:, :-1] + values[:, 1:])[:, : height // 2]
    found = np.empty((len(values), height, width), np.float32)
    found[..., ::2] = rows[..., : (width + 1) // 2]
    found[..., 1::2] = _HALF * (rows[..., :-1] + rows[..., 1:])[..., : width // 2]
    return found


def _times(inverse: Floats, sums: Singles) -> Floats:
    """Return values (channels, h, w) by the inverse of their equations, summed up in the order of the px."""
    size = len(inverse)
    parts = np.empty((size, len(sums), size))
    np.multiply(inverse.T[:, None, :], sums.reshape(len(sums), size).T[:, :, None], out=parts)
    return np.asarray(np.add.reduce(parts, 0).reshape(sums.shape))


def _inverse(factors: Singles) -> Floats:
    """Return the inverse of a grid of n px, float64 (n, n), by elimination; 0 for what no equation decides."""
    height, width = factors.shape[2:]
    size = height * width
    matrix = np.zeros((size, 2 * size))
    for y, x in np.ndindex(height, width):
        matrix[y * width + x, size + y * width + x] = 1
        for dy, dx in np.ndindex(3, 3):
            if 0 <= y + dy - 1 < height and 0 <= x + dx - 1 < width:
                matrix[y * width + x, (y + dy - 1) * width + x + dx - 1] = factors[dy, dx, y, x]
    for k in range(size):
        if matrix[k, k] <= _NOTHING:
            matrix[k], matrix[:, k] = 0, 0
            continue
        matrix[k] /= matrix[k, k]
        others = matrix[:, k].copy()
        others[k] = 0
        matrix -= others[:, None] * matrix[k]
    return matrix[:, size:]
