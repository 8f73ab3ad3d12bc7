"""How likely a person is to take a figure for real, by what is known of it before a pixel is drawn.

A figure's score is s(z) = (1 + z / sqrt(1 + z^2)) / 2 with z = START less a weight for each doubt, times how strong it
is, 0..1; the weights were fitted to composites that people looked at (docs/plausibility.md).  Unlike a logistic curve
it has no exponential, whose last bit differs between machines, and on which a scene may hang.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from figureground.core.canvas import Canvas
from figureground.core.nouns import Background, Catalog, Figure, Foreground, Ground
from figureground.geometry.perspective import height_at, height_rule, within
from figureground.plan import cut

UNKNOWN = -1.0  # the score of samples that nobody scored
TOLD = 0.25  # of z: what a doubt must weigh at least to be named

# the names of doubts, as records and the report have them
NO_FLOOR, FEET_HIDDEN, HIDDEN = "placed without a floor", "its feet are hidden", "much of it is hidden"
SIZE = "size unsure"  # alone, or what the name of a doubt about sizes begins with
CANNOT, FLOOR, IN_SIGHT = "cannot stand so", "floor unsure", "its feet are in sight"
TWO_SIZES = f"{SIZE}: depth says another"
DOUBTED, COARSE = "cut-out doubted", "its photo shows little detail"

# of z: what each doubt takes away at its strongest; the names are what records and the report call them
START = 2.3
WEIGHTS = {
    NO_FLOOR: 3.7,
    CANNOT: 4.2,
    FLOOR: 1.0,
    TWO_SIZES: 0.3,
    SIZE: 0.6,
    IN_SIGHT: 1.0,
    FEET_HIDDEN: 0.5,
    HIDDEN: 0.5,
    DOUBTED: 1.5,
    COARSE: 1.2,
}
_USUAL_HORIZON_SD = 0.04  # of the canvas's height, of a network's floor that says nothing of it (docs/placement.md)
_SURE_FLOOR, _NO_FLOOR = 0.75, 0.45  # confidence: nothing is doubted from the first on; nearer to the second all is
_SIZE_OFF = 0.5  # relative error of a size from which on more of it does not matter
_TWO_SIZES = 0.2, 0.6  # of the logarithm of their ratio: what is usual, and from where on more does not matter
# binary logarithms of px of the picture a px of the photo: what shows all detail, and what shows none
_DETAIL = math.log2(0.35), math.log2(1.0)


@dataclass(frozen=True)
class View:
    """What is seen of a figure, in px of its mask: of what lies in the frame, of what nothing hides; and of what lies
    in the frame of its lowest part, on which it stands, how much there is and how much nothing hides."""

    inside: int
    seen: int
    feet: int
    feet_seen: int


@dataclass(frozen=True)
class Score:
    """How likely a person takes something for real, 0..1, and what speaks against it, the strongest first."""

    value: float
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pasted:
    """A figure with what it was made of.  `doubted`: its cut-out came with a warning."""

    figure: Figure
    background: Background
    foreground: Foreground
    view: View
    doubted: bool = False


def doubted_sources(catalog: Catalog) -> frozenset[str]:
    """Return the photos of foregrounds that came with a warning: something is probably wrong with their cut-outs."""
    return frozenset(one.source for one in catalog.warnings if one.kind == "foreground")


def pasted(
    catalog: Catalog, background: int, figures: Sequence[Figure], views: Sequence[View], doubted: frozenset[str]
) -> list[Pasted]:
    """Return a scene's figures with what they were made of; `doubted`: from `doubted_sources`."""
    found = []
    for figure, view in zip(figures, views, strict=True):
        cutout = catalog.foregrounds[figure.foreground]
        found.append(Pasted(figure, catalog.backgrounds[background], cutout, view, cutout.source in doubted))
    return found


def plausibility(one: Pasted, canvas: Canvas) -> Score:
    """Return the score of one figure."""
    lost = {name: WEIGHTS[name] * strength for name, strength in strengths(one, canvas).items()}
    told = sorted((name for name, weight in lost.items() if weight >= TOLD), key=lambda name: (-lost[name], name))
    return Score(_between_0_and_1(START - sum(lost.values())), tuple(told))


def together(scores: Iterable[Score]) -> Score:
    """Return the score of a picture of some figures, all of which have to be believed; 1 where there is none."""
    value, doubts = 1.0, list[str]()
    for score in sorted(scores, key=lambda one: one.value):
        value *= score.value
        doubts += [doubt for doubt in score.doubts if doubt not in doubts]
    return Score(round(value, 3), tuple(doubts))


