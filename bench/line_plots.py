"""Line plots on logarithmic axes, several in one SVG file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from figureground.report.plots import number

Line = Sequence[tuple[float, float]]  # (x, y), both above 0
WIDTH, HEIGHT = 430, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 104, 30, 42
_COLOURS = "#1b6ca8", "#d1495b", "#3c8d53", "#8a5a9e", "#c98a1b", "#4b5563"


@dataclass(frozen=True)
class Plot:
    """A plot: what it shows, its axes, and its lines by name."""

    title: str
    x: str
    y: str
    lines: Mapping[str, Line]


class _Scale:
    """Positions on a logarithmic axis; a decade that is begun is shown whole."""

    def __init__(self, values: Sequence[float], start: float, end: float, whole: bool) -> None:
        low, high = math.log10(min(values)), math.log10(max(values))
        if whole:
            low, high = math.floor(low + 1e-9), math.ceil(high - 1e-9)
        self.low, self.high = low, max(high, low + 0.1)
        self.start, self.end = start, end

    def __call__(self, value: float) -> float:
        return self.start + (math.log10(value) - self.low) / (self.high - self.low) * (self.end - self.start)

    def decades(self) -> list[float]:
        return [10.0**k for k in range(math.ceil(self.low - 1e-9), math.floor(self.high + 1e-9) + 1)]


def drawn(plots: Sequence[Plot], columns: int = 2) -> str:
    """Return an SVG file of plots, in rows of so many."""
    rows = -(-len(plots) // columns)
    box = f"0 0 {columns * WIDTH} {rows * HEIGHT}"
    body = [
        f'<g transform="translate({k % columns * WIDTH} {k // columns * HEIGHT})">{_plot(plot)}</g>'
        for k, plot in enumerate(plots)
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" font-family="sans-serif" font-size="11">'
    return f'{head}<rect width="100%" height="100%" fill="#ffffff"/>{"".join(body)}</svg>\n'


def _plot(plot: Plot) -> str:
    points = [point for line in plot.lines.values() for point in line]
    across = _Scale([x for x, _ in points], _LEFT, WIDTH - _RIGHT, whole=False)
    up = _Scale([y for _, y in points], HEIGHT - _BOTTOM, _TOP, whole=True)
    body = [_text(_LEFT, 16, plot.title, weight="bold")]
    for value in up.decades():
        body.append(_rule(_LEFT, up(value), WIDTH - _RIGHT, up(value)))
        body.append(_text(_LEFT - 5, up(value) + 4, number(value), "end"))
    for value in sorted({x for x, _ in points}):
        body.append(_rule(across(value), HEIGHT - _BOTTOM, across(value), HEIGHT - _BOTTOM + 4))
        body.append(_text(across(value), HEIGHT - _BOTTOM + 15, number(value), "middle"))
    body.append(_text((_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 8, plot.x, "middle"))
    middle = (_TOP + HEIGHT - _BOTTOM) / 2
    body.append(f'<g transform="translate(12 {middle:.1f}) rotate(-90)">{_text(0, 0, plot.y, "middle")}</g>')
    ends = _apart([up(line[-1][1]) for line in plot.lines.values()])
    for (name, line), end, colour in zip(plot.lines.items(), ends, _COLOURS, strict=False):
        places = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in line)
        body.append(f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="2"/>')
        body += [f'<circle cx="{across(x):.1f}" cy="{up(y):.1f}" r="2.5" fill="{colour}"/>' for x, y in line]
        body.append(_text(across(line[-1][0]) + 7, end + 4, name, colour=colour))
    return "".join(body)


def _apart(heights: Sequence[float], least: float = 13.0) -> list[float]:
    """Return heights for names, moved so that none hides another."""
    order = sorted(range(len(heights)), key=heights.__getitem__)
    placed: dict[int, float] = {}
    before = -math.inf
    for k in order:
        before = placed[k] = max(heights[k], before + least)
    beyond = max(0.0, before - (HEIGHT - _BOTTOM)) if order else 0.0
    return [placed[k] - beyond for k in range(len(heights))]


def _rule(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="#c9ced6"/>'


def _text(x: float, y: float, text: str, anchor: str = "start", colour: str = "#22262d", weight: str = "normal") -> str:
    style = f'text-anchor="{anchor}" fill="{colour}" font-weight="{weight}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'
