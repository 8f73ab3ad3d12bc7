"""Options that a module declares as a dataclass, and that the command line offers as flags."""

from __future__ import annotations

import dataclasses
import typing
from dataclasses import dataclass
from typing import Any


def option(default: Any, meaning: str) -> Any:
    """A field of a dataclass of options.  `meaning`: what `--help` says of it."""
    return dataclasses.field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True)
class Option:
    """One field of such a dataclass."""

    name: str
    kind: Any
    default: Any
    meaning: str


def options_of(kind: type[Any]) -> list[Option]:
    """Return the options that a dataclass declares, in their order."""
    hints = typing.get_type_hints(kind)
    fields = dataclasses.fields(kind)
    return [Option(one.name, hints[one.name], one.default, one.metadata.get("meaning", "")) for one in fields]
