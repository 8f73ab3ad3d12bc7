"""A Ray cluster of several nodes on this machine, and a build in which nodes and workers of it are killed.

    python -m tests.long.nodes --nodes 3 --kill node,worker,node --parts 60

Each node has a raylet and a worker of its own; killing a node kills both, as a machine's end does.  A kill comes when a
share of the samples is made.  Prints a JSON object: what was killed after how many samples, how many jobs were lost
and handed out again, seconds, and whether the dataset has the bytes of one process's.  Exits with 1 where not.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from figureground import build
from figureground.core.engines import Ray, ended
from figureground.core.ray_crew import RayCrew
from figureground.core.ray_session import Cluster
from figureground.core.recipe import Recipe
from tests.builders import small_recipe, write_photos
from tests.make.test_build import files

LOCAL = {  # as `ray_session` starts Ray on this machine
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",
}


@contextlib.contextmanager
def cluster_of(nodes: int) -> Iterator[Any]:
    """Give a ray.cluster_utils.Cluster of a head without room for workers and so many nodes with room for one each.

    `nodes` of what is given are the nodes; `address`, the head's.  Ray may not be imported before.
    """
    with mock.patch.dict(os.environ, LOCAL):
        about = {"object_store_memory": 80 * 10**6, "include_dashboard": False}
        cluster = importlib.import_module("ray.cluster_utils").Cluster(
            initialize_head=True, head_node_args=about | {"num_cpus": 0}
        )
        try:
            cluster.nodes = [cluster.add_node(num_cpus=1, wait=False, **about) for _ in range(nodes)]
            cluster.wait_for_nodes(120)
            yield cluster
        finally:
            cluster.shutdown()


def workers_of(node: Any) -> list[int]:
    """Return the pids of the worker processes that a node has."""
    parent, found = node.all_processes["raylet"][0].process.pid, []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                after_name = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(after_name[1]) == parent and b"ray::Worker" in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
    return found


class Killer:
    """A Progress that kills, one after the other, what it is told to.  `killed`: what, and after how many samples."""

    def __init__(self, cluster: Any, kills: Sequence[str]) -> None:
        self._cluster, self._left, self._count = cluster, list(kills), len(kills)
        self.killed: list[tuple[str, int]] = []

    def __call__(self, step: str, done: int, total: int) -> None:
        due = (len(self.killed) + 1) / (self._count + 1)
        if step != "samples" or not self._left or done < due * total:
            return
        what = self._left[0]
        nodes = [node for node in self._cluster.nodes if workers_of(node)]
        if not nodes:  # none has a worker yet
            return
        if what == "node":
            self._cluster.nodes.remove(nodes[0])
            pids = workers_of(nodes[0])
            self._cluster.remove_node(nodes[0], allow_graceful=False)
        else:
            pids = workers_of(nodes[-1])
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._left.pop(0)
        self.killed.append((what, done))


@contextlib.contextmanager
def counted() -> Iterator[Counter[tuple[int, int]]]:
    """Give how often each job is handed to a worker meanwhile."""
    given: Counter[tuple[int, int]] = Counter()
    before, crews = RayCrew.submit, list[RayCrew]()

    def submit(crew: RayCrew, ticket: int, job: Any, alone: bool = False) -> bool:
        if crew not in crews:
            crews.append(crew)
        taken = before(crew, ticket, job, alone)
        given[crews.index(crew), ticket] += taken
        return taken

    with mock.patch.object(RayCrew, "submit", submit):
        yield given


def run(recipe: Recipe, out: Path, nodes: int, kills: Sequence[str]) -> dict[str, Any]:
    """Build on a cluster, killing meanwhile, and return what became of it."""
    with cluster_of(nodes) as cluster, counted() as given:
        killer, start = Killer(cluster, kills), time.perf_counter()
        # the nodes were started in another folder, and find this one for all that
        with ended(Ray(0, Cluster(cluster.address))) as engine, contextlib.chdir(out.parent):
            build(recipe, Path(out.name), engine=engine, progress=killer)
        seconds = round(time.perf_counter() - start, 1)
    return {"killed": killer.killed, "again": given.total() - len(given), "seconds": seconds}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--kill", default="node,worker", help="node or worker, one after the other")
    parser.add_argument("--parts", type=int, default=40)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_photos(root, backgrounds=2, people=2)
        recipe = small_recipe(root, placement={"per_pair": options.parts}, parts={"size": 4})
        (root / "ray").mkdir()
        serial = files(build(recipe, root / "serial/out"))
        found = run(recipe, root / "ray/out", options.nodes, [kill for kill in options.kill.split(",") if kill])
        found["same"] = files(root / "ray/out") == serial
    print(json.dumps({"nodes": options.nodes, "parts": options.parts, **found}))
    sys.exit(0 if found["same"] else 1)


if __name__ == "__main__":
    main()
