"""The folder of prepared photos beside a recipe: `check`, a dry run and `build` prepare each photo once.

    .figureground-cache/
      figureground-cache.json   says what the folder is, and in which form; without it nothing here is read or touched
      README.txt  CACHEDIR.TAG  .gitignore
      ab/abcd....photo          an outcome (core/packed.py) under its key (key.py), two hex digits a folder

An entry appears whole, under its final name.  What is read is checked, whoever wrote it; what is damaged is made anew.
Links are not followed, and only names of the above forms are ever deleted.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import re
import stat
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from figureground.core.errors import FigureGroundError
from figureground.core.files import write_whole
from figureground.core.inner_names import PARTIAL
from figureground.core.packed import pack, unpack
from figureground.ingest.finding import CACHE_MARK
from figureground.ingest.outcome import ROLES, Outcome
from figureground.ingest.photos import MAX_PIXELS

FOLDER = ".figureground-cache"  # hidden, so that no folder of photos includes it
ABOUT = {"format": 1, "what": "photos prepared by figureground; may be deleted at any time"}
SIZE_VARIABLE = "FIGUREGROUND_CACHE_GB"
_USUAL_GB = 4.0
_README = f"""\
Photos as figureground prepared them, so that `check`, `build --dry-run` and `build` prepare each photo once.
Delete this folder whenever you like: it is made anew.  It keeps to {_USUAL_GB:g} GB, or to what {SIZE_VARIABLE} says;
what was not used for longest goes first.  `--no-cache` does without it.
"""
_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# bford.info/cachedir: back-up programs pass this folder over\n"
_BESIDE = {"README.txt": _README, "CACHEDIR.TAG": _TAG, ".gitignore": "*\n"}
_MOST_BYTES = 2**28  # of an entry: 30 times what the largest canvas takes
_STALE_S = 3600.0  # a temporary that is older was left by a process that was killed
_NAME = re.compile(r"[0-9a-f]{64}\.photo")
_LEFT = re.compile(r"[0-9a-f]{64}\.photo\.[0-9a-f]{8}" + re.escape(PARTIAL))
_SHELF = re.compile(r"[0-9a-f]{2}")
# a link in place of an entry is not followed, a fifo not waited for
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True)
class PhotoCache:
    """Outcomes of photos in a folder, by their keys; at most about `most` bytes.  Any number of processes may use it at
    once.  Whatever the disk refuses is as if it had not been kept."""

    folder: Path
    most: int

    def read(self, key: str) -> Outcome | None:
        """Return the outcome that is kept under a key, and note that it was used; None where none is, or a damaged."""
        path = self._path(key)
        try:
            if path.parent.is_symlink():
                return None
            outcome = unpack(Outcome, _plain_bytes(path), key)
            _require_pictures(outcome)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return outcome

    def has(self, key: str) -> bool:
        """Tell whether something is kept under a key; reading it may yet find it damaged."""
        return self._path(key).is_file()

    def write(self, key: str, outcome: Outcome) -> None:
        """Keep an outcome.  Raises FigureGroundError for one that could not be read again: a fault of ours, which would
        otherwise be taken for the photo's."""
        try:
            data = pack(outcome, key)
        except (TypeError, ValueError) as error:
            raise _our_fault(str(error)) from error
        if not outcome.files.keys() <= ROLES:
            raise _our_fault(f"files of unknown roles: {', '.join(sorted(outcome.files))}")
        path = self._path(key)
        with contextlib.suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            if not path.parent.is_symlink():
                write_whole(path, data)

    def trim(self, since: float) -> None:
        """Delete what was used longest ago, until the rest is small enough.

        Of what was used after `since`, seconds since the epoch, the newest goes first: photos that do not all fit are
        then kept in part from run to run, instead of pushing each other out.
        """
        entries = sorted(self._entries(), key=lambda e: (e[0] >= since, -e[0] if e[0] >= since else e[0]))
        excess = sum(size for _, size, _ in entries) - self.most
        for _, size, path in entries:
            if excess <= 0:
                break
            with contextlib.suppress(OSError):
                path.unlink()
                excess -= size

    def _entries(self) -> Iterator[tuple[float, int, Path]]:
        """Yield (time of last use, bytes, path) of every entry; delete what killed processes left."""
        for shelf in _listed(self.folder):
            if not _SHELF.fullmatch(shelf.name) or not shelf.is_dir(follow_symlinks=False):
                continue
            for entry in _listed(Path(shelf.path)):
                with contextlib.suppress(OSError):
                    about = entry.stat(follow_symlinks=False)
                    if _NAME.fullmatch(entry.name):
                        yield about.st_mtime, about.st_size, Path(entry.path)
                    elif _LEFT.fullmatch(entry.name) and about.st_mtime < time.time() - _STALE_S:
                        Path(entry.path).unlink()

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.photo"


