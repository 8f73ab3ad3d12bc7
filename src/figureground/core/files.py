"""Whole files: hashed, or written under a temporary name and renamed, so that readers never meet half of one."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

from figureground.core.errors import FigureGroundError

WEIGHTS = Path(__file__).parents[1] / "weights"  # the networks that ship
PARTIAL = ".partial"


def user_path(text: str, root: Path) -> Path:
    """Return the path that a user's text means: from `root`, with ~ for the home folder where there is one."""
    path = Path(text)
    with contextlib.suppress(RuntimeError):  # ~nobody
        path = path.expanduser()
    return root / path


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def user_cache() -> Path:
    """Return the folder for what is kept between runs: FIGUREGROUND_HOME, else the system's cache folder for us."""
    if home := os.environ.get("FIGUREGROUND_HOME"):
        return Path(home)
    places = {"win32": ("LOCALAPPDATA", "AppData/Local"), "darwin": ("", "Library/Caches")}
    variable, folder = places.get(sys.platform, ("XDG_CACHE_HOME", ".cache"))
    return Path(os.environ.get(variable) or Path.home() / folder) / "figureground"


def partial_of(path: Path) -> Path:
    """Return a temporary name beside `path`; its random part keeps two writers apart."""
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}{PARTIAL}")


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that readers see the old one or the whole new one."""
    temporary = partial_of(path)
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold a folder against a second writer on this machine; the system lets go when the process ends, however it ends.

    Raises FigureGroundError when another process holds it.  Where the system has no such locks (Windows), nothing is
    held.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    path = folder / ".lock"
    with path.open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not path.exists() or os.fstat(file.fileno()).st_ino != path.stat().st_ino:
                raise BlockingIOError  # the holder let go and removed it between our two calls
        except BlockingIOError:
            raise FigureGroundError(
                "another build is at work in this folder", str(folder), "wait for it, or stop it, or use another folder"
            ) from None
        except OSError:
            pass  # a file system without locks
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
