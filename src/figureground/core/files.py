"""Whole files: hashed, or written under a temporary name and renamed, so that readers never meet half of one."""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import io
import os
import re
import secrets
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from figureground.core.errors import FigureGroundError

WEIGHTS = Path(__file__).parents[1] / "weights"  # the networks that ship
PARTIAL = ".partial"


_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)" + (r"|%(\w+)%" if sys.platform == "win32" else ""), re.ASCII)


def user_path(text: str, root: Path) -> Path:
    """Return the path that a user's text means, from `root`: with ~ for the home folder where there is one, and $NAME,
    ${NAME} (on Windows %NAME% too) for what the environment says, unless a file of such a name exists.

    Raises FigureGroundError for a variable that is not set.
    """
    return root / expanded(text, root)


def expanded(text: str, root: Path, told: Callable[[str], str] = str) -> str:
    """Return a user's path or glob with ~ and variables replaced, as `user_path` does.

    Where folders are parted by / alone, a path that Windows wrote, with \\, is the one with /.  `told`: what is done
    with the texts that take the place of others; a glob has them escaped.
    """
    if os.sep == "/" and "\\" in text and not os.path.lexists(root / text):
        text = text.replace("\\", "/")
    home = Path(text).parts[0] if text.startswith("~") else ""
    if home:
        with contextlib.suppress(RuntimeError):  # ~nobody
            text = told(str(Path(home).expanduser())) + text[len(home) :]
    if not _VARIABLE.search(text) or os.path.lexists(root / text):
        return text
    return _VARIABLE.sub(lambda found: told(_variable(found)), text)


def _variable(found: re.Match[str]) -> str:
    name = next(group for group in found.groups() if group)
    if (value := os.environ.get(name)) is None:
        raise FigureGroundError(
            f"the environment has no {name}, which a path names", found.string, f"set {name}, or write the path out"
        )
    return value


def opened_regular(path: Path) -> io.BufferedReader:
    """Return a file to read, and wait for nobody: pipes, sockets and devices are not opened.  Raises OSError."""
    kind = os.stat(path).st_mode
    if stat.S_ISREG(kind):
        # what is a pipe by now, without a writer, would be waited for
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        kind = os.fstat(handle).st_mode
        if stat.S_ISREG(kind):
            return open(handle, "rb")
        os.close(handle)
    raise OSError(errno.EISDIR if stat.S_ISDIR(kind) else errno.EINVAL, "it is no plain file")


def regular_bytes(path: Path) -> bytes:
    """Return the bytes of a plain file.  Raises OSError, for pipes, sockets and devices too."""
    with opened_regular(path) as file:
        return file.read()


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file, in hex."""
    with opened_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.cache
def code_sha256() -> str:
    """Return a sha256 of this package's own code and of the weights that are a part of it, so that what an older one
    made is told from what it makes now."""
    total, package = hashlib.sha256(), Path(__file__).parents[1]
    for path in sorted([*package.rglob("*.py"), *package.rglob("*.npz")]):
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


def usable_memory() -> int:
    """Return the bytes of memory that this process may use: the machine's, or what its container is given."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")] if hasattr(os, "sysconf") else []
    for place in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):  # no container, or "max"
            found.append(int(Path(place).read_text()))
    return min(found, default=sys.maxsize)
