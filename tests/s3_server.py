"""A server that speaks like S3, moto's, on the loopback address: what it was asked is kept, and it can be made to fail.

moto looks whether an object is there and then writes it; S3 does both at once, and so does this, one write at a time.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

Answer = tuple[str, list[tuple[str, str]], bytes]
BUCKET = "made"
KEY, SECRET = "AKIDNOTTOBETOLD00", "secret/not+to/be/told"


@dataclass(frozen=True)
class Asked:
    """A question: its method, its path, and what follows the "?"."""

    method: str
    path: str
    query: str


@dataclass
class Server:
    """The server.  `fault`: what a question is answered with instead, or with what its answer is changed, None for as
    it is; `delay_s` before every answer."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    fault: Callable[[Asked], Answer | Callable[[Answer], Answer] | None] | None = None
    delay_s: float = 0.0
    _writes: Any = field(default_factory=threading.Lock)
    app: Any = None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        one = Asked(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["QUERY_STRING"])
        self.asked.append(one)
        time.sleep(self.delay_s)
        fault = self.fault(one) if self.fault is not None else None
        if isinstance(fault, tuple):
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            status, headers, body = fault
        else:
            with self._writes if one.method in ("PUT", "POST", "DELETE") else contextlib.nullcontext():
                status, headers, body = _answer(self.app, environ)
            if fault is not None:
                status, headers, body = fault((status, headers, body))
        start_response(status, headers)
        return [] if one.method == "HEAD" else [body]

    @contextlib.contextmanager
    def failing(self, fault: Callable[[Asked], Answer | Callable[[Answer], Answer] | None]) -> Iterator[None]:
        self.fault = fault
        try:
            yield
        finally:
            self.fault = None

    @contextlib.contextmanager
    def counted(self) -> Iterator[list[Asked]]:
        """Give a list that has, when the block ends, what was asked in it."""
        before, found = len(self.asked), list[Asked]()
        yield found
        found += self.asked[before:]


def _answer(app: Any, environ: dict[str, Any]) -> Answer:
    said: list[Any] = []
    body = b"".join(app(environ, lambda status, headers, *_: said.append((status, headers))))
    return said[0][0], said[0][1], body


def error(status: int, code: str) -> Answer:
    """Return an answer of S3 that is an error."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{SECRET} {KEY}</Message></Error>".encode()
    return f"{status} {code}", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))], body


def torn(answer: Answer) -> Answer:
    """Return an answer without its second half, which its headers still speak of."""
    status, headers, body = answer
    return status, headers, body[: len(body) // 2]


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """Run a server until the block ends, on a port that is free."""
    pytest.importorskip("s3fs", reason="needs figureground[s3]")
    pytest.importorskip("moto.server", reason="needs moto[server]")
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # headers and body are written apart, and the second would wait 40 ms

        def log(self, *args: Any) -> None: ...

    server = Server(app=DomainDispatcherApplication(create_backend_app))
    served = make_server("127.0.0.1", 0, server, threaded=True, request_handler=Quiet)
    server.url = f"http://127.0.0.1:{served.server_port}"
    thread = threading.Thread(target=served.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        served.shutdown()
        thread.join(30)
        served.server_close()


def environment(server: Server) -> dict[str, str]:
    """Return what the environment says of the server, as a user would set it."""
    return {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }


@contextlib.contextmanager
def bucket() -> Iterator[Server]:
    """Run a server that has a bucket, with the environment that finds it."""
    with serving() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in environment(server).items():
            patch.setenv(name, value)
        from figureground.core import filesystems

        filesystems._opened.clear()
        make_bucket(BUCKET)
        yield server
        filesystems._opened.clear()


def make_bucket(name: str) -> None:
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    s3fs.S3FileSystem(use_listings_cache=False).call_s3("create_bucket", Bucket=name)
