"""The recipe: every knob of a dataset, with its only type, default, range and meaning.

The TOML file, its JSON Schema, the `--set` flags, the commented file that `figureground init` writes and the recipe
kept in a dataset are all read off the dataclasses below.
"""

# No `from __future__ import annotations` here: `Field.type` must be the type itself, not its text.
# ruff: noqa: RUF009  `_knob` is a `field`, which no checker knows
import dataclasses
import typing
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from figureground.core.canvas import LONGEST_SIDE
from figureground.core.nouns import DEFAULT_CLASS

Fit = Literal["cover", "contain", "stretch"]
Subject = Literal["anything", "people"]
Doubtful = Literal["set aside", "use"]
Bystanders = Literal["set aside", "keep", "do not ask"]
CutoutMethod = Literal["auto", "alpha", "key", "network"]
PlacementMode = Literal["uniform", "grid", "ground"]
NoFloor = Literal["leave out", "uniform", "grid"]
Mirror = Literal["none", "same", "own"]
HeightFor = Literal["sample", "photo"]
Clip = Literal["inside", "2020"]
Subsampling = Literal["4:4:4", "4:2:2", "4:2:0"]
ImageFormat = Literal["jpeg", "png", "webp"]
MaskFormat = Literal["png", "jpeg"]
DepthSource = Literal["network", "layered", "both", "none"]
Relief = Literal["flat", "round", "network"]
Runtime = Literal["auto", "onnx", "openvino", "transformers"]
Device = Literal["cpu", "cuda", "tensorrt", "coreml", "directml", "openvino"]
Precision = Literal["float32", "bfloat16", "float16"]
Upsampling = Literal["aligned", "half_pixel"]
Leaky = Literal["auto", "one", "two"]
DepthEncoding = Literal["png16", "png8", "jpeg8"]
NearTwins = Literal["keep", "set aside"]
GivenUnitChoice = Literal["auto", "m", "1/m", "relative", "affine-inverse", "affine"]
DepthKind = Literal["planar", "distance"]
Said = float | Literal["auto"]  # auto: what the file itself says, else what is usual
Height = tuple[float, float] | Literal["auto"]
Size = int | tuple[int, int]  # the side of a square, or (width, height)

T = TypeVar("T")


def _knob(default: T, meaning: str, *, between: tuple[float, float] | None = None, content: bool = True) -> T:
    """A recipe key.  `content=False` marks keys that name files: what they name is hashed, the name is not."""
    made: Any = field(default=default, metadata={"meaning": meaning, "between": between, "content": content})
    return typing.cast(T, made)


_MAPS = "folder of known depth maps: NAME.png, NAME_depth.npy, NAME.depth.png ..., 0 = unknown; empty: "
_UNIT = (
    "theirs: m; 1/m; relative (inverse, true up to scale); affine-inverse (and up to a shift: Depth Anything, MiDaS); "
    "affine (depth, likewise); auto: as the JSON beside a map says, else m"
)
_PER_UNIT = (
    "codes a metre (or other unit): 1000, 5000, 256 ...; auto: the JSON's, else 1000 a m and 10000 a 1/m in whole "
    "numbers, 1 in floats"
)
_OFFSET = "value = depth_offset + code / depth_per_unit; auto: the JSON's, else 0"
_INVALID = "the code that stands for no value, like 65535; auto: the JSON's, else 0"
_KIND = "planar: along the optical axis; distance: along the ray (Hypersim), converted with the focal length"


@dataclass(frozen=True)
class Backgrounds:
    """The photos behind: a source of them, of which there may be several."""

    path: tuple[str, ...] = _knob((), 'a folder, a glob, or a list: ["photos/a", "photos/b/*.jpg"]', content=False)
    tag: str = _knob("", "a word that the records of its samples bear, like indoor")
    people: Bystanders = _knob(
        "set aside",
        "photos that show people already, whom no mask names: set aside where figures are people, else kept; or kept "
        "always; or nobody looks",
    )
    fit: Fit = _knob("cover", "how a photo fills the canvas: its middle, all of it with bars, or distorted")
    depth: str = _knob("", _MAPS + "by the network", content=False)
    depth_unit: GivenUnitChoice = _knob("auto", _UNIT)
    depth_per_unit: Said = _knob("auto", _PER_UNIT, between=(1e-9, 1e9))
    depth_offset: Said = _knob("auto", _OFFSET, between=(-1e9, 1e9))
    depth_invalid: Said = _knob("auto", _INVALID, between=(-1e12, 1e12))
    depth_kind: DepthKind = _knob("planar", _KIND)
    exclude: tuple[str, ...] = _knob(
        (),
        'photos to leave out, by name, or by path from its folder: ["IMG_12.jpg", "people/*_03.png"]',
        content=False,
    )


