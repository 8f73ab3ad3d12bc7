"""Scripts that open what we write with Hugging Face's `datasets`, in a process of their own, as it warns."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_FIRST = """
import sys
import datasets
import numpy as np
from figureground import open_dataset

datasets.disable_progress_bars()
cache, *paths = sys.argv[1:]
"""


def said(script: str, cache: Path, *paths: Path) -> list[str]:
    """Return the lines that a script prints, which finds `datasets`, `np`, `open_dataset`, `cache` and `paths`."""
    pytest.importorskip("datasets")
    command = [sys.executable, "-W", "ignore", "-c", _FIRST + script, str(cache), *map(str, paths)]
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(cache)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, cwd=cache.parent, env=offline)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
