"""`figureground export FORMAT DATASET OUT`: a command a format, whose flags are the options that the format declares.

Loaded when it is asked for, as the formats need numpy.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

from cyclopts import App, Parameter

from figureground.cli.app import DatasetPlace, OutPlace, Told
from figureground.cli.console import Console
from figureground.core.options import Option, options_of
from figureground.formats import EXPORTS, format_called
from figureground.formats.choice import Choice
from figureground.formats.format import Format

Splits = Annotated[
    tuple[str, ...], Parameter(help="Samples of this split alone; repeatable.", negative="", show_default=False)
]
Classes = Annotated[
    tuple[str, ...],
    Parameter(
        name="--class", help="Samples with a figure of this class alone; repeatable.", negative="", show_default=False
    ),
]
Where = Annotated[
    tuple[str, ...],
    Parameter(
        help="Samples for which this holds alone, like 'plausibility >= 0.5', of a column of labels.csv; repeatable.",
        negative="",
        show_default=False,
    ),
]

exports = App(name="export", help="Write a finished dataset in another layout.", help_format="plaintext")


def _command(format: Format) -> Callable[..., None]:
    """Return the command of a format."""

    def command(dataset: Any, out: Any, /, *, console: Console, **given: Any) -> None:
        from figureground.formats import export

        choice = Choice(given.pop("split", ()), given.pop("class_", ()), given.pop("where", ()))
        with console.progress() as progress:
            samples = export(dataset, format.name, out, choice=choice, progress=progress, **given)
        console.tell({"path": out, "format": format.name, "samples": samples}, str(out), asked=False)

    command.__doc__ = format.about
    positional, keyword = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter("dataset", positional, annotation=DatasetPlace),
        inspect.Parameter("out", positional, annotation=OutPlace),
        *map(_parameter, options_of(format.options)),
        *(
            inspect.Parameter(name, keyword, default=(), annotation=kind)
            for name, kind in (("split", Splits), ("class_", Classes), ("where", Where))
        ),
        inspect.Parameter("console", keyword, annotation=Told),
    ]
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    command.__signature__ = inspect.Signature(parameters, return_annotation=None)  # type: ignore[attr-defined]
    return command


def _parameter(one: Option) -> inspect.Parameter:
    switch: dict[str, Any] = {"negative": "", "show_default": False} if one.kind is bool else {}
    kind: Any = Annotated[one.kind, Parameter(help=one.meaning, **switch)]
    return inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=one.default, annotation=kind)


for _name in EXPORTS:
    _example = f"Example:\n  figureground export {_name} out {_name}\n"
    exports.command(_command(format_called(_name)), name=_name, help_epilogue=_example)
