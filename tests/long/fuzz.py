"""Fuzz everything that reads bytes from elsewhere (tests/readers.py), guided by coverage, for as long as one likes.

    .venv/bin/pip install atheris
    PYTHONPATH=src:. .venv/bin/python tests/long/fuzz.py --minutes 60 --out fuzzed

Each reader in turn gets its share of the time, in a process of its own, so that what kills one (memory, a crash of a
library) is that reader's finding alone; what was found to reach new code is kept below --out, and the next run goes on
from there.  A line a reader: inputs, and findings, whose bytes are kept beside.  Exit 1 where there is any, or a reader
got no input.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

# whose new branches guide it: what reads, not what paints
_GUIDING = [
    *("figureground.core", "figureground.dataset", "figureground.image.opened", "figureground.image.rle"),
    *(f"figureground.ingest.{name}" for name in ("catalog", "photos", "jpeg", "damage", "levels", "srgb", "outcome")),
    *("figureground.ingest.depth_files", "figureground.ingest.depth_meaning", "figureground.report.facts"),
    *("figureground.report.statistics_plots", "figureground.report.plots", "figureground.samples.stats"),
]
_LONGEST = 1 << 16  # bytes of an input, which chooses what becomes of sound bytes
_SLOW_S, _MEMORY_MB = 200, 3000  # seconds by the clock, also on a machine that is busy
_BEGINNINGS = 12  # random ones, to begin with


def fuzz_one(name: str, dataset: Path, arguments: list[str]) -> None:
    """Fuzz one reader in this process, which ends with it."""
    import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]

    with atheris.instrument_imports(include=_GUIDING):
        from tests import readers

    reader = readers.readers(dataset)[name]
    warnings.simplefilter("ignore")

    def once(data: bytes) -> None:
        given = atheris.FuzzedDataProvider(data)
        sound = reader.sound[given.ConsumeIntInRange(0, len(reader.sound) - 1)]
        if given.ConsumeIntInRange(0, 9):
            made = readers.unsound(sound, lambda n: given.ConsumeIntInRange(0, n - 1))
        else:
            made = given.ConsumeBytes(_LONGEST)
        readers.attempt(reader, made)

    atheris.Setup([sys.argv[0], *arguments], once)
    atheris.Fuzz()


def fuzz(name: str, dataset: Path, out: Path, seconds: int) -> tuple[int, int]:
    """Fuzz one reader in a process of its own; return how many inputs it got, and how many findings there are."""
    kept, found = out / "kept" / name.replace(" ", "-"), out / "found" / name.replace(" ", "-")
    for folder in (kept, found):
        folder.mkdir(parents=True, exist_ok=True)
    for seed in range(_BEGINNINGS):
        (kept / f"seed-{seed}").write_bytes(random.Random(seed).randbytes(16 << seed % 3))  # noqa: S311
    limits = [
        "-len_control=0",
        f"-max_total_time={seconds}",
        f"-timeout={_SLOW_S}",
        f"-rss_limit_mb={_MEMORY_MB}",
        f"-max_len={_LONGEST}",
    ]
    words = [str(kept), *limits, f"-artifact_prefix={found}/", "-print_final_stats=1"]
    command = [sys.executable, __file__, "--one", name, "--dataset", str(dataset), *words]
    with (out / f"{found.name}.log").open("w") as log:
        subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False, env=dict(os.environ))
    text = (out / f"{found.name}.log").read_text(errors="replace")
    inputs = max(map(int, re.findall(r"^(?:#|stat::number_of_executed_units:\s*)(\d+)", text, re.MULTILINE)), default=0)
    return inputs, sum(not one.name.startswith("slow-unit") for one in found.iterdir())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--out", type=Path, default=Path("fuzzed"))
    parser.add_argument("--only", default="", help="names of readers, with commas between")
    parser.add_argument("--dataset", type=Path)
    parser.add_argument("--one", default="")
    given, more = parser.parse_known_args()
    if given.one:
        fuzz_one(given.one, given.dataset, more)
        return 0
    from tests import readers
    from tests.hostile.running import small_dataset

    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        dataset = small_dataset(Path(folder))
        names = given.only.split(",") if given.only else list(readers.readers(dataset))
        told = {}
        for name in names:
            inputs, found = fuzz(name, dataset, given.out.resolve(), max(1, round(60 * given.minutes / len(names))))
            told[name] = {"inputs": inputs, "findings": found}
            print(f"{name:<22} {inputs:>10,} inputs  {found} findings", flush=True)
    total = {key: sum(one[key] for one in told.values()) for key in ("inputs", "findings")}
    print(f"{'all':<22} {total['inputs']:>10,} inputs  {total['findings']} findings")
    (given.out / "fuzzed.json").write_text(json.dumps({"readers": told, **total}, indent=1))
    return int(total["findings"] > 0 or any(not one["inputs"] for one in told.values()))


if __name__ == "__main__":
    sys.exit(main())