@dataclass(frozen=True)
class Foregrounds:
    """The photos of figures, and how they are cut out: a source of them, of which there may be several."""

    path: tuple[str, ...] = _knob((), 'a folder, a glob, or a list: ["photos/a", "photos/b/*.jpg"]', content=False)
    class_: str = _knob(DEFAULT_CLASS, 'what they show; "folder": the name of the sub-folder that each lies in')
    height: Height = _knob(
        "auto",
        "of the frame's height, [low, high], that a figure is wanted to have, also where the frame cuts it off; auto: "
        "0.15 to 1.3; a photo's height, see placement.height_for: 100/224 to 120/224",
        between=(0.02, 5.0),
    )
    real_height: tuple[float, float] = _knob((1.5, 1.9), "metres, for mode = ground", between=(0.02, 5.0))
    cutout: CutoutMethod = _knob(
        "auto", "auto: its mask, else the photo's alpha, else its plain ground, else the network"
    )
    masks: str = _knob(
        "", "folder of masks, by the photos' paths or stems; empty: NAME_mask.png beside a photo is used", content=False
    )
    subject: Subject = _knob("anything", "what is cut out: anything that stands out; or people alone, by the network")
    doubtful: Doubtful = _knob(
        "set aside",
        "cut-outs on which two ways disagree, and where mode is ground people in grey: set aside, or use",
    )
    network: str = _knob(
        "small", "for cutout = network: small (it ships), or the ONNX file of a salient-object network", content=False
    )
    weight: float = _knob(
        1.0, "how often a photo is drawn, beside those of other sources; for samples = a number", between=(0.0, 1000.0)
    )
    depth: str = _knob("", _MAPS + "depth.relief; where figures stand in layered depth", content=False)
    depth_unit: GivenUnitChoice = _knob("auto", _UNIT)
    depth_per_unit: Said = _knob("auto", _PER_UNIT, between=(1e-9, 1e9))
    depth_offset: Said = _knob("auto", _OFFSET, between=(-1e9, 1e9))
    depth_invalid: Said = _knob("auto", _INVALID, between=(-1e12, 1e12))
    depth_kind: DepthKind = _knob("planar", _KIND)
    poses: tuple[str, ...] = _knob(
        (),
        "who is used: standing, seated, half-length, airborne, group, scattered, cropped, object; empty: standing, "
        "half-length, group and object for mode = ground, else all but cropped",
    )
    exclude: tuple[str, ...] = _knob(
        (),
        'photos to leave out, by name, or by path from its folder: ["IMG_12.jpg", "people/*_03.png"]',
        content=False,
    )


@dataclass(frozen=True)
class Placement:
    """Where figures go, how many, and how many samples that makes."""

    mode: PlacementMode = _knob(
        "ground",
        "ground: standing on the floor, as tall as perspective says; uniform: drawn; grid: evenly spread",
    )
    no_floor: NoFloor = _knob("leave out", "mode = ground: what becomes of backgrounds without a usable floor")
    camera_height: float = _knob(
        1.4, "metres above the floor, where depth and focal length do not say it", between=(0.1, 10.0)
    )
    room: str = _knob(
        "small",
        "mode = ground: the network that tells floors and cameras: small (it ships), an ONNX file; empty: none",
        content=False,
    )
    figures: tuple[int, int] = _knob(
        (1, 1), "least and greatest number of figures in a composite; 0: some have none", between=(0, 16)
    )
    overlap: float = _knob(0.5, "greatest part of a figure that other figures may hide", between=(0.0, 1.0))
    per_pair: int = _knob(20, "positions for each background and foreground", between=(1, 1_000_000))
    mirror: Mirror = _knob("same", "mirrored twin: none, at the same position, or at its own")
    height_for: HeightFor = _knob(
        "sample", "sample: each draws heights anew, evenly in their logarithm; photo: a photo has one, as in 2020"
    )
    min_visible: float = _knob(
        0.5, "least visible fraction of a figure's mask; 1: all of it, inside the frame", between=(0.01, 1.0)
    )
    min_plausibility: float = _knob(
        0.0, "mode = ground: least plausibility of a place, 0..1, else another is drawn; 0: any", between=(0.0, 0.95)
    )
    clip: Clip = _knob(
        "inside", "inside: min_visible holds; 2020: corner drawn from 1..120 of 224 a side, whatever is cut off"
    )
    samples: int | Literal["all"] = _knob(
        "all",
        "all, or a number: an even, repeatable spread over all combinations",
        between=(1, 10**12),
    )


