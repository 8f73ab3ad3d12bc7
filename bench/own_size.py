"""Measure how mattes of a reduced copy are enlarged: bilinear, and by the photo, against people with drawn masks.

    python bench/own_size.py ../shared/photos

A third of the photos, drawn by number, was kept aside when the parameters were chosen.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from figureground.core.nouns import Alpha, Mask, Picture
from figureground.evaluate.metrics import iou
from figureground.image.masks import mask_of
from figureground.ingest import matting, own_size, photos
from figureground.networks.cutout import cutout_network, cutout_weights

SIDES = (200, 768)  # px of the copy; photos have 800


def grown(mask: Mask, by: int) -> Mask:
    return np.asarray(Image.fromarray(mask.astype(np.uint8)).filter(ImageFilter.MaxFilter(2 * by + 1))) > 0


def outline(mask: Mask) -> Mask:
    edge = np.zeros_like(mask)
    edge[:-1] |= mask[:-1] != mask[1:]
    edge[:, :-1] |= mask[:, :-1] != mask[:, 1:]
    return edge


def scores(alpha: Alpha, truth: Alpha) -> list[float]:
    """Return IoU, boundary F at 1 and 2 px, and the mean error of alpha within 12 px of the true edge."""
    found, true = mask_of(alpha), mask_of(truth)
    ours, theirs = outline(found), outline(true)
    fs = []
    for px in (1, 2):
        precision = (ours & grown(theirs, px)).sum() / max(ours.sum(), 1)
        recall = (theirs & grown(ours, px)).sum() / max(theirs.sum(), 1)
        fs.append(float(2 * precision * recall / max(precision + recall, 1e-9)))
    error = np.abs(alpha.astype(np.float64) - truth)[grown(theirs, 12)].mean() / 255
    return [float(iou(found, true)), *fs, float(error)]


def reduced(picture: Picture, side: int) -> Picture:
    scale = side / max(picture.shape[:2])
    size = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def main(folder: Path) -> None:
    path = cutout_weights("small", Path())
    if path is None:
        raise SystemExit("no network")
    network = cutout_network(path)
    masks = sorted((folder / "people_masks").iterdir())
    kept_aside = set(np.random.default_rng(0).permutation(len(masks))[: len(masks) // 3].tolist())
    rows: dict[tuple[str, int, str], list[list[float]]] = {}
    for number, mask in enumerate(masks):
        data = photos.read_bytes(folder / "people_photos" / f"{mask.stem}.jpg")
        picture: NDArray[np.uint8] = np.ascontiguousarray(photos.decode(data, 10**6).pixels[..., :3])
        with Image.open(mask) as drawn:
            truth = np.asarray(drawn.convert("L"))
        for side in SIDES:
            copy = reduced(picture, side)
            alpha = matting.without_specks(network(copy))
            plain = Image.fromarray(alpha).resize(picture.shape[1::-1], Image.Resampling.BILINEAR)
            which = "kept aside" if number in kept_aside else "chosen on"
            rows.setdefault((which, side, "bilinear"), []).append(scores(np.asarray(plain), truth))
            made = own_size.enlarged(picture, copy, alpha)[..., 3]
            rows.setdefault((which, side, "by the photo"), []).append(scores(made, truth))
    for (which, side, how), found in sorted(rows.items()):
        means = "  ".join(f"{value:.3f}" for value in np.mean(found, 0))
        print(f"{which:<12}{len(found):>4} photos, copy of {side} px, {how:<14}{means}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
