"""A photo -> its figure cut out, with clean edge colours: by its alpha or given mask, a colour key, or a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image

from figureground.core.arrays import Bytes
from figureground.core.errors import SetAsideError
from figureground.core.nouns import HALF, Alpha, Cutout, Picture
from figureground.image.masks import mask_of
from figureground.ingest import cleaning, matting
from figureground.ingest.rims import trimmed

WORKING_SIDE = 768  # cut-outs are made at no more than this on the longer side; figures end up 6 times smaller
# limits of `matting.softness`; measured on studio and street photos (docs/cutouts.md)
KEY_SOFT, NETWORK_SOFT = 0.08, 0.16


Cutter = Callable[[Picture], Alpha]
AGREE = 0.8  # IoU of two masks from which they are one figure (cutout-small.md says how it was measured)
DOUBTFUL = "doubtful: "  # how the reason begins why a cut-out is set aside on which two ways disagree


@dataclass(frozen=True, eq=False)
class Ways:
    """What cuts out figures that have no alpha of their own, and what checks it.

    `network` cuts; `check`, another one that was made independently, says whether that is likely; None where there is
    none.  `keyed`: plain grounds are keyed by colour, which the network checks.  `doubtful`: what two ways disagree on
    is taken all the same.
    """

    network: Cutter | None = None
    check: Cutter | None = None
    keyed: bool = True
    doubtful: bool = False


ALONE = Ways()


@dataclass(frozen=True, eq=False)
class Cut:
    """A figure cut out: RGBA with clean edge colours, the method that made it, what was odd, and what is doubtful."""

    pixels: Cutout
    method: str
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def cut_out(pixels: Bytes, method: str, ways: Ways = ALONE, mask: Alpha | None = None) -> Cut:
    """Return a figure cut out of a picture, without specks and haze (`cleaning.cleaned`).

    `method` is the recipe's foregrounds.cutout.  `mask`: the matte that the user gives, of the picture's size.  Raises
    SetAsideError with the reason when no method gives a figure, or two of them give different ones.
    """
    if mask is not None:
        alpha, notes = cleaning.cleaned(mask)
        matting.judge(alpha)
        # drawn by hand, or another tool's: what a user says is in the mask is
        return Cut(_own_colours(pixels[..., :3], alpha), "mask", notes)
    given = pixels[..., 3] if pixels.shape[2] == 4 else None
    if given is not None and (method == "alpha" or (method == "auto" and matting.says_something(given))):
        return _by_alpha(pixels, asked=method == "alpha")
    if method == "alpha":
        raise SetAsideError(_OPAQUE)
    found = _estimated(pixels[..., :3], method, ways)
    alpha, notes = cleaning.cleaned(found.alpha)
    return Cut(
        _own_colours(pixels[..., :3], trimmed(pixels[..., :3], alpha)),
        found.method,
        (*found.notes, *notes),
        found.doubts,
    )


_OPAQUE = "no transparency: the whole rectangle would become figure"


def _by_alpha(pixels: Cutout, asked: bool) -> Cut:
    """Return a cut-out by its own alpha.  `asked`: the recipe names alpha, so a tight rectangle is meant."""
    alpha = pixels[..., 3]
    top = int(alpha.max())
    if 0 < top < 32:
        raise SetAsideError(f"alpha reaches only {top} of 255: stored as 0/1?")
    rectangle = matting.tight_rectangle(alpha)
    if rectangle and not asked:
        raise SetAsideError(
            'the cut-out is full: the whole rectangle would become figure; cutout = "alpha" takes it if it is a card'
        )
    if asked and int((alpha < HALF).sum()) < 4:
        raise SetAsideError(_OPAQUE)
    clean, notes = cleaning.cleaned(alpha)
    if not rectangle:
        matting.judge(clean)
    return Cut(pixels if clean is alpha else np.dstack([pixels[..., :3], clean]), "alpha", notes)


class _Found(NamedTuple):
    alpha: Alpha
    method: str
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def _estimated(picture: Picture, method: str, ways: Ways) -> _Found:
    """Return the matte of a picture without alpha, by its colours or by the network, where another way agrees."""
    keyed, reason = None, 'foregrounds.cutout = "network"'
    if method == "key" or (method == "auto" and ways.keyed):
        try:
            keyed = _keyed(picture)
        except SetAsideError as error:
            if method == "key":
                raise
            reason = error.reason
    others = [matting.without_specks(way(picture)) for way in (ways.network, ways.check) if way is not None]
    if keyed is not None:
        shared = [agreement(keyed, other) for other in others]
        if max(shared, default=1.0) >= AGREE:
            return _Found(keyed, "key")
        if method == "key" or _two(others) < AGREE:
            return _Found(keyed, "key", doubts=(_doubtful("keying by colour and the network", max(shared), ways),))
        note = f"by the network: keying by colour cuts out another figure (IoU {shared[0]:.2f})"
        return _Found(_judged(others[0]), "network", (note,))
    if not others:
        raise SetAsideError(f"no alpha; {reason}; and foregrounds.network names no file")
    alpha = _judged(others[0])
    if len(others) == 1 or _two(others) >= AGREE:
        return _Found(alpha, "network")
    doubt = _doubtful("the network and the one that checks it", _two(others), ways)
    return _Found(alpha, "network", doubts=(doubt,))


def _two(others: Sequence[Alpha]) -> float:
    """Return how far the network and the one that checks it agree; 0 where there is none that checks."""
    return agreement(others[0], others[1]) if len(others) == 2 else 0.0


def _judged(alpha: Alpha) -> Alpha:
    """Return a network's matte.  Raises SetAsideError where it is no usable figure, or a guess."""
    matting.judge(alpha)
    if (soft := matting.softness(alpha)) > NETWORK_SOFT:
        raise SetAsideError(f"the cut-out network is unsure: half-transparent pixels are {soft:.2g} times the figure")
    return alpha


