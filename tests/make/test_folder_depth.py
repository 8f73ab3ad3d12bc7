import dataclasses
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from figureground.core import job
from figureground.core.arrays import Singles
from figureground.core.engines import Engine, Outcome, Processes, Serial, WorkerDiedError
from figureground.core.errors import FigureGroundError
from figureground.core.record import DepthMeaning
from figureground.geometry.codes import dequantise
from figureground.ingest import photos
from figureground.make.build import build
from figureground.make.folder_depth import FolderMaps, MapTask, depth_of_folder
from figureground.make.made_names import names_of
from figureground.networks import registry
from figureground.networks.weights import ChangedError
from figureground.samples.codec import depth_code, pixels
from tests.builders import scene_photo, small_recipe, write_depth_network, write_photos
from tests.networks.odd_networks import external_network, moody_network


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in/deep").mkdir(parents=True)
    for i, name in enumerate(("a.png", "b.png", "deep/c.png")):
        Image.fromarray(scene_photo(i, 80, 110)).save(tmp_path / "in" / name)
    write_depth_network(tmp_path / "grey.onnx")
    return tmp_path


def model(folder: Path) -> job.DepthModel:
    return registry.resolve("grey.onnx", "", folder)


def maps(folder: Path, target: str = "in", *form: str, out: str = "in/maps", how: Engine | None = None) -> FolderMaps:
    return depth_of_folder(
        folder / target, folder / out, model(folder), job.Running(), how or Serial(), lambda *_: None, *form
    )


def test_maps_and_their_meaning_for_a_folder(folder: Path) -> None:
    (folder / "in/broken.jpg").write_bytes(b"junk")
    out = folder / "out"
    aside = depth_of_folder(folder / "in", out, model(folder), job.Running(), Serial(), lambda *_: None)
    assert aside.set_aside == ("broken.jpg: not a picture that can be decoded",)
    assert (aside.written, aside.kept, aside.datasets) == (3, 0, ())
    network = registry.open_network(model(folder))
    for name in ("a", "b", "deep/c"):
        about = json.loads((out / f"{name}.depth.json").read_text())
        meaning = DepthMeaning(
            **{field.name: about[f"depth_{field.name}"] for field in dataclasses.fields(DepthMeaning)}
        )
        depth = dequantise(depth_code(pixels((out / f"{name}.depth.png").read_bytes()), meaning))
        picture = np.asarray(Image.open(folder / f"in/{name}.png"))
        assert np.abs(depth.values - network.estimate(picture).values).max() < 0.00051
        assert (about["depth_unit"], about["model"]) == ("m", "grey")
    again = folder / "again"
    depth_of_folder(folder / "in", again, model(folder), job.Running(), Processes(2), lambda *_: None)
    assert {p.name: p.read_bytes() for p in again.rglob("*.*")} == {p.name: p.read_bytes() for p in out.rglob("*.*")}


def test_float_maps_at_the_networks_own_size(folder: Path) -> None:
    out = folder / "out"
    depth_of_folder(folder / "in", out, model(folder), job.Running(), Serial(), lambda *_: None, "npy", "native")
    values = np.load(out / "a.depth.npy", allow_pickle=False)
    assert values.shape == (64, 64)
    assert values.dtype == np.float32
    assert json.loads((out / "a.depth.json").read_text())["depth_invalid"] is None


def test_maps_that_exist_are_kept(folder: Path) -> None:
    out = folder / "out"
    depth_of_folder(folder / "in", out, model(folder), job.Running(), Serial(), lambda *_: None)
    kept = (out / "a.depth.png").stat().st_mtime_ns
    (out / "b.depth.png").unlink()
    depth_of_folder(folder / "in", out, model(folder), job.Running(), Serial(), lambda *_: None)
    assert (out / "b.depth.png").is_file()
    assert (out / "a.depth.png").stat().st_mtime_ns == kept


def test_one_flat_picture_does_not_stop_the_others(folder: Path) -> None:
    Image.fromarray(np.full((80, 80, 3), 90, np.uint8)).save(folder / "in/flat.png")
    out = folder / "in/maps"  # among the pictures
    for _ in range(2):
        made = maps(folder)
        assert made.set_aside == ("flat.png: the depth network's output is constant",)
    assert made.kept == 3
    assert len(list(out.rglob("*.png"))) == 3
    with pytest.raises(FigureGroundError, match="no such folder or picture"):
        maps(folder, "in/none.png")


