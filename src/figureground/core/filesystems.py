"""The packages that speak to storage, loaded when they are needed, and the border where their errors end."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.storage_faults import failed

# protocol -> what is installed for it
_INSTALL = {
    **dict.fromkeys(("s3", "s3a"), "'figureground[s3]'"),
    **dict.fromkeys(("gs", "gcs"), "fsspec gcsfs"),
    **dict.fromkeys(("abfs", "abfss", "az"), "fsspec adlfs"),
}
_opened: dict[tuple[int, str], Any] = {}  # by process, as a forked one must not use its parent's


def filesystem(protocol: str, where: str, **options: Any) -> Any:
    """Return fsspec's file system of a protocol; credentials come from the environment's usual places.

    Raises FigureGroundError where its package is not installed, or nobody knows the protocol.
    """
    found = _opened.get((os.getpid(), protocol))
    if found is None:
        found = _opened[os.getpid(), protocol] = _new(protocol, where, options)
    return found


def _new(protocol: str, where: str, options: dict[str, Any]) -> Any:
    try:
        fsspec = importlib.import_module("fsspec")
        with told(where):
            return fsspec.filesystem(protocol, **options)
    except ImportError:
        raise FigureGroundError(
            f"what speaks {protocol}:// is not installed",
            where,
            f"pip install {_INSTALL.get(protocol, f'fsspec, and the package that has {protocol}:// for it')}",
        ) from None
    except ValueError:
        raise FigureGroundError(f"nobody knows {protocol}://", where, "s3://, gs://, abfs://, or a folder") from None


def waited(system: Any, ask: Callable[[], Awaitable[Any]]) -> Any:
    """Return what a coroutine returns that runs in the thread where a file system's connections are."""
    return importlib.import_module("fsspec.asyn").sync(system.loop, ask)


@contextlib.contextmanager
def told(where: str) -> Iterator[None]:
    """Let the errors of a storage's library leave the block as FigureGroundError, which repeats no text of theirs.

    What means an object's own absence or presence, and what is wrong in a call, stays what it is.
    """
    try:
        yield
    except (FigureGroundError, FileNotFoundError, FileExistsError, ImportError, ValueError, Refusal):
        raise
    except Exception as error:  # the border of libraries whose errors share no class
        raise failed(error, where) from None


class Refusal(Exception):  # noqa: N818  an answer, which whoever asked judges
    """A storage's answer that is an error: its `code`, and whether the question was `tried_again` before."""

    def __init__(self, code: str, tried_again: bool) -> None:
        super().__init__(code)
        self.code = code
        self.tried_again = tried_again
