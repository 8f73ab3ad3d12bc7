"""Photos with drawn masks: which mask is whose, and what is read of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.image.opened import opened
from figureground.ingest import photos

_SUFFIXES = (".png", ".jpg", ".jpeg")
_ASPECT = 0.02  # how far the shapes of a photo and its mask may differ: rounding, when one was made smaller


@dataclass(frozen=True)
class MaskedPhoto:
    """A photo and its drawn mask, which have one stem: `name`."""

    name: str
    photo: Path
    mask: Path


def masked_photos(found: Sequence[Path], masks: Path) -> list[MaskedPhoto]:
    """Return the photos that have a mask of their stem in a folder, in their order; no pixel is read yet.

    Photos without a mask, and masks without a photo, are left out.  Raises FigureGroundError when no photo has one, and
    where it cannot be told which mask is whose.
    """
    if not masks.is_dir():
        raise FigureGroundError("no such folder of masks", str(masks), "give a folder of masks with the photos' stems")
    drawn: dict[str, Path] = {}
    for path in sorted(masks.iterdir()):
        if path.suffix.lower() in _SUFFIXES and not path.name.startswith("."):
            if path.stem in drawn:
                raise FigureGroundError("two masks have one name", f"{drawn[path.stem]} and {path.name}", "remove one")
            drawn[path.stem] = path
    pairs: dict[str, MaskedPhoto] = {}
    for photo in found:
        if photo.stem in pairs:
            where = f"{pairs[photo.stem].photo} and {photo}"
            raise FigureGroundError("two photos have one name, and one mask", where, "rename one, or remove it")
        if photo.stem in drawn:
            pairs[photo.stem] = MaskedPhoto(photo.stem, photo, drawn[photo.stem])
    if not pairs:
        raise FigureGroundError("no photo has a drawn mask", str(masks), "masks need the photos' stems")
    return list(pairs.values())


def read_mask(one: MaskedPhoto, shape: tuple[int, ...]) -> Image.Image:
    """Return a mask in mode L and its own size.  `shape`: its photo's (height, width).

    Raises FigureGroundError where it cannot be read, or has another shape than the photo.
    """
    try:
        data = photos.read_bytes(one.mask)
        with photos.explained(data), opened(data, ("PNG", "JPEG")) as picture:
            mask = picture.convert("L")
    except SetAsideError as error:
        raise unusable(error, one) from None
    if abs(mask.height * shape[1] / (mask.width * shape[0]) - 1) > _ASPECT:
        raise FigureGroundError(
            f"photo and mask differ in shape: {shape[1]} x {shape[0]} and {mask.width} x {mask.height} px",
            one.name,
            "they must show the same view; is one turned or cropped?",
        )
    return mask


def unusable(error: SetAsideError, one: MaskedPhoto) -> FigureGroundError:
    """Return what is said of a photo, or a mask, that cannot be read."""
    return FigureGroundError(
        f"a picture cannot be used: {error.reason}", one.name, "mend photo and mask, or remove both"
    )
