"""The data card: what it says, and that Hugging Face's `datasets` opens a dataset by it."""

import hashlib
from pathlib import Path

import pytest

from figureground import build, open_dataset
from tests.builders import ground_recipe, small_recipe, write_depth_network, write_floor_photos, write_photos
from tests.hub import said

LOAD = """
for path in paths:
    rows = datasets.load_dataset(path, split="train", cache_dir=cache).sort("index")
    streamed = {row["index"]: row for row in datasets.load_dataset(path, split="train", streaming=True)}
    data = open_dataset(path)
    assert rows["index"][:] == sorted(streamed) == list(range(len(data)))
    for i in (0, len(data) // 2, len(data) - 1):
        for row in (rows[i], streamed[i]):
            sample = data[i]
            assert (row["key"], row["split"]) == (sample.record.key, sample.record.split)
            assert len(row["figures"]) == len(sample.record.figures)
            assert np.array_equal(np.asarray(row["image"]), sample.image)
            assert np.array_equal(np.asarray(row["mask"]), sample.mask)
            if sample.instances is not None:
                assert np.array_equal(np.asarray(row["instances"]), sample.instances)
            if sample.depth is not None:
                assert row["depth"].mode == "I;16"
                values = row["depth_offset"] + row["depth_scale"] * np.asarray(row["depth"], np.float64)
                assert np.allclose(values, np.nan_to_num(sample.depth.values), atol=1e-4)
    pictures = [name for name, kind in rows.features.items() if kind == datasets.Image()]
    print(len(rows), *pictures, "null" in str(rows.features))
"""
JOINED = """
found = [datasets.load_dataset(path, split="train", cache_dir=cache) for path in paths]
for one in found:
    for other in found:
        print(len(datasets.concatenate_datasets([one, other])))
"""
PARTS = """
for path in paths:
    found = datasets.load_dataset(path + "/parts", cache_dir=cache)["train"].sort("index")
    print(len(found), found[0]["image"].size, found[0]["mask"].mode)
"""
COUNT = """
print(len(datasets.load_dataset(paths[0], split="train", cache_dir=cache)))
"""


@pytest.fixture(scope="module")
def modes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A dataset of each mode: positions anywhere, on the floor, several figures or none, none whose depth is known."""
    folder = tmp_path_factory.mktemp("modes")
    given = {"backgrounds": {"depth": "depth"}, "depth": {"source": "layered"}}
    recipes = []
    for name in ("plain", "several", "none"):
        write_photos(folder / name, 2, 2)
    write_floor_photos(folder / "ground")
    few = {"samples": 9}
    recipes.append(small_recipe(folder / "plain", placement=few))
    several = {"figures": [1, 3], **few}
    recipes.append(small_recipe(folder / "several", placement=several, layers={"semantic": True}, **given))
    recipes.append(small_recipe(folder / "none", seed=7, placement={"figures": [0, 1], "samples": 2}, **given))
    recipes.append(ground_recipe(folder / "ground", placement=few))
    made = [build(recipe, recipe.root / "out") for recipe in recipes]
    bare = open_dataset(made[2])
    assert not any(bare.record(i).figures for i in range(len(bare)))  # nothing to guess a figure's columns by
    return made


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where `datasets` keeps what it has read once."""
    return tmp_path_factory.mktemp("read") / "cache"


def test_datasets_opens_every_mode_whole_and_as_a_stream(modes: list[Path], cache: Path) -> None:
    sizes = [len(open_dataset(path)) for path in modes]
    layers = (
        "image mask",
        "image mask instances semantic depth",
        "image mask instances depth",
        "image mask depth",
    )
    expected = [f"{size} {names} False" for size, names in zip(sizes, layers, strict=True)]
    assert said(LOAD, cache, *modes) == expected


def test_datasets_joins_any_two_modes(modes: list[Path], cache: Path) -> None:
    """No column is null, and each has one type in all of them."""
    sizes = [len(open_dataset(path)) for path in modes]
    assert said(JOINED, cache, *modes) == [str(one + other) for one in sizes for other in sizes]


