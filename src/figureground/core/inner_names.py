"""What may be a name inside a dataset.  The one rule, for stores, catalogs, manifests, records and members of zips.

A name is a relative POSIX path, "parts/part-00000.zip".  `fault` is the law of every store, whose names may come from a
user's photos.  `declared` is that for names which a file of a dataset speaks of, and of members of zips, read or
written: whoever unpacks them on any system gets a file of that name, below the folder that he chose.
"""

from __future__ import annotations

import re

from figureground.core.errors import printable

LOCK = ".lock"
PARTIAL = ".partial"
LONGEST = 255  # bytes of a declared name
TEMPORARY = re.compile(rf".+\.[0-9a-f]{{8}}{re.escape(PARTIAL)}", re.DOTALL)
UNFIT = re.compile(r"[\\\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # backslash, control characters, what UTF-8 cannot say
DRIVE = re.compile(r"[A-Za-z]:")
# names of devices on Windows, with any suffix
_DEVICE = r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])"
_DEVICES = re.compile(rf"{_DEVICE}\s*(?:\..*)?", re.IGNORECASE | re.DOTALL)
_NO_NAME = re.compile(r'[:<>"|?*]')  # on Windows, where ":" parts a file from a stream hidden in it
# what nearly all names look like, to tell them in one go
_PLAIN = re.compile(rf"(?:(?!{_DEVICE}(?:[./]|$))\w[\w-]*(?:\.[a-z0-9]+)?(?:/(?!$)|$))+", re.ASCII | re.IGNORECASE)


def fault(name: str) -> str | None:
    """Return why a text is no name; None when it is one."""
    if unfit := UNFIT.search(name):
        return f"has {unfit.group()!r}"
    for piece in name.split("/"):
        if piece in ("", ".", ".."):
            return f"has a piece {piece!r}"
        if DRIVE.match(piece):
            return "has a drive letter"
        if piece == LOCK or TEMPORARY.fullmatch(piece):
            return f"has a piece that is kept for the store itself, {piece!r}"
    return None


def declared(name: object) -> str:
    """Return a name that a dataset speaks of.  Raises ValueError, which says why, for what is none or not safe."""
    if not isinstance(name, str):
        raise ValueError(f"a name of a file is {type(name).__name__}, not text")
    if len(name) <= LONGEST and _PLAIN.fullmatch(name):
        return name
    if why := fault(name) or _unportable(name):
        raise ValueError(f"not a name in a dataset: {printable(ascii(name[:80]))} {why}")
    return name


def _unportable(name: str) -> str | None:
    """Return why a name of a store does not mean the same file on every system; None where it does."""
    if len(name.encode()) > LONGEST:
        return f"is longer than {LONGEST} bytes"
    if printable(name) != name:
        return "has characters that turn or break a line of text"
    if found := _NO_NAME.search(name):
        return f"has {found.group()!r}"
    for piece in name.split("/"):
        if piece[-1] in ". ":
            return f"has a piece that ends with {piece[-1]!r}"
        if _DEVICES.fullmatch(piece):
            return f"has a piece that is a device on Windows, {piece!r}"
    return None
