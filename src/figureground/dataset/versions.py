"""Versions that decide what a dataset's scenes, their pixels and the bytes of these are.

Whoever changes one raises it.  A dataset of another version is read, reported and exported, but neither rendered again
nor continued: the result would mix two of them.
"""

from __future__ import annotations

from figureground.core.errors import FigureGroundError
from figureground.core.store import Store
from figureground.dataset import names
from figureground.image import png16
from figureground.plan import plan
from figureground.render import composite

FORMAT = 2  # of records, names and folders
VERSIONS = {"format": FORMAT, "plan": plan.VERSION, "render": composite.VERSION, "png": png16.VERSION}
_OF_BYTES = ("png",)  # those that decide bytes alone, and no pixel


IMPORT = "import"  # the origin of a dataset whose samples were made elsewhere


def require_made_here(store: Store, what: str) -> None:
    """Raise FigureGroundError where a dataset was imported, so that nothing in it can be made again.

    `what`: what was asked for, for the message.
    """
    if names.read_identity(store).get("origin") == IMPORT:
        raise FigureGroundError(
            f"{what} takes a recipe and its photos, and this dataset was imported: it has its samples alone",
            store.name,
            "read, verify, report and export it as it is stored",
        )


def versions_of(store: Store) -> dict[str, int]:
    """Return the versions that a dataset was begun with; format version 1 named no others."""
    about = names.read_identity(store)
    return {name: about.get(name, 1) for name in VERSIONS}


def require_same_versions(store: Store, what: str, stored: bool = True) -> None:
    """Raise FigureGroundError, naming the first that differs, where a dataset has other versions than this package, or
    was imported.

    `what`: what was asked for, for the message.  `stored`: whether bytes are to be those of the dataset, too; where
    samples are only looked at, equal pixels do.
    """
    require_made_here(store, what)
    for name, version in versions_of(store).items():
        if version != VERSIONS[name] and (stored or name not in _OF_BYTES):
            raise FigureGroundError(
                f"{what} needs {name} version {VERSIONS[name]}, and this dataset has {version}",
                store.name,
                "read it as it is stored, use the figureground that made it, or build it anew",
            )
