"""`cutout`: photos of a folder -> PNGs under their own names, with a list and a sheet; again, and it goes on."""

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from figureground.core.arrays import Bytes
from figureground.core.engines import Processes, Serial
from figureground.core.errors import FigureGroundError
from figureground.core.folder_store import FolderStore
from figureground.core.job import Cutting
from figureground.core.recipe_toml import parse
from figureground.ingest.own_size import cut_at_own_size
from figureground.make import folder_cutouts
from figureground.make.folder_cutouts import LIST, SHEET, Form, Row, cutouts_of_folder
from figureground.resolve import inputs_of
from tests.builders import figure_cutout, scene_photo, write_saliency_network


def studio(seed: int, height: int = 200) -> Bytes:
    """Return a figure before a plain ground: uint8 (height + 40, .., 3)."""
    cutout = figure_cutout(seed, height, height // 2)
    a = cutout[..., 3:] / 255
    picture = np.rint(a * cutout[..., :3] + (1 - a) * 245).astype(np.uint8)
    return np.pad(picture, ((20, 20), (40, 40), (0, 0)), constant_values=245)


def decoded(path: Path) -> Bytes:
    with Image.open(path) as picture:
        return np.asarray(picture)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """in/a.png, in/b.jpg, in/deep/c.png, and in/room.png, of which no figure can be cut by its colour."""
    (tmp_path / "in/deep").mkdir(parents=True)
    for i, name in enumerate(("a.png", "b.jpg", "deep/c.png")):
        Image.fromarray(studio(i)).save(tmp_path / "in" / name, quality=95)
    Image.fromarray(scene_photo(1, 150, 200)).save(tmp_path / "in/room.png")
    return tmp_path


def cutting(method: str = "key", network: str = "small") -> Cutting:
    settings = [f"foregrounds.cutout={method}", f"foregrounds.network={network}"]
    return inputs_of(parse("", "", Path(), settings)).foregrounds[0].cutting


def cut(target: Path, out: Path, how: Cutting | None = None, form: Form | None = None, engine: Any = None) -> list[Row]:
    return cutouts_of_folder(target, out, how or cutting(), form or Form(), engine or Serial(), lambda *_: None)


def listed(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((out / LIST).read_text("utf-8-sig"), newline="")))


