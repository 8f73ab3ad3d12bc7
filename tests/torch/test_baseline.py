"""The baseline trains, goes on after a stop as if unbroken, and judges every split as the metrics say."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("torch", reason="the extra [torch] is not installed")

import torch
from PIL import Image

from figureground import FigureGroundError, build, open_dataset
from figureground.core.record import SPLITS
from tests.builders import small_recipe, write_photos

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
SCRIPT = Path(__file__).resolve().parents[2] / "examples/train_baseline.py"


@pytest.fixture(scope="module")
def baseline() -> ModuleType:
    spec = importlib.util.spec_from_file_location("train_baseline", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(baseline: ModuleType, folder: Path, out: Path, *more: str) -> None:
    few = ["--side", "32", "--steps", "9", "--batch", "4", "--every", "3", "--judge", "3"]
    baseline.main([str(folder), "--out", str(out), *few, *more])


@pytest.fixture(scope="module")
def unbroken(baseline: ModuleType, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("unbroken")
    run(baseline, folder, out)
    return out


def test_it_judges_every_split(unbroken: Path) -> None:
    scores = json.loads((unbroken / "scores.json").read_text())
    for of in ("network", "mean"):
        assert tuple(scores[of]) == SPLITS
        for rows in scores[of].values():
            assert len(rows) == 3
            assert all(0 <= row["mask IoU"] <= 1 and row["AbsRel"] > 0 for row in rows)
    assert Image.open(unbroken / "samples.png", formats=["PNG"]).size == (10 * 32, 4 * 36)
    assert not list(unbroken.glob("*.partial"))


def test_a_stopped_training_ends_in_the_same_weights(
    baseline: ModuleType, folder: Path, unbroken: Path, tmp_path: Path
) -> None:
    """Stopped in the midst of its second epoch; and on samples that are rendered as they are read."""
    epoch = len(open_dataset(folder).select(split="train")) // 4
    assert epoch < 7 < 9
    run(baseline, folder, tmp_path, "--stop-at", "7", "--virtual")
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == 7
    run(baseline, folder, tmp_path)
    one, two = (torch.load(out / "checkpoint.pt", weights_only=True) for out in (unbroken, tmp_path))
    assert one["step"] == two["step"] == 9
    assert one["sampler"] == two["sampler"]
    assert all(torch.equal(value, two["net"][name]) for name, value in one["net"].items())
    assert (tmp_path / "scores.json").read_bytes() == (unbroken / "scores.json").read_bytes()


def test_what_is_right_is_judged_right(baseline: ModuleType, folder: Path) -> None:
    data = baseline.CompositeDataset(folder, split="train")
    (batch,) = baseline.spread(data, 3, 3)
    for row in baseline.scores(batch["mask"].float().numpy(), batch["depth"].numpy(), batch):
        assert row["mask IoU"] == row["boundary F"] == row["δ1"] == 1
        assert row["AbsRel"] == row["RMSE, m"] == 0
    for row in baseline.scores(1 - batch["mask"].float().numpy(), 2 * batch["depth"].numpy(), batch):
        assert row["mask IoU"] == row["δ1"] == 0
        assert row["AbsRel"] == pytest.approx(1)


def test_its_loss_falls_to_nothing_at_the_truth(baseline: ModuleType, folder: Path) -> None:
    (batch,) = baseline.spread(baseline.CompositeDataset(folder, split="train"), 4, 4)

    class Known(torch.nn.Module):
        def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return 40 * (2 * batch["mask"].float() - 1), batch["depth"].log() + 0.5 * ~batch["depth_valid"]

    assert float(baseline.loss_of(Known(), batch)) < 1e-4
    assert float(baseline.loss_of(baseline.UNet(), batch).detach()) > 1


def test_data_that_it_cannot_use_is_refused(baseline: ModuleType, tmp_path: Path) -> None:
    write_photos(tmp_path, 1, 1)
    relative = small_recipe(
        tmp_path,
        backgrounds={"depth": "depth", "depth_unit": "relative", "depth_kind": "planar"},
        depth={"source": "layered"},
    )
    with pytest.raises(FigureGroundError, match="depth in relative"):
        run(baseline, build(relative, tmp_path / "out"), tmp_path / "run")
