"""HDF5 files as NYU Depth V2's labelled one: images, depths in metres, labels; and masks.

    train.h5 ...   images uint8 (n, height, width, 3)   depths float32 (n, height, width), metres, NaN where unknown
                   masks uint8 (n, height, width), 1 is figure
                   labels uint8 (n, height, width), class ids, 0 is the background   names, of the classes from 1
                   index, keys: which sample each is
                   amodal_masks uint8, the whole figures, and amodal_depths float32, of the background: on request
    README.md      what it is; written last

With axes "matlab" they lie as Python reads NYU's .mat: images (n, 3, width, height), the others (n, width, height).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.canvas import Canvas
from figureground.core.errors import FigureGroundError
from figureground.core.options import option
from figureground.core.record import Record
from figureground.core.texts import in_markdown
from figureground.formats.format import Format, Prepared, Work, require_choice
from figureground.formats.members import class_ids, members, metres, require_behind, require_layers, require_metric
from figureground.geometry.intrinsics import planar_metres
from figureground.samples import codec
from figureground.samples.amodal import amodal

README = "README.md"
_AXES = ("numpy", "matlab")
_PACKED: dict[str, Any] = {"compression": "gzip", "compression_opts": 1, "shuffle": True, "track_times": False}
_SAID: dict[str, dict[str, Any]] = {
    "images": {"meaning": "the composite, sRGB"},
    "depths": {"unit": "m", "scale": 1.0, "invalid": "NaN", "direction": "larger is farther", "kind": "planar"},
    "masks": {"meaning": "1 where any figure is seen, exact; 0 elsewhere"},
    "amodal_masks": {"meaning": "1 where a figure would be seen if it stood alone"},
    "labels": {"meaning": "class id of the figure seen there, as names has them from 1; 0 is the background"},
}
_SAID["amodal_depths"] = _SAID["depths"] | {"meaning": "of the background, behind the figures too"}
_README_AMODAL = """\
- `amodal_masks` uint8: 1 where a figure would be seen if it stood alone.
- `amodal_depths` float32: as `depths`, of the background alone.
"""
_README = """\
# {name}

{samples:,} samples of a [figureground](https://github.com/figureground/figureground) dataset as HDF5, a file a split:
{files}. Only `train` may be trained on; no photo of it is met in the others.

- `images` uint8: composites, sRGB.
- `depths` float32: metres along the optical axis (scale 1), larger is farther, NaN where unknown.
- `masks` uint8: 1 where any figure is seen.
- `labels` uint8: class ids; 0 is the background, and `names` has the others: {classes}.
{amodal}- `index`, `keys`: which samples they are.

The axes of `images[i]` are {axes}.
"""


@dataclass(frozen=True)
class Options:
    axes: str = option("numpy", "numpy: images[i] is (height, width, 3) | matlab: (3, width, height), as NYU's .mat")
    amodal: bool = option(False, "Also the mask of the whole figures and the depth of the background behind them.")


def prepare(work: Work, options: Options) -> Prepared:
    """Depth in metres is needed: relative depth is refused."""
    require_choice("axes", options.axes, _AXES)
    _require_h5py()
    require_layers(work.dataset, "mask", "depth")
    for _, record in work.records():
        require_metric(record)
        _require_few_classes(record)
    if options.amodal:
        require_behind(work)
    return Prepared(options, lambda: _write(work, options))


FORMAT = Format("hdf5", "HDF5 as NYU Depth V2's: images, depths in metres, masks, labels.", Options, prepare)


def _require_h5py() -> Any:
    try:
        import h5py
    except ImportError:
        raise FigureGroundError(
            "HDF5 needs h5py, which is not installed", "export", "pip install 'figureground[depth]'"
        ) from None
    return h5py


def _require_few_classes(record: Record) -> None:
    if any(figure.class_id > 255 for figure in record.figures):
        raise FigureGroundError("a class has a number above 255, which labels cannot hold", record.key, "choose others")


def _write(work: Work, options: Options) -> None:
    done, splits = 0, work.by_split()
    for split, numbers in splits.items():
        if work.store.size(f"{split}.h5") is None:
            with work.store.writing(f"{split}.h5") as file:
                _write_file(work, file, numbers, options, done)
        done += len(numbers)
        work.progress("export", done, len(work.numbers))
    said = _README.format(
        name=in_markdown(str(work.dataset.manifest.get("name", ""))),
        samples=len(work.numbers),
        files=", ".join(f"`{split}.h5` ({len(numbers):,})" for split, numbers in splits.items()),
        classes=", ".join(f"{number} {in_markdown(name)}" for number, name in sorted(work.dataset.classes.items())),
        axes="(height, width, 3)" if options.axes == "numpy" else "(3, width, height)",
        amodal=_README_AMODAL if options.amodal else "",
    )
    work.put(README, said.encode("utf-8", "xmlcharrefreplace"))


def _write_file(work: Work, file: IO[bytes], numbers: Sequence[int], options: Options, done: int) -> None:
    """Write the samples of a split, one at a time.  `done`: how many stand in earlier files."""
    height, width = Canvas.of(work.dataset.manifest["size"]).shape
    shape, plane = (height, width, 3), (height, width)
    if options.axes == "matlab":
        shape, plane = shape[::-1], plane[::-1]
    kinds = {"images": (np.uint8, shape), "depths": (np.float32, plane)}
    kinds |= {"masks": (np.uint8, plane), "labels": (np.uint8, plane)}
    if options.amodal:
        kinds |= {"amodal_masks": (np.uint8, plane), "amodal_depths": (np.float32, plane)}
    with _require_h5py().File(file, "w") as root:
        tables = {}
        for name, (kind, each) in kinds.items():
            tables[name] = root.create_dataset(name, (len(numbers), *each), kind, chunks=(1, *each), **_PACKED)
            tables[name].attrs.update(_SAID[name])
        names = [name.encode() for _, name in sorted(work.dataset.classes.items())]
        root.create_dataset("names", data=np.array(names, "S"), track_times=False)
        longest = max(len(work.dataset.record(i).key.encode()) for i in numbers)
        tables["keys"] = root.create_dataset("keys", len(numbers), f"S{longest}", track_times=False)
        tables["index"] = root.create_dataset("index", len(numbers), np.int64, track_times=False)
        for k, i in enumerate(numbers):
            record = work.dataset.record(i)
            tables["keys"][k], tables["index"][k] = record.key.encode(), record.index
            arrays = _arrays(members(work.dataset, i), record)
            for name, values in (arrays | _hidden(work, i) if options.amodal else arrays).items():
                tables[name][k] = values.T if options.axes == "matlab" else values
            work.progress("export", done + k, len(work.numbers))


def _arrays(found: dict[str, bytes], record: Record) -> dict[str, NDArray[Any]]:
    """Return the arrays of a sample by their names in the file."""
    return {
        "images": np.asarray(codec.decode("image", found["image"])),
        "depths": metres(found["depth"], record),
        "masks": np.asarray(codec.decode("mask", found["mask"])).astype(np.uint8),
        "labels": class_ids(found, record),
    }


def _hidden(work: Work, i: int) -> dict[str, NDArray[Any]]:
    whole, behind = amodal(work.dataset.sample(i))
    return {"amodal_masks": whole.astype(np.uint8), "amodal_depths": planar_metres(behind).astype(np.float32)}
