"""How the backgrounds' cameras are known."""

from __future__ import annotations

from collections import Counter

from figureground.core.camera import ORIGINS
from figureground.core.nouns import Catalog

_CALLED = {"given": "given", "exif": "from EXIF", "estimated": "estimated", "assumed": "assumed"}


def camera_line(catalog: Catalog) -> str:
    """Return how many of each figure of a camera are from where; "" where no camera is known."""
    cameras = [background.camera for background in catalog.backgrounds if background.camera.known]
    if not cameras:
        return ""
    said = []
    for what, name in ORIGINS.items():
        counts = Counter(getattr(camera, name) for camera in cameras)
        said.append(
            f"{what} "
            + ", ".join(f"{counts[origin]:,} {called}" for origin, called in _CALLED.items() if counts[origin])
        )
    return "; ".join(said)
