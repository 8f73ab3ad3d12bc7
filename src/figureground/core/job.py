"""TODO."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from figureground.core.card import Card


@dataclass(frozen=True)
class DepthModel:
    """A depth network as a recipe names it: weights (a file, or a folder for transformers), their sha256, the card."""

    path: Path
    sha256: str
    card: Card


@dataclass(frozen=True)
class Running:
    """How a network is to be run.  `runtime` "" is the card's; `focal` is focal length / picture width."""

    runtime: str = ""
    device: str = "cpu"
    upsampling: Literal["aligned", "half_pixel"] = "aligned"
    leaky: Literal["auto", "one", "two"] = "auto"
    precision: str = "float32"
    focal: float = 0.0


AS_ITS_CARD_SAYS = Running()
