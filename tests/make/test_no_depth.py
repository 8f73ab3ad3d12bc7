"""A network that gives no depth for a picture: that sample says so, it is named and counted, and the run goes on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from figureground import export, open_dataset
from figureground.core.engines import Engine, Processes, Serial
from figureground.core.errors import FigureGroundError, NoDepthError
from figureground.core.folder_store import FolderStore
from figureground.core.recipe import ImageOptions, Recipe
from figureground.dataset import names, parts
from figureground.geometry.codes import without_value
from figureground.ingest.catalog import load_catalog
from figureground.make import build as make
from figureground.make.build import build
from figureground.make.no_depth import require_some
from figureground.make.redepth import redo_dataset
from figureground.resolve import resolve
from figureground.samples import codec, stats
from figureground.samples.maker import Maker
from tests.builders import scene_photo, small_recipe, write_depth_network, write_photos
from tests.networks.odd_networks import moody_network
from tests.networks.opening import opened

SAMPLES = 108


def files(dataset: Path) -> dict[str, bytes]:
    return {p.relative_to(dataset).as_posix(): p.read_bytes() for p in sorted(dataset.rglob("*")) if p.is_file()}


def recipe_of(root: Path, depth: dict[str, Any], **more: Any) -> Recipe:
    return small_recipe(
        root,
        placement={"per_pair": 12, "mirror": "none"},
        depth={"source": "network", **depth},
        parts={"size": 40},
        **more,
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("moody")
    write_photos(folder)
    write_depth_network(folder / "grey.onnx")
    return folder


@pytest.fixture(scope="module")
def levels(root: Path, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray[Any, Any]:
    """The mean of every composite, 0..1, by sample."""
    out = tmp_path_factory.mktemp("levels") / "out"
    recipe = recipe_of(root, {"model": "grey.onnx"})
    build(recipe, out, catalog_only=True)
    job, store = resolve(recipe), FolderStore(out).below(names.CATALOG)
    maker = Maker(job, load_catalog(store), store)
    return np.array([maker.render(scene).composite.image.mean() / 255 for scene in maker.scenes(range(SAMPLES))])


def above(levels: np.ndarray[Any, Any], count: int) -> float:
    """Return a level that so many composites exceed."""
    ranked = np.sort(levels)[::-1]
    return float(ranked[count - 1] + ranked[count]) / 2


def edges(levels: np.ndarray[Any, Any]) -> list[int]:
    return np.argsort(-levels).tolist()


@pytest.mark.parametrize(
    ("kind", "encoding", "why"),
    [
        ("nan", "png16", "NaN or infinite"),
        ("inf", "png8", "NaN or infinite"),
        ("constant", "jpeg8", "is constant"),
        ("shape", "png16", "has shape [1, 2, 64, 64]"),
        ("far", "png16", "outside of what can be stored"),
    ],
)
def test_one_sample_without_depth_is_named_and_the_run_goes_on(
    root: Path, tmp_path: Path, levels: np.ndarray[Any, Any], kind: str, encoding: str, why: str
) -> None:
    moody_network(root / f"{kind}.onnx", kind, above(levels, 1))
    bad = edges(levels)[0]
    out = build(recipe_of(root, {"model": f"{kind}.onnx", "encoding": encoding}), tmp_path / "out")
    data, good = open_dataset(out), (bad + 1) % SAMPLES
    sample, record = data[bad], data.record(bad)
    assert sample.depth is not None
    assert np.isnan(sample.depth.values).all()
    assert record.depths["depth"].valid_fraction == 0
    assert record.depths["depth"].invalid == (128 if encoding == "jpeg8" else 0)
    assert record.figures[0].depth_at_contact is None
    assert sample.mask is not None
    assert sample.mask.any()
    other = data[good].depth
    assert other is not None
    assert np.isfinite(other.values).all()
    told = json.loads((out / "statistics.json").read_text())["no_depth"]
    assert told["samples"] == [bad]
    assert [why in reason for reason in told["reasons"]] == [True]
    assert json.loads((out / "manifest.json").read_text())["no_depth"] == [bad]
    assert f"no depth for sample {bad} (" in (out / "report.html").read_text()
    again = open_dataset(out, virtual=True, networks=root / f"{kind}.onnx")[bad].depth
    assert again is not None
    assert np.isnan(again.values).all()
    export(data, "2020", tmp_path / "zips", parts=1)
    rows = (tmp_path / "zips/depth.csv").read_text().splitlines()
    invalid = ",128" if encoding == "jpeg8" else ",0"
    export(data, "2020", tmp_path / "jpeg", parts=1, depth="jpeg8")
    rows8 = (tmp_path / "jpeg/depth.csv").read_text().splitlines()
    assert sum(row.endswith(",128") for row in rows8) == 1
    with pytest.raises(FigureGroundError, match="no pixel of this sample has depth"):
        sample.points()
    assert sum(row.endswith(invalid) for row in rows) == (1 if encoding == "jpeg8" else SAMPLES)
    assert all(check["passed"] for check in data.statistics["checks"])
    total = stats.total(stats.by_split_from_json(data.statistics["accumulated_by_split"]).values())
    assert total.layers["depth"].all.count == sum(total.depth_histogram) == (SAMPLES - 1) * 64 * 64


@pytest.mark.parametrize("quality", [1, 5, 30, 90, 100])
def test_no_value_survives_jpeg(quality: int) -> None:
    nothing = without_value((37, 50), "m", "larger is farther", "jpeg8", "why")
    stored = codec.pixels(codec.jpeg(nothing.codes.astype(np.uint8), ImageOptions(quality=quality)))
    assert (stored == nothing.invalid).all()


class Backwards:
    """Does the jobs in reverse order."""

    def map(self, function: Callable[[Any], Any], jobs: Any) -> Any:
        return Serial().map(function, list(jobs)[::-1])


def test_engines_batches_and_stops_give_the_same_bytes(
    root: Path, tmp_path: Path, levels: np.ndarray[Any, Any]
) -> None:
    moody_network(root / "moody.onnx", "nan", above(levels, 1))
    recipe = recipe_of(root, {"model": "moody.onnx"})
    whole = files(build(recipe, tmp_path / "one/out"))
    engines: list[Engine] = [Processes(2), Backwards()]
    for number, engine in enumerate(engines):
        assert files(build(recipe, tmp_path / f"engine{number}/out", engine=engine)) == whole
    (tmp_path / "one/out" / parts.part_file(1)).unlink()
    assert files(build(recipe, tmp_path / "one/out")) == whole


def test_what_happens_to_one_of_a_batch_is_no_matter_of_the_others(
    root: Path, tmp_path: Path, levels: np.ndarray[Any, Any]
) -> None:
    moody_network(root / "moody.onnx", "nan", above(levels, 1))
    build(recipe_of(root, {"model": "moody.onnx"}), tmp_path / "one/out")
    batched = open_dataset(build(recipe_of(root, {"model": "moody.onnx", "batch": 5}), tmp_path / "batched"))
    assert batched.statistics["no_depth"] == open_dataset(tmp_path / "one/out").statistics["no_depth"]


def test_new_depth_of_a_dataset_is_what_a_build_would_have_given(
    root: Path, tmp_path: Path, levels: np.ndarray[Any, Any]
) -> None:
    moody_network(root / "moody.onnx", "nan", above(levels, 1))
    recipe = recipe_of(root, {"model": "moody.onnx"})
    whole = files(build(recipe, tmp_path / "one"))
    redone = build(recipe_of(root, {"model": "grey.onnx"}), tmp_path / "redone")
    redo_dataset(redone, redone, recipe.depth, root, Serial(), lambda *_: None)
    member = {name: data for name, data in files(redone).items() if name.endswith(".zip")}
    assert member == {name: data for name, data in whole.items() if name.endswith(".zip")}
    assert open_dataset(redone).statistics["no_depth"]["samples"] == [edges(levels)[0]]
    before = files(redone)
    moody_network(root / "never.onnx", "nan", -1.0)
    never = recipe_of(root, {"model": "never.onnx"})
    with pytest.raises(FigureGroundError, match="no depth for 8 of 8 samples"):  # before anything is touched
        redo_dataset(redone, redone, never.depth, root, Serial(), lambda *_: None)
    assert files(redone) == before


@pytest.mark.parametrize("engine", [Serial(), Backwards()])
def test_more_than_one_in_a_hundred_is_a_failed_run(
    root: Path, tmp_path: Path, levels: np.ndarray[Any, Any], engine: Engine
) -> None:
    """Whatever the order, with the samples named; and again, without making anything."""
    moody_network(root / "two.onnx", "constant", above(levels, 2))
    recipe = recipe_of(root, {"model": "two.onnx"})
    for _ in range(2):
        with pytest.raises(FigureGroundError, match="no depth for 2 of 108 samples, more than 1%") as caught:
            build(recipe, tmp_path / "out", engine=engine)
        assert "is constant" in caught.value.what
        assert caught.value.where == "samples {}, {}".format(*sorted(edges(levels)[:2]))
        assert not (tmp_path / "out/manifest.json").exists()
    with pytest.raises(FigureGroundError, match="not finished"):
        open_dataset(tmp_path / "out")


def test_a_network_without_any_depth_ends_the_run_at_once(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After as many samples as make it certain; or, in a large dataset, after a few that are spread over it."""
    moody_network(root / "never.onnx", "nan", -1.0)
    made: list[int] = []
    encode = Maker.encode

    def counting(maker: Maker, one: Any, codes: Any) -> Any:
        made.append(one.scene.index)
        return encode(maker, one, codes)

    monkeypatch.setattr(Maker, "encode", counting)
    with pytest.raises(FigureGroundError, match="no depth for 2 of 108 samples"):
        build(recipe_of(root, {"model": "never.onnx"}), tmp_path / "small")
    assert len(made) < 20
    made.clear()
    large = small_recipe(
        root,
        placement={"per_pair": 1000, "samples": 5000},
        depth={"source": "network", "model": "never.onnx"},
        parts={"size": 1000},
    )
    with pytest.raises(FigureGroundError, match="no depth for 8 of 8 samples"):
        build(large, tmp_path / "large")
    assert len(made) < 60
    assert {0, 4999} <= set(made)


