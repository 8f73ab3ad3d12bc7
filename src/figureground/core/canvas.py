"""The canvas: its sides, the scale to the 224 px that recipes speak of, and where things lie on it."""

from __future__ import annotations

from dataclasses import dataclass

REFERENCE = 224  # px; sizes in recipes are meant on a canvas this large


@dataclass(frozen=True)
class Canvas:
    """`height` x `width` px.  x runs right and y runs down from the top left corner."""

    height: int
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width

    @property
    def everything(self) -> tuple[slice, slice]:
        """(rows, columns) of the whole canvas."""
        return slice(0, self.height), slice(0, self.width)

    def px(self, at_reference: float) -> float:
        """Return a length that a recipe gives at 224 px in px of this canvas."""
        return at_reference * self.height / REFERENCE

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
