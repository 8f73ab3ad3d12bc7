"""What a sample's record says: boxes, areas, visible fraction, contact, split."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from figureground.core.job import Job
from figureground.core.nouns import Catalog, Figure, Mask, Scene, far_to_near
from figureground.core.record import DepthMeaning, FigureRecord, Record
from figureground.geometry.codes import DepthCode
from figureground.image import rle
from figureground.image.masks import box_and_area, mask_of
from figureground.plan.plausible import Score, View, doubted_sources, pasted, scene_score
from figureground.plan.split import Split
from figureground.render.composite import Composite, Sprite
from figureground.render.view import views_of


@dataclass(frozen=True, eq=False)
class _Shown:
    """A figure as it is seen: its number in the scene, its rank from far to near, its mask, bool (height, width)."""

    number: int
    rank: int
    sprite: Sprite
    mask: Mask
    view: View


@dataclass(frozen=True)
class Recorder:
    """Writes the records of one dataset's samples."""

    job: Job
    catalog: Catalog
    split: Split

    def record(
        self,
        scene: Scene,
        composite: Composite,
        sprites: Sequence[Sprite],
        depths: Mapping[str, DepthCode],
        files: Mapping[str, str] | None = None,
    ) -> Record:
        """Return the record of a rendered scene.  `files`: the names of its members, by layer."""
        ranks = {number: rank for rank, number in enumerate(far_to_near(scene.figures))}
        depth = depths.get("depth")
        alone = len(sprites) == 1
        masks = [composite.mask] if alone else [composite.instances == i + 1 for i in range(len(sprites))]
        views = views_of(scene.figures, sprites, masks)
        figures = [
            self._figure(_Shown(i, ranks[i], one, mask, view), depth)
            for i, (one, mask, view) in enumerate(zip(sprites, masks, views, strict=True))
        ]
        background = self.catalog.backgrounds[scene.background]
        score = self._score(scene, views)
        return Record(
            index=scene.index,
            key=self.key(scene),
            background=background.id,
            position=scene.position,
            mirrored=scene.mirrored,
            split=self.split.of(scene),
            figures=tuple(figures),
            background_tag=background.tag,
            background_licence=background.licence,
            background_credit=background.credit,
            **self._turn(scene),
            fewer=scene.fewer,
            background_people=background.people,
            plausibility=score.value,
            doubts=score.doubts,
            depths={layer: meaning_of(code) for layer, code in depths.items()},
            files=files or {},
            camera=self.catalog.backgrounds[scene.background].camera,
        )

    def _score(self, scene: Scene, views: Sequence[View]) -> Score:
        """Return how likely a person takes the sample for real, by the same rule as placing goes by."""
        found = pasted(self.catalog, scene.background, scene.figures, views, self._doubted)
        return scene_score(found, self.job.canvas)

    @functools.cached_property
    def _doubted(self) -> frozenset[str]:
        return doubted_sources(self.catalog)

    def key(self, scene: Scene) -> str:
        """Return a readable name of a sample, unique in its dataset: "bg007-fg012-03", with an m where mirrored.

        "bg007-fg013-03-for-bg007-fg012" stands in for that pair, and "bg007-03-for-bg007-fg012" has no figure.
        """
        digits = max(2, len(str(self.job.placing.per_pair - 1)))
        shown = [self.catalog.foregrounds[figure.foreground].id for figure in scene.figures]
        name = "-".join([self.catalog.backgrounds[scene.background].id, *shown, f"{scene.position:0{digits}d}"])
        name += "m" if scene.mirrored else ""
        if scene.turn is None:
            return name
        background, foreground = scene.turn
        return f"{name}-for-{self.catalog.backgrounds[background].id}-{self.catalog.foregrounds[foreground].id}"

    def _turn(self, scene: Scene) -> dict[str, str]:
        """Return what a record says of whose turn it was, where that is not what is seen."""
        if scene.turn is None:
            return {}
        background, foreground = scene.turn
        said = {}
        if background != scene.background:
            said["turn_background"] = self.catalog.backgrounds[background].id
        if not scene.figures or foreground != scene.figures[0].foreground:
            said["turn_foreground"] = self.catalog.foregrounds[foreground].id
        return said

    def _figure(self, shown: _Shown, depth: DepthCode | None) -> FigureRecord:
        one, mask = shown.sprite, shown.mask
        figure = one.figure
        cutout = self.catalog.foregrounds[figure.foreground]
        box, area = box_and_area(mask, (one.rows, one.columns))
        contact = figure.contact or (lowest_pixel(mask[: box[3]]) if box else None)
        return FigureRecord(
            foreground=cutout.id,
            placement="ground" if figure.stands else self._without_geometry(shown.number),
            x=figure.x,
            y=figure.y,
            width=figure.width,
            height=figure.height,
            scale=round(cutout.scale * figure.height / cutout.height, 6),
            flip=figure.flip,
            box=box,
            area=area,
            visible_fraction=round(min(area / one.area, 1.0), 6) if one.area else 0.0,
            whole=_whole(one, mask, shown.view),
            order=shown.rank,
            contact=contact,
            depth_at_contact=_depth_at(depth, figure if self.job.depth.layered else None, contact),
            real_height=cutout.real_height if figure.stands else None,
            look=figure.look,
            class_id=cutout.class_id,
            class_name=cutout.class_name,
            licence=cutout.licence,
            credit=cutout.credit,
        )

    def _without_geometry(self, number: int) -> str:
        """Return how a figure without geometry was placed; only a scene's first is ever on a grid."""
        return "grid" if self.job.placing.spread and number == 0 else "uniform"


def meaning_of(code: DepthCode) -> DepthMeaning:
    """Return what a reader needs to read codes back, and what a person needs to use them."""
    if code.invalid is None:
        valid = 1.0
    else:  # without a comparison where it is 0, which it mostly is
        codes = code.codes if code.invalid == 0 else code.codes != code.invalid
        valid = np.count_nonzero(codes) / codes.size
    return DepthMeaning(code.unit, code.direction, code.scale, code.offset, code.invalid, round(valid, 6))


def _whole(one: Sprite, mask: Mask, view: View) -> str | None:
    """Return the figure's mask inside the frame as if nothing stood before it, as RLE; None where that is its mask."""
    if view.seen == view.inside:
        return None  # all of it is seen
    # where the soft edges of two figures meet, a pixel may be figure only by both of them
    whole = mask_of(one.whole) | mask[one.rows, one.columns]
    return rle.encode(whole, mask.shape, (one.rows.start, one.columns.start))


def lowest_pixel(mask: Mask) -> tuple[int, int] | None:
    """Return (x, y) of the middle pixel of a mask's lowest row; None where it is empty."""
    for row in range(len(mask) - 1, -1, -1):
        columns = np.flatnonzero(mask[row])
        if columns.size:
            return int(columns[columns.size // 2]), row
    return None


def _depth_at(depth: DepthCode | None, figure: Figure | None, contact: tuple[int, int] | None) -> float | None:
    """Return the depth where a figure stands, in the unit of the depth; None where it is unknown.

    `figure`: where depth is layered, whose place is known even if something hides the contact.
    """
    if depth is None or contact is None:
        return None
    if figure is not None and figure.stands:
        value = 1 / figure.inverse_depth if depth.unit == "m" else figure.inverse_depth
    else:
        inside = contact[0] < depth.codes.shape[1] and contact[1] < depth.codes.shape[0]
        code = int(depth.codes[contact[1], contact[0]]) if inside else depth.invalid
        if code is None or code == depth.invalid:
            return None
        value = depth.offset + depth.scale * code
    return round(value, 4)
