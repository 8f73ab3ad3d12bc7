"""Pairs on disk, evaluation against known answers, its table and page; the real network where it is at hand."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from figureground.core.errors import FigureGroundError
from figureground.core.nouns import DepthMap, DepthUnit, Direction, Picture
from figureground.evaluate import metrics
from figureground.evaluate.depth import (
    Evaluation,
    evaluate,
    resized,
)
from figureground.evaluate.depth_table import intervals, paired, table, to_json
from figureground.evaluate.outlines import Outline
from figureground.evaluate.pairs import Pair, read_pairs, read_photo, read_truth
from figureground.image.colourmap import colours
from figureground.report.evaluation import error_picture, evaluation_page, write_evaluation
from tests.builders import SHARED, scene_photo

RGBD, FASTDEPTH = SHARED / "rgbd", SHARED / "models/fastdepth_nyu_f32.onnx"
NASTY = "<script>alert('x&y\"z')<b>"


def slope(k: int, height: int = 48, width: int = 60) -> NDArray[np.float32]:
    """Return the k-th true depth: (height, width) metres, nearer below, with a box and a hole at the top left."""
    v = np.mgrid[0:height, 0:width][0] / height
    depth = (1.5 + k) / (0.25 + 0.5 * v)
    depth[height // 2 : -height // 4, width // 3 : width // 2] *= 0.75
    depth[: height // 4, : width // 4] = 0
    return depth.astype(np.float32)


def write_pairs(folder: Path, names: tuple[str, ...] = ("room2", "room10", "room1")) -> dict[str, NDArray[np.float32]]:
    """Write pairs, the first as .npy; return name -> truth in metres as it is stored, 0 where unknown."""
    folder.mkdir(parents=True, exist_ok=True)
    truths = {}
    for k, name in enumerate(names):
        Image.fromarray(scene_photo(k, 96, 120)).save(folder / f"{name}.png")
        truths[name] = slope(k)
        if k == 0:
            np.save(folder / f"{name}.depth.npy", truths[name])
        else:
            millimetres = np.rint(truths[name] * 1000).astype(np.uint16)
            Image.fromarray(millimetres).save(folder / f"{name}.depth.png")
            truths[name] = (millimetres / np.float64(1000)).astype(np.float32)
    return truths


def oracle(
    truths: dict[str, NDArray[np.float32]],
    pairs: list[Pair],
    change: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    unit: DepthUnit = "m",
    direction: Direction = "larger is farther",
) -> Callable[[Picture], DepthMap]:
    """Return a "network" that knows the truth of each photo, by its bytes, and says `change(truth)`."""
    known = {read_photo(pair).tobytes(): truths[pair.name] for pair in pairs}

    def estimate(picture: Picture) -> DepthMap:
        truth = known[picture.tobytes()].astype(np.float64)
        return DepthMap(change(np.where(truth > 0, truth, 5.0)).astype(np.float32), unit, direction)

    return estimate


def evaluated(
    folder: Path, change: Any, unit: DepthUnit = "m", direction: Direction = "larger is farther"
) -> Evaluation:
    truths = write_pairs(folder)
    pairs = read_pairs(folder)
    return evaluate(oracle(truths, pairs, change, unit, direction), pairs)


def test_pairs_are_read_back_in_natural_order(tmp_path: Path) -> None:
    truths = write_pairs(tmp_path)
    (tmp_path / "more").mkdir()
    Image.fromarray(scene_photo(7)).save(tmp_path / "more/a.b.JPG")
    np.save(tmp_path / "more/a.b.depth.npy", slope(1).astype(np.float64))
    (tmp_path / "notes.txt").write_text("not a photo")
    (tmp_path / "other.npy").write_bytes(b"an array that is no depth map")
    (tmp_path / ".hidden.png").write_bytes(b"")
    pairs = read_pairs(tmp_path)
    assert [pair.name for pair in pairs] == ["more/a.b", "room1", "room2", "room10"]
    for pair in pairs[1:]:
        found = read_truth(pair, 10.0)
        assert found.dtype == np.float32
        expected = truths[pair.name]
        np.testing.assert_array_equal(found, np.where((expected > 0) & (expected <= 10), expected, np.nan))
        assert read_photo(pair).shape == (96, 120, 3)


def spoil_photo(folder: Path) -> None:
    (folder / "room1.png").write_bytes(b"no photo")


def spoil_depth(folder: Path) -> None:
    (folder / "room1.depth.png").write_bytes((folder / "room1.depth.png").read_bytes()[:100])


def spoil_mode(folder: Path) -> None:
    Image.fromarray(np.full((48, 60), 200, np.uint8)).save(folder / "room1.depth.png")


def spoil_integers(folder: Path) -> None:
    np.save(folder / "room2.depth.npy", np.full((48, 60), 2000))


def spoil_pickle(folder: Path) -> None:
    np.save(folder / "room2.depth.npy", np.array([[object()]]), allow_pickle=True)


def spoil_far(folder: Path) -> None:
    np.save(folder / "room2.depth.npy", np.full((48, 60), 50.0))


def spoil_aspect(folder: Path) -> None:
    np.save(folder / "room2.depth.npy", slope(0).T)


def drop_depth(folder: Path) -> None:
    (folder / "room10.depth.png").unlink()


def drop_photo(folder: Path) -> None:
    (folder / "room10.png").unlink()


def twice_depth(folder: Path) -> None:
    np.save(folder / "room10.depth.npy", slope(0))


def twice_photo(folder: Path) -> None:
    Image.fromarray(scene_photo(0)).save(folder / "room10.jpg")


@pytest.mark.parametrize(
    ("spoil", "what", "where"),
    [
        (spoil_photo, "not a picture", "room1.png"),
        (spoil_depth, "cannot be read", "room1.depth.png"),
        (spoil_mode, "mode L", "room1.depth.png"),
        (spoil_integers, r"int64 \(48, 60\)", "room2.depth.npy"),
        (spoil_pickle, "cannot be read", "room2.depth.npy"),
        (spoil_far, "no reading up to 10 m", "room2.depth.npy"),
        (spoil_aspect, "120 x 96 and 48 x 60", "room2.depth.npy"),
        (drop_depth, "has no sensor depth", "room10.png"),
        (drop_photo, "has no photo", "room10.depth.png"),
        (twice_depth, "two depth maps", "room10.png"),
        (twice_photo, "two photos have one name", "room10.png"),
    ],
)
def test_a_bad_pair_is_named_with_its_remedy(
    tmp_path: Path, spoil: Callable[[Path], None], what: str, where: str
) -> None:
    write_pairs(tmp_path)
    spoil(tmp_path)
    with pytest.raises(FigureGroundError, match=what) as caught:
        evaluate(lambda p: DepthMap(np.ones(p.shape[:2], np.float32), "m", "larger is farther"), read_pairs(tmp_path))
    assert where in caught.value.where
    assert caught.value.remedy


def test_nothing_to_evaluate_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FigureGroundError, match="holds no pairs"):
        read_pairs(tmp_path)
    with pytest.raises(FigureGroundError, match="no such folder"):
        read_pairs(tmp_path / "absent")
    with pytest.raises(FigureGroundError, match="no pairs"):
        evaluate(lambda _: pytest.fail("must not be asked"), [])
    write_pairs(tmp_path)
    for limit in (0.0, float("nan"), 1e9):
        with pytest.raises(FigureGroundError, match="no depth limit"):
            evaluate(lambda _: pytest.fail("must not be asked"), read_pairs(tmp_path), max_m=limit)


def test_a_perfect_network_has_no_error(tmp_path: Path) -> None:
    for i, (unit, direction, change) in enumerate(
        [
            ("m", "larger is farther", lambda t: t),
            ("1/m", "larger is nearer", lambda t: 1 / t),
            ("relative", "larger is nearer", lambda t: 90 / t - 4),
            ("relative", "larger is farther", lambda t: 90 * t - 4),
        ]
    ):
        found = evaluated(tmp_path / str(i), change, unit, direction)  # type: ignore[arg-type]
        assert found.headline == ("scale and shift" if unit == "relative" else "metric")
        for e in found.overall().values():
            assert (e.abs_rel, e.rmse_m, e.log10_) == pytest.approx((0, 0, 0), abs=1e-5)
            assert e.delta1 == 1


def test_alignment_forgives_scale_and_then_shift(tmp_path: Path) -> None:
    scaled = evaluated(tmp_path / "scaled", lambda t: 0.7 * t).overall()
    assert scaled["metric"].abs_rel == pytest.approx(0.3, abs=1e-6)
    assert scaled["scaled"].abs_rel == pytest.approx(0, abs=1e-6)
    shifted = evaluated(tmp_path / "shifted", lambda t: 1 / (2 / t + 0.1)).overall()
    assert shifted["scaled"].abs_rel > 0.04
    assert shifted["scale and shift"].abs_rel == pytest.approx(0, abs=1e-5)


def test_rows_and_means_are_those_of_the_arrays(tmp_path: Path) -> None:
    truths = write_pairs(tmp_path)
    pairs = read_pairs(tmp_path)
    found = evaluate(oracle(truths, pairs, lambda t: t**1.2), pairs)
    assert [row.name for row in found.rows] == [pair.name for pair in pairs]
    for row in found.rows:
        truth = np.where(truths[row.name] <= 10, truths[row.name], 0)
        guess = np.minimum(np.where(truth > 0, truth, 5.0).astype(np.float64) ** 1.2, 10)
        assert row.network["metric"].abs_rel == pytest.approx(metrics.errors(guess, truth).abs_rel, rel=1e-6)
    rows = [row.network["scaled"].rmse_m for row in found.rows]
    assert found.overall()["scaled"].rmse_m == pytest.approx(np.mean(rows))


def test_the_constant_is_the_median_of_all_pixels(tmp_path: Path) -> None:
    truths = write_pairs(tmp_path)
    pairs = read_pairs(tmp_path)
    found = evaluate(oracle(truths, pairs, lambda t: t), pairs)
    values = np.concatenate([t[(t > 0) & (t <= 10)] for t in truths.values()])
    assert found.constant_m == pytest.approx(np.median(values), abs=0.0011)
    for row in found.rows:
        truth = truths[row.name]
        truth = np.where(truth <= 10, truth, 0)
        middle = np.full(truth.shape, np.median(truth[truth > 0]))
        assert row.constant["metric"].abs_rel == pytest.approx(
            metrics.errors(np.full(truth.shape, found.constant_m), truth).abs_rel, rel=1e-6
        )
        assert row.constant["scaled"].abs_rel == pytest.approx(metrics.errors(middle, truth).abs_rel, rel=1e-6)
        harmonic = np.full(truth.shape, 1 / np.mean(1 / truth[truth > 0].astype(np.float64)))
        assert row.constant["scale and shift"].abs_rel == pytest.approx(metrics.errors(harmonic, truth).abs_rel)


def test_truth_beyond_the_limit_does_not_count(tmp_path: Path) -> None:
    write_pairs(tmp_path, ("one",))
    values = slope(0)
    values[-1] = 30.0
    np.save(tmp_path / "one.depth.npy", values)
    pairs = read_pairs(tmp_path)
    far = DepthMap(np.full((48, 60), 40.0, np.float32), "m", "larger is farther")
    near = evaluate(lambda _: far, pairs)
    assert near.rows[0].network["metric"].pixels == np.count_nonzero((values > 0) & (values <= 10))
    assert evaluate(lambda _: far, pairs, max_m=50).rows[0].network["metric"].pixels == np.count_nonzero(values)
    held = metrics.errors(np.full((48, 60), 10.0), np.where(values <= 10, values, 0))
    assert near.rows[0].network["metric"] == held


def test_the_estimate_is_resized_and_the_truth_is_not() -> None:
    v, u = np.mgrid[0:6, 0:8].astype(np.float32)
    plane = DepthMap(3 + 2 * v + u, "1/m", "larger is nearer")
    twice = resized(plane, 12, 16)
    assert (twice.unit, twice.direction) == ("1/m", "larger is nearer")
    y, x = np.mgrid[0:12, 0:16]
    expected = 3 + 2 * ((y + 0.5) / 2 - 0.5) + ((x + 0.5) / 2 - 0.5)  # half-pixel centres
    np.testing.assert_allclose(twice.values[1:-1, 1:-1], expected[1:-1, 1:-1], rtol=1e-6)
    assert resized(plane, 6, 8) is plane


def test_maps_of_another_size_are_compared_at_the_truths(tmp_path: Path) -> None:
    truths = write_pairs(tmp_path)
    pairs = read_pairs(tmp_path)
    seen = []

    def estimate(picture: Picture) -> DepthMap:
        seen.append(picture.shape)
        return DepthMap(np.full((7, 9), 2.0, np.float32), "m", "larger is farther")

    found = evaluate(estimate, pairs)
    assert seen == [(96, 120, 3)] * 3  # the whole photo
    assert {row.network["metric"].pixels for row in found.rows} == {
        np.count_nonzero((t > 0) & (t <= 10)) for t in truths.values()
    }


def test_a_network_that_changes_its_unit_is_refused(tmp_path: Path) -> None:
    write_pairs(tmp_path)
    units: list[DepthUnit] = ["m", "relative", "m"]
    with pytest.raises(ValueError, match="differ in unit"):
        evaluate(
            lambda _: DepthMap(np.ones((5, 5), np.float32), units.pop(), "larger is farther"), read_pairs(tmp_path)
        )


def test_progress_counts_both_passes_and_files_are_checked_first(tmp_path: Path) -> None:
    truths = write_pairs(tmp_path)
    pairs = read_pairs(tmp_path)
    said: list[tuple[str, int, int]] = []
    evaluate(oracle(truths, pairs, lambda t: t), pairs, progress=lambda *step: said.append(step))
    assert said == [(stage, k, 3) for stage in ("truth", "depth") for k in (1, 2, 3)]
    spoil_depth(tmp_path)
    with pytest.raises(FigureGroundError, match="cannot be read"):
        evaluate(lambda _: pytest.fail("must not be asked"), pairs)


def test_only_the_worst_pictures_keep_a_view(tmp_path: Path) -> None:
    names = tuple(f"p{k}" for k in range(5))
    truths = write_pairs(tmp_path, names)
    pairs = read_pairs(tmp_path)
    found = evaluate(oracle(truths, pairs, lambda t: t + t[-1, 0] ** 2 * 0.1), pairs, views=2)
    worst = sorted(found.rows, key=lambda row: -row.network["metric"].abs_rel)
    assert [row.view is not None for row in worst] == [True, True, False, False, False]
    page = evaluation_page(found)
    assert page.count("<article") == 2
    assert "The 2 worst of 5" in page
    assert all(name in page for name in names)


KEYS = ("abs_rel", "rmse_m", "log10", "delta1", "boundary_f1")


def rows_of(part: str) -> list[list[str]]:
    """Return the cells of a Markdown table's lines, whose lengths are all the same."""
    lines = part.splitlines()
    assert len({len(line) for line in lines}) == 1
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_json_and_table_say_the_same(tmp_path: Path) -> None:
    found = evaluated(tmp_path, lambda t: np.where(t > 4, 0.8, 0.9) * t)
    plain = json.loads(json.dumps(to_json(found), allow_nan=False))
    assert plain["pictures"] == len(plain["rows"]) == 3
    assert plain["rows"][0]["network"]["metric"].keys() == {*KEYS, "pixels"}
    shown, note = table(found).split("\n\n")
    cells = rows_of(shown)
    assert len(cells) == 12  # two sources, three alignments, each above its interval
    for (name, alignment, *means), (_, _, *spans) in zip(cells[::2], cells[1::2], strict=True):
        source = "constant" if name == "constant" else "network"
        e, between = plain["overall"][source][alignment], plain["intervals"][source][alignment]
        digits = [3, 3, 3, 3, 4]
        assert means == [f"{e[key]:.{n}f}" for key, n in zip(KEYS, digits, strict=True)]
        assert spans == [
            f"{between[key]['low']:.{n}f}–{between[key]['high']:.{n}f}" for key, n in zip(KEYS, digits, strict=True)
        ]
        assert all(between[key]["mean"] == pytest.approx(e[key]) for key in KEYS)
    assert "3 pictures" in note


