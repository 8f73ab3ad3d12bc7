"""A store in memory."""

from __future__ import annotations

import builtins
import contextlib
import io
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO

from figureground.core.store import absent, check_name, check_prefix, check_range, held_error


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
        check_range(start, stop)
        key = self._key(name)
        try:
            return self.files[key][start:stop]
        except KeyError:
            raise absent(f"{self.name}/{name}") from None

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
        check_prefix(prefix)
        with self._mutex:
            names = [name for name in self.files if name.startswith(self._prefix + prefix)]
        return sorted(name.removeprefix(self._prefix) for name in names)

    def sizes(self, prefix: str = "") -> dict[str, int]:
        found = ((name, self.size(name)) for name in self.list(prefix))
        return {name: size for name, size in found if size is not None}

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
                raise held_error(self.name)
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
        check_prefix(prefix)

    def free_bytes(self) -> int | None:
        return None

    def _key(self, name: str) -> str:
        check_name(name)
        return self._prefix + name


class _Draft(io.BytesIO):
    """A file in memory that can be closed, by whoever writes it, without loss."""

    whole = b""

    def close(self) -> None:
        if not self.closed:
            self.whole = self.getvalue()
        super().close()
