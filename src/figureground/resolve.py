"""The door: a recipe -> the job that it means.  The one place where modes and other texts of a recipe are compared."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from figureground.core.canvas import REFERENCE, Canvas
from figureground.core.errors import FigureGroundError
from figureground.core.job import (
    BackgroundSource,
    CutoutModel,
    Cutting,
    DepthModel,
    DepthPlan,
    Floors,
    ForegroundSource,
    Formats,
    GivenDepth,
    Heights,
    Inputs,
    Job,
    Placing,
    Running,
)
from figureground.core.layers import LAYERS
from figureground.core.nouns import POSES, Pose
from figureground.core.recipe import Backgrounds, DepthOptions, Foregrounds, Placement, Recipe, Relief
from figureground.core.units import refuse_several_units, stored_unit
from figureground.networks.cutout import cutout_check, cutout_weights
from figureground.networks.named import Named
from figureground.networks.registry import resolve as resolve_model
from figureground.networks.room import room_weights
from figureground.networks.weights import weights_of as files_of


def resolve(recipe: Recipe, *, prepared: bool = False, made: bool = False) -> Job:
    """Return what a recipe means, its networks found and hashed.

    `prepared`: the catalog exists, so networks that only prepare photos are not looked for.  `made`: so do the samples,
    and no network is.  Raises FigureGroundError
    for a network that is missing or not what its card pins, and where depth is wanted and nothing gives it.
    """
    depth, prepared = depth_plan(recipe), prepared or made
    if (depth.on_composites and not made) or (depth.estimates and not prepared):
        depth = _with_model(depth, recipe)
    _require_one_unit(depth, recipe.backgrounds, recipe.depth.model)
    _require_holes(depth, recipe.depth)
    return Job(
        recipe,
        canvas_of(recipe),
        inputs_of(recipe, prepared=prepared),
        floors_of(recipe, prepared=prepared),
        placing_of(recipe),
        depth,
        formats_of(recipe),
        layers_of(recipe),
    )


def formats_of(recipe: Recipe) -> Formats:
    jpeg_depth = recipe.depth.encoding == "jpeg8"
    return Formats(recipe.image, recipe.mask.format == "jpeg", jpeg_depth, recipe.image.format)


def layers_of(recipe: Recipe) -> tuple[str, ...]:
    """Return the names of the layers that samples have, in the order of the table."""
    depth, wanted = depth_plan(recipe), vars(recipe.layers)
    has = {
        **wanted,
        "image": True,
        "mask": True,
        "instances": placing_of(recipe).several,
        "depth": depth.layered or depth.on_composites,
        "depth_network": depth.layered and depth.on_composites,
    }
    return tuple(name for name in LAYERS if has[name])


def canvas_of(recipe: Recipe) -> Canvas:
    return Canvas.of(recipe.size)


def inputs_of(recipe: Recipe, *, prepared: bool = False) -> Inputs:
    """Return the sources of photos; `prepared`: networks that cut out are not looked for."""
    backgrounds = (
        BackgroundSource(
            own.path,
            own.tag.strip(),
            given_depth(own),
            own.fit,
            own.exclude,
            None if prepared or own.people == "do not ask" else _model_in(cutout_check("")),
            own.people == "keep",
        )
        for own in recipe.backgrounds
    )
    foregrounds = (
        ForegroundSource(
            own.path,
            _class_name(own.class_),
            cutting_of(own, recipe.root, prepared, recipe.networks),
            heights,
            given_depth(own) if _shows_relief(recipe.depth, recipe.placement) else None,
            own.exclude,
            poses_of(own, recipe.placement),
        )
        for own, heights in zip(recipe.foregrounds, heights_of(recipe), strict=True)
    )
    keep_twins = recipe.near_twins == "keep"
    root = Path(recipe.root).absolute()
    return Inputs(
        root, tuple(backgrounds), tuple(foregrounds), recipe.review, keep_twins, root if recipe.cache else None
    )


# who has a place where figures stand on a floor, and where they do not; what is cut off anywhere but below has none
# a half-length rises from the lower edge of the picture: its feet are below
_ON_FLOORS: tuple[Pose, ...] = ("standing", "half-length", "group", "object")
_ANYWHERE = tuple(pose for pose in POSES if pose != "cropped")


def poses_of(own: Foregrounds, placement: Placement) -> tuple[str, ...]:
    """Return the poses that a source's figures may have.  Raises FigureGroundError for a word that is none."""
    unknown = [pose for pose in own.poses if pose not in POSES]
    if unknown:
        alike = difflib.get_close_matches(unknown[0], POSES, n=1)
        raise FigureGroundError(
            f"foregrounds.poses names {unknown[0]!r}, which is no pose",
            f"recipe: poses = {list(own.poses)}",
            f"did you mean {alike[0]!r}?" if alike else f"some of {', '.join(POSES)}",
        )
    return own.poses or (_ON_FLOORS if placement.mode == "ground" else _ANYWHERE)


