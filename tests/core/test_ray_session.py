"""What is said where a cluster cannot be joined.  Ray is played here: none is started, and none need be installed."""

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from figureground.core import ray_session
from figureground.core.errors import FigureGroundError
from figureground.core.ray_session import Cluster, Session


class PlayedError(Exception):
    """Stands for RayError."""


@pytest.fixture
def address() -> Iterator[str]:
    """Where somebody listens who never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def played(monkeypatch: pytest.MonkeyPatch, init: Callable[..., Any]) -> list[str]:
    """Let `import ray` give one with this `init`; return what else is called."""
    called: list[str] = []
    ray = SimpleNamespace(
        init=init,
        is_initialized=lambda: False,
        shutdown=lambda: called.append("shutdown"),
        exceptions=SimpleNamespace(RayError=PlayedError),
        _private=SimpleNamespace(worker=SimpleNamespace(listen_error_messages=None)),
    )
    monkeypatch.setitem(sys.modules, "ray", ray)
    return called


def raising(error: Exception) -> Callable[..., None]:
    def init(**about: Any) -> None:
        raise error

    return init


MISMATCH = """Version mismatch: The cluster was started with:
    Ray: 2.53.0
    Python: 3.12.1
This process on node 10.0.0.2 was started with:
    Ray: 2.60.0
    Python: 3.11.7
"""


@pytest.mark.parametrize(
    ("error", "what", "remedy"),
    [
        (RuntimeError(MISMATCH), "other versions: .* Ray: 2.53.0 Python: 3.12.1", "install the cluster's versions"),
        (ConnectionError("Could not find any running Ray instance."), "cannot be reached: Could not", "ray start"),
        (PlayedError("the token is not that of the cluster"), "cannot be reached: the token is not", "ray start"),
    ],
)
def test_what_keeps_a_cluster_from_being_joined_is_named(
    monkeypatch: pytest.MonkeyPatch, address: str, error: Exception, what: str, remedy: str
) -> None:
    called = played(monkeypatch, raising(error))
    with pytest.raises(FigureGroundError, match=what) as caught:
        Session(Cluster(address), 1)
    assert remedy in caught.value.remedy
    assert called == ["shutdown"]


def test_a_fault_of_our_own_is_not_taken_for_a_cluster_that_cannot_be_reached(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    played(monkeypatch, raising(KeyError("a fault")))
    with pytest.raises(KeyError, match="a fault"):
        Session(Cluster(address), 1)


def test_a_cluster_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    never = threading.Event()
    played(monkeypatch, lambda **about: never.wait())
    monkeypatch.setattr(ray_session, "_ANSWER_S", 0.3)
    monkeypatch.setattr(ray_session, "_LOOK_S", 0.01)
    with pytest.raises(FigureGroundError, match=r"cannot be reached: no answer in 0\.3 s"):
        Session(Cluster(address), 1)
    never.set()


def test_a_port_on_which_nobody_listens_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    played(monkeypatch, raising(AssertionError("Ray is not asked")))
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(FigureGroundError, match=r"the Ray cluster cannot be reached: .*refused") as caught:
        Session(Cluster(address), 1)
    assert caught.value.where == f"--address {address}"


def test_a_cluster_that_was_joined_is_left_once(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    about: dict[str, Any] = {}
    called = played(monkeypatch, lambda **given: about.update(given))
    session = Session(Cluster(address), 1)
    assert (about["address"], called) == (address, [])
    session.close()
    session.close()
    assert called == ["shutdown"]
    for thread in threading.enumerate():
        if "Ray" in thread.name:
            thread.join(5)
            assert not thread.is_alive()
