"""What an import was begun from, written into its folder first: the same call goes on, and another is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.folder_store import FolderStore
from figureground.dataset import names

FILE = "import.json"


def require_own(store: FolderStore, about: Mapping[str, Any]) -> None:
    """Raise FigureGroundError where a folder holds other things, or an import that was begun otherwise."""
    there = names.read_json(store, FILE)
    if not there:
        if (store.folder.exists() and not store.folder.is_dir()) or store.list():
            raise FigureGroundError("the output folder is in use", store.name, "give a new or empty folder")
        return
    if others := [f"another {key}" for key in about if there.get(key) != about[key]]:
        raise FigureGroundError(
            f"this import was begun with {', '.join(others)}", f"{store.name}/{FILE}", "give a new or empty folder"
        )


def begin(store: FolderStore, about: Mapping[str, Any]) -> None:
    """Write import.json, before anything else, unless it is there."""
    data = json.dumps(dict(about), indent=1).encode()
    if store.size(FILE) is None or store.read(FILE) != data:
        store.write(FILE, data)
