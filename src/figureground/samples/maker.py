"""One sample from job, catalog and index: plan -> render -> depth -> encode -> statistics."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.errors import NoDepthError
from figureground.core.job import Job
from figureground.core.layers import member_name
from figureground.core.nouns import Catalog, DepthMap, Scene
from figureground.core.record import Record
from figureground.core.steps import Tick, untold
from figureground.core.store import Store
from figureground.geometry.codes import DepthCode, dequantise, quantise, without_value
from figureground.geometry.layering import layered
from figureground.image import png16
from figureground.ingest.pixels import Pixels
from figureground.networks.depth import DepthNetwork
from figureground.networks.registry import open_network
from figureground.plan import plan
from figureground.plan.place import Setting
from figureground.plan.split import split
from figureground.render.composite import Composite, Sprite, compose
from figureground.render.sprites import Sprites
from figureground.samples import codec, jpeg_splice
from figureground.samples.background import Backgrounds, Jpegs, Shared
from figureground.samples.count import Counted, Counts, counts_of, is_checked
from figureground.samples.records import Recorder
from figureground.samples.sample import Sample, Scenery

TOGETHER = 16  # samples planned and rendered together; few enough that their sprites are still at hand
_SPAN = 1024  # samples that are put in the order that shares most
_HELD_BYTES = 2**26  # of finished samples, at most, that wait for their turn ...
_BYTES_A_PX = 2  # ... so large: JPEG of 90, 16-bit depth and masks take 1 to 1.5 bytes a pixel


@dataclass(frozen=True, eq=False)
class Rendered:
    """A scene with its composite, and the sprites that it was made of."""

    scene: Scene
    composite: Composite
    sprites: Sequence[Sprite]


@dataclass(frozen=True)
class Made:
    """One sample ready to be written: its record (file names included), members by name, and what its pixels count."""

    record: Record
    members: Mapping[str, bytes]
    counts: Counts


class InTurn:
    """Finished samples, given on in the order of their places, which are counted from 0; `tick` counts them at once."""

    def __init__(self, tick: Tick) -> None:
        self._tick = tick
        self._held: dict[int, Made] = {}
        self._given = self._taken = 0

    def take(self, place: int, made: Made) -> Iterator[Made]:
        """Take a sample, and yield those whose turn has come."""
        self._taken += 1
        self._tick(self._taken)
        self._held[place] = made
        while self._given in self._held:
            yield self._held.pop(self._given)
            self._given += 1


@dataclass
class Clock:
    """Seconds spent a step, for estimates and benchmarks."""

    seconds: dict[str, float] = field(default_factory=lambda: {"render": 0.0, "depth": 0.0, "encode": 0.0})

    def time(self, step: str, since: float) -> float:
        now = time.perf_counter()
        self.seconds[step] += now - since
        return now


def class_ids(catalog: Catalog) -> Sequence[int]:
    """Return the class id of each foreground, 1..255, by its number in the catalog."""
    return [foreground.class_id for foreground in catalog.foregrounds]


class Maker:
    """Makes samples.  Holds decoded photos (bounded) and the depth network; makes the same sample every time."""

    def __init__(self, job: Job, catalog: Catalog, store: Store) -> None:
        self.job = job
        self.catalog = catalog
        self.pixels = Pixels(catalog, store)
        self.sprites = Sprites(catalog, self.pixels, job.canvas)
        self.setting = Setting(job.placing, catalog, self.sprites)
        self.recorder = Recorder(job, catalog, split(job.placing, catalog))
        self._classes = class_ids(catalog)
        self.backgrounds = Backgrounds(self.pixels, job.depth.layered and job.depth.wide)
        self.jpegs = Jpegs(self.pixels, job.formats.jpeg)
        self.clock = Clock()
        batch = job.depth.batch if job.depth.on_composites else 1
        self.together = -(-TOGETHER // batch) * batch
        most = _HELD_BYTES // (_BYTES_A_PX * job.canvas.height * job.canvas.width)
        # beside a network what samples share is little, and those for which it gives no depth should show early
        self.span = self.together if job.depth.on_composites else max(self.together, min(_SPAN, most))
        # beside an accelerator, rendering and encoding run in threads so that it does not wait
        self.threads = 3 if job.depth.on_composites and job.depth.running.device != "cpu" else 0
        self._network: DepthNetwork | None = None

    def scenes(self, indices: Iterable[int]) -> list[Scene]:
        """Return the scenes of some indices."""
        return plan.planned(self.setting, list(indices))

    def shared_order(self, indices: Sequence[int]) -> NDArray[np.int64]:
        """Return the places of some indices in the order in which their samples share most, as argsort does."""
        return plan.shared_order(self.setting, indices)

    def render(self, scene: Scene) -> Rendered:
        """Return a scene's pixels."""
        sprites = self.sprites.of(scene)
        return Rendered(scene, compose(self.pixels.background(scene.background), sprites, self._floor(scene)), sprites)

    def _floor(self, scene: Scene) -> NDArray[np.bool_] | None:
        return self.pixels.floor(scene.background) if any(figure.stands for figure in scene.figures) else None

    @property
    def network(self) -> DepthNetwork:
        """The depth network, loaded on first use."""
        if self._network is None:
            if self.job.depth.model is None:
                raise ValueError("the job names no depth network")
            self._network = open_network(self.job.depth.model, self.job.depth.running)
        return self._network

    def depths(self, rendered: Sequence[Rendered]) -> list[dict[str, DepthCode]]:
        """Return the depth of some composites as the job wants it: layer -> codes."""
        found: list[dict[str, DepthCode]] = [{} for _ in rendered]
        depth = self.job.depth
        if depth.layered:
            for codes, one in zip(found, rendered, strict=True):
                code = self._layered(one)
                codes["depth"] = code if depth.wide else quantise(dequantise(code), depth.encoding)
        if depth.on_composites:
            for i in range(0, len(rendered), depth.batch):
                values = self.network.maps(np.stack([one.composite.image for one in rendered[i : i + depth.batch]]))
                for codes, value in zip(found[i : i + depth.batch], values, strict=True):
                    codes[depth.network_layer] = self._estimated(value)
        return found

    def _estimated(self, value: NDArray[np.float32] | NoDepthError) -> DepthCode:
        """Return what the network gave for a composite in codes: none has a value where it gave no depth."""
        card, encoding = self.network.card, self.job.depth.encoding
        why = "the depth network's output lies outside of what can be stored"
        if isinstance(value, NoDepthError):
            why = value.what
        else:
            code = quantise(DepthMap(value, card.unit, card.direction), encoding)
            if code.invalid is None or (code.codes != code.invalid).any():
                return code
        return without_value(self.job.canvas.shape, card.unit, card.direction, encoding, why)

    def _layered(self, one: Rendered) -> DepthCode:
        depth = self.job.depth
        surfaces = self.sprites.surfaces(one.scene, one.composite, one.sprites, depth.thickness_m, depth.edge)
        return layered(self.pixels.depth(one.scene.background), surfaces)

    def make(self, indices: Iterable[int], tick: Tick = untold) -> Iterator[Made]:
        """Yield the finished samples of some indices, in their order; `tick` is told how many are made.

        They are made in the order that shares most, in spans whose results are held until their turn.
        """
        wanted = list(indices)
        groups = self._groups(wanted)
        turn = InTurn(tick)
        if self.threads:
            order = (place for group in groups for place in group)
            for place, made in zip(
                order, self._in_threads([[wanted[k] for k in group] for group in groups]), strict=True
            ):
                yield from turn.take(place, made)
            return
        for group in groups:
            start = time.perf_counter()
            rendered = []
            for scene in self.scenes(wanted[k] for k in group):
                sprites = self.sprites.of(scene)
                composite = compose(self.pixels.background(scene.background), sprites, self._floor(scene))
                rendered.append(Rendered(scene, composite, sprites))
            start = self.clock.time("render", start)
            depths = self.depths(rendered)
            self.clock.time("depth", start)
            for place, one, codes in zip(group, rendered, depths, strict=True):
                start = time.perf_counter()
                made = self.encode(one, codes)
                self.clock.time("encode", start)
                yield from turn.take(place, made)

    def _groups(self, indices: Sequence[int]) -> list[list[int]]:
        """Return the places of some indices, in groups that are planned and rendered together, in the order of work."""
        found = []
        for start in range(0, len(indices), self.span):
            order = (self.shared_order(indices[start : start + self.span]) + start).tolist()
            found += [order[i : i + self.together] for i in range(0, len(order), self.together)]
        return found

    def _in_threads(self, groups: list[list[int]]) -> Iterator[Made]:
        """The same samples; while the network works on a group the next is rendered and the last one encoded."""

        def work(group: list[int]) -> list[Rendered]:
            return [self.render(scene) for scene in self.scenes(group)]

        with ThreadPoolExecutor(1) as renderer, ThreadPoolExecutor(self.threads) as encoders:
            coming = renderer.submit(work, groups[0] if groups else [])
            written: list[Future[Made]] = []
            for following in [*groups[1:], []]:
                rendered = coming.result()
                coming = renderer.submit(work, following)
                pairs = zip(rendered, self.depths(rendered), strict=True)
                before, written = written, [encoders.submit(self.encode, one, codes) for one, codes in pairs]
                yield from (future.result() for future in before)
            yield from (future.result() for future in written)

    def layers(self, one: Rendered, depths: Mapping[str, DepthCode]) -> dict[str, NDArray[Any]]:
        """Return every layer that a sample has, as it is encoded: name -> values; depth as codes.

        This is where a layer is made: a new one has a row in `core/layers.py`, and its array here.
        """
        made: dict[str, Callable[[], NDArray[Any]]] = {
            "image": lambda: one.composite.image,
            "mask": lambda: one.composite.mask,
            "instances": lambda: one.composite.instances,
            "alpha": lambda: one.composite.alpha,
            "semantic": lambda: self._semantic(one),
        }
        return {layer: depths[layer].codes if layer in depths else made[layer]() for layer in self.job.layers}

    def _semantic(self, one: Rendered) -> NDArray[np.uint8]:
        """Return the class id of the figure that is seen at each pixel, 0 where none is."""
        of_figures = [self._classes[figure.foreground] for figure in one.scene.figures]
        return np.array([0, *of_figures], np.uint8)[one.composite.instances]

    def sample(self, one: Rendered, depths: Mapping[str, DepthCode], scenery: Scenery | None = None) -> Sample:
        """Return a rendered scene as a reader would see it if no layer were coded with loss.

        `scenery`: what gives the sample its clean plate.
        """
        record = self.recorder.record(one.scene, one.composite, one.sprites, depths)
        layers: dict[str, Any] = self.layers(one, depths)
        seen = {layer: dequantise(code) for layer, code in depths.items() if layer in layers}
        return Sample(**layers | seen, record=record, scenery=scenery)

    def encode(self, one: Rendered, depths: Mapping[str, DepthCode]) -> Made:
        """Return a rendered scene as a finished sample: encoded, with its record and what is counted of it."""
        index = one.scene.index
        layers = self.layers(one, depths)
        shared = self.backgrounds.shared(one.scene.background)
        encoded = {layer: self._encoded(layer, values, one, shared) for layer, values in layers.items()}
        files = {layer: member_name(layer, index, suffix) for layer, (suffix, _) in encoded.items()}
        counted = Counted(
            record=self.recorder.record(one.scene, one.composite, one.sprites, depths, files),
            stored=layers,
            sizes={layer: len(data) for layer, (_, data) in encoded.items()},
            decoded={layer: codec.pixels(data) for layer, (_, data) in encoded.items()} if is_checked(index) else None,
            bases=shared.bases,
            changed=one.composite.changed,
            lacking=next((code.lacking for code in depths.values() if code.lacking), ""),
        )
        members = {files[layer]: data for layer, (_, data) in encoded.items()}
        return Made(counted.record, members, counts_of(counted))

    def _encoded(self, layer: str, values: NDArray[Any], one: Rendered, shared: Shared) -> codec.Encoded:
        """Return a layer's (suffix, bytes); of what its background shares, only changes are worked out."""
        if layer == "depth" and shared.depth is not None:
            return "png", png16.encode_changed(values, shared.depth, one.composite.changed)
        if layer == "image" and self.job.formats.image == "jpeg":
            kept = self.jpegs.kept(one.scene.background)
            if kept is not None:
                return "jpg", jpeg_splice.encode(values, kept, one.composite.changed)
        return codec.encode(layer, values, self.job.formats)