def test_every_photo_has_its_cut_out_its_row_and_its_tile(folder: Path) -> None:
    out = folder / "out"
    rows = cut(folder / "in", out)
    assert [(row.file, row.cutout, row.state, row.method) for row in rows] == [
        ("a.png", "a.png", "made", "key"),
        ("b.jpg", "b.png", "made", "key"),
        ("deep/c.png", "deep/c.png", "made", "key"),
        ("room.png", "", "set aside", ""),
    ]
    assert rows[3].doubt.startswith("the ground is not plain")
    for row in rows[:3]:
        with Image.open(out / row.cutout) as made, Image.open(folder / "in" / row.file) as photo:
            assert (made.mode, made.size) == ("RGBA", photo.size)
            assert made.getpixel((2, 2))[3] == 0  # type: ignore[index]
            assert made.getpixel((made.width // 2, 140))[3] == 255  # type: ignore[index]
    assert [line["file"] for line in listed(out)] == [row.file for row in rows]
    assert listed(out)[3]["doubt"] == rows[3].doubt
    with Image.open(out / SHEET) as sheet:
        assert sheet.width > 500
    again = folder / "again"
    cut(folder / "in", again, engine=Processes(1))
    assert {p.name: p.read_bytes() for p in again.rglob("*.*")} == {p.name: p.read_bytes() for p in out.rglob("*.*")}


def test_it_goes_on_where_it_was_stopped(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = folder / "out"
    before = cut(folder / "in", out)
    kept = (out / "a.png").stat().st_mtime_ns
    (out / "b.png").unlink()
    Image.fromarray(studio(7)).save(folder / "in/deep/c.png")
    made: list[int] = []

    def counted(*asked: Any) -> Any:
        made.append(1)
        return cut_at_own_size(*asked)

    monkeypatch.setattr("figureground.make.folder_cutouts.cut_at_own_size", counted)
    after = cut(folder / "in", out)
    assert len(made) == 3  # the one that was gone, the one whose photo changed, the room once more
    assert (out / "a.png").stat().st_mtime_ns == kept
    assert after[0] == before[0]
    assert after[1] == before[1]
    assert after[2].coverage != before[2].coverage


def test_a_file_that_was_not_made_here_is_never_replaced(folder: Path) -> None:
    out = folder / "out"
    cut(folder / "in", out)
    for name, data in (("a.png", b"\x89PNG broken"), ("b.png", (folder / "in/room.png").read_bytes())):
        (out / name).write_bytes(data)
        row = next(row for row in cut(folder / "in", out) if row.cutout == name)
        assert (row.state, "kept as it is" in row.doubt) == ("kept", True)
        assert (out / name).read_bytes() == data


def test_a_cut_out_that_was_mended_by_hand_is_kept_when_its_photo_changes(folder: Path) -> None:
    """Also where the editor kept what the PNG says of itself."""
    out = folder / "out"
    cut(folder / "in", out)
    with Image.open(out / "a.png") as made:
        made.load()
        about = PngInfo()
        about.add_text("figureground", made.info["figureground"])
        made.putpixel((3, 3), (1, 2, 3, 255))
        made.save(out / "a.png", pnginfo=about)
    mended = (out / "a.png").read_bytes()
    assert cut(folder / "in", out)[0].state == "made"  # its photo is the same: nothing to be done
    Image.fromarray(studio(8)).save(folder / "in/a.png")
    row = cut(folder / "in", out)[0]
    assert (row.state, "its photo has changed" in row.doubt) == ("kept", True)
    assert (out / "a.png").read_bytes() == mended


def test_cut_outs_made_otherwise_are_refused(folder: Path) -> None:
    out = folder / "out"
    cut(folder / "in", out)
    before = {path: path.read_bytes() for path in out.rglob("*.*")}
    for how, form, what in (
        (cutting("auto"), Form(), "another method"),
        (None, Form(matte=True), "another matte"),
        (None, Form(trimmed=True), "another trimmed"),
        (cutting("key", str(write_saliency_network(folder / "net.onnx"))), Form(), "another network"),
    ):
        with pytest.raises(FigureGroundError, match=what):
            cut(folder / "in", out, how, form)
    assert {path: path.read_bytes() for path in out.rglob("*.*")} == before


def test_the_matte_alone_and_the_figure_alone(folder: Path) -> None:
    cut(folder / "in", folder / "rgba")
    cut(folder / "in", folder / "matte", form=Form(matte=True))
    trimmed = cut(folder / "in", folder / "trim", form=Form(trimmed=True))[0]
    whole = decoded(folder / "rgba/a.png")
    matte = decoded(folder / "matte/a.png")
    assert np.array_equal(matte, whole[..., 3])
    part = decoded(folder / "trim/a.png")
    assert part.shape[:2] == (trimmed.height, trimmed.width) < whole.shape[:2]
    x, y = trimmed.x, trimmed.y
    assert np.array_equal(part, whole[y : y + trimmed.height, x : x + trimmed.width])
    assert (part[..., 3] >= 16).any(0).all()


def test_one_photo_goes_into_a_folder_or_a_file(folder: Path) -> None:
    photo = folder / "in/b.jpg"
    (row,) = cut(photo, folder / "one")
    assert sorted(path.name for path in (folder / "one").iterdir()) == ["b.png", LIST, SHEET]
    cut(photo, folder / "single/me.png")
    assert [path.name for path in (folder / "single").iterdir()] == ["me.png"]
    assert row.file == "b.jpg"
    with pytest.raises(FigureGroundError, match="is a PNG"):
        cut(photo, folder / "me.jpg")
    with pytest.raises(FigureGroundError, match="replace its photo"):
        cut(folder / "in/a.png", folder / "in/a.png")


def test_an_upright_photo_comes_of_one_that_the_camera_turned(folder: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(studio(3))).save(folder / "in/turned.jpg", exif=exif, quality=95)
    row = next(row for row in cut(folder / "in", folder / "out") if row.file == "turned.jpg")
    assert (row.width, row.height) == studio(3).shape[1::-1]


def test_what_cannot_be_done_is_said_before_anything_is_written(folder: Path) -> None:
    with pytest.raises(FigureGroundError, match="no such folder or photo"):
        cut(folder / "nothing", folder / "out")
    with pytest.raises(FigureGroundError, match="among the photos"):
        cut(folder / "in", folder / "in")
    assert not (folder / "out").exists()
    Image.fromarray(scene_photo(2, 150, 200)).save(folder / "room.png")
    with pytest.raises(FigureGroundError, match="no photo could be cut out") as caught:
        cut(folder / "room.png", folder / "out")
    assert "room.png: the ground is not plain" in caught.value.where
    assert listed(folder / "out")[0]["state"] == "set aside"


def test_the_output_may_lie_inside_the_folder(folder: Path) -> None:
    for _ in range(2):
        rows = cut(folder / "in", folder / "in/cut")
        assert [row.file for row in rows] == ["a.png", "b.jpg", "deep/c.png", "room.png"]


@pytest.mark.skipif(os.name == "nt", reason="no such names there")
def test_names_that_no_cut_out_can_have_are_set_aside(folder: Path) -> None:
    for name in ("line\nbreak.png", "back\\slash.png", "=1+1.png"):
        Image.fromarray(studio(4)).save(folder / "in" / name)
    rows = {row.file: row for row in cut(folder / "in", folder / "out")}
    assert "rename it" in rows["line\nbreak.png"].doubt
    assert "rename it" in rows["back\\slash.png"].doubt
    assert rows["=1+1.png"].state == "made"
    assert "'=1+1.png" in [line["file"] for line in listed(folder / "out")]


def test_a_name_that_is_too_long_and_a_full_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(number: int) -> Any:
        def write(store: FolderStore, name: str, data: bytes) -> None:
            if name == "b.png":
                raise OSError(number, os.strerror(number))
            real(store, name, data)

        return write

    real = FolderStore.write
    monkeypatch.setattr(FolderStore, "write", failing(36))
    assert "too long" in cut(folder / "in", folder / "out")[1].doubt
    monkeypatch.setattr(FolderStore, "write", failing(28))
    with pytest.raises(FigureGroundError, match="the disk takes no more"):
        cut(folder / "in", folder / "out")


def test_doubtful_ones_come_first_and_say_why(folder: Path) -> None:
    two = np.hstack([studio(0), studio(1)])
    Image.fromarray(two).save(folder / "in/two.png")
    rows = cut(folder / "in", folder / "out")
    doubt = next(row.doubt for row in rows if row.file == "two.png")
    assert doubt.endswith("; in 2 separate pieces: several figures, or one cut apart")
    assert doubt.startswith("doubtful: keying by colour and the network cut out different figures")
    with Image.open(folder / "out/two.png") as made:
        about = json.loads(made.info["figureground"])
    assert about["row"]["doubt"] == doubt
    assert about["settings"]["method"] == "key"


def test_of_many_photos_the_sheet_shows_every_kind() -> None:
    good = [Row(f"{i}.png", f"{i}.png", "made") for i in range(300)]
    aside = [Row(f"{i}.jpg", doubt="the file is empty") for i in range(300)]
    doubtful = [Row(f"{i}.bmp", f"{i}.png", "made", doubt="tiny") for i in range(20)]
    shown = folder_cutouts._chosen([*good, *aside, *doubtful])
    assert [sum(row in kind for row in shown) for kind in (doubtful, aside, good)] == [20, 50, 50]
    assert shown[:20] == doubtful
    assert {good[0], good[-1]} < set(shown)
    assert folder_cutouts._chosen([*good[:3], *aside]) == [*aside[:117], *good[:3]]
    assert folder_cutouts._chosen(good[:5]) == good[:5]
    assert len(folder_cutouts._chosen(doubtful * 10)) == 120


def test_what_is_no_photo_is_listed_by_name_and_not_cut_out(folder: Path) -> None:
    """Masks beside their photos, kinds that are not read, links that lead nowhere."""
    Image.fromarray(np.zeros((300, 240), np.uint8)).save(folder / "in/b_mask.png")
    (folder / "in/c.dng").touch()
    (folder / "in/d.jpg").symlink_to("nowhere")
    rows = {row.file: row for row in cut(folder / "in", folder / "out")}
    assert {rows[name].state for name in ("b_mask.png", "in", "d.jpg")} == {"set aside"}
    assert "the mask of b.jpg" in rows["b_mask.png"].doubt
    assert "(c.dng)" in rows["in"].doubt
    assert rows["d.jpg"].doubt == "a link that leads nowhere"
    assert not (folder / "out/b_mask.png").exists()