def _plain_bytes(path: Path) -> bytes:
    """Return the bytes of an entry.  Raises OSError for links, fifos, folders and what is larger than any entry."""
    handle = os.open(path, _FLAGS)
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode) or about.st_size > _MOST_BYTES:
            raise OSError("no entry")
        with open(handle, "rb", closefd=False) as file:
            return file.read(_MOST_BYTES)
    finally:
        os.close(handle)


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _require_pictures(outcome: Outcome) -> None:
    """Raise ValueError, or what Pillow does, where files are not what ingest makes, PNG and JPEG of usual size."""
    if (outcome.entry is None) != bool(outcome.reason) or not outcome.files.keys() <= ROLES:
        raise ValueError("no outcome")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's own limit is higher
        for data in outcome.files.values():
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    raise ValueError("too large")


def open_cache(root: Path | None) -> PhotoCache | None:
    """Return the cache in a recipe's folder, made where there is none; None where it cannot be used, which is logged,
    and for no folder.  Raises FigureGroundError for a size in the environment that is none."""
    if root is None:
        return None
    folder, most = root / FOLDER, _most_bytes()
    try:
        why = _made(folder)
    except (OSError, ValueError, AttributeError) as error:
        why = getattr(error, "strerror", None) or f"its {CACHE_MARK} cannot be read"
    if why:
        logging.getLogger(__name__).warning("prepared photos are not kept in %s: %s", folder, why)
        return None
    return PhotoCache(folder, most)


def _made(folder: Path) -> str:
    """Make the folder where there is none; return why it cannot be used, or ""."""
    if folder.is_symlink():
        return "it is a link"
    folder.mkdir(exist_ok=True)
    if (folder / CACHE_MARK).is_file():
        about = json.loads((folder / CACHE_MARK).read_bytes())
        if about.get("format") != ABOUT["format"]:
            return "it is of another version"
    else:
        others = {entry.name for entry in _listed(folder) if not entry.name.endswith(PARTIAL)}
        if others - _BESIDE.keys():
            return f"it holds other things, and no {CACHE_MARK}"
        for name, text in {**_BESIDE, CACHE_MARK: json.dumps(ABOUT, indent=1)}.items():  # the marker last
            write_whole(folder / name, text.encode())
    return "" if os.access(folder, os.W_OK) else "it cannot be written"


def is_cache(folder: Path) -> bool:
    """Tell whether a folder is one of prepared photos, under whatever name."""
    return (folder / CACHE_MARK).is_file()


def _our_fault(what: str) -> FigureGroundError:
    return FigureGroundError(
        f"a prepared photo cannot be kept: {what}", "a fault in figureground", "run with --no-cache, and report this"
    )


def _most_bytes() -> int:
    text = os.environ.get(SIZE_VARIABLE, "")
    try:
        most = float(text) if text else _USUAL_GB
    except ValueError:
        most = -1.0
    if not 0 < most < 1e6:
        raise FigureGroundError(
            f"{SIZE_VARIABLE} = {text!r} is no size", "environment", "a number of GB above 0; --no-cache for no cache"
        )
    return int(most * 1e9)
