"""The page of an evaluation of cut-outs: the worst first, names escaped, colours where a method is wrong."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from figureground.evaluate.cutouts import Cut
from figureground.report.cutout_page import MISSING, TOO_MUCH, cutout_page, difference, write_cutout_page
from tests.evaluate.test_depth import NASTY


def cut(name: str, iou: float, found: bool = True) -> Cut:
    picture = np.full((60, 80, 3), 120, np.uint8)
    truth = np.zeros((60, 80), np.bool_)
    truth[10:50, 20:60] = True
    alpha = np.roll(truth, 5, 1).astype(np.uint8) * np.uint8(255) if found else None
    return Cut(name, picture, truth, alpha, iou if found else 0.0, iou / 2 if found else 0.0, 0.0, 0.1)


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_first_methods_worst_come_first_and_no_more_than_asked() -> None:
    ious = {"good": 0.9, "bad": 0.2, "middling": 0.5, "worst": 0.1}
    ours = [cut(name, iou) for name, iou in ious.items()]
    theirs = [cut(name, 1 - iou) for name, iou in ious.items()]
    page = cutout_page({"ours": ours, "theirs": theirs}, most=3)
    assert re.findall(r"<h3>(\w+)</h3>", page) == ["worst", "bad", "middling"]
    assert "The 3 worst of 4" in page
    assert page.count("<img") == 3 * (2 + 2 * 2)
    assert re.findall(r"<tr><td>(\w+)</td><td class=\"n\">0.\d+</td>", page) == ["worst", "bad", "middling", "good"]
    assert "IoU <b>0.100</b>, boundary F <b>0.050</b>" in page
    assert '<td class="n">+0.150<small>' in page  # theirs against ours


def test_names_are_escaped_and_nothing_is_fetched(tmp_path: Path) -> None:
    results = {f"ours {NASTY}": [cut(NASTY, 0.4)], f"theirs {NASTY}": [cut(NASTY, 0.5)]}
    write_cutout_page(results, tmp_path / "page.html")
    raw = (tmp_path / "page.html").read_text(encoding="utf-8")
    page = Tags(raw)
    assert not {"script", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert page.text.count(NASTY) >= 6
    links = [value for _, attrs in page.tags for key, value in attrs.items() if key in ("src", "href")]
    assert all(link.startswith(("data:", "#")) for link in links)
    assert "url(http" not in raw
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    write_cutout_page(results, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == raw


def test_a_method_that_gave_up_is_told_so() -> None:
    once = [cut("a", 0.5), cut("b", 0.0, found=False)]
    page = cutout_page({"ours": [cut("a", 0.9), cut("b", 0.8)], "once": once})
    assert page.count('<div class="none">gave up</div>') == 1
    assert "Not shown" not in page
    page = cutout_page({"ours": [cut("a", 0.9)], "key": [cut("a", 0.0, found=False)]})
    assert "Not shown, since it gave up on every picture: key." in page
    assert page.count("<img") == 4
    page = cutout_page({"ours": [cut("a", 0.0, found=False)]})  # the first is shown all the same
    assert page.count('<div class="none">gave up</div>') == 1


def test_what_is_wrong_is_coloured_and_what_is_right_is_not() -> None:
    one = cut("a", 0.5)
    assert one.alpha is not None
    shown = difference(one.picture, one.alpha > 0, one.truth).astype(int)
    right, outside = shown[30, 40], shown[5, 5]
    assert right.tolist() == [120] * 3
    assert outside.tolist() == [198] * 3
    for place, colour in (((30, 62), TOO_MUCH), ((30, 22), MISSING)):
        assert np.abs(shown[place] - colour).max() < 45
    coloured = shown.max(2) != shown.min(2)
    assert coloured.sum() == 2 * 40 * 5
