"""The figures of a scene: whose turn it is or who stands in for it, and the others beside it.

On a floor nothing is placed without geometry.  Where a pair has no place, the next foreground of the same split and
source stands in, then those of other sources; where none of the split has a place on that background, the next
background of the same split takes its turn over.  So there is a figure as long as one fits anywhere; where none does,
as in a split of one cut-out and one room, the sample has no figure and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from figureground.core import random
from figureground.core.nouns import Figure, Scene
from figureground.plan import flat, ground
from figureground.plan.place import Placed, Setting, Slot, strengths, with_look

_SPARE = 6  # foregrounds that are tried beside those whose turn it is, where one finds no place
_BEGUN = 4  # times that a scene is begun, where there are fewer figures than the rules want at least
NO_PLACE = "no place beside the others"
NO_OTHERS = "too few foregrounds in its split"
NOBODY = "no foreground of its split has a place on any background of it"

Figures = list[tuple[Figure, ...]]  # of a scene, for each way that it is turned


def scenes_at(setting: Setting, slot: Slot, position: int, floating: tuple[int, int, int, int] | None) -> list[Scene]:
    """Return the scene of a slot's first figure, for each flip; it is not numbered.

    `floating`: x, y, width and height of the first figure, where the background has no floor to stand on.
    """
    placing = setting.placing
    spot = slot.background * placing.per_pair + position
    wanted = int(random.integers(placing.seed, spot, "figures", *placing.figures)) if placing.several else 1
    turn = slot.background, slot.foreground
    if not wanted:
        return [Scene(0, slot.background, position, flip, (), turn) for flip in slot.flips]
    found = _first(setting, slot, floating)
    if found is None:
        return [Scene(0, slot.background, position, flip, (), turn, NOBODY) for flip in slot.flips]
    first, figures = found
    fewer = ""
    if wanted > 1:
        figures, fewer = _together(setting, first, spot, wanted, figures)
    stood_in = turn if (first.background, first.foreground) != turn else None
    return [
        Scene(0, first.background, position, flip, own, stood_in, fewer)
        for flip, own in zip(slot.flips, figures, strict=True)
    ]


def _first(setting: Setting, slot: Slot, floating: tuple[int, int, int, int] | None) -> tuple[Slot, Figures] | None:
    """Return the slot that has a place, and its figure; None where no background has one."""
    if floating is not None:
        bare = [Figure(slot.foreground, *floating, flip) for flip in slot.flips]
        return slot, [(figure,) for figure in with_look(setting, slot, bare)]
    alone: Figures = [()] * len(slot.flips)
    for other in _stand_ins(setting, slot):
        found = ground.stand(setting, other, alone)
        if found is not None:
            return other, [(figure,) for figure in found]
    return None


def _stand_ins(setting: Setting, slot: Slot) -> Iterator[Slot]:
    """Yield the slot, then those that stand in for it: other foregrounds on its background, then on the next ones."""
    yield slot
    others = _others_of_split(setting, slot)
    for foreground in others:
        one = replace(slot, foreground=foreground)
        if ground.has_place(setting, one):
            yield one
    for background in setting.backgrounds_after(slot.background):
        for foreground in (slot.foreground, *others):
            one = replace(slot, background=background, foreground=foreground)
            if ground.has_place(setting, one):
                yield one


def _others_of_split(setting: Setting, slot: Slot) -> list[int]:
    """Return the foregrounds that may stand in for a slot's, the next one first, those of its source before others.

    None that is never drawn, and none that twins could not share a place with.
    """
    placing, cutouts = setting.placing, setting.catalog.foregrounds
    group = setting.of_one_split(slot.foreground)
    at = group.index(slot.foreground)
    after = [*group[at + 1 :], *group[:at]]
    usable = [
        other
        for other in after
        if (not placing.weights or placing.weights[cutouts[other].source_number - 1] > 0)
        and (len(slot.flips) == 1 or not setting.own_places[other])
    ]
    own = cutouts[slot.foreground].source_number
    return sorted(usable, key=lambda other: cutouts[other].source_number != own)


@dataclass(frozen=True)
class _Crowd:
    """A scene's figures, and why there are no more."""

    figures: Figures
    fewer: str = ""

    @property
    def count(self) -> int:
        return len(self.figures[0])


