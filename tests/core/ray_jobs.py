"""Jobs for `test_ray`, apart from it so that workers import little."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.steps import Stepping, Tick


def work(job: int) -> Any:
    if job % 5 == 3:
        raise ValueError(f"job {job}")
    return (lambda: job) if job % 5 == 4 else {"square": job * job}


def die_on_seven(job: int) -> int:
    if job == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.01)
    return job


def counting(job: int, tick: Callable[[int], None]) -> int:
    for step in range(1, job + 1):
        tick(step)
    time.sleep(0.6)  # long enough to be looked at
    return job


def refuse() -> None:
    raise FigureGroundError("the photos are not there", "photos", "share them")


def noted(folder: Path, function: Stepping, job: int, tick: Tick) -> Any:
    """Make a part, and leave a note how often this process made ready for parts, networks among that."""
    from figureground.make.part_task import maker_of

    value = function.function(job, tick)
    about = maker_of.cache_info()
    (folder / str(os.getpid())).write_text(f"{about.misses} of {about.misses + about.hits}")
    return value
