"""What a data card says of where a dataset comes from: photos and whose they are, networks, seed, and known limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from figureground.core.nouns import Background, Catalog, Foreground
from figureground.core.record import Record
from figureground.core.texts import in_markdown
from figureground.samples.stats import Statistics

_LISTED = 50  # lines of credits, at most
_UNSAID = "not said"


def licences(catalog: Catalog) -> list[str]:
    """Return the licences of all photos, sorted; none where that of one is unknown."""
    found = {entry.licence for entry in _entries(catalog)}
    return [] if "" in found else sorted(found)


def inputs(manifest: Mapping[str, Any], catalog: Catalog) -> str:
    """Return the section on photos, networks and seed."""
    recipe = manifest.get("recipe") or {}
    seed = recipe.get("seed", "")
    return (
        "## What it is made from\n\nThe photos, by what they show, their licence and whose they are, as credits.csv "
        f"beside them says. Whoever hands this dataset on hands them on.\n\n{_photos(catalog)}\n\n"
        f"{_networks(manifest)}"
        f"Seed {in_markdown(str(seed))}, placement {in_markdown(str(recipe.get('placement.mode', '')))}; "
        f"{len(catalog.set_aside):,} photos were set aside, with reasons in `catalog/catalog.jsonl`. Build id "
        f"`{in_markdown(str(manifest['build_id']))}`.\n\n"
    )


def _entries(catalog: Catalog) -> Iterator[Background | Foreground]:
    yield from catalog.backgrounds
    yield from catalog.foregrounds


def _photos(catalog: Catalog) -> str:
    said = Counter(
        (entry.class_name if isinstance(entry, Foreground) else "background", entry.licence, entry.credit)
        for entry in _entries(catalog)
    )
    rows = sorted(said.items(), key=lambda item: (-item[1], item[0]))
    lines = [_row(f"{count:,}", *about) for about, count in rows[:_LISTED]]
    if len(rows) > _LISTED:
        rest = sum(count for _, count in rows[_LISTED:])
        lines.append(f"| {rest:,} | others, in `catalog/catalog.jsonl` | | |")
    return "\n".join(["| photos | shows | licence | credit |", "|---|---|---|---|", *lines])


def _row(first: str, *texts: str) -> str:
    """Return a row of a table; what is in no text is said to be unsaid."""
    return f"| {first} | {' | '.join(in_markdown(text) or _UNSAID for text in texts)} |"


def _networks(manifest: Mapping[str, Any]) -> str:
    """Return the table of networks; "" where none was asked.  Only a depth network's card tells its licence."""
    rows = [(one["use"], one["file"], one["sha256"], "") for one in manifest.get("networks") or ()]
    model = manifest.get("depth_model")
    if model:
        told = model["card"].get("licence", "")
        files = model.get("files") or [model]
        rows = [row for row in rows if row[2] not in [one["sha256"] for one in files]]
        rows += [("depth", f"{model['card'].get('name', '')} ({one['file']})", one["sha256"], told) for one in files]
    if not rows:
        return "No network was asked.\n\n"
    lines = [_row(*row) for row in rows]
    return "\n".join(["| network for | file | sha256 | licence |", "|---|---|---|---|", *lines]) + "\n\n"


def limits(total: Statistics, first: Record, catalog: Catalog) -> str:
    """Return the section on what a user should know before trusting it."""
    said = ["Composites are pasted, not photographed: light, shadows and edges are fitted, not seen."]
    if "depth" in first.depths:
        found = Counter(background.depth_from for background in catalog.backgrounds if background.depth_file)
        words = {"file": "given", "fitted": "given, its shift worked out", "network": "a network's guess"}
        told = ", ".join(f"{count:,} {words.get(kind, kind)}" for kind, count in sorted(found.items()))
        said.append(
            f"Depth of the backgrounds is what their maps say ({told}); depth of figures is modelled, not measured."
            if told
            else "Depth is a network's guess on each composite."
        )
        if first.depths["depth"].unit == "relative":
            said.append("Depth is relative: known only up to scale and shift, which differ between backgrounds.")
    if total.no_depth:
        said.append(
            f"{len(total.no_depth):,} samples have no depth value; `manifest.json` names them under `no_depth`."
        )
    people = sum(background.people > 0 for background in catalog.backgrounds)
    unknown = sum(background.people < 0 for background in catalog.backgrounds)
    if people or unknown:
        said.append(
            f"Masks name pasted figures alone: {people:,} backgrounds show people already, and at {unknown:,} nobody "
            "looked; the column `background_people` says so."
        )
    return "## Known limits\n\n" + "\n".join(f"- {line}" for line in said) + "\n\n"
