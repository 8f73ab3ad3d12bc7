"""A store over another one: what is written or deleted stays in memory, and the one below is never touched.

So whatever writes a dataset's files says what they would be, and a look at them changes nothing.
"""

from __future__ import annotations

import builtins
from contextlib import AbstractContextManager
from typing import BinaryIO

from figureground.core.memory_store import MemoryStore
from figureground.core.store import Store


class OverlayStore:
    """`base` as it would be after some writes, which `written` has by name.  `called`: its name, or else the base's."""

    def __init__(self, base: Store, called: str = "") -> None:
        self._base = base
        self._called = called
        self._memory = MemoryStore()
        self._deleted: set[str] = set()  # shared with the stores below; names as the top has them
        self._prefix = ""

    @property
    def name(self) -> str:
        return self._called or self._base.name

    @property
    def written(self) -> dict[str, bytes]:
        return dict(self._memory.files)

    def _over(self, name: str) -> Store:
        """Return the store that has the say about a name."""
        mine = self._prefix + name in self._deleted or self._memory.size(name) is not None
        return self._memory if mine else self._base

    def read(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        return self._over(name).read(name, start, stop)

    def open(self, name: str) -> BinaryIO:
        return self._over(name).open(name)

    def size(self, name: str) -> int | None:
        return self._over(name).size(name)

    def write(self, name: str, data: bytes) -> None:
        self._memory.write(name, data)

    def writing(self, name: str) -> AbstractContextManager[BinaryIO]:
        return self._memory.writing(name)

    def list(self, prefix: str = "") -> builtins.list[str]:
        below = {name for name in self._base.list(prefix) if self._prefix + name not in self._deleted}
        return sorted(below.union(self._memory.list(prefix)))

    def sizes(self, prefix: str = "") -> dict[str, int]:
        below = {n: size for n, size in self._base.sizes(prefix).items() if self._prefix + n not in self._deleted}
        return dict(sorted((below | self._memory.sizes(prefix)).items()))

    def delete(self, name: str) -> None:
        self._memory.delete(name)
        self._deleted.add(self._prefix + name)

    def create(self, name: str, data: bytes) -> bool:
        return self.size(name) is None and self._memory.create(name, data)

    def lock(self) -> AbstractContextManager[None]:
        return self._memory.lock()

    def below(self, prefix: str) -> Store:
        inner = OverlayStore(self._base.below(prefix))
        inner._memory = self._memory.below(prefix)
        inner._deleted, inner._prefix = self._deleted, f"{self._prefix}{prefix}/"
        return inner

    def sweep(self, prefix: str = "") -> None:
        """Remove nothing: temporaries of the store below are its own."""

    def free_bytes(self) -> int | None:
        return None
