"""The cut-out network's loss while it learns, and its scores."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from torch import Tensor
from torch.nn import functional

EDGE_WEIGHT = 3.0


def loss_of(fine: Tensor, coarse: Tensor, target: Tensor) -> Tensor:
    """Return one number: cross entropy that counts outlines more, 1 - soft IoU, slopes, and the coarse map's share."""
    thick = functional.max_pool2d(target, 7, 1, 3) + functional.max_pool2d(-target, 7, 1, 3)  # 1 near an outline
    weight = 1 + EDGE_WEIGHT * thick
    entropy = functional.binary_cross_entropy_with_logits(fine, target, weight)
    alpha = torch.sigmoid(fine)
    slopes = sum(
        ((alpha.diff(dim=d) - target.diff(dim=d)).abs() * weight.narrow(d, 1, weight.shape[d] - 1)).mean()
        for d in (2, 3)
    )
    small = functional.adaptive_avg_pool2d(target, (coarse.shape[2], coarse.shape[3]))
    rough = functional.binary_cross_entropy_with_logits(coarse, small) + one_less_iou(torch.sigmoid(coarse), small)
    return entropy + one_less_iou(alpha, target) + slopes + 0.3 * rough


def one_less_iou(alpha: Tensor, target: Tensor) -> Tensor:
    """Return 1 - (shared area / joint area), the mean over pictures; soft."""
    shared = (alpha * target).sum((1, 2, 3))
    joint = (alpha + target - alpha * target).sum((1, 2, 3))
    return (1 - (shared + 1) / (joint + 1)).mean()


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
