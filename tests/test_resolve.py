"""The door: what recipes mean, and which networks are looked for."""

import dataclasses
import pickle
from pathlib import Path
from typing import Any

import pytest

from figureground.core.canvas import Canvas
from figureground.core.errors import FigureGroundError
from figureground.core.files import file_sha256
from figureground.core.job import (
    BackgroundSource,
    Floors,
    ForegroundSource,
    Formats,
    GivenDepth,
    Heights,
    Inputs,
    Running,
)
from figureground.core.nouns import POSES
from figureground.core.presets import PRESETS
from figureground.core.recipe import ImageOptions
from figureground.core.recipe_toml import from_mapping
from figureground.resolve import (
    canvas_of,
    depth_model,
    depth_plan,
    floors_of,
    heights_of,
    inputs_of,
    placing_of,
    resolve,
    running_of,
)
from tests.builders import ground_recipe, small_recipe, write_depth_network, write_saliency_network


def differing(value: Any, other: Any) -> dict[str, Any]:
    """Return the fields in which a value differs from another."""
    names = [field.name for field in dataclasses.fields(value)]
    return {name: getattr(value, name) for name in names if getattr(value, name) != getattr(other, name)}


def test_the_default_stands_figures_on_floors_in_layered_depth() -> None:
    recipe = from_mapping(PRESETS["default"])
    placing, plan = placing_of(recipe), depth_plan(recipe)
    assert (placing.standing, placing.spread, placing.as_2020, placing.truncated) == (True, False, False, True)
    assert (placing.min_visible, placing.per_pair, placing.twins, placing.own_places) == (0.5, 20, 2, False)
    assert (placing.figures, placing.several, placing.samples, placing.held_out) == ((1, 1), False, None, (0.1, 0.1))
    assert placing.look == recipe.look
    assert (plan.of_backgrounds, plan.known, plan.layered, plan.on_composites) == (True, False, True, False)
    assert (plan.relief, plan.model, plan.estimates, plan.network_layer) == ("round", None, True, "depth_network")
    assert (plan.wide, plan.top) == (True, 65535)
    floors = floors_of(recipe)
    assert floors.room is not None
    assert floors.room.path.name == "room-small.onnx"
    assert floors_of(recipe, prepared=True) == Floors(True, 1.4, True, False) == dataclasses.replace(floors, room=None)


OF_COMPOSITES = {"of_backgrounds": False, "layered": False, "on_composites": True, "relief": "flat"}


def test_uniform_places_figures_anywhere_and_asks_the_network_of_composites() -> None:
    recipe = from_mapping(PRESETS["uniform"])
    default = from_mapping({})
    placing, plan = placing_of(recipe), depth_plan(recipe)
    assert differing(placing, placing_of(default)) == {"standing": False}
    assert differing(plan, depth_plan(default)) == OF_COMPOSITES
    assert (plan.estimates, plan.network_layer) == (False, "depth")
    assert floors_of(recipe) == Floors(False, 1.4, True, False)


def test_eva4_is_2020() -> None:
    recipe = from_mapping(PRESETS["eva4"])
    default = from_mapping({})
    placing, plan = placing_of(recipe), depth_plan(recipe)
    assert differing(placing, placing_of(default)) == {
        "standing": False,
        "as_2020": True,
        "truncated": False,
        "min_visible": 1.0,
        "look": recipe.look,
        "heights": (Heights(0, 0.4464 * 224, 0.5358 * 224, (1.5, 1.9), True),),
    }
    assert differing(plan, depth_plan(default)) == {
        **OF_COMPOSITES,
        "encoding": "jpeg8",
        "running": Running(upsampling="half_pixel"),
    }
    assert (plan.wide, plan.top) == (False, 255)
    assert floors_of(recipe) == floors_of(from_mapping(PRESETS["uniform"]))


