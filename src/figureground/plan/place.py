"""What placing one figure needs: its slot in the scene, what it is put before, and whether enough of all is seen."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from figureground.core import random
from figureground.core.arrays import Bools, Ints
from figureground.core.job import Placing
from figureground.core.nouns import Background, Catalog, Figure, Foreground, Look
from figureground.plan import cut
from figureground.plan.interleave import Turns, sources_of
from figureground.plan.light import Light, light_of
from figureground.plan.places import Wanted
from figureground.plan.plausible import doubted_sources, pasted, scene_score
from figureground.plan.sight import Sight, needed
from figureground.plan.split import Split, split

TRIES = 24
_LOOKS = ("shadow", "colour", "sharpness", "noise", "feather", "wrap", "cast", "poisson")
_RESIZED = 0.35  # px: blur of photos' edges as `appearance.measure` sees them after resizing (median 0.33)
Placed = tuple[Figure, ...]  # one figure, once for each way that it is turned


@dataclass(frozen=True, eq=False)
class Setting:
    """What does not change from figure to figure: the rules, the catalog, and what is known of its pixels."""

    placing: Placing
    catalog: Catalog
    sight: Sight | None

    @functools.cached_property
    def sources(self) -> tuple[Turns, list[Ints]]:
        """The turns of the sources, and the numbers of each one's foregrounds."""
        return sources_of(self.placing, self.catalog)

    def of_one_split(self, foreground: int) -> Sequence[int]:
        """Return the foregrounds of this one's split, itself too."""
        return self._splits[foreground in self.split.foregrounds]

    @functools.cached_property
    def own_places(self) -> Bools:
        """Which foregrounds have a place of their own for each mirrored twin: all, where the rules say so, and those
        whose cut would come into the picture where its twin's is beyond the frame."""
        every = self.placing.own_places
        return np.array([every or cut.sideways(cutout) for cutout in self.catalog.foregrounds], np.bool_)

    def backgrounds_after(self, background: int) -> Sequence[int]:
        """Return the backgrounds with a floor of this one's split, those after it first, without itself."""
        kept_out = self.split.backgrounds
        every = len(self.catalog.backgrounds)
        after = [(background + step) % every for step in range(1, every)]
        return [i for i in after if (i in kept_out) == (background in kept_out) and self.has_floor(i)]

    @functools.cached_property
    def split(self) -> Split:
        """What is kept out of training."""
        return split(self.placing, self.catalog)

    @functools.cached_property
    def _splits(self) -> tuple[list[int], list[int]]:
        everyone, kept_out = range(len(self.catalog.foregrounds)), self.split.foregrounds
        return [i for i in everyone if i not in kept_out], sorted(kept_out)

    def has_floor(self, background: int) -> bool:
        """Tell whether figures stand on a background."""
        return self.placing.standing and self.catalog.backgrounds[background].ground is not None

    @functools.cached_property
    def doubted(self) -> frozenset[str]:
        """The photos whose cut-outs came with a warning."""
        return doubted_sources(self.catalog)

    def wanted(self, foreground: int, flips: tuple[bool, ...]) -> Wanted:
        """Return a foreground as the rules want it, turned in these ways."""
        key = foreground, flips
        if key not in self._wanted:
            self._wanted[key] = Wanted.of(self.placing, self.catalog.foregrounds[foreground], flips)
        return self._wanted[key]

    @functools.cached_property
    def _wanted(self) -> dict[tuple[int, tuple[bool, ...]], Wanted]:
        return {}

    @property
    def eyes(self) -> Sight:
        return needed(self.sight)


@dataclass(frozen=True)
class Slot:
    """A figure that is to be placed.

    `background`, `foreground`: their numbers in the catalog.  `counter`: the number that its draws count with.
    `turn`: its number in the scene, `again`: how often the scene was begun before.  `flips`: the ways it is turned, in
    all of which the place must suit; `strengths`: of the look, as drawn, in the order of _LOOKS.
    """

    background: int
    foreground: int
    counter: int
    turn: int
    flips: tuple[bool, ...]
    strengths: tuple[float, ...]
    again: int = 0


