"""report.html, its plots and code, and the contact sheets: on tiny datasets that are built here."""

from __future__ import annotations

import base64
import importlib.util
import io
import json
import re
import shutil
import sys
import types
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from figureground import Dataset, DepthMap, build, open_dataset
from figureground.core.canvas import Canvas
from figureground.core.folder_store import FolderStore
from figureground.core.recipe_toml import from_mapping
from figureground.image import colourmap
from figureground.ingest.catalog import load_catalog
from figureground.report import (
    contact_sheet,
    page,
    photo_lists,
    plots,
    sample_sheet,
    samples,
    sheet,
    statistics_plots,
    write_contact_sheets,
    write_report,
)
from figureground.samples import stats
from tests.builders import small_recipe, write_photos

SIZE = 96
NASTY = "<script>alert('x&y\"z')<b>"  # a file name; it has no slash
NAME = "Rooms & <script>alert(\"1\")</script> 'people'"


def make_photos(folder: Path) -> None:
    """Save 4 backgrounds with depth (16-bit mm, or 1/10000 per metre; a hole each), 4 cut-outs, and one empty cut-out;
    two nasty names."""
    for name in ("bg", "fg", "depth", "depth-inverse"):
        (folder / name).mkdir(parents=True)
    y, x = np.mgrid[0:120, 0:160]
    for i, stem in enumerate(["room1", "room2", "room3", NASTY]):
        waves = [127 + 100 * np.sin((x * (i + 1) + y * (c + 1)) / (17 + 6 * i + 9 * c)) for c in range(3)]
        Image.fromarray(np.stack(waves, -1).astype(np.uint8)).save(folder / "bg" / f"{stem}.png")
        depth = (1500 + 1000 * i + 20 * (119 - y)).astype(np.uint16)
        depth[:20, :60] = 0
        Image.fromarray(depth).save(folder / "depth" / f"{stem}.png")
        codes = np.where(depth > 0, np.rint(1e7 / np.maximum(depth, 1)), 0).astype(np.uint16)
        Image.fromarray(codes).save(folder / "depth-inverse" / f"{stem}.png")
    for i, stem in enumerate(["anna", "ben", "cleo", NASTY, f"empty {NASTY}"]):
        inside = ((x[:, :80] - 40) / (20 + 4 * i)) ** 2 + ((y[:, :80] - 60) / 55) ** 2 < 1
        inside[: 20 * i, : 10 * i] = False
        rgba = np.zeros((120, 80, 4), np.uint8)
        rgba[..., :3] = [60 * i, 250 - 50 * i, 40 + 3 * i]
        rgba[..., 3] = 255 * (inside & (not stem.startswith("empty")))
        Image.fromarray(rgba).save(folder / "fg" / f"{stem}.png")


def make_dataset(folder: Path, out: str, unit: str = "m", **depth: str) -> Path:
    if not (folder / "bg").is_dir():
        make_photos(folder)
    recipe = from_mapping(
        {
            "name": NAME,
            "size": SIZE,
            "backgrounds": {"path": "bg", "depth": "depth-inverse" if unit != "m" else "depth", "depth_unit": unit},
            "foregrounds": {"path": "fg"},
            "placement": {"mode": "uniform", "min_visible": 1.0, "per_pair": 2, "samples": 40},
            "depth": depth,
            "parts": {"size": 16},
            "split": {"backgrounds": 0.25, "foregrounds": 0.25},
        },
        root=folder,
    )
    return build(recipe, folder / out)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def plain(photos: Path) -> Path:
    """A dataset without depth."""
    return make_dataset(photos, "no depth", source="none")


@pytest.fixture(scope="module")
def layered(photos: Path) -> Path:
    """A dataset with known depth in metres, with holes."""
    return make_dataset(photos, "lay & <ered>", source="layered")


@pytest.fixture(scope="module")
def stretched(photos: Path) -> Path:
    """Depth in metres, stretched to 8 bits in each image."""
    return make_dataset(photos, "stretched", source="layered", encoding="png8")


@pytest.fixture(scope="module")
def inverse(photos: Path) -> Path:
    """Known inverse depth, on one scale."""
    return make_dataset(photos, "inverse", "1/m", source="layered")


