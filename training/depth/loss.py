"""The loss of depth-small: level, shape and edges of log depth."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_SCALES = 4


def depth_loss(predicted: Tensor, truth: Tensor, sharp: Tensor) -> Tensor:
    """Return the mean loss of log depth (n, 1, h, w) against log depth (n, h, w).

    Three terms: the absolute difference, which sets the metric scale; the scale-invariant one of Eigen et al. 2014,
    with nine tenths of a picture's common offset forgiven; and the gradients of the difference at four scales (Li and
    Snavely 2018), of which the two finest count only as far as `sharp` (n, h, w) trusts the truth's edges.
    """
    difference = predicted[:, 0] - truth
    offset = difference.mean((1, 2))
    level = difference.abs().mean()
    shape = torch.sqrt((difference**2).mean((1, 2)) - 0.9 * offset**2 + 1e-6).mean()
    edges = difference.new_zeros(())
    part, trust = difference[:, None], sharp[:, None]
    for scale in range(_SCALES):
        if scale:
            part, trust = functional.avg_pool2d(part, 2), functional.avg_pool2d(trust, 2)
        weight = trust if scale < 2 else torch.ones_like(trust)
        across = (part[..., 1:] - part[..., :-1]).abs() * weight[..., 1:]
        down = (part[..., 1:, :] - part[..., :-1, :]).abs() * weight[..., 1:, :]
        edges = edges + across.mean() + down.mean()
    return 0.5 * level + shape + 0.5 * edges
