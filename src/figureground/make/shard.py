"""A shard: the parts of a dataset that one of several machines makes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from figureground.core.errors import FigureGroundError
from figureground.core.store import Store
from figureground.dataset import names

_FORM = re.compile(r"(\d{1,6})/(\d{1,6})", re.ASCII)


@dataclass(frozen=True)
class Shard:
    """Shard `number` of `of`, from 1: the parts whose number mod `of` is `number` - 1, so no two shards share one."""

    number: int = 1
    of: int = 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def parts(self, count: int) -> range:
        """Return which of so many parts are the shard's."""
        return range(self.number - 1, count, self.of)


WHOLE = Shard()


def shard_of(text: str) -> Shard:
    """Return the shard that a text like "2/4" means.  Raises FigureGroundError."""
    found = _FORM.fullmatch(text.strip())
    number, of = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= number <= of:
        last = f"{of}/{of}" if of else "N/N"
        raise FigureGroundError(
            f"no such shard: {text!r}", "--shard", f"shards are counted from 1: 1/{of or 'N'}, ... {last}"
        )
    return Shard(number, of)


def note_shard(store: Store, shard: Shard) -> None:
    """Write which shard a folder holds, for whoever opens or merges it."""
    store.write(names.SHARD, json.dumps({"shard": str(shard)}).encode())


def shard_in(store: Store) -> Shard | None:
    """Return which shard a folder says that it holds; None where it says none."""
    try:
        return shard_of(str(names.read_json(store, names.SHARD).get("shard", "")))
    except FigureGroundError:
        return None
