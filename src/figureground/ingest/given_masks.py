"""Masks that the user gives: found beside photos or in a folder of their own, paired by name, read upright."""

from __future__ import annotations

import os
import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from figureground.core.errors import SetAsideError
from figureground.core.job import Cutting
from figureground.core.nouns import Alpha
from figureground.image.opened import DAMAGED
from figureground.ingest import labels, photos
from figureground.ingest.finding import LeftOut, Search, base_of, search
from figureground.ingest.framing import same_aspect
from figureground.ingest.mask_values import alpha_of, straightened
from figureground.ingest.turned import upright

NO_MASK = "no mask of its own in foregrounds.masks: none has its path below the source, nor alone its stem"
_SOFTEST_FIRST = ("alpha", "alphas", "matte", "mattes", "mask", "masks")


@dataclass(frozen=True)
class Masked:
    """The photos of a source, label pictures left out, and the masks of those that have one."""

    photos: Search
    masks: Mapping[Path, Path]


@dataclass(frozen=True, eq=False)
class GivenMask:
    """A mask as alpha, uint8 (height, width), upright; what was odd, and what is probably wrong."""

    alpha: Alpha
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def photos_alone(found: Search) -> Search:
    """Return what was found without the label pictures that lie among the photos, which are named."""
    return _without(found, labels.left_out(labels.owners(found.files), found.files))


def with_masks(found: Search, cutting: Cutting, paths: Sequence[str], root: Path) -> Masked:
    """Return the photos of figures and their masks: of the recipe's folder, or those that lie beside the photos.

    Raises FigureGroundError where the recipe names a folder that is not there, or has no pictures.
    """
    owned = labels.owners(found.files)
    reasons = labels.left_out(owned, found.files)
    if cutting.masks is not None:
        alone = _without(found, reasons)
        listed = search((cutting.masks,), root, "foregrounds.masks").files
        mine = {os.path.realpath(path) for path in alone.files}
        listed = tuple(path for path in listed if os.path.realpath(path) not in mine)
        pairs = paired(
            [_below(path, paths, root) for path in alone.files],
            [_below(path, (cutting.masks,), root) for path in listed],
        )
        used = {path: listed[n] for path, n in zip(alone.files, pairs, strict=True) if n is not None}
        taken = {os.path.realpath(path) for path in used.values()}
        left = tuple(one for one in alone.left_out if os.path.realpath(one.path) not in taken)
        return Masked(Search(alone.files, left), used)
    beside: dict[Path, Path] = {}
    if cutting.beside:
        masks = [path for path, (owner, mark) in owned.items() if labels.is_mask(mark) and path.parent == owner.parent]
        for path in sorted(masks, key=lambda path: (_SOFTEST_FIRST.index(owned[path][1]), path)):
            beside.setdefault(Path(owned[path][0]), Path(path))
    used_paths = set(beside.values())
    return Masked(_without(found, {p: r for p, r in reasons.items() if p not in used_paths}, used_paths), beside)


def paired(shown: Sequence[str], masks: Sequence[str]) -> list[int | None]:
    """Return for each photo the number of its mask, None where it has none or it is not clear which.

    Both by their paths below their folders.  First by the path, in the mask's case and then in any, with or without
    `_mask` and its kin behind the name; then by the stem, where one photo and one mask alone have it.
    """
    found: list[int | None] = [None] * len(shown)
    for keys_of in (_exact_keys, _plain_keys, _stem_keys):
        by_key: dict[str, list[int]] = defaultdict(list)
        for number, name in enumerate(masks):
            if number not in found:
                for key in keys_of(name, True):
                    by_key[key].append(number)
        waiting = [n for n, one in enumerate(found) if one is None]
        claims: dict[int, list[int]] = defaultdict(list)
        for n in waiting:
            matches = {number for key in keys_of(shown[n], False) for number in by_key.get(key, ())}
            if len(matches) == 1:
                claims[matches.pop()].append(n)
        for number, claimants in claims.items():
            if len(claimants) == 1:
                found[claimants[0]] = number
    return found


def _exact_keys(name: str, is_mask: bool) -> set[str]:
    path = Path(name)
    keys = {str(path.with_suffix(""))}
    return keys if is_mask else keys | {str(path)}  # X.jpg.png is a mask of X.jpg


def _plain_keys(name: str, is_mask: bool) -> set[str]:
    path = Path(name)
    keys = {labels.plain_name(key) for key in _exact_keys(name, is_mask)}
    base, mark = labels.marked(path.stem)
    if is_mask and mark and labels.is_mask(mark):
        keys.add(labels.plain_name(str(path.parent / base)))
    return keys


def _stem_keys(name: str, is_mask: bool) -> set[str]:
    return {Path(key).name for key in _plain_keys(name, is_mask)}


def read_mask(path: Path, photo: photos.Photo) -> GivenMask:
    """Return the mask of a photo in any size of its aspect, upright as the photo is.

    Raises SetAsideError for a file that is no mask, or of another shape.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with photos.opened_any(photos.read_bytes(path)) as picture:
                _refuse_large(picture.size)
                picture.load()
                kind = picture.format
                upright = ImageOps.exif_transpose(picture)
                upright.format = kind
                alpha, notes = alpha_of(upright)
        except SetAsideError as error:
            raise SetAsideError(error.reason if "its mask" in error.reason else f"its mask: {error.reason}") from None
        except (UnidentifiedImageError, Image.DecompressionBombError, *DAMAGED) as error:
            raise SetAsideError(f"its mask cannot be read: {type(error).__name__}") from None
    alpha, about, doubt = _turned(alpha, photo)
    alpha, inverted = straightened(alpha)
    return GivenMask(alpha, (*notes, *about, *inverted), doubt)


def _refuse_large(size: tuple[int, int]) -> None:
    if size[0] * size[1] > photos.MAX_PIXELS:
        raise SetAsideError(f"its mask has {size[0]} x {size[1]} px, more than {photos.MAX_PIXELS // 10**6} million")


def _turned(alpha: Alpha, photo: photos.Photo) -> tuple[Alpha, tuple[str, ...], tuple[str, ...]]:
    """Return a mask as its upright photo lies, a note where it was turned, and a warning where that is not clear."""
    found, note, warning = upright(alpha, photo.full_size, photo.turn, "mask")
    height, width = found.shape
    if not same_aspect(found.shape, photo.full_size):
        other = f"{photo.full_size[1]} x {photo.full_size[0]} px"
        raise SetAsideError(f"its mask is {width} x {height} px, another shape than the photo ({other})")
    return found, (note,) if note else (), (warning,) if warning else ()


def _below(path: Path, paths: Iterable[str], root: Path) -> str:
    """Return a path below the folder that one of the recipe's paths starts from, with / between folders."""
    for base in (base_of(text, root) for text in paths):
        if path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return path.name


def _without(found: Search, reasons: Mapping[Path, str], used: Iterable[Path] = ()) -> Search:
    """Return what was found without some pictures, named with their reasons, and without those that are used."""
    gone = set(used)
    files = tuple(path for path in found.files if path not in reasons and path not in gone)
    return Search(files, (*found.left_out, *(LeftOut(path, reason) for path, reason in reasons.items())))
