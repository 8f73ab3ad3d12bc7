"""The demo: drawn rooms with exact depth, drawn people, and the recipe that makes a dataset of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from figureground.core.engines import Engine, mapped, run_error
from figureground.core.errors import FigureGroundError
from figureground.core.recipe import Recipe
from figureground.core.recipe_toml import from_mapping, to_toml
from figureground.image import png

ROOM_SIDE = 448
PERSON_HEIGHT = 480
SEED = 2020


@dataclass(frozen=True)
class Drawing:
    """One picture to draw: kind "room" or "person", its number from 1, and the folder of the photos."""

    kind: str
    number: int
    folder: str


def recipe() -> Recipe:
    """Return the demo's recipe: 2 positions a pair, mirrored, with layered depth from the rooms' exact depth."""
    return from_mapping(
        {
            "name": "figureground demo",
            "backgrounds": {"path": "photos/rooms", "depth": "photos/depth"},
            "foregrounds": {"path": "photos/people"},
            "placement": {"mode": "ground", "per_pair": 2, "min_visible": 0.5},
            "depth": {"source": "layered"},
            "parts": {"size": 64},
        }
    )


def write_photos(out: Path, rooms: int, people: int, engine: Engine, progress: Callable[[str, int, int], None]) -> Path:
    """Draw what is missing of the demo's photos below `out`, write its recipe and return the recipe's path."""
    for name, count in (("--backgrounds", rooms), ("--people", people)):
        if not 1 <= count <= 999:
            raise FigureGroundError(f"{name} {count} is out of range", "demo", "between 1 and 999")
    folder = out / "photos"
    try:
        for name in ("rooms", "depth", "people"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        path = out / "recipe.toml"
        path.write_text(to_toml(recipe(), comments=True), encoding="utf-8")
    except OSError as error:
        raise FigureGroundError(f"cannot write: {error.strerror}", str(out), "choose another folder") from None
    todo = [Drawing("room", i, str(folder)) for i in range(1, rooms + 1)]
    todo += [Drawing("person", i, str(folder)) for i in range(1, people + 1)]
    todo = [drawing for drawing in todo if not _target(drawing).is_file()]
    with mapped(engine, draw, todo) as outcomes:
        for done, outcome in enumerate(outcomes, 1):
            if outcome.error is not None:
                raise run_error(outcome.error, _target(outcome.job).name, "what is drawn is kept") or outcome.error
            progress("drawing", done, len(todo))
    return path


def _target(drawing: Drawing) -> Path:
    folder = "rooms" if drawing.kind == "room" else "people"
    return Path(drawing.folder) / folder / f"{drawing.kind}-{drawing.number:03d}.png"


def draw(drawing: Drawing) -> None:
    """Draw one picture; a room's depth (16-bit PNG, millimetres) is written before its picture."""
    from figureground.drawn import render_person, render_room

    target = _target(drawing)
    exif = Image.Exif()
    if drawing.kind == "room":
        room = render_room(SEED + drawing.number, ROOM_SIDE)
        depth = target.parent.parent / "depth" / target.name
        depth.write_bytes(png.encode(np.clip(np.rint(room.depth_m * 1000), 0, 65535).astype(np.uint16)))
        pixels = room.rgb
        # as a camera would say it: the focal length for 36 x 24 mm, whose diagonal is 43.27 mm
        focal_mm = round(room.camera.focal * 43.2666 / math.sqrt(2))
        exif[ExifTags.IFD.Exif] = {int(ExifTags.Base.FocalLengthIn35mmFilm): focal_mm}
    else:
        pixels = render_person(SEED + drawing.number, PERSON_HEIGHT)
    partial = target.with_suffix(".partial")
    Image.fromarray(pixels).save(partial, "PNG", exif=exif)
    partial.replace(target)
