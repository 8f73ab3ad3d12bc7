"""Templates filled in: what is not `Markup` is escaped, and a name that is not given is an error."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup


def filled(template: str, values: Mapping[str, Any]) -> str:
    """Return the page that a template of this folder makes of the values."""
    return _environment().get_template(template).render(values)


@functools.cache  # compiling a template takes longer than filling it
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.FunctionLoader(_text),
    )


def _text(name: str) -> str:
    """Return a template's text; one may include another, as pages do that share a style sheet."""
    return files("figureground.report").joinpath(name).read_text(encoding="utf-8")


def markup(svg: str) -> Markup:
    """Return SVG whose texts are escaped already, as `plots` escapes them, as what a template need not escape."""
    return Markup(svg)  # noqa: S704
