"""Image files: decoded upright and in sRGB, hashed, or refused.  Finding them is `finding.py`.

`decode` is the only way in for a user's picture.  It raises SetAsideError with a reason a person understands; it never
returns a half-decoded, black or rotated picture.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, JpegImagePlugin, TiffImagePlugin, UnidentifiedImageError

from figureground.core.errors import SetAsideError, printable
from figureground.core.files import regular_bytes
from figureground.image.opened import DAMAGED, opened
from figureground.ingest import damage, jpeg, levels, srgb
from figureground.ingest.finding import search

FORMATS = ("PNG", "WEBP", "TIFF", "BMP", "DIB", "GIF", "AVIF", "HEIF", "JPEG2000", "PPM", "TGA")  # and JPEG
MAX_PIXELS = 80_000_000  # 320 MB decoded
MAX_WEBP_PIXELS = 40_000_000  # decoded three times over by Pillow
MAX_JPEG_PIXELS = 400_000_000  # reduced while they are decoded
MIN_SIDE = 32
MAX_ASPECT = 12.0
_LARGE = 40_000_000  # pixels: above it, a picture is reduced before it is copied
_DNG = 50706  # the TIFF tag that a camera's raw file has
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
LYING = frozenset(_TURNS[orientation] for orientation in (5, 6, 7, 8))


# by how they begin, whatever their name says
_OTHER_KINDS = {
    b"%!PS": "an EPS drawing",
    b"%PDF": "a PDF",
    b"8BPS": "a Photoshop file",
    b"\xff\x0a": "a JPEG XL picture",
    b"\0\0\0\x0cJXL ": "a JPEG XL picture",
    b"DDS ": "a DDS texture",
    b"v/1\x01": "an OpenEXR picture",
    b"#?RADIANCE": "a Radiance HDR picture",
    b"PK\3\4": "a zip archive",
    b"\0\5\x16\7": "what macOS notes about a file",
}


@dataclass(frozen=True, eq=False)
class Photo:
    """A decoded picture: uint8 (height, width, 3) or, with alpha, (height, width, 4).

    `notes`: what was odd.  `focal`: focal length / diagonal as its EXIF block says, 0 if it does not.  `full_size`:
    (height, width) of the upright picture in its file, before any reduction; that of the pixels where not given.
    `turn`: what made it upright, None where it lay so.
    """

    pixels: NDArray[np.uint8]
    notes: tuple[str, ...] = ()
    focal: float = 0.0
    full_size: tuple[int, int] = (0, 0)
    turn: Image.Transpose | None = None

    def __post_init__(self) -> None:
        if self.full_size == (0, 0):
            object.__setattr__(self, "full_size", self.pixels.shape[:2])


def find(paths: Iterable[str], root: Path, key: str) -> list[Path]:
    """Return the picture files that folders, globs or file names stand for, as `finding.search` finds them."""
    return list(search(paths, root, key).files)


def read_bytes(path: Path) -> bytes:
    """Return the file's bytes.  Raises SetAsideError when it cannot be read, is no plain file, or is empty."""
    try:
        data = regular_bytes(path)
    except OSError as error:
        raise SetAsideError(f"cannot be read: {error.strerror or type(error).__name__}") from None
    if not data:
        raise SetAsideError("the file is empty")
    return data


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def decode(data: bytes, enough: int) -> Photo:
    """Return the picture: first frame, upright, 8-bit sRGB, with alpha where the file has any.

    `enough`: a shortest side in px that is all the caller needs; larger JPEGs may be decoded reduced, and very large
    pictures of any kind, never below it.
    Raises SetAsideError for what is no picture, damaged, too large, too small, black or of a kind whose values have no
    defined brightness (floating point).
    """
    notes: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata; what matters is checked here
        with explained(data), opened_any(data) as picture:
            width, height = picture.size
            loaded = _loaded(picture, data, enough, notes)
            turn = _turn(picture, notes)
            pixels = srgb.to_srgb(loaded if turn is None else loaded.transpose(turn), notes)
            focal = _focal(picture)
    levels.refuse_blank(pixels)
    return Photo(pixels, tuple(notes), focal, (width, height) if turn in LYING else (height, width), turn)


