"""The job: a recipe resolved once, at the door, into values that say what to do.

Everything that a mode, a preset or a default means is worked out here and in `resolve.py`; below, functions take the
part of the job that they read, and no text of the recipe is compared again.  All of it is frozen and can be pickled:
a worker gets the job and resolves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from figureground.core.canvas import Canvas
from figureground.core.card import Card
from figureground.core.nouns import POSES, GivenUnit
from figureground.core.recipe import (
    CutoutMethod,
    DepthEncoding,
    Fit,
    ImageFormat,
    ImageOptions,
    Leaky,
    LookOptions,
    Recipe,
    Relief,
    Upsampling,
)


@dataclass(frozen=True)
class WeightsFile:
    """A file that decides what a network gives: its name as seen from the network's folder, by what a change of it is
    noticed without reading it, and its sha256."""

    name: str
    stamp: tuple[int, ...]
    sha256: str


@dataclass(frozen=True)
class DepthModel:
    """A depth network as a recipe names it: weights (a file, or a folder for transformers), the sha256 of all their
    files, the card, and the files one by one."""

    path: Path
    sha256: str
    card: Card
    files: tuple[WeightsFile, ...] = ()


@dataclass(frozen=True)
class CutoutModel:
    """A cut-out network: its path, the sha256 of all its files, and the files one by one."""

    path: Path
    sha256: str
    files: tuple[WeightsFile, ...] = ()


@dataclass(frozen=True)
class Running:
    """How a network is to be run.  `runtime` "" is the card's; `focal` is focal length / picture width."""

    runtime: str = ""
    device: str = "cpu"
    upsampling: Upsampling = "aligned"
    leaky: Leaky = "auto"
    precision: str = "float32"
    focal: float = 0.0


AS_ITS_CARD_SAYS = Running()


@dataclass(frozen=True)
class Cutting:
    """How foregrounds are cut out; `model` None where no network is named, `check` where no other checks it.

    `masks`: the folder of masks that the user gives, None where there is none; `beside`: those beside photos are used.
    `people`: people alone.  `doubtful`: what two ways disagree on is taken all the same.
    """

    method: CutoutMethod
    model: CutoutModel | None
    masks: str | None = None
    beside: bool = True
    check: CutoutModel | None = None
    people: bool = False
    doubtful: bool = False


@dataclass(frozen=True)
class Heights:
    """How tall the figures of a source are.

    `least`, `most`: px of the pasted cut-out, of which some may lie beyond the frame.  `of_photo`: a photo has one
    height, a whole number drawn evenly; else each sample draws its own, evenly in its logarithm.  `real_m`: least and
    greatest real height in metres.
    """

    seed: int
    least: float
    most: float
    real_m: tuple[float, float]
    of_photo: bool = False


@dataclass(frozen=True)
class GivenDepth:
    """Depth maps that the user gives, and what the recipe says of them.

    `folder` starts from the root.  value = offset + code / per_unit, in the unit; `invalid`: the code of no value.
    None leaves each of them to the JSON beside a map, and else to what is usual of its kind of file.  `distance`: along
    the ray rather than the optical axis.
    """

    folder: str
    unit: GivenUnit | None = None
    per_unit: float | None = None
    offset: float | None = None
    invalid: float | None = None
    distance: bool = False


@dataclass(frozen=True)
class BackgroundSource:
    """Where background photos are: folders, globs and files that start from the root.

    `depth`: their known depth, None where there is none.  `fit`: how a photo becomes the canvas.  `tag`: a word that
    their records bear.  `exclude`: patterns of photos to leave out.  `people`: the network that says whether a photo
    shows people already; None: nobody looks.  `keep_people`: such photos are used, also where figures are people.
    """

    paths: tuple[str, ...]
    tag: str
    depth: GivenDepth | None
    fit: Fit
    exclude: tuple[str, ...] = ()
    people: CutoutModel | None = None
    keep_people: bool = False


@dataclass(frozen=True)
class ForegroundSource:
    """Where photos of figures are, and what becomes of them.  `class_name`: "" where sub-folders name it.  `depth`:
    their known depth, for their relief, None where there is none or nothing shows it.  `exclude`: patterns of photos
    to leave out.  `poses`: of figures that are used."""

    paths: tuple[str, ...]
    class_name: str
    cutting: Cutting
    heights: Heights
    depth: GivenDepth | None = None
    exclude: tuple[str, ...] = ()
    poses: tuple[str, ...] = POSES


