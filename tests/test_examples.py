"""The examples run as they stand, one after the other, on small photos."""

import gc
import runpy
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from figureground.drawn import render_person, render_room
from figureground.image import png

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
STEPS = sorted(EXAMPLES.glob("step*.py"))  # train_baseline.py is run in tests/torch
# a dataset keeps its parts open until it is collected, which `collected` sees to within the test
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with photos where `figureground demo demo` draws them."""
    photos = tmp_path / "demo/photos"
    for name in ("rooms", "depth", "people"):
        (photos / name).mkdir(parents=True)
    for i in range(3):
        room = render_room(i, 160)
        Image.fromarray(room.rgb).save(photos / f"rooms/room-{i}.png")
        (photos / f"depth/room-{i}.png").write_bytes(png.encode(np.rint(1000 * room.depth_m).astype(np.uint16)))
        Image.fromarray(render_person(i, 240)).save(photos / f"people/person-{i}.png")
    return tmp_path


def test_the_examples_run(desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In their order; what they print as a promise of the library is so."""
    monkeypatch.chdir(desk)
    said = {}
    for step in STEPS:
        runpy.run_path(str(step), run_name="__main__")
        said[step.name] = capsys.readouterr().out
        assert said[step.name], f"{step.name} prints nothing"
    assert said["step4_floor.py"].endswith("the background's: True\n")
    assert said["step5_virtual.py"].count("mask and depth: True") == 2
    assert (desk / "zips/labels.txt").read_text().count("\n") == 24


def test_the_examples_are_short_and_listed() -> None:
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert len(STEPS) == 6
    assert {path.name for path in EXAMPLES.glob("*.py")} - {step.name for step in STEPS} == {"train_baseline.py"}
    assert "train_baseline.py" in readme
    for step in STEPS:
        assert len(step.read_text(encoding="utf-8").splitlines()) < 40, step.name
        assert step.name in readme


def test_the_files_for_clusters_are_whole() -> None:
    """Their syntax and what each must say; no cluster is there to run them."""
    folder = EXAMPLES / "cluster"
    assert sorted(path.name for path in folder.iterdir()) == [
        "kubernetes-job.yaml",
        "ray-cluster.yaml",
        "slurm-array.sh",
    ]
    subprocess.run(["bash", "-n", folder / "slurm-array.sh"], check=True)
    yaml = pytest.importorskip("yaml")
    job = yaml.safe_load((folder / "kubernetes-job.yaml").read_text(encoding="utf-8"))
    assert (job["apiVersion"], job["kind"], job["spec"]["completionMode"]) == ("batch/v1", "Job", "Indexed")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    (shards,) = [each["value"] for each in container["env"] if each["name"] == "SHARDS"]
    assert int(shards) == job["spec"]["completions"] >= job["spec"]["parallelism"]
    subprocess.run(["sh", "-n", "-c", container["args"][0]], check=True)
    assert "--shard" in container["args"][0]
    cluster = yaml.safe_load((folder / "ray-cluster.yaml").read_text(encoding="utf-8"))
    assert {"cluster_name", "provider", "auth", "setup_commands"} <= set(cluster)
    assert any("--head" in line for line in cluster["head_start_ray_commands"])
    assert any("--address" in line for line in cluster["worker_start_ray_commands"])
