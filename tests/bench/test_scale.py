"""What engines and stores add to a part is reckoned from when workers did what."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from bench import scale
from bench.scale import Done, Part, Run, look, make, row_of, run
from figureground import FigureGroundError


def test_a_row_is_what_was_lost_beside_the_work() -> None:
    """Two workers, begun 3 s and 4 s after the call; parts of 2 s of work and 0.5 s of writing, 0.25 s between them."""
    done = [Done(w, at, at + 2, at + 2.5) for w, first in ((1, 103.0), (2, 104.0)) for at in (first, first + 2.75)]
    row = row_of("processes", "folder", 2, 2.0, [Run(100.0, done[::-1], 0.125)])
    assert (row.parts, row.start_s) == (4, 4.0)  # of 3.5 and 4.5, writing the first part among it
    assert (row.gap_ms, row.gap_95_ms, row.put_ms, row.look_ms) == (250.0, 250.0, 500.0, 125.0)
    assert row.ratio == pytest.approx(2.75 / 2)


def test_a_worker_with_one_part_tells_of_its_start_alone() -> None:
    row = row_of("serial", "none", 1, 1.0, [Run(0.0, [Done(1, 5.0, 6.0, 6.0)], math.nan)])
    assert row.start_s == 5.0
    assert all(map(math.isnan, (row.gap_ms, row.put_ms, row.ratio)))


@pytest.mark.parametrize("busy", [False, True])
def test_parts_are_worked_on_and_written(tmp_path: Path, busy: bool) -> None:
    found = run("serial", 1, [Part(n, 0.02, busy, str(tmp_path), 1000) for n in range(3)])
    assert [path.stat().st_size for path in sorted((tmp_path / "parts").iterdir())] == [1000] * 3
    assert len(list((tmp_path / "state").iterdir())) == 3
    for one in found.done:
        assert one.worked - one.begun >= 0.02
        assert one.ended > one.worked
    assert 0 < found.look_s < 1
    (tmp_path / "state/part-00001.json").write_bytes(b"less")
    with pytest.raises(RuntimeError, match="not as it was written"):
        look(str(tmp_path), range(3))


def test_parts_of_no_store_are_worked_on_alone() -> None:
    done = make(Part(0, 0.0, False, "", 1000))
    assert done.ended - done.worked < 0.02


def test_an_engine_that_cannot_be_had_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--quick", "--engines", "none such", "serial", "--stores", "none", "folder", "--waves", "2"]
    scale.main([*words, "--part-mb", "0.001", "--json", str(tmp_path / "found.json")])
    found = json.loads((tmp_path / "found.json").read_text())
    assert [(row["engine"], row["store"], row["workers"]) for row in found["rows"]] == [
        ("serial", "none", 1),
        ("serial", "folder", 1),
    ]
    assert "unknown engine" in found["left_out"]["none such"]
    assert found["rows"][0]["look_ms"] is None
    assert "left out" in capsys.readouterr().out


def test_a_part_that_fails_ends_the_measuring() -> None:
    with pytest.raises(FigureGroundError, match="a part failed"):
        run("serial", 1, [Part(0, -1.0, False, "", 0)])