@dataclass(frozen=True)
class LookOptions:
    """Each is a range that a strength is drawn from, a figure; [0, 0] turns it off."""

    shadow: tuple[float, float] = _knob(
        (0.6, 0.95), "darkness right under the soles of figures that stand", between=(0.0, 1.0)
    )
    cast: tuple[float, float] = _knob(
        (0.3, 0.7), "darkness of the shadow that they cast on the floor; one light a background", between=(0.0, 1.0)
    )
    colour: tuple[float, float] = _knob(
        (0.4, 0.8), "match of tone, white and colour to the background; a grey one: wholly", between=(0.0, 1.0)
    )
    sharpness: tuple[float, float] = _knob((0.7, 1.0), "blur towards the background's sharpness", between=(0.0, 1.0))
    noise: tuple[float, float] = _knob((0.5, 1.0), "noise towards the background's", between=(0.0, 1.0))
    feather: tuple[float, float] = _knob((0.0, 0.3), "softening of the outline alone, px", between=(0.0, 4.0))
    wrap: tuple[float, float] = _knob(
        (0.0, 0.0), "how far the rim takes the light of what is behind", between=(0.0, 1.0)
    )
    poisson: tuple[float, float] = _knob(
        (0.0, 0.0), "Poisson blending: colours go over into what is behind; 1: no step is left", between=(0.0, 1.0)
    )


@dataclass(frozen=True)
class ImageOptions:
    """How composites are stored."""

    format: ImageFormat = _knob("jpeg", "png and webp lose nothing: about 5 and 4 times the bytes of jpeg")
    quality: int = _knob(90, "JPEG quality", between=(1, 100))
    subsampling: Subsampling = _knob("4:2:0", "JPEG chroma subsampling")
    optimize: bool = _knob(False, "optimised Huffman tables: about 4 % smaller, 1.6 times slower")


@dataclass(frozen=True)
class MaskOptions:
    """How masks are stored."""

    format: MaskFormat = _knob("png", "png: 1 bit, exact; jpeg: as in 2020, grey at the edges")


@dataclass(frozen=True)
class LayerOptions:
    """What is stored of each composite beside image, mask and depth; each bears its layer's name."""

    alpha: bool = _knob(False, "the soft matte, 8-bit PNG; the mask is where it is at least 128")
    semantic: bool = _knob(False, "class ids, 8-bit PNG; 0 is background")


@dataclass(frozen=True)
class DepthOptions:
    """Where depth comes from, and how it is stored."""

    source: DepthSource = _knob(
        "layered", "layered: the background's, with the figures standing in it; network: run on every composite; both"
    )
    relief: Relief = _knob("round", "layered figures: flat, round (from the matte), or as the network sees them")
    thickness: float = _knob(0.12, "metres from the outline of a figure to its front", between=(0.0, 2.0))
    edges: Said = _knob(
        "auto",
        "px inwards over which a figure's layered depth softens; auto: as its background's estimated depth; known: 0",
        between=(0.0, 7.0),
    )
    model: str = _knob(
        "small", "the depth network: small (it ships), a path, or a name from `figureground models`", content=False
    )
    card: str = _knob(
        "", "its card: a TOML file or a built-in name; empty: MODEL.card.toml, or known by its hash", content=False
    )
    runtime: Runtime = _knob("auto", "auto: the card's")
    device: Device = _knob("cpu", "where it runs; there is no silent fallback")
    precision: Precision = _knob("float32", "of transformers models")
    batch: int = _knob(1, "composites a call; more helps on accelerators only", between=(1, 1024))
    upsampling: Upsampling = _knob("aligned", "DenseDepth's; half_pixel as it was run in 2020")
    leaky: Leaky = _knob("auto", "DenseDepth's LeakyReLUs an up-block: what its file says")
    focal: float = _knob(
        0.0, "focal length / width of the canvas; 0: from EXIF where depth is known, else unknown", between=(0.0, 20.0)
    )
    encoding: DepthEncoding = _knob(
        "png16", "png16: with unit; png8, jpeg8: stretched per image, ends kept in the metadata"
    )


