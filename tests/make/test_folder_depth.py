import dataclasses
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground.core import job
from figureground.core.engines import Outcome, Processes, Serial, WorkerDiedError
from figureground.core.errors import FigureGroundError
from figureground.core.record import DepthMeaning
from figureground.geometry.codes import dequantise
from figureground.make.folder_depth import depth_of_folder
from figureground.networks import registry
from figureground.samples.codec import depth_code, pixels
from tests.builders import scene_photo, write_depth_network


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in/deep").mkdir(parents=True)
    for i, name in enumerate(("a.png", "b.png", "deep/c.png")):
        Image.fromarray(scene_photo(i, 80, 110)).save(tmp_path / "in" / name)
    write_depth_network(tmp_path / "grey.onnx")
    return tmp_path


def model(folder: Path) -> job.DepthModel:
    return registry.resolve("grey.onnx", "", folder)


def test_maps_and_their_meaning_for_a_folder(folder: Path) -> None:
    (folder / "in/broken.jpg").write_bytes(b"junk")
    out = folder / "out"
    aside = depth_of_folder(folder / "in", out, model(folder), job.Running(), Serial(), lambda *_: None)
    assert [line.split("/")[-1] for line in aside] == ["broken.jpg: not a picture that can be decoded"]
    network = registry.open_network(model(folder))
    for name in ("a", "b", "deep/c"):
        about = json.loads((out / f"{name}.depth.json").read_text())
        meaning = DepthMeaning(
            **{field.name: about[f"depth_{field.name}"] for field in dataclasses.fields(DepthMeaning)}
        )
        depth = dequantise(depth_code(pixels((out / f"{name}.depth.png").read_bytes()), meaning))
        picture = np.asarray(Image.open(folder / f"in/{name}.png"))
        assert np.abs(depth.values - network.estimate(picture).values).max() < 0.00051
        assert (about["depth_unit"], about["model"]) == ("m", "grey")
    again = folder / "again"
    depth_of_folder(folder / "in", again, model(folder), job.Running(), Processes(2), lambda *_: None)
    assert {p.name: p.read_bytes() for p in again.rglob("*.*")} == {p.name: p.read_bytes() for p in out.rglob("*.*")}


def test_float_maps_at_the_networks_own_size(folder: Path) -> None:
    out = folder / "out"
    depth_of_folder(folder / "in", out, model(folder), job.Running(), Serial(), lambda *_: None, "npy", "native")
    values = np.load(out / "a.depth.npy", allow_pickle=False)
    assert values.shape == (64, 64)
    assert values.dtype == np.float32
    assert json.loads((out / "a.depth.json").read_text())["depth_invalid"] is None


def test_maps_that_exist_are_kept(folder: Path) -> None:
    out = folder / "out"
    depth_of_folder(folder / "in", out, model(folder), job.Running(), Serial(), lambda *_: None)
    kept = (out / "a.depth.png").stat().st_mtime_ns
    (out / "b.depth.png").unlink()
    depth_of_folder(folder / "in", out, model(folder), job.Running(), Serial(), lambda *_: None)
    assert (out / "b.depth.png").is_file()
    assert (out / "a.depth.png").stat().st_mtime_ns == kept


def test_one_flat_picture_does_not_stop_the_others(folder: Path) -> None:
    Image.fromarray(np.full((80, 80, 3), 90, np.uint8)).save(folder / "in/flat.png")
    out = folder / "in/maps"  # among the pictures
    for _ in range(2):
        aside = depth_of_folder(folder / "in", out, model(folder), job.Running(), Serial(), lambda *_: None)
        assert [line.split(": ")[1] for line in aside] == ["the depth network's output is constant"][: len(aside)]
    assert len(list(out.rglob("*.png"))) == 3
    with pytest.raises(FigureGroundError, match="no such folder"):
        depth_of_folder(folder / "in/a.png", out, model(folder), job.Running(), Serial(), lambda *_: None)


def test_wrong_options_are_refused(folder: Path) -> None:
    for options, what in ((("gif", "image"), "unknown encoding"), (("npy", "huge"), "unknown size")):
        with pytest.raises(FigureGroundError, match=what):
            depth_of_folder(
                folder / "in", folder / "out", model(folder), job.Running(), Serial(), lambda *_: None, *options
            )
    Image.fromarray(scene_photo(9)).save(folder / "in/a.bmp")
    with pytest.raises(FigureGroundError, match="differ only in their suffix"):
        depth_of_folder(folder / "in", folder / "out", model(folder), job.Running(), Serial(), lambda *_: None)


def test_a_worker_that_dies_on_a_picture_is_told_by_its_name(folder: Path) -> None:
    class Killing:
        def map(self, function: Any, jobs: Iterable[Any]) -> Iterator[Outcome]:
            for task in jobs:
                yield Outcome(task, error=WorkerDiedError("a worker process died"))

    with pytest.raises(FigureGroundError) as caught:
        depth_of_folder(folder / "in", folder / "out", model(folder), job.Running(), Killing(), lambda *_: None)
    assert (caught.value.what, caught.value.where) == ("a worker process died", str(folder / "in/a.png"))
    assert "--workers 1" in caught.value.remedy
