"""Recipes to start from: what each preset changes, and the file that `figureground init` writes of it."""

from __future__ import annotations

from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.nouns import POSES
from figureground.core.recipe import Recipe, keys
from figureground.core.recipe_toml import from_mapping, to_toml

_LOOK = ("shadow", "cast", "colour", "sharpness", "noise", "feather", "wrap", "poisson")
PRESETS: dict[str, dict[str, Any]] = {
    # figures that stand on the floor of each background, with depth that agrees
    "default": {},
    # figures anywhere in the picture, without geometry, with a network's depth of each composite
    "uniform": {"placement": {"mode": "uniform"}, "depth": {"source": "network"}},
    # The student dataset of 2020: 224 px, heights 100-120, 20 positions drawn from 1..120, mirrored in place, JPEG q30.
    # Its values are said whatever the defaults become.
    "eva4": {
        "size": 224,
        "foregrounds": {"height": [0.4464, 0.5358], "poses": list(POSES)},
        "placement": {
            "mode": "uniform",
            "clip": "2020",
            "height_for": "photo",
            "min_visible": 1.0,
            "figures": [1, 1],
            "per_pair": 20,
            "mirror": "same",
        },
        "look": {name: [0, 0] for name in _LOOK},
        "image": {"quality": 30, "optimize": True},
        # 448 px bicubic -> DenseDepth with half-pixel upsampling -> 224 -> stretched per image -> 8-bit JPEG
        "depth": {"source": "network", "model": "nyu.h5", "upsampling": "half_pixel", "encoding": "jpeg8"},
    },
}

# the knobs that a beginner turns; the file names them whatever the preset says of them
FIRST = (
    "name",
    "size",
    "backgrounds.path",
    "foregrounds.path",
    "foregrounds.class",
    "foregrounds.height",
    "placement.mode",
    "placement.per_pair",
    "placement.mirror",
    "placement.samples",
    "depth.source",
    "depth.model",
)

_HEAD = """\
# A dataset's recipe. Paths start from this file's folder.  figureground check recipe.toml says which photos are used.
"""
_REST = """
# All other knobs have their defaults: figureground init DIR --all writes every one, and this page lists them:
# https://github.com/figureground/figureground/blob/main/docs/recipe.md
# Of several sources, write a table each, [[foregrounds]] or [[backgrounds]]: with its own path, class, height ...
"""


def starting_recipe(preset: str, *, every_knob: bool = False) -> tuple[Recipe, str]:
    """Return the recipe of a preset and its commented TOML, with the knobs that a beginner turns and those that the
    preset does, or with every knob.  Raises FigureGroundError for a preset that is not there."""
    if preset not in PRESETS:
        raise FigureGroundError(f"unknown preset {preset!r}", "--preset", f"one of {', '.join(PRESETS)}")
    start = {**PRESETS[preset]}
    for section, folder in (("backgrounds", "backgrounds"), ("foregrounds", "people")):
        start[section] = {"path": f"photos/{folder}", **start.get(section, {})}
    recipe = from_mapping(start)
    if every_knob:
        return recipe, _HEAD + to_toml(recipe, comments=True)
    usual = {key: value for key, _, value in keys(Recipe())}
    shown = {*FIRST, *(key for key, _, value in keys(recipe) if value != usual[key])}
    return recipe, _HEAD + to_toml(recipe, comments=True, only=shown) + _REST
