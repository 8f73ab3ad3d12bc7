"""Several answers of a store are waited for at a time, and come in the order of the questions."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from figureground.core.memory_store import MemoryStore
from figureground.core.store import asked


class Remote(MemoryStore):
    """Memory whose answers are waited for."""

    side_by_side = 4


def test_a_near_store_is_asked_in_this_thread_one_by_one() -> None:
    found = asked(MemoryStore(), lambda n: (n, threading.current_thread()), iter(range(3)))
    assert list(found) == [(n, threading.current_thread()) for n in range(3)]


def test_answers_come_in_order_and_no_more_than_may_be_are_asked_for_at_a_time() -> None:
    lock, running, most = threading.Lock(), 0, 0

    def ask(n: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02 if n % 5 else 0.05)
        with lock:
            running -= 1
        return n * n

    assert list(asked(Remote(), ask, range(30))) == [n * n for n in range(30)]
    assert 1 < most <= 4


def test_no_more_is_taken_than_is_soon_asked() -> None:
    taken: list[int] = []

    def things() -> Iterator[int]:
        for n in range(1000):
            taken.append(n)
            yield n

    found = asked(Remote(), lambda n: n, things())
    assert next(found) == 0
    assert len(taken) == 8
    found.close()  # type: ignore[attr-defined]
    assert len(taken) == 8


def test_an_error_is_that_of_its_question() -> None:
    def ask(n: int) -> int:
        if n == 5:
            raise FileNotFoundError(str(n))
        return n

    found = asked(Remote(), ask, range(10))
    assert [next(found) for _ in range(5)] == list(range(5))
    with pytest.raises(FileNotFoundError, match="5"):
        next(found)
