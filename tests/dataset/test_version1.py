"""Datasets of format version 1 open, report and export; they are neither rendered again nor continued."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from figureground import build, export, open_dataset
from figureground.core.engines import Serial
from figureground.core.errors import FigureGroundError
from figureground.core.progress import silent
from figureground.core.recipe_toml import load_recipe
from figureground.make.redepth import redo_dataset
from figureground.report import write_report
from tests.builders import write_depth_network

OLD = Path(__file__).parents[1] / "data/version1"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return Path(shutil.copytree(OLD, tmp_path / "old"))


def test_it_opens(old: Path) -> None:
    data = open_dataset(old)
    assert len(data) == 8
    for i, sample in enumerate(data):
        assert sample.record.index == i
        assert sample.mask is not None
        assert sample.depth is not None
        assert sample.instances is not None
        assert np.array_equal(sample.instances > 0, sample.mask)
        assert sample.record.split in ("train", "new_background", "new_foreground", "new_both")
        for k, figure in enumerate(sample.record.figures):
            assert (sample.whole_mask(k) | ~sample.figure_mask(k)).all()
            assert figure.real_height is not None
            assert figure.look.poisson == 0  # of which its records do not speak
        assert sample.background is not None
        assert sample.background_depth is not None
    assert {record.split for record in map(data.record, range(8))} > {"train", "new_both"}
    assert len(data.select(split="train")) == 2


def test_it_reports_and_exports(old: Path, tmp_path: Path) -> None:
    page = write_report(open_dataset(old))
    assert "8 pictures" in Path(page).read_text()
    export(old, "2020", tmp_path / "zips", parts=2)
    assert len((tmp_path / "zips/labels.txt").read_text().splitlines()) == 8


def test_it_is_not_rendered_again_nor_continued(old: Path, tmp_path: Path) -> None:
    refusal = "format version 2, and this dataset has 1"
    with pytest.raises(FigureGroundError, match=f"rendering samples .* {refusal}") as caught:
        open_dataset(old, virtual=True)
    assert "build it anew" in caught.value.remedy
    network = write_depth_network(tmp_path / "grey.onnx")
    depth = load_recipe(old).depth
    with pytest.raises(FigureGroundError, match=f"new depth .* {refusal}"):
        redo_dataset(old, tmp_path / "new", depth, network.parent, Serial(), silent)
    with pytest.raises(FigureGroundError, match=f"going on with it .* {refusal}"):
        build(load_recipe(old), old)


@pytest.mark.parametrize("name", ["plan", "render"])
def test_another_plan_or_render_version_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    from figureground.dataset import versions
    from tests.builders import small_recipe, write_photos

    write_photos(tmp_path)
    out = build(small_recipe(tmp_path), tmp_path / "out")
    open_dataset(out, virtual=True)
    newer = versions.VERSIONS[name] + 1
    monkeypatch.setitem(versions.VERSIONS, name, newer)
    with pytest.raises(FigureGroundError, match=f"{name} version {newer}, and this dataset has {newer - 1}"):
        open_dataset(out, virtual=True)
    with pytest.raises(FigureGroundError, match=f"{name} version"):
        build(small_recipe(tmp_path), out)
    assert len(open_dataset(out)) == 36  # as it is stored, it is read


def test_where_depth_has_other_bytes_it_is_not_gone_on_with_but_rendered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from figureground.dataset import versions
    from tests.builders import small_recipe, write_photos

    write_photos(tmp_path)
    out = build(small_recipe(tmp_path), tmp_path / "out")
    newer = versions.VERSIONS["png"] + 1
    monkeypatch.setitem(versions.VERSIONS, "png", newer)
    with pytest.raises(FigureGroundError, match=f"png version {newer}, and this dataset has {newer - 1}"):
        build(small_recipe(tmp_path), out)
    assert len(open_dataset(out, virtual=True)) == 36  # its pixels are the same


def test_datasets_from_before_depth_had_a_code_of_its_own_are_refused_by_name_and_read(tmp_path: Path) -> None:
    from tests.builders import small_recipe, write_photos

    write_photos(tmp_path)
    out = build(small_recipe(tmp_path), tmp_path / "out")
    said = json.loads((out / "build.json").read_text())
    del said["png"]
    (out / "build.json").write_text(json.dumps(said))
    with pytest.raises(FigureGroundError, match="png version 2, and this dataset has 1"):
        build(small_recipe(tmp_path), out)
    assert len(open_dataset(out)) == 36
