"""A node of a cluster is killed, and then a worker; a bounded form of `python -m tests.long.nodes`."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.long.kills import ROOT

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="the extra [ray] is not installed"),
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the processes of nodes as Linux has them"),
]


def test_a_node_and_a_worker_that_are_killed_change_no_byte() -> None:
    """Each costs no more than the two jobs that its worker had in hand."""
    command = [sys.executable, "-m", "tests.long.nodes", "--nodes", "3", "--kill", "node,worker", "--parts", "24"]
    around = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    ended = subprocess.run(command, cwd=ROOT, env=around, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout.splitlines()[-1])
    assert found["same"]
    assert [what for what, _ in found["killed"]] == ["node", "worker"]
    assert 1 <= found["again"] <= 4
