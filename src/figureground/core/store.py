"""Where bytes are kept under names: what every store promises.  `figureground.testing.StoreLaws` tests it."""

from __future__ import annotations

import builtins
import errno
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from typing import BinaryIO, Protocol, TypeVar

from figureground.core.errors import FigureGroundError
from figureground.core.inner_names import DRIVE, UNFIT, fault


class Store(Protocol):
    """Named bytes.

    A name is a relative POSIX path ("parts/part-00000.zip"): no empty, "." or ".." piece, no backslash, no leading
    slash, no control characters, no drive letter, and no piece that a store keeps for itself (".lock",
    "NAME.0123abcd.partial"): ValueError otherwise, in every method.  A name is never also the folder of another.

    Whole or absent: a reader never meets half of what a writer writes, also when the writer is killed.  A store that
    keeps what it holds when the machine loses power, as a folder does unless it is told not to wait, keeps all that a
    call said was done.
    """

    @property
    def name(self) -> str:
        """Return what to call the store in a message: the folder's path, "memory"."""

    def read(self, name: str, start: int = 0, stop: int | None = None) -> bytes:
        """Return the bytes, or those of a range, cut off at the end like a slice.

        Raises FileNotFoundError when absent, ValueError for negative numbers.
        """

    def open(self, name: str) -> BinaryIO:
        """Return a seekable reader of the content as it is now.  Raises FileNotFoundError when absent."""

    def size(self, name: str) -> int | None:
        """Return the number of bytes; None when absent."""

    def write(self, name: str, data: bytes) -> None:
        """Write the whole content, over the old one if any, and make what that needs (folders)."""

    def writing(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Give a seekable file to write and read; it becomes `name` when the block ends, or vanishes if it raises."""

    def list(self, prefix: str = "") -> builtins.list[str]:
        """Return, sorted, the names that begin with the prefix: any string, so "parts/part-" works.

        Never temporaries or the lock, nor files whose path is not a name as above.
        """

    def sizes(self, prefix: str = "") -> dict[str, int]:
        """Return the number of bytes of all that `list` gives, in its order, by one look at many."""

    def delete(self, name: str) -> None:
        """Remove; absent is fine."""

    def create(self, name: str, data: bytes) -> bool:
        """Write if absent, whole; of many at once exactly one gets True.  False, and nothing changed, when present."""

    def lock(self) -> AbstractContextManager[None]:
        """Hold the store: one holder at a time among threads and processes, freed when the holder's process dies.

        Raises FigureGroundError when it is held.
        """

    def below(self, prefix: str) -> Store:
        """Return the store of the names under prefix + "/".  Its lock is its own."""

    def sweep(self, prefix: str = "") -> None:
        """Remove the temporaries that killed writers left, of names that begin with the prefix.  A writer at work would
        lose its own: hold the lock."""

    def free_bytes(self) -> int | None:
        """Return the room left; None where that is unknown."""


def move(store: Store, source_prefix: str, target_prefix: str, last: str) -> None:
    """Move all names under source_prefix + "/" to target_prefix + "/", in place of what is there.

    The name `last` says that a side is whole.  At the source it stays until the target is whole; at the target it goes
    first and comes last.  So after a stop at any moment the target is whole or lacks `last`, and a source that has
    `last` is whole: then moving again mends everything.

    Raises FileNotFoundError, with nothing changed, when the source lacks `last`.
    """
    if f"{source_prefix}/".startswith(f"{target_prefix}/") or f"{target_prefix}/".startswith(f"{source_prefix}/"):
        raise ValueError(f"cannot move {source_prefix!r} to {target_prefix!r}: one lies in the other")
    source, target = f"{source_prefix}/", f"{target_prefix}/"
    if store.size(source + last) is None:
        raise absent(f"{store.name}/{source}{last}")
    # what only some stores have: a second name without a copy
    duplicate: Callable[[str, str], None] = getattr(store, "duplicate", None) or partial(_copy, store)
    others = [name.removeprefix(source) for name in store.list(source) if name != source + last]
    store.delete(target + last)
    remove(store, target_prefix)
    for name in (*others, last):
        duplicate(source + name, target + name)
    store.delete(source + last)
    remove(store, source_prefix)


def remove(store: Store, prefix: str) -> None:
    """Delete all names under prefix + "/", and the folders that were for them, where the store has folders."""
    for name in store.list(f"{prefix}/"):
        store.delete(name)
    remove_empty(store, prefix)


def remove_empty(store: Store, prefix: str) -> None:
    """Remove the folder of that prefix with those inside it, as far as they are empty, where the store has folders."""
    prune: Callable[[str], None] = getattr(store, "prune", None) or (lambda prefix: None)
    prune(prefix)


_T = TypeVar("_T")
_R = TypeVar("_R")


def asked(store: Store, ask: Callable[[_T], _R], things: Iterable[_T]) -> Iterator[_R]:
    """Yield what ask(thing) returns of each thing, in their order, where asking means reading a store.

    Where answers are waited for, as those of object storage, as many are asked for at a time as the store says by
    `side_by_side`; then `ask` is called in threads.
    """
    at_a_time: int = getattr(store, "side_by_side", 1)
    if at_a_time == 1:
        yield from map(ask, things)
        return
    flying = deque[Future[_R]]()
    with ThreadPoolExecutor(at_a_time) as pool:
        try:
            for thing in things:
                flying.append(pool.submit(ask, thing))
                if len(flying) == 2 * at_a_time:
                    yield flying.popleft().result()
            while flying:
                yield flying.popleft().result()
        finally:
            for future in flying:
                future.cancel()


def _copy(store: Store, source: str, target: str) -> None:
    with store.open(source) as old, store.writing(target) as new:
        shutil.copyfileobj(old, new, 1 << 20)


def check_name(name: str) -> None:
    if why := fault(name):
        raise ValueError(f"not a name in a store: {name!r} {why}")


def check_prefix(prefix: str) -> None:
    """Refuse what no name begins with."""
    folder, slash, _ = prefix.rpartition("/")
    if slash:
        check_name(folder)
    if unfit := UNFIT.search(prefix) or DRIVE.match(prefix):
        raise ValueError(f"no name in a store begins with {prefix!r}: it has {unfit.group()!r}")


def check_range(start: int, stop: int | None) -> None:
    if start < 0 or (stop is not None and stop < 0):
        raise ValueError(f"a range of bytes begins and ends at 0 or later, not {start} to {stop}")


def absent(where: str) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), where)


def held_error(where: str) -> FigureGroundError:
    return FigureGroundError(
        "another build is at work in this folder", where, "wait for it, or stop it, or use another folder"
    )
