"""The nouns.  Shapes, dtypes and units are stated here, once.

Conventions, everywhere in the package:

- A canvas is `height` x `width` pixels (`canvas.py`).  Arrays are indexed [row, column]; x runs right
  and y runs down from the top left pixel.  A box is (x0, y0, x1, y1) with x1 and y1 exclusive.
- A picture is uint8 (height, width, 3), sRGB, RGB order.  A cut-out is uint8 (height, width, 4), straight alpha.
- An alpha matte is uint8 (height, width), 255 = figure.  A mask is bool (height, width): alpha >= 128, i.e. >= 1/2.
- Depth is a `DepthMap`: float32 with a unit and a direction, NaN where there is no value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from figureground.core.camera import UNKNOWN, Camera

Picture = NDArray[np.uint8]
Cutout = NDArray[np.uint8]
Alpha = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]

DepthUnit = Literal["m", "1/m", "relative"]
GivenUnit = Literal["m", "1/m", "relative", "affine-inverse", "affine"]  # of maps as users have them
Direction = Literal["larger is farther", "larger is nearer"]

DEFAULT_CLASS = "person"  # of foregrounds, where nobody says it
MOST_CLASSES = 255  # that semantic maps, of 8 bits, tell apart beside the background
ONE_TINT = 3.0  # `Appearance.hues` up to which a photo has one tint, like grey or sepia
HALF = 128  # the smallest alpha that counts as figure: 128/255 is the first value >= 1/2


@dataclass(frozen=True, eq=False)
class DepthMap:
    """Depth of every pixel.

    `values`: float32 (height, width), NaN where invalid.  `unit`: "m" (metres along the optical axis), "1/m" (inverse
    depth) or "relative" (known only up to scale and shift).  `direction` says what a larger value means.
    """

    values: NDArray[np.float32]
    unit: DepthUnit
    direction: Direction

    def __repr__(self) -> str:
        height, width = self.values.shape
        known = self.values[np.isfinite(self.values)]
        span = f"{known.min():.3g} to {known.max():.3g}" if known.size else "no value"
        return f"DepthMap({width} x {height} px, {span} {self.unit}, {self.direction})"


@dataclass(frozen=True)
class Ground:
    """The floor that a background shows.

    Its plane in inverse depth, in the unit of the background's depth: a*x + b*y + c at pixel coordinates x, y (pixel
    centres at +0.5).  `horizon_y`: the horizon's row in the middle column, in px; `roll_deg`: its tilt, positive where
    it falls to the right.  `share`: the part of the canvas that shows floor.  `focal`: focal length / width of
    the canvas, 0 if unknown.  `camera_height`: metres above the floor, measured where depth is metric and the focal
    length known, else the recipe's.  `stretch`: focal length in rows / in columns, 1 unless `fit = "stretch"` made
    pixels of other than square ones.  `confidence`: 0..1, how surely it is a floor.  `_sd`: standard deviations of what
    was estimated, in the unit of each; 0 where it is known, or taken as it is.
    """

    a: float
    b: float
    c: float
    horizon_y: float
    roll_deg: float
    share: float
    focal: float
    camera_height: float
    stretch: float = 1.0
    confidence: float = 1.0
    horizon_sd: float = 0.0
    focal_sd: float = 0.0
    camera_height_sd: float = 0.0


@dataclass(frozen=True)
class Appearance:
    """What a photo looks like: mean and standard deviation in CIELAB (L 0..100), blur, noise and colourfulness.

    `blur`: standard deviation in px of the Gaussian that its edges look blurred by.  `noise`: standard deviation of the
    luminance noise, 0..255.  `hues`: how far its chroma spreads beside what goes with its lightness, in CIELAB: near 0
    where it is grey, sepia or of another single tint.
    """

    lab_mean: tuple[float, float, float]
    lab_std: tuple[float, float, float]
    blur: float
    noise: float
    hues: float = 99.0  # as of a colour photo, where nobody measured it


@dataclass(frozen=True)
class Background:
    """A prepared background.  Files are relative to the catalog folder; sha256 is of the prepared file.

    `depth_file` holds 16-bit codes, 0 = unknown, value = depth_offset + depth_scale * code; `depth_from` is "file",
    "fitted" (a file whose shift nobody told, worked out from the picture's floor) or "network", also by a file of one.
    `floor_file` is a 1-bit picture of where floor is seen; `ground` is None where there is no usable floor, and
    `no_floor` then says why.  `source_number`: which of the recipe's sources it is from, counted from 1; `tag` is that
    source's.  `licence`, `credit` and `group` are as a credits.csv says; photos of one group share a split, and so do
    those of one `twins`, a name that photos nearly alike have.  `camera`: of the prepared picture.  `people`: the part
    of the picture that shows people already, whom no mask names, 0 for nobody, -1 where nobody looked; `people_file` is
    a 1-bit picture of them, "" for nobody.
    """

    id: str
    file: str
    sha256: str
    source: str
    source_sha256: str
    appearance: Appearance
    depth_file: str = ""
    depth_sha256: str = ""
    depth_unit: DepthUnit = "m"
    depth_scale: float = 0.001
    depth_offset: float = 0.0
    depth_from: str = ""
    floor_file: str = ""
    floor_sha256: str = ""
    ground: Ground | None = None
    no_floor: str = ""
    source_number: int = 1
    tag: str = ""
    licence: str = ""
    credit: str = ""
    group: str = ""
    camera: Camera = UNKNOWN
    twins: str = ""
    people: float = -1.0
    people_file: str = ""
    people_sha256: str = ""

    @property
    def depth_direction(self) -> Direction:
        return "larger is farther" if self.depth_unit == "m" else "larger is nearer"


Pose = Literal["standing", "seated", "half-length", "airborne", "group", "scattered", "cropped", "object"]
POSES: tuple[Pose, ...] = get_args(Pose)
SIDES = ("top", "right", "bottom", "left")


@dataclass(frozen=True)
class Foreground:
    """A prepared cut-out in the catalog: trimmed and scaled, `height` x `width` px; `area` is its mask's, in px.

    `scale` is prepared height / trimmed height of the source.  `foot` is where it stands, (x, y) as fractions of its
    width and height.  `real_height`: metres.  `relief_file`: 8-bit, how far each pixel stands out towards the camera
    from where the figure stands, from `relief_back` at code 0 to `relief_front` at code 255, metres, as a metric depth
    map of it says; both are 0 where none does, and then it is from 0 to the recipe's depth.thickness; "" for a flat
    figure.  `class_id`: from 1; 0 is the background.
    `pose`: how it stands or why it cannot, with how sure that is, 0..1.  `cut`: the sides on which the photo's frame
    cut it off, in the order of SIDES; such a side is a straight edge of the cut-out.  `shown`: the part of a body's
    height that a figure shows who is cut off below, of a group the tallest one; 1 of others.
    `mask_sha256`: of the mask's file, "" in older catalogs, whose masks are held to their cut-outs.
    `source_number`, `licence`, `credit`, `group` and `twins` are as with backgrounds.
    """

    id: str
    file: str
    mask_file: str
    sha256: str
    source: str
    source_sha256: str
    height: int
    width: int
    area: int
    scale: float
    cutout: str
    appearance: Appearance
    foot: tuple[float, float] = (0.5, 1.0)
    real_height: float = 0.0
    pose: Pose = "standing"
    pose_confidence: float = 1.0
    cut: tuple[str, ...] = ()
    shown: float = 1.0
    relief_file: str = ""
    relief_sha256: str = ""
    relief_back: float = 0.0
    relief_front: float = 0.0
    class_id: int = 1
    class_name: str = DEFAULT_CLASS
    source_number: int = 1
    licence: str = ""
    credit: str = ""
    group: str = ""
    twins: str = ""
    mask_sha256: str = ""


@dataclass(frozen=True)
class SetAside:
    """A photo that was not used, and why.  `kind` is "background" or "foreground"."""

    kind: str
    source: str
    reason: str


@dataclass(frozen=True)
class NetworkUse:
    """A network that prepared photos.  `use`: "cut-out", "check" of cut-outs, "people" in backgrounds, "room" for
    their floors, or "depth"."""

    use: str
    file: str
    sha256: str


@dataclass(frozen=True)
class Catalog:
    """What the photos became.  The order of both tuples is part of the dataset's identity."""

    backgrounds: tuple[Background, ...]
    foregrounds: tuple[Foreground, ...]
    set_aside: tuple[SetAside, ...] = ()
    notes: tuple[SetAside, ...] = ()  # photos that are used, with something worth knowing
    state: str = ""  # digest of the photos and knobs that it was made from
    networks: tuple[NetworkUse, ...] = ()  # that prepared it
    classes: tuple[str, ...] = (DEFAULT_CLASS,)  # of the foregrounds, in the order of their ids, which count from 1
    warnings: tuple[SetAside, ...] = ()  # photos that are used, with something that is probably wrong


@dataclass(frozen=True)
class Look:
    """How a figure is fitted to its background; every strength 0 leaves the cut-out as it is.

    `shadow`: part of the light that is taken right under the soles, 0..1.  `colour`: strength of the tone and colour
    match, 0..1.  `blur`: standard deviation in px of the Gaussian that softens the whole cut-out (sharpness match).
    `noise`: standard deviation of the noise added, 0..255.  `feather`: standard deviation in px by which its outline
    alone is softened, inwards.  `wrap`: how far its rim takes the light of what lies behind, 0..1.  `cast`: part of the
    light that its shadow on the floor takes, 0..1.  `light_x`, `light_z`: where that shadow falls, in figure heights to
    the right and away from the camera; `light_soft`: its breadth of penumbra at the far end, likewise.  `poisson`: how
    far its colours are moved so that they go over into what lies behind at its outline, 0..1.
    """

    shadow: float = 0.0
    colour: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    feather: float = 0.0
    wrap: float = 0.0
    cast: float = 0.0
    light_x: float = 0.0
    light_z: float = 0.0
    light_soft: float = 0.0
    poisson: float = 0.0


@dataclass(frozen=True)
class Figure:
    """One pasted foreground.

    `foreground`: its index in the catalog.  `x`, `y`: the top left corner of its cut-out, pasted `width` x `height` px
    large, on the canvas; it may lie outside.  `inverse_depth`: 1/Z (or relative inverse depth) where it stands, 0 where
    it is placed without geometry.  `contact`: the pixel (x, y) on which it stands, None likewise; it lies below the
    canvas where the lower frame cuts the figure off.
    """

    foreground: int
    x: int
    y: int
    width: int
    height: int
    flip: bool
    inverse_depth: float = 0.0
    contact: tuple[int, int] | None = None
    look: Look = Look()

    @property
    def stands(self) -> bool:
        return self.contact is not None

    def __hash__(self) -> int:
        """Return what tells most figures apart, in a sixth of the time that all fields and the look's take."""
        return hash((self.foreground, self.x, self.y, self.width, self.height, self.flip))


def far_to_near(figures: Sequence[Figure]) -> tuple[int, ...]:
    """Return the figures' numbers from far to near: by inverse depth, without geometry by how far down they reach."""
    return tuple(
        sorted(range(len(figures)), key=lambda i: (figures[i].inverse_depth, figures[i].y + figures[i].height, i))
    )


@dataclass(frozen=True)
class Scene:
    """Everything that is decided about sample `index`, and no pixel of it.

    `position` counts the positions of a (background, foreground) pair from 0; `mirrored` tells the mirrored twin.
    `figures[0]` is the pair's foreground, others follow; there may be none.  `turn`: the (background, foreground) whose
    turn it was, where another stands in for either, or no figure is wanted; None where it is this one's own.  `fewer`:
    why there are fewer figures than the rules want at least, "" where there are enough.
    """

    index: int
    background: int
    position: int
    mirrored: bool
    figures: tuple[Figure, ...]
    turn: tuple[int, int] | None = None
    fewer: str = ""
