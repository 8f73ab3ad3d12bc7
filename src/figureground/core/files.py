"""Whole files: hashed, or written under a temporary name and renamed, so that readers never meet half of one."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

WEIGHTS = Path(__file__).parents[1] / "weights"  # the networks that ship
PARTIAL = ".partial"


def user_path(text: str, root: Path) -> Path:
    """Return the path that a user's text means: from `root`, with ~ for the home folder where there is one.

    Where folders are parted by / alone, a path that Windows wrote, with \\, is the one with /.
    """
    path = Path(text)
    if os.sep == "/" and "\\" in text and not (root / path).exists():
        path = Path(text.replace("\\", "/"))
    with contextlib.suppress(RuntimeError):  # ~nobody
        path = path.expanduser()
    return root / path


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def code_sha256() -> str:
    """Return a sha256 of this package's own code, so that what an older one made is told from what it makes now."""
    total, package = hashlib.sha256(), Path(__file__).parents[1]
    for path in sorted(package.rglob("*.py")):
        total.update(f"{path.relative_to(package).as_posix()}\0{file_sha256(path)}\n".encode())
    return total.hexdigest()


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


@contextlib.contextmanager
def writing_whole(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write and read, which takes its name when the block ends, or vanishes if that raises."""
    temporary = partial_of(path)
    try:
        with temporary.open("x+b") as file:
            yield file
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that readers see the old one or the whole new one."""
    with writing_whole(path) as file:
        file.write(data)
