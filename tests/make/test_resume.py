"""The laws of stops (`tests.faults.ResumeLaws`), for every command that writes a folder."""

import shutil
from pathlib import Path

import pytest

from figureground import build, open_dataset
from figureground.core.engines import Serial
from figureground.core.job import Running
from figureground.core.progress import silent
from figureground.core.recipe import DepthOptions, Recipe
from figureground.make.build import build_shard
from figureground.make.folder_cutouts import Form, cutouts_of_folder
from figureground.make.folder_depth import depth_of_folder
from figureground.make.merge import merge
from figureground.make.redepth import redo_dataset
from figureground.make.regenerate import regenerate
from figureground.make.repair import repair
from figureground.make.shard import Shard
from figureground.networks.registry import resolve as network
from figureground.resolve import cutting_of
from tests.builders import small_recipe, write_depth_network, write_photos
from tests.faults import ResumeLaws

PLACE: dict[str, Path] = {}


@pytest.fixture(scope="module", autouse=True)
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with photos, a network, a dataset and its two shards."""
    folder = tmp_path_factory.mktemp("resume")
    PLACE["photos"] = folder
    write_photos(folder, 1, 2)
    write_depth_network(folder / "grey.onnx")
    build(tiny(folder), folder / "base/out")
    write_photos(folder / "renamed", 1, 2)
    (folder / "renamed/people/person1.png").rename(folder / "renamed/people/zoe.png")
    build(tiny(folder / "renamed"), folder / "renamed/out")
    for number in (1, 2):
        build_shard(tiny(folder), folder / f"shard{number}", Shard(number, 2))
    return folder


def tiny(folder: Path) -> Recipe:
    return small_recipe(folder, placement={"per_pair": 1, "mirror": "none"}, parts={"size": 1})


class TestBuild(ResumeLaws):
    points = 4

    def run(self, out: Path) -> None:
        build(tiny(PLACE["photos"]), out)


class TestExchangeOfCatalogs(ResumeLaws):
    """A photo has another name, so the catalog is another, and the parts are the same."""

    points = 3

    def prepare(self, out: Path) -> None:
        super().prepare(out)
        shutil.copytree(PLACE["photos"] / "renamed/out", out)

    def run(self, out: Path) -> None:
        build(tiny(PLACE["photos"]), out)


class TestBuildShard(ResumeLaws):
    points = 3

    def run(self, out: Path) -> None:
        build_shard(tiny(PLACE["photos"]), out, Shard(2, 2))


class TestMerge(ResumeLaws):
    points = 4

    def run(self, out: Path) -> None:
        merge([PLACE["photos"] / "shard1", PLACE["photos"] / "shard2"], out)


class OfADataset(ResumeLaws):
    def prepare(self, out: Path) -> None:
        super().prepare(out)
        shutil.copytree(PLACE["photos"] / "base/out", out)


class TestReport(OfADataset):
    def run(self, out: Path) -> None:
        from figureground.report import rewrite_report

        rewrite_report(open_dataset(out))


class TestDepthInPlace(OfADataset):
    points = 3

    def run(self, out: Path) -> None:
        redo_dataset(out, out, depth_options(), PLACE["photos"], Serial(), silent)


class TestDepthElsewhere(ResumeLaws):
    points = 3

    def run(self, out: Path) -> None:
        redo_dataset(PLACE["photos"] / "base/out", out, depth_options(), PLACE["photos"], Serial(), silent)


class TestRegenerate(ResumeLaws):
    """Of a sample whose stored form is another: both are written."""

    points = 5

    def prepare(self, out: Path) -> None:
        super().prepare(out)
        dataset = PLACE["photos"] / "other"
        if not dataset.exists():
            shutil.copytree(PLACE["photos"] / "base/out", dataset)
            part = dataset / "parts/part-00001.zip"
            part.write_bytes((dataset / "parts/part-00000.zip").read_bytes())

    def run(self, out: Path) -> None:
        assert regenerate(PLACE["photos"] / "other", "1", out).differences


class TestRepair(OfADataset):
    points = 4

    def prepare(self, out: Path) -> None:
        super().prepare(out)
        for name in ("parts/part-00001.zip", "labels.csv", "statistics.json"):
            (out / name).unlink()
        (out / "README.md").write_text("mine")

    def run(self, out: Path) -> None:
        repair(out)


def depth_options() -> DepthOptions:
    return DepthOptions(source="network", model="grey.onnx")


class TestDepthOfPictures(ResumeLaws):
    points = 4

    def run(self, out: Path) -> None:
        model = network("grey.onnx", "", PLACE["photos"])
        depth_of_folder(PLACE["photos"] / "rooms", out, model, Running(), Serial(), silent)


class TestCutouts(ResumeLaws):
    points = 5

    def run(self, out: Path) -> None:
        cutting = cutting_of(tiny(PLACE["photos"]).foregrounds[0], PLACE["photos"], False)
        cutouts_of_folder(PLACE["photos"] / "people", out, cutting, Form(), Serial(), silent)


class TestCutoutOfOne(ResumeLaws):
    def prepare(self, out: Path) -> None:
        out.mkdir(parents=True)

    def run(self, out: Path) -> None:
        cutting = cutting_of(tiny(PLACE["photos"]).foregrounds[0], PLACE["photos"], False)
        cutouts_of_folder(PLACE["photos"] / "people/person0.png", out / "a.png", cutting, Form(), Serial(), silent)
