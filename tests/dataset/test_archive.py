"""Laws of stored zips: what Python's own `zipfile` writes is read as it reads it, and whatever else is refused by name,
never by another error."""

import gc
import io
import stat
import zipfile
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figureground.dataset.archive import (
    BadArchiveError,
    Contents,
    Read,
    Zip,
    member_start,
    read_contents,
    read_member,
    read_members,
)

LETTERS = st.characters(
    codec="utf-8", exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"], exclude_characters='/\\:<>"|?*'
)
NAMES = st.text(LETTERS, min_size=1, max_size=20).map(lambda text: f"x{text}x")


def ranges(data: bytes) -> Read:
    return lambda start, stop: data[start:stop]


def opened(data: bytes) -> Contents:
    return read_contents(ranges(data), len(data))


def written(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED, zip64: bool = False) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in members.items():
            with archive.open(zipfile.ZipInfo(name) if not compression else name, "w", force_zip64=zip64) as member:
                member.write(data)
    return out.getvalue()


@given(st.dictionaries(NAMES, st.binary(max_size=60), max_size=12), st.booleans())
def test_what_zipfile_writes_is_read_as_it_reads_it(members: dict[str, bytes], zip64: bool) -> None:
    data = written(members, zip64=zip64)
    contents = opened(data)
    assert len(contents) == len(members)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in members:
            member = contents.find(name)
            assert read_member(ranges(data), member) == archive.read(name) == members[name]
            start = member_start(ranges(data), member)
            assert data[start : start + member.size] == members[name]
    for name in ("", "nothing", "nothing\0"):
        if name not in members:
            with pytest.raises(KeyError):
                contents.find(name)


