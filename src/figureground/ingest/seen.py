"""Whether a machine sees the photos that another one has found."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from figureground.core.errors import FigureGroundError
from figureground.ingest.inputs import Photo


def some_of(photos: Sequence[Photo]) -> tuple[str, ...]:
    """Return the first and the last photo of each folder: whoever sees them sees what lies between."""
    first = {os.path.dirname(photo.path): photo.path for photo in reversed(photos)}
    last = {os.path.dirname(photo.path): photo.path for photo in photos}
    return tuple(dict.fromkeys([*first.values(), *last.values()]))


def require_seen(paths: Iterable[str]) -> None:
    """Raise FigureGroundError for the first file that is not there."""
    for path in paths:
        if not os.path.isfile(path):
            raise FigureGroundError(
                "a photo is not there",
                path,
                "keep the photos in a folder that every machine of the cluster shares, by the same path",
            )
