"""The photos that a job names, with the names that people know them by, their classes, and the depth maps and credits
that belong to them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from figureground.core.errors import FigureGroundError
from figureground.core.files import user_path
from figureground.core.job import BackgroundSource, ForegroundSource, Inputs, Job
from figureground.core.nouns import MOST_CLASSES, SetAside
from figureground.ingest.claims import searches
from figureground.ingest.credits import UNKNOWN, Credit, credits_of
from figureground.ingest.depth_maps import GivenMap
from figureground.ingest.depth_sources import Searched, own_maps, require_one_unit, without_maps
from figureground.ingest.finding import Search, base_of
from figureground.ingest.given_masks import Masked, photos_alone, with_masks
from figureground.ingest.review import load_review
from figureground.ingest.vetoes import Vetoes

_GROUND = "background"  # class 0, so no class of figures


@dataclass(frozen=True)
class Photo:
    """One photo to prepare.  `name` is for people; `source` counts the recipe's sources of its kind from 0; `given`
    is its known depth, None where its source has none; `mask` the path of its mask, "" for none.  A foreground has a
    class: its name, and its number from 1."""

    kind: Literal["background", "foreground"]
    path: str
    name: str
    source: int = 0
    given: GivenMap | None = None
    class_name: str = ""
    class_id: int = 0
    credit: Credit = UNKNOWN
    mask: str = ""

    @property
    def depth(self) -> str:
        """The path of its known depth map, "" for none."""
        return self.given.path if self.given else ""


@dataclass(frozen=True)
class Found:
    """What lies in the folders that a job names: the photos to prepare, the files that are none of them, each with the
    reason, and what is probably wrong with what was found."""

    photos: tuple[Photo, ...]
    left_out: tuple[SetAside, ...] = ()
    warnings: tuple[SetAside, ...] = ()


def photos_of(job: Job) -> Found:
    """Return every photo that a job names, backgrounds first, in the order of the sources and then of their names.

    Raises FigureGroundError, before any of them is read, for missing folders, two sources of one path, classes that
    cannot be told apart, photos that have none, and credits that do not fit.
    """
    inputs = job.inputs
    _refuse_same_paths("backgrounds", inputs.backgrounds, inputs.root)
    _refuse_same_paths("foregrounds", inputs.foregrounds, inputs.root)
    searched, figures = searches(inputs)
    searched = [photos_alone(own) for own in searched]
    masked = [
        with_masks(own, source.cutting, source.paths, inputs.root)
        for own, source in zip(figures, inputs.foregrounds, strict=True)
    ]
    vetoes = Vetoes(load_review(user_path(inputs.review, inputs.root)) if inputs.review else None)
    behind, left_out = _backgrounds(inputs, searched, vetoes)
    before, also_left_out = _foregrounds(inputs, masked, vetoes)
    if job.depth.of_backgrounds:
        require_one_unit([photo.given for photo in behind], job.depth)
    found = behind + before
    if "semantic" in job.layers:
        _refuse_too_many(classes_of(found))
    vetoes.require_met("background", (pattern for source in inputs.backgrounds for pattern in source.exclude))
    vetoes.require_met("foreground", (pattern for source in inputs.foregrounds for pattern in source.exclude))
    left = (*left_out, *also_left_out, *vetoes.left_out)
    return Found(tuple(_credited(found, inputs)), left, tuple(vetoes.warnings()))


def classes_of(photos: Sequence[Photo]) -> tuple[str, ...]:
    """Return the classes of photos in the order of their numbers."""
    return tuple(name for _, name in sorted({(p.class_id, p.class_name) for p in photos if p.class_id}))


def _backgrounds(
    inputs: Inputs, searched: Sequence[Search], vetoes: Vetoes
) -> tuple[list[Photo], tuple[SetAside, ...]]:
    sources = _with_depth("background", inputs.backgrounds, searched, inputs.root, vetoes)
    maps = own_maps("backgrounds.depth", sources, inputs.root)
    found = [
        Photo("background", str(path), display_name(path, inputs.root), number, maps.get((number, str(path))))
        for number, own in enumerate(sources)
        for path in own.paths
    ]
    return found, _left_out("background", searched, sources, maps.values(), inputs.root)


def _with_depth(
    kind: str,
    sources: Sequence[BackgroundSource | ForegroundSource],
    searched: Sequence[Search],
    root: Path,
    vetoes: Vetoes,
) -> list[Searched]:
    """Return what the paths of each source stand for beside its known depth, depth maps left out, and what the user
    leaves out."""
    found = []
    for source, own in zip(sources, searched, strict=True):
        bases = tuple(base_of(text, root) for text in source.paths)
        photos = without_maps(Searched(own.files, bases, source.depth), root)
        found.append(replace(photos, paths=tuple(_not_vetoed(photos.paths, kind, source, root, vetoes))))
    return found


def _left_out(
    kind: Literal["background", "foreground"],
    searched: Sequence[Search],
    sources: Sequence[Searched],
    maps: Iterable[GivenMap],
    root: Path,
) -> tuple[SetAside, ...]:
    """Return what was found and is no photo, but for the maps that are used as such."""
    used = {os.path.realpath(given.path) for given in maps if given.path}
    told = [(one.path, one.reason) for own in searched for one in own.left_out]
    told += [
        (path, f"no photo: it lies among the depth maps of {kind}s.depth") for own in sources for path in own.left_out
    ]
    return tuple(
        SetAside(kind, display_name(path, root), reason) for path, reason in told if os.path.realpath(path) not in used
    )


def _foregrounds(inputs: Inputs, masked: Sequence[Masked], vetoes: Vetoes) -> tuple[list[Photo], tuple[SetAside, ...]]:
    """Return the photos of figures.  Classes are numbered as the sources come, then as sub-folders are named."""
    found = []
    numbers: dict[str, int] = {}
    searched = [own.photos for own in masked]
    sources = _with_depth("foreground", inputs.foregrounds, searched, inputs.root, vetoes)
    maps = own_maps("foregrounds.depth", sources, inputs.root)
    for number, source in enumerate(inputs.foregrounds):
        paths = sources[number].paths
        masks = masked[number].masks
        names = [source.class_name or _sub_folder(path, source.paths, inputs.root) for path in paths]
        _refuse_no_class(paths, names, inputs.root)
        for name in sorted(set(names)):
            numbers.setdefault(name, len(numbers) + 1)
        for path, name in zip(paths, names, strict=True):
            shown, own, mask = display_name(path, inputs.root), maps.get((number, str(path))), str(masks.get(path, ""))
            found.append(Photo("foreground", str(path), shown, number, own, name, numbers[name], mask=mask))
    _refuse_alike(list(numbers))
    return found, _left_out("foreground", searched, sources, maps.values(), inputs.root)


def _not_vetoed(
    paths: Sequence[Path], kind: str, source: BackgroundSource | ForegroundSource, root: Path, vetoes: Vetoes
) -> list[Path]:
    """Return the photos of a source that the user does not leave out."""
    bases = [base_of(text, root) for text in source.paths]
    kept = []
    for path in paths:
        inside = [path.relative_to(base).as_posix() for base in bases if path.is_relative_to(base)]
        if not vetoes.leaves_out(kind, source.exclude, path, display_name(path, root), inside):
            kept.append(path)
    return kept


def _sub_folder(path: Path, texts: Sequence[str], root: Path) -> str:
    """Return the name of the folder that a photo lies in, right below the source's path; "" where it lies in none."""
    for base in (base_of(text, root) for text in texts):
        if path.is_relative_to(base) and len(parts := path.relative_to(base).parts) > 1:
            return os.fsencode(parts[0]).decode("utf-8", "replace")
    return ""


