"""Image files: find them, decode them upright and in sRGB, hash them, refuse what cannot be used.

`decode` is the only way in for a user's picture.  It raises SetAsideError with a reason a person understands; it never
returns a half-decoded, black or rotated picture.
"""

from __future__ import annotations

import contextlib
import functools
import glob
import hashlib
import io
import re
import struct
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError

from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.files import user_path

SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("jpg", "jpeg", "jpe", "jfif", "png", "apng", "webp", "tif", "tiff", "bmp"),
        *("gif", "avif", "heic", "heif", "jp2", "mpo", "ppm", "tga"),
    )
)
MAX_PIXELS = 80_000_000  # 240 MB decoded; JPEGs are reduced while decoding and may be larger
MIN_SIDE = 32
MAX_ASPECT = 12.0
# what Pillow's decoders raise for damaged files, and what reading a damaged EXIF block may raise besides
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, LookupError, OverflowError, MemoryError, struct.error)
_DAMAGED_EXIF = (*_DAMAGED, TypeError, AttributeError, ArithmeticError, AssertionError, RecursionError)


@dataclass(frozen=True, eq=False)
class Photo:
    """A decoded picture: uint8 (height, width, 3) or, with alpha, (height, width, 4).

    `notes`: what was odd.  `focal`: focal length / diagonal as its EXIF block says, 0 if it does not.  `full_size`:
    (height, width) of the upright picture in its file, before any reduction; that of the pixels where not given.
    """

    pixels: NDArray[np.uint8]
    notes: tuple[str, ...] = ()
    focal: float = 0.0
    full_size: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        if self.full_size == (0, 0):
            object.__setattr__(self, "full_size", self.pixels.shape[:2])


def find(paths: Iterable[str], root: Path, key: str) -> list[Path]:
    """Return the picture files that folders, globs or file names stand for, in natural order (2 before 10).

    Hidden files and files without a picture's suffix are passed over; folders are searched to any depth.
    Raises FigureGroundError naming the recipe key when a path does not exist or nothing is found.
    """
    found: dict[Path, None] = {}
    listed = list(paths)
    if not listed:
        raise FigureGroundError(f"{key} names no folder", "recipe", f'set {key} = "path/to/photos"')
    for text in listed:
        place = user_path(text, root)
        if place.is_dir():
            matches = _inside(place)
        elif place.is_file():
            matches = [place]
        else:
            matches = [root / name for name in glob.glob(text, root_dir=root, recursive=True)]
            matches += [p for folder in matches if folder.is_dir() for p in _inside(folder)]
            if not matches:
                raise FigureGroundError(
                    "no such folder of photos",
                    f"{key} = {text!r} ({place})",
                    "paths start from the recipe's folder; check the spelling",
                )
        found.update(dict.fromkeys(p for p in matches if p.suffix.lower() in SUFFIXES and p.is_file()))
    if not found:
        raise FigureGroundError(
            "the folder holds no pictures",
            f"{key} = {', '.join(listed)}",
            f"put pictures there ({', '.join(sorted(SUFFIXES)[:8])} ...)",
        )
    return sorted(found, key=natural_key)


def _inside(folder: Path) -> list[Path]:
    """Return what lies in a folder at any depth, hidden files and folders left out."""
    return [p for p in folder.rglob("*") if not any(part.startswith(".") for part in p.relative_to(folder).parts)]


def natural_key(path: Path) -> list[tuple[int, int, str]]:
    """Return a sort key that orders numbers inside names by value."""
    return [(0, int(t), "") if t.isdecimal() else (1, 0, t) for t in re.split(r"(\d+)", path.as_posix()) if t]


