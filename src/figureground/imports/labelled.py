"""Labelled pictures: which instances of which classes each has, and which of them cannot be used by their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from figureground.core.inner_names import fault
from figureground.imports.outlines import Outline


@dataclass(frozen=True)
class Instance:
    """One labelled thing.

    `key`: its number in the labels.  `outline`: None where it cannot be used, and `aside` says why: a general reason,
    then after ":" what is its own.
    """

    key: str
    class_name: str
    outline: Outline | None = None
    aside: str = ""


@dataclass(frozen=True)
class Labelled:
    """A picture with its instances.

    `file`: its name below the folder of pictures; "" where the labels name none that may be read, for `aside`.
    `size`: (height, width) as the labels have it, None where they do not say.
    """

    file: str
    instances: tuple[Instance, ...]
    size: tuple[int, int] | None = None
    licence: str = ""
    credit: str = ""
    aside: str = ""
    shown: str = ""


@dataclass(frozen=True)
class Labels:
    """What a label file says.  `about`: what of the source decides the cut-outs, for import.json."""

    pictures: Sequence[Labelled]
    classes: Sequence[str]
    about: dict[str, str]


def inner_file(written: object) -> tuple[str, str]:
    """Return (name below the folder of pictures, why it is none): one of the two is "".

    Labels that Windows wrote part folders with a backslash.
    """
    if not isinstance(written, str) or not written:
        return "", "no file name"
    name = written.replace("\\", "/").removeprefix("./")
    why = fault(name)
    return ("", f"a file name that leads out, or is none: it {why}") if why else (name, "")