def _together(setting: Setting, first: Slot, spot: int, wanted: int, figures: Figures) -> tuple[Figures, str]:
    """Return the scene's figures, for each flip, with the others beside the first, and why there are fewer than the
    rules want at least, "" where there are enough.

    How many hangs on background and position alone; which, see `_companions`, are foregrounds of the first one's split,
    so that no split leaks.  A scene with too few is begun again, with other draws.
    """
    least = min(wanted, max(1, setting.placing.figures[0]))
    # a companion that its twin could not share a place with has none where twins share theirs
    others = [
        other
        for other in _companions(setting, first.foreground, spot)
        if len(first.flips) == 1 or not setting.own_places[other]
    ]
    best = _Crowd(figures)
    for again in range(_BEGUN):
        slot = replace(first, again=again)
        begun: Figures | None = figures
        if again and figures[0][0].stands:
            found = ground.stand(setting, slot, [()] * len(slot.flips))
            begun = None if found is None else [(figure,) for figure in found]
        if begun is not None:
            tried = _Crowd(_joined(setting, slot, others, wanted, begun))
            best = max(best, tried, key=lambda one: one.count)
        if best.count >= least:
            return best.figures, ""
    return best.figures, NO_OTHERS if len(others) + 1 < least else NO_PLACE


def _joined(setting: Setting, first: Slot, others: Sequence[int], wanted: int, figures: Figures) -> Figures:
    """Return a scene's figures with up to `wanted` in all; one without a place is left out, and the next one tried."""
    for turn, other in enumerate(others[: wanted - 1 + _SPARE], 1):
        if len(figures[0]) == wanted:
            break
        (drawn,) = strengths(setting.placing, np.array([first.counter]), turn)
        slot = replace(first, foreground=other, turn=turn, strengths=drawn)
        found = _beside(setting, slot, figures)
        if found is not None:
            figures = [(*own, figure) for own, figure in zip(figures, found, strict=True)]
    return figures


def _beside(setting: Setting, slot: Slot, figures: Figures) -> Placed | None:
    if setting.has_floor(slot.background):
        return ground.stand(setting, slot, figures)
    return flat.beside(setting, slot, figures)


def _companions(setting: Setting, first: int, spot: int) -> list[int]:
    """Return the other foregrounds of the first one's split, none twice, in the order in which they are tried.

    Without weights those that follow `first` after some steps that hang on background and position alone, so that all
    are used equally often; with weights drawn by them, one after the other.
    """
    placing, group = setting.placing, setting.of_one_split(first)
    rest = len(group) - 1
    most = min(rest, placing.figures[1] - 1 + _SPARE)
    if most < 1:
        return []
    if not placing.weights:
        at, step = group.index(first), int(random.integers(placing.seed, spot, "others", 1, rest))
        # steps run over 1..len(group)-1, so no foreground comes twice
        return [group[(at + 1 + (step - 1 + turn) % rest) % len(group)] for turn in range(most)]
    of_source = [placing.weights[setting.catalog.foregrounds[i].source_number - 1] for i in group]
    weights = np.array([weight if i != first else 0.0 for i, weight in zip(group, of_source, strict=True)])
    found = []
    for turn in range(min(most, int(np.count_nonzero(weights)))):
        ends = np.cumsum(weights)
        draw = float(random.uniform(placing.seed, spot, f"other {turn} of {first}")) * ends[-1]
        pick = int(np.searchsorted(ends, draw, "right"))
        found.append(group[pick])
        weights[pick] = 0.0
    return found
