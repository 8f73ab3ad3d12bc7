"""A store in object storage, "s3://bucket/folder": read by ranges, written whole, locked by a lease."""

from __future__ import annotations

import builtins
import contextlib
import mmap
import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, ClassVar, cast

from figureground.core.addresses import protocol_of, required_address
from figureground.core.bucket import Bucket, Piece
from figureground.core.fsspec_bucket import FsspecBucket
from figureground.core.inner_names import fault
from figureground.core.lease import SECONDS, leased, require_not_lost
from figureground.core.object_file import FIRST, ObjectFile
from figureground.core.s3_bucket import S3Bucket
from figureground.core.store import absent, check_name, check_prefix, check_range


@dataclass(frozen=True)
class ObjectStore:
    """The objects whose keys begin with an address.  Any protocol of fsspec is read; s3, gs and abfs are written, too,
    as they show nothing of an object before it is whole.

    A file that is written lies in the system's folder for temporary files until it is uploaded.  A reader keeps the
    content that it opened; where that is replaced before all of it was read, reading on raises OSError, and never
    gives a mixture.  `lease_s`: seconds without a sign of its holder until a lock lapses.
    """

    side_by_side: ClassVar[int] = 32  # answers that are waited for at a time, see `store.asked`

    address: str
    lease_s: float = SECONDS

    def __post_init__(self) -> None:
        object.__setattr__(self, "address", required_address(self.address))

    @property
    def name(self) -> str:
        return self.address

    def read(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        check_range(start, stop)
        return self._get(name, start, stop).data

    def open(self, name: str) -> BinaryIO:
        bucket, key = self._key(name)
        return cast(BinaryIO, ObjectFile(bucket, key, f"{self.name}/{name}", self._get(name, 0, FIRST)))

    def size(self, name: str) -> int | None:
        bucket, key = self._key(name)
        return bucket.size(key)

    def sizes(self, prefix: str = "") -> dict[str, int]:
        check_prefix(prefix)
        bucket, top = self._place()
        found = ((key.removeprefix(top), size) for key, size in bucket.sizes(top + prefix))
        return dict(sorted((name, size) for name, size in found if fault(name) is None))

    def list(self, prefix: str = "") -> builtins.list[str]:
        return builtins.list(self.sizes(prefix))

    def write(self, name: str, data: bytes) -> None:
        bucket, key = self._key(name)
        require_not_lost(self.name)
        bucket.put(key, data)

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        bucket, key = self._key(name)
        with tempfile.TemporaryFile() as file:
            kept = os.dup(file.fileno())  # whoever writes it may close it
            try:
                yield cast(BinaryIO, file)
                if not file.closed:
                    file.flush()
                require_not_lost(self.name)
                if size := os.fstat(kept).st_size:
                    with mmap.mmap(kept, size, access=mmap.ACCESS_READ) as data:
                        bucket.put(key, data)
                else:
                    bucket.put(key, b"")
            finally:
                os.close(kept)

    def delete(self, name: str) -> None:
        bucket, key = self._key(name)
        require_not_lost(self.name)
        bucket.delete(key)

    def create(self, name: str, data: bytes) -> bool:
        bucket, key = self._key(name)
        require_not_lost(self.name)
        return bucket.create(key, data)

    def lock(self) -> AbstractContextManager[None]:
        bucket, top = self._place()
        return leased(bucket, top, self.name, self.lease_s)

    def below(self, prefix: str) -> ObjectStore:
        check_name(prefix)
        return ObjectStore(f"{self.address}/{prefix}", self.lease_s)

    def sweep(self, prefix: str = "") -> None:
        check_prefix(prefix)
        bucket, top = self._place()
        bucket.abort_uploads(top + prefix)

    def free_bytes(self) -> int | None:
        return None

    def duplicate(self, source: str, target: str) -> None:
        """Give the content of `source` a second name, without it leaving the storage."""
        bucket, old = self._key(source)
        _, new = self._key(target)
        require_not_lost(self.name)
        bucket.copy(old, new)

    def _get(self, name: str, start: int, stop: int | None) -> Piece:
        bucket, key = self._key(name)
        try:
            return bucket.get(key, start, stop)
        except FileNotFoundError:
            raise absent(f"{self.name}/{name}") from None

    def _key(self, name: str) -> tuple[Bucket, str]:
        check_name(name)
        bucket, top = self._place()
        return bucket, top + name

    def _place(self) -> tuple[Bucket, str]:
        """Return the bucket, and what its keys of this store begin with."""
        protocol, place = protocol_of(self.address), self.address.partition("://")[2]
        if protocol not in ("s3", "s3a"):
            return FsspecBucket(protocol), f"{place}/"
        bucket, _, folder = place.partition("/")
        return S3Bucket(protocol, bucket), f"{folder}/" if folder else ""
