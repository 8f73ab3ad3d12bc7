"""Several datasets read as one: all their samples, and no photo on both sides of a split."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from figureground import build, open_dataset
from figureground.core.errors import FigureGroundError
from tests.builders import small_recipe, write_photos


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two datasets of the same photos, which hold out others."""
    folder = tmp_path_factory.mktemp("several")
    write_photos(folder, 5, 5)
    for name, seed in (("one", 0), ("two", 3)):
        recipe = small_recipe(folder, seed=seed, split={"backgrounds": 0.4, "foregrounds": 0.4})
        build(recipe, folder / name)
    return folder


def test_it_is_one_sequence(desk: Path) -> None:
    one, two = open_dataset(desk / "one"), open_dataset(str(desk / "two"))
    both = open_dataset([desk / "one", desk / "two"])
    assert len(both) == len(one) + len(two) == 200
    for i, (data, own) in ((0, (one, 0)), (99, (one, 99)), (100, (two, 0)), (-1, (two, 99))):
        assert np.array_equal(both[i].image, data[own].image)
        assert both[i].record.index == own
        assert both[i].background is not None
    assert [sample.record.key for sample in both[98:102]] == [
        *(one.record(i).key for i in (98, 99)),
        *(two.record(i).key for i in (0, 1)),
    ]
    with pytest.raises(IndexError, match="sample 200 of 200"):
        both[200]
    assert "200 samples of 2 datasets" in repr(both)


def test_no_photo_stands_on_both_sides(desk: Path) -> None:
    datasets = [open_dataset(desk / name) for name in ("one", "two")]
    both = open_dataset([desk / "one", desk / "two"])
    trained: set[str] = set()
    others: set[str] = set()
    for i in range(len(both)):
        record, data = both.record(i), datasets[i >= 100]
        sources = {b.id: b.source for b in data.catalog.backgrounds}
        sources |= {f.id: f.source for f in data.catalog.foregrounds}
        background, foreground = sources[record.background], sources[record.figures[0].foreground]
        assert both.split(i) == record.split
        trained |= {background, foreground} if record.split == "train" else set()
        others |= {background} if record.split in ("new_background", "new_both") else set()
        others |= {foreground} if record.split in ("new_foreground", "new_both") else set()
        alone = data.record(i % 100).split
        assert record.split == alone or alone == "train" or record.split == "new_both"  # stricter, never laxer
    assert trained
    assert not trained & others
    chosen = both.select(split="train")
    assert 0 < len(chosen) < sum(len(data.select(split="train")) for data in datasets)
    assert {record.split for record in map(chosen.record, range(len(chosen)))} == {"train"}


@pytest.mark.parametrize("way", ["encoded again", "of one group"])
def test_photos_that_show_the_same_stand_on_one_side(tmp_path: Path, way: str) -> None:
    """Of two datasets, the second has the first one's photos in other files; told by their names here."""
    for name in ("one", "two"):
        write_photos(tmp_path / name, 5, 5)
    for path in sorted((tmp_path / "two").glob("[rp]*/*.png")):
        picture = np.asarray(Image.open(path))
        if way == "encoded again":
            again = picture.copy()
            again[..., 0] ^= 1  # another file, nearly the same picture
        else:
            again = np.ascontiguousarray(np.rot90(picture, 2))
        Image.fromarray(again).save(path)
    if way == "of one group":
        for folder in (path for name in ("one", "two") for path in (tmp_path / name).glob("[rp]*")):
            rows = [f"{path.name},{folder.name} {path.stem}" for path in sorted(folder.glob("*.png"))]
            (folder / "credits.csv").write_text("\n".join(["file,group", *rows]) + "\n")
    held = {"split": {"backgrounds": 0.4, "foregrounds": 0.4}}
    for name, seed in (("one", 0), ("two", 3)):
        build(small_recipe(tmp_path / name, seed=seed, **held), tmp_path / name / "out")
    both = open_dataset([tmp_path / "one/out", tmp_path / "two/out"])
    sides: dict[str, set[bool]] = {}
    for i in range(len(both)):
        record, catalog = both.record(i), both.datasets[i >= len(both.datasets[0])].catalog
        sources = {b.id: b.source for b in catalog.backgrounds} | {f.id: f.source for f in catalog.foregrounds}
        sides.setdefault(sources[record.background], set()).add(record.split in ("new_background", "new_both"))
        foreground = sources[record.figures[0].foreground]
        sides.setdefault(foreground, set()).add(record.split in ("new_foreground", "new_both"))
    assert len(sides) == 10
    assert all(len(side) == 1 for side in sides.values()), sides
    assert {True, False} == {side for found in sides.values() for side in found}


def test_virtual_or_none_is_refused(desk: Path) -> None:
    with pytest.raises(FigureGroundError, match="read as they are stored"):
        open_dataset([desk / "one"], virtual=True)  # type: ignore[call-overload]
    with pytest.raises(FigureGroundError, match="an empty list"):
        open_dataset([])
    with pytest.raises(FigureGroundError, match="no dataset here"):
        open_dataset([desk / "one", desk / "rooms"])


def test_more_classes_than_semantic_maps_hold_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, desk: Path
) -> None:
    from figureground.dataset import several

    write_photos(tmp_path)
    chairs = {"foregrounds": {"class": "chair"}, "layers": {"semantic": True}}
    build(small_recipe(tmp_path, **chairs), tmp_path / "chairs")
    monkeypatch.setattr(several, "MOST_CLASSES", 1)
    with pytest.raises(FigureGroundError, match="together 2 classes, and semantic maps have 1 at most"):
        open_dataset([tmp_path / "chairs", desk / "one"])
    assert len(open_dataset([desk / "one", desk / "two"])) == 200  # no such maps, no such limit
