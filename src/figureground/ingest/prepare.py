"""One photo -> one catalog entry: square backgrounds with their depth; cut, trimmed and scaled foregrounds.

Everything here works on decoded arrays; `ingest.py` reads the files and numbers what comes out.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground.core.errors import SetAsideError
from figureground.core.recipe import Recipe
from figureground.core.sample import Alpha, Cutout, DepthMap, Ground, Mask, Picture
from figureground.geometry import perspective
from figureground.geometry.codes import background_code, dequantise
from figureground.geometry.floor import ESTIMATED, KNOWN, fit_floor
from figureground.image import masks, png
from figureground.ingest import appearance, matting, pose
from figureground.ingest.relief import network_relief, rounded
from figureground.plan import plan
from figureground.plan.flat import figure_height, fits

WORKING_SIDE = 768  # cut-outs are made at no more than this on the longer side; figures end up 6 times smaller
KEY_SOFT, NETWORK_SOFT = 0.08, 0.5  # limits of matte.softness; measured on studio and street photos (docs/cutouts.md)


def square(picture: Picture, size: int, fit: str) -> Picture:
    """Return uint8 (size, size, 3).

    "cover": the middle square; "contain": all of it, the rest filled with its mean colour; "stretch": as it comes.
    """
    image = Image.fromarray(np.ascontiguousarray(picture[..., :3]))
    if fit == "contain":
        width, height = _contained(image.width, image.height, size)
        canvas = np.empty((size, size, 3), np.uint8)
        canvas[:] = np.rint(picture[..., :3].reshape(-1, 3).mean(0))
        top, left = (size - height) // 2, (size - width) // 2
        canvas[top : top + height, left : left + width] = np.asarray(
            image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
        )
        return canvas
    box = _cover_box(image.width, image.height) if fit == "cover" else (0, 0, image.width, image.height)
    return np.asarray(image.resize((size, size), Image.Resampling.LANCZOS, box, reducing_gap=3.0))


def _cover_box(width: int, height: int) -> tuple[float, float, float, float]:
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def _contained(width: int, height: int, size: int) -> tuple[int, int]:
    scale = size / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def square_depth(values: NDArray[np.float32], photo_shape: tuple[int, ...], size: int, fit: str) -> NDArray[np.float32]:
    """Return a known depth map on the square canvas: float32 (size, size), NaN where unknown.

    Sampled at pixel centres without averaging, which would invent depths between near and far.  Raises SetAsideError
    when the map has another aspect than its photo, or says nothing.
    """
    height, width = values.shape
    if abs(height / width - photo_shape[0] / photo_shape[1]) > 0.02 * height / width:
        raise SetAsideError(f"its depth map is {width} x {height} px, another shape than the photo")
    new_width, new_height, box = size, size, (0.0, 0.0, float(width), float(height))
    if fit == "contain":
        new_width, new_height = _contained(width, height, size)
    elif fit == "cover":
        box = _cover_box(width, height)
    columns = (box[0] + (np.arange(new_width) + 0.5) * (box[2] - box[0]) / new_width).astype(int)
    rows = (box[1] + (np.arange(new_height) + 0.5) * (box[3] - box[1]) / new_height).astype(int)
    chosen = values[rows][:, columns]
    canvas = np.full((size, size), np.nan, np.float32)
    top, left = (size - new_height) // 2, (size - new_width) // 2
    canvas[top : top + new_height, left : left + new_width] = np.where(
        np.isfinite(chosen) & (chosen > 0), chosen, np.float32(np.nan)
    )
    if not np.isfinite(canvas).any():
        raise SetAsideError("its depth map has no valid value")
    return canvas


def canvas_focal(focal: float, photo_shape: tuple[int, ...], fit: str) -> float:
    """Return focal length / side of the canvas of a photo whose focal length / diagonal is known (0: unknown)."""
    height, width = photo_shape[:2]
    side = {"cover": min(height, width), "contain": max(height, width)}.get(fit, math.sqrt(height * width))
    return round(focal * math.hypot(height, width) / side, 5)


def depth_files(
    depth: DepthMap, picture: Picture, recipe: Recipe, estimated: bool, focal: float
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Return (files: "depth" and, with a floor, "floor", both PNG; the entry's fields) of a background's depth.

    Raises SetAsideError for a background without a usable floor where the recipe leaves those out, and for depth that
    no figure could stand in.
    """
    try:
        code = background_code(depth)
    except ValueError as error:
        raise SetAsideError(f"its depth cannot be used: {error}") from None
    if not code.codes.any():
        raise SetAsideError("its depth map has no valid value")
    files = {"depth": png.encode(code.codes)}
    fields: dict[str, Any] = {
        "depth_unit": code.unit,
        "depth_scale": code.scale,
        "depth_offset": code.offset,
        "depth_from": "network" if estimated else "file",
    }
    if recipe.placement.mode != "ground":
        return files, fields
    trust = ESTIMATED if estimated else KNOWN
    found = fit_floor(dequantise(code), picture, trust, focal, recipe.placement.camera_height)
    if not isinstance(found, str):
        found = _room_for_none(found, recipe) or found
    if isinstance(found, str):
        if recipe.placement.no_floor == "leave out":
            raise SetAsideError(f"no usable floor: {found}")
        return files, fields | {"no_floor": found}
    return files | {"floor": png.encode(found[1])}, fields | {"ground": found[0]}


