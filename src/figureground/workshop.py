"""One sample from recipe, catalog and index: plan -> render -> depth -> encode -> statistics."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from figureground import codec, composite, labels, plan, stats
from figureground.catalog import Pixels, Store
from figureground.depth import layer_flat, quantise
from figureground.errors import FigureGroundError
from figureground.matte import mask_of
from figureground.models import DepthCard, depth_network, file_sha256, find_card
from figureground.parts import Made, member_name
from figureground.recipe import Recipe
from figureground.sample import Alpha, Catalog, DepthMap, Mask, Picture, Scene


@dataclass(frozen=True)
class DepthModel:
    """The network that a recipe names: file, weights' sha256 and card."""

    file: Path
    sha256: str
    card: DepthCard


def depth_model(recipe: Recipe) -> DepthModel | None:
    """Return the recipe's depth network, or None when its depth comes from elsewhere.

    Raises FigureGroundError when the file or its card is missing.
    """
    if recipe.depth.source != "network":
        return None
    if not recipe.depth.model:
        raise FigureGroundError(
            "depth.model names no network",
            'recipe: depth.source = "network"',
            'set depth.model = "path/to/network.onnx", or depth.source = "none"',
        )
    path = recipe.root / Path(recipe.depth.model).expanduser()
    if not path.is_file():
        raise FigureGroundError(
            "no such depth network",
            f"depth.model = {recipe.depth.model!r} ({path})",
            "paths start from the recipe's folder",
        )
    return DepthModel(path, file_sha256(path), find_card(path, recipe.depth.card, recipe.root))


@dataclass
class Clock:
    """Seconds spent a stage, for estimates and benchmarks."""

    seconds: dict[str, float] = field(default_factory=lambda: {"render": 0.0, "depth": 0.0, "encode": 0.0})

    def time(self, stage: str, since: float) -> float:
        now = time.perf_counter()
        self.seconds[stage] += now - since
        return now


class Workshop:
    """Makes samples.  Holds decoded photos (bounded) and the depth network; makes the same sample every time."""

    def __init__(self, recipe: Recipe, catalog: Catalog, store: Store, model: DepthModel | None) -> None:
        self.recipe = recipe
        self.catalog = catalog
        self.pixels = Pixels(catalog, store)
        self.model = model
        self.clock = Clock()
        self._network: Callable[[Picture], DepthMap] | None = None
        self._new_backgrounds, self._new_foregrounds = (
            plan.held_out(recipe.seed, kind, [photo.source_sha256 for photo in photos], fraction)
            for kind, photos, fraction in (
                ("background", catalog.backgrounds, recipe.split.backgrounds),
                ("foreground", catalog.foregrounds, recipe.split.foregrounds),
            )
        )

    def scenes(self, indices: Iterable[int]) -> list[Scene]:
        """Return the scenes of some indices."""
        wanted = list(indices)
        tables = None
        if self.recipe.placement.min_visible < 1:
            used = plan.combinations(self.recipe, self.catalog, wanted).foreground
            tables = {i: self.pixels.table(i) for i in set(used.tolist())}
        return plan.scenes(self.recipe, self.catalog, wanted, tables)

    def render(self, scene: Scene) -> tuple[Picture, Alpha]:
        """Return the composite and the figures' alpha."""
        cutouts = {figure.foreground: self.pixels.cutout(figure.foreground) for figure in scene.figures}
        return composite.render(scene, self.pixels.background(scene.background), cutouts)

    def depth(self, scene: Scene, image: Picture, mask: Mask) -> DepthMap | None:
        """Return the composite's depth as the recipe wants it, before coding."""
        if self.model is not None:
            if self._network is None:
                self._network = depth_network(self.model.file, self.model.card)
            return self._network(image)
        if self.recipe.depth.source == "layered":
            return layer_flat(self.pixels.depth(scene.background), mask)
        return None

    def make(self, indices: Iterable[int]) -> Iterator[Made]:
        """Yield the finished samples of some indices, in their order."""
        for scene in self.scenes(indices):
            yield self._make(scene)

    def _make(self, scene: Scene) -> Made:
        start = time.perf_counter()
        image, alpha = self.render(scene)
        mask = mask_of(alpha)
        start = self.clock.time("render", start)
        depth = self.depth(scene, image, mask)
        start = self.clock.time("depth", start)
        code = quantise(depth, self.recipe.depth.encoding) if depth is not None else None
        encoded = codec.encode(image, mask, code, self.recipe)
        new_background = scene.background in self._new_backgrounds
        new_foreground = any(figure.foreground in self._new_foregrounds for figure in scene.figures)
        record = labels.record(
            scene, self.recipe, self.catalog, alpha, depth, labels.split_of(new_background, new_foreground)
        )
        members = {
            layer: (member_name(layer, scene.index, suffix), data) for layer, (suffix, data) in encoded.members.items()
        }
        record |= {f"{layer}_file_name": name for layer, (name, _) in members.items()}
        record |= codec.depth_fields(code) if code is not None else {}
        stored = {"image": image, "mask": mask * codec.WHITE} | ({"depth": code.codes} if code is not None else {})
        decoded = (
            {layer: codec.pixels(data) for layer, (_, data) in members.items()}
            if stats.is_checked(scene.index)
            else None
        )
        sizes = {layer: len(data) for layer, (_, data) in members.items()}
        statistics = stats.of_sample(stored, decoded, record, sizes)
        self.clock.time("encode", start)
        return Made(record, dict(members.values()), statistics)