def test_one_sample_of_those_spread_over_the_dataset_is_enough_to_go_on(
    root: Path, tmp_path: Path, levels: np.ndarray[Any, Any]
) -> None:
    """A part may begin without depth, because of one background; others are looked at before the run ends."""
    spread = [0, 15, 30, 45, 61, 76, 91, 107]
    for kind, most in (("some", min(levels[spread])), ("none", min(levels) - 0.01)):
        moody_network(root / f"{kind}.onnx", "nan", float(most) + 1e-4)
        recipe = recipe_of(root, {"model": f"{kind}.onnx"})
        store = FolderStore(build(recipe, tmp_path / kind, catalog_only=True)).below(names.CATALOG)
        maker = Maker(resolve(recipe), load_catalog(store), store)
        if kind == "some":
            require_some(maker, SAMPLES)
            continue
        with pytest.raises(FigureGroundError, match="no depth for 8 of 8 samples") as caught:
            require_some(maker, SAMPLES)
        assert caught.value.where == "samples 0, 15, 30, 45, 61, 76, 91, 107"


def test_a_photo_for_which_the_network_gives_no_depth_is_set_aside(root: Path, tmp_path: Path) -> None:
    """While photos are prepared, for the floor or for layered depth, it is the photo that goes."""
    write_photos(tmp_path)
    plain = build(small_recipe(tmp_path), tmp_path / "plain", catalog_only=True)
    pictures = [Image.open(path) for path in sorted((plain / "catalog/Background").glob("*.jpg"))]
    means = [np.asarray(picture).mean() / 255 for picture in pictures]
    found = []
    for kind in ("nan", "constant", "shape"):
        moody_network(tmp_path / "moody.onnx", kind, float(np.sort(means)[1] + np.sort(means)[2]) / 2)
        catalog = make.check(small_recipe(tmp_path, depth={"source": "layered", "model": "moody.onnx"}))
        assert len(catalog.backgrounds) == 2
        found += [(one.source, one.reason) for one in catalog.set_aside]
        assert not any(str(tmp_path) in one.reason for one in catalog.set_aside)
    assert [source for source, _ in found] == [f"rooms/room{int(np.argmax(means))}.png"] * 3
    assert [reason.split("output ")[1][:9] for _, reason in found] == ["has NaN o", "is consta", "has shape"]