@pytest.fixture(scope="module")
def relative(photos: Path) -> Path:
    """Relative inverse depth, each image on a scale of its own."""
    return make_dataset(photos, "relative", "relative", source="layered")


KINDS = ("plain", "layered", "stretched", "inverse", "relative")


@pytest.fixture(params=KINDS)
def dataset(request: pytest.FixtureRequest) -> Path:
    path: Path = request.getfixturevalue(request.param)
    return path


class Page(HTMLParser):
    """What a browser would make of the page: its tags with attributes, its texts, the texts of <code> blocks."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.raw = (folder / "report.html").read_text(encoding="utf-8")
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.code: list[str] = []
        self._open: list[str] = []
        self.feed(self.raw)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self._open.append(tag)
        if self._open[-2:] == ["pre", "code"]:
            self.code.append("")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._open[-2:] == ["pre", "code"]:
            self.code[-1] += data

    def attributes(self, name: str) -> list[str]:
        return [attrs[name] for _, attrs in self.tags if name in attrs]

    def svgs(self) -> list[ElementTree.Element]:
        found = re.findall(r"<svg .*?</svg>", self.raw, re.DOTALL)
        return [ElementTree.fromstring(svg) for svg in found]  # noqa: S314


def decode(uri: str) -> Image.Image:
    image = Image.open(io.BytesIO(base64.b64decode(uri.split(",", 1)[1], validate=True)))
    image.load()
    return image


# -- the page ----------------------------------------------------------------------------------------------------------


def test_texts_are_escaped(layered: Path) -> None:
    page_ = Page(layered)
    tags = {tag for tag, _ in page_.tags}
    assert not tags & {"script", "iframe", "object", "link rel", "b<"}
    assert not [name for _, attrs in page_.tags for name in attrs if name.startswith("on")]
    assert f"{NASTY}.png" in page_.text  # as a source of samples, and of what was set aside
    assert f"fg/empty {NASTY}.png" in page_.text
    assert NAME in page_.text
    assert layered.name in page_.text
    assert page_.raw.count("<script") == 0


def test_nothing_is_fetched(dataset: Path) -> None:
    page_ = Page(dataset)
    references = page_.attributes("src") + page_.attributes("href")
    assert references
    assert all(reference.startswith(("data:image/", "#")) for reference in references)
    assert not page_.attributes("srcset") + page_.attributes("action") + page_.attributes("xlink:href")
    style = re.findall(r"<style>(.*?)</style>", page_.raw, re.DOTALL)
    assert len(style) == 1
    assert "url(" not in style[0]
    assert "@import" not in style[0]
    assert not re.search(r"https?:", page_.raw)
    policy = next(attrs for tag, attrs in page_.tags if tag == "meta" and "http-equiv" in attrs)
    assert "default-src 'none'" in policy["content"]


def test_sections_and_links_between_them(dataset: Path) -> None:
    page_ = Page(dataset)
    ids = page_.attributes("id")
    assert len(ids) == len(set(ids))
    assert {"samples", "statistics", "checks", "photos", "load", "recipe", "build", "probes"} <= set(ids)
    used = [href[1:] for href in page_.attributes("href") if href.startswith("#")]
    used += re.findall(r"url\(#([^)]+)\)", page_.raw)
    assert set(used) <= set(ids)
    manifest = json.loads((dataset / "manifest.json").read_bytes())
    assert manifest["build_id"] in page_.text
    assert (dataset / "recipe.toml").read_text(encoding="utf-8") in "\n".join(page_.code)
    for check in open_dataset(dataset).statistics["checks"]:
        assert check["name"] in page_.text
        assert check["detail"] in page_.text


def test_images_decode_and_masks_are_exact(dataset: Path) -> None:
    page_, opened = Page(dataset), open_dataset(dataset)
    images = [attrs for tag, attrs in page_.tags if tag == "img"]
    rows = samples.spread(opened, page.SAMPLES)
    doubted = [attrs for attrs in images if attrs["alt"].startswith("sample ")]  # the least plausible, below
    of_rows = len(rows) * (6 if dataset.name == "no depth" else 7)  # the mask twice: beside, and laid over
    assert len(images) == of_rows + len(doubted)
    scores = {record.key: record.plausibility for record in map(opened.record, range(len(opened)))}
    found = [scores[attrs["alt"].removeprefix("sample ")] for attrs in doubted]
    assert found == sorted(scores.values())[: len(found)]
    assert len(found) == min(len(scores), stats.WORST)
    masks = [decode(a["src"]) for a in images if a["alt"].startswith("mask of composite")]
    composites = [decode(a["src"]) for a in images if a["alt"].startswith("composite")]
    for attrs in images:
        decode(attrs["src"])
    for k, mask, composite in zip(rows, masks, composites, strict=True):
        sample = opened[k]
        assert sample.mask is not None
        assert np.array_equal(np.asarray(mask), sample.mask)
        assert np.abs(np.asarray(composite).astype(int) - sample.image).mean() < 4
        assert sample.record.key in page_.text


def test_depth_pictures_show_holes_and_say_so(layered: Path, plain: Path) -> None:
    page_ = Page(layered)
    assert "no value" in page_.text
    assert "metres" in page_.text
    assert "depth at contact" in page_.text
    assert "depth at contact" not in Page(plain).text
    assert not [svg for svg in Page(plain).svgs() if svg.get("class") == "legend"]


def test_same_bytes_again_and_small(dataset: Path) -> None:
    before = (dataset / "report.html").read_bytes()
    assert write_report(open_dataset(dataset)) == dataset / "report.html"
    assert (dataset / "report.html").read_bytes() == before
    assert len(before) < 2_500_000


def test_a_failed_check_shows(plain: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(plain, copy)
    statistics = json.loads((copy / "statistics.json").read_bytes())
    assert "✗ fail" not in Page(copy).text
    statistics["checks"][0] |= {"passed": False, "detail": "0 < 1 & 2"}
    (copy / "statistics.json").write_text(json.dumps(statistics))
    write_report(open_dataset(copy))
    page_ = Page(copy)
    assert page_.text.count("✗ fail") == 1
    assert "0 < 1 & 2" in page_.text
    assert f"{len(statistics['checks']) - 1} of {len(statistics['checks'])}" in page_.text


def test_reasons_are_counted_without_their_particulars() -> None:
    known = {"people/a 1.png", "a 1.png"}
    assert photo_lists.general("the figure is 247 x 111 px of 3.5 %", known) == "the figure is … x … px of … %"
    assert photo_lists.general("the same file as people/a 1.png", known) == "the same file as another photo"


# -- the code on the page ----------------------------------------------------------------------------------------------


class Tensor:
    """Stands in for a torch.Tensor where PyTorch is not installed: the few methods that the page's code calls."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = np.array(array)

    def permute(self, *axes: int) -> Tensor:
        return Tensor(self.array.transpose(axes))

    def float(self) -> Tensor:
        return Tensor(self.array.astype(np.float32))

    def __truediv__(self, other: int) -> Tensor:
        return Tensor(self.array / np.float32(other))

    def __getitem__(self, key: Any) -> Tensor:
        return Tensor(self.array[key])

    def __array__(self, dtype: Any = None, copy: Any = None) -> NDArray[Any]:
        return self.array


