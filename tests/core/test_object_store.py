"""Object storage: the laws of stores, on a server that speaks like S3 and on memory://; and how storage fails."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from figureground.core.object_store import ObjectStore
from figureground.core.store import Store
from figureground.testing import StoreLaws
from tests.s3_server import BUCKET, Server, bucket

_numbers = itertools.count()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with bucket() as server:
        yield server


def new_store(lease_s: float = 1.0) -> ObjectStore:
    return ObjectStore(f"s3://{BUCKET}/store {next(_numbers)}", lease_s)


@pytest.mark.usefixtures("server")
class TestObjectStore(StoreLaws):
    ranges, stride = 30, 9

    def make(self) -> Store:
        return new_store()


class TestMemoryAddress(StoreLaws):
    def make(self) -> Store:
        pytest.importorskip("fsspec", reason="needs figureground[s3]")
        return ObjectStore(f"memory://store {next(_numbers)}", 1.0)
