"""ONNX files as they are met: any layout and type of input and output, and inputs besides the picture."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from figureground.core.card import Card, meaning
from figureground.core.errors import FigureGroundError
from figureground.core.job import Running
from figureground.networks import cards
from figureground.networks.cards import CARDS
from figureground.networks.tensors import resized_map
from tests.builders import SHARED, scene_photo
from tests.networks.odd_networks import FLOAT, mean_network, write_network
from tests.networks.opening import opened

PICTURES = np.stack([scene_photo(i, 64, 64) for i in range(3)])
GREY = 10 * (PICTURES / 255).mean(-1)

NHWC, NCHW = (1, 64, 64, 3), (1, 3, 64, 64)
FORMS: dict[str, dict[str, Any]] = {
    "nhwc in, [1, h, w, 1] out": {"shape": NHWC, "axes": [3], "out": [1, 64, 64, 1], "card": 'layout = "nhwc"\n'},
    "nhwc in, [1, h, w] out": {
        "shape": NHWC,
        "axes": [3],
        "keep": 0,
        "out": [1, 64, 64],
        "card": 'layout = "nhwc"\n',
    },
    "[h, w] out": {"axes": [0, 1], "keep": 0, "out": [64, 64]},
    "[1, h, w] out": {"axes": [1], "keep": 0, "out": [1, 64, 64]},
    "[1, 1, h, w] out": {},
    "[n, h, w] out": {"shape": ["n", 3, "h", "w"], "axes": [1], "keep": 0, "out": ["n", "h", "w"]},
    "[n, 1, h, w] out": {"shape": ["n", 3, "h", "w"], "out": ["n", 1, "h", "w"]},
    "[n, h, w, 1] out": {
        "shape": ["n", "h", "w", 3],
        "axes": [3],
        "out": ["n", "h", "w", 1],
        "card": 'layout = "nhwc"\n',
    },
    "any batch in, [h, w] out": {"shape": ["n", 3, 64, 64], "axes": [0, 1], "keep": 0, "out": [64, 64]},
    "float16 in and out": {"picture": TensorProto.FLOAT16, "gives": TensorProto.FLOAT16},
    "double in and out": {"picture": TensorProto.DOUBLE, "gives": TensorProto.DOUBLE},
    "uint8 in": {"picture": TensorProto.UINT8, "card": "unit_scale = 0.00392156862745098\n"},
    "uint8 nhwc in, uint8 out": {
        "picture": TensorProto.UINT8,
        "gives": TensorProto.INT32,
        "shape": NHWC,
        "axes": [3],
        "out": [1, 64, 64, 1],
        "card": 'layout = "nhwc"\nunit_scale = 0.00392156862745098\n',
    },
    "int32 in": {"picture": TensorProto.INT32, "card": "unit_scale = 0.00392156862745098\n"},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
def test_every_form_gives_the_same_depth(tmp_path: Path, form: str, runtime: str) -> None:
    """Of one picture and of several in a call."""
    if runtime == "openvino":
        pytest.importorskip("openvino", reason="the extra [openvino] is not installed")
    network = opened(mean_network(tmp_path / "odd.onnx", **FORMS[form]), how=Running(runtime=runtime))
    each = [network(picture[None])[0] for picture in PICTURES]
    assert np.abs(np.stack(each) - GREY).max() < 0.02
    assert np.array_equal(network(PICTURES), np.stack(each))


@pytest.mark.parametrize(
    ("form", "what"),
    [
        ({"axes": [2], "out": [1, 3, 1, 64]}, r"has shape \[1, 3, 1, 64\]"),
        ({"axes": [0, 1, 2], "keep": 0, "out": [64]}, r"has shape \[64\]"),
        ({"picture": TensorProto.UINT8, "card": "mean = [0.4, 0.4, 0.4]\n"}, "has mean or std"),
        ({"picture": TensorProto.UINT8, "card": "std = [0.2, 0.2, 0.2]\n"}, "has mean or std"),
        ({"picture": TensorProto.INT8}, "takes its picture as int8"),
        ({"picture": TensorProto.BOOL}, "takes its picture as bool"),
    ],
)
def test_other_forms_are_refused_by_name(tmp_path: Path, form: dict[str, Any], what: str) -> None:
    path = mean_network(tmp_path / "odd.onnx", **form)
    with pytest.raises(FigureGroundError, match=what) as caught:
        opened(path)(PICTURES[:1])
    assert caught.value.where == str(path)
    assert caught.value.remedy


@pytest.mark.parametrize("name", ["nhwc_out", "hw", "uint8"])
@pytest.mark.skipif(not (SHARED / "cases").is_dir(), reason="the shared cases are not on this machine")
def test_the_files_of_the_case(name: str) -> None:
    network = opened(SHARED / f"cases/23_nhwc_output/{name}.onnx")
    assert network(PICTURES).shape == (3, 64, 64)


def two_inputs(path: Path, kind: int, shape: list[Any], card: str, first: bool = True) -> Path:
    """Write a network whose depth is the grey value times a second input, which may stand first."""
    nodes = [
        helper.make_node("Cast", ["times"], ["factor"], to=FLOAT),
        helper.make_node("ReduceMax", ["factor"], ["most"], keepdims=0),
        helper.make_node("ReduceMean", ["image"], ["grey"], axes=[1], keepdims=1),
        helper.make_node("Mul", ["grey", "most"], ["depth"]),
    ]
    inputs: list[tuple[str, int, Any]] = [("image", FLOAT, ["n", 3, 64, 64]), ("times", kind, shape)]
    outputs = [("depth", FLOAT, ["n", 1, 64, 64])]
    return write_network(path, nodes, inputs if first else inputs[::-1], outputs, {}, card)


@pytest.mark.parametrize(
    ("kind", "shape", "value"),
    [
        (TensorProto.INT64, [], "10"),
        (TensorProto.INT64, [1], "10"),
        (TensorProto.INT64, [1], "[10]"),
        (TensorProto.INT32, [2], "[3, 10]"),
        (TensorProto.INT64, ["n"], "10"),
        (TensorProto.FLOAT, [], "10.0"),
        (TensorProto.FLOAT, [], "10"),
        (TensorProto.FLOAT16, [1, 1], "10.0"),
        (TensorProto.DOUBLE, [2, 2], "[[1, 2], [3, 10]]"),
        (TensorProto.UINT8, ["k"], "[1, 2, 10]"),
    ],
)
@pytest.mark.parametrize("runtime", ["onnx", "openvino"])
@pytest.mark.parametrize("first", [True, False])
def test_other_inputs_get_the_cards_constants(
    tmp_path: Path, kind: int, shape: list[Any], value: str, runtime: str, first: bool
) -> None:
    if runtime == "openvino":
        pytest.importorskip("openvino", reason="the extra [openvino] is not installed")
    for form in (f"inputs.times = {value}\n", f"inputs = {{ times = {value} }}\n", f"[inputs]\ntimes = {value}\n"):
        path = two_inputs(tmp_path / "odd.onnx", kind, shape, form, first)
        assert np.abs(opened(path, how=Running(runtime=runtime))(PICTURES) - GREY).max() < 0.01


def test_an_input_of_one_value_a_picture_gets_as_many(tmp_path: Path) -> None:
    """Its first length has the name of the picture's; a step that joins them takes no other number."""
    nodes = [
        helper.make_node("Reshape", ["times", "four"], ["t"]),
        helper.make_node("Expand", ["t", "map"], ["factor"]),
        helper.make_node("ReduceMean", ["image"], ["grey"], axes=[1], keepdims=1),
        helper.make_node("Concat", ["grey", "factor"], ["both"], axis=1),
        helper.make_node("ReduceProd", ["both"], ["depth"], axes=[1], keepdims=1),
    ]
    constants = {"four": np.array([-1, 1, 1, 1]), "map": np.array([1, 1, 64, 64])}
    inputs: list[tuple[str, int, Any]] = [("image", FLOAT, ["n", 3, 64, 64]), ("times", FLOAT, ["n"])]
    outputs = [("depth", FLOAT, ["n", 1, 64, 64])]
    path = write_network(tmp_path / "odd.onnx", nodes, inputs, outputs, constants, "inputs.times = 10\n")
    assert np.abs(opened(path)(PICTURES) - GREY).max() < 0.01


