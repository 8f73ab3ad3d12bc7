"""How good a network is on held-out pictures: depth, its edges, the floor, the camera."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from figureground.core.arrays import Bools, Singles
from training.depth.data import FLOOR, KINDS, Data, Sample
from training.depth.net import PITCH_UNIT, USUAL_FOV, DepthNet, Shipped, normalise

_RATIOS = np.linspace(1.05, 1.25, 10)


def _steps(depth: Singles, ratio: float) -> Iterator[Bools]:
    for axis in (0, 1):
        rise = np.diff(np.log(depth), axis=axis)
        yield rise > np.log(ratio)
        yield -rise > np.log(ratio)


def boundary_f1(estimate: Singles, truth: Singles) -> float:
    """Return Depth Pro's boundary F1 (Bochkovskii et al. 2024) of depth maps (h, w) of one size.

    An edge is where one of two neighbours is nearer by a ratio; it must be at the same place and face the same way.
    Recall and precision are averaged over the four ways, the score over ten ratios from 1.05 to 1.25, larger ones
    weighing more.
    """
    scores: list[float] = []
    for ratio in _RATIOS:
        found, there = list(_steps(estimate, ratio)), list(_steps(truth, ratio))
        both = [int((a & b).sum()) for a, b in zip(found, there, strict=True)]
        recall = np.mean([n / max(int(b.sum()), 1) for n, b in zip(both, there, strict=True)])
        precision = np.mean([n / max(int(a.sum()), 1) for n, a in zip(both, found, strict=True)])
        scores.append(float(2 * recall * precision / (recall + precision)) if recall + precision else 0.0)
    return float(np.average(scores, weights=_RATIOS))


def batch_of(samples: Sequence[Sample]) -> Tensor:
    """Return normalised pictures."""
    pictures = torch.from_numpy(np.stack([s.rgb for s in samples]).transpose(0, 3, 1, 2))
    return normalise(pictures).contiguous(memory_format=torch.channels_last)


def camera_of(sample: Sample) -> tuple[float, float]:
    """Return pitch and vertical field of view in the network's units."""
    return sample.camera.pitch / PITCH_UNIT, float(np.log(max(sample.fov, 1.0) / USUAL_FOV))


@torch.inference_mode()
def validate(net: DepthNet, data: Data, count: int) -> dict[str, float]:
    """Return the scores of held-out samples, at most `count` of each kind.

    `_scaled` and `_metric`: mean absolute relative errors, with each map scaled to the truth by the medians or as it
    is.  Of drawn rooms also: mean boundary F1; the floor's IoU over all their pixels; the cameras' median errors.
    """
    shipped: nn.Module = Shipped(net).eval()
    found: dict[str, float] = {}
    for kind, name in enumerate(KINDS):
        samples = (data.plain(kind, k) for k in range(min(count, data.there()[kind])))
        depths, floors, cameras = [], [], []
        for sample in samples:
            depth, floor, camera = (value.numpy() for value in shipped(batch_of([sample])))
            difference = np.log(depth[0, 0]) - sample.log_depth
            scaled = difference - np.median(difference)
            edges = boundary_f1(depth[0, 0], np.exp(sample.log_depth)) if kind >= 2 else 0.0
            depths.append([np.abs(np.expm1(scaled)).mean(), np.abs(np.expm1(difference)).mean(), edges])
            truth, said = (sample.facts & FLOOR) > 0, floor[0, 0] > 0.5
            floors.append([(truth & said).sum(), (truth | said).sum()])
            errors = abs(camera[0, 0] - sample.camera.pitch), abs(camera[0, 2] / max(sample.fov, 1.0) - 1)
            cameras.append(errors)
        if not depths:
            continue
        scores = np.mean(depths, 0)
        found |= {f"{name}_scaled": float(scores[0]), f"{name}_metric": float(scores[1])}
        if kind >= 2:
            both, either = np.sum(floors, 0)
            found |= {f"{name}_edges": float(scores[2]), f"{name}_floor": float(both / max(either, 1))}
        if kind == 2:
            pitch, fov = np.median(cameras, 0)
            found |= {"pitch_deg": float(pitch), "fov_share": float(fov)}
    return found