def test_wrong_options_are_refused(folder: Path) -> None:
    for options, what in ((("gif", "image"), "unknown encoding"), (("npy", "huge"), "unknown size")):
        with pytest.raises(FigureGroundError, match=what):
            depth_of_folder(
                folder / "in", folder / "out", model(folder), job.Running(), Serial(), lambda *_: None, *options
            )


def test_pictures_that_differ_in_their_suffix_have_maps_of_their_own(folder: Path) -> None:
    """And those that do not have the short name, also when the others came later."""
    for name in ("a.bmp", "A.webp"):
        Image.fromarray(scene_photo(9)).save(folder / "in" / name)
    made = maps(folder, out="out")
    found = sorted(path.relative_to(folder / "out").as_posix() for path in (folder / "out").rglob("*.png"))
    assert found == ["A.webp.depth.png", "a.bmp.depth.png", "a.png.depth.png", "b.depth.png", "deep/c.depth.png"]
    assert (made.written, made.kept) == (5, 0)
    assert maps(folder, out="out").kept == 5
    about = json.loads((folder / "out/a.bmp.depth.json").read_text())
    assert about["picture"] == "a.bmp"


def test_no_two_maps_share_a_name_on_any_disk() -> None:
    for pictures, names in (
        (["a.jpg", "b.jpg"], ["a", "b"]),
        (["a.jpg", "a.png"], ["a.jpg", "a.png"]),
        (["A.jpg", "a.jpg"], ["A.jpg", "a.jpg~2"]),
        (["A.jpg", "a.JPG", "a.jpg"], ["A.jpg", "a.JPG~2", "a.jpg~3"]),
        (["a.jpg", "a.jpg.png", "a.png"], ["a.jpg~2", "a.jpg", "a.png"]),
        (["x/a.jpg", "y/a.jpg", "X/a.jpg"], ["x/a.jpg", "y/a", "X/a.jpg~2"]),
        (["\u00e9.jpg", "e\u0301.jpg"], ["\u00e9.jpg", "e\u0301.jpg~2"]),
        (["stra\u00dfe.jpg", "STRASSE.jpg"], ["stra\u00dfe.jpg", "STRASSE.jpg~2"]),
        (["a.b.jpg", "a.c.jpg"], ["a.b", "a.c"]),
    ):
        assert names_of(pictures, ".depth.png") == [f"{name}.depth.png" for name in names]


def test_one_picture_is_taken_by_itself(folder: Path) -> None:
    made = maps(folder, "in/a.png", out="out")
    assert (made.written, made.set_aside) == (1, ())
    assert [path.name for path in sorted((folder / "out").iterdir())] == ["a.depth.json", "a.depth.png"]
    before = (folder / "out/a.depth.png").read_bytes()
    maps(folder, out="all")
    assert (folder / "all/a.depth.png").read_bytes() == before
    Image.fromarray(scene_photo(9)).save(folder / "in/a.bmp")
    for _ in range(2):  # another picture with the short name takes its own
        maps(folder, "in/a.bmp", out="out")
    assert (folder / "out/a.depth.png").read_bytes() == before
    assert (folder / "out/a.bmp.depth.png").is_file()
    (folder / "in/a.txt").write_text("text")
    assert maps(folder, "in/a.txt", out="out").set_aside == ("a.txt: not a picture that can be decoded",)


def test_a_picture_that_has_changed_gets_a_new_map(folder: Path) -> None:
    maps(folder, out="out")
    before = (folder / "out/b.depth.png").read_bytes()
    Image.fromarray(scene_photo(7, 80, 110)).save(folder / "in/b.png")
    made = maps(folder, out="out")
    assert (made.written, made.kept) == (1, 2)
    assert (folder / "out/b.depth.png").read_bytes() != before


def test_maps_of_two_networks_are_not_mixed(folder: Path) -> None:
    """Nor two forms: they share the file that says what they mean."""
    external_network(folder / "grey.onnx")
    maps(folder, out="out")
    before = {path: path.read_bytes() for path in (folder / "out").rglob("*.*")}
    external_network(folder / "grey.onnx", add=3.0)
    (folder / "out/b.depth.png").unlink()
    with pytest.raises(FigureGroundError, match=r"grey.onnx_data has other content"):
        maps(folder, out="out")
    external_network(folder / "grey.onnx")
    card = (folder / "grey.card.toml").read_text()
    (folder / "grey.card.toml").write_text(card + "unit_scale = 2.0\n")
    with pytest.raises(FigureGroundError, match="another unit_scale"):
        maps(folder, out="out")
    (folder / "grey.card.toml").write_text(card)
    for form, what in ((("npy",), "another encoding"), (("png16", "native"), "another size")):
        with pytest.raises(FigureGroundError, match=what):
            maps(folder, "in", *form, out="out")
    maps(folder, out="out")
    assert {path: path.read_bytes() for path in (folder / "out").rglob("*.*")} == before


