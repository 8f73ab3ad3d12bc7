"""Blocks of objects that were read, kept for when they are wanted again: in memory, and on the disk if asked for."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import threading
from collections import OrderedDict
from pathlib import Path

from figureground.core.errors import FigureGroundError
from figureground.core.files import user_cache, write_whole

BLOCK = 2**17  # bytes
MEMORY = 64 * 2**20  # bytes of blocks that a process keeps
SIZE_VARIABLE = "FIGUREGROUND_OBJECT_CACHE_GB"  # of blocks on the disk; not set, or 0: none
_DIGEST = hashlib.sha256().digest_size

Key = tuple[str, str, int]  # address of the object, version of its content, number of the block


class BlockCache:
    """Blocks by object, version and number: the ones last used, up to `memory` bytes; threads may share it.

    `folder`: where they are kept on the disk as well, up to `disk` bytes, by any number of processes.  A file there is
    the sha256 of the block and the block, held to it whenever it is read: what is damaged is fetched anew.
    """

    def __init__(self, memory: int, folder: Path | None = None, disk: int = 0) -> None:
        self._memory, self._folder, self._disk = memory, folder, disk
        self._blocks: OrderedDict[Key, bytes] = OrderedDict()
        self._bytes = 0
        self._written = disk  # so that the first block looks at what is there
        self._lock = threading.Lock()

    def get(self, key: Key) -> bytes | None:
        """Return a block; None where it is not kept."""
        with self._lock:
            if (data := self._blocks.get(key)) is not None:
                self._blocks.move_to_end(key)
                return data
        if (found := self._from_disk(key)) is not None:
            self._keep(key, found)
        return found

    def put(self, key: Key, data: bytes) -> None:
        """Keep a block, in place of those that were not used for longest."""
        self._keep(key, data)
        if self._folder is None or not key[1]:
            return
        with contextlib.suppress(OSError):  # a disk that is full keeps nothing
            path = self._path(self._folder, key)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, hashlib.sha256(data).digest() + data)
            self._written += len(data)
            if self._written > self._disk // 16:
                self._written = 0
                _shrink(self._folder, self._disk - self._disk // 8)

    def _keep(self, key: Key, data: bytes) -> None:
        with self._lock:
            self._bytes += len(data) - len(self._blocks.pop(key, b""))
            self._blocks[key] = data
            while self._bytes > self._memory:
                self._bytes -= len(self._blocks.popitem(last=False)[1])

    def _from_disk(self, key: Key) -> bytes | None:
        if self._folder is None or not key[1]:
            return None
        path = self._path(self._folder, key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        data = content[_DIGEST:]
        if hashlib.sha256(data).digest() != content[:_DIGEST]:
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # it was used
        return data

    @staticmethod
    def _path(folder: Path, key: Key) -> Path:
        name = hashlib.sha256("\0".join(map(str, key)).encode()).hexdigest()
        return folder / name[:2] / name


def _shrink(folder: Path, most: int) -> None:
    """Remove the files that were not used for longest until the others have so many bytes."""
    found = []
    for sub in os.scandir(folder):
        if sub.is_dir(follow_symlinks=False):
            with contextlib.suppress(OSError):
                found += [(e.stat().st_mtime, e.stat().st_size, e.path) for e in os.scandir(sub.path)]
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= most:
            return
        with contextlib.suppress(OSError):  # another process removed it
            os.unlink(path)
        total -= size


@functools.cache
def block_cache() -> BlockCache:
    """Return the cache of this process, as the environment says.  Raises FigureGroundError for a size that is none."""
    text = os.environ.get(SIZE_VARIABLE, "")
    try:
        size = float(text or 0)
    except ValueError:
        size = -1.0
    if not 0 <= size < 1e6:
        raise FigureGroundError(f"{SIZE_VARIABLE} = {text!r} is no size", "environment", "a number of GB; 0 for none")
    return BlockCache(MEMORY, user_cache() / "objects" if size else None, int(size * 1e9))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=block_cache.cache_clear)  # a thread of the parent may have held its lock
