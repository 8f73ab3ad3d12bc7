"""The photos of `bench/worth.py`: cut-out people of whom none may be in a test photo, whole and cut off.

    python -m bench.worth_photos SHARED OUT

SHARED has photos/people_cutouts, photos/people_photos and photos/people_masks, as the trainings' folder does.  OUT
gets `people`, the cut-outs whose people are in no test photo (the rule is that of training/cutout/data.py), and `half`,
some of these cut off below: at the chest, the hip and the thigh in turn, as photos do that show half a person.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from training.cutout import augment, data

CUTS = (("chest", 0.33), ("hip", 0.52), ("thigh", 0.66))  # of the figure's height, from its top
_STANDING = 1.6  # height / width from which a cut-out is taken for one whole person


def usable(shared: Path) -> list[Path]:
    """Return the cut-outs whose people are in no test photo."""
    photos = shared / "photos"
    names = {path.stem for path in (photos / "people_masks").glob("*")}
    tests, looks = {data.source_of(name) for name in names}, data.test_thumbnails(photos, names)
    found = []
    for path in sorted((photos / "people_cutouts").glob("*.png")):
        if not data.excluded(path.stem, tests) and not data.near(augment.tight(data.read(path)), looks):
            found.append(path)
    return found


def cut_off(figure: data.Pixels, share: float) -> data.Pixels:
    """Return the upper part of a tight RGBA figure, its empty columns removed."""
    upper = figure[: round(figure.shape[0] * share)]
    columns = np.flatnonzero((upper[..., 3] >= 128).any(0))
    return upper[:, columns[0] : columns[-1] + 1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path)
    parser.add_argument("out", type=Path)
    chosen = parser.parse_args()
    for name in ("people", "half"):
        (chosen.out / name).mkdir(parents=True, exist_ok=True)
    found, cut = usable(chosen.shared), 0
    for path in found:
        shutil.copyfile(path, chosen.out / "people" / path.name)
        figure = augment.tight(data.read(path))
        if path.stem.startswith("person_") and figure.shape[0] >= _STANDING * figure.shape[1]:
            part, share = CUTS[cut % len(CUTS)]
            Image.fromarray(cut_off(figure, share)).save(chosen.out / "half" / f"{path.stem}_{part}.png")
            cut += 1
    print(f"{len(found)} cut-outs whose people are in no test photo; {cut} cut off")


if __name__ == "__main__":
    main()
