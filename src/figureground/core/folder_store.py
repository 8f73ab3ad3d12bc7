"""A store that is a folder, or one made of what a caller names."""

from __future__ import annotations

import builtins
import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from figureground.core.errors import FigureGroundError
from figureground.core.files import make_folder, partial_of, read_whole, rename, sync_file, sync_folder, writing_whole
from figureground.core.folder_lock import folder_lock
from figureground.core.inner_names import PARTIAL, TEMPORARY, fault
from figureground.core.inside import opened_inside, plain_file, refuse_links
from figureground.core.store import Store, absent, check_name, check_prefix, check_range


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
        check_range(start, stop)
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
        check_prefix(prefix)
        return sorted(name for name in self._files(prefix) if fault(name) is None)

    def sizes(self, prefix: str = "") -> dict[str, int]:
        found = ((name, plain_file(self.folder / name)) for name in self.list(prefix))
        return {name: about.st_size for name, about in found if about is not None}

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
        return folder_lock(self.folder)

    def below(self, prefix: str) -> FolderStore:
        return FolderStore(self._path(prefix), self.durable, self._top)

    def sweep(self, prefix: str = "") -> None:
        check_prefix(prefix)
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
            raise absent(str(path))
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
        check_name(name)
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


def is_file_instead(store: Store) -> bool:
    """Tell whether a file stands where a folder is to be; elsewhere than in folders nothing can."""
    return isinstance(store, FolderStore) and store.folder.exists() and not store.folder.is_dir()


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
