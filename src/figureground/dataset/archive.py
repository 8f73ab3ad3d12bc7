"""Stored zips read in place: where each member lies, and its bytes.

Python's `zipfile` makes an object of every member, which takes 15 ms for a part of 1,000 samples and a megabyte to
keep.  Here a directory is four arrays, so those of all parts of a dataset can stay at hand.  Only what a part is comes
in: plain files, stored, each with bytes of its own, under names that are safe everywhere; as many and as large as parts
may have.  Whatever a file claims, no more memory is taken than its directory has bytes, a few times over.
"""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from figureground.core.inner_names import LONGEST, declared
from figureground.native import crc32

Read = Callable[[int, int], bytes]  # (start, stop) -> those bytes of the file, fewer at its end

# PKWARE's APPNOTE 4.3: the end record, that of ZIP64 with its locator, an entry of the directory, a member's own header
_END = struct.Struct("<4s4xHHLLH")
_LOCATOR = struct.Struct("<4s4xQ4x")
_END64 = struct.Struct("<4s20xQQQQ")
_ENTRY = struct.Struct("<4s4xHH4xLLLHHH4xLL")
_HEADER = struct.Struct("<4s22xHH")
_LONGEST_COMMENT = 65535
MOST_MEMBERS = 10_000_000  # of a part, which has a million samples at most
MOST_BYTES = 2**36  # of a member: more than a million rows take
_LONGEST_EXTRA = 1024  # bytes of an entry's extra fields and comment, for the sum of them
_GAP = 4096  # bytes that are read for nothing sooner than the file is asked twice
_IN_EXTRA = 0xFFFFFFFF  # a number that stands in the ZIP64 field instead


class Zip(zipfile.ZipFile):
    """A zip that is closed by who opened it alone.

    Python's own is closed when it is collected, too: where a stop comes before its block began, its file is shut by
    then, and the attempt to write its end is a traceback on stderr.
    """

    def __del__(self) -> None:
        """Do nothing: what nobody closed is thrown away with its file."""


class BadArchiveError(Exception):
    """What a file has that no part has, or lacks."""


class Member(NamedTuple):
    """Where a member lies: the offset of its own header, its size and its CRC-32."""

    name: bytes
    header: int
    size: int
    crc32: int


@dataclass(frozen=True, eq=False)
class Contents:
    """The directory of a stored zip, in the order of the names: `names`, `headers`, `sizes` and `crcs`."""

    names: NDArray[np.bytes_]
    headers: NDArray[np.int64]
    sizes: NDArray[np.int64]
    crcs: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.names)

    def find(self, name: str) -> Member:
        """Return where a member lies.  Raises KeyError."""
        return self.member(self.position(name))

    def position(self, name: str, near: int = -1) -> int:
        """Return the number of a member; `near` is looked at first.  Raises KeyError."""
        wanted = name.encode()
        if 0 <= near < len(self.names) and self.names.item(near) == wanted:
            return near
        i = int(self.names.searchsorted(wanted))
        if i == len(self.names) or self.names.item(i) != wanted:
            raise KeyError(name)
        return i

    def member(self, i: int) -> Member:
        """Return where the member of a number lies."""
        return Member(self.names.item(i), self.headers.item(i), self.sizes.item(i), self.crcs.item(i))


def read_contents(read: Read, size: int) -> Contents:
    """Return the directory of a stored zip of `size` bytes.  Raises BadArchiveError."""
    count, start, length = _directory(read, size)
    if count > MOST_MEMBERS or length > count * (_ENTRY.size + LONGEST + _LONGEST_EXTRA):
        raise BadArchiveError(f"it claims {count:,} members in {length:,} bytes, more than any part has")
    data = read(start, start + length)
    if len(data) < length or count > length // _ENTRY.size:
        raise BadArchiveError("its directory is cut off")
    names: list[bytes] = []
    headers, sizes = np.empty(count, np.int64), np.empty(count, np.int64)
    crcs = np.empty(count, np.uint32)
    at = 0
    for i in range(count):
        member, at = _entry(data, at)
        if member.size > MOST_BYTES or member.header + _HEADER.size + len(member.name) + member.size > start:
            raise BadArchiveError(f"{member.name!r} reaches beyond the members")
        names.append(member.name)
        headers[i], sizes[i], crcs[i] = member.header, member.size, member.crc32
    if at != length:
        raise BadArchiveError("its directory has more than its members")
    _refuse_shared(names, headers, sizes)
    found = np.array(names, np.bytes_) if names else np.empty(0, "S1")
    order = np.argsort(found, kind="stable")
    found = found[order]
    if (found[1:] == found[:-1]).any():
        raise BadArchiveError("two members have one name")
    return Contents(found, headers[order], sizes[order], crcs[order])


def _refuse_shared(names: list[bytes], headers: NDArray[np.int64], sizes: NDArray[np.int64]) -> None:
    """Raise BadArchiveError where members share bytes, by which a small file could hold any number of large ones."""
    order = np.argsort(headers, kind="stable")
    lengths = np.fromiter((len(name) for name in names), np.int64, len(names))
    ends = (headers + _HEADER.size + lengths + sizes)[order]
    if (shared := ends[:-1] > headers[order][1:]).any():
        raise BadArchiveError(f"{names[order[int(shared.argmax())]]!r} reaches into another member")


