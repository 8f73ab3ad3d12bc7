"""A disk that loses its power: what nobody waited for (fsync) is forgotten, or is there by name with nothing in it."""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.faults import watched


class PoweredDisk:
    """Knows, of all below a folder, what is on the disk: the content of files and the names in folders, as they were
    when somebody last waited for them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._numbers = itertools.count()
        self._objects: dict[int, int] = {}  # by inode, which the system uses again: a number of our own
        self._data: dict[int, bytes] = {}
        self._names: dict[int, dict[str, tuple[int, bool]]] = {self._object(root.stat().st_ino): {}}
        self._fsync = os.fsync

    @contextlib.contextmanager
    def on(self, step: Callable[[str], None] = lambda event: None) -> Iterator[None]:
        """Watch what this process does to the disk; step(event) comes before each change."""
        os.fsync = self._synced  # type: ignore[assignment]
        try:
            with watched(self.root, step, self._lost):
                yield
        finally:
            os.fsync = self._fsync

    def _object(self, inode: int) -> int:
        return self._objects.setdefault(inode, next(self._numbers))

    def _synced(self, handle: int) -> None:
        about = os.fstat(handle)
        number = self._object(about.st_ino)
        if stat.S_ISDIR(about.st_mode):
            with os.scandir(handle) as entries:
                self._names[number] = {
                    entry.name: (self._object(entry.inode()), entry.is_dir(follow_symlinks=False)) for entry in entries
                }
        else:
            self._data[number] = os.pread(handle, about.st_size, 0)

    def _lost(self, path: str) -> None:
        """Note that a name goes, and with the last one its inode."""
        with contextlib.suppress(OSError):
            about = os.lstat(path)
            if about.st_nlink == 1 or stat.S_ISDIR(about.st_mode):
                self._objects.pop(about.st_ino, None)

    def cut(self, target: Path, names_stay: bool) -> None:
        """Write what is found when the power is back to another folder.

        `names_stay`: the names are as they were last, and files that nobody waited for hold zeros; else all that nobody
        waited for is as it was before.
        """
        target.mkdir(parents=True)
        if names_stay:
            self._as_named(self.root, target)
        else:
            self._as_synced(self._object(self.root.stat().st_ino), target)

    def _as_named(self, folder: Path, target: Path) -> None:
        for path in folder.iterdir():
            copy = target / path.name
            if path.is_dir():
                copy.mkdir()
                self._as_named(path, copy)
            else:
                data = self._data.get(self._object(path.stat().st_ino))
                copy.write_bytes(bytes(path.stat().st_size) if data is None else data)

    def _as_synced(self, folder: int, target: Path) -> None:
        for name, (number, is_folder) in self._names.get(folder, {}).items():
            copy = target / name
            if is_folder:
                copy.mkdir()
                self._as_synced(number, copy)
            else:
                copy.write_bytes(self._data.get(number, b""))  # perhaps only its name was waited for
