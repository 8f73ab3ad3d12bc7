"""Where bytes are kept under names: a folder, or memory.  `figureground.testing.StoreLaws` tests what all promise."""

from __future__ import annotations

import builtins
import contextlib
import errno
import io
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from figureground.core.errors import FigureGroundError
from figureground.core.files import make_folder, partial_of, read_whole, rename, sync_file, sync_folder, writing_whole
from figureground.core.inner_names import DRIVE, LOCK, PARTIAL, TEMPORARY, UNFIT, fault
from figureground.core.inside import opened_inside, opened_lock, plain_file, refuse_links


class Store(Protocol):
    """Named bytes.

    A name is a relative POSIX path ("parts/part-00000.zip"): no empty, "." or ".." piece, no backslash, no leading
    slash, no control characters, no drive letter, and no piece that a store keeps for itself (".lock",
    "NAME.0123abcd.partial"): ValueError otherwise, in every method.  A name is never also the folder of another.

    Whole or absent: a reader never meets half of what a writer writes, also when the writer is killed.  A store that
    keeps what it holds when the machine loses power, as a folder does unless it is told not to wait, keeps all that a
    call said was done.
    """

    @property
    def name(self) -> str:
        """Return what to call the store in a message: the folder's path, "memory"."""

    def read(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        """Return the bytes, or those of a range, cut off at the end like a slice.

        Raises FileNotFoundError when absent, ValueError for negative numbers.
        """

    def open(self, name: str) -> BinaryIO:
        """Return a seekable reader of the content as it is now.  Raises FileNotFoundError when absent."""

    def size(self, name: str) -> int | None:
        """Return the number of bytes; None when absent."""

    def write(self, name: str, data: bytes) -> None:
        """Write the whole content, over the old one if any, and make what that needs (folders)."""

    def writing(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Give a seekable file to write and read; it becomes `name` when the block ends, or vanishes if it raises."""

    def list(self, prefix: str = "") -> builtins.list[str]:
        """Return, sorted, the names that begin with the prefix: any string, so "parts/part-" works.

        Never temporaries or the lock, nor files whose path is not a name as above.
        """

    def delete(self, name: str) -> None:
        """Remove; absent is fine."""

    def create(self, name: str, data: bytes) -> bool:
        """Write if absent, whole; of many at once exactly one gets True.  False, and nothing changed, when present."""

    def lock(self) -> AbstractContextManager[None]:
        """Hold the store: one holder at a time among threads and processes, freed when the holder's process dies.

        Raises FigureGroundError when it is held.
        """

    def below(self, prefix: str) -> Store:
        """Return the store of the names under prefix + "/".  Its lock is its own."""

    def sweep(self, prefix: str = "") -> None:
        """Remove the temporaries that killed writers left, of names that begin with the prefix.  A writer at work would
        lose its own: hold the lock."""

    def free_bytes(self) -> int | None:
        """Return the room left; None where that is unknown."""


@dataclass(frozen=True, init=False)
class FolderStore:
    """The files of a folder, which need not exist before the first write.

    A temporary is NAME.<8 random hex digits>.partial beside its target, renamed over it.

    The folder may be a link itself; nothing in it is followed, for a folder may be from elsewhere.  What a link stands
    for, or a pipe or a device, is neither listed nor read: FigureGroundError.  Writing and deleting a name replace and
    remove the link, never its target; below a folder that is a link nothing is read, written or deleted either.

    `durable`: what was written is on the disk when a call returns, so that a machine that loses its power forgets
    nothing of it; else it is when the system finds time, in any order.
    """

    folder: Path
    durable: bool = True
    _top: Path = field(repr=False, compare=False, kw_only=True)  # below it no link is followed

    def __init__(self, folder: Path | str, durable: bool = True, top: Path | None = None) -> None:
        object.__setattr__(self, "folder", Path(folder))
        object.__setattr__(self, "durable", durable)
        object.__setattr__(self, "_top", self.folder if top is None else top)

    @property
    def name(self) -> str:
        return str(self.folder)

    def read(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        _check_range(start, stop)
        with self.open(name) as file:
            file.seek(start)
            return read_whole(file) if stop is None else file.read(max(0, stop - start))

    def open(self, name: str) -> BinaryIO:
        return opened_inside(self._path(name))

    def size(self, name: str) -> int | None:
        about = plain_file(self._path(name))
        return None if about is None else about.st_size

    def write(self, name: str, data: bytes) -> None:
        with self.writing(name) as file:
            file.write(data)

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        path = self._path(name)
        make_folder(path.parent, self.durable)
        with writing_whole(path, self.durable) as file:
            yield file

    def list(self, prefix: str = "") -> builtins.list[str]:
        _check_prefix(prefix)
        return sorted(name for name in self._files(prefix) if fault(name) is None)

    def delete(self, name: str) -> None:
        path = self._path(name)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            path.unlink()
            self._keep(path.parent)

    def create(self, name: str, data: bytes) -> bool:
        path = self._path(name)
        if os.path.lexists(path):
            return False
        make_folder(path.parent, self.durable)
        temporary = partial_of(path)
        try:
            with temporary.open("xb") as file:
                file.write(data)
            if self.durable:
                sync_file(temporary)
            won = _link_if_absent(temporary, path)
            if won:
                self._keep(path.parent)
            return won
        finally:
            temporary.unlink(missing_ok=True)

    def lock(self) -> AbstractContextManager[None]:
        refuse_links(self._top, self.folder)
        return _folder_lock(self.folder)

    def below(self, prefix: str) -> FolderStore:
        return FolderStore(self._path(prefix), self.durable, self._top)

    def sweep(self, prefix: str = "") -> None:
        _check_prefix(prefix)
        for name in builtins.list(self._files(prefix)):
            if TEMPORARY.fullmatch(name.rpartition("/")[2]):
                (self.folder / name).unlink(missing_ok=True)

    def free_bytes(self) -> int | None:
        for place in (self.folder, *self.folder.absolute().parents):
            with contextlib.suppress(OSError):
                return shutil.disk_usage(place).free
        return None

    def duplicate(self, source: str, target: str) -> None:
        """Give the content of `source` a second name: a hard link where possible, as content never changes in place."""
        path, copy = self._path(source), self._path(target)
        if plain_file(path) is None:
            raise _absent(str(path))
        make_folder(copy.parent, self.durable)
        temporary = partial_of(copy)
        try:
            with contextlib.suppress(OSError):  # a file system without hard links
                os.link(path, temporary)
            if not temporary.exists():
                shutil.copyfile(path, temporary)
                if self.durable:
                    sync_file(temporary)
            rename(temporary, copy)
            self._keep(copy.parent)
        finally:
            temporary.unlink(missing_ok=True)

    def prune(self, prefix: str) -> None:
        """Remove the folder of that name with those inside it, as far as they are empty."""
        top = self._path(prefix)
        refuse_links(self._top, top)
        for folder, _, _ in os.walk(top, topdown=False):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()

    def _keep(self, folder: Path) -> None:
        """Return when a change of a folder's names is on the disk, where that is wanted."""
        if self.durable:
            sync_folder(folder)

    def _path(self, name: str) -> Path:
        _check(name)
        path = self.folder / name
        refuse_links(self._top, path.parent)
        return path

    def _files(self, prefix: str = "") -> Iterator[str]:
        """Give the path of every file that begins with the prefix, also temporaries and the lock, in any order."""
        refuse_links(self._top, self.folder)
        waiting = [""]
        while waiting:
            start = waiting.pop()
            try:
                entries = os.scandir(self.folder / start)
            except (FileNotFoundError, NotADirectoryError):
                continue
            with entries:
                for entry in entries:
                    name = start + entry.name
                    if entry.is_dir(follow_symlinks=False):
                        inner = name + "/"
                        if inner.startswith(prefix) or prefix.startswith(inner):
                            waiting.append(inner)
                    elif name.startswith(prefix) and entry.is_file(follow_symlinks=False):
                        yield name


class MemoryStore:
    """A dict of bytes, for one process: a pickled one is a copy, and its lock another.

    Attributes: `files`, the content by name.  The stores below share it, so there the names are those of the top.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self._prefix = ""
        self._mutex = threading.Lock()
        self._held: set[str] = set()  # the prefixes that are locked

    def __getstate__(self) -> dict[str, Any]:
        with self._mutex:
            files = {name: data for name, data in self.files.items() if name.startswith(self._prefix)}
        return {"files": files, "_prefix": self._prefix}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__()  # type: ignore[misc]
        self.__dict__.update(state)

    @property
    def name(self) -> str:
        return f"memory/{self._prefix}".rstrip("/")

    def read(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        _check_range(start, stop)
        key = self._key(name)
        try:
            return self.files[key][start:stop]
        except KeyError:
            raise _absent(f"{self.name}/{name}") from None

    def open(self, name: str) -> BinaryIO:
        return io.BytesIO(self.read(name))

    def size(self, name: str) -> int | None:
        data = self.files.get(self._key(name))
        return None if data is None else len(data)

    def write(self, name: str, data: bytes) -> None:
        key = self._key(name)
        with self._mutex:
            self.files[key] = bytes(data)

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        self._key(name)
        file = _Draft()
        yield file
        file.close()
        self.write(name, file.whole)

    def list(self, prefix: str = "") -> builtins.list[str]:
        _check_prefix(prefix)
        with self._mutex:
            names = [name for name in self.files if name.startswith(self._prefix + prefix)]
        return sorted(name.removeprefix(self._prefix) for name in names)

    def delete(self, name: str) -> None:
        key = self._key(name)
        with self._mutex:
            self.files.pop(key, None)

    def create(self, name: str, data: bytes) -> bool:
        key = self._key(name)
        with self._mutex:
            if key in self.files:
                return False
            self.files[key] = bytes(data)
            return True

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        with self._mutex:
            if self._prefix in self._held:
                raise _held_error(self.name)
            self._held.add(self._prefix)
        try:
            yield
        finally:
            with self._mutex:
                self._held.remove(self._prefix)

    def below(self, prefix: str) -> MemoryStore:
        inner = MemoryStore()
        inner.__dict__.update(self.__dict__, _prefix=f"{self._key(prefix)}/")
        return inner

    def sweep(self, prefix: str = "") -> None:
        _check_prefix(prefix)

    def free_bytes(self) -> int | None:
        return None

    def _key(self, name: str) -> str:
        _check(name)
        return self._prefix + name


def folder_store(out: Path | str | FolderStore) -> FolderStore:
    """Return the store of a folder, or the one that was given."""
    return out if isinstance(out, FolderStore) else FolderStore(out)


def move(store: Store, source_prefix: str, target_prefix: str, last: str) -> None:
    """Move all names under source_prefix + "/" to target_prefix + "/", in place of what is there.

    The name `last` says that a side is whole.  At the source it stays until the target is whole; at the target it goes
    first and comes last.  So after a stop at any moment the target is whole or lacks `last`, and a source that has
    `last` is whole: then moving again mends everything.

    Raises FileNotFoundError, with nothing changed, when the source lacks `last`.
    """
    if f"{source_prefix}/".startswith(f"{target_prefix}/") or f"{target_prefix}/".startswith(f"{source_prefix}/"):
        raise ValueError(f"cannot move {source_prefix!r} to {target_prefix!r}: one lies in the other")
    source, target = f"{source_prefix}/", f"{target_prefix}/"
    if store.size(source + last) is None:
        raise _absent(f"{store.name}/{source}{last}")
    # what only some stores have: a second name without a copy
    duplicate: Callable[[str, str], None] = getattr(store, "duplicate", None) or partial(_copy, store)
    others = [name.removeprefix(source) for name in store.list(source) if name != source + last]
    store.delete(target + last)
    remove(store, target_prefix)
    for name in (*others, last):
        duplicate(source + name, target + name)
    store.delete(source + last)
    remove(store, source_prefix)


def remove(store: Store, prefix: str) -> None:
    """Delete all names under prefix + "/", and the folders that were for them, where the store has folders."""
    for name in store.list(f"{prefix}/"):
        store.delete(name)
    prune: Callable[[str], None] = getattr(store, "prune", None) or (lambda prefix: None)
    prune(prefix)


def _copy(store: Store, source: str, target: str) -> None:
    with store.open(source) as old, store.writing(target) as new:
        shutil.copyfileobj(old, new, 1 << 20)


class _Draft(io.BytesIO):
    """A file in memory that can be closed, by whoever writes it, without loss."""

    whole = b""

    def close(self) -> None:
        if not self.closed:
            self.whole = self.getvalue()
        super().close()


def _check(name: str) -> None:
    if why := fault(name):
        raise ValueError(f"not a name in a store: {name!r} {why}")


def _check_prefix(prefix: str) -> None:
    """Refuse what no name begins with."""
    folder, slash, _ = prefix.rpartition("/")
    if slash:
        _check(folder)
    if unfit := UNFIT.search(prefix) or DRIVE.match(prefix):
        raise ValueError(f"no name in a store begins with {prefix!r}: it has {unfit.group()!r}")


def _check_range(start: int, stop: int | None) -> None:
    if start < 0 or (stop is not None and stop < 0):
        raise ValueError(f"a range of bytes begins and ends at 0 or later, not {start} to {stop}")


def _absent(where: str) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), where)


def _link_if_absent(temporary: Path, path: Path) -> bool:
    """Give a file the name `path` unless that is taken; say whether it was done."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        # a file server that lost its first answer says so of what it did itself: then the file has two names
        return os.path.samefile(temporary, path)
    except OSError:  # a file system without hard links
        return _rename_if_absent(temporary, path)
    return True


def _rename_if_absent(temporary: Path, path: Path) -> bool:
    """Rename unless the target is there, on a file system without hard links; say whether it was done.

    A guard file keeps others out meanwhile, which is short.  It is named like a temporary, so `sweep` removes that of a
    killed process; before that, FigureGroundError.
    """
    guard = path.with_name(f"{path.name}.{0:08x}{PARTIAL}")
    for _ in range(200):
        try:
            os.close(os.open(guard, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            time.sleep(0.01)
            continue
        try:
            if os.path.lexists(path):
                return False
            rename(temporary, path)
            return True
        finally:
            guard.unlink(missing_ok=True)
    raise FigureGroundError("a process that was killed left a guard file", str(guard), "remove the file")


def _held_error(where: str) -> FigureGroundError:
    return FigureGroundError(
        "another build is at work in this folder", where, "wait for it, or stop it, or use another folder"
    )


_holding: set[int] = set()  # the descriptors of the locks that this process holds


def _let_go_in_fork() -> None:
    """Close a forked child's copies of the locks, which would outlive the holder."""
    for descriptor in _holding:
        os.close(descriptor)
    _holding.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_in_fork)


@contextlib.contextmanager
def _folder_lock(folder: Path) -> Iterator[None]:
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
            raise _held_error(str(folder)) from None
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
