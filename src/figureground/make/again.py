"""Preparing a finished dataset's photos again, where its catalog is damaged."""

from __future__ import annotations

from pathlib import Path

from figureground.core.engines import Engine
from figureground.core.errors import FigureGroundError
from figureground.core.progress import Progress
from figureground.core.store import Store, move
from figureground.dataset import names
from figureground.ingest import catalog as catalogs
from figureground.ingest.ingest import ingest
from figureground.make.identity import build_id
from figureground.resolve import resolve

_AGAIN = "catalog-next"  # as `build` prepares one


def prepared_again(store: Store, engine: Engine, progress: Progress, networks: tuple[Path, ...] = ()) -> list[str]:
    """Prepare a dataset's photos again, put the catalog in place of the one that is there, and return its files.

    `networks`: as for `names.recipe_in`.  Raises FigureGroundError, and changes nothing, where the photos are gone or
    give another catalog.
    """
    where = f"{store.name}/{names.CATALOG}"
    said = {names.read_json(store, name).get("build_id") for name in (names.BUILD, names.MANIFEST)}
    job = resolve(names.recipe_in(store, networks))
    try:
        after = ingest(job, engine, store.below(_AGAIN), progress)
        if build_id(job, after) not in said:
            raise FigureGroundError(
                "the photos, or what prepares them, are not those that the dataset was made from",
                where,
                "bring them back, or build anew",
            )
        written = [f"{names.CATALOG}/{name.partition('/')[2]}" for name in store.list(f"{_AGAIN}/")]
        move(store, _AGAIN, names.CATALOG, last=catalogs.FILE)
    finally:
        for name in store.list(f"{_AGAIN}/"):
            store.delete(name)
    return written
