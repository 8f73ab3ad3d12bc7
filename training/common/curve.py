"""The course of a training as a small SVG picture.

python -m training.common.curve LOG.jsonl CURVE.svg
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

_WIDTH, _HEIGHT, _EDGE = 640, 300, 44
_COLOURS = ("#444444", "#c2410c", "#1d4ed8", "#15803d", "#a21caf", "#0e7490", "#a16207")
_NOT_DRAWN = ("step", "seconds", "rate")


def draw_curve(log: Path, picture: Path) -> None:
    """Draw the loss and the held-out scores of log.jsonl against the step, on a scale from 0 to 1 at most.

    Lines without a step (what a run is made of) are passed over.
    """
    lines = [line for line in map(json.loads, log.read_text(encoding="utf-8").splitlines()) if "step" in line]
    names = [n for n in dict.fromkeys(key for line in lines for key in line) if n not in _NOT_DRAWN]
    last = max(line["step"] for line in lines)
    top = max(min(line[n], 1.0) for line in lines for n in names if n in line)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif">']
    parts.append(f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>')
    for k in range(5):
        y = _HEIGHT - _EDGE - (_HEIGHT - 2 * _EDGE) * k / 4
        parts.append(f'<path d="M{_EDGE} {y:.1f}H{_WIDTH - 8}" stroke="#ddd"/>')
        parts.append(f'<text x="4" y="{y + 4:.1f}" font-size="11">{top * k / 4:.2f}</text>')
    for k, name in enumerate(names):
        points = [(line["step"], min(line[name], top)) for line in lines if name in line]
        xs = [_EDGE + (_WIDTH - _EDGE - 8) * step / last for step, _ in points]
        ys = [_HEIGHT - _EDGE - (_HEIGHT - 2 * _EDGE) * value / top for _, value in points]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(xs, ys, strict=True))
        colour = _COLOURS[k % len(_COLOURS)]
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        at = _EDGE + k % 4 * 150, 14 + 14 * (k // 4)
        parts.append(f'<text x="{at[0]}" y="{at[1]}" font-size="11" fill="{colour}">{name}</text>')
    parts.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 10}" font-size="11">step, to {last}</text></svg>')
    picture.write_text("\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    draw_curve(Path(sys.argv[1]), Path(sys.argv[2]))
