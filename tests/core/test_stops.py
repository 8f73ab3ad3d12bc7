"""Signals that ask a process to end."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from figureground.core.stops import ENDS, STOPS, TerminatedError, heeded, held

ours = [number for number in STOPS if os.name != "nt" or number == signal.SIGINT]


@pytest.fixture(autouse=True)
def nothing_is_changed() -> Iterator[None]:
    before = [signal.getsignal(number) for number in STOPS]
    yield
    assert [signal.getsignal(number) for number in STOPS] == before


@pytest.mark.parametrize("number", ours)
def test_a_signal_that_asks_to_end_raises_what_stops_a_command(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt) as stopped, heeded():
        signal.raise_signal(number)
    assert getattr(stopped.value, "number", signal.SIGINT) == number
    assert isinstance(stopped.value, TerminatedError) == (number != signal.SIGINT)


def test_two_in_a_moment_are_one_stop_and_a_later_one_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    with heeded():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        for number in ours:
            signal.raise_signal(number)  # while what the first ended cleans up
        now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now + 2)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_signal_that_is_ignored_stays_so() -> None:
    """As nohup has it."""
    number = ENDS[-1]
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with heeded(), held():
            signal.raise_signal(number)
    finally:
        signal.signal(number, before)


def holding(during: Callable[[], object]) -> list[str]:
    """Do something while stops are held; return what was done until one came."""
    done = []
    try:
        with heeded():
            with held():
                during()
                done.append("in the block")
            done.append("after it")
    except KeyboardInterrupt:
        done.append("stopped")
    return done


@pytest.mark.parametrize("number", ours)
def test_a_stop_that_is_held_comes_after_the_block(number: signal.Signals) -> None:
    assert holding(lambda: signal.raise_signal(number)) == ["in the block", "stopped"]
    assert holding(lambda: None) == ["in the block", "after it"]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_stop_that_another_thread_takes_is_held_too() -> None:
    """Whichever thread takes a signal, Python handles it in the main one; a mask alone would not hold it back."""
    ready = threading.Event()

    def kill() -> None:
        ready.wait(10)
        signal.raise_signal(signal.SIGTERM)  # in this thread, at once: os.kill lets any thread take it, and later

    def during() -> None:
        ready.set()
        other.join()

    other = threading.Thread(target=kill)
    other.start()  # now, so that it does not inherit the mask
    assert holding(during) == ["in the block", "stopped"]


def test_other_threads_may_ask_for_the_same_and_change_nothing() -> None:
    errors: list[BaseException] = []

    def work() -> None:
        try:
            with heeded(), held():
                pass
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert errors == []


BORN = """
import subprocess, sys
from figureground.core.stops import held
with held():
    child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, text=True)
assert child.stdout.readline() == "ready\\n"
child.terminate()
print(child.wait())
"""
LISTENS = "from figureground.core.stops import listening; listening(); print('ready', flush=True); input()"


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_what_is_started_while_stops_are_held_ends_by_signals_once_it_listens() -> None:
    """A pool ends its workers by SIGTERM; one that did not hear it would be waited for."""
    done = subprocess.run([sys.executable, "-c", BORN, LISTENS], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == f"{-signal.SIGTERM}\n"
