"""The door: a recipe -> the job that it means.  The one place where modes and other texts of a recipe are compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from figureground.core.canvas import Canvas
from figureground.core.errors import FigureGroundError
from figureground.core.files import file_sha256
from figureground.core.job import (
    CutoutModel,
    Cutting,
    DepthModel,
    DepthPlan,
    Floors,
    Formats,
    Heights,
    Inputs,
    Job,
    Placing,
    Running,
)
from figureground.core.recipe import DepthOptions, Placement, Recipe, Relief
from figureground.core.recipe_toml import real_heights
from figureground.networks.cutout import cutout_weights
from figureground.networks.registry import resolve as resolve_model


def resolve(recipe: Recipe, *, prepared: bool = False) -> Job:
    """Return what a recipe means, its networks found and hashed.

    `prepared`: the catalog exists, so networks that only prepare photos are not looked for.  Raises FigureGroundError
    for a network that is missing or not what its card pins, and where depth is wanted and nothing gives it.
    """
    depth = depth_plan(recipe)
    if depth.on_composites or (depth.estimates and not prepared):
        depth = _with_model(depth, recipe)
    return Job(
        recipe,
        canvas_of(recipe),
        inputs_of(recipe),
        Cutting(recipe.foregrounds.cutout, None if prepared else _cutout_model(recipe)),
        floors_of(recipe),
        placing_of(recipe),
        depth,
        formats_of(recipe),
    )


def formats_of(recipe: Recipe) -> Formats:
    return Formats(recipe.image, recipe.mask.format == "jpeg", recipe.depth.encoding == "jpeg8")


def canvas_of(recipe: Recipe) -> Canvas:
    return Canvas(recipe.size, recipe.size)


def inputs_of(recipe: Recipe) -> Inputs:
    own = recipe.backgrounds
    return Inputs(
        Path(recipe.root).absolute(), own.path, recipe.foregrounds.path, own.depth or None, own.depth_unit, own.fit
    )


def floors_of(recipe: Recipe) -> Floors:
    placement = recipe.placement
    own = placement.camera_height != Placement().camera_height  # a dataset's recipe has every default written out
    return Floors(placement.mode == "ground", placement.camera_height, placement.no_floor == "leave out", own)


def heights_of(recipe: Recipe) -> Heights:
    canvas = canvas_of(recipe)
    low, high = (max(1, round(canvas.px(h))) for h in recipe.foregrounds.height)
    least, most = (canvas.px(h) for h in recipe.placement.size)
    return Heights(recipe.seed, (low, high), least, most, recipe.foregrounds.real_height, tuple(real_heights(recipe)))


def placing_of(recipe: Recipe) -> Placing:
    """Return the rules of placement."""
    own = recipe.placement
    standing = own.mode == "ground"
    spread = (own.no_floor if standing else own.mode) == "grid"
    return Placing(
        seed=recipe.seed,
        canvas=canvas_of(recipe),
        heights=heights_of(recipe),
        standing=standing,
        spread=spread,
        as_2020=own.clip == "2020",
        truncated=not standing and not spread and own.clip == "inside" and own.min_visible < 1,
        min_visible=own.min_visible,
        overlap=own.overlap,
        per_pair=own.per_pair,
        twins=1 if own.mirror == "none" else 2,
        own_places=own.mirror == "own",
        figures=own.figures,
        samples=None if own.samples == "all" else int(own.samples),
        look=recipe.look,
        held_out=(recipe.split.backgrounds, recipe.split.foregrounds),
    )


def depth_plan(recipe: Recipe) -> DepthPlan:
    """Return where depth comes from, its network not yet looked for."""
    own = recipe.depth
    layered, standing = own.source in ("layered", "both"), recipe.placement.mode == "ground"
    # only figures that stand in layered depth show any relief
    relief: Relief = own.relief if layered and standing else "flat"
    return DepthPlan(
        of_backgrounds=layered or standing,
        known=bool(recipe.backgrounds.depth),
        layered=layered,
        on_composites=own.source in ("network", "both"),
        relief=relief,
        thickness_m=own.thickness,
        focal=own.focal,
        encoding=own.encoding,
        batch=own.batch,
        model=None,
        running=running_of(own),
    )


def running_of(options: DepthOptions) -> Running:
    """Return how the recipe wants its network run."""
    runtime = "" if options.runtime == "auto" else options.runtime
    return Running(runtime, options.device, options.upsampling, options.leaky, options.precision, options.focal)


def _with_model(depth: DepthPlan, recipe: Recipe) -> DepthPlan:
    own = recipe.depth
    if not own.model and (depth.on_composites or depth.known):
        raise FigureGroundError(
            "depth.model names no network",
            f'recipe: depth.source = "{own.source}"',
            'set depth.model = "small" or "path/to/network.onnx", or depth.source = "none"',
        )
    if not own.model:
        raise FigureGroundError(
            "the backgrounds' depth is needed, and nothing gives it",
            f'placement.mode = "{recipe.placement.mode}", depth.source = "{own.source}"',
            "set depth.model to a depth network, or backgrounds.depth to a folder of depth maps with the photos' stems",
        )
    return replace(depth, model=depth_model(recipe))


def depth_model(recipe: Recipe) -> DepthModel:
    """Return the depth network that a recipe names.  Raises FigureGroundError where it is missing."""
    return resolve_model(recipe.depth.model, recipe.depth.card, recipe.root)


def _cutout_model(recipe: Recipe) -> CutoutModel | None:
    own = recipe.foregrounds
    if own.cutout == "network" and not own.network:
        raise FigureGroundError(
            'foregrounds.cutout = "network" names no network',
            "foregrounds.network is empty",
            'set foregrounds.network = "small" or a path, or cutout = "key" or "alpha"',
        )
    path = cutout_weights(own.network, recipe.root)
    return CutoutModel(path, file_sha256(path)) if path else None
