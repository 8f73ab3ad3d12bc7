"""Call the kernel's functions with random arguments for as long as one likes, best with sanitizers:

    CFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all -g -O1" python setup.py build_ext \\
        --build-lib asan --build-temp asan/objects
    LD_PRELOAD="$(cc -print-file-name=libasan.so)" ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 \\
        PYTHONPATH=asan:src:. .venv/bin/python tests/long/kernel.py asan/figureground/native/_kernel.abi3.so --minutes 5

Building takes minutes; a failure is but a warning, as the kernel is optional, and leaves no file in asan.

A line a function: calls, and how many of them were taken.  A crash ends the run; `--function` and `--seed` repeat its
last call, which is named in the file `last`.
"""

from __future__ import annotations

import argparse
import importlib.machinery
import importlib.util
import sys
import time
from pathlib import Path
from types import ModuleType

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.native.calls import attempt, functions

_TURN = 200  # calls of a function before the next has its turn


def loaded(path: Path) -> ModuleType:
    """Return the kernel of a file, which need not be the one that is installed."""
    loader = importlib.machinery.ExtensionFileLoader("_kernel", str(path))
    spec = importlib.util.spec_from_file_location("_kernel", path, loader=loader)
    if spec is None:
        raise ValueError(f"{path}: no module")
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kernel", type=Path)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--function")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--last", type=Path, default=Path("last"))
    chosen = parser.parse_args()
    kernel = loaded(chosen.kernel)
    if chosen.function:
        print(attempt(kernel, chosen.function, chosen.seed))
        return
    names, end, seed = functions(kernel), time.monotonic() + 60 * chosen.minutes, chosen.seed
    counts = {name: [0, 0] for name in names}
    with chosen.last.open("w") as last:
        while time.monotonic() < end:
            for name in names:
                for one in range(seed, seed + _TURN):
                    last.seek(0)
                    last.write(f"--function {name} --seed {one}\n")
                    last.flush()
                    counts[name][1] += attempt(kernel, name, one)
                    counts[name][0] += 1
            seed += _TURN
    for name, (calls, taken) in counts.items():
        print(f"{name:<16}{calls:>12,} calls{taken:>12,} taken")
    print(f"{'all':<16}{sum(one[0] for one in counts.values()):>12,} calls")


if __name__ == "__main__":
    main()
