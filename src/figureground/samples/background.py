"""What samples share with their background: sums of each layer, its depth in code, and its JPEG's blocks."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.recipe import ImageOptions
from figureground.image import png16
from figureground.ingest.pixels import Pixels
from figureground.samples import jpeg_splice
from figureground.samples.count import Base, base_of

_KEPT = 256  # backgrounds
_KEPT_BYTES = 2**26  # of blocks of JPEGs and their pictures; 0.25 MB a background at 224 px and quality 90
_KEPT_DEPTH_BYTES = 2**26  # of depth; 0.2 MB a background at 224 px


@dataclass(frozen=True, eq=False)
class Shared:
    """Layers of a background alone, by name, and its depth in code; None where composites have other values."""

    bases: Mapping[str, Base]
    depth: png16.Kept | None


class Backgrounds:
    """Works out what is shared, and remembers it for some backgrounds.

    `codes_kept`: whether composites keep the codes of their background's depth.
    """

    def __init__(self, pixels: Pixels, codes_kept: bool) -> None:
        self._pixels = pixels
        self._codes_kept = codes_kept
        self._known: dict[int, Shared] = {}
        self._bytes = 0
        self._lock = threading.Lock()  # samples may be encoded in threads

    def shared(self, background: int) -> Shared:
        """Return what samples share with a background."""
        with self._lock:
            if background not in self._known:
                if len(self._known) >= _KEPT or self._bytes > _KEPT_DEPTH_BYTES:
                    self._known.clear()
                    self._bytes = 0
                made = self._known[background] = self._make(background)
                self._bytes += made.depth.nbytes if made.depth else 0
            return self._known[background]

    def _make(self, background: int) -> Shared:
        picture = self._pixels.background(background)
        nothing = np.zeros(picture.shape[:2], np.uint8)
        layers: dict[str, NDArray[Any]] = {"image": picture, "alpha": nothing}
        depth = None
        if self._codes_kept:
            layers["depth"] = self._pixels.depth(background).codes
            depth = png16.kept(layers["depth"])
        return Shared({layer: base_of(layer, values, invalid=0) for layer, values in layers.items()}, depth)


class Jpegs:
    """Keeps the blocks of JPEGs of some backgrounds; of each from its second use on, as one use would not pay."""

    def __init__(self, pixels: Pixels, options: ImageOptions) -> None:
        self._pixels = pixels
        self._options = options
        self._known: dict[int, jpeg_splice.Kept | None] = {}  # None: used once
        self._bytes = 0
        self._lock = threading.Lock()

    def kept(self, background: int) -> jpeg_splice.Kept | None:
        """Return what is kept of a background; None where its composite is to be coded whole."""
        if not jpeg_splice.is_pillows(self._options):
            return None
        with self._lock:
            if len(self._known) >= _KEPT or self._bytes > _KEPT_BYTES:
                self._known.clear()
                self._bytes = 0
            if background not in self._known:
                self._known[background] = None
            elif self._known[background] is None:
                found = jpeg_splice.kept(self._pixels.background(background), self._options)
                self._known[background] = found
                self._bytes += found.size if found else 0
            return self._known[background]
