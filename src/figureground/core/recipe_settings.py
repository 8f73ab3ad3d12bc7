"""`--set section.key=value`: a setting -> its key and value, or how it should have been written."""

from __future__ import annotations

import json
import shlex
import tomllib
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from figureground.core.errors import FigureGroundError
from figureground.core.files import user_path
from figureground.core.recipe import choices
from figureground.core.recipe_forms import refuse_old_forms
from figureground.core.recipe_values import KNOBS, SECTIONS, USUAL, bare, meant_by, near, read


def require_settings(settings: Iterable[str]) -> None:
    """Raise FigureGroundError, by an example of how to write it, for a setting that is none."""
    for setting in settings:
        setting_of(setting)


def setting_of(setting: str) -> tuple[str, Any]:
    """Return key and value of "section.key=value".  Raises FigureGroundError, which says how to write it."""
    key, equals, raw = (part.strip() for part in setting.partition("="))
    if not equals:
        key, _, raw = key.partition(" ")
        ways = _ways_to_set([key] if key in KNOBS else near(key), raw)
        raise FigureGroundError(
            f"--set {setting!r} has no '='", "--set", f"write {ways or '--set section.key=value'}, without spaces"
        )
    section, _, name = key.rpartition(".")
    refuse_old_forms({section: {name: _toml_value(raw, key)}}, f"--set {setting}")
    if key not in KNOBS:
        found, what = near(key), f"unknown recipe key {key!r}"
        if key in SECTIONS:
            found = [k for k in KNOBS if k.startswith(f"{key}.") and raw in choices(KNOBS[k].type)]
            what = f"{key} = {raw!r} is not a table, and {key} is one"
        ways = _ways_to_set([k for k in found if k in KNOBS], raw)
        raise FigureGroundError(
            what, f"--set {setting}", f"write {ways}" if ways else f"known sections: {', '.join(SECTIONS)}"
        )
    value, knob = _toml_value(raw, key), KNOBS[key]
    try:
        read(knob.type, value, knob.metadata["between"])
    except ValueError as expected:
        better, usual = meant_by(knob, raw), USUAL[key]
        way = (
            f"write --set {key}={_quoted(better)}" if better else f"for example --set {key}={_quoted(_example(usual))}"
        )
        means = knob.metadata["meaning"]
        raise FigureGroundError(f"{key} = {value!r} is not {expected}", f"--set {setting}", f"{way}; {means}") from None
    return key, value


def refuse_bare_list(key: str, value: Any, root: Path) -> None:
    """Raise FigureGroundError for several paths with commas between them, which would be the name of one."""
    if isinstance(value, str) and "," in value and typing.get_origin(KNOBS[key].type) is tuple:
        parts = [part.strip() for part in value.split(",")]
        if not user_path(value, root).exists() and all(user_path(part, root).exists() for part in parts):
            raise FigureGroundError(
                f"{value!r} would be one path",
                f"--set {key}={value}",
                f"write --set {key}={_quoted(json.dumps(parts))}",
            )


def as_setting(option: str, value: str) -> str:
    """Return how a key that is given as an option, like `--per-pair 3`, is set: "" where it is no key."""
    last = bare(option.lstrip("-"))
    named = [key for key in KNOBS if bare(key) == last]
    return _ways_to_set(named or [key for key in KNOBS if bare(key.rpartition(".")[2]) == last], value)


def _ways_to_set(keys: Iterable[str], raw: str) -> str:
    """Return how the value of a setting is written with keys that may be meant."""
    return " or ".join(
        f"--set {key}={_quoted(raw if _fits(key, raw) else meant_by(KNOBS[key], raw) or 'VALUE')}" for key in keys
    )


def _fits(key: str, raw: str) -> bool:
    """Tell whether the text of a setting is a value of its key."""
    try:
        read(KNOBS[key].type, _toml_value(raw, key), KNOBS[key].metadata["between"])
    except ValueError:
        return False
    return raw != ""


def _quoted(value: str) -> str:
    """Return a value as a shell takes it; texts of one word need no quotes."""
    return shlex.quote(value.strip('"') if value.strip('"').isidentifier() else value)


def _toml_value(raw: str, key: str) -> Any:
    """Return the value of a setting; on a command line, quotes around a text are optional, for "2020" too."""
    try:
        value = tomllib.loads(f"value = {raw}")["value"]
    except ValueError:
        return raw
    kind = KNOBS[key].type if key in KNOBS else None
    wants_text = kind is str or choices(kind)
    return raw if wants_text and not isinstance(value, str | list | dict) else value


def _example(value: Any) -> str:
    return str(value) if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