def test_an_input_that_the_card_does_not_name_is_refused_with_the_line_to_write(tmp_path: Path) -> None:
    for kind, shape, line in (
        (TensorProto.INT64, [], "inputs.times = 1"),
        (TensorProto.FLOAT, [3], "inputs.times = [1.0, 1.0, 1.0]"),
        (TensorProto.BOOL, [1], "inputs.times = [true]"),
    ):
        path = two_inputs(tmp_path / "odd.onnx", kind, shape, "")
        with pytest.raises(FigureGroundError, match="another input that its card does not name: 'times'") as caught:
            opened(path)
        word = TensorProto.DataType.Name(kind).lower()
        assert word in caught.value.what
        assert line in caught.value.remedy
        path.with_suffix(".card.toml").write_text(path.with_suffix(".card.toml").read_text() + line)
        opened(path)  # and it is taken as it stands


@pytest.mark.parametrize(
    ("kind", "shape", "value", "what"),
    [
        (TensorProto.INT64, [], "1.5", "does not fit"),
        (TensorProto.INT64, [], "true", "does not fit"),
        (TensorProto.UINT8, [], "300", "does not fit"),
        (TensorProto.UINT8, [], "-1", "does not fit"),
        (TensorProto.BOOL, [], "1", "does not fit"),
        (TensorProto.FLOAT16, [], "1e9", "does not fit"),
        (TensorProto.INT64, [2], "[1, 2, 3]", "does not fit"),
        (TensorProto.INT64, [2, 2], "[[1, 2], [3]]", "does not fit"),
        (TensorProto.INT64, [], "[1, 2]", "does not fit"),
    ],
)
def test_a_constant_of_another_type_or_shape_is_refused(
    tmp_path: Path, kind: int, shape: list[Any], value: str, what: str
) -> None:
    path = two_inputs(tmp_path / "odd.onnx", kind, shape, f"inputs.times = {value}\n")
    with pytest.raises(FigureGroundError, match=what) as caught:
        opened(path)
    assert "inputs.times = " in caught.value.remedy