def cutting_of(own: Foregrounds, root: Path, prepared: bool, named: Named = None) -> Cutting:
    """Return how a source is cut out; `prepared`: its network is not looked for, else as `named` says."""
    by_mask = own.cutout in ("auto", "alpha")
    if own.masks and not by_mask:
        raise FigureGroundError(
            f'foregrounds.masks gives the masks, and foregrounds.cutout = "{own.cutout}" says to make others',
            f"recipe: masks = {own.masks!r}",
            'leave one of them out, or set cutout = "auto"',
        )
    if own.subject == "people" and own.cutout in ("key", "alpha"):
        raise FigureGroundError(
            f'foregrounds.subject = "people" goes by the network, and foregrounds.cutout = "{own.cutout}" does not',
            "recipe: foregrounds",
            'leave one of them out, or set cutout = "auto"',
        )
    if own.subject == "people" and not own.network:
        raise FigureGroundError(
            'foregrounds.subject = "people" goes by the network, and foregrounds.network names none',
            "recipe: foregrounds",
            'set network = "small", or leave subject out',
        )
    model = None if prepared else _cutout_model(own, root, named)
    check = _model_in(cutout_check(own.network)) if model else None
    return Cutting(
        own.cutout,
        model,
        own.masks or None,
        by_mask,
        check,
        people=own.subject == "people",
        doubtful=own.doubtful == "use",
    )


def given_depth(own: Backgrounds | Foregrounds) -> GivenDepth | None:
    """Return the known depth of a source, None where it has none.  Raises FigureGroundError for distances along the ray
    of unknown shift, which nothing converts."""
    if not own.depth:
        return None
    unit = None if own.depth_unit == "auto" else own.depth_unit
    distance = own.depth_kind == "distance"
    if distance and unit in ("affine", "affine-inverse"):
        raise FigureGroundError(
            f'depth_kind = "distance" goes with a known unit, not with depth_unit = {unit!r}',
            f"recipe: depth = {own.depth!r}",
            'set depth_kind = "planar", which is what networks estimate, or give metric maps',
        )
    per_unit, offset, invalid = (
        None if said == "auto" else said for said in (own.depth_per_unit, own.depth_offset, own.depth_invalid)
    )
    return GivenDepth(own.depth, unit, per_unit, offset, invalid, distance)


def _shows_relief(depth: DepthOptions, placement: Placement) -> bool:
    """Tell whether figures stand in layered depth, where alone their relief is seen."""
    return depth.source in ("layered", "both") and placement.mode == "ground"


def _class_name(text: str) -> str:
    """Return the class of a source; "" where the names of sub-folders are."""
    if not text.strip():
        raise FigureGroundError(
            "foregrounds.class is empty",
            f"recipe: class = {text!r}",
            'write what the photos show, like class = "person", or class = "folder"',
        )
    return "" if text.strip() == "folder" else text.strip()


def floors_of(recipe: Recipe, *, prepared: bool = False) -> Floors:
    """Return how floors are found; `prepared`: the room network is not looked for."""
    placement = recipe.placement
    own = placement.camera_height != Placement().camera_height  # a dataset's recipe has every default written out
    wanted = placement.mode == "ground"
    path = room_weights(placement.room, recipe.root, recipe.networks) if wanted and not prepared else None
    model = None if path is None else _model_in(path, "room")
    return Floors(wanted, placement.camera_height, placement.no_floor == "leave out", own, model)


_OF_SAMPLE, _OF_PHOTO = (0.15, 1.3), (100 / REFERENCE, 120 / REFERENCE)  # of the frame's height: height = "auto"


def heights_of(recipe: Recipe) -> tuple[Heights, ...]:
    """Return how tall the figures of each source of foregrounds are.

    Raises FigureGroundError where figures shall stand, and so be as tall as perspective says, and have one height.
    """
    of_photo = recipe.placement.height_for == "photo"
    if of_photo and recipe.placement.mode == "ground":
        raise FigureGroundError(
            'placement.height_for = "photo" gives a photo one height, and placement.mode = "ground" that of its place',
            "recipe: placement",
            'leave height_for out, or set mode = "uniform" or "grid"',
        )
    canvas, usual = canvas_of(recipe), _OF_PHOTO if of_photo else _OF_SAMPLE
    found = []
    for own in recipe.foregrounds:
        low, high = (canvas.height * part for part in (usual if own.height == "auto" else own.height))
        found.append(Heights(recipe.seed, low, high, own.real_height, of_photo))
    return tuple(found)


