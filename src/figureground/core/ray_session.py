"""Ray itself: started on this machine, or a cluster that is joined, and left again."""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import logging
import math
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from figureground.core.attempts import Outcome, Serial
from figureground.core.errors import FigureGroundError
from figureground.core.short_folder import short_folder
from figureground.core.stops import held

_OBJECTS = 160 * 10**6  # bytes of shared memory for what travels, of a Ray that is started here: parts do not
_CONNECT_S = 10.0
_ANSWER_S = 60.0  # for a cluster to let this process in
_LOOK_S = 0.02  # how long SIGTERM may be Ray's

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cluster:
    """Where Ray works, and what each worker may use there.

    `address`: "" starts Ray on this machine, and ends it; "auto" is the cluster that this machine belongs to (or
    $RAY_ADDRESS), HOST:PORT one by its head.  `cpus`, `gpus`: of a worker; it sees no other GPUs than its own.
    """

    address: str = ""
    cpus: float = 1.0
    gpus: float = 0.0


def require_usable(cluster: Cluster) -> None:
    """Raise FigureGroundError, before anything is started, where Ray is not installed or the options mean nothing."""
    if importlib.util.find_spec("ray") is None:
        raise FigureGroundError("the extra [ray] is not installed", "--engine ray", "pip install 'figureground[ray]'")
    if not (cluster.cpus > 0 and math.isfinite(cluster.cpus)):
        raise FigureGroundError(f"{cluster.cpus:g} cores a worker", "--cpus-per-worker", "give more than 0")
    if not (cluster.gpus >= 0 and math.isfinite(cluster.gpus)) or (cluster.gpus > 1 and cluster.gpus % 1):
        raise FigureGroundError(
            f"{cluster.gpus:g} GPUs a worker", "--gpus-per-worker", "give 0, a part of 1, or 1, 2, ..."
        )
    if cluster.address not in ("", "auto"):
        _host_and_port(cluster.address)


class Session:
    """Ray, as this process uses it, until `close`.

    Attributes: `ray`, the module; `local`, whether it is ours, on this machine alone.
    """

    def __init__(self, cluster: Cluster, workers: int) -> None:
        """Start it with room for so many workers, or join a cluster.  Raises FigureGroundError."""
        self._end = contextlib.ExitStack()
        with self._end:
            self.local = not cluster.address
            own = _own_ray() if self.local else {}
            self.ray: Any = importlib.import_module("ray")
            if not self.local and self.ray.is_initialized():  # by the program that calls us, and for it to end
                return
            self._end.enter_context(_environment(own))
            about = self._start(cluster, workers) if self.local else self._join(cluster.address)
            keeper = _Keeper(self.ray, about)
            self._end.callback(keeper.leave)
            self._end.callback(_leave, self.ray)  # before the thread that started it ends, and the folder goes
            keeper.start()
            _raise_unless_begun(self.ray, keeper.begun(self.local), cluster.address)
            if self.local and self.ray.util.get_node_ip_address() != "127.0.0.1":
                _logger.warning(
                    "Ray was imported before it was started for us: it listens on all of this machine's addresses"
                )
            self._end = self._end.pop_all()

    def close(self) -> None:
        """End what was started, and leave what was joined; a second time does nothing."""
        self._end.close()

    def _start(self, cluster: Cluster, workers: int) -> dict[str, Any]:
        if self.ray.is_initialized():
            raise FigureGroundError(
                "this program has started Ray itself", "--engine ray", 'work in that (Cluster("auto")), or end it first'
            )
        folder = self._end.enter_context(short_folder())
        return {
            "address": "local",
            "num_cpus": math.ceil(workers * cluster.cpus),
            "num_gpus": None if cluster.gpus else 0,
            "include_dashboard": False,
            "object_store_memory": _OBJECTS,
            "_temp_dir": str(folder),
        }

    def _join(self, address: str) -> dict[str, Any]:
        if address != "auto":
            place = _host_and_port(address)
            try:
                socket.create_connection(place, _CONNECT_S).close()
            except OSError as error:
                raise _unreachable(address, str(error)) from None
        return {"address": address}


