"""A finished sample, as readers get it."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground.core.arrays import Bytes
from figureground.core.camera import Points
from figureground.core.errors import FigureGroundError
from figureground.core.nouns import DepthMap, Mask, Picture
from figureground.core.record import Record
from figureground.geometry.intrinsics import planar_metres, unprojected
from figureground.image import rle
from figureground.image.colourmap import depth_scale, label_colours

_GAP = 4  # px between the pictures of a strip

# a background's id -> its picture alone, and where the catalog has them its depth and where it shows people
Scenery = Callable[[str], tuple[Picture, DepthMap | None, Mask | None]]


@dataclass(frozen=True, eq=False)
class Sample:
    """One sample.  Its arrays are writable and its own; what a dataset does not have is None.

    `image`: uint8 (height, width, 3), sRGB.  `mask`: bool (height, width), what is seen of all figures.  `depth`:
    float32 values with unit and direction, NaN where unknown.  `record`: all that is known of it.  `instances`: uint8
    (height, width), i + 1 where figure i of the record is seen, 0 elsewhere; only where samples may have several
    figures.  `alpha`: uint8 (height, width), the figures' joint matte; the mask is where it is at least 128.
    `semantic`: uint8 (height, width), the class id of the figure seen there, 0 elsewhere.  `depth_network`: depth by
    the network where the dataset has both kinds.
    """

    image: Picture
    record: Record
    mask: Mask | None = None
    depth: DepthMap | None = None
    instances: Bytes | None = None
    alpha: Bytes | None = None
    semantic: Bytes | None = None
    depth_network: DepthMap | None = None
    scenery: Scenery | None = None

    def figure_mask(self, i: int) -> Mask:
        """Return what is seen of figure i of the record, bool (height, width).  Raises IndexError outside."""
        figures = len(self.record.figures)
        if not -figures <= i < figures:
            raise IndexError(f"figure {i} of {figures}")
        if self.instances is not None:
            return np.asarray(self.instances == i % figures + 1, np.bool_)
        if self.mask is None:
            raise ValueError("this sample has neither mask nor instances")
        return self.mask.copy()

    def whole_mask(self, i: int) -> Mask:
        """Return figure i's amodal mask: what would be seen of it inside the frame if it stood alone."""
        visible = self.figure_mask(i)
        whole = self.record.figures[i].whole
        return visible if whole is None else rle.decode(whole, visible.shape)

    @property
    def background(self) -> Picture | None:
        """The clean plate: the background without its figures, uint8 (height, width, 3)."""
        return self.scenery(self.record.background)[0] if self.scenery else None

    @property
    def background_depth(self) -> DepthMap | None:
        """The depth behind the figures; None where the catalog has none."""
        return self.scenery(self.record.background)[1] if self.scenery else None

    @property
    def background_people(self) -> Mask | None:
        """Where people of the background are seen, whom no mask names, bool (height, width); None where none are known.

        What a trainer may leave out of the loss: figures stand before them.
        """
        people = self.scenery(self.record.background)[2] if self.scenery else None
        return people if people is None or self.mask is None else people & ~self.mask

    @property
    def intrinsics(self) -> NDArray[np.float64]:
        """K, float64 (3, 3): K @ (X, Y, Z) / Z = (x, y, 1), pixel centres at +0.5.

        `record.camera` says where it is from.  Raises FigureGroundError for samples of version 1, which have none.
        """
        if not self.record.camera.known:
            raise FigureGroundError(
                "this sample has no camera",
                self.record.key,
                "build its dataset again: it was made before cameras were kept",
            )
        return self.record.camera.matrix

    def points(self) -> Points:
        """Return what the sample shows as points: (xyz, rgb), float64 and uint8 (n, 3), row by row.

        Metres in camera axes: x right, y down, z forward.  Pixels without depth are left out.  Raises FigureGroundError
        without depth or camera, and for relative depth.
        """
        if self.depth is None:
            raise FigureGroundError(
                "this sample has no depth, so no points",
                self.record.key,
                'build with depth.source = "layered" or "network"',
            )
        if self.depth.unit == "relative":
            raise FigureGroundError(
                "relative depth is known only up to scale and shift: it has no points in metres",
                self.record.key,
                "use a depth network that gives metres, or known depth",
            )
        z = planar_metres(self.depth)
        seen = np.isfinite(z)
        if not seen.any():
            raise FigureGroundError(
                "no pixel of this sample has depth: its network gave none",
                self.record.key,
                "take another sample; `figureground info` names those without depth",
            )
        return Points(unprojected(z, self.intrinsics)[seen], self.image[seen])

    def plot(self, side: int = 224) -> Image.Image:
        """Return image, masks, matte, classes and depth side by side, each `side` px high, as a Pillow picture.

        Depth runs from near and light to far and dark, over this sample's own range; grey stripes mean no value.
        """
        tiles = [Image.fromarray(self.image)]
        if self.instances is not None:
            steps = 255 // max(1, len(self.record.figures))
            tiles.append(Image.fromarray(self.instances * np.uint8(steps)))
        elif self.mask is not None:
            tiles.append(Image.fromarray(self.mask * np.uint8(255)))
        if self.alpha is not None:
            tiles.append(Image.fromarray(self.alpha))
        if self.semantic is not None:
            tiles.append(Image.fromarray(label_colours(self.semantic)))
        for depth in (self.depth, self.depth_network):
            scale = depth_scale([depth]) if depth is not None else None
            if depth is not None and scale is not None:
                tiles.append(Image.fromarray(scale.picture(depth)))
        width = max(1, round(side * self.image.shape[1] / self.image.shape[0]))
        strip = Image.new("RGB", (len(tiles) * (width + _GAP) - _GAP, side), "white")
        for k, tile in enumerate(tiles):
            strip.paste(tile.convert("RGB").resize((width, side), Image.Resampling.LANCZOS), (k * (width + _GAP), 0))
        return strip

    def __repr__(self) -> str:
        height, width = self.image.shape[:2]
        said = [f"{self.record.key!r}", self.record.split, f"{width} x {height} px"]
        if self.mask is not None:
            said.append(f"mask {self.mask.mean():.1%}")
        if self.alpha is not None:
            said.append("alpha")
        if self.semantic is not None:
            said.append(f"classes {' '.join(str(value) for value in np.unique(self.semantic) if value) or 'none'}")
        if self.depth is not None:
            said.append(repr(self.depth))
        if self.instances is not None:
            said.append(f"{len(self.record.figures)} figure{'s' if len(self.record.figures) != 1 else ''}")
        return f"Sample({', '.join(said)})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the pictures of `plot` under a line that says what it is."""
        out = io.BytesIO()
        self.plot().save(out, "PNG")
        uri = "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
        return f'<figure><figcaption><code>{html.escape(repr(self))}</code></figcaption><img src="{uri}"></figure>'
