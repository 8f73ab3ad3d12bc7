"""Small plots as inline SVG: well-formed XML, no scripts, colours from the page's style sheet so that they follow it.

Every bar carries its numbers in a <title>, which browsers show on hover.  Texts are escaped here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from figureground.core.canvas import Canvas
from figureground.image.colourmap import DepthScale, hexadecimal

_WIDTH, _HEIGHT = 340, 205
_LEFT, _RIGHT, _TOP, _BOTTOM = 6, 6, 18, 34


def number(value: float) -> str:
    """Return a number with about three digits and no trailing zeros; thousands apart."""
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    decimals = max(0, 2 - math.floor(math.log10(size)))
    text = f"{value:.{min(decimals, 6)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def measure(value: float, unit: str) -> str:
    """Return a depth value with its unit: "2.5 m", "0.4/m"; relative depth has none."""
    return number(value) + {"m": " m", "1/m": "/m"}.get(unit, "")


def human_bytes(count: float) -> str:
    """Return a size as "532 B", "12.6 MB": powers of 1000."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{number(count)} {unit}"
        count /= 1000
    return f"{number(count)} TB"


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return round numbers from low to high, about as many as asked."""
    span = high - low
    if not span > 0:
        return [low]
    raw = span / max(1, about)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 12) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def _svg(width: float, height: float, label: str, body: Sequence[str], kind: str) -> str:
    return (
        f'<svg class="{kind}" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(label)}">'
        f"<title>{escape(label)}</title>{''.join(body)}</svg>"
    )


def _text(x: float, y: float, text: str, anchor: str = "middle", kind: str = "") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{escape(text)}</text>'


def histogram(
    counts: Sequence[float], low: float, high: float, axis: str, what: str, label: str, note: str = ""
) -> str:
    """Return a histogram: `counts` over equal bins from low to high.  `axis` names x, `what` is being counted.

    About 55 letters fit across: `axis` below the bars, and the largest count with the `note` above them.
    """
    top = max(counts, default=0) or 1
    inner, floor = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _BOTTOM
    width = inner / max(1, len(counts))
    step = (high - low) / max(1, len(counts))
    body = [_text(_LEFT, 11, f"up to {number(top)} {what} a bar{note}", "start", "quiet")]
    for i, count in enumerate(counts):
        height = (floor - _TOP) * count / top
        x, wide = _LEFT + i * width, max(width - 1, width * 0.8)
        says = f"{number(low + i * step)} to {number(low + (i + 1) * step)}: {number(count)} {what}"
        body.append(
            f'<rect class="bar" x="{x:.2f}" y="{floor - height:.3f}" width="{wide:.2f}" height="{height:.3f}">'
            f"<title>{escape(says)}</title></rect>"
        )
    body.append(f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{floor + 0.5}" y2="{floor + 0.5}"/>')
    for value in ticks(low, high):
        x = _LEFT + inner * (value - low) / (high - low)
        body.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{floor}" y2="{floor + 4}"/>')
        anchor = "start" if x < 20 else "end" if x > _WIDTH - 20 else "middle"
        body.append(_text(x, floor + 16, number(value), anchor))
    body.append(_text(_WIDTH / 2, _HEIGHT - 4, axis, kind="quiet"))
    return _svg(_WIDTH, _HEIGHT, label, body, "plot")


def share_rows(rows: Sequence[tuple[str, float, str]], label: str) -> str:
    """Return horizontal bars, a (name, value, text) each; lengths are in proportion to the values."""
    top = max((value for _, value, _ in rows), default=0) or 1
    body = []
    for i, (name, value, says) in enumerate(rows):
        y = 4 + i * 36
        body += [
            _text(0, y + 11, name, "start"),
            _text(_WIDTH, y + 11, says, "end", "quiet"),
            f'<rect class="track" x="0" y="{y + 17}" width="{_WIDTH}" height="9" rx="2"/>',
            f'<rect class="bar" x="0" y="{y + 17}" width="{_WIDTH * value / top:.3f}" height="9" rx="2">'
            f"<title>{escape(f'{name}: {says}')}</title></rect>",
        ]
    return _svg(_WIDTH, 4 + 36 * len(rows), label, body, "plot")


def use_strip(names: Sequence[str], counts: Sequence[int], label: str, most: int = 170) -> str:
    """Return how many samples use each photo, in the catalog's order, as a strip of bars that start at zero.

    Where there are more than `most` photos a bar is the mean of neighbours.
    """
    n = len(counts)
    groups = np.array_split(np.arange(n), min(n, most)) if n else []
    values = [float(np.mean([counts[i] for i in group])) for group in groups]
    top = max(values, default=0) or 1
    height, floor = 100, 80
    width = _WIDTH / max(1, len(values))
    body = []
    for i, (group, value) in enumerate(zip(groups, values, strict=True)):
        name = names[group[0]] if len(group) == 1 else f"{names[group[0]]} to {names[group[-1]]}, on average"
        tall = (floor - 4) * value / top
        body.append(
            f'<rect class="bar" x="{i * width:.2f}" y="{floor - tall:.3f}" width="{width * 0.86:.2f}" '
            f'height="{tall:.3f}"><title>{escape(f"{name}: {number(value)} samples")}</title></rect>'
        )
    body.append(f'<line class="axis" x1="0" x2="{_WIDTH}" y1="{floor + 0.5}" y2="{floor + 0.5}"/>')
    if n:
        body += [_text(0, height - 5, names[0], "start", "quiet"), _text(_WIDTH, height - 5, names[-1], "end", "quiet")]
    return _svg(_WIDTH, height, label, body, "plot")


def heat_map(share: NDArray[np.float64], label: str, canvas: Canvas) -> str:
    """Return `share` (rows, columns), 0..1, as coloured cells: dark is 0, light is the largest share; with a legend.

    The map has the shape of the canvas.
    """
    top = float(share.max()) if share.size and share.max() > 0 else 1.0
    wide, high = (round(10 * side / canvas.shorter, 2) for side in (canvas.width, canvas.height))
    rows, columns = share.shape
    body = []
    for i in range(rows):
        for j in range(columns):
            says = f"{100 * share[i, j]:.1f} %"
            body.append(
                f'<rect x="{j * wide:g}" y="{i * high:g}" width="{wide:g}" height="{high:g}" '
                f'fill="{hexadecimal(float(share[i, j]) / top)}"><title>{says}</title></rect>'
            )
    plot = _svg(round(columns * wide), round(rows * high), label, body, "heat")
    ends = [
        _gradient("heat-ramp", dark_first=True),
        f'<rect x="0" y="0" width="{_WIDTH}" height="12" rx="2" fill="url(#heat-ramp)"/>',
        _text(0, 27, "0 %", "start"),
        _text(_WIDTH, 27, f"{100 * top:.1f} % of the samples", "end"),
    ]
    return plot + _svg(_WIDTH, 32, f"legend: 0 to {100 * top:.1f} % of the samples", ends, "plot")


def _gradient(name: str, dark_first: bool) -> str:
    stops = "".join(
        f'<stop offset="{i / 16:g}" stop-color="{hexadecimal(i / 16 if dark_first else 1 - i / 16)}"/>'
        for i in range(17)
    )
    return f'<defs><linearGradient id="{name}">{stops}</linearGradient></defs>'


def depth_legend(scale: DepthScale, name: str, striped: bool, compact: bool = False) -> str:
    """Return the colour bar of a depth scale, near at the left and far at the right, with values in its unit.

    `name` makes the gradient's id unique on the page.  `striped` adds what stands for "no value"; `compact` is the
    small form under a picture, with the values of the two ends alone.
    """
    near, far = measure(scale.near, scale.unit), measure(scale.far, scale.unit)
    width = 150 if compact else 400
    bar = 8 if compact else 20
    y = bar + (13 if compact else 18)
    body = [
        _gradient(name, dark_first=False),
        f'<rect x="0" y="0" width="{width}" height="{bar}" rx="2" fill="url(#{name})"/>',
        _text(0, y, near, "start"),
        _text(width, y, far, "end"),
    ]
    if not compact:
        low, high = sorted((scale.near, scale.far))
        for value in ticks(low, high, 6):
            x = scale.position(value) * width
            if 64 < x < width - 64:
                body += [
                    f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{bar}" y2="{bar + 5}"/>',
                    _text(x, y, number(value)),
                ]
        body += [_text(8, bar - 5, "near", "start", "on-light"), _text(width - 8, bar - 5, "far", "end", "on-dark")]
    if striped:
        side = 14 if compact else 26
        body += [
            f'<defs><pattern id="{name}-none" width="6" height="6" patternUnits="userSpaceOnUse" '
            'patternTransform="rotate(45)"><rect width="6" height="6" fill="#eceef0"/>'
            '<rect width="3" height="6" fill="#969ca2"/></pattern></defs>',
            f'<rect x="{width + 10}" y="0" width="{side}" height="{bar}" fill="url(#{name}-none)"/>',
            _text(width + 10, y, "none" if compact else "no value", "start"),
        ]
        width += 40 if compact else 70
    return _svg(width, y + 4, f"depth legend: near {near}, far {far}", body, "legend")
