import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from figureground import build, export, open_dataset
from figureground.core.errors import FigureGroundError
from figureground.core.record import SPLITS
from figureground.dataset.stored import Dataset
from figureground.samples.amodal import amodal
from tests.builders import small_recipe, write_depth_network, write_photos

h5py = pytest.importorskip("h5py")


@pytest.fixture(scope="module")
def files(varied: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("hdf5") / "out"
    export(varied, "hdf5", out)
    return out


def test_every_sample_is_there_as_it_is(varied: Dataset, files: Path) -> None:
    found = []
    for split in SPLITS:
        with h5py.File(files / f"{split}.h5") as file:
            for k, index in enumerate(file["index"]):
                sample = varied[int(index)]
                assert sample.record.split == split
                assert file["keys"][k].decode() == sample.record.key
                np.testing.assert_array_equal(file["images"][k], sample.image)
                np.testing.assert_array_equal(file["masks"][k].astype(bool), sample.mask)
                np.testing.assert_array_equal(file["labels"][k], sample.semantic)
                assert sample.depth is not None
                np.testing.assert_array_equal(file["depths"][k], sample.depth.values)
                found.append(int(index))
            assert [name.decode() for name in file["names"]] == ["person", "thing"]
    assert sorted(found) == list(range(len(varied)))


def test_what_figures_hide_is_there_on_request(varied: Dataset, files: Path, tmp_path: Path) -> None:
    export(varied, "hdf5", tmp_path / "out", amodal=True)
    for split in SPLITS:
        with h5py.File(tmp_path / f"out/{split}.h5") as file, h5py.File(files / f"{split}.h5") as plain:
            assert set(file) - set(plain) == {"amodal_masks", "amodal_depths"}
            assert file["amodal_depths"].attrs["unit"] == "m"
            for k, index in enumerate(file["index"]):
                whole, behind = amodal(varied[int(index)])
                np.testing.assert_array_equal(file["amodal_masks"][k].astype(bool), whole)
                np.testing.assert_array_equal(file["amodal_depths"][k], behind.values)
    assert "amodal_depths" in (tmp_path / "out/README.md").read_text()
    assert "amodal" not in (files / "README.md").read_text()


def test_depth_says_its_unit(files: Path) -> None:
    with h5py.File(files / "train.h5") as file:
        said = dict(file["depths"].attrs)
        assert (said["unit"], said["scale"], said["invalid"], said["direction"]) == ("m", 1, "NaN", "larger is farther")
        assert file["images"].chunks == (1, 64, 96, 3)


def test_labels_are_those_of_instances_where_no_classes_are_stored(tmp_path: Path) -> None:
    write_photos(tmp_path, 1, 2)
    sources = [{"path": "people/person0.png", "class": "person"}, {"path": "people/person1.png", "class": "thing"}]
    given = {"backgrounds": {"depth": "depth"}, "depth": {"source": "layered"}, "foregrounds": sources}
    for name, figures in (("several", [1, 2]), ("one", [1, 1])):
        recipe = small_recipe(tmp_path, placement={"figures": figures}, **given)
        data = open_dataset(build(recipe, tmp_path / name))
        export(data, "hdf5", tmp_path / f"{name} h5")
        seen = set()
        for path in (tmp_path / f"{name} h5").glob("*.h5"):
            with h5py.File(path) as file:
                for labels, index in zip(file["labels"], file["index"], strict=True):
                    sample = data[int(index)]
                    assert sample.mask is not None
                    for j, figure in enumerate(sample.record.figures):
                        where = sample.mask if sample.instances is None else sample.instances == j + 1
                        assert set(np.unique(labels[where])) <= {figure.class_id}
                    assert not labels[~sample.mask].any()
                    seen |= set(np.unique(labels).tolist())
        assert seen == {0, 1, 2}


def test_matlabs_axes_are_those_of_nyus_file(varied: Dataset, files: Path, tmp_path: Path) -> None:
    export(varied, "hdf5", tmp_path / "out", axes="matlab")
    with h5py.File(files / "train.h5") as own, h5py.File(tmp_path / "out/train.h5") as nyu:
        assert nyu["images"].shape[1:] == (3, 96, 64)
        for name in ("images", "depths", "masks", "labels"):
            np.testing.assert_array_equal(nyu[name][2].T, own[name][2])


def test_relative_depth_is_refused(tmp_path: Path) -> None:
    write_photos(tmp_path, 1, 1)
    write_depth_network(tmp_path / "depth.onnx")
    card = tmp_path / "depth.card.toml"
    card.write_text('name = "r"\ninput_size = 64\noutput = "relative-inverse"\n')
    data = build(small_recipe(tmp_path, depth={"source": "network", "model": "depth.onnx"}), tmp_path / "data")
    with pytest.raises(FigureGroundError, match="relative"):
        export(data, "hdf5", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_dataset_without_depth_is_refused(tmp_path: Path) -> None:
    write_photos(tmp_path, 1, 1)
    data = build(small_recipe(tmp_path), tmp_path / "data")
    with pytest.raises(FigureGroundError, match="needs the layer depth"):
        export(data, "hdf5", tmp_path / "out")
    with pytest.raises(FigureGroundError, match="unknown axes"):
        export(data, "hdf5", tmp_path / "out", axes="c")


def test_without_h5py_it_says_what_to_install(single: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modules: Any = sys.modules
    monkeypatch.setitem(modules, "h5py", None)
    with pytest.raises(FigureGroundError, match="not installed") as caught:
        export(single, "hdf5", tmp_path / "out")
    assert caught.value.remedy == "pip install 'figureground[depth]'"
