"""Datasets for PyTorch: items are dicts of tensors, with a sampler that resumes and transforms that carry depth.

Needs torch: importing this without it raises TorchMissingError.
"""

from __future__ import annotations

from figureground.core.errors import FigureGroundError


class TorchMissingError(FigureGroundError, ImportError):
    """torch is not installed."""


try:  # imports here are absolute: this folder hides no `torch` from the modules in it
    from figureground.torch.collation import collate as collate
    from figureground.torch.composites import CompositeDataset as CompositeDataset
    from figureground.torch.composites import Transform as Transform
    from figureground.torch.draws import Draw as Draw
    from figureground.torch.geometric import Flip as Flip
    from figureground.torch.geometric import RandomResizedCrop as RandomResizedCrop
    from figureground.torch.geometric import Resize as Resize
    from figureground.torch.photometric import ColourJitter as ColourJitter
    from figureground.torch.sampler import ResumableSampler as ResumableSampler
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "torch":
        raise
    raise TorchMissingError("figureground.torch needs PyTorch", "", "pip install 'figureground[torch]'") from None

__all__ = [
    "ColourJitter",
    "CompositeDataset",
    "Draw",
    "Flip",
    "RandomResizedCrop",
    "Resize",
    "ResumableSampler",
    "TorchMissingError",
    "Transform",
    "collate",
]
