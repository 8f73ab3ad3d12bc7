"""An object opened to be read: in any order, by blocks that are kept, and ahead where it is read on and on."""

from __future__ import annotations

import io
import threading
from typing import Any

from figureground.core.block_cache import BLOCK, block_cache
from figureground.core.bucket import Bucket, Piece

FIRST = BLOCK  # bytes that opening reads
_AHEAD = 32  # blocks at most that are read beyond what is asked for
_WHOLE = 2**23  # bytes: a range larger than this is read at once and not kept


class ObjectFile(io.BufferedIOBase):
    """The content of an object as it was when it was opened.

    Nothing is asked for twice while the cache has it.  Threads may share it by `read_at`.
    """

    def __init__(self, bucket: Bucket, key: str, where: str, first: Piece) -> None:
        super().__init__()
        self._bucket, self._key, self._where = bucket, key, where
        self._size, self._version, self._start = first.size, first.version, first.data
        self._at = 0
        self._after, self._ahead = -1, 0  # the block after those last read, and how many were read ahead of it
        self._lock = threading.Lock()

    def read_at(self, start: int, stop: int) -> bytes:
        """Return the bytes from start to stop, fewer at the end.  Raises OSError where they are no longer there."""
        stop = min(stop, self._size)
        if stop <= start:
            return b""
        if stop <= len(self._start):
            return self._start[start:stop]
        if stop - start > _WHOLE:
            return self._bucket.get(self._key, start, stop, self._version).data
        first, last = start // BLOCK, (stop - 1) // BLOCK
        blocks = self._blocks(first, last, self._reach(first, last))
        data = blocks[0] if len(blocks) == 1 else b"".join(blocks)
        return data[start - first * BLOCK : stop - first * BLOCK]

    def _reach(self, first: int, last: int) -> int:
        """Return the last block that is worth fetching: ever farther ahead as long as reading goes on and on."""
        with self._lock:
            if first in (self._after, self._after - 1):
                self._ahead = (
                    min(_AHEAD, 2 * self._ahead + (last + 1 - first)) if last + 1 > self._after else self._ahead
                )
            else:
                self._ahead = 0
            self._after = last + 1
            return min(last + self._ahead, (self._size - 1) // BLOCK)

    def _blocks(self, first: int, last: int, reach: int) -> list[bytes]:
        """Return blocks, those that are not kept fetched by one range, up to `reach` where any is missing."""
        cache, found = block_cache(), dict[int, bytes]()
        for number in range(first, last + 1):
            if (data := cache.get((self._where, self._version, number))) is not None:
                found[number] = data
        missing = [number for number in range(first, last + 1) if number not in found]
        if missing:
            end = reach if missing[-1] == last else missing[-1]
            at = missing[0] * BLOCK
            data = self._bucket.get(self._key, at, min((end + 1) * BLOCK, self._size), self._version).data
            for number in range(missing[0], end + 1):
                found[number] = data[number * BLOCK - at : (number + 1) * BLOCK - at]
                cache.put((self._where, self._version, number), found[number])
        return [found[number] for number in range(first, last + 1)]

    def read(self, size: int | None = -1, /) -> bytes:
        """Return so many bytes from where the file stands, all for None or less than 0; fewer at the end."""
        stop = self._size if size is None or size < 0 else self._at + size
        data = self.read_at(self._at, stop)
        self._at += len(data)
        return data

    def read1(self, size: int = -1, /) -> bytes:
        return self.read(size)

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True