class DataLoader:
    """Batches in order; a stand-in as well."""

    def __init__(self, dataset: Any, batch_size: int, shuffle: bool) -> None:
        self.dataset, self.batch_size = dataset, batch_size

    def __iter__(self) -> Iterator[list[Tensor]]:
        rows = [self.dataset[i] for i in range(min(len(self.dataset), self.batch_size))]
        yield [Tensor(np.stack([np.asarray(t) for t in column])) for column in zip(*rows, strict=True)]


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> None:
    if importlib.util.find_spec("torch"):
        return
    module: Any = types.ModuleType("torch")
    module.tensor = Tensor
    module.isfinite = lambda t: Tensor(np.isfinite(t.array))
    module.nan_to_num = lambda t: Tensor(np.nan_to_num(t.array))
    data: Any = types.ModuleType("torch.utils.data")
    data.DataLoader, data.Dataset = DataLoader, object
    utils = types.ModuleType("torch.utils")
    for name, stand_in in {"torch": module, "torch.utils": utils, "torch.utils.data": data}.items():
        monkeypatch.setitem(sys.modules, name, stand_in)


@pytest.mark.usefixtures("torch")
def test_the_code_on_the_page_runs(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_figureground, with_torch, with_zipfile, normalisation, _ = Page(dataset).code
    opened = open_dataset(dataset)
    expected = opened[0]
    assert expected.mask is not None
    monkeypatch.chdir(dataset.parent)

    for code in (with_figureground, with_zipfile):
        names: dict[str, Any] = {}
        exec(code, names)  # noqa: S102
        assert np.array_equal(names["image"], expected.image)
        assert names["mask"].dtype == bool
        assert np.array_equal(names["mask"], expected.mask)
        record = expected.record if code is with_figureground else expected.record.to_row()
        assert names["record"] == record
        if expected.depth is None:
            assert "depth" not in names
        else:
            assert np.allclose(names["depth"], expected.depth.values, rtol=1e-6, equal_nan=True)
            assert np.isnan(names["depth"]).any()

    names = {}
    exec(with_torch, names)  # noqa: S102
    training = [k for k in range(len(opened)) if opened.record(k).split == "train"]
    assert 0 < len(training) < len(opened)
    assert len(names["train"]) == len(training)
    assert np.asarray(names["images"]).shape == (4, 3, SIZE, SIZE)
    image, mask, *rest = names["train"][1]
    sample = opened[training[1]]
    assert sample.mask is not None
    assert np.allclose(np.asarray(image), sample.image.transpose(2, 0, 1) / 255)
    assert np.array_equal(np.asarray(mask)[0], sample.mask)
    if sample.depth is not None:
        depth, valid = rest
        assert np.array_equal(np.asarray(valid)[0], np.isfinite(sample.depth.values))
        assert np.array_equal(np.asarray(depth)[0], np.nan_to_num(sample.depth.values))

    names = {}
    exec(normalisation, names)  # noqa: S102
    assert np.allclose(names["mean"], opened.statistics["summary"]["image"]["mean"], atol=1e-4)
    assert np.allclose(names["std"], opened.statistics["summary"]["image"]["std"], atol=1e-4)


# -- plots -------------------------------------------------------------------------------------------------------------


def bars(svg: str, side: str) -> list[float]:
    root = ElementTree.fromstring(svg)  # noqa: S314
    return [float(rect.get(side, "")) for rect in root.iter("rect") if rect.get("class") == "bar"]


def test_every_plot_of_a_page_is_well_formed(dataset: Path) -> None:
    found = Page(dataset).svgs()
    assert len(found) >= 7
    assert all(svg.find("title") is not None for svg in found)


@pytest.mark.parametrize("values", [[1, 2, 3, 0, 7], [5], [0, 0], [0.001, 1000]])
def test_bars_are_proportional_to_values(values: list[float]) -> None:
    top = max(values) or 1
    label = 'a <label> & "more"'
    names = [f"<n{i}>&" for i in range(len(values))]
    for drawn in (
        bars(plots.histogram(values, 0, 1, label, label, label), "height"),
        bars(plots.share_rows([(n, v, label) for n, v in zip(names, values, strict=True)], label), "width"),
        bars(plots.use_strip(names, [int(v) for v in values], label), "height") if min(values) in (0, 1, 5) else [],
    ):
        if not drawn:
            continue
        assert len(drawn) == len(values)
        assert np.allclose(np.array(drawn) * top, np.array(values) * max(drawn), atol=1e-3 * top)


def test_bars_stand_on_the_axis_and_many_photos_are_averaged() -> None:
    counts = [1] * 300 + [3] * 300
    svg = plots.use_strip([f"bg{i}" for i in range(600)], counts, "many", most=60)
    tall, y = np.array(bars(svg, "height")), np.array(bars(svg, "y"))
    assert len(tall) == 60
    assert np.allclose(y + tall, y[0] + tall[0])
    assert np.allclose(tall[:30] * 3, tall[30:], atol=0.01)


def test_the_heat_map_is_lightest_where_most_figures_are() -> None:
    share = np.zeros((4, 5))
    share[2, 3], share[1, 1] = 0.5, 0.25
    found = plots.heat_map(share, "heat", Canvas(64, 64)).split("</svg>")[0] + "</svg>"
    cells = list(ElementTree.fromstring(found).iter("rect"))  # noqa: S314
    assert len(cells) == 20
    assert cells[2 * 5 + 3].get("fill") == colourmap.hexadecimal(1)
    assert cells[1 * 5 + 1].get("fill") == colourmap.hexadecimal(0.5)
    assert cells[0].get("fill") == colourmap.hexadecimal(0)
    assert "50.0 % of the samples" in plots.heat_map(share, "heat", Canvas(64, 64))


def test_statistics_are_those_of_the_samples(layered: Path) -> None:
    opened = open_dataset(layered)
    cells = np.mean([sample.mask for sample in opened if sample.mask is not None], 0)
    expected = cells.reshape(32, SIZE // 32, 32, SIZE // 32).mean((1, 3)).max()
    assert f"{100 * expected:.1f} % of the samples" in Page(layered).text
    values = np.concatenate([s.depth.values[np.isfinite(s.depth.values)] for s in opened if s.depth is not None])
    histogram = next(svg for svg in Page(layered).svgs() if svg.get("aria-label") == "histogram of depth")
    titles = [rect.findtext("title", "") for rect in histogram.iter("rect")]
    low, high = float(titles[0].split(" to ")[0]), float(titles[-1].split(" to ")[1].split(":")[0])
    assert low <= np.percentile(values, 1)
    assert high >= np.percentile(values, 99)
    assert low > values.min() - 0.5
    assert high < values.max() + 0.5


def test_rebin_keeps_the_sum_and_the_range() -> None:
    counts = np.zeros(1024)
    counts[100:700] = np.arange(600)
    values, low, high = statistics_plots.rebin(counts, 0.0, 0.5)
    assert len(values) <= 48
    assert sum(values) == counts.sum()
    assert low <= 50
    assert high >= 350
    assert (high - low) / len(values) % 0.5 == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-2.5, "-2.5"),
        (1234567.0, "1,234,567"),
        (12.0, "12"),
        (6.7449, "6.74"),
        (0.001, "0.001"),
        (100.0, "100"),
        (0.0314159, "0.0314"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert plots.number(value) == text


# -- colours and depth legends -----------------------------------------------------------------------------------------


def test_the_colour_map_gets_lighter_all_the_way() -> None:
    lightness = colourmap.TABLE @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(lightness) > 0).all()
    assert colourmap.TABLE.shape == (256, 3)


def test_pixels_without_a_value_look_like_no_value() -> None:
    picture = colourmap.colours(np.full((32, 32), np.nan))
    distance = np.abs(picture.reshape(-1, 1, 3).astype(int) - colourmap.TABLE[None].astype(int)).sum(-1).min()
    assert distance > 20
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) == 2