def test_a_second_network_is_compared_picture_by_picture(tmp_path: Path) -> None:
    truths = write_pairs(tmp_path)
    pairs = read_pairs(tmp_path)
    first = evaluate(oracle(truths, pairs, lambda t: 0.8 * t), pairs, name="first")
    second = evaluate(oracle(truths, pairs, lambda t: 0.9 * t), pairs, name="second")
    minus = paired(second, first)["metric"]["abs_rel"]
    assert (minus.mean, minus.low, minus.high) == pytest.approx((-0.1, -0.1, -0.1), abs=1e-3)
    shown, differences, _ = table(first, second).split("\n\n")
    assert [row[0] for row in rows_of(shown)[::6]] == ["first", "second", "constant"]
    assert differences.startswith("| minus first |")
    name, alignment, difference, *_ = rows_of(differences)[0]
    assert (name, alignment, difference) == ("second", "metric", f"{minus.mean:+.3f}")
    with pytest.raises(ValueError, match="different pictures"):
        paired(evaluate(oracle(truths, pairs, lambda t: t), pairs[:2]), first)


def test_pictures_without_a_true_edge_do_not_count_for_boundaries(tmp_path: Path) -> None:
    truths = write_pairs(tmp_path, ("a", "b"))
    truths["b"] = np.full_like(truths["b"], 2)
    Image.fromarray(np.full(truths["b"].shape, 2000, np.uint16)).save(tmp_path / "b.depth.png")
    pairs = read_pairs(tmp_path)
    found = evaluate(oracle(truths, pairs, lambda t: t), pairs)
    assert [np.isnan(row.network["metric"].boundary_f1) for row in found.rows] == [False, True]
    assert found.overall()["metric"].boundary_f1 == 1
    assert intervals([row.network for row in found.rows])["metric"]["boundary_f1"].pictures == 1
    assert to_json(found)["rows"][1]["network"]["metric"]["boundary_f1"] is None
    assert table(found).endswith("Boundary F1: of 1; the others' true depth has no edge.")
    assert "<b>–</b>" in evaluation_page(found)