def _refuse_same_paths(section: str, sources: Sequence[BackgroundSource | ForegroundSource], root: Path) -> None:
    owners: dict[str, int] = {}
    for number, source in enumerate(sources, 1):
        for text in source.paths:
            earlier = owners.setdefault(os.path.abspath(user_path(text, root)), number)
            if earlier != number:
                raise FigureGroundError(
                    f"sources {earlier} and {number} of {section} have one path",
                    f"[[{section}]] path = {text!r}",
                    "name other photos in one of them, or leave it out",
                )


def _refuse_no_class(paths: Sequence[Path], names: Sequence[str], root: Path) -> None:
    loose = [display_name(path, root) for path, name in zip(paths, names, strict=True) if not name]
    if loose:
        more = f" and {len(loose) - 3} more" if len(loose) > 3 else ""
        raise FigureGroundError(
            f'class = "folder", and {len(loose)} photo{"s lie" if len(loose) > 1 else " lies"} in no sub-folder',
            ", ".join(loose[:3]) + more,
            "move them into a folder with the name of their class, or name the class in the recipe",
        )


def _refuse_too_many(names: Sequence[str]) -> None:
    if len(names) > MOST_CLASSES:
        raise FigureGroundError(
            f"{len(names)} classes, and semantic maps have {MOST_CLASSES} at most",
            "layers.semantic = true",
            "join classes, or leave the layer out",
        )


def _refuse_alike(names: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        if name.casefold() == _GROUND:
            raise FigureGroundError(
                f"a class is called {name!r}, which is what class 0 is called",
                f"foregrounds: class {name!r}",
                "give it another name",
            )
        earlier = seen.setdefault(name.casefold(), name)
        if earlier != name:
            raise FigureGroundError(
                f"two classes differ only in case: {earlier!r} and {name!r}",
                f"foregrounds: classes {', '.join(names)}",
                "write them alike if they are one, or give one of them another name",
            )


def _credited(found: Sequence[Photo], inputs: Inputs) -> Iterator[Photo]:
    """Yield the photos with what the credits.csv beside them say."""
    paths: dict[str, list[tuple[str, ...]]] = {
        "background": [source.paths for source in inputs.backgrounds],
        "foreground": [source.paths for source in inputs.foregrounds],
    }
    folders: dict[Path, None] = {}
    bases: dict[tuple[str, int], list[Path]] = {}
    for photo in found:
        source = photo.kind, photo.source
        if source not in bases:
            bases[source] = [base_of(text, inputs.root) for text in paths[photo.kind][photo.source]]
        parents = Path(photo.path).parents
        for base in bases[source]:
            if base in parents:
                folders.update(dict.fromkeys(parents[: parents.index(base) + 1]))
    known = credits_of(sorted(folders, key=lambda folder: (len(folder.parts), folder)), inputs.root)
    for photo in found:
        yield replace(photo, credit=known.get(os.path.abspath(photo.path), UNKNOWN))


def display_name(path: Path, root: Path) -> str:
    """Return a photo's name for people: relative to the recipe where it lies below it, else its last two parts."""
    resolved, base = Path(os.path.abspath(path)), Path(os.path.abspath(root))
    name = resolved.relative_to(base).as_posix() if resolved.is_relative_to(base) else "/".join(resolved.parts[-2:])
    return os.fsencode(name).decode("utf-8", "replace")  # names that are no text in any encoding