@pytest.mark.parametrize(
    ("placement", "expected"),
    [
        ({}, {}),
        ({"mode": "uniform"}, {"standing": False}),
        ({"mode": "uniform", "min_visible": 1.0}, {"standing": False, "truncated": False, "min_visible": 1.0}),
        ({"mode": "uniform", "clip": "2020"}, {"standing": False, "truncated": False, "as_2020": True}),
        ({"mode": "grid"}, {"standing": False, "spread": True}),
        ({"mode": "grid", "no_floor": "uniform"}, {"standing": False, "spread": True}),
        ({"mode": "uniform", "no_floor": "grid"}, {"standing": False}),
        ({"min_visible": 0.7}, {"min_visible": 0.7}),
        ({"no_floor": "uniform"}, {}),
        ({"no_floor": "grid"}, {"spread": True}),
        ({"mirror": "none"}, {"twins": 1}),
        ({"mirror": "own"}, {"own_places": True}),
        ({"samples": 12}, {"samples": 12}),
        ({"figures": [1, 3], "overlap": 0.2}, {"figures": (1, 3), "overlap": 0.2}),
        ({"figures": [2, 2], "per_pair": 3}, {"figures": (2, 2), "per_pair": 3}),
        ({"figures": [0, 1]}, {"figures": (0, 1)}),
    ],
)
def test_what_placements_mean(placement: dict[str, Any], expected: dict[str, Any]) -> None:
    placing = placing_of(from_mapping({"placement": placement}))
    assert differing(placing, placing_of(from_mapping({}))) == expected
    assert placing.several == (placing.figures != (1, 1))


def test_a_dataset_without_any_figure_is_refused() -> None:
    with pytest.raises(FigureGroundError, match="no sample would have a figure"):
        placing_of(from_mapping({"placement": {"figures": [0, 0]}}))


@pytest.mark.parametrize("mode", ["uniform", "grid", "ground"])
@pytest.mark.parametrize("no_floor", ["leave out", "uniform", "grid"])
def test_floors_are_looked_for_where_figures_stand(mode: str, no_floor: str) -> None:
    placement = {"mode": mode, "no_floor": no_floor, "camera_height": 2.5, "room": ""}
    floors = floors_of(from_mapping({"placement": placement}))
    assert floors == Floors(mode == "ground", 2.5, no_floor == "leave out", True)


@pytest.mark.parametrize("source", ["network", "layered", "both", "none"])
@pytest.mark.parametrize("mode", ["uniform", "grid", "ground"])
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("relief", ["flat", "round", "network"])
def test_where_depth_comes_from(source: str, mode: str, known: bool, relief: str) -> None:
    """Backgrounds need depth to stand on and to stand in; relief is seen only of figures that do both."""
    table = {"depth": {"source": source, "relief": relief}, "placement": {"mode": mode}}
    plan = depth_plan(from_mapping(table | ({"backgrounds": {"depth": "maps"}} if known else {})))
    layered = source in ("layered", "both")
    assert (plan.layered, plan.on_composites, plan.known) == (layered, source in ("network", "both"), known)
    assert plan.of_backgrounds == (layered or mode == "ground")
    assert plan.relief == (relief if layered and mode == "ground" else "flat")
    asked = plan.of_backgrounds and not known
    assert plan.estimates == (asked or (relief == "network" and layered and mode == "ground"))
    assert plan.network_layer == ("depth_network" if layered else "depth")