def test_a_name_cannot_break_the_table(tmp_path: Path) -> None:
    write_pairs(tmp_path)
    flat = DepthMap(np.ones((5, 5), np.float32), "m", "larger is farther")
    lines = table(evaluate(lambda _: flat, read_pairs(tmp_path), name="a | b\nc")).splitlines()
    assert lines[2].startswith("| a \\| b c | metric ")


class Page(HTMLParser):
    """A page's tags with attributes, and its text outside style sheets."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_one_file_with_escaped_names(tmp_path: Path) -> None:
    truths = write_pairs(tmp_path / "pairs", (NASTY, "b", "c"))
    pairs = read_pairs(tmp_path / "pairs")
    found = evaluate(oracle(truths, pairs, lambda t: 1.3 * t), pairs, name=f"net {NASTY}")
    write_evaluation(found, tmp_path / "page.html")
    raw = (tmp_path / "page.html").read_text(encoding="utf-8")
    page = Page(raw)
    assert not {"script", "b ", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert page.text.count(NASTY) >= 3  # title, heading and the picture's
    links = [value for _, attrs in page.tags for key, value in attrs.items() if key in ("src", "href")]
    assert all(link.startswith(("data:", "#")) for link in links)
    assert "url(http" not in raw
    images = [attrs["src"] for tag, attrs in page.tags if tag == "img"]
    assert len(images) == 3 * 5
    for uri in images:
        with Image.open(io.BytesIO(base64.b64decode(uri.split(",", 1)[1]))) as picture:
            assert picture.size == (60, 48)
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["page.html", "pairs"]


def test_the_page_compares_networks_and_tells_of_outlines(tmp_path: Path) -> None:
    truths = write_pairs(tmp_path)
    pairs = read_pairs(tmp_path)
    first = evaluate(oracle(truths, pairs, lambda t: 0.8 * t), pairs, name="first")
    second = evaluate(oracle(truths, pairs, lambda t: 0.9 * t), pairs, name=NASTY)
    edges = {name: [Outline(f"{NASTY}{k}", k / 8) for k in range(8)] for name in ("first", NASTY)}
    page = Page(evaluation_page(first, [second], edges))
    assert "script" not in {tag for tag, _ in page.tags}
    assert "minus first" in page.text
    assert "-0.100" in page.text
    assert "boundary recall" in page.text
    assert f"{NASTY}0 0.0000" in page.text
    assert f"{NASTY}5 " not in page.text  # of the outlines the worst five
    alone = evaluation_page(first)
    assert "minus first" not in alone
    assert 'id="outlines"' not in alone


def test_the_page_goes_from_worst_to_best(tmp_path: Path) -> None:
    truths = write_pairs(tmp_path)
    pairs = read_pairs(tmp_path)
    found = evaluate(oracle(truths, pairs, lambda t: t + 0.1 * t[-1, 0] ** 2), pairs)
    order = sorted(found.rows, key=lambda row: -row.network["metric"].abs_rel)
    assert [row.name for row in order] != [row.name for row in found.rows]
    assert re.findall(r"<h3>(\w+)</h3>", evaluation_page(found)) == [row.name for row in order]


def test_a_page_for_relative_depth_shows_what_was_fitted(tmp_path: Path) -> None:
    page = Page(evaluation_page(evaluated(tmp_path, lambda t: 5 / t + 2, "relative", "larger is nearer")))
    assert "estimate, scale and shift fitted" in page.text
    assert "once scaled" not in page.text


def test_a_page_shows_a_truth_whose_readings_the_view_misses(tmp_path: Path) -> None:
    Image.fromarray(scene_photo(0, 480, 600)).save(tmp_path / "a.png")
    values = np.zeros((480, 600), np.float32)
    values[0, 0] = 2.0
    np.save(tmp_path / "a.depth.npy", values)
    flat = DepthMap(np.ones((5, 5), np.float32), "m", "larger is farther")
    found = evaluate(lambda _: flat, read_pairs(tmp_path))
    assert found.rows[0].view is not None
    assert not np.isfinite(found.rows[0].view.truth_m).any()
    assert "AbsRel <b>0.500</b>" in evaluation_page(found)


def test_error_colours_tell_near_from_far_and_stripe_holes() -> None:
    truth = np.full((8, 40), 2.0, np.float32)
    truth[:, 32:] = np.nan
    estimate = truth.copy()
    estimate[:, 8:16], estimate[:, 16:24], estimate[:, 24:32] = 1.5, 2.5, np.nan
    picture = error_picture(estimate, truth).astype(int)
    right, near, far, bad = (picture[0, 8 * k] for k in range(4))
    assert right.min() > 240
    assert near[2] > near[0] + 30  # blue
    assert far[0] > far[2] + 30  # orange
    assert bad.tolist() == error_picture(np.array([[0.1]]), np.array([[2.0]]))[0, 0].tolist()
    stripes = colours(np.full(truth.shape, np.nan))
    np.testing.assert_array_equal(picture[:, 32:], stripes[:, 32:])


def fastdepth() -> Callable[[Picture], DepthMap]:
    """Return FastDepth in the fewest lines: 224 x 224 RGB over 0..1 in, metres out at that size."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(FASTDEPTH), providers=["CPUExecutionProvider"])

    def estimate(picture: Picture) -> DepthMap:
        small = Image.fromarray(picture).resize((224, 224), Image.Resampling.BICUBIC)
        tensor = np.asarray(small, np.float32).transpose(2, 0, 1)[None] / np.float32(255)
        (output,) = session.run(None, {session.get_inputs()[0].name: tensor})
        return DepthMap(output.reshape(224, 224), "m", "larger is farther")

    return estimate


