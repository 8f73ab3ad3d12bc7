"""A network from its file, in one call."""

from pathlib import Path

from figureground.core.job import AS_ITS_CARD_SAYS, Running
from figureground.networks import registry
from figureground.networks.depth import DepthNetwork


def opened(path: Path, card: str = "", how: Running = AS_ITS_CARD_SAYS) -> DepthNetwork:
    """Return the network of a file, with that card or the one beside it."""
    return registry.open_network(registry.resolve(str(path), card, Path()), how)
