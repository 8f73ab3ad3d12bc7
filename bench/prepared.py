"""What `pipeline.py` measures on: datasets of photos, or of drawn scenes, with their catalogs and without samples."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from figureground import build
from figureground.core.presets import PRESETS
from figureground.core.recipe_toml import from_mapping, to_toml

SIDE = 256  # px of what is drawn: a little more than the canvas
UNIFORM, GROUND, GROUND_2020 = "uniform", "ground", "ground, heights of 2020"
EVA4 = PRESETS["eva4"]
# uniform as in 2020, no depth; ground with all looks and 16-bit layered depth; the same with figures as tall as in 2020
RECIPES: dict[str, dict[str, dict[str, object]]] = {
    UNIFORM: {
        "foregrounds": EVA4["foregrounds"],
        "placement": EVA4["placement"],
        "look": EVA4["look"],
        "image": EVA4["image"],
        "depth": {"source": "none"},
    },
    GROUND: {"placement": {"per_pair": 20}},
    GROUND_2020: {"placement": {"per_pair": 20}, "foregrounds": {"height": EVA4["foregrounds"]["height"]}},
}


def drawn(folder: Path, rooms: int, people: int, side: int = SIDE) -> tuple[Path, Path, Path]:
    """Draw what is missing of rooms, with their depth, and of people, `side` px tall.

    Return the folders of rooms, people and depth.
    """
    from figureground.drawn import render_person, render_room

    homes = folder / "rooms", folder / "people", folder / "depth"
    for home in homes:
        home.mkdir(parents=True, exist_ok=True)
    for k in range(rooms):
        path = homes[0] / f"room-{k:02d}.png"
        if not path.is_file():
            room = render_room(k, side)
            millimetres = np.clip(np.rint(room.depth_m * 1000), 0, 65535).astype(np.uint16)
            Image.fromarray(millimetres).save(homes[2] / path.name)
            Image.fromarray(room.rgb).save(path)
    for k in range(people):
        path = homes[1] / f"person-{k:02d}.png"
        if not path.is_file():
            Image.fromarray(render_person(k, side)).save(path)
    return homes


def some(folder: Path, to: Path, most: int) -> Path:
    """Copy the first `most` files of a folder of photos, and return where they are."""
    to.mkdir(parents=True, exist_ok=True)
    for path in itertools.islice(sorted(path for path in folder.iterdir() if path.is_file()), most):
        if not (to / path.name).is_file():
            shutil.copyfile(path, to / path.name)
    return to


def table(name: str, backgrounds: Path, foregrounds: Path, depth: Path | None) -> dict[str, dict[str, object]]:
    """Return the recipe of a name of RECIPES over folders of photos; `depth`: the backgrounds', None where unknown."""
    found: dict[str, dict[str, object]] = {section: dict(values) for section, values in RECIPES[name].items()}
    known = {"depth": str(depth.resolve())} if depth else {}
    found["backgrounds"] = {"path": str(backgrounds.resolve()), **known}
    found["foregrounds"] = {**found.get("foregrounds", {}), "path": str(foregrounds.resolve())}
    return found


def dataset(work: Path, name: str, backgrounds: Path, foregrounds: Path, depth: Path | None) -> Path:
    """Return the folder of a dataset of RECIPES with its catalog, prepared where it is not there yet."""
    home = work / name.replace(", ", "-").replace(" ", "-")
    home.mkdir(exist_ok=True)
    recipe = home / "recipe.toml"
    recipe.write_text(to_toml(from_mapping(table(name, backgrounds, foregrounds, depth))), encoding="utf-8")
    return Path(build(recipe, home / "dataset", workers=0, catalog_only=True))