def test_a_name_that_no_input_has_is_refused(tmp_path: Path) -> None:
    path = two_inputs(tmp_path / "odd.onnx", TensorProto.INT64, [], "inputs.tims = 3\n")
    with pytest.raises(FigureGroundError, match="'tims', and the depth network has no such input") as caught:
        opened(path)
    assert "image, times" in caught.value.remedy
    path = two_inputs(tmp_path / "odd.onnx", TensorProto.INT64, [], "inputs.times = 3\ninputs.image = 3\n")
    with pytest.raises(FigureGroundError, match="not clear which input"):
        opened(path)


@pytest.mark.parametrize("value", ['"many"', "[]", '["a"]', "{ a = 1 }", "nan", "[1, [2, 'x']]"])
def test_a_constant_that_is_none_is_a_wrong_card(tmp_path: Path, value: str) -> None:
    (tmp_path / "c.toml").write_text(f'name = "x"\ninput_size = 64\noutput = "metric"\ninputs.n = {value}\n')
    with pytest.raises(FigureGroundError, match=r"inputs.n = .* is no constant"):
        cards.read_card(tmp_path / "c.toml")


def test_new_keys_of_cards_change_no_meaning_where_they_say_nothing() -> None:
    """The meaning of a card is part of build ids: those of before stay."""
    plain = Card("x", 64, "metric")
    assert sorted(meaning(plain)) == [
        *("fit", "input_size", "layout", "mean", "multiple", "output", "output_name", "reading", "resize", "runtime"),
        *("std", "unit_scale", "valid"),
    ]
    for change in ({"inputs": (("n", 3),)}, {"valid_output": "mask"}, {"valid_least": 0.2}):
        assert meaning(dataclasses.replace(plain, **change)) != meaning(plain)
    assert dict(CARDS["moge-2-small"].inputs) == {"num_tokens": 1800}


def masked(path: Path, card: str) -> Path:
    """Write a network with a confidence beside its depth: the red channel."""
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["grey"], axes=[1], keepdims=1),
        helper.make_node("Mul", ["grey", "ten"], ["depth"]),
        helper.make_node("Slice", ["image", "zero", "one", "one"], ["confidence"]),
        helper.make_node("ReduceMean", ["image"], ["small"], axes=[2, 3], keepdims=1),
    ]
    constants: dict[str, Any] = {
        "ten": np.array(10, np.float32),
        "zero": np.array([0], np.int64),
        "one": np.array([1], np.int64),
    }
    outputs = [("depth", FLOAT, [1, 1, 64, 64]), ("confidence", FLOAT, [1, 1, 64, 64]), ("small", FLOAT, [1, 3, 1, 1])]
    return write_network(path, nodes, [("image", FLOAT, [1, 3, 64, 64])], outputs, constants, card)


@pytest.mark.parametrize("least", [0.5, 0.3])
def test_an_output_may_say_where_there_is_no_depth(tmp_path: Path, least: float) -> None:
    card = 'valid_output = "confidence"\n' + ("" if least == 0.5 else f"valid_least = {least}\n")
    network = opened(masked(tmp_path / "odd.onnx", card))
    depth = network(PICTURES)
    known = PICTURES[..., 0] / np.float32(255) >= least
    assert 0.1 < known.mean() < 0.9
    assert np.array_equal(np.isfinite(depth), known)
    assert np.abs(depth - GREY)[known].max() < 0.01
    larger = network(np.stack([scene_photo(5, 128, 160)]))[0]  # holes keep their place, and take nothing of others
    assert 0.1 < np.isfinite(larger).mean() < 0.9
    assert np.nanmin(larger) > 0


@pytest.mark.parametrize("size", [4, 8, 20, 32])
def test_holes_keep_their_place_at_any_size_and_take_nothing_of_others(size: int) -> None:
    values = np.full((8, 8), 5, np.float32)
    values[:, 4:] = np.nan
    found = resized_map(values, size, size)
    assert np.array_equal(np.isfinite(found), np.repeat([np.arange(size) < size // 2], size, 0))
    assert np.allclose(found[:, : size // 2], 5)
    assert np.isnan(resized_map(np.full((8, 8), np.nan, np.float32), size, size)).all()


def test_a_wrong_valid_output_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FigureGroundError, match="no output 'mask'") as caught:
        opened(masked(tmp_path / "odd.onnx", 'valid_output = "mask"\n'))(PICTURES)
    assert "set valid_output to one of depth, confidence, small" in caught.value.remedy
    with pytest.raises(FigureGroundError, match=r"has shape \[1, 3, 1, 1\]"):
        opened(masked(tmp_path / "odd.onnx", 'valid_output = "small"\n'))(PICTURES)
    with pytest.raises(FigureGroundError, match="no pixel with a value"):
        opened(masked(tmp_path / "odd.onnx", 'valid_output = "confidence"\nvalid_least = 2.0\n'))(PICTURES)
