"""Which networks a job's cut-outs and backgrounds are asked of."""

from pathlib import Path

import numpy as np
import pytest

from figureground.core.errors import FigureGroundError
from figureground.core.job import CutoutModel, Cutting
from figureground.core.nouns import Picture
from figureground.ingest.cutters import bystanders_in, ways_of
from tests.builders import write_saliency_network

RED, YELLOW, BLUE = (220, 40, 40), (220, 200, 40), (40, 40, 200)


def scene(colour: tuple[int, int, int], share: float = 0.1) -> Picture:
    picture = np.full((200, 200, 3), BLUE, np.uint8)
    side = round(200 * share**0.5)
    picture[60 : 60 + side, 60 : 60 + side] = colour
    return picture


@pytest.fixture
def telling(tmp_path: Path) -> CutoutModel:
    """A network to which red is a person, and yellow a thing."""
    return CutoutModel(write_saliency_network(tmp_path / "both.onnx", people=True), "")


def test_people_alone_are_cut_out(telling: CutoutModel) -> None:
    anything, people = (ways_of(Cutting("auto", telling, people=only)).network for only in (False, True))
    assert anything is not None
    assert people is not None
    for colour, person in ((RED, True), (YELLOW, False)):
        assert (anything(scene(colour)) >= 128).mean() == pytest.approx(0.1, abs=0.01)
        assert (people(scene(colour)) >= 128).mean() == pytest.approx(0.1 if person else 0, abs=0.01)
    assert not ways_of(Cutting("auto", telling, people=True)).keyed


def test_a_network_that_tells_no_people_is_refused_for_them(tmp_path: Path) -> None:
    plain = CutoutModel(write_saliency_network(tmp_path / "one.onnx"), "")
    assert ways_of(Cutting("auto", plain)).network is not None
    with pytest.raises(FigureGroundError, match="tells no people"):
        ways_of(Cutting("auto", plain, people=True))
    with pytest.raises(FigureGroundError, match="tells no people"):
        bystanders_in(plain, scene(RED))


def test_people_in_a_background_are_found_where_they_are(telling: CutoutModel) -> None:
    found = bystanders_in(telling, scene(RED))
    assert found.mean() == pytest.approx(0.1, abs=0.01)
    assert found[70:110, 70:110].all()
    assert not bystanders_in(telling, scene(YELLOW)).any()
    assert not bystanders_in(telling, scene(RED, 0.004)).any()  # too few to be somebody
