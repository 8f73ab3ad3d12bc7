"""Files of a store that are read by ranges in any order, as many kept open as the process may have."""

from __future__ import annotations

import io
import os
import sys
import threading
import weakref
from collections import OrderedDict
from typing import Any

from figureground.core.object_file import ObjectFile
from figureground.core.object_store import ObjectStore
from figureground.core.store import Store

_MOST = 512


def most_open() -> int:
    """Return how many files a dataset may keep open: a quarter of the process's limit, at most 512."""
    if sys.platform == "win32":
        return 128  # of the 512 that the C runtime gives
    import resource

    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return _MOST if limit == resource.RLIM_INFINITY else max(4, min(_MOST, limit // 4))


class Handles:
    """Reads ranges of a store's files.  Threads and forked processes may share it; a pickled one opens its own files.

    Objects are read as they were when they were opened.  What has no number of its own, as in memory, the store is
    asked for each time.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._start()

    def _start(self) -> None:
        self._open: OrderedDict[str, io.BufferedReader | ObjectFile] = OrderedDict()
        self._most = most_open()
        self._renew_lock()
        weakref.finalize(self, _close_all, self._open)

    def _renew_lock(self) -> None:
        self._lock = threading.Lock()
        self._process = os.getpid()

    def read(self, name: str, start: int, stop: int) -> bytes:
        """Return the bytes from start to stop, fewer at the end of the file.  Raises OSError."""
        if self._process != os.getpid():
            self._renew_lock()  # a thread of the parent may have held it as this process was forked
        self._open_object(name)
        with self._lock:  # another thread must not close the file meanwhile
            file = self._opened(name)
            if isinstance(file, io.BufferedReader):
                # leaves the file's offset alone, which a forked process shares
                found = os.pread(file.fileno(), stop - start, start)
                return found if len(found) == stop - start else found + _rest(file.fileno(), start + len(found), stop)
        return self.store.read(name, start, stop) if file is None else file.read_at(start, stop)

    def _open_object(self, name: str) -> None:
        """Open an object while others may be read and opened, as an answer is waited for."""
        if isinstance(self.store, ObjectStore) and name not in self._open:
            new = self.store.open(name)
            with self._lock:
                if isinstance(new, ObjectFile) and name not in self._open:
                    self._open[name] = new

    def _opened(self, name: str) -> io.BufferedReader | ObjectFile | None:
        """Return a file that is kept open; None where that is of no use, and the store is asked each time."""
        file = self._open.get(name)
        if file is None:
            new = self.store.open(name)
            if not (isinstance(new, ObjectFile) or (isinstance(new, io.BufferedReader) and hasattr(os, "pread"))):
                new.close()
                return None
            file = self._open[name] = new
            if len(self._open) > self._most:
                self._open.popitem(last=False)[1].close()
        self._open.move_to_end(name)
        return file

    def close(self) -> None:
        """Close the files; what is asked for later opens them again."""
        with self._lock:
            _close_all(self._open)

    def __getstate__(self) -> dict[str, Any]:
        return {"store": self.store}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.store = state["store"]
        self._start()


def _rest(number: int, start: int, stop: int) -> bytes:
    """Return what one read did not: the file ends, or they are more than the 2 GB that come at a time."""
    found = []
    while start < stop and (more := os.pread(number, stop - start, start)):
        found.append(more)
        start += len(more)
    return b"".join(found)


def _close_all(files: OrderedDict[str, io.BufferedReader | ObjectFile]) -> None:
    while files:
        files.popitem()[1].close()
