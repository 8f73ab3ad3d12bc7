"""Cards: those that ship, and those of users."""

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from figureground.core import job
from figureground.core.card import KINDS, READINGS, Card
from figureground.core.errors import FigureGroundError
from figureground.networks import cards
from figureground.networks.cards import CARDS
from figureground.networks.depth import input_shape
from tests.builders import scene_photo
from tests.networks.opening import opened


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('name = "x"\ninput_size = 3', "missing: output"),
        ('name = "x"\ninput_size = 3\noutput = "metres"', "output = 'metres' is unknown"),
        ('name = "x"\ninput_size = 3\noutput = "metric"\nmeen = 3', "unknown: meen"),
        ('name = "x"\ninput_size = "big"\noutput = "metric"', "input_size = 'big' is no int"),
        ('name = "x"\ninput_size = 3\noutput = "metric"', "is no picture"),
        ('name = "x"\ninput_size = 64\noutput = ["metric"]', "is no str"),
        ('name = "x"\ninput_size = 64\noutput = "metric"\nmean = ["a", "b", "c"]', "no list of 3 numbers"),
        ('name = "x"\ninput_size = 64\noutput = "metric"\nmean = [0.5]', "no list of 3 numbers"),
        ('name = "x"\ninput_size = 64\noutput = "metric"\nvalid = [1.0]', "no list of 0 or 2 numbers"),
        ('name = "x"\ninput_size = 64\noutput = "metric"\nvalid = [9.0, 1.0]', r"not \[smallest, largest\]"),
        ('name = "x"\ninput_size = 64\noutput = "metric"\nmultiple = -14', "is negative"),
        ('name = "x"\ninput_size = true\noutput = "metric"', "input_size = True is no int"),
        ('name = "x"\ninput_size = 64\noutput = "metric"\nunit_scale = nan', "unit_scale = nan is no float"),
        ('name = "x"\ninput_size = 64\noutput = "metric"\nunit_scale = 0', "unit_scale = 0 makes"),
        ('name = "x"\ninput_size = 64\noutput = "metric"\nmean = 0.5', "mean = 0.5 is no list"),
        ('name = "x"\ninput_size = 64\noutput = "metric"\nmean = [0.5, inf, 0.5]', "no list of 3 numbers"),
        ('name = "x"\ninput_size = 64\noutput = "metric"\nstd = [1.0, 0.0, 1.0]', "is not positive"),
        ('name = "x"\ninput_size = 64\noutput = "metric"\nlayout = "chw"', "layout = 'chw' is unknown"),
        ("name = ", "cannot be read"),
    ],
)
def test_wrong_cards_are_refused(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(FigureGroundError, match=what) as caught:
        cards.read_card(tmp_path / "c.toml")
    assert caught.value.where == str(tmp_path / "c.toml")
    assert caught.value.remedy


def test_a_card_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FigureGroundError, match="no such card") as caught:
        cards.read_card(tmp_path / "c.toml")
    assert "fastdepth-nyu" in caught.value.remedy


def test_every_shipped_card_is_complete() -> None:
    wanted = {
        "densedepth-nyu",
        "depth-anything-v2-small",
        "depth-anything-v2-base",
        "depth-anything-v2-large",
        "depth-anything-v2-indoor-small",
        "midas-v2.1-small",
        "zoedepth-nyu",
        "glpn-nyu",
        "dpt-large",
        "metric3d-v2-small",
        "moge-2-small",
        "da3-mono-large",
        "da3-metric-large",
        "fastdepth-nyu",
    }
    assert set(CARDS) == wanted
    for card in CARDS.values():
        assert card.licence != "unknown", card.name
        assert card.figures_from, card.name
        assert card.output in KINDS
        assert card.reading in READINGS
        assert card.commercial == ("NC" not in card.licence)
    assert [card.name for card in CARDS.values() if card.run_by_us] == ["fastdepth-nyu"]