@pytest.mark.parametrize(
    ("unit", "direction"),
    [
        ("m", "larger is farther"),
        ("1/m", "larger is nearer"),
        ("relative", "larger is nearer"),
        ("relative", "larger is farther"),
    ],
)
def test_near_is_left_and_light(unit: Any, direction: Any) -> None:
    values = np.linspace(1, 5, 400, dtype=np.float32).reshape(20, 20)
    depth = DepthMap(values, unit, direction)
    scale = colourmap.depth_scale([depth])
    assert scale is not None
    farther = direction == "larger is farther"
    assert (scale.near < scale.far) == farther
    light = scale.picture(depth).sum(-1, dtype=int).ravel()
    assert (light[0] > light[-1]) == farther
    for compact in (True, False):
        root = ElementTree.fromstring(plots.depth_legend(scale, "x", True, compact))  # noqa: S314
        texts = {t.text: float(t.get("x", "")) for t in root.iter("text")}
        suffix = {"m": " m", "1/m": "/m", "relative": ""}[unit]
        assert texts[plots.number(scale.near) + suffix] < texts[plots.number(scale.far) + suffix]
        stops = [stop.get("stop-color") for stop in root.iter("stop")]
        assert (stops[0], stops[-1]) == (colourmap.hexadecimal(1), colourmap.hexadecimal(0))
    inner = {float(t): x for t, x in texts.items() if t and re.fullmatch(r"[\d.]+", t) and x not in (0, 400)}
    assert len(inner) >= 2
    for value, x in inner.items():
        assert x == pytest.approx(400 * (value - scale.near) / (scale.far - scale.near), abs=0.1)


