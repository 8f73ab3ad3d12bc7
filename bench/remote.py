"""How fast are samples read from afar?  Against the same dataset in a folder, by turns, medians of rounds.

    PYTHONPATH=src:. python bench/remote.py DATASET [--latency-ms 20] [--samples 800] [--batch 32] [--layers image mask]

The dataset's folder is read through the code for object storage, each answer --latency-ms later; what a server and its
client would take beside that is left out.  Batches are drawn from a shuffled order, in one process.  The cache of
blocks has --cache-mb, so that a small dataset stands for one that is larger than it.  Told are samples a second, their
ratio to those of the folder, and questions a sample once parts have been opened.  On a machine that others use answers
come later by as much as reading the folder takes longer than its CPU time: waiting then weighs as on a quiet one.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from figureground.core import object_file
from figureground.core.block_cache import BlockCache
from figureground.core.bucket import Piece
from figureground.core.folder_store import FolderStore
from figureground.core.object_store import ObjectStore
from figureground.dataset.opening import open_dataset
from figureground.dataset.stored import Dataset

ROUNDS = 5


@dataclass
class LateBucket:
    """A folder as a bucket that is read, each answer so many seconds later; `asked` counts them."""

    store: FolderStore
    latency_s: float
    asked: int = 0
    _lock: Any = field(default_factory=threading.Lock)

    def get(self, key: str, start: int, stop: int | None, version: str = "") -> Piece:
        self._wait()
        return Piece(self.store.read(key, start, stop), self.store.size(key) or 0, "one")

    def size(self, key: str) -> int | None:
        self._wait()
        return self.store.size(key)

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        self._wait()
        yield from self.store.sizes(prefix).items()

    def _wait(self) -> None:
        with self._lock:
            self.asked += 1
        time.sleep(self.latency_s)


@dataclass(frozen=True)
class LateStore(ObjectStore):
    """The store of a late bucket."""

    bucket: Any = None

    def _place(self) -> tuple[Any, str]:
        return self.bucket, ""


def late(folder: Path, latency_s: float) -> LateStore:
    return LateStore("memory://late", bucket=LateBucket(FolderStore(folder), latency_s))


def rate(data: Dataset, order: Sequence[int], batch: int) -> tuple[float, float]:
    """Return the samples a second of reading batches, and by how much others on the machine delayed it."""
    start, own = time.perf_counter(), time.process_time()
    for i in range(0, len(order), batch):
        data.batch(order[i : i + batch])
    spent, own = time.perf_counter() - start, time.process_time() - own
    return len(order) / spent, max(1.0, spent / own)


@dataclass(frozen=True)
class Found:
    """Samples a second of a folder and from afar, the median of their ratios, and questions a sample."""

    near: float
    far: float
    ratio: float
    questions: float


def compared(folder: Path, chosen: argparse.Namespace) -> Found:
    cache = BlockCache(int(chosen.cache_mb * 2**20))
    setattr(object_file, "block_cache", lambda: cache)  # noqa: B010  for mypy
    store = late(folder, chosen.latency_ms / 1000)
    near, far = (open_dataset(place, layers=chosen.layers) for place in (folder, store))
    order = np.random.default_rng(0).permutation(len(near)).tolist()
    for data in (near, far):
        data.batch([data.part(k)._first for k in range(data.parts)])  # opens every part
    rates, asked, read = list[tuple[float, float]](), store.bucket.asked, 0
    for k in range(ROUNDS):
        some = np.roll(order, -k * chosen.samples)[: chosen.samples].tolist()
        here, slow = rate(near, some, chosen.batch)
        store.bucket.latency_s = slow * chosen.latency_ms / 1000
        rates.append((here, rate(far, some, chosen.batch)[0]))
        read += len(some)
    one, other = (statistics.median(pair[side] for pair in rates) for side in (0, 1))
    ratio = statistics.median(there / here for here, there in rates)
    return Found(one, other, ratio, (store.bucket.asked - asked) / read)


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--latency-ms", type=float, default=20.0)
    parser.add_argument("--samples", type=int, default=800, help="a round")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--cache-mb", type=float, default=8.0)
    parser.add_argument("--layers", nargs="+", default=None)
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> None:
    chosen = arguments(words)
    found = compared(chosen.dataset, chosen)
    print(f"folder   {found.near:8.0f} samples/s")
    print(f"from afar{found.far:8.0f} samples/s, {found.ratio:.2f} of the folder's")
    print(f"{found.questions:.2f} questions a sample")


if __name__ == "__main__":
    main()
