"""When is a cut-out that can be used probably wrong?  Measured on pictures with exact masks (docs/cutouts.md)."""

from __future__ import annotations

from figureground.core.nouns import Alpha
from figureground.image.masks import mask_of, pieces
from figureground.ingest.matting import softness

SOFT = 0.14  # of a network's cut-outs that are used and above it 6 of 11 had an IoU of 0.9, of the others 116 of 123
APART = 0.1  # a second piece of this share of the largest may be somebody else
LEAST, MOST = 0.01, 0.8  # of the frame


def doubts_of(alpha: Alpha, made: bool) -> tuple[list[str], list[str]]:
    """Return what is probably wrong with a cut-out, and what is worth a look.

    `made`: by a key or a network, so that softness and size tell how well; else the photo's own alpha.
    """
    mask = mask_of(alpha)
    wrong, odd = [], []
    soft, share = softness(alpha), float(mask.mean())
    if made and soft > SOFT:
        wrong.append(f"unsure cut-out: half-transparent pixels are {soft:.0%} of the figure")
    areas = sorted(pieces(mask)[1][1:].tolist(), reverse=True)
    large = [area for area in areas if area >= APART * areas[0]]
    if len(large) > 1:
        odd.append(f"in {len(large)} separate pieces: several figures, or one cut apart")
    if made and share < LEAST:
        odd.append(f"tiny: {share:.1%} of the photo is figure")
    if made and share > MOST:
        odd.append(f"nearly the whole photo is figure: {share:.0%}")
    return wrong, odd