def test_legends_of_pages_run_from_near_to_far(layered: Path, inverse: Path, relative: Path) -> None:
    ends = {}
    for path in (layered, inverse, relative):
        legends = [svg for svg in Page(path).svgs() if svg.get("class") == "legend"]
        labels = [svg.get("aria-label", "") for svg in legends]
        ends[path.name] = [tuple(float(n) for n in re.findall(r"(?:near|far) ([\d.]+)", label)) for label in labels]
    assert len({*ends[layered.name]}) == 1  # one scale: metres compare
    assert all(near < far for near, far in ends[layered.name])
    assert len({*ends[inverse.name]}) == 1
    assert all(near > far for near, far in ends[inverse.name])
    assert len({*ends[relative.name]}) > 1  # a scale for each
    assert all(near > far for near, far in ends[relative.name])


def test_a_flat_or_empty_depth_map_has_a_legend_or_none() -> None:
    flat = colourmap.depth_scale([DepthMap(np.full((2, 2), 3, np.float32), "m", "larger is farther")])
    assert flat is not None
    assert flat.near < 3 < flat.far
    assert colourmap.depth_scale([DepthMap(np.full((2, 2), np.nan, np.float32), "m", "larger is farther")]) is None
    assert colourmap.depth_scale([]) is None


# -- which samples are shown ----------------------------------------------------------------------------------------


