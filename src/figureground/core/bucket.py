"""What object storage can do, for `core/object_store.py`: keys, whole contents, ranges, and create-if-absent."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from figureground.core.errors import FigureGroundError

Content = Any  # bytes, or a mapped file: has a length, and slices are bytes


@dataclass(frozen=True)
class Piece:
    """Bytes of an object, with its whole `size` and the `version` of its content, "" where that is not known."""

    data: bytes
    size: int
    version: str


class Bucket(Protocol):
    """A bucket of keys.  Each call is tried again a bounded number of times where the storage does not answer; then,
    and where it refuses, FigureGroundError says why, without anything secret."""

    def get(self, key: str, start: int, stop: int | None, version: str = "") -> Piece:
        """Return a range of an object, cut off at its end, None for its end.

        Raises FileNotFoundError, and OSError where its content is no longer `version`.
        """

    def put(self, key: str, data: Content) -> None:
        """Write an object whole, over what is there."""

    def create(self, key: str, data: bytes) -> bool:
        """Write an object if there is none; of many at once exactly one gets True.

        Raises FigureGroundError where the storage knows no such thing.
        """

    def size(self, key: str) -> int | None:
        """Return the bytes of an object; None where there is none."""

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield key and size of all objects whose keys begin so, by listing, a thousand at a time."""

    def delete(self, key: str) -> None:
        """Remove an object; none is fine."""

    def copy(self, source: str, target: str) -> None:
        """Copy an object inside the storage.  Raises FileNotFoundError."""

    def abort_uploads(self, prefix: str) -> None:
        """Discard what was uploaded of objects whose keys begin so and was never finished, where storage keeps it."""


def changed(where: str) -> OSError:
    """Return what to raise where an object was replaced while it was read."""
    return OSError(errno.ESTALE, "it was replaced while it was read", where)


def no_create(where: str) -> FigureGroundError:
    """Return what to raise where two could create one object and neither know of the other."""
    return FigureGroundError(
        "this storage cannot write an object only if there is none, so nothing there can be locked",
        where,
        "build into a folder and copy it there, or use storage that knows If-None-Match, as S3 does",
    )
