"""The credits.csv beside photos."""

import os
from pathlib import Path

import pytest

from figureground.core.errors import FigureGroundError
from figureground.ingest.credits import UNKNOWN, Credit
from figureground.ingest.inputs import photos_of
from tests.builders import job_of, small_recipe, write_photos


def found(folder: Path, path: str | list[str] = "people") -> dict[str, Credit]:
    photos = photos_of(job_of(small_recipe(folder, foregrounds={"path": path}))).photos
    return {photo.name: photo.credit for photo in photos}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_photos(tmp_path)
    (tmp_path / "people/more").mkdir()
    (tmp_path / "people/person2.png").rename(tmp_path / "people/more/person2.png")
    return tmp_path


def test_a_table_says_whose_the_photos_beside_and_below_it_are(folder: Path) -> None:
    (folder / "people/credits.csv").write_text(
        "\ufefffile, Licence ,credit,group,price\n"
        'person0.png,CC BY 4.0,"Ana, of  Zagreb",house 1,3\n'
        "more/person2.png,CC0,,\n"
        "\n",
        encoding="utf-8",
    )
    (folder / "rooms/credits.csv").write_text("file,credit\nroom1.png,Bo\n")
    (folder / "credits.csv").write_text("file,credit\nnobody.png,outside of every source\n")
    said = found(folder)
    assert said["people/person0.png"] == Credit("CC BY 4.0", "Ana, of Zagreb", "house 1")
    assert said["people/more/person2.png"] == Credit("CC0")
    assert said["people/person1.png"] == said["rooms/room0.png"] == UNKNOWN
    assert said["rooms/room1.png"] == Credit(credit="Bo")
    (folder / "people/more/credits.csv").write_text("file,license\nperson2.png,mine\n")
    assert found(folder)["people/more/person2.png"] == Credit("mine")  # what stands nearer wins


def test_a_table_may_name_photos_that_another_source_takes(folder: Path) -> None:
    (folder / "people/credits.csv").write_text("file,credit\nperson0.png,Ana\nperson1.png,Bo\n")
    said = found(folder, "people/person1.*")
    assert said["people/person1.png"] == Credit(credit="Bo")
    assert "people/person0.png" not in said


@pytest.mark.parametrize(
    ("data", "what", "remedy"),
    [
        (b"file,credit\nperson7.png,Ana\nx.png,Bo\n", "not there: person7.png, x.png", "start from the table's folder"),
        (b"file,credit\na,b\nc,b\nd,b\ne,b\n", "not there: a, c, d and 1 more", "take the rows out"),
        (b"\xff\xfe\x00", "the credits cannot be read", "UTF-8"),
        (b'file,credit\n"person0.png,Ana\n', "the credits cannot be read", "quotes doubled"),
        (b"name,credit\nperson0.png,Ana\n", "the credits have the columns name, credit", "file,licence,credit,group"),
        (b"file,owner\nperson0.png,Ana\n", "the credits have the columns file, owner", "file,licence,credit,group"),
        (b"", "the credits have the columns (none)", "file,licence,credit,group"),
        (b"file,credit\nperson0.png,Ana\nperson0.png,Bo\n", "different things of 'person0.png'", "leave one"),
    ],
)
def test_tables_that_do_not_fit_are_refused(folder: Path, data: bytes, what: str, remedy: str) -> None:
    (folder / "people/credits.csv").write_bytes(data)
    with pytest.raises(FigureGroundError) as caught:
        found(folder)
    assert what in caught.value.what
    assert caught.value.where == "people/credits.csv"
    assert remedy in caught.value.remedy


def test_a_table_that_is_a_pipe_or_leads_nowhere_is_refused_and_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "people/credits.csv")
    with pytest.raises(FigureGroundError, match="cannot be read: it is no plain file"):
        found(folder)
    (folder / "people/credits.csv").unlink()
    (folder / "people/credits.csv").symlink_to("nowhere")
    with pytest.raises(FigureGroundError, match="cannot be read: No such file"):
        found(folder)


@pytest.mark.parametrize("between", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_table_is_read_as_a_spreadsheet_saved_it(folder: Path, between: str, encoding: str) -> None:
    rows = [["file", "licence", "credit", "group"], ["person0.png", "CC0", "Ana Kovač", "kitchen"]]
    text = "\r\n".join(between.join(row) for row in rows)
    (folder / "people/credits.csv").write_bytes(text.encode(encoding))
    assert found(folder)["people/person0.png"] == Credit("CC0", "Ana Kovač", "kitchen")