def test_a_network_that_leaves_holes_does_not_go_with_jpeg8(root: Path) -> None:
    card = root / "grey.card.toml"
    before = card.read_text()
    try:
        card.write_text(before + 'valid_output = "depth"\n')
        with pytest.raises(FigureGroundError, match="8-bit JPEG depth has no code for that") as caught:
            resolve(recipe_of(root, {"model": "grey.onnx", "encoding": "jpeg8"}))
        assert "png8" in caught.value.remedy
        resolve(recipe_of(root, {"model": "grey.onnx", "encoding": "png8"}))
    finally:
        card.write_text(before)


def test_asked_for_itself_such_a_picture_is_an_error(root: Path) -> None:
    """`estimate` and a call never return bad depth; `maps` says for each why there is none."""
    moody_network(root / "alone.onnx", "nan", 0.5)
    network = opened(root / "alone.onnx")
    dark, bright = (np.clip(scene_photo(i, 64, 64) * (0.5 + i), 0, 255).astype(np.uint8) for i in range(2))
    found = network.maps(np.stack([dark, bright, dark]))
    assert [isinstance(one, NoDepthError) for one in found] == [False, True, False]
    with pytest.raises(NoDepthError, match="NaN"):
        network(np.stack([dark, bright]))
    with pytest.raises(NoDepthError, match="NaN"):
        network.estimate(bright)
