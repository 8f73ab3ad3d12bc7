"""How good are cut-outs?  IoU against hand-drawn masks, and key against network; the figures of docs/cutouts.md.

    python bench/cutouts.py PHOTOS MASKS NETWORK.onnx

PHOTOS holds pictures of people, MASKS drawn masks with the same stems for some of them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from figureground import matte, networks, photos, prepare
from figureground.errors import SetAsideError
from figureground.sample import Alpha, Mask


def iou(a: Mask, b: Mask) -> float:
    return float((a & b).sum() / max((a | b).sum(), 1))


def key_of(picture: Alpha) -> Alpha | None:
    """Return the keyed alpha without the limit on softness, or None where the ground is not plain."""
    try:
        alpha = matte.without_specks(matte.key(picture))
        matte.judge(alpha)
    except SetAsideError:
        return None
    return alpha


def main(folder: Path, masks: Path, network: Path) -> None:
    cut = networks.cutout_network(network)
    drawn = {path.stem: path for path in masks.iterdir()}
    clean: list[float] = []
    soft: list[float] = []
    against_masks: list[tuple[float, float]] = []
    for path in photos.find([str(folder)], Path(), "PHOTOS"):
        try:
            picture = prepare.working(photos.decode(photos.read_bytes(path), 896).pixels)[..., :3]
        except SetAsideError as error:
            print(f"{path.name}: {error.reason}")
            continue
        by_network, by_key = cut(picture), key_of(picture)
        line = f"{path.stem:<40} network softness {matte.softness(by_network):.2f}"
        if path.stem in drawn:
            with Image.open(drawn[path.stem]) as mask:
                true = np.asarray(mask.convert("L").resize(picture.shape[1::-1])) >= 128
            against_masks.append((matte.softness(by_network), iou(by_network >= 128, true)))
            line += f", IoU with the drawn mask {against_masks[-1][1]:.3f}"
        if by_key is not None:
            agreement = iou(by_key >= 128, by_network >= 128)
            (clean if matte.softness(by_key) <= prepare.KEY_SOFT else soft).append(agreement)
            line += f"; key softness {matte.softness(by_key):.2f}, IoU with the network {agreement:.3f}"
        print(line, flush=True)
    for name, values in (("accepted", clean), ("refused as soft", soft)):
        print(f"keys {name}: {len(values)}, median IoU with the network {np.median(values):.3f}")
    kept = [value for softness, value in against_masks if softness <= prepare.NETWORK_SOFT]
    every = [value for _, value in against_masks]
    print(
        f"network against {len(every)} drawn masks: mean IoU {np.mean(every):.3f}, median {np.median(every):.3f}; "
        f"kept {len(kept)}: mean {np.mean(kept):.3f}"
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
