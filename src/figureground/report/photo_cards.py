"""Photos as cards: small, with what was noted of each.  Those that are used, and those that are set aside."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from figureground.core.arrays import Bytes
from figureground.core.nouns import Background, Catalog, Cutout, Foreground, Picture, SetAside
from figureground.ingest.pixels import Pixels
from figureground.report.floors import floor_picture
from figureground.report.sheet import contact_sheet

MOST = 120  # cards on a sheet
SIDE = 200  # px of a picture
_BEHIND = 128  # the grey behind a cut-out
_LETTERS, _LINES = 32, 5  # in a line below a tile; lines of a card at most


@dataclass(frozen=True, eq=False)
class Card:
    """A photo: uint8 (h, w, 3) or (h, w, 4), None where there is none to show; its name; facts and notes, a line each.

    `marked`: something is probably wrong.
    """

    name: str
    picture: NDArray[np.uint8] | None
    lines: tuple[str, ...] = ()
    marked: bool = False


@dataclass(frozen=True)
class Cards:
    """The cards that are shown, of how many; those that are marked come in first."""

    title: str
    shown: tuple[Card, ...]
    total: int

    @property
    def says(self) -> str:
        """How many are shown of how many."""
        few = f", {len(self.shown):,} of them shown" if len(self.shown) < self.total else ""
        return f"{self.total:,}{few}"


def chosen(total: int, marked: Sequence[int], most: int = MOST) -> list[int]:
    """Return up to `most` numbers below `total`, in order: the marked ones, and an even spread of the others."""
    if total <= most:
        return list(range(total))
    first = list(marked)[:most]
    others = sorted(set(range(total)) - set(marked))
    if not others:
        return first
    spread = np.linspace(0, len(others) - 1, most - len(first)).round().astype(int)
    return sorted([*first, *(others[i] for i in spread)])


def background_cards(catalog: Catalog, pixels: Pixels) -> Cards:
    """Return the backgrounds, with floors tinted and horizons drawn where they were looked for."""
    warned = _warned(catalog, "background")
    marked = [i for i, one in enumerate(catalog.backgrounds) if one.source in warned]
    shown = chosen(len(catalog.backgrounds), marked)
    cards = [_background_card(catalog, pixels, i, catalog.backgrounds[i].source in warned) for i in shown]
    return Cards("Backgrounds", tuple(cards), len(catalog.backgrounds))


def foreground_cards(catalog: Catalog, pixels: Pixels) -> Cards:
    """Return the cut-outs."""
    warned = _warned(catalog, "foreground")
    marked = [i for i, one in enumerate(catalog.foregrounds) if one.source in warned]
    cards = []
    for i in chosen(len(catalog.foregrounds), marked):
        entry = catalog.foregrounds[i]
        facts = [_cut(entry), *([entry.class_name] if len(catalog.classes) > 1 else [])]
        lines = (", ".join(facts), _pose(entry), *_said(catalog, "foreground", entry.source))
        cards.append(Card(entry.source, pixels.cutout(i), lines, entry.source in warned))
    return Cards("Foregrounds", tuple(cards), len(catalog.foregrounds))


def _cut(entry: Foreground) -> str:
    how = {"alpha": "its own alpha", "key": "cut out by colour", "network": "cut out by the network"}
    tall = f", {entry.real_height:.2f} m" if entry.real_height else f", {entry.height} px tall"
    return how.get(entry.cutout, entry.cutout) + tall


def _pose(entry: Foreground) -> str:
    """Return how a figure stands: "standing (98%)", "half-length (90%), cut off at bottom"."""
    sides = f", cut off at {' and '.join(entry.cut)}" if entry.cut else ""
    return f"{entry.pose} ({entry.pose_confidence:.0%}){sides}"


def _background_card(catalog: Catalog, pixels: Pixels, i: int, marked: bool) -> Card:
    entry, picture = catalog.backgrounds[i], pixels.background(i)
    lines = _said(catalog, "background", entry.source)
    if entry.ground is None:
        return Card(entry.source, picture, lines, marked)
    said = f"floor {entry.ground.share:.0%} of it, {_horizon(entry, picture.shape[0])}"
    return Card(entry.source, floor_picture(picture, pixels.floor(i), entry.ground), (said, *lines), marked)


def _horizon(entry: Background, height: int) -> str:
    if entry.ground is None:
        return ""
    down = entry.ground.horizon_y / height
    where = "above it" if down < 0 else "below it" if down > 1 else f"{down:.0%} down"
    return f"horizon {where}, camera {entry.ground.camera_height:.1f} m up"


def aside_cards(photos: Sequence[tuple[SetAside, NDArray[np.uint8] | None]], total: int) -> Cards:
    """Return the photos that are set aside, each with its picture where it has one."""
    cards = (Card(photo.source, picture, (photo.reason,)) for photo, picture in photos)
    return Cards("Set aside", tuple(cards), total)


def with_cutout(picture: Bytes, cutout: Cutout) -> Bytes:
    """Return a picture with a cut-out of its photo, over grey, to its right: RGB of the picture's height."""
    height, width = picture.shape[:2]
    small = np.asarray(Image.fromarray(cutout).resize((width, height), Image.Resampling.BILINEAR)).astype(np.float32)
    alpha = small[..., 3:] / 255
    over = np.rint(small[..., :3] * alpha + _BEHIND * (1 - alpha)).astype(np.uint8)
    return np.concatenate([picture[..., :3], over], 1)


def _warned(catalog: Catalog, kind: str) -> set[str]:
    return {warning.source for warning in catalog.warnings if warning.kind == kind}


def _said(catalog: Catalog, kind: str, source: str) -> tuple[str, ...]:
    """Return what was noted of a photo, warnings first."""
    warnings = [f"WARNING: {one.reason}" for one in catalog.warnings if (one.kind, one.source) == (kind, source)]
    return *warnings, *(one.reason for one in catalog.notes if (one.kind, one.source) == (kind, source))


def cards_sheet(cards: Cards, tile: tuple[int, int] = (SIDE, SIDE)) -> Picture:
    """Return the sheet of some cards, those that are marked framed."""
    columns = min(8, max(4, math.ceil(math.sqrt(1.6 * len(cards.shown)))))
    pictures = [_empty() if card.picture is None else card.picture for card in cards.shown]
    letters = _LETTERS * tile[1] // SIDE
    captions = [_caption(card, letters) for card in cards.shown]
    marked = [k for k, card in enumerate(cards.shown) if card.marked]
    return contact_sheet(pictures, captions, columns, tile, cards.title, cards.says, marked)


def _empty() -> Picture:
    return np.full((1, 1, 3), 234, np.uint8)


def _caption(card: Card, letters: int) -> str:
    lines = [line for text in card.lines for line in textwrap.wrap(text, letters)]
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], "..."]
    return "\n".join([" ".join(card.name.split("\n")), *lines])
