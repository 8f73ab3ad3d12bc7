"""A folder for sockets, whose paths have a limit of about 100 bytes: short, and gone with whoever needs it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

_NAME = re.compile(r"figureground-(\d{1,9})-\w+", re.ASCII)


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """Give a new folder below /tmp that this user alone may enter, until the block ends.

    Those that killed processes of this user left are removed as well.
    """
    place = Path("/tmp") if os.path.isdir("/tmp") else Path(tempfile.gettempdir())  # noqa: S108  mkdtemp is safe there
    _sweep(place)
    folder = Path(tempfile.mkdtemp(prefix=f"figureground-{os.getpid()}-", dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(place: Path) -> None:
    """Remove folders of ours whose process is no more."""
    if sys.platform == "win32":  # there a signal 0 is not asked but sent
        return
    for entry in list(os.scandir(place)):
        found = _NAME.fullmatch(entry.name)
        with contextlib.suppress(OSError):
            ours = found and entry.is_dir(follow_symlinks=False) and entry.stat().st_uid == os.getuid()
            if found and ours and not _runs(int(found[1])):
                shutil.rmtree(entry.path, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
