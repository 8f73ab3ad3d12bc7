"""A network whose files change between two runs, or during one, never makes part of a dataset without a word."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image

from figureground import open_dataset
from figureground.core.engines import Outcome, Serial
from figureground.core.errors import FigureGroundError
from figureground.dataset import parts
from figureground.ingest import prepare
from figureground.ingest.ingest import prepare_photo
from figureground.ingest.inputs import photos_of
from figureground.make.build import build, check
from figureground.samples.maker import Maker
from tests.builders import job_of, scene_photo, small_recipe, write_photos, write_saliency_network
from tests.networks.odd_networks import external_network


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_photos(tmp_path)
    external_network(tmp_path / "m.onnx")
    return tmp_path


NETWORK: dict[str, Any] = {"source": "network", "model": "m.onnx"}


@pytest.mark.parametrize("source", ["network", "both"])
def test_a_swapped_second_file_is_refused_and_named(root: Path, source: str) -> None:
    """A build that goes on would mix two networks; a finished one would pass for the other's."""
    recipe = small_recipe(root, depth={**NETWORK, "source": source}, backgrounds={"depth": "depth"})
    out = build(recipe, root / "out")
    before = (out / parts.part_file(0)).read_bytes()
    told = json.loads((out / "build.json").read_text())["depth_model"]
    assert [one["file"] for one in told["files"]] == ["m.onnx", "m.onnx_data"]
    external_network(root / "m.onnx", add=3.0)
    with pytest.raises(FigureGroundError, match=r"made by another network: of the depth network m.onnx_data has other"):
        open_dataset(out, virtual=True, networks=root / "m.onnx")
    assert len(open_dataset(out)) > 0  # as it is stored, it is what it was
    for gone in ("", parts.part_file(1)):
        (out / gone).unlink() if gone else None
        with pytest.raises(FigureGroundError, match=r"of the depth network m.onnx_data has other content"):
            build(recipe, out)
    external_network(root / "m.onnx")
    build(recipe, out)
    assert (out / parts.part_file(0)).read_bytes() == before
    (root / "m.onnx_data").unlink()
    with pytest.raises(FigureGroundError, match=r"m.onnx_data is missing"):
        build(recipe, out)


def test_a_swapped_network_of_the_backgrounds_depth_is_refused_and_named(root: Path) -> None:
    recipe = small_recipe(root, depth={"source": "layered", "model": "m.onnx"})
    out = build(recipe, root / "out")
    external_network(root / "m.onnx", add=3.0)
    with pytest.raises(FigureGroundError, match=r"of the depth network m.onnx_data has other content"):
        build(recipe, out)


def test_a_swapped_cut_out_network_is_refused_and_named(root: Path) -> None:
    model = onnx.load(write_saliency_network(root / "cut.onnx"))
    onnx.save_model(model, root / "cut.onnx", save_as_external_data=True, location="cut.bin", size_threshold=0)
    for i in range(3):
        picture = scene_photo(i, 200, 120) // 4
        picture[..., 2] = 90  # nothing else is red
        v, u = np.mgrid[0:200, 0:120]  # round, as a frame would cut nobody off
        picture[np.hypot((v - 100) / 60, (u - 60) / 25) < 1] = (220, 40 + 20 * i, 30)
        Image.fromarray(picture).save(root / f"people/person{i}.png")
    recipe = small_recipe(root, foregrounds={"network": "cut.onnx", "cutout": "network", "doubtful": "use"})
    out = build(recipe, root / "out")
    (root / "cut.bin").write_bytes(np.array([9.0, 0.0, -9.0], np.float32).tobytes())
    with pytest.raises(FigureGroundError, match=r"of the cut-out network cut.bin has other content"):
        build(recipe, out)
    (root / "cut.bin").unlink()
    with pytest.raises(FigureGroundError, match=r"cut.bin is missing: it holds weights of the cut-out network"):
        check(recipe)


class Swapping:
    """Changes the network's second file before the first job: after the run began, before a worker loads it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def map(self, function: Callable[[Any], Any], jobs: Iterable[Any]) -> Iterator[Outcome]:
        external_network(self.root / "m.onnx", add=3.0)
        return Serial().map(function, jobs)


@pytest.mark.parametrize("source", ["network", "layered"])
def test_a_swap_before_a_worker_loads_it_is_seen(root: Path, source: str) -> None:
    with pytest.raises(FigureGroundError, match=r"m.onnx_data of the depth network has other content"):
        build(small_recipe(root, depth={**NETWORK, "source": source}), root / "out", engine=Swapping(root))
    assert not list((root / "out").rglob("part-*.zip"))


def test_a_swap_while_photos_are_prepared_is_seen(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = prepare.with_depth

    def swapping(*arguments: Any) -> Any:
        external_network(root / "m.onnx", add=3.0)
        return plain(*arguments)

    monkeypatch.setattr(prepare, "with_depth", swapping)
    job = job_of(small_recipe(root, depth={"source": "layered", "model": "m.onnx"}))
    with pytest.raises(FigureGroundError, match=r"m.onnx_data of the depth network has other content"):
        prepare_photo(job, photos_of(job).photos[0])


def test_a_swap_while_a_part_is_made_is_seen(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file may be mapped into memory: what is written over it is what the loaded network then computes with."""
    plain, made = Maker.encode, []

    def swapping(maker: Maker, one: Any, codes: Any) -> Any:
        made.append(one.scene.index)
        if len(made) == 10:  # in the second part
            external_network(root / "m.onnx", add=3.0)
        return plain(maker, one, codes)

    monkeypatch.setattr(Maker, "encode", swapping)
    with pytest.raises(FigureGroundError, match=r"m.onnx_data of the depth network has other content"):
        build(small_recipe(root, depth=NETWORK), root / "out")
    assert [path.name for path in sorted((root / "out/parts").glob("*.zip"))] == ["part-00000.zip"]
