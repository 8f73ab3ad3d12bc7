"""What a disk does to those who write on it, told as a user can mend it: full, read-only, gone, or broken."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator

from figureground.core.errors import FigureGroundError
from figureground.core.files import most_bytes_of_a_file
from figureground.core.folder_store import FolderStore
from figureground.core.store import Store

_ROOM = 50e6  # bytes: where more is free, what is used up is something else
_AGAIN = "the same command again then goes on"
# a folder on the network that does not answer, or is no longer the one that was opened
_GONE = {errno.ESTALE, errno.ENOTCONN, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENODEV, errno.ENXIO}
_NOT_OURS = {errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EROFS}


def bytes_said(count: float) -> str:
    """Return a size as "532 B", "12.6 MB", "1.30 TB": powers of 1000."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.1f} {unit}" if unit != "B" else f"{count:.0f} B"
        count /= 1000
    return f"{count:.2f} TB"


def disk_fault(error: BaseException | None, store: Store) -> FigureGroundError | None:
    """Return what a disk's error means, with what is free in the store; None for other errors, and for none."""
    if not isinstance(error, OSError):
        return None
    told = _full(error, store.free_bytes()) or _limited(error) or _unreachable(error, store)
    if told is None:
        return None
    what, remedy = told
    return FigureGroundError(what, _place(error, store), remedy)


def _full(error: OSError, free: int | None) -> tuple[str, str] | None:
    if error.errno == errno.EDQUOT:
        return "your quota of this disk is used up", f"free some space, or use another disk; {_AGAIN}"
    if error.errno != errno.ENOSPC:
        return None
    if free is None or free < _ROOM:
        left = "" if free is None else f": {bytes_said(free)} are free"
        return f"the disk is full{left}", f"free some space; {_AGAIN}"
    said = f"the disk takes no more, though {bytes_said(free)} are free now: it was full, or has no room for more files"
    return said, f"free some space, look at `df -i`, or use another disk; {_AGAIN}"


def _limited(error: OSError) -> tuple[str, str] | None:
    if error.errno == errno.EFBIG:
        most = most_bytes_of_a_file()
        if most is None:
            return "the disk takes no file that large", "use another disk, or a smaller parts.size"
        return (
            f"files may not be larger than {bytes_said(most)} here",
            "raise the limit (ulimit -f), or use a smaller parts.size",
        )
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "too many files are open", f"raise the limit (ulimit -n), or use fewer --workers; {_AGAIN}"
    return None


def _unreachable(error: OSError, store: Store) -> tuple[str, str] | None:
    said = os.strerror(error.errno) if error.errno else ""
    if error.errno == errno.EROFS:
        return "the disk can only be read", "mount it to be written, or use another folder"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"a file cannot be written: {said}", "change the permissions of the folder, or use another"
    if error.errno == errno.EISDIR or (error.errno == errno.ENOTEMPTY and error.filename2):
        return "a folder stands where a file is to be", f"remove it; {_AGAIN}"
    if error.errno == errno.EIO:
        return f"the disk fails: {said}", "look at the disk (dmesg, smartctl), or use another"
    if error.errno in _GONE:
        return f"the disk has gone: {said}", f"mount it again; {_AGAIN}"
    if error.errno in (errno.ENOENT, errno.ENOTDIR) and is_gone(store):
        return "the output folder was removed during the run", "run the same command again, and leave the folder alone"
    return None


def _place(error: OSError, store: Store) -> str:
    """Return where it happened: the file of the store that was written, else the store."""
    name = error.filename2 or error.filename
    name = name if isinstance(name, str) else ""
    if not name.startswith(store.name):
        return store.name
    if name.endswith(".partial"):
        return name.split(".partial")[0].rpartition(".")[0]
    return name if error.filename2 else store.name


def is_gone(store: Store) -> bool:
    """Tell whether a folder that was there when the run began is there no more."""
    return isinstance(store, FolderStore) and not os.path.isdir(store.folder)


@contextlib.contextmanager
def named_faults(store: Store) -> Iterator[None]:
    """Let the errors of the store's disk leave the block as FigureGroundError, which says what is free there."""
    try:
        yield
    except OSError as error:
        if told := disk_fault(error, store):
            raise told from error
        raise
    except MemoryError as error:
        remedy = f"free some memory, or try --workers 1 (workers=1); {_AGAIN}"
        raise FigureGroundError("there is not enough memory", store.name, remedy) from error


@contextlib.contextmanager
def at_work(store: Store) -> Iterator[None]:
    """Hold a store that is written, freed of what killed writers left; its disk's errors are told as `named_faults`
    does.  Raises FigureGroundError where somebody else holds it."""
    with named_faults(store), store.lock():
        store.sweep()
        yield


class _AbandonedError(Exception):
    pass


def require_writable(store: Store) -> None:
    """Raise FigureGroundError, before any work, where a store cannot be written.  Nothing stays of the attempt."""
    try:
        with contextlib.suppress(_AbandonedError), store.writing("write-test") as file:
            file.write(b"test")
            file.flush()
            raise _AbandonedError
    except OSError as error:
        raise cannot_write(store, error) from None


def cannot_write(store: Store, error: OSError) -> FigureGroundError:
    """Return that a folder cannot be written at all, and why."""
    told = None if error.errno in _NOT_OURS else disk_fault(error, store)
    return told or FigureGroundError(
        f"the output folder cannot be written: {error.strerror}",
        store.name,
        "choose another folder, or change its permissions",
    )
