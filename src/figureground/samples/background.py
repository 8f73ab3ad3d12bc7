"""What samples share with their background: sums of each layer, and its depth packed in bands."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.image import png
from figureground.ingest.pixels import Pixels
from figureground.samples.count import Base, base_of

_KEPT = 256  # backgrounds


@dataclass(frozen=True, eq=False)
class Shared:
    """Layers of a background alone, by name, and its packed depth; None where composites have other codes."""

    bases: Mapping[str, Base]
    bands: png.Bands | None


class Backgrounds:
    """Works out what is shared, and remembers it for some backgrounds.

    `codes_kept`: whether composites keep the codes of their background's depth.
    """

    def __init__(self, pixels: Pixels, codes_kept: bool) -> None:
        self._pixels = pixels
        self._codes_kept = codes_kept
        self._known: dict[int, Shared] = {}
        self._lock = threading.Lock()  # samples may be encoded in threads

    def shared(self, background: int) -> Shared:
        """Return what samples share with a background."""
        with self._lock:
            if background not in self._known:
                if len(self._known) >= _KEPT:
                    self._known.clear()
                self._known[background] = self._make(background)
            return self._known[background]

    def _make(self, background: int) -> Shared:
        picture = self._pixels.background(background)
        nothing = np.zeros(picture.shape[:2], np.uint8)
        layers: dict[str, NDArray[Any]] = {"image": picture, "alpha": nothing}
        bands = None
        if self._codes_kept:
            layers["depth"] = self._pixels.depth(background).codes
            bands = png.bands(layers["depth"])
        return Shared({layer: base_of(layer, values, invalid=0) for layer, values in layers.items()}, bands)
