"""Files in a folder that may be from elsewhere: opened where they lie, never by way of a link, and never waited for."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from figureground.core.errors import FigureGroundError

# a link that has come in between is not followed, a pipe not waited for
_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_LINKS = (0xA000000C, 0xA0000003)  # on Windows: tags of symbolic links, and of folders mounted elsewhere


def is_link(about: os.stat_result) -> bool:
    """Tell whether what `lstat` says is of a link, also of one between folders on Windows."""
    return stat.S_ISLNK(about.st_mode) or getattr(about, "st_reparse_tag", 0) in _LINKS


def refuse_links(top: Path, folder: Path) -> None:
    """Raise FigureGroundError where one of the folders below `top` on the way to `folder`, or that itself, is a link.

    What does not exist is none.
    """
    here = top
    for piece in folder.relative_to(top).parts:
        here = here / piece
        about = _about(here)
        if about is None:
            return
        if is_link(about):
            raise _leads_out(here)


def plain_file(path: Path) -> os.stat_result | None:
    """Return what is known of a file; None where there is none, or a folder.  Raises FigureGroundError for a link."""
    about = _about(path)
    if about is not None and is_link(about):
        raise _leads_out(path)
    return about if about is not None and stat.S_ISREG(about.st_mode) else None


def opened_inside(path: Path) -> BinaryIO:
    """Return a file to read.  Raises FileNotFoundError where there is none, or a folder; FigureGroundError for links,
    pipes, sockets and devices."""
    about = _about(path)
    if about is None or stat.S_ISDIR(about.st_mode):
        raise _absent(path)
    if is_link(about):
        raise _leads_out(path)
    if not stat.S_ISREG(about.st_mode):
        raise _no_file(path)
    try:
        handle = os.open(path, os.O_RDONLY | _FLAGS)
    except (IsADirectoryError, NotADirectoryError):
        raise _absent(path) from None
    except OSError as error:
        raise _leads_out(path) if error.errno == errno.ELOOP else error from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise _no_file(path)
    return open(handle, "rb")


def opened_lock(path: Path) -> int:
    """Return a descriptor of a lock file, which is made where there is none and keeps what it holds.

    Raises FigureGroundError where it is a link or no file, or cannot be opened.
    """
    about = _about(path)
    if about is not None and not stat.S_ISREG(about.st_mode):
        kind = "a symbolic link" if is_link(about) else "no file"
        raise FigureGroundError(f"the lock of this folder is {kind}", str(path), "remove it")
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | _FLAGS, 0o666)
    except OSError as error:
        raise FigureGroundError(
            f"this folder cannot be locked: {error.strerror}",
            str(path),
            "change its permissions",
        ) from None


def _about(path: Path) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _leads_out(path: Path) -> FigureGroundError:
    return FigureGroundError(
        "a link stands in this folder, and links in a dataset are not followed",
        str(path),
        "put what it stands for in its place, or remove it; the folder itself may be a link",
    )


def _no_file(path: Path) -> FigureGroundError:
    return FigureGroundError("a pipe or a device stands in a file's place", str(path), "remove it")


def _absent(path: Path) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
