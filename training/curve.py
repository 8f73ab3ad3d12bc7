"""A training's log.jsonl as a picture: loss and held-out scores over steps, drawn with Pillow."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image, ImageDraw

WIDTH, HEIGHT, MARGIN = 760, 380, 46
COLOURS = {"loss": (200, 60, 40), "iou": (30, 110, 200), "edge": (40, 150, 70)}


def draw(log: Path, out: Path) -> None:
    """Draw every number named in COLOURS, each scaled to its own range, which is printed beside its name."""
    series: dict[str, list[tuple[float, float]]] = {name: [] for name in COLOURS}
    for line in log.read_text().splitlines():
        entry = json.loads(line)
        for name, points in series.items():
            if name in entry:
                points.append((entry["step"], entry[name]))
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((MARGIN, MARGIN, WIDTH - MARGIN, HEIGHT - MARGIN), outline=(180, 180, 180))
    last = max((points[-1][0] for points in series.values() if points), default=1)
    for row, (name, points) in enumerate(series.items()):
        if not points:
            continue
        low, high = min(v for _, v in points), max(v for _, v in points)
        span = (high - low) or 1
        spots = [
            (
                MARGIN + (WIDTH - 2 * MARGIN) * step / last,
                HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (value - low) / span,
            )
            for step, value in points
        ]
        pen.line(spots, fill=COLOURS[name], width=2)
        label = f"{name}: {low:.4f} to {high:.4f}, last {points[-1][1]:.4f}"
        pen.text((MARGIN + 240 * row, 16), label, fill=COLOURS[name])
    pen.text((MARGIN, HEIGHT - 30), f"0 to {last:.0f} steps", fill=(90, 90, 90))
    image.save(out)
