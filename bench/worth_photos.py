"""The photos of `bench/worth.py`: cut-out people of whom none may be in a test photo, whole and cut off, and rooms.

    python -m bench.worth_photos SHARED OUT [--more 200] [--rooms 160]

SHARED has photos/{people_cutouts,people_photos,people_masks,backgrounds} and train/{people,rooms}, as the trainings'
folder does.  OUT gets

- `people`: the cut-outs whose people are in no test photo (the rule is that of training/cutout/data.py), and as many
  as `--more` says out of photos of people, by the masks that people drew;
- `half`: those of them that stand, cut off below at the chest, the hip and the thigh in turn, as photos do that show
  half a person; each whole one gives one half at most;
- `held`: cut-outs out of the last photos of people, for pictures to test with; nobody near them is in `people`;
- `rooms`: backgrounds, every second, and as many as `--rooms` says of the rooms to train on.  Those of a source that
  has frames with sensor depth are left out: they are the test of depth.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from training.cutout import augment, data

CUTS = (("chest", 0.33), ("hip", 0.52), ("thigh", 0.66))  # of the figure's height, from its top
HELD = 40  # cut-outs kept aside
SENSED = ("nyu", "sunrgbd", "scannet", "unidepth")  # sources of backgrounds that the frames with sensor depth share
_STANDING = 1.6  # height / width from which a cut-out is taken for one whole person

T = TypeVar("T")


def usable(shared: Path) -> list[Path]:
    """Return the cut-outs, and the photos with masks to cut people out of, whose people are in no test photo."""
    photos = shared / "photos"
    names = {path.stem for path in (photos / "people_masks").glob("*")}
    tests, looks = {data.source_of(name) for name in names}, data.test_thumbnails(photos, names)
    found = []
    drawn = sorted((shared / "train/people").glob("*.jpg"))
    for path in [*sorted((photos / "people_cutouts").glob("*.png")), *drawn]:
        if not data.excluded(path.stem, tests) and not data.near(augment.tight(figure_of(path)), looks):
            found.append(path)
    return found


def figure_of(path: Path) -> data.Pixels:
    """Return a cut-out, or the person in a photo whose drawn mask lies beside it, its edge free of the ground."""
    if path.suffix == ".png":
        return data.read(path)
    return data.clean(augment.tight(data.with_mask(path, path.with_suffix(".png"))))


def spread(found: Sequence[T], count: int) -> list[T]:
    """Return `count` of them at most, evenly spread, in their order."""
    chosen = np.linspace(0, len(found) - 1, min(count, len(found))).round().astype(int)
    return [found[k] for k in sorted(set(chosen.tolist()))]


def parted(photos: Sequence[Path], held: int) -> tuple[list[Path], list[Path]]:
    """Return the photos to train with, and the last `held`, to whose numbers none of the first is near."""
    last = list(photos[len(photos) - held :])
    aside = {data.source_of(path.stem) for path in last}
    return [path for path in photos[: len(photos) - held] if not data.excluded(path.stem, aside)], last


def rooms_of(shared: Path, count: int) -> list[Path]:
    """Return every second background, and `count` rooms that are none of the backgrounds."""
    backgrounds = sorted((shared / "photos/backgrounds").glob("*.jpg"))
    known = {path.stem.removeprefix("bg_") for path in backgrounds}
    others = [path for path in backgrounds if path.stem.split("_")[1] not in SENSED]
    more = [path for path in sorted((shared / "train/rooms").glob("*.jpg")) if path.stem not in known]
    return [*others[1::2], *spread(more, count)]


def cut_off(figure: data.Pixels, share: float) -> data.Pixels:
    """Return the upper part of a tight RGBA figure, its empty columns removed."""
    upper = figure[: round(figure.shape[0] * share)]
    columns = np.flatnonzero((upper[..., 3] >= 128).any(0))
    return upper[:, columns[0] : columns[-1] + 1]


def write(found: Sequence[Path], out: Path) -> int:
    """Write people and their halves; return how many halves."""
    cut = 0
    for path in found:
        figure = augment.tight(figure_of(path))
        Image.fromarray(figure).save(out / "people" / f"{path.stem}.png")
        if not path.stem.startswith("group_") and figure.shape[0] >= _STANDING * figure.shape[1]:
            part, share = CUTS[cut % len(CUTS)]
            Image.fromarray(cut_off(figure, share)).save(out / "half" / f"{path.stem}_{part}.png")
            cut += 1
    return cut


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--more", type=int, default=200, help="people cut out of photos by their drawn masks")
    parser.add_argument("--rooms", type=int, default=160, help="rooms beside the backgrounds")
    chosen = parser.parse_args()
    for name in ("people", "half", "held", "rooms"):
        (chosen.out / name).mkdir(parents=True, exist_ok=True)
    found = usable(chosen.shared)
    cutouts = [path for path in found if path.suffix == ".png"]
    photos, held = parted([path for path in found if path.suffix != ".png"], HELD)
    cutouts = [path for path in cutouts if not data.excluded(path.stem, {data.source_of(one.stem) for one in held})]
    people = [*cutouts, *spread(photos, chosen.more)]
    cut = write(people, chosen.out)
    for path in held:
        Image.fromarray(figure_of(path)).save(chosen.out / "held" / f"{path.stem}.png")
    rooms = rooms_of(chosen.shared, chosen.rooms)
    for path in rooms:
        shutil.copyfile(path, chosen.out / "rooms" / path.name)
    print(f"{len(people)} people who are in no test photo, {cut} cut off; {len(held)} kept aside; {len(rooms)} rooms")


if __name__ == "__main__":
    main()
