"""A photo -> its figure cut out, with clean edge colours: by its alpha, by a colour key, or by a network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from figureground.core.arrays import Bytes
from figureground.core.errors import SetAsideError
from figureground.core.nouns import Alpha, Cutout, Picture
from figureground.ingest import matting

WORKING_SIDE = 768  # cut-outs are made at no more than this on the longer side; figures end up 6 times smaller
KEY_SOFT, NETWORK_SOFT = (
    0.08,
    0.5,
)  # limits of `matting.softness`; measured on studio and street photos (docs/cutouts.md)


def cut_out(pixels: Bytes, method: str, network: Callable[[Picture], Alpha] | None) -> tuple[Cutout, str]:
    """Return (RGBA with clean edge colours, the method that made it).

    `method` is the recipe's foregrounds.cutout.  Raises SetAsideError with the reason when no method gives a figure.
    """
    has_alpha = pixels.shape[2] == 4 and bool((pixels[..., 3] < 255).any())
    if method == "alpha" or (method == "auto" and has_alpha):
        if not has_alpha:
            raise SetAsideError("no transparency: the whole rectangle would become figure")
        top = int(pixels[..., 3].max())
        if 0 < top < 32:
            raise SetAsideError(f"alpha reaches only {top} of 255: stored as 0/1?")
        matting.judge(pixels[..., 3])
        return pixels, "alpha"
    picture = pixels[..., :3]
    if method == "key":
        return _clean(picture, _keyed(picture)), "key"
    reason = 'foregrounds.cutout = "network"'
    if method == "auto":
        try:
            return _clean(picture, _keyed(picture)), "key"
        except SetAsideError as error:
            reason = error.reason
    if network is None:
        raise SetAsideError(f"no alpha; {reason}; and foregrounds.network names no file")
    alpha = matting.without_specks(network(picture))
    matting.judge(alpha)
    if (soft := matting.softness(alpha)) > NETWORK_SOFT:
        raise SetAsideError(f"the cut-out network is unsure: half-transparent pixels are {soft:.2g} times the figure")
    return _clean(picture, alpha), "network"


def _keyed(picture: Picture) -> Alpha:
    alpha = matting.without_specks(matting.key(picture))
    matting.judge(alpha)
    if (soft := matting.softness(alpha)) > KEY_SOFT:
        raise SetAsideError(
            f"keying by colour fails: half-transparent pixels are {soft:.2g} times the figure "
            "(a shadow, a gradient, or clothes in the ground's colour)"
        )
    return alpha


def _clean(picture: Picture, alpha: Alpha) -> Cutout:
    return np.dstack([matting.decontaminate(picture, alpha), alpha])


def working(pixels: Bytes) -> Bytes:
    """Return the pixels reduced to at most WORKING_SIDE on the longer side."""
    longest = max(pixels.shape[:2])
    if longest <= WORKING_SIDE:
        return pixels
    image = Image.fromarray(np.ascontiguousarray(pixels))
    size = (max(1, round(image.width * WORKING_SIDE / longest)), max(1, round(image.height * WORKING_SIDE / longest)))
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))
