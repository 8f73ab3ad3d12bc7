"""The libraries whose versions decide bytes of a dataset: recorded in it, and held to while parts are missing.

Of a library that changes no byte of what is missing, another version is told as a warning.

They are no part of the build id: two machines that give the same bytes made the same dataset.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from importlib import metadata

import numpy as np
import PIL
from PIL import features

from figureground.core.errors import FigureGroundError
from figureground.core.job import Job
from figureground.core.layers import LAYERS

MadeWith = Mapping[str, str]  # versions by the library's name; of several: "11.3.0, 12.0.0"


@dataclass(frozen=True)
class _Library:
    """How a library's version is found, "" where it is not installed; whether samples of a job, of which these layers
    are to be coded, may have other bytes under another one; and whether the job needs it at all.

    Whatever only prepares photos does not matter: the catalog is made.
    """

    version: Callable[[], str]
    matters: Callable[[Job, Collection[str]], bool]
    used: Callable[[Job], bool] = lambda job: True


def _always(job: Job, layers: Collection[str]) -> bool:
    """Pillow renders, and decodes backgrounds, which are JPEG, by libjpeg."""
    return True


def _never(job: Job, layers: Collection[str]) -> bool:
    """Of numpy, a sample's arithmetic is exact, or rounded as IEEE 754 says."""
    return False


def _if_webp(job: Job, layers: Collection[str]) -> bool:
    return "image" in layers and job.formats.image == "webp"


def _if_packed(job: Job, layers: Collection[str]) -> bool:
    """Tell whether any of the layers is stored as a PNG that zlib packs; depth of 16 bits is not."""
    formats = job.formats
    png = {
        "photo": formats.image == "png",
        "mask": not formats.jpeg_masks,
        "grey": True,
        "depth": not formats.jpeg_depth and not job.depth.wide,
    }
    return any(png[LAYERS[layer].coder] for layer in layers)


def _runtime(version: Callable[[], str], *names: str) -> _Library:
    """Return the row of what runs networks under these names; cut-outs are onnx.  It matters on composites alone."""

    def runs_depth(job: Job) -> bool:
        model = job.depth.model
        return model is not None and (job.depth.running.runtime or model.card.runtime) in names

    return _Library(
        version,
        lambda job, layers: job.depth.on_composites and (job.depth.model is None or runs_depth(job)),
        lambda job: runs_depth(job) or ("onnx" in names and _looks_at_photos(job)),
    )


def _looks_at_photos(job: Job) -> bool:
    """Tell whether a network cuts figures out, looks for people in backgrounds, or for their floors."""
    inputs = job.inputs
    asked = [source.cutting.model for source in inputs.foregrounds] + [source.people for source in inputs.backgrounds]
    return any([*asked, job.floors.room])


def _libjpeg() -> str:
    turbo = features.version("libjpeg_turbo")
    return f"{turbo} (turbo)" if turbo else features.version("jpg") or ""


def _zlib() -> str:
    """Return the version of Python's own zlib; zlib-ng, which some Pythons have in its place, packs to other bytes."""
    ng = getattr(zlib, "ZLIBNG_VERSION", "")
    return f"{zlib.ZLIB_RUNTIME_VERSION} (zlib-ng {ng})" if ng else zlib.ZLIB_RUNTIME_VERSION


def _zlib_of_pillow() -> str:
    ng = features.version("zlib_ng")
    return f"{ng} (zlib-ng)" if ng else features.version("zlib") or ""


def _installed(*packages: str) -> Callable[[], str]:
    """Return what finds the version of the first of some packages that is installed, without importing it."""

    def version() -> str:
        for package in packages:
            try:
                return metadata.version(package)
            except metadata.PackageNotFoundError:
                continue
        return ""

    return version


_ONNXRUNTIMES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino", "onnxruntime-qnn")
_LIBRARIES: Mapping[str, _Library] = {
    "Pillow": _Library(lambda: PIL.__version__, _always),
    "libjpeg": _Library(_libjpeg, _always),
    "libwebp": _Library(lambda: features.version("webp") or "", _if_webp),
    "lcms2": _Library(lambda: features.version("littlecms2") or "", _never),
    "zlib": _Library(_zlib, _if_packed),
    "zlib of Pillow": _Library(_zlib_of_pillow, _never),
    "numpy": _Library(lambda: np.__version__, _never),
    "onnxruntime": _runtime(_installed(*_ONNXRUNTIMES), "onnx", "densedepth"),
    "openvino": _runtime(_installed("openvino"), "openvino"),
    "torch": _runtime(_installed("torch"), "transformers"),
    "transformers": _runtime(_installed("transformers"), "transformers"),
}


def versions(job: Job) -> dict[str, str]:
    """Return the versions here of the libraries that a job uses."""
    return {name: version for name, one in _LIBRARIES.items() if one.used(job) and (version := one.version())}


def joined(first: MadeWith, then: MadeWith) -> dict[str, str]:
    """Return the versions of what was made under the first ones, and then under others."""
    every = {name: [*first.get(name, "").split(", "), *then.get(name, "").split(", ")] for name in (*first, *then)}
    return {name: ", ".join(dict.fromkeys(version for version in known if version)) for name, known in every.items()}


def changes(before: MadeWith) -> list[str]:
    """Return each library of which the version here is another than the recorded one: "zlib was 1.2 and is 1.3"."""
    return [
        f"{name} was {was} and is {_here(name) or 'missing'}" for name, was in before.items() if _differs(name, was)
    ]


def _here(name: str) -> str:
    return _LIBRARIES[name].version()


def _differs(name: str, was: str) -> bool:
    return name in _LIBRARIES and _here(name) != was


def unlike(first: MadeWith, second: MadeWith, job: Job) -> list[str]:
    """Return each library of which two records differ, where that may be seen in the bytes of a job's samples."""
    return [
        f"{name} {first.get(name, 'none')} and {second.get(name, 'none')}"
        for name, one in _LIBRARIES.items()
        if first.get(name) != second.get(name) and one.matters(job, job.layers)
    ]


def others(before: MadeWith, job: Job, layers: Collection[str]) -> list[str]:
    """Return the libraries of which the version here may give `layers` other bytes than the recorded one did, each with
    both.  One that is not recorded is not held to."""
    return [
        f"{name} {was}, here is {_here(name) or 'none'}"
        for name, was in before.items()
        if _differs(name, was) and _LIBRARIES[name].matters(job, layers)
    ]


def require_libraries(before: MadeWith, job: Job, layers: Collection[str], where: str, ways_out: str) -> None:
    """Raise FigureGroundError, naming them, where libraries here may give what is missing other bytes.

    Where others are not those that the finished parts were made with, warn: what is missing has the same bytes.
    `before`: the recorded versions.  `layers`: those that are to be coded.
    """
    if told := "; with ".join(others(before, job, layers)):
        raise FigureGroundError(f"the finished parts were made with {told}", where, f"install that version, {ways_out}")
    if any(_differs(name, was) for name, was in before.items()):
        logging.getLogger(__name__).warning("%s; what is made now has the same bytes", "; ".join(changes(before)))
