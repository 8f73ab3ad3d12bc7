"""What is told of 100 million samples adds up, and is drawn."""

from __future__ import annotations

import itertools
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from bench import simulate as page
from bench.line_plots import HEIGHT, WIDTH, Plot, drawn
from bench.simulate import MACHINES, SIZES, Prices, best_sizes, figures, money, weights
from bench.simulated import HOUR, Costs, Result, World


def test_money_is_machines_questions_and_bytes() -> None:
    result = Result(begin_s=HOUR, make_s=2 * HOUR, finish_s=3 * HOUR, questions={"PUT": 500, "LIST": 500, "GET": 2000})
    world = World(samples=1_000_000, machines=10, costs=Costs(bytes=1000.0))
    told = money(world, result, Prices(2.0, 1.0, 0.5, 0.25, 0.125))
    assert (told["machines"], told["spot"]) == (48.0, 24.0)  # ten for two hours, one for four more
    assert told["questions"] == pytest.approx(0.25 + 0.25)
    assert told["a month"] == pytest.approx(weights(world)["total"] / 1e9 * 0.5)


def test_weights_add_up_and_small_parts_weigh_more() -> None:
    few, many = (weights(World(samples=1_000_000, part_size=size)) for size in (64_000, 1000))
    assert few["samples"] == many["samples"] == 7e9
    assert many["sidecars"] == pytest.approx(1000 * 50_000)
    assert many["manifest"] == pytest.approx(1000 * 850)
    assert few["total"] < many["total"] == sum(many[kind] for kind in ("samples", "sidecars", "labels", "manifest"))


def test_the_best_size_is_that_of_the_shortest_build() -> None:
    rows = [
        {"machines": n, "part_size": size, "hours": {"all": hours}}
        for n, size, hours in ((1, 1000, 5.0), (1, 4000, 4.0), (4, 1000, 1.0), (4, 4000, 2.0))
    ]
    assert best_sizes(rows) == {1: 4000, 4: 1000}


def test_all_is_told_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["--plots", str(tmp_path / "plots.svg"), "--json", str(tmp_path / "found.json")]
    page.main(["--samples", "200000", "--machine-h", "7", *files])
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["prices"]["machine_h"] == 7
    for name in ("plain", "depth"):
        rows = found[name]["rows"]
        assert [(row["part_size"], row["machines"]) for row in rows] == [(s, n) for s in SIZES for n in MACHINES]
        for row in rows:
            hours = row["hours"]
            assert hours["all"] == pytest.approx(hours["begin"] + hours["make"] + hours["finish"])
    text = (tmp_path / "plots.svg").read_text()
    assert len(ET.fromstring(text).findall(".//{*}polyline")) == 2 * len(SIZES) + 2 * 4 + 3 + 4  # noqa: S314
    assert "best size of parts by machines" in capsys.readouterr().out


def test_figures_are_those_of_their_seed() -> None:
    one, same, other = (figures(100_000, seed, Prices()) for seed in (0, 0, 1))
    assert one == same != other


def test_a_plot_shows_every_point_inside_and_names_that_do_not_touch() -> None:
    lines = {"<a>": [(1.0, 3.0), (10.0, 30.0)], "b": [(1.0, 3.0), (10.0, 29.9)], "c": [(1.0, 500.0), (10.0, 30.1)]}
    root = ET.fromstring(drawn([Plot("t", "x", "y", lines)], columns=1))  # noqa: S314
    points = [
        tuple(map(float, pair.split(",")))
        for line in root.findall(".//{*}polyline")
        for pair in line.get("points", "").split()
    ]
    assert len(points) == 6
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in points)
    named = {t.text: float(t.get("y", "0")) for t in root.findall(".//{*}text") if t.text in lines}
    heights = sorted(named.values())
    assert set(named) == set(lines)
    assert min(b - a for a, b in itertools.pairwise(heights)) >= 13 - 1e-6
    assert points[0][1] == points[2][1] > points[4][1]  # what is more stands higher
