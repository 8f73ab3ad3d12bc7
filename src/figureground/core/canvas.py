"""The canvas: its sides, the scale to the 224 px that recipes speak of, and where things lie on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_SIDE = 2048  # px, of any canvas
REFERENCE = 224  # px; sizes in recipes are meant on a canvas whose shorter side is this long


@dataclass(frozen=True)
class Canvas:
    """`height` x `width` px.  x runs right and y runs down from the top left corner."""

    height: int
    width: int

    @staticmethod
    def of(size: int | Sequence[int]) -> Canvas:
        """Return the canvas that a recipe or a manifest calls `size`: a side, or (width, height)."""
        width, height = (size, size) if isinstance(size, int) else size
        return Canvas(height, width)

    @property
    def size(self) -> int | list[int]:
        """The canvas as manifests write it: the side of a square, else [width, height]."""
        return self.width if self.width == self.height else [self.width, self.height]

    def __str__(self) -> str:
        return f"{self.width} x {self.height} px"

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width

    @property
    def shorter(self) -> int:
        return min(self.height, self.width)

    @property
    def longer(self) -> int:
        return max(self.height, self.width)

    @property
    def everything(self) -> tuple[slice, slice]:
        """(rows, columns) of the whole canvas."""
        return slice(0, self.height), slice(0, self.width)

    def px(self, at_reference: float) -> float:
        """Return a length that a recipe gives at 224 px in px of this canvas, by its shorter side."""
        return at_reference * self.shorter / REFERENCE

    def inside(self, x: int, y: int, height: int, width: int) -> tuple[int, int]:
        """Return how many (rows, columns) of a box with its top left corner at (x, y) lie on the canvas; never < 0."""
        rows, columns = min(y + height, self.height) - max(y, 0), min(x + width, self.width) - max(x, 0)
        return max(rows, 0), max(columns, 0)

    def overlap(self, x: int, y: int, height: int, width: int) -> tuple[slice, slice, slice, slice]:
        """Return (canvas rows, canvas columns, box rows, box columns) where a box meets the canvas.

        `x`, `y`: its top left corner.  The slices are empty when it lies wholly outside.
        """
        top, left = max(y, 0), max(x, 0)
        bottom = max(min(y + height, self.height), top)
        right = max(min(x + width, self.width), left)
        return slice(top, bottom), slice(left, right), slice(top - y, bottom - y), slice(left - x, right - x)
