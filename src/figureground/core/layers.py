"""The table of layers: what a sample can hold, in the order in which a part's rows name it.

Codec, statistics, checks, readers, formats and docs read this table.  Adding a layer is a row here, and in
`samples/maker.py` the function that makes its array.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from figureground.core.nouns import HALF

Coder = Literal["photo", "mask", "grey", "depth"]
Statistics = Literal["channels", "share", "codes", "values"]


@dataclass(frozen=True)
class Layer:
    """One kind of array.

    `name` is the attribute of `Sample` and the prefix of the record's fields, `folder` its place in a part.  `dtype`:
    of the array in a Sample.  `coder`: how it becomes bytes (`samples/codec.py`); `lossless` says whether decoding
    gives the same array back with the recipe's defaults.  `statistics`: what is counted: "channels" of 0..255, the
    "share" of a mask, depth "codes" without the invalid one, pixels of each of its "values"; None for nothing.
    `figure_from`: the least value that means figure, where mask = (layer >= figure_from) is a law, which checked
    samples are held to.
    """

    name: str
    folder: str
    dtype: Literal["uint8", "bool", "float32"]
    coder: Coder
    lossless: bool
    statistics: Statistics | None
    meaning: str
    figure_from: int | None = None


LAYERS = {
    layer.name: layer
    for layer in (
        Layer("image", "images", "uint8", "photo", False, "channels", "the composite, sRGB (height, width, 3)"),
        Layer("mask", "masks", "bool", "mask", True, "share", "what is seen of all figures"),
        Layer(
            "instances",
            "instances",
            "uint8",
            "grey",
            True,
            None,
            "i + 1 where figure i of the record is seen, else 0; only where a sample may have several figures",
            1,
        ),
        Layer(
            "alpha",
            "alpha",
            "uint8",
            "grey",
            True,
            "channels",
            "the figures' joint soft matte, 0..255; the mask is where it is >= 128; where `layers.alpha` asks for it",
            HALF,
        ),
        Layer(
            "semantic",
            "semantic",
            "uint8",
            "grey",
            True,
            "values",
            "class id of the figure seen there, 0 for background; where `layers.semantic` asks for it",
            1,
        ),
        Layer("depth", "depth", "float32", "depth", True, "codes", "depth in the record's unit, NaN where unknown"),
        Layer(
            "depth_network",
            "depth_network",
            "float32",
            "depth",
            True,
            "codes",
            "depth by the network on the composite, where `depth` is layered",
        ),
    )
}
DEPTHS = tuple(name for name, layer in LAYERS.items() if layer.coder == "depth")


def member_name(layer: str, index: int, suffix: str) -> str:
    """Return the name of a sample's member in its part: "images/000000007.jpg"."""
    return f"{LAYERS[layer].folder}/{index:09d}.{suffix}"
