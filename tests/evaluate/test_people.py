"""Who is seen, and who is seen where nobody is."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from figureground.core.errors import FigureGroundError
from figureground.core.nouns import Picture
from figureground.evaluate import people
from figureground.networks.cutout import cutout_network
from tests.builders import write_saliency_network

RED, YELLOW, BLUE = (220, 40, 40), (220, 200, 40), (40, 40, 200)


def scene(colour: tuple[int, int, int]) -> Picture:
    picture = np.full((240, 240, 3), BLUE, np.uint8)
    picture[60:140, 60:140] = colour
    return picture


def test_a_network_is_judged_by_who_it_sees(tmp_path: Path) -> None:
    """To this one red is a person, and yellow a thing."""
    network = cutout_network(write_saliency_network(tmp_path / "both.onnx", people=True))
    truth = np.zeros((240, 240), bool)
    truth[60:140, 60:140] = True
    there = people.with_people(network, [("red", scene(RED), truth), ("yellow", scene(YELLOW), truth)])
    assert [(one.name, one.found) for one in there] == [("red", True), ("yellow", False)]
    assert there[0].iou == pytest.approx(1, abs=0.1)
    assert there[1].iou == 0
    assert people.rate(there).mean == 0.5
    (tmp_path / "rooms").mkdir()
    for name, colour in (("a", YELLOW), ("b", RED), ("c", BLUE)):
        Image.fromarray(scene(colour)).save(tmp_path / f"rooms/{name}.png")
    ticks: list[int] = []
    empty = people.without_people(network, people.read_empty(tmp_path / "rooms"), ticks.append)
    assert ticks == [1, 2, 3]
    assert [one.found for one in empty] == [False, True, False]
    text = people.table("both", there, empty)
    assert "of 2 pictures with people, somebody is found in 50.0%" in text
    assert "of 3 pictures without people, somebody is found in 33.3%" in text
    assert "b.png: 11.2% of it" in text
    assert people.to_json(there, empty)["without_people"]["pictures"][1]["name"] == "b.png"


def test_a_photo_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"junk")
    with pytest.raises(FigureGroundError, match="a picture cannot be used"):
        people.read_empty(tmp_path)
