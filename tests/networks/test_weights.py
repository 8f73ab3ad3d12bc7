"""Everything that decides a network's output is found, hashed and held to."""

import contextlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from figureground.core.errors import FigureGroundError
from figureground.core.files import WEIGHTS, file_sha256
from figureground.networks import cutout, registry, runtimes
from figureground.networks.onnx_file import HOLDS, external_locations
from figureground.networks.weights import ChangedError, difference, require_same, weights_of
from tests.builders import scene_photo, write_saliency_network
from tests.networks.odd_networks import external_network


def test_the_reader_knows_every_way_to_a_tensor() -> None:
    """The table of messages is what the onnx package itself says, so no tensor is overlooked."""
    waiting: list[Any] = [onnx.ModelProto.DESCRIPTOR]
    ways: dict[str, dict[int, Any]] = {}
    while waiting:
        message = waiting.pop()
        if message.name not in ways:
            ways[message.name] = {f.number: f.message_type for f in message.fields if f.message_type is not None}
            waiting += ways[message.name].values()
    holding, before = {"TensorProto"}, 0
    while len(holding) > before:
        before = len(holding)
        holding |= {name for name, inner in ways.items() if any(one.name in holding for one in inner.values())}
    true = {
        name: {number: one.name for number, one in ways[name].items() if one.name in holding}
        for name in holding - {"TensorProto"}
    }
    assert true == HOLDS


def external(name: str, location: str) -> TensorProto:
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="offset", value="0")
    tensor.external_data.add(key="location", value=location)
    return tensor


def test_tensors_outside_are_found_wherever_they_stand() -> None:
    """Among the initialisers, in a node's attribute, in a sub-graph, in a function, in a sparse tensor."""
    inner = helper.make_graph([], "then", [], [], [external("a", "in_subgraph")])
    sparse = onnx.SparseTensorProto(values=external("v", "in_sparse"), indices=numpy_helper.from_array(np.arange(1)))
    function = helper.make_function(
        "f", "g", [], [], [helper.make_node("Constant", [], ["c"], value=external("c", "in_function"))], []
    )
    graph = helper.make_graph(
        [
            helper.make_node("Constant", [], ["k"], value=external("k", "in/attribute")),
            helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner),
        ],
        "g",
        [],
        [],
        [external("w", "shared"), external("u", "shared"), numpy_helper.from_array(np.ones(3, np.float32), "own")],
        sparse_initializer=[sparse],
    )
    model = helper.make_model(graph, functions=[function])
    found = external_locations(model.SerializeToString())
    assert found == ["in/attribute", "in_function", "in_sparse", "in_subgraph", "shared"]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert external_locations(data) == []


def test_a_file_cut_off_anywhere_is_refused_or_has_its_names(tmp_path: Path) -> None:
    data = external_network(tmp_path / "m.onnx").read_bytes()
    for stop in range(1, len(data)):
        try:
            assert external_locations(data[:stop]) in ([], ["m.onnx_data"])
        except ValueError:
            continue


def test_messages_nested_for_ever_are_refused() -> None:
    graph = b""
    for _ in range(400):  # a graph in an attribute of a node of a graph
        for tag in (0x32, 0x2A, 0x0A):
            graph = bytes([tag]) + varint(len(graph)) + graph
    with pytest.raises(ValueError, match="too deeply"):
        external_locations(b"\x3a" + varint(len(graph)) + graph)


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def test_one_file_is_hashed_as_ever(tmp_path: Path) -> None:
    """So what was built before goes on."""
    assert weights_of(WEIGHTS / "depth-small.onnx").sha256 == file_sha256(WEIGHTS / "depth-small.onnx")
    (tmp_path / "nyu.h5").write_bytes(b"any bytes")
    assert weights_of(tmp_path / "nyu.h5").sha256 == file_sha256(tmp_path / "nyu.h5")
    for name, data in (("config.json", b"{}"), ("model.safetensors", b"w"), (".cache", b"x"), ("source.json", b"{}")):
        path = tmp_path / "folder" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    found = weights_of(tmp_path / "folder")
    assert [file.name for file in found.files] == ["config.json", "model.safetensors"]
    assert found.sha256 == "97542573c6c146465d594c4fb0f135a90aded7fc66c4de72d9945635fc860b67"


def test_weights_in_a_second_file_count(tmp_path: Path) -> None:
    path = external_network(tmp_path / "m.onnx")
    before = registry.resolve("m.onnx", "", tmp_path)
    assert [file.name for file in before.files] == ["m.onnx", "m.onnx_data"]
    onnx_bytes = path.read_bytes()
    external_network(path, add=2.0)
    assert path.read_bytes() == onnx_bytes
    after = registry.resolve("m.onnx", "", tmp_path)
    assert before.sha256 != after.sha256
    old, new = ([(file.name, file.sha256) for file in model.files] for model in (before, after))
    assert difference(old, new) == ["m.onnx_data has other content"]
    path.rename(tmp_path / "n.onnx")  # another name is no other network
    assert weights_of(tmp_path / "n.onnx").sha256 == after.sha256


