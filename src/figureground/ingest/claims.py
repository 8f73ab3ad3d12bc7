"""Whose a photo is where the folder of one source lies inside that of another: the inner one's."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from figureground.core.errors import FigureGroundError
from figureground.core.job import Inputs
from figureground.ingest.finding import LeftOut, Search, base_of, search


@dataclass(frozen=True)
class _Source:
    """A source's section and paths in the recipe, where its paths start, and what was found there."""

    section: str
    paths: tuple[str, ...]
    bases: tuple[Path, ...]
    found: Search


def searches(inputs: Inputs) -> tuple[list[Search], list[Search]]:
    """Return what each source of backgrounds, and each of foregrounds, has of its own.

    What a source names that starts inside another one's folder is not the other's too; and a folder of depth maps or
    masks is nobody's photos.  Raises FigureGroundError for missing folders, and for a source that is left with no
    photo.
    """
    root = inputs.root
    named = [("backgrounds", source.paths) for source in inputs.backgrounds]
    named += [("foregrounds", source.paths) for source in inputs.foregrounds]
    sources = [
        _Source(
            section,
            paths,
            tuple(Path(os.path.abspath(base_of(text, root))) for text in paths),
            search(paths, root, f"{section}.path"),
        )
        for section, paths in named
    ]
    maps = {("backgrounds.depth", own.depth.folder) for own in inputs.backgrounds if own.depth is not None}
    maps |= {("foregrounds.depth", own.depth.folder) for own in inputs.foregrounds if own.depth is not None}
    maps |= {("foregrounds.masks", text) for own in inputs.foregrounds if (text := own.cutting.masks) is not None}
    folders = {f"{key} = {text!r}": Path(os.path.abspath(base_of(text, root))) for key, text in sorted(maps)}
    own = [_own(source, sources, folders) for source in sources]
    return own[: len(inputs.backgrounds)], own[len(inputs.backgrounds) :]


def _own(source: _Source, sources: list[_Source], maps: dict[str, Path]) -> Search:
    """Return what a source found without what others claim, which is named."""
    files = list(source.found.files)
    left = list(source.found.left_out)
    claims: list[tuple[Path, str, set[str]]] = []
    for other in sources:
        if other is not source and (base := _inside(other.bases, source.bases)):
            theirs = {os.path.realpath(path) for path in other.found.files}
            claims.append((base, f"[[{other.section}]] path = {other.paths[0]!r} takes", theirs))
    for text, folder in maps.items():
        if base := _inside((folder,), source.bases):
            lying = {os.path.realpath(path) for path in files if folder in Path(os.path.abspath(path)).parents}
            claims.append((base, f"{text} takes", lying))
    for base, who, theirs in claims:
        kept = [path for path in files if os.path.realpath(path) not in theirs]
        if len(kept) < len(files):
            n = len(files) - len(kept)
            left.append(LeftOut(base, f"{n:,} picture{'s' if n > 1 else ''} that {who} for its own"))
        files = kept
    if not files:
        raise FigureGroundError(
            "all photos of a source belong to others, whose folders lie inside its own",
            f"[[{source.section}]] path = {source.paths[0]!r}",
            "name a folder with photos of its own",
        )
    return Search(tuple(files), tuple(left))


def _inside(inner: tuple[Path, ...], outer: tuple[Path, ...]) -> Path | None:
    """Return the first folder of some that lies inside one of others, None for none."""
    return next((a for a in inner if any(b in a.parents for b in outer)), None)