@dataclass(frozen=True)
class Inputs:
    """What the user gives.  `root` is absolute; from it start the paths of the sources, and that of `review`, a table
    of photos to leave out, "" for none.  `keep_twins`: all photos that are nearly alike are used, not the best of them
    alone.  `cache`: the folder beside whose photos prepared ones are kept, None for nowhere."""

    root: Path
    backgrounds: tuple[BackgroundSource, ...]
    foregrounds: tuple[ForegroundSource, ...]
    review: str = ""
    keep_twins: bool = True
    cache: Path | None = None


@dataclass(frozen=True)
class Floors:
    """Whether floors are looked for, with the camera's height in metres where nothing measures it; `required`: a
    background without a usable floor is left out.  `height_given`: that height is the user's, not the usual one."""

    wanted: bool
    camera_height: float
    required: bool
    height_given: bool


@dataclass(frozen=True)
class Placing:
    """The rules of placement.

    `heights`: of each source of foregrounds.  `weights`: of each, how often its photos are drawn; () where all are
    drawn equally often.  `standing`: figures stand on the floor where the background has one.  Others are `spread`
    evenly, or drawn: `as_2020` with the corner in 1..120 of 224 a side, whatever is cut off; `truncated` wherever
    `min_visible` of the mask stays inside; else wholly inside.  `twins`: 2 with a mirrored twin, which has its
    `own_places` or shares its twin's.  `samples`: None for all combinations.  `held_out`: fractions of backgrounds and
    foregrounds kept out of training.  `min_plausibility`: least score of a place on a floor, 0 for any.
    """

    seed: int
    canvas: Canvas
    heights: tuple[Heights, ...]
    weights: tuple[float, ...]
    standing: bool
    spread: bool
    as_2020: bool
    truncated: bool
    min_visible: float
    overlap: float
    per_pair: int
    twins: Literal[1, 2]
    own_places: bool
    figures: tuple[int, int]
    samples: int | None
    look: LookOptions
    held_out: tuple[float, float]
    min_plausibility: float = 0.0

    @property
    def several(self) -> bool:
        """Whether scenes may have other than one figure."""
        return self.figures != (1, 1)


@dataclass(frozen=True)
class DepthPlan:
    """Where depth comes from and what is stored.

    `of_backgrounds`: the catalog holds the backgrounds' depth, given by the user (`known`: of all) or by the network.
    `layered`: composites have that depth with the figures standing in it.  `on_composites`: the network is run on every
    composite.  `relief`: how far figures stand out, prepared with the cut-outs.  `edge`: px over which their depth is
    softened at outlines, None for as their background's is.  `model`: the network, where any of
    this runs one.  `focal`: focal length / width of the canvas, 0 unknown.
    """

    of_backgrounds: bool
    known: bool
    layered: bool
    on_composites: bool
    relief: Relief
    thickness_m: float
    edge: int | None
    focal: float
    encoding: DepthEncoding
    batch: int
    model: DepthModel | None
    running: Running

    @property
    def estimates(self) -> bool:
        """Whether preparing photos runs the network: for the backgrounds' depth, or for the figures' relief."""
        return (self.of_backgrounds and not self.known) or self.relief_by_network

    @property
    def relief_by_network(self) -> bool:
        """Whether the figures' relief is what the network sees in their cut-outs."""
        return self.relief == "network"

    @property
    def network_layer(self) -> str:
        """The layer that the network's depth of composites is stored as."""
        return "depth_network" if self.layered else "depth"

    @property
    def wide(self) -> bool:
        """Whether codes have 16 bits; then layered depth keeps the codes of its background."""
        return self.encoding == "png16"

    @property
    def top(self) -> int:
        """The largest code of the encoding."""
        return 65535 if self.wide else 255


@dataclass(frozen=True)
class Formats:
    """How layers become bytes: `image` for composites; `jpeg` says how whatever is a JPEG is coded, which masks and
    depth may be."""

    jpeg: ImageOptions
    jpeg_masks: bool
    jpeg_depth: bool
    image: ImageFormat = "jpeg"


@dataclass(frozen=True)
class Job:
    """A recipe, resolved.  `recipe` is what the user said and what stands in the dataset; the rest is what it means.

    `layers`: the names of those that samples have, in the order of the table.
    """

    recipe: Recipe
    canvas: Canvas
    inputs: Inputs
    floors: Floors
    placing: Placing
    depth: DepthPlan
    formats: Formats
    layers: tuple[str, ...]
