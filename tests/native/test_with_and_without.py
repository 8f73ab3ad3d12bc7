"""The kernel may be missing: the dataset is the same, and whoever waits for it is told."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import figureground
from figureground import native
from figureground.cli.console import cost_text, dataset_facts, dataset_text
from tests.builders import ground_recipe, varied_recipe, write_floor_photos

pytest.importorskip("figureground.native._kernel", reason="the compiled kernel was not built here")


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("kind", ["flat", "ground"])
def test_every_file_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    if kind == "ground":
        write_floor_photos(tmp_path)
    recipe = ground_recipe(tmp_path) if kind == "ground" else varied_recipe(tmp_path, look={"poisson": [0.2, 0.8]})
    figureground.build(recipe, tmp_path / "with/out")
    monkeypatch.setattr(native, "kernel", None)
    figureground.build(recipe, tmp_path / "without/out")
    with_kernel = hashes(tmp_path / "with")
    assert len(with_kernel) > 20
    assert with_kernel == hashes(tmp_path / "without")


def test_it_is_said_where_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = figureground.open_dataset(figureground.build(varied_recipe(tmp_path), tmp_path / "out"))
    assert "kernel" not in dataset_text(dataset_facts(data))
    monkeypatch.setattr(native, "absent", "the kernel is away")
    assert "note: the kernel is away" in dataset_text(dataset_facts(data))
    costs = {
        "samples": 1, "parts": 1, "bytes": 1, "bytes_per_sample": {"image": 1}, "workers": 1, "seconds": 1.0,
        "seconds_per_sample": {"render": 1.0, "depth": 0.0, "encode": 0.0}, "without_kernel": native.absent,
        "better_parts_size": 0,
    }  # fmt: skip
    assert "note: the kernel is away" in cost_text(costs)


@pytest.mark.parametrize(("value", "known"), [("0", False), ("1", True)])
def test_it_can_be_turned_off(value: str, known: bool) -> None:
    code = "from figureground import native; print(native.kernel is not None, native.absent)"
    environment = os.environ | {native.OFF: value}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(str(known))
    assert ("turned off" in done.stdout) != known
