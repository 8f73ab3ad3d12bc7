"""A batch of samples from afar is fetched side by side: the same samples, by no more questions than one by one."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from bench.part_costs import drawn_recipe
from bench.remote import LateBucket, LateStore, arguments, compared
from figureground import build, open_dataset
from figureground.core import object_file, object_store
from figureground.core.block_cache import BlockCache
from figureground.core.bucket import Piece
from figureground.core.folder_store import FolderStore
from figureground.samples.sample import Sample

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


@dataclass
class Watched(LateBucket):
    """Counts how many questions are under way at a time."""

    now: int = 0
    most: int = 0
    keys: list[str] = field(default_factory=list)

    def get(self, key: str, start: int, stop: int | None, version: str = "") -> Piece:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self.keys.append(key)
        try:
            return super().get(key, start, stop, version)
        finally:
            with self._lock:
                self.now -= 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of parts of two samples."""
    path = tmp_path_factory.mktemp("far")
    build(drawn_recipe(path), FolderStore(path / "out", durable=False))
    return path / "out"


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep no block, and read none when a part is opened."""
    cache = BlockCache(0)
    monkeypatch.setattr(object_file, "block_cache", lambda: cache)
    monkeypatch.setattr(object_store, "FIRST", 64)


def bucket_of(folder: Path, latency_s: float = 0.01) -> Watched:
    return Watched(FolderStore(folder), latency_s)


def same(one: Sample, other: Sample) -> bool:
    assert one.mask is not None
    assert other.mask is not None
    alike = np.array_equal(one.image, other.image) and np.array_equal(one.mask, other.mask)
    return alike and one.record == other.record


def test_a_batch_is_its_samples_and_several_are_asked_for_at_a_time(folder: Path) -> None:
    near, bucket = open_dataset(folder), bucket_of(folder)
    far = open_dataset(LateStore("memory://late", bucket=bucket))
    wanted = [11, 3, -1, 3, 0, 8, 1]
    found = far.batch(wanted)
    assert all(same(sample, near[i]) for sample, i in zip(found, wanted, strict=True))
    assert 1 < bucket.most <= LateStore.side_by_side
    assert far.batch([]) == []
    with pytest.raises(IndexError):
        far.batch([0, len(far)])


def test_it_asks_for_nothing_that_one_by_one_would_not(folder: Path) -> None:
    one, other = bucket_of(folder, 0.0), bucket_of(folder, 0.005)
    singly, together = (open_dataset(LateStore("memory://late", bucket=each)) for each in (one, other))
    wanted = list(range(0, 12, 2))
    for i in wanted:
        singly.sample(i)
    together.batch(wanted)
    assert sorted(other.keys) == sorted(one.keys)
    before = len(other.keys)
    together.batch([i + 1 for i in wanted])
    assert len(other.keys) - before <= 2 * len(wanted)


def test_a_folder_is_read_in_this_thread(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    data = open_dataset(folder)
    sample = data.sample

    def noted(i: int) -> Sample:
        threads.append(threading.get_ident())
        return sample(i)

    monkeypatch.setattr(data, "sample", noted)
    assert len(data.batch([5, 2])) == 2
    assert threads == [threading.get_ident()] * 2


def test_both_are_compared(folder: Path) -> None:
    found = compared(
        folder, arguments([str(folder), "--samples", "6", "--latency-ms", "1", "--layers", "mask", "--cache-mb", "0"])
    )
    assert found.near > 0 < found.far
    assert found.ratio > 0
    assert 0 < found.questions <= 2.5