def test_samples_shown_are_spread(plain: Path) -> None:
    opened = open_dataset(plain)
    chosen = samples.spread(opened, 10)
    records = [opened.record(k) for k in chosen]
    assert chosen == sorted(set(chosen))
    assert chosen[0] < 4
    assert chosen[-1] >= 36
    assert {r.mirrored for r in records} == {True, False}
    assert len({r.background for r in records}) == 4
    assert len({r.figures[0].foreground for r in records}) == 4
    assert samples.spread(opened, 1000) == list(range(40))


# -- contact sheets ----------------------------------------------------------------------------------------------------


def test_each_tile_is_where_the_layout_says() -> None:
    tiles = [np.full((40, 40, 3), (10 * k, 255 - 10 * k, 77), np.uint8) for k in range(7)]
    captions = [f"tile {k}" for k in range(7)]
    made = contact_sheet(tiles, captions, 3, tile=(40, 40), title="Title", subtitle="seven tiles")
    layout = sheet.Layout(7, 3, (40, 40), 1, sheet._HEAD)
    assert made.shape == (*layout.shape, 3)
    assert made.dtype == np.uint8
    boxes = [layout.box(k) for k in range(7)]
    paper = made[0, 0]
    for tile, (x0, y0, x1, y1) in zip(tiles, boxes, strict=True):
        assert np.array_equal(made[y0:y1, x0:x1], tile)
        caption = made[y1 : y1 + 17, x0:x1]
        assert (caption.min(-1) < 120).any()
        assert caption.min() < 120
    assert boxes[0][1] == boxes[2][1] < boxes[3][1]
    assert boxes[0][0] == boxes[3][0] == boxes[6][0]
    empty = layout.box(8)
    assert (made[empty[1] : empty[3], empty[0] : empty[2]] == paper).all()


def test_cutouts_lie_on_a_checkerboard_and_masks_on_black() -> None:
    cutout = np.zeros((40, 40, 4), np.uint8)
    cutout[10:30, 10:30] = (200, 30, 40, 255)
    cutout[..., 0] = 200  # a hidden colour must not show
    board = sheet.checkerboard(40, 40)
    drawn = sheet.fit(cutout, (40, 40))
    assert np.array_equal(drawn[:10], board[:10])
    assert (drawn[10:30, 10:30] == (200, 30, 40)).all()
    assert len(np.unique(board)) == 2
    mask = sheet.fit(np.full((20, 40), 255, np.uint8), (40, 40))
    assert (mask[:9] == 0).all()
    assert (mask[11:29] == 255).all()
    assert sheet.fit(np.zeros((300, 100, 3), np.uint8), (40, 40)).shape == (40, 40, 3)
    with pytest.raises(ValueError, match="2 tiles, but 1 captions"):
        contact_sheet([mask, mask], ["one"], 2)


