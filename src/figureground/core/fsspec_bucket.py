"""Storage other than S3, through fsspec's own calls: Google's, Azure's, memory:// for trials, others to read only."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from figureground.core.bucket import Content, Piece, changed, no_create
from figureground.core.errors import FigureGroundError
from figureground.core.filesystems import filesystem, told

_CREATES = {"gs", "gcs", "abfs", "abfss", "az", "memory"}  # those that write whole, and only if there is none if asked
_VERSIONS = ("ETag", "etag", "generation", "version_id", "mtime", "updated", "last_modified", "created")
_TURNS = 16  # of reading what others go on writing
_within = threading.Lock()  # memory:// looks and then writes, and knows no other process


@dataclass(frozen=True)
class FsspecBucket:
    """What fsspec reaches under a protocol; keys are whole paths there."""

    protocol: str

    def get(self, key: str, start: int, stop: int | None, version: str = "") -> Piece:
        before = version or _version(self._about(key))
        for _ in range(_TURNS):  # fsspec has no "if it is still that one": only the same answer on both sides tells
            with told(self._where(key)):
                data = bytes(self._system(key).cat_file(key, start=start, end=stop))
            about = self._about(key)
            now, size = _version(about), int(about["size"])
            if now == before and len(data) == max(0, min(size if stop is None else stop, size) - start):
                return Piece(data, size, now)
            if version:
                break
            before = now
        raise changed(self._where(key))

    def put(self, key: str, data: Content) -> None:
        self._require_whole(key)
        with told(self._where(key)):
            self._system(key).pipe_file(key, bytes(data))

    def create(self, key: str, data: bytes) -> bool:
        if self.protocol not in _CREATES:
            raise no_create(self._where(key))
        try:
            with told(self._where(key)), _within if self.protocol == "memory" else contextlib.nullcontext():
                self._system(key).pipe_file(key, bytes(data), mode="create")
        except FileExistsError:
            return False
        return True

    def size(self, key: str) -> int | None:
        try:
            with told(self._where(key)):
                about = self._system(key).info(key)
        except FileNotFoundError:
            return None
        return None if about.get("type") == "directory" else int(about["size"])

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        folder = prefix.rpartition("/")[0]
        try:
            with told(self._where(prefix)):
                found = self._system(prefix).find(folder, detail=True)
        except FileNotFoundError:
            return
        for about in found.values():
            key = str(about["name"])
            if key.startswith("/") and not prefix.startswith("/"):  # as memory:// has them
                key = key[1:]
            if key.startswith(prefix):
                yield key, int(about["size"])

    def delete(self, key: str) -> None:
        with contextlib.suppress(FileNotFoundError), told(self._where(key)):
            if self.size(key) is not None:
                self._system(key).rm_file(key)

    def copy(self, source: str, target: str) -> None:
        self._require_whole(target)
        self.put(target, self.get(source, 0, None).data)

    def abort_uploads(self, prefix: str) -> None:
        """Do nothing: these discard it themselves after a while."""

    def _about(self, key: str) -> dict[str, Any]:
        with told(self._where(key)):
            about: dict[str, Any] = self._system(key).info(key)
        if about.get("type") == "directory":
            raise FileNotFoundError(self._where(key))
        return about

    def _require_whole(self, key: str) -> None:
        if self.protocol not in _CREATES:
            raise FigureGroundError(
                f"nothing is written to {self.protocol}://, where a reader could meet half a file",
                self._where(key),
                "write to s3://, gs://, abfs:// or a folder",
            )

    def _system(self, key: str) -> Any:
        return filesystem(self.protocol, self._where(key), use_listings_cache=False)

    def _where(self, key: str) -> str:
        return f"{self.protocol}://{key}"


def _version(about: dict[str, Any]) -> str:
    return next((str(about[name]) for name in _VERSIONS if about.get(name)), "")
