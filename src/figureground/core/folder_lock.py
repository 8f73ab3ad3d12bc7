"""The lock of a folder: held by one process, freed when that ends."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from figureground.core.inner_names import LOCK
from figureground.core.inside import opened_lock
from figureground.core.store import held_error

_holding: set[int] = set()  # the descriptors of the locks that this process holds


def _let_go_in_fork() -> None:
    """Close a forked child's copies of the locks, which would outlive the holder."""
    for descriptor in _holding:
        os.close(descriptor)
    _holding.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_in_fork)


@contextlib.contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold a folder through a system lock on its file .lock, which is there only meanwhile (on Windows it stays).

    On a file system without locks nothing is held.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK
    process = os.getpid()
    descriptor = opened_lock(path)
    _holding.add(descriptor)
    try:
        try:
            _take(descriptor)
            if not _is_file_at(descriptor, path):
                raise BlockingIOError  # the holder let go and removed it between our two calls
        except (BlockingIOError, PermissionError):
            raise held_error(str(folder)) from None
        except OSError:
            pass  # a file system without locks
        try:
            yield
        finally:
            if sys.platform != "win32" and os.getpid() == process and _is_file_at(descriptor, path):
                path.unlink(missing_ok=True)
    finally:
        if os.getpid() == process:
            _holding.discard(descriptor)
            os.close(descriptor)


def _is_file_at(descriptor: int, path: Path) -> bool:
    """Return whether an open file is still the one of that path."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat(follow_symlinks=False))
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        """Lock an open file until it is closed; raise PermissionError when it is locked."""
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(descriptor: int) -> None:
        """Lock an open file until it is closed; raise BlockingIOError when it is locked."""
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
