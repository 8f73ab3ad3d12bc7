"""Pictures of the floors that figures stand on, with their horizons."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from figureground.core.canvas import Canvas
from figureground.core.nouns import Catalog, Ground, Mask, Picture
from figureground.geometry import perspective
from figureground.ingest.pixels import Pixels

_TINT, _LINE = np.array([40, 190, 120]), (226, 60, 50)


def floor_picture(picture: Picture, floor: Mask, plane: Ground) -> Picture:
    """Return a background with its floor tinted green and its horizon as a red line."""
    canvas = Canvas(*picture.shape[:2])
    tinted = picture.astype(np.float32)
    tinted[floor] = 0.55 * tinted[floor] + 0.45 * _TINT
    image = Image.fromarray(np.rint(tinted).astype(np.uint8))
    left, right = (float(perspective.horizon_y(plane, x, canvas)) for x in (0, canvas.width))
    ImageDraw.Draw(image).line((0, left, canvas.width, right), _LINE, max(1, canvas.height // 112))
    return np.asarray(image)


def floors(catalog: Catalog, pixels: Pixels, most: int) -> list[tuple[str, Picture]]:
    """Return (id, picture) of up to `most` backgrounds with a floor, spread over the catalog."""
    with_floor = [i for i, background in enumerate(catalog.backgrounds) if background.ground is not None]
    if len(with_floor) > most:
        with_floor = [with_floor[i] for i in np.linspace(0, len(with_floor) - 1, most).round().astype(int)]
    found = []
    for i in with_floor:
        entry = catalog.backgrounds[i]
        if entry.ground is not None:
            found.append((entry.id, floor_picture(pixels.background(i), pixels.floor(i), entry.ground)))
    return found