def _between_0_and_1(z: float) -> float:
    return 0.5 + 0.5 * z / math.sqrt(1 + z * z)


def strengths(one: Pasted, canvas: Canvas) -> dict[str, float]:
    """Return how strong each doubt of a figure is, 0..1, by the names of WEIGHTS; those of 0 are left out."""
    figure, view, cutout = one.figure, one.view, one.foreground
    ground = one.background.ground
    found = _of_stance(figure, cutout, canvas)
    if figure.contact is None or ground is None:
        found[NO_FLOOR] = 1.0
    else:
        found |= _of_size(one, ground, figure.contact, canvas)
        found[FLOOR] = _between(ground.confidence, _SURE_FLOOR, _NO_FLOOR)
        # who stands below the frame stands in nothing that is seen
        found[IN_SIGHT] = float(figure.contact[1] < canvas.height)
        if view.feet:
            found[FEET_HIDDEN] = 1 - view.feet_seen / view.feet
    found[HIDDEN] = 1 - view.seen / view.inside if view.inside else 1.0
    found[DOUBTED] = float(one.doubted)
    found[COARSE] = _between(math.log2(max(enlargement(figure, cutout), 1e-3)), *_DETAIL)
    return {name: min(1.0, strength) for name, strength in found.items() if strength > 0}


def _between(value: float, low: float, high: float) -> float:
    """Return how far a value is from low to high, 0..1."""
    return min(1.0, max(0.0, (value - low) / (high - low)))


def enlargement(figure: Figure, cutout: Foreground) -> float:
    """Return how many times larger than in its photo a figure is."""
    return cutout.scale * figure.height / cutout.height


def _of_stance(figure: Figure, cutout: Foreground, canvas: Canvas) -> dict[str, float]:
    """Return the doubts about how a figure stands.

    Whom the photo's frame cut off stands where nobody sees it, if the picture's frame cuts it off there, too.
    """
    sure = cutout.pose_confidence
    if cut.sides(cutout, figure.flip):
        place, size = (figure.x, figure.y), (figure.width, figure.height)
        return {} if cut.is_beyond(cutout, canvas, place, size, figure.flip) else {CANNOT: sure}
    if cutout.pose in ("seated", "airborne", "scattered", "cropped"):
        return {CANNOT: sure}
    return {}


def _of_size(one: Pasted, ground: Ground, contact: tuple[int, int], canvas: Canvas) -> dict[str, float]:
    """Return the doubts about a figure's size, which is (foot - horizon) x real height / camera height."""
    estimated = one.background.depth_from == "network"
    if estimated and not (ground.horizon_sd or ground.camera_height_sd):
        ground = replace(ground, horizon_sd=_USUAL_HORIZON_SD * canvas.height)
    return {
        SIZE: _size_sd(ground, one.foreground.real_height, contact, canvas) / _SIZE_OFF,
        TWO_SIZES: _between(abs(size_against_depth(one)), *_TWO_SIZES) if estimated else 0.0,
    }


def _size_sd(ground: Ground, real_height: float, contact: tuple[int, int], canvas: Canvas) -> float:
    """Return the standard deviation of the logarithm of a figure's height, by what is unsure of horizon and camera,
    which move together (`geometry.perspective.within`)."""
    if not (ground.horizon_sd or ground.camera_height_sd):
        return 0.0
    x, y = contact[0] + 0.5, contact[1] + 1.0
    # no height, NaN, is taken for a px
    tall, *others = (max(1.0, height_at(rule, real_height, x, y)) for rule in _may_be(ground, canvas))
    return math.hypot(*(math.log(other / tall) for other in others))


@functools.lru_cache(maxsize=1024)
def _may_be(ground: Ground, canvas: Canvas) -> list[tuple[float, ...]]:
    """Return rules of heights of a floor and of what it may be within its uncertainty, either way."""
    floors = ground, within(ground, canvas, 1.0, 0.0), within(ground, canvas, 0.0, 1.0)
    return [height_rule(one, canvas) for one in floors]


def size_against_depth(one: Pasted) -> float:
    """Return the logarithm of a figure's height against what depth in metres and focal length say; 0 where they do not.

    A "floor" that is a bed or a table lies nearer to the camera than the floor's horizon makes it.
    """
    figure, background = one.figure, one.background
    shown = one.foreground.real_height * cut.share(one.foreground)
    rows = background.camera.fy * shown * figure.inverse_depth
    return math.log(figure.height / rows) if background.depth_unit != "relative" and rows > 0 else 0.0


def scene_score(found: Sequence[Pasted], canvas: Canvas) -> Score:
    """Return the score of a picture with these figures."""
    return together(plausibility(one, canvas) for one in found)