@functools.cache
def _own_ray() -> dict[str, str]:
    """Import Ray so that what it starts here tells nobody, and answers only to us; return what must be in the
    environment meanwhile.

    Ray reads all of it as it is imported.  Without the second it listens, on Linux, on every address of the machine;
    without the third its workers give way to whatever else runs, up to a minute before they start on a busy machine;
    without the token any user of this machine could have code run as ours.
    """
    own = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_worker_niceness": "0"}
    if "ray" not in sys.modules:
        own |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        with _environment(own):
            importlib.import_module("ray")
    return own


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set what the environment does not say itself, until the block ends."""
    added = [name for name in values if name not in os.environ]
    os.environ.update((name, values[name]) for name in added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


class _Keeper(threading.Thread):
    """Calls ray.init, and stays until `leave`.

    In the main thread Ray would take over SIGTERM for good, and a stop would meet it in the midst of starting, which
    can end in an abort.  What it starts ends with the thread that started it.
    """

    def __init__(self, ray: Any, about: dict[str, Any]) -> None:
        super().__init__(name="figureground's Ray", daemon=True)
        self._begin, self._about = functools.partial(_init, ray), about
        self._begun, self._end = threading.Event(), threading.Event()
        self._outcome = Outcome(about)

    def run(self) -> None:
        (self._outcome,) = Serial().map(self._begin, [self._about])
        self._begun.set()
        self._end.wait()

    def begun(self, local: bool) -> BaseException | None:
        """Wait until Ray is there, and return the error if it is not.

        A stop is put off until what is started here can be ended.  A cluster that does not answer is given up."""
        until = math.inf if local else time.monotonic() + _ANSWER_S
        with held() if local else contextlib.nullcontext():
            while not self._begun.wait(_LOOK_S):  # in between this thread takes note of stops
                _heed_sigterm()
                if time.monotonic() > until:
                    return TimeoutError(f"no answer in {_ANSWER_S:g} s")
            _heed_sigterm()
        return self._outcome.error

    def leave(self) -> None:
        self._end.set()


def _heed_sigterm() -> None:
    """Let Python handle SIGTERM as before: Ray's core has another handler in its place, which aborts this process."""
    if threading.current_thread() is threading.main_thread():
        before = signal.getsignal(signal.SIGTERM)
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def _init(ray: Any, about: dict[str, Any]) -> None:
    with _without_talk(ray):
        ray.init(**about, log_to_driver=False, logging_level="CRITICAL", configure_logging=True)


def _raise_unless_begun(ray: Any, error: BaseException | None, address: str) -> None:
    if isinstance(error, ConnectionError | OSError | RuntimeError | ValueError | ray.exceptions.RayError):
        said = " ".join(str(error).split())
        if not address:
            raise FigureGroundError(f"Ray does not start: {said}", "--engine ray", "mend the cause") from error
        raise _refused(address, said) from error
    if error is not None:
        raise error


@contextlib.contextmanager
def _without_talk(ray: Any) -> Iterator[None]:
    """Inside, ray.init begins no thread that prints, on stdout, which workers died: nothing else keeps it from that."""
    module = ray._private.worker
    before = getattr(module, "listen_error_messages", None)
    module.listen_error_messages = lambda *_, **__: None
    try:
        yield
    finally:
        module.listen_error_messages = before


def _refused(address: str, said: str) -> FigureGroundError:
    if "ersion mismatch" in said:
        return FigureGroundError(
            f"the cluster has other versions: {said}", address, "install the cluster's versions of Ray and Python here"
        )
    return _unreachable(address, said)


def _unreachable(address: str, said: str) -> FigureGroundError:
    remedy = "run this on a machine of the cluster (`ray start --address=HOST:PORT` makes it one; `ray status` tells)"
    return FigureGroundError(f"the Ray cluster cannot be reached: {said}", f"--address {address}", remedy)


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or "/" in address or not port.isdecimal() or not 0 < int(port) < 2**16:
        remedy = (
            "auto, or HOST:PORT of the head; Ray Client (ray://) is another thing: `ray job submit` runs this there"
        )
        raise FigureGroundError(f"no address of a Ray cluster: {address!r}", "--address", remedy)
    return host.strip("[]"), int(port)


def _leave(ray: Any) -> None:
    """End Ray, or the connection to it.  Ray says on stderr what it ends if it is asked as Python is about to end."""
    if not sys.is_finalizing():
        with held():
            ray.shutdown()
