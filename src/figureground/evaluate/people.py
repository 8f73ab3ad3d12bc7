"""Does a network see who is there, and nobody where nobody is?  By its output of people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from figureground.core.canvas import Canvas
from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.nouns import Picture
from figureground.core.steps import Tick, untold
from figureground.evaluate.cutouts import Subject
from figureground.evaluate.intervals import Interval, mean_interval, shown, span
from figureground.evaluate.metrics import iou
from figureground.image.masks import mask_of
from figureground.ingest import photos
from figureground.ingest.cutters import SOMEBODY
from figureground.ingest.framing import framed
from figureground.networks.cutout import CutoutNetwork

CANVAS = Canvas(224, 224)  # at which pictures without people are looked at, as a build's backgrounds


@dataclass(frozen=True)
class Sighting:
    """A picture, the share of it that is said to be people, and the IoU of that with the true mask if there is one."""

    name: str
    share: float
    iou: float | None = None

    @property
    def found(self) -> bool:
        """Whether somebody is said to be there."""
        return self.share >= SOMEBODY


def read_empty(folder: Path) -> list[tuple[str, Picture]]:
    """Return (name, picture as a background is) of a folder's photos.  Raises FigureGroundError when there is none."""
    found = []
    for path in photos.find([str(folder)], Path(), "--empty"):
        try:
            pixels = photos.decode(photos.read_bytes(path), 2 * CANVAS.longer).pixels
        except SetAsideError as error:
            raise FigureGroundError(f"a picture cannot be used: {error.reason}", path.name, "remove it") from None
        found.append((path.name, framed(pixels, CANVAS, "cover")))
    return found


def with_people(network: CutoutNetwork, pictures: Iterable[Subject], tick: Tick = untold) -> list[Sighting]:
    """Return what is seen in pictures with people.  `tick` is told how many are done."""
    found = []
    for name, picture, truth in pictures:
        mask = mask_of(network.people(picture))
        found.append(Sighting(name, float(mask.mean()), iou(mask, truth)))
        tick(len(found))
    return found


def without_people(
    network: CutoutNetwork, pictures: Sequence[tuple[str, Picture]], tick: Tick = untold
) -> list[Sighting]:
    """Return what is seen in pictures without people."""
    found = []
    for name, picture in pictures:
        found.append(Sighting(name, float(mask_of(network.people(picture)).mean())))
        tick(len(found))
    return found


def rate(sightings: Sequence[Sighting]) -> Interval:
    """Return the share of pictures in which somebody is found, with its interval."""
    return mean_interval([float(one.found) for one in sightings])


def table(name: str, there: Sequence[Sighting], empty: Sequence[Sighting]) -> str:
    """Return what a network sees as text."""
    lines = []
    if there:
        one, same = rate(there), mean_interval([s.iou for s in there if s.iou is not None])
        lines.append(f"{name}: of {len(there):,} pictures with people, somebody is found in {_percent(one)}")
        lines.append(f"  IoU with their masks: {shown(same.mean)} ({span(same)})")
    if empty:
        lines.append(f"{name}: of {len(empty):,} pictures without people, somebody is found in {_percent(rate(empty))}")
        wrong = sorted((s for s in empty if s.found), key=lambda s: -s.share)
        lines += [f"  {s.name}: {s.share:.1%} of it" for s in wrong[:10]]
    return "\n".join(lines)


def _percent(one: Interval) -> str:
    return f"{one.mean:.1%} ({one.low:.1%}-{one.high:.1%})"


def to_json(there: Sequence[Sighting], empty: Sequence[Sighting]) -> dict[str, Any]:
    """Return all of it as JSON has it."""
    return {
        "with_people": {"found": rate(there).to_json(), "pictures": [vars(one) for one in there]},
        "without_people": {"found": rate(empty).to_json(), "pictures": [vars(one) for one in empty]},
    }
