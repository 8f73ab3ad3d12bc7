"""Datasets grow: more samples later keep what there is, byte for byte; what is no growth is refused."""

import hashlib
from pathlib import Path

import pytest

from figureground import build, open_dataset
from figureground.core.errors import FigureGroundError
from figureground.core.recipe import Recipe
from tests.builders import ground_recipe, small_recipe, write_floor_photos, write_photos
from tests.make.test_build import files


def of_size(root: Path, samples: int | str, **placement: object) -> Recipe:
    return small_recipe(root, placement={"per_pair": 4, "samples": samples, **placement})


def parts(dataset: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted((dataset / "parts").iterdir())}


def test_a_dataset_grown_twice_is_the_one_built_at_once(tmp_path: Path) -> None:
    write_photos(tmp_path)
    out = tmp_path / "a/out"
    held: dict[str, str] = {}
    for samples, kept in ((10, 0), (24, 1), (51, 3)):
        before = {name: (out / "parts" / name).stat().st_mtime_ns for name in held}
        build(of_size(tmp_path, samples), out)
        assert len(open_dataset(out)) == samples
        after = parts(out)
        whole = sorted(held)[:kept]  # of seven samples each; the last was part-filled
        assert {name: after[name] for name in whole} == {name: held[name] for name in whole}
        assert {name: (out / "parts" / name).stat().st_mtime_ns for name in whole} == {n: before[n] for n in whole}
        held = after
    assert files(build(of_size(tmp_path, 51), tmp_path / "b/out")) == files(out)


def test_it_grows_where_figures_stand_in_each_others_way(tmp_path: Path) -> None:
    write_floor_photos(tmp_path)
    several = {"figures": [1, 3], "min_visible": 0.3, "per_pair": 3}
    few, many = (ground_recipe(tmp_path, placement={**several, "samples": n}) for n in (9, 30))
    out = build(few, tmp_path / "a/out")
    build(many, out)
    assert files(out) == files(build(many, tmp_path / "b/out"))


def test_a_stop_while_growing_is_no_finished_dataset_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photos(tmp_path)
    out = build(of_size(tmp_path, 10), tmp_path / "a/out")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("figureground.make.build.finish", stop)
        with pytest.raises(KeyboardInterrupt):
            build(of_size(tmp_path, 30), out)
    with pytest.raises(FigureGroundError, match="not finished"):
        open_dataset(out)
    assert files(build(of_size(tmp_path, 30), out)) == files(build(of_size(tmp_path, 30), tmp_path / "b/out"))


def test_what_is_no_growth_is_refused_and_says_the_ways_out(tmp_path: Path) -> None:
    write_photos(tmp_path)
    out = build(of_size(tmp_path, 24), tmp_path / "out")
    before = files(out)
    for other, what in (
        (of_size(tmp_path, 10), "samples: 24 -> 10"),
        (of_size(tmp_path, "all"), "samples: 24 -> 'all'"),  # its samples come in another order
        (of_size(tmp_path, 30, per_pair=5), "begun: placement.per_pair: 4 -> 5\n"),
    ):
        with pytest.raises(FigureGroundError, match=what) as caught:
            build(other, out)
        assert "open_dataset([ONE, OTHER])" in caught.value.remedy
    (tmp_path / "rooms/room0.png").unlink()
    with pytest.raises(FigureGroundError, match=r"room0.png is gone") as caught:
        build(of_size(tmp_path, 24), out)
    assert "open_dataset([ONE, OTHER])" in caught.value.remedy
    assert files(out) == before
