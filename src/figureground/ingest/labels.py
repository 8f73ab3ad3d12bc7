"""Pictures that are no photos: masks, depth maps, segmentations, told by their names and by what they look like."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Bytes
from figureground.core.nouns import Mask
from figureground.ingest.cleaning import near

_MASKS = ("alpha", "alphas", "matte", "mattes", "mask", "masks")
_OTHERS = (
    *("depth", "depths", "depthmap", "disp", "disparity", "invdepth", "inverse-depth", "range"),
    *("seg", "segm", "segmentation", "segmentations", "semantic", "semantics", "panoptic", "instance", "instances"),
    *("label", "labels", "labelids", "labelid", "instanceids", "annotation", "annotations", "gt", "groundtruth"),
    *("normal", "normals", "trimap", "trimaps", "edge", "edges", "confidence"),
)
_WORDS = frozenset((*_MASKS, *_OTHERS))
_PICTURES = frozenset(("rgb", "color", "colour", "image", "img", "photo"))
_JOINT = re.compile(r"[ _.\-]+")
_ENOUGH = 1600  # px a side to judge by, whatever the picture has
_FLAT = 0.95  # of a class map's pixels equal their neighbours


def plain_name(name: str) -> str:
    """Return a name as it is compared: composed Unicode (NFC, which macOS takes apart), upper and lower case alike."""
    return unicodedata.normalize("NFC", name).casefold()


def marked(stem: str) -> tuple[str, str]:
    """Return the name that a label picture belongs to, and its mark: ("f25", "mask") of "f25_mask", "mask-f25".

    ("", "") where the stem bears no mark.  Both as `plain_name` compares them.
    """
    name = plain_name(stem)
    parts = list(_JOINT.finditer(name))
    if parts and name[parts[-1].end() :] in _WORDS:
        return name[: parts[-1].start()], name[parts[-1].end() :]
    if parts and name[: parts[0].start()] in _WORDS:
        return name[parts[0].end() :], name[: parts[0].start()]
    return "", ""


def is_mask(mark: str) -> bool:
    """Tell whether a mark is that of a mask, and not of depth or of a segmentation."""
    return mark in _MASKS


def owners(paths: Sequence[Path]) -> dict[Path, tuple[Path, str]]:
    """Return, for each picture that is a label picture by its name, the photo that it belongs to and its mark.

    By its own name (`X_depth.png` beside `X.jpg` or `X_rgb.jpg`), or by its folder's (`masks/X.png`, with `X.jpg` in a
    folder beside).  Without such a photo a name says nothing.
    """
    beside = {(path.parent, _bare(path.stem)): path for path in reversed(paths) if not marked(path.stem)[1]}
    shared = _shared(paths)
    by_stem: dict[str, Path] = {}
    for path in paths:
        if not _folder_mark(path, shared) and not marked(path.stem)[1]:
            by_stem.setdefault(_bare(path.stem), path)
    found = {}
    for path in paths:
        base, mark = marked(path.stem)
        owner = beside.get((path.parent, _bare(base))) if mark else None
        if owner is None and (mark_of_folder := _folder_mark(path, shared)):
            mark, owner = mark_of_folder, by_stem.get(_bare(base or path.stem))
            if owner is not None and not _beside(path, owner):
                owner = None
        if owner is not None and owner != path:
            found[path] = owner, mark
    return found


def _bare(stem: str) -> str:
    """Return a stem without what only says that it is the picture: "0001" of "0001_rgb", "rgb-0001"."""
    name = plain_name(stem)
    parts = _JOINT.split(name)
    if len(parts) > 1 and parts[-1] in _PICTURES:
        return _JOINT.split(name[::-1], maxsplit=1)[1][::-1]
    if len(parts) > 1 and parts[0] in _PICTURES:
        return _JOINT.split(name, maxsplit=1)[1]
    return name


def _shared(paths: Sequence[Path]) -> int:
    """Return how many folders all paths have in common: what those are called says nothing of one of them."""
    parents = [path.parts[:-1] for path in paths]
    columns = zip(*parents, strict=False)
    return next((n for n, names in enumerate(columns) if len(set(names)) > 1), min(map(len, parents), default=0))


def _folder_mark(path: Path, shared: int) -> str:
    """Return the mark that the folder of a picture, or one above it, is called by; "" where none is.

    `shared`: the number of outer folders that do not count.
    """
    for part in reversed(path.parts[shared:-1]):
        name = plain_name(part)
        if name in _WORDS:
            return name
        last = _JOINT.split(name)[-1]
        if last in _WORDS:
            return last
    return ""


def _beside(path: Path, owner: Path) -> bool:
    """Tell whether two paths differ in at most two folders: .../masks/a/X.png and .../images/a/X.jpg."""
    one, other = path.parts[:-1], owner.parts[:-1]
    same = 0
    while same < min(len(one), len(other)) and one[same] == other[same]:
        same += 1
    one, other = one[same:], other[same:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return len(one) <= 2 and len(other) <= 2


def looks_like(picture: Bytes) -> str:
    """Return what label picture a decoded one looks like, whatever its name; "" for a photo.

    Only grey pictures without transparency are judged: a mask is black and white but for its edges, a map of classes
    has few greys in flat areas.  `picture`: uint8 (height, width, 3 or 4).
    """
    if picture.shape[2] == 4 and int(picture[..., 3].min()) < 255:
        return ""
    seen = _sampled(picture[..., :3])
    red, green, blue = (seen[..., k] for k in range(3))  # numpy is slow over a last axis of 3
    most, least = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    if int((most - least).max()) > 8:
        return ""
    return _of_levels(seen[..., 1])


def deep_looks_like(values: NDArray[Any]) -> str:
    """Return what label picture a grey picture of 16 bits looks like; "" for a photo.

    `values`: whole numbers (height, width) as they are stored.  Depth from a sensor has holes, exact zeros among values
    that begin far above zero; other depth is smooth but for a few steps.
    """
    if reason := _of_levels(_sampled(values)):
        return reason
    height, width = (min(side, _ENOUGH) for side in values.shape)
    top, left = (values.shape[0] - height) // 2, (values.shape[1] - width) // 2
    values = values[top : top + height, left : left + width]
    high = float(np.quantile(values, 0.98))
    if high <= 0:
        return ""
    holes = float((values == 0).mean())
    gap = float(((values > 0) & (values <= 0.04 * high)).mean()) < 0.001
    smooth = _smooth(values.astype(np.float64), high)
    least = 0.7 if holes > 0.01 else 0.75 if high < 20_000 else 0.86  # millimetres of a room are far from white
    if (gap and smooth > least) or smooth > 0.97:
        return "a 16-bit depth map"
    return ""


def _sampled(values: NDArray[Any]) -> NDArray[Any]:
    """Return every n-th pixel of a large picture: its levels stay what they are."""
    step = -(-max(values.shape[:2]) // _ENOUGH)
    return values[::step, ::step]


def _of_levels(values: NDArray[Any]) -> str:
    """Return what a grey picture looks like by its levels and how flat they lie."""
    if min(values.shape) < 2:
        return ""
    flat = (values[1:, 1:] == values[:-1, 1:]) & (values[1:, 1:] == values[1:, :-1])
    low, high = int(values.min()), int(values.max())
    if high == low:
        return ""  # one flat colour, which is another matter
    close = max(1, (high - low) // 16)
    black, white = values <= low + close, values >= high - close
    if min(black.mean(), white.mean()) > 0.002 and _thin(~black & ~white, black, white):
        return "a mask: black and white but for its edges"
    levels, ranks, counts = np.unique(values, return_inverse=True, return_counts=True)
    many = np.sort(counts)[::-1].cumsum() > 0.995 * values.size
    if flat.mean() > _FLAT and int(np.argmax(many)) < 64 and levels.size <= 256:
        ranks = ranks.reshape(values.shape)
        steps = np.abs(np.diff(ranks, axis=1))
        if levels.size <= 4 or (steps[steps > 0] == 1).mean() < 0.9:  # a dark photo changes level by level
            return f"a map of classes or objects: {levels.size} flat greys"
    return ""


def _thin(between: Mask, black: Mask, white: Mask) -> bool:
    """Tell whether what is neither black nor white lies along the edges where they meet, as in a matte.

    In a photo of much contrast greys fill areas, as in folds of a coat.
    """
    if between.mean() > 0.35:
        return False
    reach = max(3, round(0.012 * max(between.shape)))
    met = near(black, reach) & near(white, reach)
    return int((between & ~met).sum()) <= 0.01 * between.size


def _smooth(values: NDArray[np.float64], high: float) -> float:
    """Return the share of known pixels where values hardly bend: by less than 1.2 % of their range."""
    known = (values > 0) & (values < values.max())  # white that is blown out is flat too
    low = float(np.quantile(values[known], 0.02))
    across = np.abs(values[1:-1, 2:] - 2 * values[1:-1, 1:-1] + values[1:-1, :-2])
    down = np.abs(values[2:, 1:-1] - 2 * values[1:-1, 1:-1] + values[:-2, 1:-1])
    whole = known[1:-1, 1:-1] & known[1:-1, 2:] & known[1:-1, :-2] & known[2:, 1:-1] & known[:-2, 1:-1]
    bend = np.maximum(across, down)[whole]
    return float((bend < 0.012 * max(high - low, 1.0)).mean()) if bend.size else 0.0


def left_out(found: Mapping[Path, tuple[Path, str]], paths: Iterable[Path]) -> dict[Path, str]:
    """Return the reason why each of the paths that `owners` found is no photo."""
    return {
        path: f"by its name the {found[path][1]} of {found[path][0].name}, not a photo; rename it if it is one"
        for path in paths
        if path in found
    }