@pytest.mark.skipif(not RGBD.is_dir(), reason=f"no sensor pairs at {RGBD}")
@pytest.mark.skipif(not FASTDEPTH.is_file(), reason=f"no FastDepth weights at {FASTDEPTH}")
def test_fastdepth_is_as_good_as_known_on_real_pairs(tmp_path: Path) -> None:
    found = evaluate(fastdepth(), read_pairs(RGBD), name="fastdepth-nyu")
    rows = {row.name: row for row in found.rows}
    assert len(rows) == 17
    assert rows["fastdepth_nyu"].network["metric"].abs_rel == pytest.approx(0.138, abs=0.01)  # 0.13 at 224 is known
    assert rows["metric3d_nyu_00000"].network["metric"].abs_rel == pytest.approx(0.139, abs=0.01)
    overall, constant = found.overall(), found.overall_constant()
    for alignment, least in (("metric", 0.255), ("scaled", 0.199), ("scale and shift", 0.175)):
        assert overall[alignment].abs_rel == pytest.approx(least, abs=0.01)
        assert overall[alignment].abs_rel < 0.7 * constant[alignment].abs_rel
    write_evaluation(found, tmp_path / "page.html")
    assert (tmp_path / "page.html").stat().st_size < 3_000_000


@pytest.mark.skipif(not (RGBD / "fastdepth_nyu.upstream_pred.npy").is_file(), reason=f"no upstream estimate in {RGBD}")
def test_the_authors_own_estimate_scores_as_ours() -> None:
    pair = next(pair for pair in read_pairs(RGBD) if pair.name == "fastdepth_nyu")
    upstream = np.load(RGBD / "fastdepth_nyu.upstream_pred.npy").reshape(224, 224).astype(np.float32)
    found = evaluate(lambda _: DepthMap(upstream, "m", "larger is farther"), [pair]).overall()["metric"]
    assert found.abs_rel == pytest.approx(0.13, abs=0.015)
