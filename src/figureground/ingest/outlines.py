"""A background's depth by a network whose map is smaller than the picture: enlarged along the picture's outlines."""

from __future__ import annotations

import numpy as np

from figureground.core.arrays import Singles
from figureground.core.canvas import Canvas
from figureground.core.nouns import DepthMap, Picture
from figureground.geometry.perspective import inverse
from figureground.image.filters import box_blur, guided
from figureground.networks.depth import DepthNetwork
from figureground.networks.tensors import resized_map

REACH = 3  # px at 224: wider windows draw more edges, and change more of what lies beside them
_ENOUGH = 0.01**2  # variance of grey, 0..1, above which an edge of the picture is one


def estimated(network: DepthNetwork, picture: Picture) -> DepthMap:
    """Return the depth of a picture, uint8 (height, width, 3), at its size.

    A map as large as the picture is taken as it is; a smaller one is enlarged and its edges moved onto the picture's.
    Raises NoDepthError as the network does.
    """
    small = network(picture[None], native=True)[0]
    canvas = Canvas(*picture.shape[:2])
    depth = DepthMap(resized_map(small, canvas.height, canvas.width), network.card.unit, network.card.direction)
    if small.shape[0] >= canvas.height and small.shape[1] >= canvas.width:
        return depth
    return outlined(depth, picture, max(2, round(canvas.px(REACH))))


def outlined(depth: DepthMap, picture: Picture, radius: int) -> DepthMap:
    """Return depth with its edges on those of the picture, by a guided filter (He, Sun and Tang 2013) over windows of
    `radius` px of inverse depth.

    No value leaves the range of those that were there.  What is unknown stays so, and what lies in a window with it
    stays as it is; so does relative depth that is not inverse depth.
    """
    q = inverse(depth)
    if q is None:
        return depth
    known = np.isfinite(q)
    if not known.any():
        return depth
    values = np.where(known, q, 0).astype(np.float32)
    found = np.clip(guided(picture, values, radius, _ENOUGH), values[known].min(), values[known].max())
    whole = box_blur((~known).astype(np.float32)[..., None], 2 * radius)[..., 0] == 0
    moved = np.where(whole, _depth_of(found, depth), depth.values)
    return DepthMap(np.asarray(moved, np.float32), depth.unit, depth.direction)


def _depth_of(q: Singles, depth: DepthMap) -> Singles:
    return np.float32(1) / q if depth.unit == "m" else q
