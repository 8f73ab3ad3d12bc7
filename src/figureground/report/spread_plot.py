"""How values are spread, as bars from their 5th to their 95th percentile, as inline SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from figureground.report.plots import number

_WIDTH, _ROW, _TOP = 340, 38, 4


@dataclass(frozen=True)
class Bar:
    """A bar: its name; 0..100 at 5, 25, 50, 75 and 95 %; and whether it is the one that is meant."""

    name: str
    at: tuple[float, ...]
    own: bool = False


def spread_bars(bars: Sequence[Bar], label: str) -> str:
    """Return bars over 0..100 %: thin from 5 to 95 %, thick from 25 to 75 %, with a line at the middle value."""
    body = [f"<title>{escape(label)}</title>"]
    for i, bar in enumerate(bars):
        y = _TOP + i * _ROW
        low, left, middle, right, high = (_WIDTH * value / 100 for value in bar.at)
        says = (
            f"{bar.name}: half lie in {number(bar.at[1])} to {number(bar.at[3])} %, the middle is {number(bar.at[2])} %"
        )
        kind = "bar" if bar.own else "other"
        body += [
            f'<text x="0" y="{y + 11}" text-anchor="start">{escape(bar.name)}</text>',
            f'<text class="quiet" x="{_WIDTH}" y="{y + 11}" text-anchor="end">'
            f"{number(bar.at[0])} – {number(bar.at[2])} – {number(bar.at[4])} %</text>",
            f'<rect class="track" x="0" y="{y + 17}" width="{_WIDTH}" height="12" rx="2"/>',
            f'<rect class="{kind}" x="{low:.1f}" y="{y + 22}" width="{max(1.0, high - low):.1f}" height="2"/>',
            f'<rect class="{kind}" x="{left:.1f}" y="{y + 18}" width="{max(1.0, right - left):.1f}" height="10" rx="2">'
            f"<title>{escape(says)}</title></rect>",
            f'<rect class="middle" x="{middle - 1:.1f}" y="{y + 16}" width="2" height="14"/>',
        ]
    box = f"0 0 {_WIDTH} {_TOP + _ROW * len(bars)}"
    return f'<svg class="plot" viewBox="{box}" role="img" aria-label="{escape(label)}">{"".join(body)}</svg>'
