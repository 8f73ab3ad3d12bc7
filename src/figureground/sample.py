"""The nouns.  Shapes, dtypes and units are stated here, once.

Conventions, everywhere in the package:

- A canvas is square, `size` x `size` pixels.  Arrays are indexed [row, column]; x runs right and y runs down from the
  top left pixel.  A box is (x0, y0, x1, y1) with x1 and y1 exclusive.
- A picture is uint8 (height, width, 3), sRGB, RGB order.  A cut-out is uint8 (height, width, 4), straight alpha.
- An alpha matte is uint8 (height, width), 255 = figure.  A mask is bool (height, width): alpha >= 128, i.e. >= 1/2.
- Depth is a `DepthMap`: float32 with a unit and a direction, NaN where there is no value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Cutout = NDArray[np.uint8]
Alpha = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]

DepthUnit = Literal["m", "1/m", "relative"]
Direction = Literal["larger is farther", "larger is nearer"]

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


@dataclass(frozen=True)
class Background:
    """A prepared background.  Files are relative to the catalog folder; sha256 is of the prepared file."""

    id: str
    file: str
    sha256: str
    source: str
    source_sha256: str
    depth_file: str = ""
    depth_sha256: str = ""


@dataclass(frozen=True)
class Foreground:
    """A prepared cut-out in the catalog: trimmed and scaled, `height` x `width` px; `area` is its mask's, in px.

    `scale` is prepared height / trimmed height of the source.
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


@dataclass(frozen=True)
class SetAside:
    """A photo that was not used, and why.  `kind` is "background" or "foreground"."""

    kind: str
    source: str
    reason: str


@dataclass(frozen=True)
class Catalog:
    """What the photos became.  The order of both tuples is part of the dataset's identity."""

    backgrounds: tuple[Background, ...]
    foregrounds: tuple[Foreground, ...]
    set_aside: tuple[SetAside, ...] = ()
    notes: tuple[SetAside, ...] = ()  # photos that are used, with something worth knowing
    state: str = ""  # digest of the photos and knobs that it was made from


@dataclass(frozen=True)
class Figure:
    """One pasted foreground: its index in the catalog, the top left corner of its cut-out on the canvas (may be
    negative where truncation is allowed), and whether it is mirrored."""

    foreground: int
    x: int
    y: int
    flip: bool


@dataclass(frozen=True)
class Scene:
    """Everything that is decided about sample `index`, and no pixel of it.

    `position` counts the positions of a (background, foreground) pair from 0; `mirrored` tells the mirrored twin.
    """

    index: int
    background: int
    position: int
    mirrored: bool
    figures: tuple[Figure, ...]


@dataclass(frozen=True, eq=False)
class Sample:
    """One finished sample.  `mask` and `depth` are None in a dataset without them; `record` is its metadata row."""

    image: Picture
    mask: Mask | None
    depth: DepthMap | None
    record: Mapping[str, Any]