def stand_in(path: Path, card: Card) -> Path:
    """Write an ONNX file with the inputs and outputs of the card's network, of any size, and made-up weights."""
    weight = np.array([[1.5, -0.7, 0.9], [0.4, 1.1, -0.3], [0.8, 0.6, 0.5]], np.float32).reshape(3, 3, 1, 1)
    inputs = [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["n", 3, "h", "w"])]
    constants = [
        numpy_helper.from_array(np.array(3.0, np.float32), "three"),
        numpy_helper.from_array(weight, "w3"),
        numpy_helper.from_array(weight[2:], "w1"),
        numpy_helper.from_array(np.array([3.0], np.float32), "b1"),
        numpy_helper.from_array(np.array([1]), "axis"),
    ]
    depth = helper.make_node("Conv", ["pixel_values", "w1", "b1"], ["map"])
    if card.reading == "moge":  # as its authors export it: a second input, four outputs
        inputs.append(helper.make_tensor_value_info("num_tokens", TensorProto.INT64, []))
        nodes = [
            helper.make_node("Conv", ["pixel_values", "w3"], ["c"]),
            helper.make_node("Transpose", ["c"], ["points"], perm=[0, 2, 3, 1]),
            helper.make_node("ReduceMean", ["c"], ["normal"], axes=[1], keepdims=1),
            helper.make_node("ReduceMax", ["pixel_values"], ["top"], axes=[1, 2, 3], keepdims=0),
            helper.make_node("ReduceMean", ["pixel_values"], ["grey"], axes=[1], keepdims=0),
            helper.make_node("Mul", ["grey", "three"], ["mask"]),
            helper.make_node("Cast", ["num_tokens"], ["tokens"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["top", "tokens"], ["metric_scale"]),
        ]
        outputs = {"points": 4, "normal": 4, "mask": 3, "metric_scale": 1}
    elif card.output_name:
        nodes = [
            depth,
            helper.make_node("Conv", ["pixel_values", "w3"], ["predicted_normal"]),
            helper.make_node("Identity", ["map"], [card.output_name]),
        ]
        outputs = {"predicted_normal": 4, card.output_name: 4}
    else:
        nodes = [depth, helper.make_node("Squeeze", ["map", "axis"], ["predicted_depth"])]
        outputs = {"predicted_depth": 3}
    graph = helper.make_graph(
        nodes,
        "stand-in",
        inputs,
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * rank) for name, rank in outputs.items()],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("name", [name for name, card in CARDS.items() if card.runtime == "onnx"])
def test_onnx_cards_run_on_stand_ins(tmp_path: Path, name: str) -> None:
    """The card's own size, normalisation, output and reading, on a file with the network's inputs and outputs."""
    card = CARDS[name]
    network = opened(stand_in(tmp_path / "x.onnx", card), name, job.Running(focal=0.75))
    pictures = np.stack([scene_photo(i, 60, 80) for i in range(2)])
    depth = network(pictures)
    assert depth.shape == (2, 60, 80)
    assert np.allclose(depth[1], network(pictures[1:])[0], atol=1e-4 * np.nanmax(np.abs(depth[1])), equal_nan=True)
    assert np.isnan(depth).any() == bool(card.valid_output)
    if card.unit == "m":
        assert card.valid[0] <= np.nanmin(depth) <= np.nanmax(depth) <= card.valid[1]
    native = network(pictures[:1], native=True)
    assert native.shape[1:] == input_shape(card, 60, 80)


def test_a_shipped_card_says_the_same_in_a_users_file(tmp_path: Path) -> None:
    """The tables of cards.toml are what a user may copy beside the weights."""
    text = Path(cards.__file__).with_name("cards.toml").read_text(encoding="utf-8")
    tables = text.split("[[card]]")[1:]
    assert len(tables) == len(CARDS)
    for table, card in zip(tables, CARDS.values(), strict=True):
        (tmp_path / "c.toml").write_text(table)
        assert cards.read_card(tmp_path / "c.toml") == card