def read_bytes(path: Path) -> bytes:
    """Return the file's bytes.  Raises SetAsideError when it cannot be read or is empty."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SetAsideError(f"cannot be read: {error.strerror or error}") from None
    if not data:
        raise SetAsideError("the file is empty")
    return data


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def decode(data: bytes, enough: int) -> Photo:
    """Return the picture: first frame, upright, 8-bit sRGB, with alpha where the file has any.

    `enough`: a shortest side in px that is all the caller needs; larger JPEGs may be decoded reduced, never below it.
    Raises SetAsideError for what is no picture, damaged, too large, too small or of a kind whose values have no
    defined brightness (floating point).
    """
    notes: list[str] = []
    _register_heic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata; what matters is checked here
        try:
            with Image.open(io.BytesIO(data)) as picture:
                wide, high = picture.size
                if picture.format == "JPEG":
                    picture.draft(None, (enough, enough))
                width, height = picture.size
                if width * height > MAX_PIXELS:
                    raise SetAsideError(f"{width} x {height} px is more than {MAX_PIXELS // 10**6} million pixels")
                if min(width, height) < MIN_SIDE:
                    raise SetAsideError(f"{width} x {height} px is too small")
                if max(width, height) > MAX_ASPECT * min(width, height):
                    raise SetAsideError(
                        f"{width} x {height} px is a strip, more than {MAX_ASPECT:g} times as long as wide"
                    )
                picture.load()
                upright = _upright(picture, notes)
                full = (wide, high) if _lies(picture) else (high, wide)
                return Photo(_to_srgb(upright, notes), tuple(notes), _focal(picture), full)
        except UnidentifiedImageError:
            raise SetAsideError(_not_a_picture(data)) from None
        except Image.DecompressionBombError:
            raise SetAsideError("the header claims more pixels than any photo has") from None
        except _DAMAGED as error:
            raise SetAsideError(f"damaged or cut off: {str(error)[:100] or type(error).__name__}") from None


@functools.cache
def _register_heic() -> None:
    """Let Pillow read HEIC where the extra is installed."""
    with contextlib.suppress(ImportError):
        import pi_heif

        pi_heif.register_heif_opener()


def _upright(picture: Image.Image, notes: list[str]) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except _DAMAGED_EXIF:  # the pixels are fine
        notes.append("EXIF block unreadable: orientation left as it is")
        return picture


def _lies(picture: Image.Image) -> bool:
    """Tell whether a picture's EXIF block turns it by a quarter."""
    try:
        return picture.getexif().get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
    except _DAMAGED_EXIF:
        return False


def _focal(picture: Image.Image) -> float:
    """Return focal length / diagonal from EXIF, 0 where it does not say.

    From FocalLengthIn35mmFilm, which compares diagonals (43.27 mm on 35 mm film; CIPA DCG-001).
    """
    try:
        equivalent = float(picture.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.FocalLengthIn35mmFilm, 0))
    except _DAMAGED_EXIF:
        return 0.0
    focal = equivalent / 43.2666
    return focal if 0.1 < focal < 20 else 0.0


def _not_a_picture(data: bytes) -> str:
    head = data[:512].lstrip().lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page saved under a picture's name"
    if head.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer, not the picture: run `git lfs pull`"
    if data[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1", b"ftyphevc"):
        return "HEIC, which needs an extra: pip install 'figureground[heic]'"
    return "not a picture that can be decoded"


def _to_srgb(picture: Image.Image, notes: list[str]) -> NDArray[np.uint8]:
    mode = picture.mode
    if mode == "F":
        raise SetAsideError("floating-point picture: its white is not defined; save it as 8 or 16 bit")
    profile = picture.info.get("icc_profile")
    if mode.startswith("I"):
        # 16-bit grey: 65535 is white.  Mode "I" holds 16-bit PNGs in 32 bits.
        values = np.asarray(picture).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise SetAsideError("32-bit integer picture: its white is not defined; save it as 8 or 16 bit")
        grey = ((values + 128) // 257).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    alpha: Image.Image | None = None
    if mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        rgba = picture.convert("RGBA")
        alpha = rgba.getchannel("A")
        picture = rgba.convert("RGB") if mode != "LA" else picture.convert("L")
    colour = picture.convert("RGB") if picture.mode in ("1", "P", "PA", "YCbCr", "RGBX", "HSV") else picture
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(colour, source, target, outputMode="RGB")
            colour = converted if converted is not None else colour
        except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
            notes.append("colour profile unreadable or of another colour space: taken as sRGB")
    rgb = np.asarray(colour.convert("RGB"))
    return rgb if alpha is None else np.dstack([rgb, np.asarray(alpha)])


def thumbprint(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a uint8 (16, 16, channels) miniature by which near-duplicates are told."""
    mode = "RGBA" if pixels.shape[2] == 4 else "RGB"
    small = Image.fromarray(pixels, mode).resize((16, 16), Image.Resampling.BOX)
    return np.asarray(small)
