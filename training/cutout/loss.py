"""The cut-out network's loss while it learns, and its scores."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from torch import Tensor
from torch.nn import functional

EDGE_WEIGHT = 3.0
OUTPUT_WEIGHTS = (1.0, 1.0)  # of the foreground and the person
LEAST_JOINT = 0.001  # of a map's pixels


def loss_of(fine: Tensor, coarse: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """Return one number: cross entropy that counts outlines more, 1 - soft IoU, slopes, and the coarse map's share.

    `fine` and `target`: [n, 2, s, s], logits and alphas of foreground and person; `known`, [n, 2], says which of them
    count.
    """
    share = known * torch.tensor(OUTPUT_WEIGHTS)
    share = share / share.sum().clamp(min=1e-6)  # of each map in the whole
    thick = functional.max_pool2d(target, 7, 1, 3) + functional.max_pool2d(-target, 7, 1, 3)  # 1 near an outline
    weight = 1 + EDGE_WEIGHT * thick
    each = (functional.binary_cross_entropy_with_logits(fine, target, reduction="none") * weight).mean((2, 3))
    alpha = torch.sigmoid(fine)
    for d in (2, 3):
        wrong = (alpha.diff(dim=d) - target.diff(dim=d)).abs() * weight.narrow(d, 1, weight.shape[d] - 1)
        each = each + wrong.mean((2, 3))
    each = each + one_less_iou(alpha, target)
    small = functional.adaptive_avg_pool2d(target, (coarse.shape[2], coarse.shape[3]))
    rough = functional.binary_cross_entropy_with_logits(coarse, small, reduction="none").mean((2, 3))
    return ((each + 0.3 * (rough + one_less_iou(torch.sigmoid(coarse), small))) * share).sum()


def one_less_iou(alpha: Tensor, target: Tensor) -> Tensor:
    """Return 1 - (shared area / joint area) of each map, soft: [n, k] of [n, k, h, w]."""
    shared = (alpha * target).sum((2, 3))
    joint = (alpha + target - alpha * target).sum((2, 3))
    least = LEAST_JOINT * alpha.shape[2] * alpha.shape[3]  # a few wrong pixels where there is nothing are no ruin
    return 1 - (shared + least) / (joint + least)


def scores(alpha: NDArray[np.float32], target: NDArray[np.uint8]) -> tuple[float, float]:
    """Return (IoU, boundary F-measure with a tolerance of 2 px) of one picture at threshold 1/2."""
    a, b = alpha >= 0.5, target >= 128
    iou = float((a & b).sum() / max((a | b).sum(), 1))
    edge_a, edge_b = outline(a), outline(b)
    precision = (edge_a & thickened(edge_b, 2)).sum() / max(edge_a.sum(), 1)
    recall = (edge_b & thickened(edge_a, 2)).sum() / max(edge_b.sum(), 1)
    return iou, float(2 * precision * recall / max(precision + recall, 1e-9))


def outline(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels whose right or lower neighbour is on the other side."""
    edge = np.zeros_like(mask)
    edge[:-1] |= mask[:-1] != mask[1:]
    edge[:, :-1] |= mask[:, :-1] != mask[:, 1:]
    return edge


def thickened(mask: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    """Return a mask grown by `radius` pixels to all sides."""
    grown = Image.fromarray(mask.astype(np.uint8) * 255).filter(ImageFilter.MaxFilter(2 * radius + 1))
    return np.asarray(grown) > 0
