"""The networks of a job that cut out figures, check cut-outs, and look for people in backgrounds; loaded when asked."""

from __future__ import annotations

from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.job import CutoutModel, Cutting
from figureground.core.nouns import Picture
from figureground.image.masks import mask_of
from figureground.ingest.cutout import Ways
from figureground.networks.cutout import CutoutNetwork, cutout_network

SOMEBODY = 0.01  # share of a picture from which what the network calls people is somebody (docs/networks.md)


def ways_of(cutting: Cutting) -> Ways:
    """Return how figures are cut out.  Raises FigureGroundError for networks that do not load, or tell no people."""
    if cutting.model is None:
        return Ways(doubtful=cutting.doubtful)
    network = cutout_network(cutting.model.path, cutting.model.files)
    check = cutout_network(cutting.check.path, cutting.check.files) if cutting.check else None
    if not cutting.people:
        return Ways(network, check, doubtful=cutting.doubtful)
    checked = check.people if check and check.tells_people else None
    return Ways(_telling_people(network).people, checked, keyed=False, doubtful=cutting.doubtful)


def require_nobody(model: CutoutModel, picture: Picture) -> None:
    """Raise SetAsideError for a background that shows people already."""
    found = mask_of(_telling_people(cutout_network(model.path, model.files)).people(picture))
    if (share := float(found.mean())) >= SOMEBODY:
        raise SetAsideError(
            f'it shows people, {share:.0%} of it, whom no mask would name; backgrounds.people = "use" takes it'
        )


def _telling_people(network: CutoutNetwork) -> CutoutNetwork:
    if not network.tells_people:
        raise FigureGroundError(
            "the cut-out network tells no people from other things",
            f"{network.path.name} has no output called person",
            'set foregrounds.subject = "anything", or foregrounds.network = "small"',
        )
    return network
