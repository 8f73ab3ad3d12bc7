"""Other layouts of a finished dataset, one module a layout."""

from __future__ import annotations

from figureground.formats import layout2020

EXPORTS = {"2020": layout2020.export}
