"""Labels by several networks at once, for photos that nobody labelled: kept only where the networks agree.

    python -m training.cutout.teachers TAUGHT --photos SHARED --u2net u2net.onnx --isnet isnet.onnx \
        --selfie selfie.tflite

Photos of people are shown to all four; windows of rooms, whose chairs, lamps and plants become things, to u2netp and
u2net.  TAUGHT gets `people/NAME.png` and `things/NUMBER.png`, RGBA whose alpha is the mean of those that agree, and
`agreement.jsonl`: for every picture the IoU of every two teachers, and whether it was kept.  A second run goes on.

The teachers: u2netp and u2net (Qin et al. 2020, Apache-2.0), ISNet (Qin et al. 2022, MIT), MediaPipe's selfie network
(Apache-2.0).  None of their weights is in this repository.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from training.common.encoder import MEAN, STD
from training.cutout.data import Pixels, read

Matte = NDArray[np.float32]
Teacher = Callable[[Pixels], Matte]
LONGEST = 512
AGREE_PEOPLE, AGREE_THINGS = 0.90, 0.85  # IoU of two teachers from which they agree
SOFT = 0.3  # of the figure's area may be between 15 and 85 % alpha
WINDOWS, SEED = 420, 7  # of rooms


def _enlarged(matte: NDArray[np.floating], like: Pixels) -> Matte:
    whole = Image.fromarray(np.squeeze(matte).astype(np.float32)).resize(like.shape[1::-1], Image.Resampling.BILINEAR)
    return np.asarray(whole).clip(0, 1)


def _scaled(rgb: Pixels, side: int, how: Image.Resampling = Image.Resampling.BILINEAR) -> Matte:
    return np.asarray(Image.fromarray(rgb).resize((side, side), how), np.float32)


def by_onnx(path: Path, prepared: Callable[[Pixels], Matte]) -> Teacher:
    """Return a teacher that is an ONNX file: (side, side, 3) as `prepared` gives it, its first output the matte."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    given, made = session.get_inputs()[0], session.get_outputs()[0].name
    kind = np.float16 if "float16" in given.type else np.float32

    def teacher(rgb: Pixels) -> Matte:
        batch = np.ascontiguousarray(prepared(rgb).transpose(2, 0, 1)[None]).astype(kind)
        return _enlarged(session.run([made], {given.name: batch})[0].astype(np.float32), rgb)

    return teacher


def as_u2net(rgb: Pixels) -> Matte:
    """Return a picture as U-2-Net takes it: 320 x 320, by its own maximum, ImageNet mean and std."""
    small = _scaled(rgb, 320, Image.Resampling.LANCZOS)
    return np.asarray((small / max(float(small.max()), 1) - MEAN) / STD, np.float32)


def as_isnet(rgb: Pixels) -> Matte:
    """Return a picture as ISNet takes it: 1024 x 1024, (x - 128) / 256."""
    return np.asarray((_scaled(rgb, 1024) - 128) / 256, np.float32)


def by_selfie(path: Path) -> Teacher:
    """Return MediaPipe's selfie network, a .tflite file: 0..1 in, the matte of people out."""
    from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-not-found]  # only this needs it

    net = Interpreter(str(path), num_threads=1)
    net.allocate_tensors()
    given, made = net.get_input_details()[0], net.get_output_details()[0]

    def teacher(rgb: Pixels) -> Matte:
        net.set_tensor(given["index"], _scaled(rgb, int(given["shape"][1]))[None] / 255)
        net.invoke()
        return _enlarged(net.get_tensor(made["index"]), rgb)

    return teacher


def agreed(mattes: Mapping[str, Matte], least: float, needed: int) -> tuple[Pixels | None, dict[str, float]]:
    """Return the mean of the largest set of teachers that agree two by two, uint8, and the IoU of every two.

    None where fewer than `needed` agree, where what they agree on is less than 2 % of the picture, and where more than
    SOFT of it is neither here nor there.
    """
    masks = {name: matte >= 0.5 for name, matte in mattes.items()}
    between = {
        f"{a} {b}": float((masks[a] & masks[b]).sum() / max((masks[a] | masks[b]).sum(), 1))
        for a, b in itertools.combinations(sorted(mattes), 2)
    }
    for count in range(len(mattes), needed - 1, -1):
        for names in itertools.combinations(sorted(mattes), count):
            if all(between[f"{a} {b}"] >= least for a, b in itertools.combinations(names, 2)):
                mean = np.mean([mattes[name] for name in names], axis=0)
                soft = float(((mean > 0.15) & (mean < 0.85)).sum() / max((mean >= 0.5).sum(), 1))
                good = mean.mean() >= 0.02 and soft <= SOFT
                return (np.rint(255 * mean).astype(np.uint8) if good else None), between
    return None, between


def windows(rooms: list[Path]) -> list[tuple[Path, Pixels]]:
    """Return windows of room photos, a third to three quarters as large; half of them of rooms named "ikea"."""
    rng, found = np.random.default_rng(SEED), []
    pools = [[r for r in rooms if ("ikea" in r.name) == shop] for shop in (True, False)]
    for number in range(WINDOWS):
        pool = pools[number % 2] or pools[1 - number % 2]
        path = pool[int(rng.integers(len(pool)))]
        share, aspect, (u, v) = rng.uniform(0.3, 0.75), rng.uniform(0.7, 1.4), rng.uniform(0, 1, 2)
        with Image.open(path, formats=("JPEG",)) as image:
            across, down = image.size
            wide = min(across, int(share * min(across, down) * aspect**0.5 * 1.2))
            high = min(down, int(wide / aspect))
            x, y = int(u * (across - wide)), int((0.25 + 0.75 * v) * (down - high))
            part = image.convert("RGB").crop((x, y, x + wide, y + high))
        part.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
        if min(part.size) >= 120:
            found.append((Path(f"{number:04}"), np.asarray(part)))
    return found


def label(
    pictures: list[tuple[Path, Pixels]], teachers: Mapping[str, Teacher], out: Path, least: float, needed: int
) -> None:
    """Write what the teachers agree on, and how far they agree."""
    out.mkdir(parents=True, exist_ok=True)
    log = out / "agreement.jsonl"
    known = {json.loads(line)["name"] for line in log.read_text().splitlines()} if log.exists() else set()
    for path, rgb in pictures:
        if path.stem in known:
            continue
        alpha, between = agreed({name: teacher(rgb) for name, teacher in teachers.items()}, least, needed)
        if alpha is not None:
            Image.fromarray(np.dstack([rgb, alpha])).save(out / f"{path.stem}.png")
        with log.open("a") as file:
            file.write(json.dumps({"name": path.stem, "kept": alpha is not None, "iou": between}) + "\n")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    for name in ("photos", "u2net", "isnet", "selfie"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    args = parser.parse_args()
    u2 = {
        "u2netp": by_onnx(args.photos / "models/u2netp.onnx", as_u2net),
        "u2net": by_onnx(args.u2net, as_u2net),
    }
    tests = {path.stem for path in (args.photos / "photos/people_masks").glob("*")}
    people = [path for path in sorted((args.photos / "photos/people_photos").glob("*")) if path.stem not in tests]
    four = {**u2, "isnet": by_onnx(args.isnet, as_isnet), "selfie": by_selfie(args.selfie)}
    label([(path, read(path)[..., :3]) for path in people], four, args.out / "people", AGREE_PEOPLE, 3)
    rooms = windows(sorted((args.photos / "train/rooms").glob("*.jpg")))
    label(rooms, u2, args.out / "things", AGREE_THINGS, 2)


if __name__ == "__main__":
    main()
