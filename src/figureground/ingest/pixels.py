"""The pixels behind a catalog, decoded on demand and kept up to a fixed amount of memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Bytes, Singles
from figureground.core.canvas import Canvas
from figureground.core.errors import FigureGroundError
from figureground.core.nouns import Catalog, Cutout, Mask, Picture
from figureground.core.store import Store
from figureground.geometry.codes import DepthCode, dequantise
from figureground.geometry.footing import footing_of
from figureground.geometry.glance import barrier_of, points_of
from figureground.geometry.occlusion import nearness
from figureground.image.masks import AreaTable, area_table, mask_of, premultiplied
from figureground.image.opened import stored_pixels
from figureground.ingest.catalog import mask_picture, picture


class Pixels:
    """The pixels behind a catalog, decoded on demand and kept up to a fixed amount of memory."""

    def __init__(self, catalog: Catalog, store: Store, keep_bytes: int = 256 * 2**20) -> None:
        self.catalog = catalog
        self.store = store
        self._kept: OrderedDict[tuple[str, int], NDArray[Any]] = OrderedDict()
        self._lock = threading.RLock()  # rendering and encoding may run in threads
        self._budget = keep_bytes

    def background(self, i: int) -> Picture:
        """Return uint8 (height, width, 3)."""
        entry = self.catalog.backgrounds[i]
        return self._get("background", i, lambda: self._read(entry.file, entry.sha256, channels=(3,)))

    def depth(self, i: int) -> DepthCode:
        """Return the background's depth in codes."""
        entry = self.catalog.backgrounds[i]
        codes = self._get("depth", i, lambda: self._beside(i, entry.depth_file, entry.depth_sha256).astype(np.uint16))
        return DepthCode(codes, entry.depth_scale, entry.depth_offset, 0, entry.depth_unit, entry.depth_direction)

    def nearness(self, i: int) -> NDArray[np.float32]:
        """Return the background's inverse depth that decides what stands before what (`occlusion.nearness`)."""
        estimated = self.catalog.backgrounds[i].depth_from != "file"
        return self._get("nearness", i, lambda: nearness(dequantise(self.depth(i)), self.background(i), estimated))

    def floor(self, i: int) -> Mask:
        """Return where the background shows floor, bool (height, width)."""
        entry = self.catalog.backgrounds[i]
        return self._get("floor", i, lambda: self._beside(i, entry.floor_file, entry.floor_sha256) > 0)

    def people(self, i: int) -> Mask | None:
        """Return where the background shows people already, bool (height, width); None where nobody is known of."""
        name, sha256 = self.catalog.backgrounds[i].people_file, self.catalog.backgrounds[i].people_sha256
        return self._get("people", i, lambda: self._beside(i, name, sha256) > 0) if name else None

    def footing(self, i: int) -> Singles:
        """Return the places for a foot on a background with a floor (`geometry.footing.footing_of`)."""
        ground = self.catalog.backgrounds[i].ground
        if ground is None:
            raise ValueError("a background without a floor has no place for a foot")

        def find() -> Singles:
            floor, codes = self.floor(i), self.depth(i).codes
            canvas = Canvas(*floor.shape)
            return footing_of(ground, floor & (codes > 0), self.nearness(i)[-1], canvas)

        return self._get("footing", i, find)

    def relief(self, i: int) -> NDArray[np.uint8] | None:
        """Return how far each pixel of a cut-out stands out, uint8 of its size; None for a flat figure."""
        entry = self.catalog.foregrounds[i]
        name, shape = entry.relief_file, (entry.height, entry.width)
        return self._get("relief", i, lambda: self._read(name, entry.relief_sha256, shape)) if name else None

    def cutout(self, i: int) -> Cutout:
        """Return uint8 (height, width, 4)."""
        entry = self.catalog.foregrounds[i]
        shape = entry.height, entry.width
        return self._get("cutout", i, lambda: self._read(entry.file, entry.sha256, shape, (4,)))

    def mask(self, i: int) -> NDArray[np.uint8]:
        """Return the cut-out's mask as it is stored, uint8 (height, width) of 0 and 255; it is not kept."""
        return stored_pixels(mask_picture(self.store, self.catalog.foregrounds[i]))

    def planes(self, i: int) -> Bytes:
        """Return what of a cut-out is resized with it: its colours and alpha (`image.masks.premultiplied`), and its
        relief where it is not flat; uint8 (height, 4 or 5, width)."""

        def make() -> Bytes:
            relief = self.relief(i)
            pasted = premultiplied(self.cutout(i))
            return pasted if relief is None else np.concatenate([pasted, relief[:, None]], 1)

        return self._get("planes", i, make)

    def points(self, i: int) -> Singles:
        """Return where the cut-out's mask is, as some hundred points spread evenly over it (`glance.points_of`)."""
        return self._get("points", i, lambda: points_of(mask_of(self.cutout(i)[..., 3])))

    def barrier(self, i: int) -> Singles:
        """Return the background's `nearness` where it is no floor, framed (`glance.barrier_of`)."""
        return self._get("barrier", i, lambda: barrier_of(self.nearness(i), self.floor(i)))

    def table(self, i: int) -> AreaTable:
        """Return the summed-area table of the cut-out's mask."""
        return self._get("table", i, lambda: area_table(mask_of(self.cutout(i)[..., 3])))

    def _get(self, kind: str, i: int, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        name = (kind, i)
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
            array = make()
            self._kept[name] = array
            self._budget -= array.nbytes
            while self._budget < 0 and len(self._kept) > 1:
                self._budget += self._kept.popitem(last=False)[1].nbytes
            return array

    def _beside(self, i: int, name: str, sha256: str) -> NDArray[Any]:
        """Return a picture that goes with a background, of its size."""
        height, width = self.background(i).shape[:2]
        return self._read(name, sha256, (height, width))

    def _read(
        self, name: str, sha256: str, shape: tuple[int, int] | None = None, channels: tuple[int, ...] = ()
    ) -> NDArray[Any]:
        """Return a picture that is what it was, of the (height, width) and channels that it has to have.

        Raises FigureGroundError.
        """
        try:
            values = stored_pixels(picture(self.store, name, sha256), shape)
            if values.shape[2:] != channels:
                raise ValueError(f"its values are {values.shape}")
        except ValueError as error:
            raise FigureGroundError(
                f"a picture of the catalog cannot be used: {error}",
                f"{self.store.name}/{name}",
                "restore it, or run the build again",
            ) from None
        return values
