"""The measures of cut-outs against slow ones, and the command on drawn photos."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from figureground.cli import main
from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.evaluate import cutouts
from figureground.evaluate.cutout_table import paired, table, to_json
from figureground.evaluate.metrics import iou
from tests.builders import SHARED, figure_cutout


def disc(side: int, x: float, y: float, radius: float) -> np.ndarray:
    v, u = np.mgrid[0:side, 0:side]
    return np.hypot(u - x, v - y) < radius


@settings(max_examples=40)
@given(st.integers(0, 2**31), st.floats(0, 1), st.floats(0, 1))
def test_iou_is_the_slow_one(seed: int, p: float, q: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.random((9, 7)) < p, rng.random((9, 7)) < q
    both = sum(bool(x and y) for x, y in zip(a.ravel(), b.ravel(), strict=True))
    any_ = sum(bool(x or y) for x, y in zip(a.ravel(), b.ravel(), strict=True))
    assert iou(a, b) == (both / any_ if any_ else 1.0)


def test_boundary_f_forgives_two_pixels_and_no_more() -> None:
    truth = disc(320, 160, 160, 80)
    assert cutouts.boundary_f(truth, truth) == 1
    assert cutouts.boundary_f(disc(320, 161, 160, 80), truth) == 1
    assert cutouts.boundary_f(disc(320, 160, 160, 76), truth) < 0.1
    half = truth & (np.arange(320) < 160)
    assert 0.4 < cutouts.boundary_f(half, truth) < 0.8
    nothing = np.zeros_like(truth)
    assert cutouts.boundary_f(nothing, truth) == 0
    assert cutouts.boundary_f(nothing, nothing) == 1


def write_people(folder: Path) -> None:
    for name in ("photos", "masks"):
        (folder / name).mkdir()
    for i in range(3):
        cutout = figure_cutout(i, 300, 120)
        photo = np.full((340, 200, 3), 235, np.uint8)
        alpha = cutout[..., 3:].astype(float) / 255
        photo[20:320, 40:160] = cutout[..., :3] * alpha + 235 * (1 - alpha)
        mask = np.zeros((340, 200), np.uint8)
        mask[20:320, 40:160] = cutout[..., 3]
        Image.fromarray(photo).save(folder / f"photos/p{i}.png")
        if i < 2:
            Image.fromarray(mask).save(folder / f"masks/p{i}.png")


def test_the_command_measures_every_method(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_people(tmp_path)
    arguments = ["evaluate-cutouts", "--photos", str(tmp_path / "photos"), "--masks", str(tmp_path / "masks")]
    with pytest.raises(SystemExit) as caught:
        main([*arguments, "--out", str(tmp_path / "sheet.png")])
    assert not caught.value.code
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said[1:3]] == ["cutout-small", "colour"]
    cells = said[2].split()
    assert min(float(cells[k]) for k in (2, 4, 5)) > 0.9  # a plain ground is what keying is for
    assert said[4].startswith("more than cutout-small")
    assert said[5].startswith("colour key ")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert min(sheet.size) > 300


@pytest.mark.parametrize("folder", ["photos", "masks"])
@pytest.mark.parametrize("content", [b"", b"%!PS-Adobe-3.0 EPSF-3.0\n{} loop", b"\x89PNG\r\n\x1a\nxx"])
def test_photos_and_masks_that_are_none_are_refused_by_name(tmp_path: Path, folder: str, content: bytes) -> None:
    write_people(tmp_path)
    path = tmp_path / folder / "p1.png"
    path.write_bytes(content)
    if not content and folder == "masks":
        path.unlink()
        os.mkfifo(path)
    with pytest.raises(FigureGroundError, match="a picture cannot be used") as caught:
        cutouts.read_pictures(tmp_path / "photos", tmp_path / "masks")
    assert caught.value.where == "p1"


def never(picture: np.ndarray) -> np.ndarray:
    raise SetAsideError("no")


def test_giving_up_counts_as_nothing_found(tmp_path: Path) -> None:
    write_people(tmp_path)
    pictures = cutouts.read_pictures(tmp_path / "photos", tmp_path / "masks")

    told: list[int] = []
    cuts = cutouts.cut_all(never, pictures, told.append)
    assert told == list(range(1, len(pictures) + 1))
    assert [(cut.iou, cut.alpha) for cut in cuts] == [(0.0, None)] * 2
    assert " 2 " in table({"never": cuts}).splitlines()[1]
    with pytest.raises(FigureGroundError, match="no photo has a drawn mask"):
        cutouts.read_pictures(tmp_path / "photos", tmp_path)


def test_table_and_json_say_the_same(tmp_path: Path) -> None:
    write_people(tmp_path)
    pictures = cutouts.read_pictures(tmp_path / "photos", tmp_path / "masks")
    truths = iter([truth for _, _, truth in pictures] * 2)

    def half(picture: np.ndarray) -> np.ndarray:
        truth = next(truths).astype(np.uint8)
        truth[len(truth) // 2 :] = 0
        return truth * np.uint8(255)

    results = {"never": cutouts.cut_all(never, pictures), "half": cutouts.cut_all(half, pictures)}
    plain = json.loads(json.dumps(to_json(results), allow_nan=False))
    assert plain["pictures"] == 2
    assert "minus_first" not in plain["methods"]["never"]
    facts = plain["methods"]["half"]
    ious = [row["iou"] for row in facts["rows"]]
    assert facts["mean"]["iou"] == facts["intervals"]["iou"]["mean"] == pytest.approx(np.mean(ious))
    assert facts["minus_first"]["iou"] == facts["intervals"]["iou"]  # the first found nothing at all
    low, high = (facts["intervals"]["iou"][end] for end in ("low", "high"))
    assert min(ious) <= low <= high <= max(ious)
    said = table(results)
    assert f"{low:.3f}–{high:.3f}" in said.splitlines()[2]
    assert f"IoU +{np.mean(ious):.3f} (+{low:.3f} to +{high:.3f})" in said.splitlines()[-1]
    with pytest.raises(ValueError, match="different pictures"):
        paired(results["half"][:1], results["never"])


def test_what_is_kept_for_a_page_is_small(tmp_path: Path) -> None:
    write_people(tmp_path)
    pictures = cutouts.read_pictures(tmp_path / "photos", tmp_path / "masks")
    (cut, _) = cutouts.cut_all(cutouts.keyed, pictures)
    assert cut.alpha is not None
    assert cut.picture.shape == (256, 151, 3)
    assert cut.truth.shape == cut.alpha.shape == (256, 151)
    assert cut.truth.mean() == pytest.approx(pictures[0][2].mean(), abs=0.01)


@pytest.mark.skipif(not (SHARED / "photos/people_masks").is_dir(), reason="the photos of people are not here")
def test_the_shipped_network_cuts_out_real_people() -> None:
    from figureground.networks.cutout import cutout_network, cutout_weights

    weights = cutout_weights("small", Path())
    assert weights is not None
    pictures = cutouts.read_pictures(SHARED / "photos/people_photos", SHARED / "photos/people_masks")
    chosen = [one for one in pictures if "ccp" in one[0]]
    assert len(chosen) == 10
    assert np.mean([cut.iou for cut in cutouts.cut_all(cutout_network(weights), chosen)]) > 0.92
