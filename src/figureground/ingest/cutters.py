"""The networks of a job that cut out figures, check cut-outs, and look for people in backgrounds; loaded when asked."""

from __future__ import annotations

import numpy as np

from figureground.core.errors import FigureGroundError
from figureground.core.job import CutoutModel, Cutting
from figureground.core.nouns import Mask, Picture
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


def bystanders_in(model: CutoutModel, picture: Picture) -> Mask:
    """Return where a background shows people already, bool (height, width); nobody where they are less of it than
    counts as somebody.  Raises FigureGroundError for a network that tells no people."""
    found = mask_of(_telling_people(cutout_network(model.path, model.files)).people(picture))
    return found if float(found.mean()) >= SOMEBODY else np.zeros_like(found)


def _telling_people(network: CutoutNetwork) -> CutoutNetwork:
    if not network.tells_people:
        raise FigureGroundError(
            "the cut-out network tells no people from other things",
            f"{network.path.name} has no output called person",
            'set foregrounds.subject = "anything", or foregrounds.network = "small"',
        )
    return network