def agreement(one: Alpha, other: Alpha) -> float:
    """Return the IoU of two mattes' masks, 0..1; 1 where both are empty."""
    a, b = mask_of(one), mask_of(other)
    union = int(np.count_nonzero(a | b))
    return np.count_nonzero(a & b) / union if union else 1.0


def _doubtful(who: str, shared: float, ways: Ways) -> str:
    """Return what is to be said of two ways that disagree.  Raises SetAsideError where that sets a cut-out aside."""
    said = f"{DOUBTFUL}{who} cut out different figures (IoU {shared:.2f})"
    if not ways.doubtful:
        raise SetAsideError(f'{said}; foregrounds.doubtful = "use" takes it')
    return said


def _keyed(picture: Picture) -> Alpha:
    alpha = matting.without_specks(matting.key(picture))
    matting.judge(alpha)
    if (soft := matting.softness(alpha)) > KEY_SOFT:
        raise SetAsideError(
            f"keying by colour fails: half-transparent pixels are {soft:.2g} times the figure "
            "(a shadow, a gradient, or clothes in the ground's colour)"
        )
    return alpha


def _own_colours(picture: Picture, alpha: Alpha) -> Cutout:
    """Return the cut-out with the figure's own colours at its soft edge."""
    return np.dstack([matting.decontaminate(picture, alpha), alpha])


def working(pixels: Bytes) -> Bytes:
    """Return the pixels reduced to at most WORKING_SIDE on the longer side."""
    longest = max(pixels.shape[:2])
    if longest <= WORKING_SIDE:
        return pixels
    image = Image.fromarray(np.ascontiguousarray(pixels))
    size = (max(1, round(image.width * WORKING_SIDE / longest)), max(1, round(image.height * WORKING_SIDE / longest)))
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))


def sized(mask: Alpha, shape: tuple[int, int]) -> Alpha:
    """Return a mask of a picture's (height, width); as it is where it has them."""
    if mask.shape == shape:
        return mask
    return np.asarray(Image.fromarray(mask).resize((shape[1], shape[0]), Image.Resampling.BILINEAR))
