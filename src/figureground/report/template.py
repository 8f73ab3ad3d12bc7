"""Templates filled in: what is not `Markup` is escaped, and a name that is not given is an error."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup


def filled(template: str, values: Mapping[str, Any]) -> str:
    """Return the page that a template of this folder makes of the values."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = files("figureground.report").joinpath(template).read_text(encoding="utf-8")
    return environment.from_string(text).render(values)


def markup(svg: str) -> Markup:
    """Return SVG whose texts are escaped already, as `plots` escapes them, as what a template need not escape."""
    return Markup(svg)  # noqa: S704