def test_numbers_reach_the_job(tmp_path: Path) -> None:
    look = {"shadow": [0.1, 0.2], "feather": [1, 2]}
    options = {"thickness": 0.3, "focal": 0.9, "batch": 4, "encoding": "png8", "device": "cuda", "runtime": "openvino"}
    recipe = small_recipe(
        tmp_path,
        size=96,
        seed=5,
        look=look,
        depth=options,
        split={"backgrounds": 0.3, "foregrounds": 0.4},
        foregrounds={"height": [0.25, 0.5], "real_height": [1.0, 2.0], "class": " dog "},
        image={"quality": 77},
        mask={"format": "jpeg"},
        backgrounds={"fit": "contain", "depth": "maps", "depth_unit": "1/m"},
    )
    job = resolve(recipe)
    assert job.recipe is recipe
    assert job.canvas == canvas_of(recipe) == job.placing.canvas == Canvas(96, 96)
    heights = Heights(5, 24.0, 48.0, (1.0, 2.0))
    assert job.placing.heights == heights_of(recipe) == (heights,)
    assert job.placing == placing_of(recipe)
    assert (job.placing.seed, job.placing.look, job.placing.held_out) == (5, recipe.look, (0.3, 0.4))
    assert job.inputs == inputs_of(recipe)
    rooms = BackgroundSource(("rooms",), "", GivenDepth("maps", "1/m"), "contain")
    people = ForegroundSource(("people",), "dog", job.inputs.foregrounds[0].cutting, heights)
    assert job.inputs == Inputs(tmp_path, (rooms,), (people,))
    plan = job.depth
    assert plan == depth_plan(recipe)  # depth.source is none: no network is looked for
    assert (plan.thickness_m, plan.focal, plan.batch, plan.encoding) == (0.3, 0.9, 4, "png8")
    assert plan.running == running_of(recipe.depth) == Running("openvino", "cuda", focal=0.9)
    assert job.formats == Formats(ImageOptions(quality=77), jpeg_masks=True, jpeg_depth=False)
    assert job.floors == floors_of(recipe)


def test_paths_start_from_an_absolute_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    inputs = inputs_of(small_recipe(Path("here")))
    assert inputs.root == tmp_path / "here"
    assert inputs.backgrounds[0].depth is None


def test_networks_are_found_and_hashed(tmp_path: Path) -> None:
    depth, saliency = write_depth_network(tmp_path / "net.onnx"), write_saliency_network(tmp_path / "cut.onnx")
    named = {"cutout": "network", "network": "cut.onnx"}
    recipe = small_recipe(tmp_path, depth={"source": "network", "model": "net.onnx"}, foregrounds=named)
    job = resolve(recipe)
    assert job.depth.model is not None
    assert (job.depth.model.path, job.depth.model.sha256) == (depth, file_sha256(depth))
    assert (job.depth.model.card.name, job.depth.model.card.output) == ("grey", "metric")
    assert job.depth.model == depth_model(recipe)
    cutting = job.inputs.foregrounds[0].cutting
    assert cutting.method == "network"
    assert cutting.model is not None
    assert (cutting.model.path, cutting.model.sha256) == (saliency, file_sha256(saliency))
    assert resolve(small_recipe(tmp_path, foregrounds={"network": ""})).inputs.foregrounds[0].cutting.model is None


@pytest.mark.parametrize(
    ("sections", "what", "where"),
    [
        ({"depth": {"source": "network", "model": "no.onnx"}}, "no such depth network", "no.onnx"),
        ({"depth": {"source": "layered", "model": "no.onnx"}}, "no such depth network", "no.onnx"),
        ({"depth": {"source": "network", "model": ""}}, "depth.model names no network", "network"),
        ({"depth": {"source": "both", "model": ""}}, "depth.model names no network", "both"),
        ({"depth": {"source": "layered", "model": ""}}, "the backgrounds' depth is needed", "layered"),
        ({"placement": {"mode": "ground"}, "depth": {"model": ""}}, "the backgrounds' depth is needed", "ground"),
        ({"foregrounds": {"network": "no.onnx"}}, "no such cut-out network", "no.onnx"),
        ({"foregrounds": {"cutout": "network", "network": ""}}, "names no network", "foregrounds.network"),
    ],
)
def test_a_network_that_is_missing_is_named(tmp_path: Path, sections: Any, what: str, where: str) -> None:
    with pytest.raises(FigureGroundError, match=what) as caught:
        resolve(small_recipe(tmp_path, **sections))
    assert where in caught.value.where
    assert caught.value.remedy


def test_relief_by_the_network_needs_one_even_where_depth_is_known(tmp_path: Path) -> None:
    with pytest.raises(FigureGroundError, match=r"depth\.model names no network"):
        resolve(ground_recipe(tmp_path, depth={"relief": "network", "model": ""}))
    assert resolve(ground_recipe(tmp_path, depth={"model": "no.onnx"})).depth.model is None  # nothing is estimated


