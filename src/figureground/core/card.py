"""What must be known of a depth network to use it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from figureground.core.nouns import DepthUnit, Direction

RUNTIMES = ("onnx", "transformers", "densedepth")
RESIZES = ("bicubic", "bilinear", "lanczos")
LAYOUTS = ("nchw", "nhwc")
FITS = ("stretch", "letterbox")

# output kind -> unit of the result, and what a larger value means
KINDS: dict[str, tuple[DepthUnit, Direction]] = {
    "metric": ("m", "larger is farther"),
    "inverse": ("1/m", "larger is nearer"),
    "relative-depth": ("relative", "larger is farther"),
    "relative-inverse": ("relative", "larger is nearer"),
}
# how raw output becomes that kind
READINGS = ("plain", "densedepth", "focal", "moge")


@dataclass(frozen=True)
class Card:
    """What must be known of a depth network.

    Input is RGB/255, minus `mean`, over `std`, float32 in `layout`.  With `multiple` 0 the input is a square of
    `input_size`, into which a picture of another shape is brought by `fit`: "stretch", or "letterbox", whole and
    undistorted between bars of its mean colour.  Otherwise its shorter side becomes `input_size` and both are rounded
    to the multiple.
    `reading`: "plain", output x `unit_scale`; "densedepth", r -> clip(1000/r, 10, 1000)/100 with r <= 0 far; "focal",
    output x `unit_scale` x focal length in px of the input; "moge", an affine point map whose shift is solved for.
    `valid`: smallest and largest result that means anything, in the result's unit; metric results are clipped to it.
    `output_name` picks an output of several; empty: the first.
    `inputs`: (name, value) of every other input that the file has, constants.  `valid_output`: the output that says
    where depth means something, which is where it is `valid_least` or more; empty: everywhere.
    """

    name: str
    input_size: int
    output: str
    runtime: str = "onnx"
    multiple: int = 0
    fit: str = "stretch"
    resize: str = "bicubic"
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    layout: str = "nchw"
    reading: str = "plain"
    unit_scale: float = 1.0
    valid: tuple[float, ...] = ()
    output_name: str = ""
    inputs: tuple[tuple[str, Any], ...] = ()
    valid_output: str = ""
    valid_least: float = 0.5
    repository: str = ""
    file: str = ""
    revision: str = ""
    sha256: str = ""
    licence: str = "unknown"
    commercial: bool = True
    cost: str = ""
    figures_from: str = ""
    run_by_us: bool = False

    @property
    def unit(self) -> DepthUnit:
        return KINDS[self.output][0]

    @property
    def direction(self) -> Direction:
        return KINDS[self.output][1]

    @property
    def needs_focal(self) -> bool:
        return self.reading == "focal"


# fields that only describe a network
_TOLD = (
    *("name", "repository", "file", "revision", "sha256", "licence", "commercial", "cost", "figures_from"),
    "run_by_us",
)
# came after datasets had been built: left out of a card's meaning where they say nothing, so that it stays what it was
_LATER = ("inputs", "valid_output", "valid_least")
DECISIVE = {f.name: f.default for f in fields(Card) if f.name not in _TOLD}  # the others, with their defaults


def meaning(card: Card) -> dict[str, Any]:
    """Return the fields that decide what a network's depth is."""
    every = {name: getattr(card, name) for name in DECISIVE}
    return {name: value for name, value in every.items() if name not in _LATER or value != DECISIVE[name]}
