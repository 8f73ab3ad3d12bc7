"""What opening a dataset checks because it costs nothing: counts, the sizes of parts, and whose they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.store import Store
from figureground.dataset import names
from figureground.dataset.part_table import PartTable
from figureground.dataset.parts import FOLDER


def require_counts(store: Store, manifest: Mapping[str, Any]) -> None:
    """Raise FigureGroundError where a manifest, as `load_manifest` has it, contradicts build.json, or a part is missing
    or of another size.  No part is opened."""
    where = f"{store.name}/{names.MANIFEST}"
    begun = names.read_json(store, names.BUILD).get("build_id")
    if begun is not None and begun != manifest.get("build_id"):
        raise FigureGroundError(f"the manifest is of another build than {names.BUILD}", where, names.TO_VERIFY)
    if isinstance(manifest["parts"], PartTable):
        return  # of very many parts each is looked at when it is first read
    sizes = store.sizes(f"{FOLDER}/part-")
    for part in manifest["parts"]:
        if sizes.get(part["file"]) != part["bytes"]:
            require_size(store, part)  # which refuses a link, say


def require_size(store: Store, part: Mapping[str, Any]) -> None:
    """Raise FigureGroundError where a part is missing, or of another size than the manifest says."""
    file, size = part["file"], part["bytes"]
    there = store.size(file)
    if there != size:
        what = "is missing" if there is None else f"has {there:,} bytes, not {size:,}"
        raise FigureGroundError(f"a part {what}", f"{store.name}/{file}", names.TO_VERIFY)