def _room_for_none(found: tuple[Ground, Mask], recipe: Recipe) -> str:
    """Return why no figure of usual height has a place on a floor, or ""."""
    floor, mask = found
    y, x = np.nonzero(mask)
    usual = sum(recipe.foregrounds.real_height) / 2
    heights = perspective.figure_heights(floor, usual, x + 0.5, y + 1.0, recipe.size)
    low, high = (h * recipe.size / 224 for h in recipe.placement.size)
    if ((heights >= low) & (heights <= high)).any():
        return ""
    return (
        f"a figure of {usual:.2f} m would be {heights.min():.0f} to {heights.max():.0f} px tall on it, "
        f"and placement.size allows {low:.0f} to {high:.0f}"
    )


def background(pixels: NDArray[np.uint8], recipe: Recipe) -> tuple[bytes, NDArray[np.uint8], list[str]]:
    """Return (JPEG, the pixels that it decodes to, notes).  Raises SetAsideError for photos that are far too small."""
    side = min(pixels.shape[:2]) if recipe.backgrounds.fit == "cover" else max(pixels.shape[:2])
    if side < recipe.size / 2:
        raise SetAsideError(f"{pixels.shape[1]} x {pixels.shape[0]} px is less than half of the canvas ({recipe.size})")
    notes = [f"enlarged {recipe.size / side:.2f} times"] if side < recipe.size else []
    if pixels.shape[2] == 4:
        if (pixels[..., 3] < 255).mean() > 0.01:
            raise SetAsideError("a background with transparent parts: nothing stands behind them")
        pixels = pixels[..., :3]
    flat = square(pixels, recipe.size, recipe.backgrounds.fit)
    if int(flat.max()) - int(flat.min()) < 8:
        raise SetAsideError("one flat colour: no scene to be seen")
    out = io.BytesIO()
    # 4:4:4 at 95: the prepared file is the background; composites start from what it decodes to
    Image.fromarray(flat).save(out, "JPEG", quality=95, subsampling="4:4:4")
    data = out.getvalue()
    with Image.open(io.BytesIO(data)) as prepared:
        return data, np.asarray(prepared), notes


def cut_out(pixels: NDArray[np.uint8], method: str, network: Callable[[Picture], Alpha] | None) -> tuple[Cutout, str]:
    """Return (RGBA with clean edge colours, the method that made it).

    `method` is the recipe's foregrounds.cutout.  Raises SetAsideError with the reason when no method gives a figure.
    """
    has_alpha = pixels.shape[2] == 4 and bool((pixels[..., 3] < 255).any())
    if method == "alpha" or (method == "auto" and has_alpha):
        if not has_alpha:
            raise SetAsideError("no transparency: the whole rectangle would become figure")
        top = int(pixels[..., 3].max())
        if 0 < top < 32:
            raise SetAsideError(f"alpha reaches only {top} of 255: stored as 0/1?")
        matting.judge(pixels[..., 3])
        return pixels, "alpha"
    picture = pixels[..., :3]
    if method == "key":
        return _clean(picture, _keyed(picture)), "key"
    reason = 'foregrounds.cutout = "network"'
    if method == "auto":
        try:
            return _clean(picture, _keyed(picture)), "key"
        except SetAsideError as error:
            reason = error.reason
    if network is None:
        raise SetAsideError(f"no alpha; {reason}; and foregrounds.network names no file")
    alpha = matting.without_specks(network(picture))
    matting.judge(alpha)
    if (soft := matting.softness(alpha)) > NETWORK_SOFT:
        raise SetAsideError(f"the cut-out network is unsure: half-transparent pixels are {soft:.0%} of the figure")
    return _clean(picture, alpha), "network"


