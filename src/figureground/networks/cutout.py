"""Cut-out networks: a picture -> its soft alpha."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from figureground.core.arrays import Singles
from figureground.core.errors import FigureGroundError, SetAsideError
from figureground.core.files import WEIGHTS
from figureground.core.job import WeightsFile
from figureground.core.nouns import Alpha, Picture
from figureground.image import guided
from figureground.image.masks import tight_box
from figureground.networks import runtimes
from figureground.networks.named import Named, network_path
from figureground.networks.tensors import IMAGENET_MEAN, IMAGENET_STD, normalised, resized, resized_map
from figureground.networks.weights import require_same, weights_of

SHIPPED = "small"  # the cut-out network in the package
PERSON = "person"  # the output that tells people from other foregrounds
RADIUS = 2  # px of the network's picture: windows in which colours draw the outline
VEIL = np.float32(0.15)  # this little alpha is a ghost, and this little less than all is all (docs/cutouts.md)


def cutout_weights(network: str, root: Path, named: Named = None) -> Path | None:
    """Return the file of a recipe's cut-out network: "small" is the one that ships, "" none, anything else a path.

    A file called "small" in the root is "./small".  `named`: whether a path is followed (`network_path`).  Raises
    FigureGroundError when there is no such file.
    """
    if not network:
        return None
    if network == SHIPPED:
        return WEIGHTS / "cutout-small.onnx"
    path = network_path(network, root, named, "foregrounds.network")
    if not path.is_file():
        raise FigureGroundError(
            "no such cut-out network",
            f"foregrounds.network = {network!r} ({path})",
            'a path from the recipe\'s folder, or "small" for the one that ships',
        )
    return path


def cutout_check(network: str) -> Path:
    """Return the file of the network that checks a recipe's cut-out network: another one that ships."""
    return WEIGHTS / ("cutout-check.onnx" if network == SHIPPED else "cutout-small.onnx")


@dataclass(frozen=True, eq=False)
class CutoutNetwork:
    """A loaded cut-out network.  Called with a picture it returns its soft alpha: of the foreground, whatever that is.

    `people` asks for the alpha of people alone, where the file has an output called "person" (`tells_people`).

    Input: [1, 3, side, side], ImageNet mean and std after division by the picture's maximum; outputs: [1, 1, side,
    side] in 0..1, the first of them alpha.  The network is asked twice: about the whole picture, then about the
    figure's surroundings, which gives small figures a finer edge; both answers count alike, since from near less is
    seen of what it stands in.  The picture's own colours draw the outline
    (`image/guided.py`).  Raises FigureGroundError where it refuses its input, SetAsideError where its output is none.
    """

    path: Path
    session: Any
    tells_people: bool

    def __call__(self, picture: Picture) -> Alpha:
        return self._asked_twice(picture, 0)

    def people(self, picture: Picture) -> Alpha:
        """Return the soft alpha of the people in a picture.  Raises ValueError where the network tells none."""
        if not self.tells_people:
            raise ValueError(f"{self.path.name} has no output {PERSON!r}")
        return self._asked_twice(picture, 1)

    def _asked_twice(self, picture: Picture, output: int) -> Alpha:
        alpha = self._once(picture, output)
        box = tight_box(alpha > 0.5)
        if box is not None:
            pad = round(0.15 * max(box[3] - 1 - box[1], box[2] - 1 - box[0])) + 8
            y0, y1 = max(box[1] - pad, 0), box[3] + pad
            x0, x1 = max(box[0] - pad, 0), box[2] + pad
            crop = np.ascontiguousarray(picture[y0:y1, x0:x1])
            if crop.shape[0] * crop.shape[1] < 0.7 * alpha.size:
                fine = np.zeros_like(alpha)
                fine[y0:y1, x0:x1] = self._once(crop, output)
                alpha = (alpha + fine) * np.float32(0.5)
        return np.rint(255 * alpha).astype(np.uint8)

    def _once(self, picture: Picture, output: int) -> Singles:
        given = self.session.get_inputs()[0]
        side = given.shape[-1] if isinstance(given.shape[-1], int) else 320
        copy = resized(picture, side, side)
        batch = _prepared(picture, copy)[None]
        names = [one.name for one in self.session.get_outputs()]
        with runtimes.runtime_errors(
            f"the cut-out network refused its input {list(batch.shape)}",
            str(self.path),
            "give a network of U-2-Net's form: one picture [1, 3, side, side] in, one alpha [1, 1, side, side] out",
        ):
            matte = self.session.run([PERSON if output else names[0]], {given.name: batch})[0]
        alpha = _one_alpha(matte, str(self.path))
        if alpha.shape != copy.shape[:2]:
            return resized_map(alpha, *picture.shape[:2]).clip(0, 1)
        values = (guided.drawn_by(picture, copy, alpha, RADIUS) - VEIL) / (1 - 2 * VEIL)
        return np.asarray(values.clip(0, 1), np.float32)


def cutout_network(path: Path, files: tuple[WeightsFile, ...] = ()) -> CutoutNetwork:
    """Return a salient-object network of U-2-Net's form, ready to be asked.

    `files`: what the job found the network to be; () takes it as it is now.  Raises FigureGroundError where a file is
    missing or no longer what it was.
    """
    if not path.is_file():
        raise FigureGroundError("no such cut-out network", str(path), "paths start from the recipe's folder")
    files = files or weights_of(path, "cut-out").files
    require_same(path, files, "cut-out")
    return _cutout_network(path, files)


@functools.lru_cache(maxsize=3)
def _cutout_network(path: Path, files: tuple[WeightsFile, ...]) -> CutoutNetwork:
    """Keep the loaded network until its files change."""
    session = runtimes.onnx_session(path, "cut-out")
    require_same(path, files, "cut-out")  # nor did they while they were read
    return CutoutNetwork(path, session, any(one.name == PERSON for one in session.get_outputs()))


def _prepared(picture: Picture, copy: Picture) -> Singles:
    """Return a picture's copy as U-2-Net takes it: divided by the maximum of the picture itself."""
    top = max(int(picture.max()), 1) / 255
    return normalised(copy, [m * top for m in IMAGENET_MEAN], [s * top for s in IMAGENET_STD])


def _one_alpha(matte: NDArray[Any], where: str) -> Singles:
    alpha = np.squeeze(matte).astype(np.float32)
    if alpha.ndim == 2 and not np.isfinite(alpha).all():
        raise SetAsideError("the cut-out network's output has NaN or infinite values")  # that picture's affair
    if alpha.ndim != 2:
        raise FigureGroundError(
            f"the cut-out network's output of shape {list(matte.shape)} is not one alpha",
            where,
            "its first output must be [1, 1, side, side], in 0..1",
        )
    return alpha