def _directory(read: Read, size: int) -> tuple[int, int, int]:
    """Return (number of members, where the directory begins, its length)."""
    tail_at = max(0, size - _END.size - _LONGEST_COMMENT)
    tail = read(max(0, size - _END.size), size)
    if not tail.startswith(b"PK\x05\x06"):  # there is a comment
        tail = read(tail_at, size)
        tail = tail[max(0, tail.rfind(b"PK\x05\x06")) :]
    if len(tail) < _END.size or not tail.startswith(b"PK\x05\x06"):
        raise BadArchiveError("it has no end, or is no zip")
    _, count, _, length, start, comment = _END.unpack_from(tail)
    end = size - len(tail)
    if len(tail) != _END.size + comment:
        raise BadArchiveError("something stands after its end")
    locator = read(max(0, end - _LOCATOR.size), end)
    if len(locator) == _LOCATOR.size and locator.startswith(b"PK\x06\x07"):
        (end,) = _LOCATOR.unpack(locator)[1:]
        record = read(end, end + _END64.size)
        if len(record) < _END64.size or not record.startswith(b"PK\x06\x06"):
            raise BadArchiveError("its ZIP64 end is not where it should be")
        _, _, count, length, start = _END64.unpack(record)
    if start + length != end:
        raise BadArchiveError("its directory is not where it should be")
    return count, start, length


def _entry(data: bytes, at: int) -> tuple[Member, int]:
    """Return the member of the directory's entry at that place, and where the next entry begins."""
    if at + _ENTRY.size > len(data):
        raise BadArchiveError("its directory is cut off")
    mark, flags, method, crc, packed, size, name_length, extra_length, comment, mode, header = _ENTRY.unpack_from(
        data, at
    )
    name_at = at + _ENTRY.size
    after = name_at + name_length + extra_length + comment
    name = data[name_at : name_at + name_length]
    if mark != b"PK\x01\x02" or after > len(data):
        raise BadArchiveError("its directory is damaged")
    _require_name(name)
    if stat.S_IFMT(mode >> 16) not in (0, stat.S_IFREG):
        raise BadArchiveError(f"{name!r} is a link, a folder or a device, and parts hold plain files")
    if method or flags & 1:
        raise BadArchiveError(f"{name!r} is {'encrypted' if flags & 1 else 'compressed'}, and parts are stored")
    if _IN_EXTRA in (packed, size, header):
        extra = data[name_at + name_length : name_at + name_length + extra_length]
        size, packed, header = _wide(extra, (size, packed, header))
    if packed != size:
        raise BadArchiveError(f"{name!r} has two sizes")
    return Member(name, header, size, crc), after


def _require_name(name: bytes) -> None:
    try:
        declared(name.decode())
    except ValueError as error:  # or what is not UTF-8
        raise BadArchiveError(f"a member's name is refused: {error}") from None


def _wide(extra: bytes, numbers: tuple[int, ...]) -> tuple[int, ...]:
    """Return the numbers with those of the ZIP64 field in place of the ones that stand there."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            held = iter(struct.unpack_from(f"<{length // 8}Q", extra[: at + 4 + length], at + 4))
            return tuple(next(held, _IN_EXTRA) if number == _IN_EXTRA else number for number in numbers)
        at += 4 + length
    return numbers


def read_member(read: Read, member: Member) -> bytes:
    """Return a member's bytes, checked against its CRC-32.  Raises BadArchiveError where it is damaged."""
    return read_members(read, [member])[0]


def read_members(read: Read, members: Sequence[Member]) -> list[bytes]:
    """Return the bytes of some members, each checked against its CRC-32; those that lie side by side in one read.

    Raises BadArchiveError where one is damaged.
    """
    if not members:
        return []
    start, stop, held = members[0].header, 0, 0
    for name, header, size, _ in members:
        length = _HEADER.size + len(name) + size
        start, stop, held = min(start, header), max(stop, header + length), held + length
    if stop - start > held + _GAP:
        return [read_member(read, member) for member in members]
    data = read(start, stop)
    return [_body(read, data, member, member.header - start) for member in members]


def _body(read: Read, data: bytes, member: Member, at: int) -> bytes:
    """Return a member's bytes, whose own header stands at that place of the data."""
    name, _, size, checksum = member
    end_of_header = len(name).to_bytes(2, "little") + b"\0\0" + name
    begin = at + _HEADER.size + len(name)
    if not (data.startswith(b"PK\x03\x04", at) and data.startswith(end_of_header, begin - len(end_of_header))):
        # extra fields, which stand before the bytes, or something that is wrong
        begin = _begin(data, member, at) - at
        data = read(member.header, member.header + begin + size)
    body = data[begin : begin + size]
    if len(body) < size or crc32(body) != checksum:
        raise BadArchiveError(f"Bad CRC-32 of {name.decode(errors='replace')!r}")
    return body


def member_start(read: Read, member: Member) -> int:
    """Return where in the file a member's bytes begin.  Raises BadArchiveError where its header is damaged."""
    return member.header + _begin(read(member.header, member.header + _HEADER.size + len(member.name)), member, 0)


def _begin(data: bytes, member: Member, at: int) -> int:
    """Return where a member's bytes begin, whose own header stands at that place of the data."""
    plain = at + _HEADER.size + len(member.name)
    mark, name_length, extra_length = _HEADER.unpack_from(data, at) if len(data) >= plain else (b"", 0, 0)
    if mark != b"PK\x03\x04":
        raise BadArchiveError(f"{member.name.decode(errors='replace')!r} is not where it should be")
    if data[at + _HEADER.size : plain] != member.name or name_length != len(member.name):
        raise BadArchiveError(f"another member stands where {member.name.decode(errors='replace')!r} should be")
    return plain + int(extra_length)