def test_datasets_opens_the_folder_of_parts_too(modes: list[Path], cache: Path) -> None:
    several = modes[1:2]
    assert said(PARTS, cache, *several) == [f"{len(open_dataset(several[0]))} (64, 64) 1"]


def test_it_says_what_is_there(tmp_path: Path) -> None:
    write_photos(tmp_path)
    out = build(small_recipe(tmp_path, name='rooms: "a" <b>\\n---'), tmp_path / "out")
    card = (out / "README.md").read_text()
    header, body = card.split("---\n", 2)[1:]
    assert "data_files: parts/*.zip" in header
    assert 'pretty_name: "rooms: \\"a\\" <b>' in header
    assert "36 composites of 3 foregrounds on 3 backgrounds, 64 x 64 px" in body
    assert "<b>" not in body
    data = open_dataset(out)
    for split in ("train", "new_background", "new_foreground", "new_both"):
        assert f"| {split} | {len(data.select(split=split))} |" in body
    assert "depth" not in body.split("## Layers")[1].split("## What it is made from")[0]
    probed = body.split("## What can be had without looking")[1].split("\n## ")[0]
    assert "on 36 samples of 3 backgrounds" in probed
    assert "background depth (there is no depth); mean depth (there is no depth)" in probed
    iou = data.statistics["probes"]["found"]["difference_key"]["iou"]
    assert f"| IoU {iou:.3f} |" in probed


def test_it_says_whose_the_photos_are_and_what_made_it(tmp_path: Path) -> None:
    write_photos(tmp_path, 2, 2)
    evil = "Eve | <script>x</script> [a](javascript:b) `c` *d*"
    (tmp_path / "rooms/credits.csv").write_text(
        f'file,licence,credit\nroom0.png,CC0,"{evil}"\nroom1.png,CC0,"{evil}"\n'
    )
    recipe = small_recipe(
        tmp_path, seed=41, backgrounds={"depth": "depth"}, depth={"source": "layered"}, placement={"samples": 4}
    )
    out = build(recipe, tmp_path / "out")
    body = (out / "README.md").read_text().split("---\n", 2)[2]
    shown = r"Eve \| &lt;script&gt;x&lt;/script&gt; \[a\](javascript:b) \`c\` \*d\*"
    assert f"| 2 | background | CC0 | {shown} |" in body
    assert "| 2 | person | not said | not said |" in body
    assert "Seed 41, placement uniform; 0 photos were set aside" in body
    assert open_dataset(out).manifest["build_id"] in body
    assert "`depth` is in metres (larger is farther)" in body
    assert "code 0 means no value" in body
    assert "2 given" in body
    assert "at 2 nobody looked" in body


def test_it_names_the_networks_by_hash_and_licence(tmp_path: Path) -> None:
    write_photos(tmp_path, 1, 1)
    network = write_depth_network(tmp_path / "depth.onnx")
    with (tmp_path / "depth.card.toml").open("a") as card:
        card.write('licence = "MIT *or* mine"\n')
    recipe = small_recipe(tmp_path, depth={"source": "network", "model": "depth.onnx"})
    out = build(recipe, tmp_path / "out")
    body = (out / "README.md").read_text().split("---\n", 2)[2]
    sha256 = hashlib.sha256(network.read_bytes()).hexdigest()
    assert f"| depth | grey (depth.onnx) | {sha256} | MIT \\*or\\* mine |" in body
    assert "Depth is a network's guess on each composite." in body


def test_datasets_reads_a_grown_dataset_anew(tmp_path: Path) -> None:
    """It caches a folder by the header of the card, not by the files."""
    write_photos(tmp_path)
    for samples in (6, 9):
        out = build(small_recipe(tmp_path, placement={"samples": samples}, parts={"size": 5}), tmp_path / "out")
        assert said(COUNT, tmp_path / "cache", out) == [str(samples)]
