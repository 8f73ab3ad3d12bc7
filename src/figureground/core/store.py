"""TODO."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from figureground.core.errors import FigureGroundError


class Store(Protocol):
    """Named bytes; names are relative POSIX paths."""

    def load(self, name: str) -> bytes: ...
    def save(self, name: str, data: bytes) -> None: ...


class FolderStore:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise FigureGroundError(
                f"a catalog file is missing: {error.strerror}",
                str(self.folder / name),
                "run the build again to prepare it anew",
            ) from None

    def save(self, name: str, data: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


class MemoryStore:
    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def load(self, name: str) -> bytes:
        return self.files[name]

    def save(self, name: str, data: bytes) -> None:
        self.files[name] = data