@given(
    st.dictionaries(NAMES, st.binary(max_size=60), min_size=1, max_size=8),
    st.booleans(),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_members_together_are_those_read_one_by_one(
    members: dict[str, bytes], zip64: bool, apart: bool, chance: Random
) -> None:
    """In any order, some twice; those that lie side by side are read at once, and not what lies between others."""
    between = {"between": bytes(100_000)} if apart else {}
    half = len(members) // 2
    data = written({**dict([*members.items()][:half]), **between, **dict([*members.items()][half:])}, zip64=zip64)
    contents, asked = opened(data), list[int]()

    def read(start: int, stop: int) -> bytes:
        asked.append(stop - start)
        return data[start:stop]

    wanted = chance.choices(sorted(members), k=chance.randrange(6))
    assert read_members(read, [contents.find(name) for name in wanted]) == [members[name] for name in wanted]
    if not zip64 and not apart:
        assert len(asked) == bool(wanted)
    assert sum(asked) < 20_000


@given(st.sets(NAMES, min_size=1, max_size=12), st.integers(-20, 20))
def test_where_a_member_is_looked_for_first_does_not_matter(names: set[str], near: int) -> None:
    contents = opened(written(dict.fromkeys(names, b"")))
    for name in names:
        assert contents.member(contents.position(name, near)) == contents.find(name)
        assert contents.find(name).name == name.encode()
    with pytest.raises(KeyError):
        contents.position("nothing\0", near)


def test_more_members_than_a_zip_of_the_old_kind_holds() -> None:
    """65,536 of them take the ZIP64 end record."""
    data = written({f"{i:06d}": b"%d" % i for i in range(65_536)})
    contents = opened(data)
    assert len(contents) == 65_536
    for i in (0, 1, 40_000, 65_535):
        assert read_member(ranges(data), contents.find(f"{i:06d}")) == b"%d" % i


def test_sizes_that_stand_in_the_zip64_field() -> None:
    """As an archive of more than 4 GB has them: `zipfile` writes such entries where its limit is passed."""
    out = io.BytesIO()
    limit, zipfile.ZIP64_LIMIT = zipfile.ZIP64_LIMIT, 100  # type: ignore[misc]
    try:
        with zipfile.ZipFile(out, "w") as archive:
            for i in range(5):
                archive.writestr(f"m{i}", bytes([i]) * (60 * (i + 1)))
    finally:
        zipfile.ZIP64_LIMIT = limit  # type: ignore[misc]
    data = out.getvalue()
    contents = opened(data)
    assert [read_member(ranges(data), contents.find(f"m{i}")) for i in range(5)] == [
        bytes([i]) * (60 * (i + 1)) for i in range(5)
    ]


def linked() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        entry = zipfile.ZipInfo("a.png")
        entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    return out.getvalue()


def sharing() -> bytes:
    """Two members whose bytes are one's: as many as one likes would make a bomb of a stored zip, too."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("a", "b"):
            archive.writestr(name, b"1" * 40)
        archive.filelist[1].header_offset = 0
    return out.getvalue()


PLAIN = written({"a": b"1" * 40, "b": b"2" * 30})
REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "no end"),
    "a text": (b"half" * 20, "no end"),
    "its end is gone": (PLAIN[:-30], "no end"),
    "its begin is gone": (PLAIN[9:], "not where it should be"),
    "compressed": (written({"a": b"1" * 400}, zipfile.ZIP_DEFLATED), "compressed"),
    "something after it": (PLAIN + b"more", "no end|after its end"),
    "a long name": (written({"n" * 300: b""}), "longer than 255 bytes"),
    "a name that leads out": (written({"../a": b""}), "piece '..'"),
    "an absolute name": (written({"/etc/a": b""}), "piece ''"),
    "a drive": (written({"C:/a": b""}), "drive letter"),
    "a folder": (written({"a/": b""}), "piece ''"),
    "a hidden stream": (written({"a.png:b": b""}), "has ':'"),
    "a device of Windows": (written({"x/NUL.png": b""}), "a device on Windows"),
    "what turns a line": (written({"\u202egnp.exe": b""}), "turn or break"),
    "a link": (linked(), "a link"),
    "members that share bytes": (sharing(), "into another member"),
}


@pytest.mark.parametrize(("data", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_no_part_is_is_refused_by_name(data: bytes, reason: str) -> None:
    with pytest.raises(BadArchiveError, match=reason):
        opened(data)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a", b"1")
        archive.writestr("a", b"2")
    with pytest.raises(BadArchiveError, match="one name"):
        opened(out.getvalue())


def test_damage_is_found_wherever_it_is() -> None:
    """Every byte that decides what is read, changed: it is refused, or the members are as they were."""
    whole = {"a": b"1" * 40, "b": b"2" * 30}
    refused = 0
    for at in range(len(PLAIN)):
        data = PLAIN[:at] + bytes([PLAIN[at] ^ 0x5A]) + PLAIN[at + 1 :]
        try:
            contents = opened(data)
            found = {name: read_member(ranges(data), contents.find(name)) for name in whole}
        except (BadArchiveError, KeyError):
            refused += 1
        else:
            assert found == whole
    assert refused > 0.5 * len(PLAIN)


@given(st.binary(max_size=200), st.integers(0, len(PLAIN)), st.integers(0, len(PLAIN)))
def test_nothing_but_its_own_error_is_raised(noise: bytes, at: int, until: int) -> None:
    for data in (noise, PLAIN[:at] + noise + PLAIN[until:], PLAIN[:at]):
        try:
            contents = opened(data)
            for name in contents.names.tolist():
                read_member(ranges(data), contents.find(name.decode(errors="surrogateescape")))
        except (BadArchiveError, KeyError, UnicodeEncodeError):
            pass


def test_a_directory_of_any_size_is_bounded_by_its_file() -> None:
    """A file that claims 2**40 members takes no more memory than it has bytes."""
    claim: Callable[[int], bytes] = lambda n: b"PK\x05\x06" + bytes(4) + n.to_bytes(2, "little") * 2 + bytes(10)  # noqa: E731
    with pytest.raises(BadArchiveError):
        opened(claim(0xFFFE))


def test_a_zip_that_nobody_closed_goes_in_silence() -> None:
    """As where a stop comes between its making and its block; Python's own tries to write its end."""
    file = io.BytesIO()
    archive = Zip(file, "w")
    archive.writestr("a", "b")
    file.close()
    del archive
    gc.collect()
