"""The loss of depth-small: level, shape, edges and surfaces of log depth; the floor; the camera."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_SCALES = 4
_STEP = 0.05  # log depth between neighbours from which on there is an edge


def depth_loss(predicted: Tensor, truth: Tensor, sharp: Tensor, exact: Tensor) -> Tensor:
    """Return the mean loss of log depth (n, 1, h, w) against log depth (n, h, w).

    The absolute difference, which sets the metric scale; the scale-invariant one of Eigen et al. 2014, with nine tenths
    of a picture's common offset forgiven; the gradients of the difference at four scales (Li and Snavely 2018), of
    which the two finest count only where `sharp` (n, h, w) trusts the truth's edges; there, the steps at edges once
    more, by themselves, because they are few; and the angle between surfaces where the truth is `exact` (n, h, w).
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
    steps = step_loss(difference, truth, sharp)
    return 0.5 * level + shape + 0.5 * edges + 0.5 * steps + 0.3 * surface_loss(predicted[:, 0], truth, exact)


def step_loss(difference: Tensor, truth: Tensor, sharp: Tensor) -> Tensor:
    """Return the mean error of the step between neighbours where the truth has an edge that can be trusted."""
    total, count = difference.new_zeros(()), difference.new_ones(())
    for axis in (1, 2):
        step = truth.diff(dim=axis)
        edge = (step.abs() > _STEP) * sharp.narrow(axis, 1, step.shape[axis])
        total = total + (difference.diff(dim=axis).abs().clamp(max=0.5) * edge).sum()
        count = count + edge.sum()
    return total / count


def normals(log_depth: Tensor) -> Tensor:
    """Return unit normals (n, 3, h - 2, w - 2) of log depth (n, h, w) seen by the canonical camera, over two pixels."""
    _, height, width = log_depth.shape
    across = (log_depth[:, 1:-1, 2:] - log_depth[:, 1:-1, :-2]) * (width / 2)
    down = (log_depth[:, 2:, 1:-1] - log_depth[:, :-2, 1:-1]) * (height / 2)
    u = (torch.arange(1, width - 1) + 0.5) / width - 0.5
    v = (torch.arange(1, height - 1) + 0.5) / height - 0.5
    ahead = 1 + across * u + down * v[:, None]
    return functional.normalize(torch.stack([across, down, ahead], 1), dim=1)


def surface_loss(predicted: Tensor, truth: Tensor, exact: Tensor) -> Tensor:
    """Return the mean of one less the cosine between surfaces, away from edges, where the truth is exact."""
    with torch.no_grad():
        goal, known = normals(truth), exact[:, 1:-1, 1:-1].clone()
        for axis, size in ((1, truth.shape[1]), (2, truth.shape[2])):
            rest = 3 - axis
            step = (truth.narrow(axis, 2, size - 2) - truth.narrow(axis, 0, size - 2)).abs()
            known *= step.narrow(rest, 1, step.shape[rest] - 2) < 2 * _STEP
    return ((1 - (normals(predicted) * goal).sum(1)) * known).sum() / (known.sum() + 1)


def floor_loss(logit: Tensor, floor: Tensor, known: Tensor) -> Tensor:
    """Return the loss of the floor's logit (n, 1, h, w) against where it is (n, h, w), as far as that is known.

    Cross-entropy, and one less the overlap (Milletari et al. 2016) of all that is known together.
    """
    crossed = functional.binary_cross_entropy_with_logits(logit[:, 0], floor, weight=known, reduction="sum")
    said = torch.sigmoid(logit[:, 0]) * known
    both = (said * floor).sum()
    overlap = (2 * both + 1) / (said.sum() + (floor * known).sum() + 1)
    return crossed / (known.sum() + 1) + 0.5 * (1 - overlap)


def camera_loss(found: Tensor, truth: Tensor, known: Tensor) -> Tensor:
    """Return the negative log likelihood of cameras (n, 2) under a network's answers (n, 4), Laplace-distributed.

    known (n,) is 0 for pictures whose camera is not known.
    """
    doubt = found[:, 1::2]
    loss = (found[:, ::2] - truth).abs() * torch.exp(-doubt) + doubt
    return (loss.sum(1) * known).sum() / (known.sum() + 1)