def test_a_second_file_that_is_missing_is_named(tmp_path: Path) -> None:
    external_network(tmp_path / "m.onnx", location="weights.bin")
    (tmp_path / "weights.bin").unlink()
    with pytest.raises(FigureGroundError, match=r"weights.bin is missing: it holds weights of the depth network"):
        registry.resolve("m.onnx", "", tmp_path)
    (tmp_path / "weights.bin").mkdir()
    with pytest.raises(FigureGroundError, match=r"weights.bin is missing"):
        registry.resolve("m.onnx", "", tmp_path)


@pytest.mark.parametrize("name", ["../w.bin", "/etc/passwd", "a/../../w.bin", "C:\\w.bin", "..\\w.bin", "C:w.bin"])
def test_weights_outside_of_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "w.bin").write_bytes(b"0000")
    folder = tmp_path / "in"
    folder.mkdir()
    graph = helper.make_graph([], "g", [], [], [external("w", name)])
    (folder / "m.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    with pytest.raises(FigureGroundError, match="outside of its folder"):
        weights_of(folder / "m.onnx")


def test_links_lead_out_only_together_with_their_network(tmp_path: Path) -> None:
    """As in the hub's cache, where both lie in one folder of blobs."""
    (tmp_path / "blobs").mkdir()
    external_network(tmp_path / "blobs/m.onnx")
    for folder in ("both", "one"):
        (tmp_path / folder).mkdir()
        os.symlink("../blobs/m.onnx_data", tmp_path / folder / "m.onnx_data")
    os.symlink("../blobs/m.onnx", tmp_path / "both/m.onnx")
    (tmp_path / "one/m.onnx").write_bytes((tmp_path / "blobs/m.onnx").read_bytes())
    assert weights_of(tmp_path / "both/m.onnx").sha256 == weights_of(tmp_path / "blobs/m.onnx").sha256
    with pytest.raises(FigureGroundError, match=r"m.onnx_data is a link that leads out"):
        weights_of(tmp_path / "one/m.onnx")


@pytest.mark.parametrize("name", ["m.onnx", "m.onnx_data"])
def test_a_file_that_changes_while_a_run_goes_on_is_named(tmp_path: Path, name: str) -> None:
    path = external_network(tmp_path / "m.onnx")
    model = registry.resolve("m.onnx", "", tmp_path)
    data = (tmp_path / name).read_bytes()
    seen = (tmp_path / name).stat()
    (tmp_path / name).write_bytes(data)  # the same content again, at another time, is the same network
    registry.open_network(model)
    (tmp_path / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(tmp_path / name, ns=(seen.st_atime_ns, seen.st_mtime_ns))  # neither size nor date tells
    with pytest.raises(ChangedError, match=f"{name} of the depth network has other content"):
        registry.open_network(model)
    (tmp_path / name).unlink()
    with pytest.raises(ChangedError, match=f"{name} of the depth network is gone"):
        require_same(path, model.files)


def test_a_change_while_the_network_is_loaded_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = external_network(tmp_path / "m.onnx")
    model, load = registry.resolve("m.onnx", "", tmp_path), runtimes.onnx

    def slow(*arguments: Any) -> Any:
        loaded = load(*arguments)
        external_network(path, add=5.0)
        return loaded

    monkeypatch.setattr(runtimes, "onnx", slow)
    with pytest.raises(ChangedError, match=r"m.onnx_data"):
        registry.open_network(model)


def test_a_new_file_in_a_folder_of_weights_is_seen(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    files = weights_of(tmp_path).files
    (tmp_path / "adapter.json").write_text("{}")
    with pytest.raises(ChangedError, match=r"adapter.json is new"):
        require_same(tmp_path, files)


def test_a_cut_out_network_is_held_to_its_second_file(tmp_path: Path) -> None:
    """Other weights with the same size and date are another network, also in one process."""
    path = write_saliency_network(tmp_path / "red.onnx")
    model = onnx.load(path)
    onnx.save_model(model, path, save_as_external_data=True, location="red.data", size_threshold=0)
    picture = scene_photo(2, 64, 64)
    before = cutout.cutout_network(path)(picture)
    files = weights_of(path, "cut-out").files
    seen = (tmp_path / "red.data").stat()
    (tmp_path / "red.data").write_bytes(np.array([-40.0, 0.0, 40.0], np.float32).tobytes())
    os.utime(tmp_path / "red.data", ns=(seen.st_atime_ns, seen.st_mtime_ns))
    with pytest.raises(ChangedError, match=r"red.data of the cut-out network has other content"):
        cutout.cutout_network(path, files)
    assert not np.array_equal(cutout.cutout_network(path)(picture), before)
    (tmp_path / "red.data").unlink()
    with pytest.raises(FigureGroundError, match=r"red.data is missing: it holds weights of the cut-out network"):
        cutout.cutout_network(path)
