"""Where something is, as a user says it: a folder's path, an address of object storage, or a store itself."""

from __future__ import annotations

from pathlib import Path, PurePath
from urllib.parse import unquote

from figureground.core.addresses import is_address, protocol_of, refuse_address_as_path
from figureground.core.folder_store import FolderStore
from figureground.core.store import Store

Place = Path | str | Store


def store_at(place: Place, durable: bool = True) -> Store:
    """Return the store of a place, or the one that was given.

    `durable`: of a folder alone, see `FolderStore`.  file:///home/me is a folder.  Raises FigureGroundError for an
    address that holds credentials or names no bucket.
    """
    if isinstance(place, PurePath):
        refuse_address_as_path(place)
        return FolderStore(place, durable)
    if not isinstance(place, str):
        return place
    if not is_address(place):
        return FolderStore(place, durable)
    if protocol_of(place) in ("file", "local"):
        return FolderStore(unquote(place.partition("://")[2]), durable)
    from figureground.core.object_store import ObjectStore  # with asyncio, a seventh of the time of --help

    return ObjectStore(place)


def place_of(store: Store) -> Path | str:
    """Return the path of a folder; of another store what it is called, which for object storage is its address."""
    return store.folder if isinstance(store, FolderStore) else store.name


def file_in(store: Store, name: str) -> Path | str:
    """Return the path of a folder's file; of another store what the file is called there."""
    return store.folder / name if isinstance(store, FolderStore) else f"{store.name}/{name}"