@dataclass(frozen=True)
class Split:
    """What is kept out of training."""

    backgrounds: float = _knob(0.1, "fraction of backgrounds kept out of training", between=(0.0, 0.9))
    foregrounds: float = _knob(0.1, "fraction of foregrounds kept out of training", between=(0.0, 0.9))


@dataclass(frozen=True)
class Parts:
    """How a dataset is cut into files."""

    size: int = _knob(1000, "samples a part; the unit of work, resume and distribution", between=(1, 1_000_000))


@dataclass(frozen=True)
class Recipe:
    """Every knob of a dataset."""

    name: str = _knob("dataset", "the dataset's name", content=False)
    seed: int = _knob(0, "all randomness comes from (seed, index, purpose)", between=(0, 2**63 - 1))
    size: Size = _knob(224, "the canvas in px: a side, or [width, height]", between=(64, LONGEST_SIDE))
    near_twins: NearTwins = _knob(
        "keep",
        "photos nearly alike, as frames of a film: keep all of them, in one split, or set aside all but the best",
    )
    review: str = _knob(
        "", "a review.csv that `check --out` wrote: photos with a mark in its column veto are left out", content=False
    )
    # one table each, or several of it
    backgrounds: tuple[Backgrounds, ...] = (Backgrounds(),)
    foregrounds: tuple[Foregrounds, ...] = (Foregrounds(),)
    placement: Placement = field(default_factory=Placement)
    look: LookOptions = field(default_factory=LookOptions)
    image: ImageOptions = field(default_factory=ImageOptions)
    mask: MaskOptions = field(default_factory=MaskOptions)
    layers: LayerOptions = field(default_factory=LayerOptions)
    depth: DepthOptions = field(default_factory=DepthOptions)
    split: Split = field(default_factory=Split)
    parts: Parts = field(default_factory=Parts)
    # the folder that relative paths start from, and whether prepared photos are kept there; they are no keys
    root: Path = field(default=Path(), compare=False, repr=False)
    cache: bool = field(default=False, compare=False, repr=False)
    # of a dataset's own recipe the networks that its reader named; None: all paths are followed (networks/named.py)
    networks: tuple[Path, ...] | None = field(default=None, compare=False, repr=False)


NO_KEYS = ("root", "cache", "networks")  # fields of a recipe that its file does not hold


@dataclass(frozen=True)
class Table:
    """A table of the file: `section` is "" for the keys at the top, `number` counts the tables of a section from 1, and
    is 0 where it is the only one."""

    section: str
    values: Any
    number: int = 0

    @property
    def prefix(self) -> str:
        """What stands before its keys: "", "placement.", "foregrounds[2]."."""
        number = f"[{self.number}]" if self.number else ""
        return f"{self.section}{number}." if self.section else ""

    def knobs(self) -> Iterable[tuple[str, dataclasses.Field[Any], Any]]:
        """Yield (key within the table, field, value)."""
        for item in dataclasses.fields(self.values):
            if "meaning" in item.metadata:
                yield key_of(item), item, getattr(self.values, item.name)


def key_of(item: dataclasses.Field[Any]) -> str:
    """Return the name of a knob in the file, where it may be a word that Python keeps for itself, like class."""
    return item.name.removesuffix("_")


def tables(recipe: Recipe) -> Iterable[Table]:
    """Yield every table in the order of the file, the keys at the top first."""
    yield Table("", recipe)
    for item in dataclasses.fields(recipe):
        value = getattr(recipe, item.name)
        if dataclasses.is_dataclass(value):
            yield Table(item.name, value)
        elif source_of(item.type) is not None:
            for number, source in enumerate(value, 1):
                yield Table(item.name, source, number if len(value) > 1 else 0)


def source_of(kind: Any) -> Any:
    """Return the dataclass of which a field of this declared type holds several; None where it holds no tables."""
    inner = typing.get_args(kind)[:1]
    return inner[0] if inner and dataclasses.is_dataclass(inner[0]) else None


def keys(recipe: Recipe) -> Iterable[tuple[str, dataclasses.Field[Any], Any]]:
    """Yield (dotted key, field, value) for every key, in the order of the file; of several sources each as
    `foregrounds[2].path`, counted from 1."""
    for table in tables(recipe):
        for name, knob, value in table.knobs():
            yield table.prefix + name, knob, value


def choices(kind: Any) -> tuple[str, ...]:
    """Return the texts that a knob of this declared type chooses from; () where it is no choice."""
    return typing.get_args(kind) if typing.get_origin(kind) is Literal else ()