def weights_of(sources: Sequence[Foregrounds], every: bool) -> tuple[float, ...]:
    """Return the weight of each source of foregrounds; () where all are equal.  `every`: of every combination."""
    weights = tuple(own.weight for own in sources)
    if not any(weights):
        raise FigureGroundError(
            "every source of foregrounds has a weight of zero: nothing would be drawn",
            f"recipe: foregrounds.weight = {', '.join(f'{weight:g}' for weight in weights)}",
            "give at least one of them a weight above zero",
        )
    if len(set(weights)) == 1:
        return ()
    if every:
        raise FigureGroundError(
            'weights say nothing where samples = "all": every combination is then made once',
            f"recipe: foregrounds.weight = {', '.join(f'{weight:g}' for weight in weights)}",
            "set placement.samples to a number, or leave the weights out",
        )
    return weights


def placing_of(recipe: Recipe) -> Placing:
    """Return the rules of placement.  Raises FigureGroundError where no sample would have a figure."""
    own = recipe.placement
    if not own.figures[1]:
        raise FigureGroundError(
            "placement.figures = [0, 0]: no sample would have a figure",
            "recipe: placement",
            "write [0, 1] for some without, or [1, 1]",
        )
    standing = own.mode == "ground"
    spread = (own.no_floor if standing else own.mode) == "grid"
    return Placing(
        seed=recipe.seed,
        canvas=canvas_of(recipe),
        heights=heights_of(recipe),
        weights=weights_of(recipe.foregrounds, own.samples == "all"),
        standing=standing,
        spread=spread,
        as_2020=own.clip == "2020",
        truncated=own.clip == "inside" and own.min_visible < 1,
        min_visible=own.min_visible,
        overlap=own.overlap,
        per_pair=own.per_pair,
        twins=1 if own.mirror == "none" else 2,
        own_places=own.mirror == "own",
        figures=own.figures,
        samples=None if own.samples == "all" else int(own.samples),
        look=recipe.look,
        held_out=(recipe.split.backgrounds, recipe.split.foregrounds),
        min_plausibility=own.min_plausibility if standing else 0.0,
    )


def depth_plan(recipe: Recipe) -> DepthPlan:
    """Return where depth comes from, its network not yet looked for."""
    own = recipe.depth
    layered, standing = own.source in ("layered", "both"), recipe.placement.mode == "ground"
    relief: Relief = own.relief if _shows_relief(recipe.depth, recipe.placement) else "flat"
    return DepthPlan(
        of_backgrounds=layered or standing,
        known=all(own.depth for own in recipe.backgrounds),
        layered=layered,
        on_composites=own.source in ("network", "both"),
        relief=relief,
        thickness_m=own.thickness,
        edge=None if own.edges == "auto" else round(own.edges),
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


def _require_one_unit(depth: DepthPlan, sources: Sequence[Backgrounds], model: str) -> None:
    """Raise FigureGroundError where the depth of backgrounds from several sources has several units.

    A unit that is left to what stands beside the maps is looked at when they are found (`ingest/inputs.py`).
    """
    given = [(own.depth, own.depth_unit) for own in sources if own.depth]
    units = {stored_unit(unit): f"backgrounds.depth = {folder!r}" for folder, unit in given if unit != "auto"}
    if depth.model is not None and not depth.known:
        units.setdefault(depth.model.card.unit, f"depth.model = {model!r}")
    if depth.of_backgrounds:
        refuse_several_units(units)


def _require_holes(depth: DepthPlan, own: DepthOptions) -> None:
    """Raise FigureGroundError where the network leaves pixels without a value and the encoding has no code for that."""
    model, stored = depth.model, depth.on_composites or (depth.layered and not depth.known)
    if model is not None and stored and model.card.valid_output and own.encoding == "jpeg8":
        raise FigureGroundError(
            f"{model.card.name} leaves pixels without a value, and 8-bit JPEG depth has no code for that",
            'depth.encoding = "jpeg8"',
            'set depth.encoding = "png16" or "png8", or another depth.model',
        )


def depth_model(recipe: Recipe) -> DepthModel:
    """Return the depth network that a recipe names.  Raises FigureGroundError where it is missing."""
    return resolve_model(recipe.depth.model, recipe.depth.card, recipe.root, recipe.networks)


def _cutout_model(own: Foregrounds, root: Path, named: Named) -> CutoutModel | None:
    if own.cutout == "network" and not own.network:
        raise FigureGroundError(
            'foregrounds.cutout = "network" names no network',
            "foregrounds.network is empty",
            'set foregrounds.network = "small" or a path, or cutout = "key" or "alpha"',
        )
    path = cutout_weights(own.network, root, named)
    return None if path is None else _model_in(path)


def _model_in(path: Path, purpose: str = "cut-out") -> CutoutModel:
    found = files_of(path, purpose)
    return CutoutModel(path, found.sha256, found.files)
