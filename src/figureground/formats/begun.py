"""What an export was begun from, written into its folder first: the same call goes on, and another is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.folder_store import is_file_instead
from figureground.core.store import Store
from figureground.dataset import names
from figureground.dataset.stored import Dataset

FILE = "export.json"


@dataclass(frozen=True, eq=False)
class Begun:
    """An export: its format, its dataset, and the options that decide its bytes, as they are after any default."""

    format: str
    dataset: Dataset
    options: Mapping[str, Any]

    def about(self) -> dict[str, Any]:
        """Return what export.json says: format, options, and build id and number of samples of the dataset."""
        manifest = self.dataset.manifest
        dataset = {"build_id": manifest.get("build_id", ""), "samples": len(self.dataset)}
        return {"format": self.format, **self.options, **dataset}

    def require_own(self, store: Store) -> None:
        """Raise FigureGroundError where a folder holds other things, or an export that was begun otherwise."""
        there, now = names.read_json(store, FILE), self.about()
        if not there:
            if store.list() or is_file_instead(store):
                raise FigureGroundError("the export folder is in use", store.name, "give a new or empty folder")
            return
        if others := [
            f"{key} {there.get(key)!r}, not {now.get(key)!r}"
            for key in {**now, **there}  # what was chosen is told of a part of the samples alone
            if there.get(key) != now.get(key)
        ]:
            raise FigureGroundError(
                f"this export was begun with {', '.join(others)}", f"{store.name}/{FILE}", "give a new or empty folder"
            )

    def begin(self, store: Store) -> None:
        """Write export.json, before anything else."""
        store.write(FILE, json.dumps(self.about(), indent=1).encode())