def test_a_network_that_changes_while_maps_are_made_ends_the_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from figureground.make import folder_depth

    external_network(folder / "grey.onnx")
    plain = folder_depth._values

    def then_changed(task: MapTask, photo: photos.Photo) -> Singles:
        values = plain(task, photo)
        external_network(folder / "grey.onnx", add=3.0)
        return values

    monkeypatch.setattr(folder_depth, "_values", then_changed)
    with pytest.raises(ChangedError, match=r"grey.onnx_data of the depth network has other content"):
        maps(folder, out="out")
    assert not list((folder / "out").glob("*.png"))


@pytest.mark.parametrize("orientation", [1, 6])
def test_the_map_of_a_large_photo_has_its_size(folder: Path, orientation: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """JPEGs are decoded reduced, to no more than any network sees; "image" is the photo's own size, upright."""
    from figureground.make import folder_depth

    monkeypatch.setattr(folder_depth, "_ENOUGH", 256)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    large = Image.fromarray(scene_photo(4, 90, 121)).resize((1101, 830), Image.Resampling.NEAREST)
    (folder / "large").mkdir()
    large.save(folder / "large/photo.jpg", quality=20, exif=exif)
    made = maps(folder, "large", out="out")
    assert made.set_aside == ()
    with Image.open(folder / "out/photo.depth.png") as depth:
        assert depth.size == ((1101, 830) if orientation == 1 else (830, 1101))


def test_a_photo_whose_map_would_not_fit_into_memory_is_set_aside(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from figureground.make import folder_depth

    monkeypatch.setattr(folder_depth, "_MOST_PIXELS", 80 * 100)
    made = maps(folder, out="out")
    assert len(made.set_aside) == 3
    assert "--size native" in made.set_aside[0]
    assert maps(folder, "in", "png16", "native", out="native").set_aside == ()


def test_datasets_and_maps_in_the_folder_are_no_photos(folder: Path) -> None:
    write_photos(folder / "in/mine")
    build(small_recipe(folder / "in/mine"), folder / "in/mine/out")
    (folder / "in/other").mkdir()
    (folder / "in/other/build.json").write_text("{}")  # somebody else's
    Image.fromarray(scene_photo(3)).save(folder / "in/other/photo.png")
    made = maps(folder)
    assert made.datasets == ("mine/out",)
    assert made.written == 3 + 3 + 3 + 1  # rooms and people are pictures as any
    assert [reason.partition(": ")[2] for reason in made.set_aside] == 3 * [
        "no photo: it looks like a 16-bit depth map"
    ]
    assert not list((folder / "in/maps/mine").rglob("*bg0*"))
    again = maps(folder, out="in/again")
    assert (again.written, again.datasets) == (made.written, made.datasets)
    with pytest.raises(FigureGroundError, match="no pictures but maps"):
        maps(folder, "in/maps", out="again")


@pytest.mark.parametrize("kind", ["nan", "constant", "shape", "far"])
def test_a_picture_without_depth_is_set_aside_by_name(folder: Path, kind: str) -> None:
    bright = np.clip(scene_photo(8, 80, 110).astype(int) // 4 + 190, 0, 255).astype(np.uint8)
    Image.fromarray(bright).save(folder / "in/bright.png")
    moody_network(folder / "grey.onnx", kind, 0.7)
    for engine in (Serial(), Processes(2)):
        made = maps(folder, out=type(engine).__name__, how=engine)
        assert made.written == 3
        assert [line.split(":")[0] for line in made.set_aside] == ["bright.png"]
    moody_network(folder / "grey.onnx", kind, -1.0)
    with pytest.raises(FigureGroundError, match="the depth network's output"):
        maps(folder, out="none")


def test_a_worker_that_dies_on_a_picture_is_told_by_its_name(folder: Path) -> None:
    class Killing:
        def map(self, function: Any, jobs: Iterable[Any]) -> Iterator[Outcome]:
            for task in jobs:
                yield Outcome(task, error=WorkerDiedError("a worker process died"))

    with pytest.raises(FigureGroundError) as caught:
        depth_of_folder(folder / "in", folder / "out", model(folder), job.Running(), Killing(), lambda *_: None)
    assert (caught.value.what, caught.value.where) == ("a worker process died", "a.png")
    assert "--workers 1" in caught.value.remedy