def test_a_prepared_catalog_needs_no_network_that_prepares_photos(tmp_path: Path) -> None:
    gone = {"foregrounds": {"cutout": "network", "network": "no.onnx"}}
    layered = small_recipe(tmp_path, depth={"source": "layered", "model": "no.onnx"}, **gone)
    with pytest.raises(FigureGroundError):
        resolve(layered)
    job = resolve(layered, prepared=True)
    assert (job.depth.estimates, job.depth.model, job.inputs.foregrounds[0].cutting.model) == (True, None, None)
    relief = ground_recipe(tmp_path, depth={"relief": "network", "model": "no.onnx"}, **gone)
    assert resolve(relief, prepared=True).depth.model is None
    unnamed = small_recipe(tmp_path, depth={"source": "layered", "model": ""}, foregrounds={"network": ""})
    assert resolve(unnamed, prepared=True).depth.model is None
    for source in ("network", "both"):  # composites are still to be seen by it
        with pytest.raises(FigureGroundError, match="no such depth network"):
            resolve(small_recipe(tmp_path, depth={"source": source, "model": "no.onnx"}), prepared=True)


@pytest.mark.parametrize("prepared", [False, True])
def test_a_job_can_be_a_key_and_travel(tmp_path: Path, prepared: bool) -> None:
    """With both networks and every kind of exception in it."""
    write_depth_network(tmp_path / "net.onnx")
    write_saliency_network(tmp_path / "cut.onnx")
    sections: dict[str, Any] = {
        "depth": {"source": "both", "model": "net.onnx", "relief": "network"},
        "foregrounds": [{"network": "cut.onnx", "path": "a", "weight": 2}, {"path": "b"}],
        "placement": {"mode": "ground", "samples": 3},
    }
    job, again = (resolve(small_recipe(tmp_path, **sections), prepared=prepared) for _ in range(2))
    assert job == again
    assert hash(job) == hash(again)
    travelled = pickle.loads(pickle.dumps(job))  # noqa: S301
    assert travelled == job
    assert hash(travelled) == hash(job)
    assert travelled.recipe.root == job.recipe.root  # which equality passes over
    assert resolve(small_recipe(tmp_path, seed=1, **sections), prepared=prepared) != job


@pytest.mark.parametrize(
    ("knobs", "what"),
    [
        ({"cutout": "key"}, 'cutout = "key" does not'),
        ({"cutout": "alpha"}, 'cutout = "alpha" does not'),
        ({"network": ""}, "foregrounds.network names none"),
    ],
)
def test_people_alone_are_cut_out_by_a_network(knobs: dict[str, str], what: str) -> None:
    table = {"backgrounds": {"path": "rooms"}, "foregrounds": {"path": "people", "subject": "people", **knobs}}
    with pytest.raises(FigureGroundError, match='subject = "people" goes by the network') as caught:
        resolve(from_mapping(table, root=Path()))
    assert what in caught.value.what


@pytest.mark.parametrize(
    ("mode", "named", "used"),
    [
        ("ground", [], {"standing", "half-length", "group", "object"}),
        ("uniform", [], set(POSES) - {"cropped"}),
        ("grid", [], set(POSES) - {"cropped"}),
        ("ground", ["seated", "standing"], {"seated", "standing"}),
    ],
)
def test_which_poses_are_used_hangs_on_the_mode(mode: str, named: list[str], used: set[str]) -> None:
    recipe = from_mapping({"foregrounds": {"poses": named}, "placement": {"mode": mode}, "depth": {"source": "none"}})
    (source,) = inputs_of(recipe).foregrounds
    assert set(source.poses) == used


def test_a_word_that_is_no_pose_is_named() -> None:
    with pytest.raises(FigureGroundError, match="no pose") as caught:
        inputs_of(from_mapping({"foregrounds": {"poses": ["standing", "seatd"]}}))
    assert caught.value.remedy == "did you mean 'seated'?"