def strengths(placing: Placing, counter: Ints, turn: int) -> list[tuple[float, ...]]:
    """Return the look's strengths, drawn within their ranges, for each counter."""
    columns = []
    for name in _LOOKS:
        low, high = getattr(placing.look, name)
        columns.append(low + (high - low) * random.uniform(placing.seed, counter, f"look {name} {turn}"))
    return [tuple(row) for row in np.stack(columns, -1).tolist()]


def looked(
    figure: Figure, background: Background, cutout: Foreground, strengths: Sequence[float], light: Light
) -> Figure:
    """Return the figure with its look; `strengths`: as drawn, in the order of _LOOKS."""
    shadow, colour, sharpness, noise, feather, wrap, cast, poisson = strengths
    ratio = figure.height / cutout.height
    own, other = cutout.appearance, background.appearance
    missing = max(0.0, other.blur**2 - blur_at(own.blur, ratio) ** 2)
    blur = sharpness * math.sqrt(missing)
    grain = noise * math.sqrt(max(0.0, other.noise**2 - (own.noise * min(1.0, ratio)) ** 2))
    falls = figure.stands and cast > 0
    look = Look(
        round(shadow, 3) if figure.stands else 0.0,
        round(colour, 3),
        round(blur, 2) if blur >= 0.2 else 0.0,  # less changes no pixel that an eye could tell
        round(grain, 2) if grain >= 0.3 else 0.0,
        round(feather, 2) if feather >= 0.2 else 0.0,
        round(wrap, 3),
        round(cast, 3) if falls else 0.0,
        *((light.x, light.z, light.soft) if falls else (0.0, 0.0, 0.0)),
        round(poisson, 3),
    )
    return _looking(figure, look)


def _looking(bare: Figure, look: Look) -> Figure:
    """Return a figure with another look, as `dataclasses.replace` does in five times the time."""
    place = bare.foreground, bare.x, bare.y, bare.width, bare.height, bare.flip
    return Figure(*place, bare.inverse_depth, bare.contact, look)


def blur_at(own: float, ratio: float) -> float:
    """Return the blur in px of a cut-out that measured `own` px, pasted at `ratio` of its size.

    Making it smaller leaves edges no sharper than pixels are.
    """
    return own * ratio if ratio >= 1 else max(own * ratio, _RESIZED)


def with_look(setting: Setting, slot: Slot, figures: Sequence[Figure]) -> Placed:
    """Return a slot's figures with the look that it drew."""
    background = setting.catalog.backgrounds[slot.background]
    cutout = setting.catalog.foregrounds[slot.foreground]
    first, *turned = figures
    first = looked(first, background, cutout, slot.strengths, light_of(setting.placing.seed, slot.background))
    # twins are of one size and in one place, and so look alike
    return first, *(_looking(figure, first.look) for figure in turned)


def fits_beside(setting: Setting, slot: Slot, placed: Placed, before: Sequence[Sequence[Figure]]) -> bool:
    """Tell whether a figure may join the scene's earlier ones, `before`, however the scene is turned."""
    return all(
        enough(setting, slot.background, (*earlier, figure)) for earlier, figure in zip(before, placed, strict=True)
    )


def enough(setting: Setting, background: int, figures: Sequence[Figure]) -> bool:
    """Tell whether of every figure of a scene enough is seen, and not too much is hidden by other figures."""
    least, most = setting.placing.min_visible, setting.placing.overlap
    areas = [setting.eyes.areas(background, figure) for figure in figures]
    if any(alone < least * whole for whole, alone in areas):
        return False
    if len(figures) > 1 and not all(
        seen >= least * whole and seen >= (1 - most) * alone
        for seen, (whole, alone) in zip(setting.eyes.shares(background, figures), areas, strict=True)
    ):
        return False
    return setting.placing.min_plausibility <= 0 or _plausible(setting, background, figures)


def _plausible(setting: Setting, background: int, figures: Sequence[Figure]) -> bool:
    """Tell whether a scene with these figures is as plausible as the rules want it."""
    catalog = setting.catalog
    views = setting.eyes.views(background, figures)
    score = scene_score(pasted(catalog, background, figures, views, setting.doubted), setting.placing.canvas)
    return score.value >= setting.placing.min_plausibility
