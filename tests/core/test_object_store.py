"""Object storage: the laws of stores, on a server that speaks like S3 and on memory://; and how storage fails."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from figureground.core import s3_bucket
from figureground.core.addresses import without_secrets
from figureground.core.block_cache import BlockCache
from figureground.core.bucket import Bucket
from figureground.core.errors import FigureGroundError
from figureground.core.folder_store import FolderStore
from figureground.core.lease import Lease
from figureground.core.object_store import ObjectStore
from figureground.core.places import store_at
from figureground.core.store import Store
from figureground.testing import StoreLaws
from tests.s3_server import BUCKET, Server, bucket, error

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


@pytest.mark.parametrize(
    "address",
    [
        "s3://me:SECRET@bucket/x",
        "s3://SECRET@bucket/x",
        "s3://bucket/x?key=SECRET",
        "s3://bucket/x;aws_secret_access_key=SECRET",
        "s3://bucket/key=SECRET/x",
        "abfs://box:SECRET@account/x",
    ],
)
def test_an_address_with_credentials_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(FigureGroundError, match="holds credentials") as caught:
        ObjectStore(address)
    assert "SECRET" not in str(caught.value)
    assert not any("SECRET" in text for text in without_secrets([address]))


@pytest.mark.parametrize("address", ["s3://", "s3:///x", "s3://bucket/../x", "zip://a::s3://bucket/x", "s3://b\n/x"])
def test_an_address_that_names_no_place_is_refused(address: str) -> None:
    with pytest.raises(FigureGroundError):
        ObjectStore(address)


def test_a_place_is_a_folder_an_address_or_a_store(tmp_path: Path) -> None:
    assert store_at(str(tmp_path)) == store_at(tmp_path) == store_at(f"file://{tmp_path}") == FolderStore(tmp_path)
    assert store_at("S3://bucket/year=2020/x/") == ObjectStore("s3://bucket/year=2020/x")
    with pytest.raises(FigureGroundError, match="give it as text"):
        store_at(Path("s3://bucket/x"))


def test_what_is_not_installed_is_named() -> None:
    with pytest.raises(FigureGroundError, match=r"nobody knows|not installed"):
        ObjectStore("nosuch://bucket/x").list()


def test_a_large_object_is_uploaded_in_pieces_and_what_was_left_is_discarded(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_bucket, "PIECE", 5 * 2**20)
    store, data = new_store(), bytes(range(256)) * (12 * 2**12)
    with server.counted() as asked, store.writing("x") as file:
        file.write(data)
    assert store.read("x") == data
    assert sum("partNumber" in one.query for one in asked) == 3
    with server.failing(lambda one: error(403, "AccessDenied") if "partNumber" in one.query else None):
        for _ in range(2):
            with pytest.raises(FigureGroundError, match="refuses access"):
                store.write("y", data)
    assert store.list() == ["x"]
    store._place()[0]._ask("y", "create_multipart_upload", Key=store._key("y")[1])  # type: ignore[attr-defined]
    with server.counted() as asked:
        store.sweep()
    assert [one.method for one in asked] == ["GET", "DELETE"]


def test_a_lock_whose_holder_is_silent_lapses_and_the_late_holder_writes_no_more(server: Server) -> None:
    store = new_store(lease_s=0.5)
    silent = Lease(*_where(store), store.name, 0.5)
    silent.take()
    silent._ended.set()  # as a process that sleeps
    with store.lock():
        assert silent._latest() == 2
        silent._ended.clear()
        silent._keep()  # it wakes: it finds that it has lost, and renews nothing
        assert silent.lost
        with pytest.raises(FigureGroundError, match="another build is at work"), store.lock():
            pass
    assert store.list() == []


def test_clocks_do_not_count_for_a_lock(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    store = new_store(lease_s=1.0)
    now = time.time
    with store.lock():
        for off in (-3600, 3600):
            monkeypatch.setattr(time, "time", lambda off=off: now() + off)
            with pytest.raises(FigureGroundError, match="another build is at work"), store.lock():
                pass
    with store.lock():
        pass


def test_storage_that_takes_no_notice_of_a_condition_is_not_locked(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def create(self: s3_bucket.S3Bucket, key: str, data: bytes) -> bool:
        self.put(key, data)
        return True

    monkeypatch.setattr(s3_bucket.S3Bucket, "create", create)
    store = new_store()
    with pytest.raises(FigureGroundError, match="nothing there can be locked"), store.lock():
        pass


def test_blocks_on_the_disk_are_bounded_and_held_to_their_hash(tmp_path: Path) -> None:
    cache = BlockCache(memory=0, folder=tmp_path, disk=100_000)
    for number in range(40):
        cache.put(("a", "v", number), bytes([number]) * 5_000)
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) <= 110_000
    assert cache.get(("a", "v", 39)) == bytes([39]) * 5_000
    assert cache.get(("a", "other", 39)) is None
    path = cache._path(tmp_path, ("a", "v", 39))
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert cache.get(("a", "v", 39)) is None
    assert not path.exists()


def _where(store: ObjectStore) -> tuple[Bucket, str]:
    return store._place()
