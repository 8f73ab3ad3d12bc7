"""Which samples the bias probes look at, and that they are the same however a dataset was made."""

import json
from pathlib import Path

import pytest

from figureground import build, open_dataset
from figureground.dataset import names
from figureground.make import about, derived_check
from figureground.make.probing import SAMPLES, drawn, probes_of, probes_or_none
from figureground.make.verify import verify
from figureground.report.page import page
from tests.builders import small_recipe, write_photos

DEPTH = {"backgrounds": {"depth": "depth"}, "depth": {"source": "layered"}}


def test_one_of_each_stretch_is_drawn() -> None:
    for total in (1, 47, 48, 49, 1_000_003):
        found = drawn(total)
        assert len(found) == min(total, SAMPLES)
        stretches = [i * len(found) // total for i in found]
        assert found == sorted(set(found))
        assert max(abs(stretch - k) for k, stretch in enumerate(stretches)) <= 1
    assert drawn(0) == []
    assert drawn(48) == list(range(48))


def test_they_are_the_same_for_any_parts_and_workers_and_after_growing(tmp_path: Path) -> None:
    write_photos(tmp_path)
    every = {"samples": 30}
    one = build(small_recipe(tmp_path, placement=every, **DEPTH), tmp_path / "one")
    build(small_recipe(tmp_path, placement={"samples": 9}, parts={"size": 5}, **DEPTH), tmp_path / "two")
    two = build(small_recipe(tmp_path, placement=every, parts={"size": 5}, **DEPTH), tmp_path / "two", workers=2)
    first, second = (open_dataset(out).statistics["probes"] for out in (one, two))
    assert first == second == probes_of(open_dataset(one))
    assert set(first["found"]) == {"difference_key", "mean_mask", "background_depth", "mean_depth", "feet", "seam"}
    assert first["found"]["difference_key"]["iou"] > 0.8


def test_what_another_version_wrote_needs_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_photos(tmp_path, 2, 2)
    out = build(small_recipe(tmp_path, **DEPTH), tmp_path / "out")
    monkeypatch.setattr(about, "code_sha256", lambda: "another")
    assert not verify(out).damage
    for probes in (None, {"found": "of a later version"}):
        statistics = json.loads((out / names.STATISTICS).read_bytes())
        statistics.pop("probes", None)
        (out / names.STATISTICS).write_text(json.dumps(statistics | ({"probes": probes} if probes else {})))
        told = verify(out).damage
        assert [one.what for one in told if "probe" in one.what] == []
        if probes is None:
            assert 'id="probes"' not in page(open_dataset(out))


def test_a_deep_look_takes_them_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_photos(tmp_path, 2, 2)
    out = build(small_recipe(tmp_path, **DEPTH), tmp_path / "out")
    told = dict(open_dataset(out).statistics["probes"])
    assert verify(out, deep=True).sound
    monkeypatch.setattr(derived_check, "probes_of", lambda data: told | {"samples": 17})
    assert verify(out).sound
    assert "probes.samples is 16, would be 17" in [one.what for one in verify(out, deep=True).damage]


def test_a_damaged_sample_leaves_them_out_and_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_photos(tmp_path, 2, 2)
    out = build(small_recipe(tmp_path, **DEPTH), tmp_path / "out")
    plate = next((out / "catalog/Background").iterdir())
    plate.write_bytes(b"junk")
    assert probes_or_none(open_dataset(out)) == {}
    assert "the probes are not taken" in caplog.text
    deep = verify(out, deep=True)
    assert any("probes" in line for line in deep.unchecked)
    assert {one.part for one in deep.damage} == {f"catalog/Background/{plate.name}"}
