"""One sample from recipe, catalog and index: plan -> render -> depth -> encode -> statistics."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from figureground import codec, composite, labels, plan, stats
from figureground.catalog import Pixels, Store
from figureground.depth import layer_flat, quantise
from figureground.errors import FigureGroundError
from figureground.matte import mask_of
from figureground.models import DepthModel, Running, open_network, resolve
from figureground.networks import DepthNetwork
from figureground.parts import Made, member_name
from figureground.recipe import Recipe
from figureground.sample import Alpha, Catalog, DepthMap, Mask, Picture, Scene


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
    return resolve(recipe.depth.model, recipe.depth.card, recipe.root)


def running(recipe: Recipe) -> Running:
    """Return how the recipe wants its network run."""
    depth = recipe.depth
    runtime = "" if depth.runtime == "auto" else depth.runtime
    upsampling: Literal["aligned", "half_pixel"] = "half_pixel" if depth.upsampling == "half_pixel" else "aligned"
    leaky: Literal["auto", "one", "two"] = {"one": "one", "two": "two"}.get(depth.leaky, "auto")  # type: ignore[assignment]
    return Running(runtime, depth.device, upsampling, leaky, depth.precision, depth.focal)


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
        # beside an accelerator, rendering and encoding run in threads so that it does not wait
        self.threads = 3 if model is not None and recipe.depth.device != "cpu" else 0
        self._network: DepthNetwork | None = None
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

    @property
    def network(self) -> DepthNetwork:
        """The depth network, loaded on first use."""
        if self._network is None:
            if self.model is None:
                raise ValueError("the recipe names no depth network")
            self._network = open_network(self.model, running(self.recipe))
        return self._network

    def depths(
        self, scenes: Sequence[Scene], images: Sequence[Picture], masks: Sequence[Mask]
    ) -> list[DepthMap | None]:
        """Return the depth of some composites as the recipe wants it, before coding."""
        if self.model is not None:
            values = self.network(np.stack(images))
            return [DepthMap(one, self.model.card.unit, self.model.card.direction) for one in values]
        if self.recipe.depth.source == "layered":
            return [layer_flat(self.pixels.depth(s.background), m) for s, m in zip(scenes, masks, strict=True)]
        return [None] * len(scenes)

    def make(self, indices: Iterable[int]) -> Iterator[Made]:
        """Yield the finished samples of some indices, in their order."""
        scenes = self.scenes(indices)
        batch = self.recipe.depth.batch if self.model is not None else 1
        groups = [scenes[i : i + batch] for i in range(0, len(scenes), batch)]
        yield from self._in_threads(groups) if self.threads else self._one_by_one(groups)

    def _one_by_one(self, groups: list[list[Scene]]) -> Iterator[Made]:
        for group in groups:
            start = time.perf_counter()
            rendered = [self.render(scene) for scene in group]
            masks = [mask_of(alpha) for _, alpha in rendered]
            start = self.clock.time("render", start)
            depths = self.depths(group, [image for image, _ in rendered], masks)
            self.clock.time("depth", start)
            for scene, (image, _), mask, depth in zip(group, rendered, masks, depths, strict=True):
                start = time.perf_counter()
                made = self.finish(scene, image, mask, depth)
                self.clock.time("encode", start)
                yield made

    def _in_threads(self, groups: list[list[Scene]]) -> Iterator[Made]:
        """The same samples; while the network works on a group the next is rendered and the last one encoded."""

        def look(group: list[Scene]) -> list[tuple[Picture, Alpha]]:
            return [self.render(scene) for scene in group]

        with ThreadPoolExecutor(1) as renderer, ThreadPoolExecutor(self.threads) as encoders:
            coming = renderer.submit(look, groups[0] if groups else [])
            written: list[Future[Made]] = []
            for k, group in enumerate(groups):
                rendered = coming.result()
                coming = renderer.submit(look, groups[k + 1] if k + 1 < len(groups) else [])
                masks = [mask_of(alpha) for _, alpha in rendered]
                depths = self.depths(group, [image for image, _ in rendered], masks)
                before, written = (
                    written,
                    [
                        encoders.submit(self.finish, scene, image, mask, depth)
                        for scene, (image, _), mask, depth in zip(group, rendered, masks, depths, strict=True)
                    ],
                )
                yield from (future.result() for future in before)
            yield from (future.result() for future in written)

    def finish(self, scene: Scene, image: Picture, mask: Mask, depth: DepthMap | None) -> Made:
        """Return a rendered scene as a finished sample: encoded, with its record and statistics."""
        code = quantise(depth, self.recipe.depth.encoding) if depth is not None else None
        encoded = codec.encode(image, mask, code, self.recipe)
        new_background = scene.background in self._new_backgrounds
        new_foreground = any(figure.foreground in self._new_foregrounds for figure in scene.figures)
        split = labels.split_of(new_background, new_foreground)
        record = labels.record(scene, self.recipe, self.catalog, mask, depth, split)
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
        return Made(record, dict(members.values()), stats.of_sample(stored, decoded, record, sizes))
