"""The backgrounds behind samples: clean plates, and the depth that is known of them."""

from __future__ import annotations

import functools
from typing import Any

from figureground.core.nouns import Catalog, DepthMap, Mask, Picture
from figureground.core.store import Store
from figureground.geometry.codes import dequantise
from figureground.ingest.catalog import Numbers, load_catalog, numbers_of
from figureground.ingest.pixels import Pixels


def scenery(catalog: Catalog, pixels: Pixels, i: int) -> tuple[Picture, DepthMap | None, Mask | None]:
    """Return background i's picture, and where the catalog has them its depth and the people it shows; all writable."""
    depth = dequantise(pixels.depth(i)) if catalog.backgrounds[i].depth_file else None
    people = pixels.people(i)
    return pixels.background(i).copy(), depth, None if people is None else people.copy()


class BackgroundsById:
    """Backgrounds by their id, read from a catalog on first use.  It can be pickled; pixels stay behind."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def __call__(self, background: str) -> tuple[Picture, DepthMap | None, Mask | None]:
        catalog, pixels, numbers = self._known
        return scenery(catalog, pixels, numbers[background])

    @functools.cached_property
    def _known(self) -> tuple[Catalog, Pixels, Numbers]:
        catalog = load_catalog(self.store)
        return catalog, Pixels(catalog, self.store), numbers_of(catalog.backgrounds)

    def __getstate__(self) -> dict[str, Any]:
        return {"store": self.store}