@contextlib.contextmanager
def explained(data: bytes) -> Iterator[None]:
    """Turn what Pillow raises for a file, in the block, into a SetAsideError."""
    try:
        yield
    except UnidentifiedImageError:
        raise SetAsideError(_not_a_picture(data)) from None
    except Image.DecompressionBombError:
        raise SetAsideError("the header claims more pixels than any photo has") from None
    except MemoryError:
        raise SetAsideError("it needs more memory than there is") from None
    except DAMAGED as error:
        reason = printable(str(error))[:100] or type(error).__name__
        raise SetAsideError(f"damaged or cut off: {reason}") from None


def opened_any(data: bytes) -> Image.Image:
    """Return a picture of any format that is read, not yet decoded.  Raises what Pillow raises."""
    _register_heic()
    if data.startswith(b"\xff\xd8"):
        return jpeg.opened(data)
    return opened(data, tuple(name for name in FORMATS if name in Image.OPEN))


@functools.cache
def _register_heic() -> None:
    """Let Pillow know all its formats, and HEIC where the extra is installed."""
    Image.init()
    with contextlib.suppress(ImportError):
        import pi_heif

        pi_heif.register_heif_opener()


def _loaded(picture: Image.Image, data: bytes, enough: int, notes: list[str]) -> Image.Image:
    """Return the pixels of an opened picture as 8 bits a value, as they stand in the file, reduced where it is large.

    Raises SetAsideError, and what Pillow raises.
    """
    if isinstance(picture, JpegImagePlugin.JpegImageFile):
        _refuse_more_than(MAX_JPEG_PIXELS, picture.size)
        picture.draft(None, (enough, enough))
    _refuse_more_than(MAX_WEBP_PIXELS if picture.format == "WEBP" else MAX_PIXELS, picture.size)
    _refuse_odd_sizes(picture.size)
    if isinstance(picture, TiffImagePlugin.TiffImageFile) and _DNG in picture.tag_v2:
        raise SetAsideError("a camera's raw file (DNG), which is not read: save it as TIFF or JPEG")
    raw = srgb.raw_mode(picture)
    if isinstance(picture, JpegImagePlugin.JpegImageFile):
        notes += jpeg.load(picture, data)
    else:
        damage.require_whole(picture, data)
        picture.load()
    loaded = srgb.with_all_bits(picture, data, raw, notes)
    factor = min(loaded.size) // enough
    if factor > 1 and loaded.width * loaded.height > _LARGE:
        return srgb.reduced(loaded, factor)
    return loaded


def _refuse_more_than(most: int, size: tuple[int, int]) -> None:
    width, height = size
    if width * height > most:
        raise SetAsideError(f"{width} x {height} px is more than {most // 10**6} million pixels")


def _refuse_odd_sizes(size: tuple[int, int]) -> None:
    width, height = size
    if min(width, height) < MIN_SIDE:
        raise SetAsideError(f"{width} x {height} px is too small")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise SetAsideError(f"{width} x {height} px is a strip, more than {MAX_ASPECT:g} times as long as wide")


def _turn(picture: Image.Image, notes: list[str]) -> Image.Transpose | None:
    """Return what makes a picture upright, None where nothing is to be done."""
    try:
        return _TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except DAMAGED:  # the pixels are fine
        notes.append("EXIF block unreadable: orientation left as it is")
        return None


def _focal(picture: Image.Image) -> float:
    """Return focal length / diagonal from EXIF, 0 where it does not say.

    From FocalLengthIn35mmFilm, which compares diagonals (43.27 mm on 35 mm film; CIPA DCG-001).
    """
    try:
        equivalent = float(picture.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.FocalLengthIn35mmFilm, 0))
    except DAMAGED:
        return 0.0
    focal = equivalent / 43.2666
    return focal if 0.1 < focal < 20 else 0.0


def _not_a_picture(data: bytes) -> str:
    head = data[:512].lstrip().lower()
    if b"<svg" in head:
        return "an SVG drawing, which is not read"
    if head.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page saved under a picture's name"
    if head.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer, not the picture: run `git lfs pull`"
    for magic, what in _OTHER_KINDS.items():
        if data.startswith(magic):
            return f"{what}, which is not read"
    if data[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1", b"ftyphevc"):
        return "HEIC, which needs an extra: pip install 'figureground[heic]'"
    return "not a picture that can be decoded"


def thumbprint(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a uint8 (16, 16, channels) miniature by which near-duplicates are told."""
    mode = "RGBA" if pixels.shape[2] == 4 else "RGB"
    small = Image.fromarray(pixels, mode).resize((16, 16), Image.Resampling.BOX)
    return np.asarray(small)
