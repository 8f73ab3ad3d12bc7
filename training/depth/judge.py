"""How good a network is on held-out pictures: depth, its edges, the floor, the camera."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from figureground.evaluate.boundaries import boundary_f1
from training.depth.data import FLOOR, KINDS, Data, Sample
from training.depth.net import PITCH_UNIT, USUAL_FOV, DepthNet, Shipped, normalise


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
        everywhere = np.ones((data.side, data.side), np.bool_)
        for sample in samples:
            depth, floor, camera = (value.numpy() for value in shipped(batch_of([sample])))
            difference = np.log(depth[0, 0]) - sample.log_depth
            scaled = difference - np.median(difference)
            edges = boundary_f1(depth[0, 0], np.exp(sample.log_depth), everywhere) if kind >= 2 else 0.0
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
