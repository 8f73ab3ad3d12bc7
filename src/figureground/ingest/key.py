"""What decides how a photo is prepared, as one digest: the name under which its outcome is kept.

Whatever of the job and of the photo is not named here as left out counts, so that a knob that is added is in the key
until somebody says that it changes nothing.
"""

from __future__ import annotations

import functools
import hashlib
import json
import platform
import sys
from collections.abc import Callable
from dataclasses import fields
from importlib import metadata
from pathlib import Path
from typing import Any

from PIL import features

from figureground import __version__
from figureground.core.card import meaning
from figureground.core.files import code_sha256
from figureground.core.job import CutoutModel, DepthModel, Job
from figureground.ingest.inputs import Photo
from figureground.ingest.state import VERSION

# of a photo: its kind and content are told apart, and what is known beside its pixels is added to the entry afterwards
_BESIDE = {"kind", "path", "name", "source", "class_name", "class_id", "credit"}
_JOB = {"recipe", "inputs", "placing", "depth", "formats", "layers"}  # told by part below, or of samples alone
_SOURCE = {"paths", "tag", "class_name", "depth_maps"}
_PLACING = {"seed", "heights", "weights", "spread", "overlap", "per_pair", "own_places", "figures", "samples", "look"}
_PLACING |= {"held_out"}
_DEPTH = {"known", "layered", "on_composites", "thickness_m", "encoding", "batch", "model", "running"}
_LIBRARIES = ("numpy", "Pillow", "pi-heif", "onnxruntime", "openvino", "torch", "transformers", "scipy")
_CODECS = (
    "jpg",
    "jpg_2000",
    "libjpeg_turbo",
    "zlib",
    "zlib_ng",
    "libtiff",
    "webp",
    "avif",
    "littlecms2",
    "libimagequant",
)

Hashed = Callable[[str], str]  # the path of a file -> its sha256; "" for one that cannot be read


def key(job: Job, photo: Photo, hashed: Hashed) -> str:
    """Return the digest of all that decides a photo's outcome; "" where a file of it cannot be read.

    `hashed`: the sha256 of a file by its path, "" where it cannot be read.
    """
    own = _told(photo, _BESIDE)
    files = {name: path for name, path in own.items() if path and isinstance(path, str)}  # like its depth map
    contents = {name: hashed(path) for name, path in {"": photo.path, **files}.items()}
    if not all(contents.values()):
        return ""
    # a map's suffix says how it is read; where it lies says nothing
    own |= {name: Path(path).suffix.lower() for name, path in files.items()}
    about = [photo.kind, contents, own, _told(job, _JOB), _of_kind(job, photo), libraries()]
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _of_kind(job: Job, photo: Photo) -> list[Any]:
    depth, placing = job.depth, _told(job.placing, _PLACING)
    network = [_plain(depth.model), _plain(depth.running)] if depth.model else None
    if photo.kind == "background":
        own = job.inputs.backgrounds[photo.source]
        estimated = depth.of_backgrounds and own.depth_maps is None
        who_stands = _plain(job.placing.heights) if job.floors.wanted else None
        told = _told(depth, _DEPTH | {"relief"})
        return [_told(own, _SOURCE), own.depth_maps is None, told, network if estimated else None, who_stands]
    told = _told(depth, _DEPTH | {"of_backgrounds", "focal"})
    figure = job.inputs.foregrounds[photo.source]
    return [_told(figure, _SOURCE), placing, told, network if depth.relief_by_network else None]


def _told(value: Any, left_out: set[str]) -> dict[str, Any]:
    """Return the fields of a dataclass but those left out."""
    return {f.name: _plain(getattr(value, f.name)) for f in fields(value) if f.name not in left_out}


def _plain(value: Any) -> Any:
    """Return a value of the job as JSON has it; of networks what they are, not where they lie."""
    if isinstance(value, DepthModel):
        return [value.sha256, meaning(value.card)]
    if isinstance(value, CutoutModel):
        return value.sha256
    if hasattr(value, "__dataclass_fields__"):
        return _told(value, set())
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


@functools.cache
def libraries() -> list[str]:
    """Return the versions of all that prepares photos, our own code first, whose version stays between releases; and
    the kind of machine, whose rounding may differ."""
    codecs = [f"{name} {features.version(name)}" for name in _CODECS if features.check(name)]
    return [
        f"figureground {__version__} {VERSION} {code_sha256()}",
        platform.machine(),
        sys.platform,
        *map(_version, _LIBRARIES),
        *codecs,
    ]


def _version(name: str) -> str:
    try:
        return f"{name} {metadata.version(name)}"
    except metadata.PackageNotFoundError:
        return name
