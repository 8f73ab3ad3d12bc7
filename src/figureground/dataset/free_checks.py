"""What opening a dataset checks because it costs nothing: counts, the sizes of parts, and whose they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.store import Store
from figureground.dataset import names

_TO_DO = "`figureground verify DATASET` says all that is wrong, and with --repair mends it"


def require_counts(store: Store, manifest: Mapping[str, Any]) -> None:
    """Raise FigureGroundError where a manifest contradicts itself or build.json, or a part is missing or of another
    size.  No part is opened."""
    where = f"{store.name}/{names.MANIFEST}"
    try:
        listed = [(str(part["file"]), int(part["samples"]), int(part["bytes"])) for part in manifest["parts"]]
        samples = int(manifest["samples"])
    except (KeyError, TypeError, ValueError) as error:
        raise FigureGroundError(f"the manifest cannot be read: {error!r}", where, _TO_DO) from None
    if sum(count for _, count, _ in listed) != samples:
        raise FigureGroundError("the manifest's parts do not have as many samples as it says", where, _TO_DO)
    begun = names.read_json(store, names.BUILD).get("build_id")
    if begun is not None and begun != manifest.get("build_id"):
        raise FigureGroundError(f"the manifest is of another build than {names.BUILD}", where, _TO_DO)
    for file, _, size in listed:
        there = _size(store, file)
        if there != size:
            what = "is missing" if there is None else f"has {there:,} bytes, not {size:,}"
            raise FigureGroundError(f"a part {what}", f"{store.name}/{file}", _TO_DO)


def _size(store: Store, file: str) -> int | None:
    try:
        return store.size(file)
    except ValueError:  # no name of a store
        return None
