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
from pathlib import PurePath
from typing import Any

from PIL import features

from figureground import __version__
from figureground.core.card import meaning
from figureground.core.files import code_sha256
from figureground.core.job import CutoutModel, DepthModel, Job
from figureground.ingest.inputs import Photo
from figureground.ingest.pose import is_person
from figureground.ingest.state import VERSION

# of a photo: its kind and content are told apart, and what is known beside its pixels is added to the entry afterwards
_BESIDE = {"kind", "path", "name", "source", "class_name", "class_id", "credit"}
_JOB = {"recipe", "inputs", "placing", "depth", "formats", "layers"}  # told by part below, or of samples alone
_SOURCE = {"paths", "exclude", "tag", "class_name", "keep_people", "poses"}
_PLACING = {"seed", "heights", "weights", "spread", "overlap", "per_pair", "own_places", "figures", "samples", "look"}
_PLACING |= {"held_out", "min_plausibility"}
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


class _UnreadableError(Exception):
    """A file that belongs to a photo cannot be read now."""


def key(job: Job, photo: Photo, hashed: Hashed) -> str:
    """Return the digest of all that decides a photo's outcome; "" where a file of it cannot be read.

    `hashed`: the sha256 of a file by its path, "" where it cannot be read.
    """
    try:
        own = {f.name: _plain(getattr(photo, f.name), hashed) for f in fields(photo) if f.name not in _BESIDE}
        content = _content(photo.path, hashed)[1]
    except _UnreadableError:
        return ""
    about = [photo.kind, content, own, _told(job, _JOB), _of_kind(job, photo), libraries()]
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _content(path: str, hashed: Hashed) -> list[str]:
    """Return how a file is read, which its suffix says, and what it holds; where it lies says nothing."""
    sha256 = hashed(path)
    if not sha256:
        raise _UnreadableError
    return [PurePath(path).suffix.lower(), sha256]


def _of_kind(job: Job, photo: Photo) -> list[Any]:
    depth = job.depth
    network = [_plain(depth.model), _plain(depth.running)] if depth.model else None
    if photo.kind == "background":
        own = _told(job.inputs.backgrounds[photo.source], _SOURCE)
        who_stands = _plain(job.placing.heights) if job.floors.wanted else None
        return [own, _told(depth, _DEPTH | {"relief"}), network if depth.of_backgrounds else None, who_stands]
    own = _told(job.inputs.foregrounds[photo.source], _SOURCE)
    told = _told(depth, _DEPTH | {"of_backgrounds"})
    seen_as = is_person(photo.class_name)  # all that a class says of a pose
    return [own, told, network if depth.relief_by_network else None, _told(job.placing, _PLACING), seen_as]


def _told(value: Any, left_out: set[str]) -> dict[str, Any]:
    """Return the fields of a dataclass but those left out."""
    return {f.name: _plain(getattr(value, f.name)) for f in fields(value) if f.name not in left_out}


def _plain(value: Any, hashed: Hashed | None = None) -> Any:
    """Return a value of the job as JSON has it: of networks what they are, not where they lie; and where `hashed` is
    given, of the files that a photo's own values name, what they hold."""
    if isinstance(value, DepthModel):
        return [value.sha256, meaning(value.card)]
    if isinstance(value, CutoutModel):
        return value.sha256
    if hasattr(value, "__dataclass_fields__"):
        return {f.name: _plain(getattr(value, f.name), hashed) for f in fields(value)}
    if isinstance(value, tuple):
        return [_plain(item, hashed) for item in value]
    if hashed and isinstance(value, str | PurePath) and PurePath(value).is_absolute():
        return _content(str(value), hashed)
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
