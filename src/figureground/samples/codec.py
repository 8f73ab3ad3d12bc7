"""Sample <-> bytes.  For PNG masks and 16-bit depth, decode(encode(x)) is x; JPEG members are lossy by their nature."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground.core.recipe import ImageOptions, Recipe
from figureground.core.sample import HALF, Mask, Picture, Sample
from figureground.geometry.codes import DepthCode, dequantise
from figureground.image import png

FOLDERS = {
    "image": "images",
    "mask": "masks",
    "instances": "instances",
    "depth": "depth",
    "depth_network": "depth_network",
}
DEPTHS = ("depth", "depth_network")
WHITE = np.uint8(255)  # the value of a mask pixel where masks are stored in 8 bits


def jpeg(pixels: NDArray[np.uint8], options: ImageOptions) -> bytes:
    """Return a JPEG of RGB (height, width, 3) or grey (height, width) pixels."""
    out = io.BytesIO()
    chroma = {} if pixels.ndim == 2 else {"subsampling": options.subsampling}
    Image.fromarray(pixels).save(out, "JPEG", quality=options.quality, optimize=options.optimize, **chroma)
    return out.getvalue()


def encode(
    image: Picture,
    mask: Mask,
    instances: NDArray[np.uint8] | None,
    depths: Mapping[str, DepthCode],
    recipe: Recipe,
    shared: tuple[png.Bands, slice] | None = None,
) -> dict[str, tuple[str, bytes]]:
    """Return the members in the formats that the recipe names: layer -> (file suffix, bytes).

    `shared`: what the layer "depth", a 16-bit PNG, shares with its background, and the rows where it differs.
    """
    members = {"image": ("jpg", jpeg(image, recipe.image))}
    if recipe.mask.format == "png":
        members["mask"] = ("png", png.encode(mask))
    else:
        members["mask"] = ("jpg", jpeg(mask * WHITE, recipe.image))
    if instances is not None:
        members["instances"] = ("png", png.encode(instances))
    for layer, depth in depths.items():
        if recipe.depth.encoding == "jpeg8":
            members[layer] = ("jpg", jpeg(depth.codes.astype(np.uint8), recipe.image))
        elif shared is not None and layer == "depth" and depth.codes.dtype == np.uint16:
            members[layer] = ("png", png.encode_changed(depth.codes.astype(np.uint16, copy=False), *shared))
        else:
            members[layer] = ("png", png.encode(depth.codes))
    return members


def pixels(data: bytes) -> NDArray[Any]:
    """Return a member's stored values: uint8 (h, w, 3), uint8 (h, w) (1-bit masks as 0 and 255) or uint16 (h, w)."""
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        if picture.mode == "1":
            return np.asarray(picture.convert("L"))
        if picture.mode.startswith("I"):
            return np.asarray(picture).astype(np.uint16)
        return np.asarray(picture)


def depth_fields(code: DepthCode, layer: str = "depth") -> dict[str, Any]:
    """Return the metadata that `depth_code` needs to read the codes back, and what a person needs to use them."""
    valid = 1.0 if code.invalid is None else np.count_nonzero(code.codes != code.invalid) / code.codes.size
    return {
        f"{layer}_unit": code.unit,
        f"{layer}_direction": code.direction,
        f"{layer}_scale": code.scale,
        f"{layer}_offset": code.offset,
        f"{layer}_invalid": code.invalid,
        f"{layer}_valid_fraction": round(valid, 6),
    }


def depth_code(codes: NDArray[Any], record: Mapping[str, Any], layer: str = "depth") -> DepthCode:
    """Return stored codes with their meaning from the record's depth_* fields."""
    return DepthCode(
        codes,
        record[f"{layer}_scale"],
        record[f"{layer}_offset"],
        record[f"{layer}_invalid"],
        record[f"{layer}_unit"],
        record[f"{layer}_direction"],
    )


def decode(members: Mapping[str, bytes], record: Mapping[str, Any]) -> Sample:
    """Return the Sample of a part's members (layer -> bytes) and metadata row."""
    depths = {
        layer: dequantise(depth_code(pixels(members[layer]), record, layer)) for layer in DEPTHS if layer in members
    }
    return Sample(
        image=pixels(members["image"]),
        mask=pixels(members["mask"]) >= HALF if "mask" in members else None,
        depth=depths.get("depth"),
        record=record,
        instances=pixels(members["instances"]) if "instances" in members else None,
        depth_network=depths.get("depth_network"),
    )
