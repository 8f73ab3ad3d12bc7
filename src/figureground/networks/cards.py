"""Cards of depth networks: what must be known of one to use it.  Nothing about a network is guessed.

A card ships here (`cards.toml`), stands in TOML beside the weights (`NETWORK.card.toml`), or is known by the weights'
sha256.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from figureground.core.card import FITS, KINDS, LAYOUTS, READINGS, RESIZES, RUNTIMES, Card
from figureground.core.errors import FigureGroundError
from figureground.core.files import file_sha256
from figureground.core.texts import decoded
from figureground.networks.named import Named, network_path

_HELP = "see docs/models.md"
_KEYS = {field.name: str(field.type) for field in fields(Card)}
_REQUIRED = {field.name for field in fields(Card) if field.default is MISSING}
_CHOICES: dict[str, tuple[str, ...]] = {
    "output": tuple(KINDS),
    "reading": READINGS,
    "runtime": RUNTIMES,
    "resize": RESIZES,
    "fit": FITS,
    "layout": LAYOUTS,
}
_LENGTHS = {"mean": (3,), "std": (3,), "valid": (0, 2)}


def card_from(table: Mapping[str, Any], where: str) -> Card:
    """Return the card that a TOML table holds: the fields of Card, of which name, input_size and output are required.

    Raises FigureGroundError, with `where` in it, for a wrong key, a wrong value or a missing unit.
    """
    for check in (_check_keys, _check_kinds, _check_choices, _check_lists, _check_ranges, _check_inputs):
        check(table, where)
    return Card(**{key: _frozen(value) for key, value in table.items()})


def _frozen(value: Any) -> Any:
    """Return a TOML value with tuples for lists, and for a table the pairs of its keys and values, sorted."""
    if isinstance(value, dict):
        return tuple(sorted((key, _frozen(inner)) for key, inner in value.items()))
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def read_card(path: Path) -> Card:
    """Read a user's card from TOML.  Raises FigureGroundError naming the file where it is not one (`card_from`)."""
    return card_from(_toml(path), str(path))


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(decoded(path.read_bytes()))
    except FileNotFoundError:
        raise FigureGroundError("no such card", str(path), f"a TOML file, or one of {', '.join(CARDS)}") from None
    except (OSError, ValueError) as error:
        raise FigureGroundError(f"the card cannot be read: {error}", str(path), _HELP) from None


def _check_keys(table: Mapping[str, Any], where: str) -> None:
    for problem, keys in (("unknown", set(table) - set(_KEYS)), ("missing", _REQUIRED - set(table))):
        if keys:
            what = f"the card has wrong keys; {problem}: {', '.join(sorted(keys))}"
            raise FigureGroundError(what, where, f"keys: {', '.join(_KEYS)}")


def _check_kinds(table: Mapping[str, Any], where: str) -> None:
    for key, value in table.items():
        kind = _KEYS[key] if _KEYS[key] in ("str", "int", "float", "bool") else "list"
        kind = "table" if key == "inputs" else kind
        if not _is_a(kind, value):
            raise FigureGroundError(f"{key} = {value!r} is no {kind}", where, _HELP)


def _is_a(kind: str, value: object) -> bool:
    """Return whether a TOML value is of that kind; a float may be written as an int, and must be finite as float32."""
    if kind == "float":
        return isinstance(value, int | float) and not isinstance(value, bool) and -3e38 < value < 3e38
    return type(value) is {"str": str, "int": int, "bool": bool, "list": list, "table": dict}[kind]


def _check_choices(table: Mapping[str, Any], where: str) -> None:
    for key, choices in _CHOICES.items():
        if key in table and table[key] not in choices:
            raise FigureGroundError(f"{key} = {table[key]!r} is unknown", where, f"one of {', '.join(choices)}")


def _check_lists(table: Mapping[str, Any], where: str) -> None:
    for key, lengths in _LENGTHS.items():
        numbers = table.get(key)
        if numbers is not None and not (len(numbers) in lengths and all(_is_a("float", n) for n in numbers)):
            wanted = " or ".join(map(str, lengths))
            raise FigureGroundError(f"{key} = {numbers!r} is no list of {wanted} numbers", where, _HELP)


def _check_ranges(table: Mapping[str, Any], where: str) -> None:
    std, valid, multiple = table.get("std", [1.0]), table.get("valid", []), table.get("multiple", 0)
    if table["input_size"] < 8:
        raise FigureGroundError(f"input_size = {table['input_size']} is no picture", where, "the side in px")
    if min(std) <= 0:
        raise FigureGroundError(f"std = {std} is not positive", where, _HELP)
    if valid != sorted(valid):
        raise FigureGroundError(f"valid = {valid} is not [smallest, largest]", where, _HELP)
    if multiple < 0:
        raise FigureGroundError(f"multiple = {multiple} is negative", where, "0, or the side's multiple")
    if table.get("unit_scale", 1.0) == 0:
        raise FigureGroundError("unit_scale = 0 makes all depth 0", where, "output x unit_scale = depth in its unit")


def _check_inputs(table: Mapping[str, Any], where: str) -> None:
    for name, value in table.get("inputs", {}).items():
        if not _is_constant(value):
            raise FigureGroundError(
                f"inputs.{name} = {value!r} is no constant", where, "a number, true or false, or a list of them"
            )


def _is_constant(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and all(map(_is_constant, value))
    return type(value) is bool or _is_a("int", value) or _is_a("float", value)


def _built_in() -> dict[str, Card]:
    path = Path(__file__).with_name("cards.toml")
    cards = [card_from(table, f"{path}: {table.get('name')}") for table in _toml(path)["card"]]
    return {card.name: card for card in cards}


CARDS = _built_in()


def find_card(weights: Path, card: str, root: Path, named: Named = None) -> Card:
    """Return the card of a weight file: the one asked for, the one beside it, or the one known by its hash.

    A built-in name is that card, whatever lies in `root`.  `named`: whether a path is followed (`network_path`).
    Raises FigureGroundError when there is none.
    """
    if card in CARDS:
        return CARDS[card]
    if card:
        return read_card(network_path(card, root, named, "depth.card"))
    beside = weights.with_suffix(".card.toml")
    if beside.is_file():
        return read_card(beside)
    if weights.suffix.lower() in (".h5", ".hdf5"):
        return CARDS["densedepth-nyu"]
    digest = file_sha256(weights)
    for known in CARDS.values():
        if known.sha256 == digest:
            return known
    raise FigureGroundError(
        "this depth network has no card, so its unit is not known",
        str(weights),
        f"write {beside.name} beside it (docs/models.md), or set depth.card to one of {', '.join(CARDS)}",
    )