def test_long_captions_stay_in_their_column() -> None:
    tiles = [np.full((60, 60, 3), 255, np.uint8)] * 2
    made = contact_sheet(
        tiles, ["a very long caption that would run on\nand another very long line", ""], 2, tile=(60, 60)
    )
    layout = sheet.Layout(2, 2, (60, 60), 2, 0)
    _, y0, x1, y1 = layout.box(0)
    gap = made[y1:, x1 : layout.box(1)[0]]
    assert (gap == made[0, 0]).all()
    assert (made[y1:, :x1].min(-1) < 200).any()
    assert y0 > 0


def test_marked_tiles_have_a_frame() -> None:
    tiles = [np.full((40, 40, 3), 99, np.uint8)] * 3
    plain, framed = (contact_sheet(tiles, ["a", "b", "c"], 3, (40, 40), marked=marked) for marked in ((), (1,)))
    changed = np.abs(plain.astype(int) - framed).max(-1) > 0
    x0, y0, x1, y1 = sheet.Layout(3, 3, (40, 40)).box(1)
    assert changed[y0 - 3 : y1 + 3, x0 - 3 : x1 + 3].any(1).all()
    changed[y0 - 3 : y1 + 3, x0 - 3 : x1 + 3] = False
    assert not changed.any()
    assert np.array_equal(framed[y0:y1, x0:x1], plain[y0:y1, x0:x1])


def test_contact_sheets_of_a_catalog(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "catalog"
    shutil.copytree(plain / "catalog", folder, ignore=lambda *_: ["Background.jpg", "Foreground.jpg", "Mask.jpg"])
    store = FolderStore(folder)
    catalog = load_catalog(store)
    before = set(store.list())
    write_contact_sheets(store, catalog, Canvas(64, 64))
    written = sorted(folder / name for name in set(store.list()) - before)
    assert [path.name for path in written] == ["Background.jpg", "Foreground.jpg", "Mask.jpg"]
    layout = sheet.Layout(4, 4, (128, 128), 2, sheet._HEAD)
    pictures = [np.asarray(Image.open(path)) for path in written]
    assert {picture.shape for picture in pictures} == {(*layout.shape, 3)}
    background = np.asarray(Image.open(folder / "Background" / "bg003.jpg"))
    x0, y0, x1, y1 = layout.box(2)
    assert np.abs(pictures[0][y0:y1, x0:x1].astype(int) - sheet.fit(background, (128, 128))).mean() < 4

    seen: list[tuple[int, str]] = []

    def spy(tiles: Any, captions: Any, columns: int, tile: tuple[int, int], **texts: Any) -> Any:
        seen.append((len(tiles), texts["subtitle"]))
        return contact_sheet(tiles, captions, columns, tile, **texts)

    monkeypatch.setattr(sheet, "MOST", 3)
    monkeypatch.setattr(sheet, "contact_sheet", spy)
    write_contact_sheets(store, catalog, Canvas(64, 64))
    assert seen[0] == (3, "an even spread of 3 of the 4 backgrounds")


def test_sample_sheet_has_a_row_a_sample(plain: Path, layered: Path) -> None:
    def columns(dataset: Dataset) -> int:
        made = sample_sheet(dataset, 3, tile=96)
        assert made.dtype == np.uint8
        rows = list(samples.load(dataset, samples.spread(dataset, 3)))
        count = 6 if rows[0].depth is not None else 5
        layout = sheet.Layout(3 * count, count, (96, 96), 1)
        assert made.shape[1] == layout.shape[1]
        for i, row in enumerate(rows):
            x0, y0, x1, y1 = layout.box(i * count + 3)
            assert np.array_equal(made[y0:y1, x0:x1], row.image)
        return count

    assert columns(open_dataset(plain)) == 5
    assert columns(open_dataset(layered)) == 6


def test_what_is_probably_wrong_with_photos_is_shown(tmp_path: Path) -> None:
    write_photos(tmp_path)
    np.save(tmp_path / "depth/room1.npy", np.full((96, 120), 2.0, np.float32))
    (tmp_path / "depth/room1.png").unlink()
    out = build(small_recipe(tmp_path, backgrounds={"depth": "depth"}, depth={"source": "layered"}), tmp_path / "out")
    page_ = page.page(open_dataset(out))
    assert "Warnings: photos that are used, with something that is probably wrong" in page_
    assert "its depth map has one value throughout: no scene" in page_


def test_without_warnings_nothing_is_said_of_them(plain: Path) -> None:
    assert "Warnings:" not in page.page(open_dataset(plain))
