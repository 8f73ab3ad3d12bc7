"""Every attack of tests/hostile/attacks.py, with every command: what `tests/test_hostile.py` tries some of.

    PYTHONPATH=src:. .venv/bin/python tests/long/hostile.py --minutes 60

In an order drawn by chance (--seed), until the time is up.  A line for each harm; exit 1 where there is any.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.hostile.attacks import attacks
from tests.hostile.running import commands, copied, harm, small_dataset


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="a part of the names of the attacks to try")
    given = parser.parse_args()
    found, tried, harms = attacks(), 0, 0
    with tempfile.TemporaryDirectory() as name:
        base = Path(name) / "base"
        base.mkdir()
        small_dataset(base)
        pairs = [(attack, command) for attack in found if given.only in attack for command in commands(base, base)]
        random.Random(given.seed).shuffle(pairs)  # noqa: S311
        end = time.monotonic() + 60 * given.minutes
        for attack, command in pairs:
            if time.monotonic() > end:
                break
            dataset = copied(base, Path(name) / "there")
            found[attack](dataset, dataset.parent / "outside")
            if told := harm(dataset, command):
                harms += 1
                print(f"{attack} | {command}: {told}", flush=True)
            tried += 1
            shutil.rmtree(dataset.parent)
    what = f"{len(pairs):,} pairs of {len(found):,} attacks and commands"
    print(f"{tried:,} of {what}: {harms} harms")
    return int(harms > 0)


if __name__ == "__main__":
    sys.exit(main())
