"""Networks that a recipe names by a path: whether that path is followed hangs on whose recipe it is.

A user's own recipe is followed wherever it leads.  The recipe of a dataset came with the dataset, maybe from elsewhere:
what it names by a path is only looked for among the networks that whoever reads the dataset named too, so that nobody
else decides which of a user's files, or which file beside the dataset, is parsed and run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PureWindowsPath

from figureground.core.errors import FigureGroundError
from figureground.core.files import user_path

Named = tuple[Path, ...] | None  # None: the recipe is its user's own


def network_path(text: str, root: Path, named: Named, key: str) -> Path:
    """Return the path of the network, or of the card, that a recipe names by a path at `key`.

    `named` None: the path as the recipe says it, from `root`.  Else the one of `named` that has its file name, wherever
    the recipe says that it lies: a dataset may have been moved.  Nothing is opened or looked at.  Raises
    FigureGroundError where none has that name, and where several have and none of them lies where the recipe says.
    """
    if named is None:
        return user_path(text, root)
    whole = os.path.expandvars(text)
    name = PureWindowsPath(whole).name
    alike = {os.path.abspath(path): path for path in named if Path(os.path.abspath(path)).name == name}
    said = os.path.abspath(root / whole)
    if said in alike or len(alike) == 1:
        return alike.get(said) or next(iter(alike.values()))
    if alike:
        what, remedy = f"several networks called {name} were named", "name the dataset's alone"
    else:
        name = PureWindowsPath(text).name  # as it is written: a variable's value may be a secret
        what = "the dataset's own recipe names a network by a path, which is followed only if you name it too"
        remedy = f"if you trust {name}, name it: --network PATH/{name}, in Python networks=[PATH]"
    raise FigureGroundError(what, f"{key} = {text!r}", remedy)


def as_named(networks: Iterable[Path | str] | Path | str) -> tuple[Path, ...]:
    """Return the networks that somebody named, one or several, as paths."""
    return tuple(Path(one) for one in ([networks] if isinstance(networks, str | Path) else networks))
