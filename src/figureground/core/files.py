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
from figureground.core.inner_names import PARTIAL

WEIGHTS = Path(__file__).parents[1] / "weights"  # the networks that ship

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


MOST_WHOLE = 2**32  # bytes of a file that is read as a whole: a sparse one may say that it has a terabyte


def regular_bytes(path: Path, most: int = MOST_WHOLE) -> bytes:
    """Return the bytes of a plain file.  Raises OSError, for pipes, sockets, devices and larger files too."""
    with opened_regular(path) as file:
        return read_whole(file, most)


def read_whole(file: BinaryIO, most: int = MOST_WHOLE) -> bytes:
    """Return what a file holds from where it stands.  Raises OSError for more than so many bytes."""
    if os.fstat(file.fileno()).st_size > most:
        raise OSError(errno.EFBIG, f"it is larger than {most >> 20:,} MiB")
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


def sweep_beside(path: Path) -> None:
    """Remove the temporaries that killed writers of this file left.  One at work would lose its own: it is for files
    that a user asks for, one at a time."""
    ours = re.compile(rf"{re.escape(path.name)}\.[0-9a-f]{{8}}{re.escape(PARTIAL)}")
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if ours.fullmatch(entry.name):
                os.unlink(entry.path)


@contextlib.contextmanager
def writing_whole(path: Path, durable: bool = False) -> Iterator[BinaryIO]:
    """Give a file to write and read, which takes its name when the block ends, or vanishes if that raises.

    `durable`: it takes it when its content is on the disk, and its name is on the disk when this returns.
    """
    temporary = partial_of(path)
    try:
        with temporary.open("x+b") as file:
            yield file
        if durable:
            sync_file(temporary)
        rename(temporary, path)
        if durable:
            sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def rename(source: Path, target: Path) -> None:
    """Rename a file over another.

    A file server may do that, lose its answer, be asked again and say that there is no such file: what is then at the
    target, as we wrote it, is no error.
    """
    about = source.stat(follow_symlinks=False)
    try:
        source.replace(target)
    except OSError:
        if os.path.lexists(source) or not _is_at(about, target):
            raise


def _is_at(about: os.stat_result, path: Path) -> bool:
    try:
        return os.path.samestat(about, path.stat(follow_symlinks=False))
    except OSError:
        return False


def sync_file(path: Path) -> None:
    """Return when a file's content is on the disk, as far as the system can tell.  Raises OSError."""
    handle = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        _sync(handle)
    finally:
        os.close(handle)


def sync_folder(path: Path) -> None:
    """Return when the names in a folder are on the disk; on Windows, and where folders cannot be told so, at once."""
    if sys.platform == "win32":
        return
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _sync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(handle)


def _sync(handle: int) -> None:
    if sys.platform == "darwin":
        import fcntl

        with contextlib.suppress(OSError):  # fsync leaves it in the drive's memory there; some disks know no other
            fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
            return
    os.fsync(handle)


def make_folder(path: Path, durable: bool = False) -> None:
    """Make a folder with those above it, as far as they are missing; `durable`: their names are on the disk then."""
    missing = [one for one in (path, *path.parents) if not one.is_dir()] if durable else []
    path.mkdir(parents=True, exist_ok=True)
    for one in missing:
        sync_folder(one.parent)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that readers see the old one or the whole new one."""
    with writing_whole(path) as file:
        file.write(data)


def most_bytes_of_a_file() -> int | None:
    """Return how large this process may make a file (ulimit -f); None where nothing limits it."""
    if sys.platform == "win32":
        return None
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    return None if most == resource.RLIM_INFINITY else most


def usable_memory() -> int:
    """Return the bytes of memory that this process may use: the machine's, or what its container is given."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")] if hasattr(os, "sysconf") else []
    for place in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):  # no container, or "max"
            found.append(int(Path(place).read_text()))
    return min(found, default=sys.maxsize)
