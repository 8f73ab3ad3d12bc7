"""A lock in object storage: an object that its holder renews, and that lapses where it is renewed no more.

Under FOLDER/.lock/ stands an object named by a number.  Who holds the lock writes it anew at every beat, with another
content.  Who wants it looks at the one of the highest number: one that stays as it is for as long as it says that it
is valid, by the looker's own steady clock, has lapsed, and one that changes is held.  No two clocks are compared, so
none needs to be right.  Who then is the first to create the next number has it: create-if-absent is all that storage
must know.
"""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import threading
import time
from collections.abc import Iterator
from typing import Any

from figureground.core.bucket import Bucket, no_create
from figureground.core.errors import FigureGroundError
from figureground.core.inner_names import LOCK
from figureground.core.store import held_error

SECONDS = 30.0  # without a beat until a lease lapses
_BEATS = 5  # in that time
_LOOKS = 60  # in that time, of who waits

_held: dict[str, Lease] = {}  # what this process holds, by the store's name


class Lease:
    """The lock of a store that this process holds.  `lost`: somebody else has taken it over."""

    def __init__(self, bucket: Bucket, folder: str, name: str, seconds: float) -> None:
        self._bucket, self._folder, self._name, self._seconds = bucket, f"{folder}{LOCK}/", name, seconds
        self._holder, self._beat, self._number = secrets.token_hex(8), 0, 0
        self._ended = threading.Event()
        self.lost = False

    def take(self) -> None:
        """Take the lock.  Raises FigureGroundError where it is held, or where storage cannot create if absent."""
        self._number = self._latest()
        if self._number and not self._lapses(self._number):
            raise held_error(self._name)
        before, self._number = self._number, self._number + 1
        if not self._bucket.create(self._key(self._number), self._content()):
            raise held_error(self._name)
        with contextlib.ExitStack() as undone:
            undone.callback(self._bucket.delete, self._key(self._number))
            if self._bucket.create(self._key(self._number), self._content()):  # some storage takes no notice of "if"
                raise no_create(self._name)
            if before:  # what a killed holder left
                self._bucket.delete(self._key(before))
            undone.pop_all()
        self._thread = threading.Thread(target=self._keep, name="figureground lease", daemon=True)
        self._thread.start()

    def let_go(self) -> None:
        """End the beats, and remove the lock where it is ours."""
        self._ended.set()
        self._thread.join()
        self._bucket.delete(self._key(self._number))

    def _keep(self) -> None:
        while not self._ended.wait(self._seconds / _BEATS):
            with contextlib.suppress(FigureGroundError):  # storage that does not answer now may at the next beat
                if self._latest() != self._number:
                    self.lost = True
                    return
                self._beat += 1
                self._bucket.put(self._key(self._number), self._content())

    def _lapses(self, number: int) -> bool:
        """Wait until a lock is renewed or removed, or its time is over; return whether it may be taken."""
        first, since, valid = self._seen(number), time.monotonic(), self._seconds
        if first is None:
            return self._latest() <= number
        with contextlib.suppress(ValueError, TypeError, AttributeError):
            valid = min(600.0, max(0.0, float(json.loads(first).get("seconds", valid))))
        logging.getLogger(__name__).info("%s is locked: waiting %.0f s for a sign of its holder", self._name, valid)
        while time.monotonic() - since < valid:
            time.sleep(valid / _LOOKS)
            now = self._seen(number)
            if now is None:
                return self._latest() <= number
            if now != first:
                return False
        return True

    def _latest(self) -> int:
        """Return the highest number under which a lock stands; 0 where none does."""
        keys = [key.removeprefix(self._folder) for key, _ in self._bucket.sizes(self._folder)]
        return max((int(key) for key in keys if key.isdecimal()), default=0)

    def _seen(self, number: int) -> bytes | None:
        try:
            return self._bucket.get(self._key(number), 0, 4096).data
        except FileNotFoundError:
            return None

    def _content(self) -> bytes:
        about: dict[str, Any] = {"holder": self._holder, "beat": self._beat, "seconds": self._seconds}
        return json.dumps(about).encode()

    def _key(self, number: int) -> str:
        return f"{self._folder}{number:010d}"


@contextlib.contextmanager
def leased(bucket: Bucket, folder: str, name: str, seconds: float) -> Iterator[None]:
    """Hold the lock of a store.  `folder`: what its keys begin with; `name`: what the store is called."""
    lease = Lease(bucket, folder, name, seconds)
    lease.take()
    _held[name] = lease
    try:
        yield
    finally:
        del _held[name]
        lease.let_go()


def require_not_lost(name: str) -> None:
    """Raise FigureGroundError where a store, or one above it, was locked by this process and taken over by another."""
    for held, lease in list(_held.items()):
        if lease.lost and (name == held or name.startswith(f"{held}/")):
            raise FigureGroundError(
                "another build has taken over: this one was silent for too long (asleep, or cut off)",
                held,
                "let one of the two finish; the same command again then goes on",
            )