def _keyed(picture: Picture) -> Alpha:
    alpha = matting.without_specks(matting.key(picture))
    matting.judge(alpha)
    if (soft := matting.softness(alpha)) > KEY_SOFT:
        raise SetAsideError(
            f"keying by colour fails: half-transparent pixels are {soft:.0%} of the figure "
            "(a shadow, a gradient, or clothes in the ground's colour)"
        )
    return alpha


def _clean(picture: Picture, alpha: Alpha) -> Cutout:
    return np.dstack([matting.decontaminate(picture, alpha), alpha])


def working(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the pixels reduced to at most WORKING_SIDE on the longer side."""
    longest = max(pixels.shape[:2])
    if longest <= WORKING_SIDE:
        return pixels
    image = Image.fromarray(np.ascontiguousarray(pixels))
    size = (max(1, round(image.width * WORKING_SIDE / longest)), max(1, round(image.height * WORKING_SIDE / longest)))
    return np.asarray(image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))


def foreground(
    pixels: NDArray[np.uint8],
    recipe: Recipe,
    source: str,
    source_sha256: str,
    network: Callable[[Picture], Alpha] | None,
    relief: str = "flat",
    depth: Callable[[Picture], DepthMap] | None = None,
) -> tuple[dict[str, bytes], dict[str, Any], NDArray[np.uint8]]:
    """Return (files: "picture", "mask" and perhaps "relief", all PNG; entry fields; the scaled RGBA).

    `source`: the photo's name, on which its real height may hang.  `relief`: flat, round or network, and `depth` the
    network for the last.  For
    figures that stand the prepared cut-out is as tall as the tallest of them, and pasted at any size.  Raises
    SetAsideError when there is no usable figure, or none that the canvas has room for.
    """
    standing = recipe.placement.mode == "ground"
    cutout, method = cut_out(working(pixels), recipe.foregrounds.cutout, network)
    cutout = matting.trim(cutout)
    if standing and (reason := pose.cut_off_below(cutout[..., 3])):
        raise SetAsideError(f"it cannot stand on a floor: {reason}")
    height = figure_height(recipe, source_sha256)
    if standing:
        height = min(round(recipe.placement.size[1] * recipe.size / 224), max(height, cutout.shape[0]))
    wanted = round(recipe.placement.size[0] * recipe.size / 224) if standing else height
    if cutout.shape[0] < wanted / 2:
        raise SetAsideError(f"the figure is only {cutout.shape[0]} px high; enlarging it to {wanted} would blur it")
    width = max(1, round(cutout.shape[1] * height / cutout.shape[0]))
    # Pillow premultiplies alpha for this, so hidden colours do not bleed in
    scaled = np.asarray(Image.fromarray(np.ascontiguousarray(cutout)).resize((width, height), Image.Resampling.LANCZOS))
    mask = masks.mask_of(scaled[..., 3])
    if not mask.any():
        raise SetAsideError("nothing of the figure is as opaque as 1/2 at its final size")
    if not fits(recipe, mask):
        raise SetAsideError(
            f"the figure is {width} x {height} px, larger than the canvas of {recipe.size} allows; "
            "lower foregrounds.height or placement.min_visible"
        )
    files = {"picture": _png(scaled), "mask": png.encode(mask)}
    fields: dict[str, Any] = {
        "height": height,
        "width": width,
        "area": int(mask.sum()),
        "scale": round(height / cutout.shape[0], 6),
        "cutout": method,
        "look": appearance.measure(scaled[..., :3], mask),
    }
    if standing:
        fields |= {"foot": pose.foot(mask), "real_height": plan.real_height(recipe, source, source_sha256)}
        if relief == "round":
            files["relief"] = _png(rounded(mask))
        elif relief == "network":
            if depth is None:
                raise ValueError("relief by the network needs the network")
            files["relief"] = _png(network_relief(scaled, depth))
    return files, fields, scaled


def _png(pixels: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()
