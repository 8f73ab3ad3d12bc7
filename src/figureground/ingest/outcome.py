"""What became of a photo, as a value that can travel and be kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from figureground.core.arrays import Bytes
from figureground.core.nouns import Background, Foreground

ROLES = frozenset({"picture", "mask", "depth", "floor", "relief", "people"})  # of a prepared photo's files


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of a photo: its entry, not yet numbered, and its files by role; or the `reason` why it is set aside.

    `sha256`: of the photo's file; "" where it could not be read.  `notes`: what is worth knowing.  `warnings`: what is
    probably wrong.  `fine`: its `same_picture.miniature`; `pixels`: of the picture, or of the figure in it, in its
    file; `size`: bytes of the file; `mended`: a cut-out came with faults that were taken away; copies are told by
    these.  `passing`: the reason may be gone tomorrow, so it is not kept.
    A field that is added here is kept with the others (`core/packed.py`).
    """

    sha256: str = ""
    entry: Background | Foreground | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    fine: Bytes | None = None
    pixels: int = 0
    size: int = 0
    mended: bool = False
    reason: str = ""
    passing: bool = False
