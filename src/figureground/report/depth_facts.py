"""What must be known of a dataset's depth, in words."""

from __future__ import annotations

from dataclasses import dataclass

from figureground.core.job import DepthPlan
from figureground.core.record import DepthMeaning
from figureground.report.facts import NetworkFile
from figureground.report.plots import number

UNITS = {"m": "metres", "1/m": "inverse depth, 1/m", "relative": "relative, known up to scale and shift"}
_SHORT = {"m": "metric, m", "1/m": "inverse, 1/m"}
_FORMS = {"png16": "16-bit PNG", "png8": "8-bit PNG", "jpeg8": "8-bit JPEG"}


@dataclass(frozen=True)
class DepthFacts:
    """The depth in words; "" where there is nothing to say.

    `source` says where it comes from.  `model`, `licence`, `sha256` and `origin` are the network's.
    """

    unit: str
    short: str
    direction: str
    stored: str
    invalid: str
    source: str
    model: str
    licence: str
    sha256: str
    origin: str


def depth_facts(meaning: DepthMeaning, plan: DepthPlan, network: NetworkFile | None) -> DepthFacts:
    """Return what must be known of the depth."""
    return DepthFacts(
        unit=UNITS[meaning.unit],
        short=_SHORT.get(meaning.unit, meaning.unit),
        direction=meaning.direction,
        stored=_stored(meaning, plan),
        invalid="no code: every pixel has a value" if meaning.invalid is None else f"code {meaning.invalid}",
        source=_source(plan, network),
        model=network.name if network else "layered",
        licence=network.licence if network else "",
        sha256=network.sha256 if network else "",
        origin=network.origin if network else "",
    )


def _stored(meaning: DepthMeaning, plan: DepthPlan) -> str:
    form = _FORMS[plan.encoding]
    if plan.wide and meaning.unit != "relative":
        return f"{form}; one step is {number(meaning.scale)} {meaning.unit}, the same in every image"
    return f"{form}, stretched in each image by its own scale and offset, which the metadata keeps"


def _source(plan: DepthPlan, network: NetworkFile | None) -> str:
    named = f"the network {network.name} ({network.file})" if network else ""
    known = f"the backgrounds' depth by {named}, run once on each" if named else "the backgrounds' known depth"
    standing = f"{known}, with the figures standing in it"
    each = f"{named}, run on each composite"
    if plan.layered and plan.on_composites:
        return f"{standing}; and beside it {each}"
    return standing if plan.layered else each
