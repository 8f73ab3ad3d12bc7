"""How soft may a colour key be?  Keys against a network's cut-outs; the figures of docs/cutouts.md on keys.

python bench/keys.py PHOTOS NETWORK.onnx
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from figureground.core.errors import SetAsideError
from figureground.evaluate.metrics import iou
from figureground.image import masks
from figureground.ingest import matting, photos
from figureground.ingest.cutout import KEY_SOFT, working
from figureground.networks import cutout


def main(folder: Path, network: Path) -> None:
    cut = cutout.cutout_network(network)
    agreement: dict[str, list[float]] = {"accepted": [], "refused as soft": []}
    for path in photos.find([str(folder)], Path(), "PHOTOS"):
        try:
            picture = working(photos.decode(photos.read_bytes(path), 896).pixels)[..., :3]
            key = matting.without_specks(matting.key(picture))
            matting.judge(key)
        except SetAsideError:
            continue  # no picture, or its ground is not plain
        softness, same = matting.softness(key), iou(masks.mask_of(key), masks.mask_of(cut(picture)))
        agreement["accepted" if softness <= KEY_SOFT else "refused as soft"].append(same)
        print(f"{path.stem:<40} key softness {softness:.2f}, IoU with the network {same:.3f}", flush=True)
    for name, values in agreement.items():
        print(f"keys {name}: {len(values)}, median IoU with the network {np.median(values or [np.nan]):.3f}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
