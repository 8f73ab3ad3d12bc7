"""What does depth cost?  Images/s and CPU-seconds/image for a network, runtime, batch and thread setting, in one run.

    python bench/depth.py NETWORK [--card CARD] [--images 60] [--memory 5000]

The plain loop (the runtime's session on ready tensors, nothing else) is the ceiling; `DepthNetwork` adds resizing and
checks.  `--memory N` prints resident memory after N/10 and N images.  What a build keeps of the ceiling:
`network_rate.py`.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import os
import resource
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core import job
from figureground.core.errors import FigureGroundError
from figureground.networks import depth, registry, runtimes

SIDE = 224


def timed(work: Callable[[], int]) -> tuple[float, float]:
    """Return (images a second, CPU-seconds an image) of work, which returns how many images it did."""
    wall, cpu = time.perf_counter(), time.process_time()
    done = work()
    return done / (time.perf_counter() - wall), (time.process_time() - cpu) / done


def resident_mb() -> float:
    """Return the resident memory of this process in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def threaded(path: str, threads: int) -> runtimes.Runner:
    """Return a runner with several threads, which the package itself never uses."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(batch: NDArray[np.float32]) -> Mapping[str, NDArray[Any]]:
        return {"depth": session.run(None, {name: batch})[0]}

    return run


def repeat(network: depth.DepthNetwork, pictures: NDArray[np.uint8], rounds: int) -> int:
    for _ in range(rounds):
        network(pictures)
    return rounds * len(pictures)


def settings(model: job.DepthModel, images: int) -> None:
    """Print a line for each runtime, batch and thread count."""
    picture = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    print(f"{'runtime':<12}{'batch':>6}{'threads':>8}{'images/s':>10}{'CPU-s/image':>13}")
    for runtime, batch, threads in itertools.product(("onnx", "openvino"), (1, 8), (1, 2)):
        if runtime == "openvino" and threads > 1:
            continue
        try:
            network = registry.open_network(model, job.Running(runtime=runtime))
        except FigureGroundError as error:
            print(f"{runtime:<12} not run: {error.what}")
            continue
        if threads > 1:
            network = depth.DepthNetwork(network.card, threaded(network.where, threads), network.where)
        pictures = np.repeat(picture[None], batch, 0)
        network(pictures)
        rounds = max(1, images // batch)

        rate, cpu = timed(functools.partial(repeat, network, pictures, rounds))
        print(f"{runtime:<12}{batch:>6}{threads:>8}{rate:>10.1f}{cpu:>13.4f}")


def memory(model: job.DepthModel, images: int) -> None:
    """Print resident memory after a tenth of the images and after all."""
    network = registry.open_network(model)
    picture = np.random.default_rng(0).integers(0, 256, (1, SIDE, SIDE, 3), np.uint8)
    marks = {}
    for k in range(1, images + 1):
        network(picture)
        if k in (images // 10, images):
            marks[k] = resident_mb()
    first, last = marks.values()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    change = f"{last / first - 1:+.1%}"
    print(
        f"resident: {first:.0f} MiB after {images // 10} images, {last:.0f} after {images}: {change}; peak {peak:.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network")
    parser.add_argument("--card", default="")
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--memory", type=int, default=0)
    chosen = parser.parse_args()
    model = registry.resolve(chosen.network, chosen.card, Path())
    if chosen.memory:
        memory(model, chosen.memory)
    else:
        settings(model, chosen.images)


if __name__ == "__main__":
    main()
