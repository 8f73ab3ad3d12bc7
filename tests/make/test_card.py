"""The data card: what it says, and that Hugging Face's `datasets` opens a dataset by it."""

import subprocess
import sys
from pathlib import Path

import pytest

from figureground import build, open_dataset
from tests.builders import small_recipe, write_photos

LOAD = """
import sys
import datasets

datasets.disable_progress_bars()
found = [datasets.load_dataset(path, split="train", cache_dir=sys.argv[1]) for path in sys.argv[2:]]
for rows in found:
    rows = sorted(rows, key=lambda row: row["index"])
    print(len(rows), rows[3]["key"], rows[3]["split"], rows[3]["image"].size, rows[3]["mask"].mode)
    kinds = str(datasets.concatenate_datasets(found).features)
    assert "null" not in kinds, kinds
"""


def test_it_says_what_is_there(tmp_path: Path) -> None:
    write_photos(tmp_path)
    out = build(small_recipe(tmp_path, name='rooms: "a" <b>\\n---'), tmp_path / "out")
    card = (out / "README.md").read_text()
    header, body = card.split("---\n", 2)[1:]
    assert "data_files: parts/*.zip" in header
    assert 'pretty_name: "rooms: \\"a\\" <b>' in header
    assert "36 composites of 3 foregrounds on 3 backgrounds, 64 x 64 px" in body
    assert "<b>" not in body
    data = open_dataset(out)
    for split in ("train", "new_background", "new_foreground", "new_both"):
        assert f"| {split} | {len(data.select(split=split))} |" in body
    assert "depth" not in body.split("## Layers")[1].split("## Splits")[0]


def test_datasets_opens_it_and_joins_two(tmp_path: Path) -> None:
    """One with depth and several figures, one with neither: no column is null, so they concatenate."""
    pytest.importorskip("datasets")
    write_photos(tmp_path)
    plain = build(small_recipe(tmp_path), tmp_path / "plain")
    other = build(small_recipe(tmp_path, seed=4, mask={"format": "png"}), tmp_path / "other")
    command = [sys.executable, "-W", "ignore", "-c", LOAD, str(tmp_path / "cache"), str(plain), str(other)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for line, path in zip(done.stdout.splitlines(), (plain, other), strict=True):
        record = open_dataset(path).record(3)
        assert line == f"36 {record.key} {record.split} (64, 64) 1"


def test_datasets_reads_a_grown_dataset_anew(tmp_path: Path) -> None:
    """It caches a folder by the header of the card, not by the files."""
    pytest.importorskip("datasets")
    write_photos(tmp_path)
    for samples in (6, 9):
        out = build(small_recipe(tmp_path, placement={"samples": samples}, parts={"size": 5}), tmp_path / "out")
        command = [sys.executable, "-W", "ignore", "-c", LOAD, str(tmp_path / "cache"), str(out)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"{samples} ")
