"""Where a photo comes to lie on the canvas, and what that makes of its focal length and principal point."""

from __future__ import annotations

import math
from dataclasses import dataclass

from figureground.core.camera import Camera, Origin
from figureground.core.canvas import Canvas
from figureground.core.recipe import Fit

FILM_DIAGONAL_MM = 43.2666  # of 36 x 24 mm, which EXIF's equivalent focal length is meant for (CIPA DCG-001)
# A focal length that nobody tells: a phone's main camera, 26 mm equivalent, 80 degrees over the photo's diagonal.  In
# a 4:3 photo that is the length of its short side.
USUAL_FOCAL = 26 / FILM_DIAGONAL_MM


@dataclass(frozen=True)
class Lie:
    """How a photo lies on the canvas: canvas x = left + across * photo x, canvas y = top + down * photo y, in px."""

    across: float
    down: float
    left: float
    top: float


def lie(photo_shape: tuple[int, ...], canvas: Canvas, fit: Fit) -> Lie:
    """Return how `framing.framed` lays a photo on the canvas."""
    height, width = photo_shape[:2]
    across, down = canvas.width / width, canvas.height / height
    if fit == "cover":
        scale = max(across, down)
        return Lie(scale, scale, (canvas.width - scale * width) / 2, (canvas.height - scale * height) / 2)
    if fit == "contain":  # in whole px
        scale = min(across, down)
        columns, rows = max(1, round(width * scale)), max(1, round(height * scale))
        return Lie(columns / width, rows / height, (canvas.width - columns) // 2, (canvas.height - rows) // 2)
    return Lie(across, down, 0.0, 0.0)


def lens(photo_shape: tuple[int, ...], canvas: Canvas, fit: Fit, given: float, exif: float) -> Camera:
    """Return focal length and principal point of a photo on the canvas; the rest of the camera is not yet known.

    `given`: fx / canvas width as the recipe says, `exif`: focal length / diagonal of the photo; 0 where they do not.
    The photo itself has square pixels and its principal point in the middle.
    """
    height, width = photo_shape[:2]
    at = lie(photo_shape, canvas, fit)
    where: Origin = "given" if given else "exif" if exif else "assumed"
    focal = given * canvas.width / at.across if given else (exif or USUAL_FOCAL) * math.hypot(height, width)
    return Camera(
        fx=round(focal * at.across, 4),
        fy=round(focal * at.down, 4),
        cx=round(at.left + at.across * width / 2, 4),
        cy=round(at.top + at.down * height / 2, 4),
        focal_from=where,
        centre_from="assumed",
    )
