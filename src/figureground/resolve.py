"""TODO."""

from __future__ import annotations

from typing import Literal

from figureground.core.errors import FigureGroundError
from figureground.core.job import DepthModel, Running
from figureground.core.recipe import Recipe
from figureground.networks.registry import resolve


def recipe_model(recipe: Recipe) -> DepthModel:
    """Return the recipe's depth network.  Raises FigureGroundError when none is named, or a file is missing."""
    if not recipe.depth.model:
        raise FigureGroundError(
            "depth.model names no network",
            f'recipe: depth.source = "{recipe.depth.source}"',
            'set depth.model = "small" or "path/to/network.onnx", or depth.source = "none"',
        )
    return resolve(recipe.depth.model, recipe.depth.card, recipe.root)


def running(recipe: Recipe) -> Running:
    """Return how the recipe wants its network run."""
    depth = recipe.depth
    runtime = "" if depth.runtime == "auto" else depth.runtime
    upsampling: Literal["aligned", "half_pixel"] = "half_pixel" if depth.upsampling == "half_pixel" else "aligned"
    leaky: Literal["auto", "one", "two"] = {"one": "one", "two": "two"}.get(depth.leaky, "auto")  # type: ignore[assignment]
    return Running(runtime, depth.device, upsampling, leaky, depth.precision, depth.focal)
