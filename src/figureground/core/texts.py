"""Text files that people write: read whatever their editor saved, and told what is wrong with them."""

from __future__ import annotations

import codecs
import contextlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

_MARK = "\ufeff"  # of byte order, which Notepad and Excel write
_BY_MARK = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_CURLED = "“”„‟‘’‚«»"
_ESCAPED = {"\n": "n", "\t": "t", "\r": "r", "\b": "b", "\f": "f", "\x1b": "e"}
_MARKUP = re.compile(r"[\\`*_\[\]|~!#]")  # what Markdown acts on within a line
_QUOTED = re.compile(r'"([^"]*\\[^"]*)')


def decoded(data: bytes) -> str:
    """Return the text of a file, in UTF-8, or in UTF-16 or UTF-32 with a mark of byte order; lines end with "\\n".

    Raises ValueError, which says why, for what is no text or in another encoding.
    """
    encoding = next((name for mark, name in _BY_MARK.items() if data.startswith(mark)), "")
    if not encoding and b"\0" in data[:4]:  # UTF-16 without its mark: every other byte of Latin letters is 0
        encoding = "utf-16-be" if data[:1] == b"\0" else "utf-16-le"
    try:
        text = data.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        if encoding or b"\0" in data:
            raise ValueError("it is no text") from None
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line} is not UTF-8 (byte 0x{data[error.start]:02x}); save it as UTF-8") from None
    if "\0" in text:
        raise ValueError("it is no text")
    return text.lstrip(_MARK).replace("\r\n", "\n").replace("\r", "\n")


def why_no_toml(text: str, error: ValueError) -> tuple[str, str]:
    """Return the line where a TOML text is wrong, and what to write instead."""
    found = re.search(r"at line (\d+)", str(error))
    lines = text.split("\n")
    number = min(int(found[1]), len(lines)) if found else len(lines)
    line = lines[number - 1].strip()
    remedy = "texts need quotes; see `figureground init`"
    if path := _QUOTED.search(line):
        remedy = in_other_quotes(path[1])
    elif set(line) & set(_CURLED):
        remedy = 'write straight quotes, like "photos"'
    elif re.search(r"=\s*(True|False|TRUE|FALSE|yes|no)\b", line):
        remedy = "write true or false, in small letters"
    elif " twice" in str(error):
        remedy = "write a section once; of several sources, each as [[foregrounds]] or [[backgrounds]]"
    elif "overwrite" in str(error):
        remedy = "it is there already: leave one of the two out"
    return line[:80], remedy


def in_other_quotes(path: str) -> str:
    """Return how a path with backslashes is written in TOML, where they begin escapes in double quotes."""
    share = "\\" if path.startswith("\\\\") else ""  # \\\\server begins with two
    single = share + path.replace("\\\\", "\\").rstrip("\\")
    return f"write \"{single.replace(chr(92), '/')}\", or '{single}' in single quotes"


def before_escapes(path: str) -> str:
    """Return a path with a backslash and a letter for each control character, as it was probably meant."""
    share = "\\" if path.startswith("\\") else ""
    return share + "".join(f"\\{_ESCAPED[c]}" if c in _ESCAPED else c for c in path)


def has_controls(text: str) -> bool:
    """Tell whether a text has control characters."""
    return any(ord(c) < 32 or ord(c) == 127 for c in text)


def meant(raw: str, read: Callable[[Any], Any]) -> str:
    """Return the way to write a value that was probably meant, such as [3,3] for 3 or [640,480] for 640x480; "" where
    none is seen.  `read` raises ValueError for values that do not fit."""
    for text in _ways(raw.strip()):
        try:
            value = json.loads(text)
            read(value)
        except (ValueError, RecursionError):
            continue
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return ""


def _ways(raw: str) -> Iterator[str]:
    """Yield other ways to write a value, as JSON."""
    words = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}
    low = raw.lower().strip("\"'= ")
    yield low
    yield words.get(low, low)
    yield json.dumps(low)
    yield re.sub(r"[,_' ]", "", low)
    with contextlib.suppress(ValueError, OverflowError):
        yield f"{float(low):.0f}"
    numbers = re.findall(r"\d*\.?\d+", low)
    yield f"[{','.join(numbers)}]"
    if len(numbers) == 1:
        yield f"[{numbers[0]},{numbers[0]}]"
    yield json.dumps([part.strip(" []()'\"") for part in raw.split(",")])


def in_markdown(text: str) -> str:
    """Return a text as Markdown shows it, in one line, also in a cell of a table: nothing in it is markup or HTML."""
    line = " ".join("".join(c if ord(c) >= 32 and ord(c) != 127 else " " for c in text).split())
    return _MARKUP.sub(r"\\\g<0>", line).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
