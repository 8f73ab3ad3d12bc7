"""DenseDepth's ONNX form against Keras's own answers, against a slow reference, and against files that are not it."""

import functools
import itertools
import json
import runpy
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from figureground.core import files
from figureground.core.errors import FigureGroundError
from figureground.networks import densedepth, runtimes

onnxruntime = runtimes.library("onnxruntime")
h5py: Any = pytest.importorskip("h5py", reason="DenseDepth's .h5 needs h5py: pip install 'figureground[densedepth]'")
onnx: Any = pytest.importorskip("onnx", reason="DenseDepth's graph needs onnx: pip install 'figureground[densedepth]'")

from tests.builders import SHARED  # noqa: E402  (it imports onnx itself)

Array = NDArray[Any]
Weights = dict[str, dict[str, Array]]
ORACLE = SHARED / "densedepth" / "oracle.npz"
DECODERS = {"full": (52, 26, 13, 6, 3), "half": (26, 13, 6, 3, 1), "other": (7, 6, 5, 4, 3)}


# ── a narrow DenseDepth: every layer of the real one, few channels ──


def layer_shapes(decoder: tuple[int, ...]) -> Iterator[tuple[str, dict[str, tuple[int, ...]]]]:
    """Yield the layers in file order: stem 4, growth 1, bottleneck 2; the encoder ends with 52 channels."""

    def norm(channels: int) -> dict[str, tuple[int, ...]]:
        return dict.fromkeys(("gamma", "beta", "moving_mean", "moving_variance"), (channels,))

    yield "conv1/conv", {"kernel": (7, 7, 3, 4)}
    yield "conv1/bn", norm(4)
    width, skips = 4, [4, 4]
    for stage, blocks in ((2, 6), (3, 12), (4, 32), (5, 32)):
        for block in range(1, blocks + 1):
            yield f"conv{stage}_block{block}_0_bn", norm(width)
            yield f"conv{stage}_block{block}_1_conv", {"kernel": (1, 1, width, 2)}
            yield f"conv{stage}_block{block}_1_bn", norm(2)
            yield f"conv{stage}_block{block}_2_conv", {"kernel": (3, 3, 2, 1)}
            width += 1
        if stage < 5:
            yield f"pool{stage}_bn", norm(width)
            yield f"pool{stage}_conv", {"kernel": (1, 1, width, width // 2)}
            width //= 2
            skips.append(width)
    yield "bn", norm(width)
    yield "conv2", {"kernel": (1, 1, width, decoder[0]), "bias": (decoder[0],)}
    for i in (1, 2, 3, 4):
        taken, out = decoder[i - 1] + skips[4 - i], decoder[i]
        yield f"up{i}_convA", {"kernel": (3, 3, taken, out), "bias": (out,)}
        yield f"up{i}_convB", {"kernel": (3, 3, out, out), "bias": (out,)}
    yield "conv3", {"kernel": (3, 3, decoder[4], 1), "bias": (1,)}


@functools.cache
def tiny_weights(decoder: tuple[int, ...]) -> Weights:
    """Return random weights that keep all of the network alive: its answers vary and are of order one."""
    rng = np.random.default_rng(7)
    ranges = {"gamma": (0.7, 1.3), "beta": (0, 0.8), "moving_mean": (-0.2, 0.2), "moving_variance": (0.9, 1.7)}
    weights: Weights = {}
    for layer, shapes in layer_shapes(decoder):
        weights[layer] = {}
        for name, shape in shapes.items():
            spread = np.sqrt(2 / np.prod(shape[:-1])) if name == "kernel" else 0.1
            values = rng.uniform(*ranges[name], shape) if name in ranges else rng.standard_normal(shape) * spread
            weights[layer][name] = values.astype(np.float32)
    return weights


def write_h5(
    path: Path,
    weights: Mapping[str, Mapping[str, Array]],
    *,
    text: type[bytes] | type[str] = bytes,
    under: str = "model_weights",
    split: bool = False,
    config: str | None = None,
) -> Path:
    """Write weights as Keras does: names in attributes, "/" nests groups, layers without weights are listed too."""

    def texts(values: list[str]) -> Array:
        return np.array(values, h5py.string_dtype()) if text is str else np.array(values, "S")

    names = ["input_1", *weights, "leaky_re_lu_1"]
    with h5py.File(path, "w") as file:
        if config is not None:
            file.attrs["model_config"] = config if text is str else np.bytes_(config.encode())
        root = file.require_group(under)
        parts = {"layer_names0": names[:5], "layer_names1": names[5:]} if split else {"layer_names": names}
        for key, part in parts.items():
            root.attrs[key] = texts(part)
        for layer in names:
            group = root.require_group(layer)
            held = weights.get(layer, {})
            group.attrs["weight_names"] = texts([f"{layer}/{name}:0" for name in held])
            for name, values in held.items():
                group[f"{layer}/{name}:0"] = values
    return path


def model_config(leaky: str, slope: float = 0.2, keras: int = 2, activation: str = "linear") -> str:
    """Return the decoder's part of the JSON that Keras 2 or 3 saves."""
    chain: list[tuple[str, str]] = [("Conv2D", "conv2")]
    for i in (1, 2, 3, 4):
        chain += [("BilinearUpSampling2D", f"up{i}_upsampling2d"), ("Concatenate", f"up{i}_concat")]
        chain += [("Conv2D", f"up{i}_convA")] + [("LeakyReLU", f"leaky_{i}_1")] * (
            leaky == "two" or leaky == f"only{i}"
        )
        chain += [("Conv2D", f"up{i}_convB")] + [("LeakyReLU", f"leaky_{i}_2")] * (leaky != "none")
    layers = []
    for (kind, name), before in zip([*chain, ("Conv2D", "conv3")], ["relu", *(name for _, name in chain)], strict=True):
        feeds = [before, f"{name}_skip"] if kind == "Concatenate" else [before]
        own: dict[str, Any] = {"name": name}
        own |= {"activation": activation} if kind == "Conv2D" else {}
        own |= {("alpha" if keras == 2 else "negative_slope"): slope} if kind == "LeakyReLU" else {}
        tensors = [{"class_name": "__keras_tensor__", "config": {"keras_history": [feed, 0, 0]}} for feed in feeds]
        inbound: Any = [[[feed, 0, 0, {}] for feed in feeds]] if keras == 2 else [{"args": [tensors], "kwargs": {}}]
        layers.append({"class_name": kind, "name": name, "config": own, "inbound_nodes": inbound})
    return json.dumps({"class_name": "Model", "config": {"name": "model_1", "layers": layers}})


# ── the same network, slowly: NHWC and float64, layer by layer as Keras does it ──


def conv(x: Array, held: Mapping[str, Array], stride: int = 1) -> Array:
    kernel = held["kernel"].astype(float)
    size, pad = kernel.shape[0], kernel.shape[0] // 2
    x = np.pad(x, ((pad, pad), (pad, pad), (0, 0)))
    rows, columns = ((n - size) // stride + 1 for n in x.shape[:2])
    y = np.zeros((rows, columns, kernel.shape[3]))
    for i, j in itertools.product(range(size), range(size)):
        y += x[i : i + stride * rows : stride, j : j + stride * columns : stride][:rows, :columns] @ kernel[i, j]
    return y + held.get("bias", 0.0)


def norm_relu(x: Array, held: Mapping[str, Array]) -> Array:
    gamma, beta, mean, variance = (held[k].astype(float) for k in ("gamma", "beta", "moving_mean", "moving_variance"))
    return np.maximum(gamma * (x - mean) / np.sqrt(variance + 1.001e-5) + beta, 0)


def doubling(length: int, upsampling: str) -> Array:
    """Return the matrix (2 * length, length) of bilinear doubling."""
    at = np.arange(2 * length)
    place = at * (length - 1) / (2 * length - 1) if upsampling == "aligned" else ((at + 0.5) / 2 - 0.5)
    return np.clip(1 - abs(place.clip(0, length - 1)[:, None] - np.arange(length)), 0, 1)


def reference(
    weights: Mapping[str, Mapping[str, Array]], rgb: Array, upsampling: str, leaky: str, slope: float
) -> Array:
    """Return raw (h/2, w/2) for rgb 0..1 (h, w, 3)."""

    def leak(y: Array) -> Array:
        return np.where(y > 0, y, slope * y)

    x = half = norm_relu(conv(rgb.astype(float), weights["conv1/conv"], 2), weights["conv1/bn"])
    padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
    rows, columns = x.shape[0] // 2, x.shape[1] // 2
    x = np.max([padded[i : i + 2 * rows : 2, j : j + 2 * columns : 2] for i in range(3) for j in range(3)], 0)
    skips = [x, half]
    for stage, blocks in ((2, 6), (3, 12), (4, 32), (5, 32)):
        for block in range(1, blocks + 1):
            name = f"conv{stage}_block{block}"
            y = conv(norm_relu(x, weights[f"{name}_0_bn"]), weights[f"{name}_1_conv"])
            y = conv(norm_relu(y, weights[f"{name}_1_bn"]), weights[f"{name}_2_conv"])
            x = np.concatenate([x, y], 2)
        if stage < 5:
            x = conv(norm_relu(x, weights[f"pool{stage}_bn"]), weights[f"pool{stage}_conv"])
            x = (x[::2, ::2] + x[1::2, ::2] + x[::2, 1::2] + x[1::2, 1::2]) / 4
        if stage < 4:
            skips = [x, *skips]
    x = conv(norm_relu(x, weights["bn"]), weights["conv2"])
    for i, skip in enumerate(skips, 1):
        down, across = (doubling(n, upsampling) for n in x.shape[:2])
        x = np.concatenate([np.einsum("yY,xX,YXc->yxc", down, across, x, optimize=True), skip], 2)
        x = conv(x, weights[f"up{i}_convA"])
        x = leak(conv(leak(x) if leaky == "two" else x, weights[f"up{i}_convB"]))
    return conv(x, weights["conv3"])[..., 0]


def runner(model: bytes | str) -> Callable[[Array], NDArray[np.float32]]:
    """Return a function from images 0..1 (n, h, w, 3) to raw float32 (n, h/2, w/2), on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def run(images: Array) -> NDArray[np.float32]:
        (raw,) = session.run(["raw"], {"image": np.ascontiguousarray(images.transpose(0, 3, 1, 2), np.float32)})
        assert raw.shape[1] == 1
        return np.asarray(raw[:, 0], np.float32)

    return run


def picture(height: int, width: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).random((height, width, 3), np.float32)


# ── the proof ──


@pytest.fixture(scope="session")
def full_h5(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file with the layout and size of nyu.h5 and fixed random weights."""
    path = tmp_path_factory.mktemp("densedepth") / "nyu.h5"
    runpy.run_path(str(SHARED / "densedepth" / "make_random_h5.py"))["main"](str(path))
    yield path
    path.unlink()


@pytest.mark.skipif(not ORACLE.is_file(), reason=f"Keras's answers are not on this machine: {ORACLE}")
@pytest.mark.parametrize(("upsampling", "key"), [("aligned", "raw_aligned"), ("half_pixel", "raw_halfpixel")])
def test_agrees_with_keras(full_h5: Path, tmp_path: Path, upsampling: densedepth.Upsampling, key: str) -> None:
    model = tmp_path / "nyu.onnx"
    variant = densedepth.write_onnx(full_h5, model, upsampling=upsampling)
    assert variant == densedepth.Variant(1664, (1664, 832, 416, 208, 104), "one", 0.2)
    assert variant.width == "full"
    with np.load(ORACLE) as oracle:
        (raw,) = runner(str(model))(oracle["rgb"][None] / 255)
        difference = np.abs(raw - oracle[key])
    model.unlink()
    print(f"{upsampling}: largest difference from Keras {difference.max():.2e}, mean {difference.mean():.2e}")
    assert raw.shape == (224, 224)
    assert difference.max() < 1e-4


@pytest.mark.parametrize(
    ("width", "upsampling", "leaky"),
    [
        ("full", "aligned", "one"),
        ("half", "half_pixel", "two"),
        ("other", "aligned", "two"),
        ("other", "half_pixel", "one"),
    ],
)
def test_agrees_with_a_slow_reference(width: str, upsampling: densedepth.Upsampling, leaky: densedepth.Leaky) -> None:
    weights = tiny_weights(DECODERS[width])
    variant = densedepth.describe(weights, model_config(leaky, slope=0.3))
    assert variant == densedepth.Variant(52, DECODERS[width], leaky, 0.3)
    assert variant.width == width
    image = picture(64, 96)
    model = densedepth.to_onnx(weights, variant, upsampling)
    (raw,) = runner(model.SerializeToString())(image[None])
    wanted = reference(weights, image, upsampling, leaky, 0.3)
    assert wanted.std() > 0.01
    assert np.abs(raw - wanted).max() < 1e-5 * max(1, abs(wanted).max())


def test_one_graph_takes_any_number_and_size() -> None:
    weights = tiny_weights(DECODERS["half"])
    model = densedepth.to_onnx(weights, densedepth.describe(weights), "aligned")
    onnx.checker.check_model(model, full_check=True)
    run = runner(model.SerializeToString())
    for height, width in ((32, 32), (64, 32), (96, 160)):
        images = np.stack([picture(height, width, seed) for seed in range(3)])
        raw = run(images)
        assert raw.shape == (3, height // 2, width // 2)
        assert np.allclose(raw, np.concatenate([run(image[None]) for image in images]), atol=1e-6)


def test_metres() -> None:
    raw = np.array([-1e9, -2, -1e-9, 0, 1e-9, 0.5, 1, 2, 4, 50, 100, 101, 1e9], np.float32)
    wanted = np.array([10, 10, 10, 10, 10, 10, 10, 5, 2.5, 0.2, 0.1, 0.1, 0.1], np.float32)
    assert densedepth.metres(raw).dtype == np.float32
    assert np.array_equal(densedepth.metres(raw), wanted)
    positive = np.geomspace(1e-3, 1e4, 1000)
    assert np.allclose(densedepth.metres(positive), np.clip(1000 / positive, 10, 1000) / 100)
    assert np.isnan(densedepth.metres(np.array([np.nan]))).all()


# ── reading ──


def first_layers(number: int) -> Weights:
    return dict(itertools.islice(tiny_weights(DECODERS["full"]).items(), number))


@pytest.mark.parametrize("text", [bytes, str])
@pytest.mark.parametrize("under", ["model_weights", "/"])
@pytest.mark.parametrize("split", [False, True])
def test_every_form_of_file_gives_the_same_weights(
    tmp_path: Path, text: type[bytes] | type[str], under: str, split: bool
) -> None:
    weights = first_layers(12)
    config = model_config("two")
    path = write_h5(tmp_path / "tiny.h5", weights, text=text, under=under, split=split, config=config)
    read = densedepth.read_weights(path)
    assert list(read) == list(weights)
    for layer, held in weights.items():
        assert list(read[layer]) == list(held)
        for name, values in held.items():
            assert read[layer][name].dtype == np.float32
            assert np.array_equal(read[layer][name], values)
    assert densedepth.read_config(path) == config


def test_paths_come_from_the_attributes(tmp_path: Path) -> None:
    path = tmp_path / "odd.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"conv2"]
        file["conv2/elsewhere/weight/kernel"] = np.ones((1, 1, 2, 2))
        file["conv2/conv2/kernel:0"] = np.zeros((1, 1, 2, 2))
        file["conv2"].attrs["weight_names"] = [b"elsewhere/weight/kernel"]
    read = densedepth.read_weights(path)
    assert list(read) == ["conv2"]
    assert np.array_equal(read["conv2"]["kernel"], np.ones((1, 1, 2, 2), np.float32))


def test_order_of_weights_in_the_file_does_not_matter() -> None:
    weights = tiny_weights(DECODERS["full"])
    turned = {layer: dict(reversed(held.items())) for layer, held in reversed(weights.items())}
    first, second = (
        densedepth.to_onnx(held, densedepth.describe(held), "aligned").SerializeToString() for held in (weights, turned)
    )
    assert first == second


def refusal(run: Callable[[], object], *words: str) -> None:
    """Check that something is refused with these words, with a place and a remedy."""
    with pytest.raises(FigureGroundError) as caught:
        run()
    for word in words:
        assert word in str(caught.value)
    assert caught.value.where
    assert caught.value.remedy


def test_a_broken_file_is_refused(tmp_path: Path) -> None:
    whole = write_h5(tmp_path / "whole.h5", first_layers(12)).read_bytes()
    path = tmp_path / "nyu.h5"
    refusal(lambda: densedepth.read_weights(path), "no such", "nyu.h5")
    for data, words in (
        (b"", "not an HDF5 file"),
        (b"PK\x03\x04" + whole[4:], "not an HDF5 file"),
        (whole[: len(whole) // 2], "damaged"),
        (whole[:-8], "damaged"),
    ):
        path.write_bytes(data)
        refusal(lambda: densedepth.read_weights(path), words, "nyu.h5")
        refusal(lambda: densedepth.cached_onnx(path), words, "nyu.h5")
    assert [p.name for p in tmp_path.iterdir() if "onnx" in p.name] == []


def test_a_file_without_its_listed_weights_is_refused(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "nyu.h5", first_layers(12))
    with h5py.File(path, "a") as file:
        del file["model_weights/conv1/conv/conv1/conv/kernel:0"]
    refusal(lambda: densedepth.read_weights(path), "damaged", "nyu.h5")
    with h5py.File(path, "w") as file:
        file["image"] = np.zeros((4, 4))
    refusal(lambda: densedepth.read_weights(path), "no Keras weights", "nyu.h5")


Change = Callable[[Weights], object]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: w.pop("conv4_block7_1_bn"), ("1 missing", "conv4_block7_1_bn")),
        (lambda w: w.pop("up2_convA"), ("1 missing", "up2_convA")),
        (
            lambda w: [w.pop(f"up{i}_convB") for i in (1, 2, 3, 4)],
            ("4 missing", "up1_convB; up2_convB; up3_convB; ..."),
        ),
        (lambda w: w.update(dense={"kernel": np.zeros((2, 2))}), ("1 unknown", "dense")),
        (lambda w: w.update(up5_convA=w["up4_convA"]), ("1 unknown", "up5_convA")),
        (lambda w: w["up3_convA"].update(kernel=w["up3_convA"]["kernel"][:, :, 1:]), ("1 misshapen", "up3_convA")),
        (lambda w: w["conv3"].update(kernel=np.zeros((3, 3, 3, 2)), bias=np.zeros(2)), ("1 misshapen", "conv3")),
        (lambda w: w["conv2"].update(kernel=w["conv2"]["kernel"][0, 0]), ("misshapen", "conv2")),
        (lambda w: w["pool2_conv"].update(bias=np.zeros(5)), ("1 misshapen", "pool2_conv", "bias")),
        (lambda w: w["up1_convA"].pop("bias"), ("1 misshapen", "up1_convA", "bias")),
        (lambda w: w["bn"].update(gamma=w["bn"]["gamma"] * np.nan), ("1 misshapen", "bn", "finite")),
        (lambda w: w["conv1/bn"].update(beta=np.zeros((4, 1))), ("1 misshapen", "conv1/bn", "(4, 1)")),
    ],
)
def test_other_layers_are_refused_by_name(change: Change, words: tuple[str, ...]) -> None:
    weights = {layer: dict(held) for layer, held in tiny_weights(DECODERS["full"]).items()}
    change(weights)
    refusal(lambda: densedepth.describe(weights, None, "auto", "other.h5"), "not DenseDepth", "other.h5", *words)


def test_a_file_with_other_layers_is_refused(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "other.h5", first_layers(12))
    refusal(lambda: densedepth.write_onnx(path, tmp_path / "x.onnx"), "not DenseDepth", "335 missing", "other.h5")
    refusal(lambda: densedepth.cached_onnx(path), "not DenseDepth", "335 missing", "other.h5")
    assert [p.name for p in tmp_path.iterdir()] == ["other.h5"]


# ── one LeakyReLU or two ──


@pytest.mark.parametrize("keras", [2, 3])
@pytest.mark.parametrize("leaky", ["one", "two"])
def test_the_files_own_config_tells_leaky(leaky: densedepth.Leaky, keras: int) -> None:
    weights = tiny_weights(DECODERS["full"])
    config = model_config(leaky, 0.25, keras)
    asks: tuple[densedepth.Choice, ...] = ("auto", leaky)
    for asked in asks:
        variant = densedepth.describe(weights, config, asked)
        assert (variant.leaky, variant.slope) == (leaky, 0.25)
    other: densedepth.Leaky = "two" if leaky == "one" else "one"
    refusal(lambda: densedepth.describe(weights, config, other, "nyu.h5"), other, leaky)


def test_without_a_config_the_caller_tells_leaky() -> None:
    weights = tiny_weights(DECODERS["full"])
    wanted: dict[densedepth.Choice, str] = {"auto": "one", "one": "one", "two": "two"}
    for asked, leaky in wanted.items():
        variant = densedepth.describe(weights, None, asked)
        assert (variant.leaky, variant.slope) == (leaky, 0.2)


@pytest.mark.parametrize(
    "config",
    [
        model_config("none"),
        model_config("only2"),
        model_config("one", activation="relu"),
        model_config("one").replace("0.2", "0.3", 1),
        model_config("one").replace("inbound_nodes", "inputs"),
        "{}",
        "[]",
        "not JSON",
    ],
)
def test_an_unclear_config_needs_the_callers_word(config: str) -> None:
    weights = tiny_weights(DECODERS["full"])
    refusal(lambda: densedepth.describe(weights, config, "auto", "nyu.h5"), "model_config")
    assert densedepth.describe(weights, config, "two").leaky == "two"


# ── the kept file ──


@pytest.fixture
def user_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "figureground"


@pytest.fixture(scope="session")
def tiny_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_h5(tmp_path_factory.mktemp("tiny") / "nyu.h5", tiny_weights(DECODERS["half"]))


@pytest.fixture
def tiny_h5(tiny_file: Path, tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    return Path(shutil.copy(tiny_file, tmp_path / "models" / "nyu.h5"))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the weights of `tiny_h5` from memory: h5py needs half a second for as many small datasets."""
    monkeypatch.setattr(densedepth, "read_weights", lambda path: tiny_weights(DECODERS["half"]))


def test_the_onnx_file_is_made_once_per_variant(tiny_h5: Path, user_cache: Path, quick: None) -> None:
    first = densedepth.cached_onnx(tiny_h5)
    assert first.parent == tiny_h5.parent
    assert first.name.startswith("nyu.aligned-one-")
    stamp = first.stat().st_mtime_ns
    assert densedepth.cached_onnx(tiny_h5, leaky="one") == first
    assert first.stat().st_mtime_ns == stamp
    others = {densedepth.cached_onnx(tiny_h5, upsampling="half_pixel"), densedepth.cached_onnx(tiny_h5, leaky="two")}
    assert len(others | {first}) == 3
    whole = first.read_bytes()
    first.write_bytes(min(others).read_bytes())  # swapped for another: it is made anew
    assert densedepth.cached_onnx(tiny_h5) == first
    assert first.read_bytes() == whole
    assert {p.read_bytes() for p in others}.isdisjoint({first.read_bytes()})
    with h5py.File(tiny_h5, "a") as file:
        file["model_weights/conv3/conv3/bias:0"][0] += 1
    assert densedepth.cached_onnx(tiny_h5) not in others | {first}
    assert not user_cache.exists()


def test_both_ways_write_the_same_bytes(tiny_h5: Path, tmp_path: Path) -> None:
    variant = densedepth.write_onnx(tiny_h5, tmp_path / "a.onnx", upsampling="half_pixel", leaky="two")
    assert variant == densedepth.Variant(52, DECODERS["half"], "two")
    kept = densedepth.cached_onnx(tiny_h5, upsampling="half_pixel", leaky="two")
    model = densedepth.to_onnx(tiny_weights(DECODERS["half"]), variant, "half_pixel")
    assert kept.read_bytes() == (tmp_path / "a.onnx").read_bytes() == model.SerializeToString()


def test_a_folder_that_takes_no_files_gives_way_to_the_users_cache(
    tiny_h5: Path, user_cache: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_ = Path.open

    def guarded(self: Path, mode: str = "r", *rest: Any, **more: Any) -> Any:
        if "x" in mode and (self.parent == tiny_h5.parent or not user_cache.exists()):
            raise PermissionError(13, "Permission denied")
        return open_(self, mode, *rest, **more)

    monkeypatch.setattr(Path, "open", guarded)
    path = densedepth.cached_onnx(tiny_h5)
    assert path.parent == user_cache
    assert runner(str(path))(picture(32, 32)[None]).shape == (1, 16, 16)
    assert densedepth.cached_onnx(tiny_h5) == path
    path.unlink()
    user_cache.rmdir()
    user_cache.parent.rmdir()
    user_cache.parent.write_text("a file, not a folder")
    refusal(lambda: densedepth.cached_onnx(tiny_h5), "cannot be kept")
    refusal(lambda: densedepth.write_onnx(tiny_h5, tiny_h5.parent / "x.onnx"), "cannot write", "x.onnx")
    assert [p.name for p in tiny_h5.parent.iterdir()] == ["nyu.h5"]


class Stopped:
    """A file whose writing is stopped half-way."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def __enter__(self) -> "Stopped":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def write(self, data: bytes) -> None:
        self.file.write(data[: len(data) // 2])
        raise KeyboardInterrupt


@pytest.mark.parametrize("moment", ["open", "replace"])
def test_a_write_that_stops_leaves_no_file(
    tiny_h5: Path, quick: None, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    open_ = Path.open

    def stop(self: Path, *arguments: Any) -> Any:
        if moment == "replace":
            raise KeyboardInterrupt
        return Stopped(open_(self, *arguments)) if "x" in arguments[0] else open_(self, *arguments)

    with monkeypatch.context() as broken:
        broken.setattr(Path, moment, stop)
        with pytest.raises(KeyboardInterrupt):
            densedepth.cached_onnx(tiny_h5)
    assert [p.name for p in tiny_h5.parent.iterdir()] == ["nyu.h5"]


@pytest.mark.parametrize(
    ("platform", "variable", "wanted"),
    [
        ("linux", "XDG_CACHE_HOME", "set/figureground"),
        ("linux", "", "home/.cache/figureground"),
        ("darwin", "", "home/Library/Caches/figureground"),
        ("win32", "LOCALAPPDATA", "set/figureground"),
        ("win32", "", "home/AppData/Local/figureground"),
    ],
)
def test_each_platform_has_its_cache(
    monkeypatch: pytest.MonkeyPatch, platform: str, variable: str, wanted: str
) -> None:
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, "set")
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("home"))
    assert files.user_cache() == Path(wanted)


@pytest.mark.parametrize("package", ["h5py", "onnx"])
def test_a_missing_package_is_named(
    tiny_h5: Path, quick: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(FigureGroundError) as caught:
        densedepth.write_onnx(tiny_h5, tmp_path / "x.onnx")
    assert package in caught.value.what
    assert caught.value.remedy == "pip install 'figureground[densedepth]'"
