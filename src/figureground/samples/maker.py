"""One sample from recipe, catalog and index: plan -> render -> depth -> encode -> statistics."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.job import DepthModel
from figureground.core.recipe import Recipe
from figureground.core.record import split_of
from figureground.core.sample import Catalog, DepthMap, Sample, Scene
from figureground.core.store import Store
from figureground.dataset.parts import Made, member_name
from figureground.geometry.codes import DepthCode, dequantise, quantise
from figureground.image import png
from figureground.ingest.pixels import Pixels
from figureground.networks.depth import DepthNetwork
from figureground.networks.registry import open_network
from figureground.plan import plan
from figureground.render.composite import Layer, Rendered
from figureground.render.sprites import Stage
from figureground.resolve import recipe_model, running
from figureground.samples import codec, records, stats


def depth_model(recipe: Recipe) -> DepthModel | None:
    """Return the network that the recipe wants run on every composite, or None.

    Raises FigureGroundError when none is named, or its file or card is missing.
    """
    return recipe_model(recipe) if recipe.depth.source in ("network", "both") else None


_KEPT = 256  # backgrounds
GROUP = 16  # samples planned and rendered together; few enough that their layers are still at hand


@dataclass(frozen=True, eq=False)
class Look:
    """A rendered scene: its pixels and the layers that they were made of."""

    scene: Scene
    rendered: Rendered
    layers: list[Layer]


@dataclass(frozen=True, eq=False)
class Shared:
    """What a sample shares with its background: sums of each layer, and its depth packed in bands."""

    sums: Mapping[str, stats.Base]
    bands: png.Bands | None


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
        self.stage = Stage(recipe, catalog, self.pixels)
        self.model = model
        self.clock = Clock()
        batch = recipe.depth.batch if model is not None else 1
        self.group = -(-GROUP // batch) * batch
        # beside an accelerator, rendering and encoding run in threads so that it does not wait
        self.threads = 3 if model is not None and recipe.depth.device != "cpu" else 0
        self._network: DepthNetwork | None = None
        self._known: dict[int, Shared] = {}
        self._lock = threading.Lock()
        self._new_backgrounds, self._new_foregrounds = (
            plan.held_out(recipe.seed, kind, [photo.source_sha256 for photo in photos], fraction)
            for kind, photos, fraction in (
                ("background", catalog.backgrounds, recipe.split.backgrounds),
                ("foreground", catalog.foregrounds, recipe.split.foregrounds),
            )
        )

    def scenes(self, indices: Iterable[int]) -> list[Scene]:
        """Return the scenes of some indices."""
        return plan.scenes(self.recipe, self.catalog, list(indices), self.stage)

    def render(self, scene: Scene) -> Look:
        """Return a scene's pixels."""
        rendered, layers = self.stage.render(scene)
        return Look(scene, rendered, layers)

    @property
    def network(self) -> DepthNetwork:
        """The depth network, loaded on first use."""
        if self._network is None:
            if self.model is None:
                raise ValueError("the recipe names no depth network")
            self._network = open_network(self.model, running(self.recipe))
        return self._network

    def depths(self, looks: Sequence[Look]) -> list[dict[str, DepthCode]]:
        """Return the depth of some composites as the recipe wants it: layer -> codes."""
        found: list[dict[str, DepthCode]] = [{} for _ in looks]
        source, encoding = self.recipe.depth.source, self.recipe.depth.encoding
        if source in ("layered", "both"):
            for one, look in zip(found, looks, strict=True):
                code = self.stage.depth(look.scene, look.rendered, look.layers)
                one["depth"] = code if encoding == "png16" else quantise(dequantise(code), encoding)
        if self.model is not None:
            card = self.model.card
            pictures = [look.rendered.image for look in looks]
            batch = self.recipe.depth.batch
            layer = "depth_network" if source == "both" else "depth"
            for i in range(0, len(pictures), batch):
                values = self.network(np.stack(pictures[i : i + batch]))
                for one, value in zip(found[i : i + batch], values, strict=True):
                    one[layer] = quantise(DepthMap(value, card.unit, card.direction), encoding)
        return found

    def make(self, indices: Iterable[int]) -> Iterator[Made]:
        """Yield the finished samples of some indices, in their order."""
        wanted = list(indices)
        groups = [wanted[i : i + self.group] for i in range(0, len(wanted), self.group)]
        yield from self._in_threads(groups) if self.threads else self._one_by_one(groups)

    def _one_by_one(self, groups: list[list[int]]) -> Iterator[Made]:
        for group in groups:
            start = time.perf_counter()
            looks = [self.render(scene) for scene in self.scenes(group)]
            start = self.clock.time("render", start)
            depths = self.depths(looks)
            self.clock.time("depth", start)
            for look, depth in zip(looks, depths, strict=True):
                start = time.perf_counter()
                made = self.finish(look, depth)
                self.clock.time("encode", start)
                yield made

    def _in_threads(self, groups: list[list[int]]) -> Iterator[Made]:
        """The same samples; while the network works on a group the next is rendered and the last one encoded."""

        def render(group: list[int]) -> list[Look]:
            return [self.render(scene) for scene in self.scenes(group)]

        with ThreadPoolExecutor(1) as renderer, ThreadPoolExecutor(self.threads) as encoders:
            coming = renderer.submit(render, groups[0] if groups else [])
            written: list[Future[Made]] = []
            for following in [*groups[1:], []]:
                looks = coming.result()
                coming = renderer.submit(render, following)
                depths = self.depths(looks)
                before, written = (
                    written,
                    [encoders.submit(self.finish, look, depth) for look, depth in zip(looks, depths, strict=True)],
                )
                yield from (future.result() for future in before)
            yield from (future.result() for future in written)

    def split(self, scene: Scene) -> str:
        """Return which split a scene belongs to."""
        new_background = scene.background in self._new_backgrounds
        new_foreground = any(figure.foreground in self._new_foregrounds for figure in scene.figures)
        return split_of(new_background, new_foreground)

    def record(self, look: Look, depths: Mapping[str, DepthCode]) -> dict[str, Any]:
        """Return the metadata of a sample, without the names of its files."""
        code = depths.get("depth")
        record = records.record(
            look.scene, self.recipe, self.catalog, look.rendered, look.layers, code, self.split(look.scene)
        )
        for layer, found in depths.items():
            record |= codec.depth_fields(found, layer)
        return record

    def sample(self, look: Look, depths: Mapping[str, DepthCode]) -> Sample:
        """Return a rendered scene as a reader would see it if no layer were coded with loss."""
        maps = {layer: dequantise(code) for layer, code in depths.items()}
        several = self.recipe.placement.figures[1] > 1
        return Sample(
            look.rendered.image,
            look.rendered.mask,
            maps.get("depth"),
            self.record(look, depths),
            look.rendered.instances if several else None,
            maps.get("depth_network"),
        )

    def finish(self, look: Look, depths: Mapping[str, DepthCode]) -> Made:
        """Return a rendered scene as a finished sample: encoded, with its record and statistics."""
        index = look.scene.index
        record = self.record(look, depths)
        instances = look.rendered.instances if self.recipe.placement.figures[1] > 1 else None
        own = self._background(look.scene.background, record)
        shared = (own.bands, look.rendered.changed[0]) if own.bands is not None else None
        encoded = codec.encode(look.rendered.image, look.rendered.mask, instances, depths, self.recipe, shared)
        members = {layer: (member_name(layer, index, suffix), data) for layer, (suffix, data) in encoded.items()}
        record |= {f"{layer}_file_name": name for layer, (name, _) in members.items()}
        stored: dict[str, NDArray[Any]] = {"image": look.rendered.image, "mask": look.rendered.mask * codec.WHITE}
        stored |= {layer: code.codes for layer, code in depths.items()}
        decoded = None
        if stats.is_checked(index):
            decoded = {layer: codec.pixels(data) for layer, (_, data) in members.items() if layer in stored}
        sizes = {layer: len(data) for layer, (_, data) in members.items()}
        found = stats.of_sample(stored, decoded, record, sizes, own.sums, look.rendered.changed)
        return Made(record, dict(members.values()), found)

    def _background(self, background: int, record: Mapping[str, Any]) -> Shared:
        """Return what samples share with their background; that of some backgrounds is kept."""
        with self._lock:
            if background not in self._known:
                if len(self._known) >= _KEPT:
                    self._known.clear()
                picture = self.pixels.background(background)
                layers: dict[str, NDArray[Any]] = {"image": picture, "mask": np.zeros(picture.shape[:2], np.uint8)}
                packed = None
                if self.recipe.depth.source in ("layered", "both") and self.recipe.depth.encoding == "png16":
                    layers["depth"] = self.pixels.depth(background).codes
                    packed = png.bands(layers["depth"])
                sums = {layer: stats.base_of(layer, values, record) for layer, values in layers.items()}
                self._known[background] = Shared(sums, packed)
            return self._known[background]
