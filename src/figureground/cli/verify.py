"""The commands that hold a dataset to what it was made from: verify, regenerate."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from figureground.cli.app import DatasetPlace, Networks, Told, Workers, app, flag
from figureground.cli.console import for_terminal, in_shell, plural

if TYPE_CHECKING:
    from figureground.make.regenerate import Again
    from figureground.make.repair import Repaired
    from figureground.make.verify import Verdict

Facts = dict[str, Any]
_MANY = 1e8  # bytes: of less the start takes most of the time, and a speed says nothing


@app.command(help_epilogue="Example:\n  figureground verify out --deep\n")
def verify(
    dataset: DatasetPlace,
    /,
    *,
    deep: Annotated[bool, flag("Make every sample again and compare it, not hashes and tables alone.")] = False,
    repair: Annotated[bool, flag("Make anew what is damaged, and nothing else; then look again.")] = False,
    network: Networks = (),
    workers: Workers = 0,
    console: Told,
) -> None:
    """Say whether a dataset is as it was made: exit 1, and each damage by file and sample, where it is not.

    Changes nothing without --repair, which looks at every sample before it mends a table.
    """
    from figureground.core.engines import choose
    from figureground.make import repair as mending
    from figureground.make import verify as looking

    engine, start = choose("auto", workers), time.perf_counter()
    with console.progress() as progress:
        if repair:
            done = mending.repair(dataset, deep=deep, engine=engine, progress=progress, networks=network)
            facts = verdict_facts(done.left) | repair_facts(done)
        else:
            looked = looking.verify(dataset, deep=deep, engine=engine, progress=progress, networks=network)
            facts = verdict_facts(looked)
    facts["seconds"] = time.perf_counter() - start
    console.tell(facts, verdict_text(facts, dataset))
    if not facts["sound"]:
        sys.exit(1)


def verdict_facts(verdict: Verdict) -> Facts:
    """Return what a look at a dataset found."""
    return {
        "path": verdict.path,
        "deep": verdict.deep,
        "sound": verdict.sound,
        "parts": verdict.parts,
        "samples": verdict.samples,
        "bytes": verdict.bytes,
        "damage": [{"part": one.part, "sample": one.sample, "what": one.what} for one in verdict.damage],
        "unchecked": list(verdict.unchecked),
    }


def repair_facts(done: Repaired) -> Facts:
    """Return what a repair did: damage that was found, files that were made anew, and why others were not."""
    found = [{"part": one.part, "sample": one.sample, "what": one.what} for one in done.found.damage]
    return {"found": found, "made": list(done.made), "not_mended": list(done.why)}


def verdict_text(facts: Facts, dataset: Path | str) -> str:
    """Return what a look at a dataset found, a line a damage."""
    facts = for_terminal(facts)
    lines = [f"not checked: {line}" for line in facts["unchecked"]]
    for name, word in (("made", "made anew"), ("not_mended", "not mended")):
        lines += [f"{word}: {line}" for line in facts.get(name, ())]
    lines += [_damage_text(one) for one in facts["damage"]]
    size = f"{plural(facts['samples'], 'sample')} in {plural(facts['parts'], 'part')}"
    how = "every sample was looked at" if facts["deep"] else "hashes and tables were looked at"
    if facts["bytes"] >= _MANY:
        how += f", {facts['bytes'] / facts['seconds'] / 1e6:.0f} MB/s"
    if facts["sound"]:
        return "\n".join([*lines, f"sound: {size}; {how}"])
    lines.append(f"damaged: {plural(len(facts['damage']), 'thing')} in {size}; {how}")
    if "made" not in facts:
        lines.append(f"to mend it: figureground verify {in_shell(dataset)} --repair")
    return "\n".join(lines)


def _damage_text(one: Facts) -> str:
    sample = "" if one["sample"] is None else f", sample {one['sample']}"
    return f"{one['part'] or 'the dataset'}{sample}: {one['what']}"


@app.command(help_epilogue="Example:\n  figureground regenerate out --id 7 --out seven\n")
def regenerate(
    dataset: DatasetPlace,
    /,
    *,
    id: Annotated[str, Parameter(help="Which sample: its number, or its key.")],
    out: Annotated[Path | None, Parameter(help="A new folder for its layers and record.")] = None,
    network: Networks = (),
    console: Told,
) -> None:
    """Make one sample again from recipe and catalog, bit for bit, and say whether it is the one that is stored.

    Where it is not, --out has both, and a picture of where they differ; exit 1.
    """
    from figureground.make.regenerate import regenerate as make

    facts = again_facts(make(dataset, id, out, network), out)
    console.tell(facts, again_text(facts))
    if facts["stored"] and not facts["equal"]:
        sys.exit(1)


def again_facts(again: Again, out: Path | None) -> Facts:
    """Return how a sample that was made again is beside the stored one."""
    record = again.made.record
    return {
        "index": record.index,
        "key": record.key,
        "stored": again.is_stored,
        "equal": again.equal,
        "differences": {layer or "record": line for layer, line in again.differences.items()},
        "bytes": {
            layer: {"made": len(data), "stored": len(again.stored[layer]) if layer in again.stored else None}
            for layer, data in again.made_members().items()
        },
        "other_libraries": list(again.unlike_libraries),
        "path": out,
    }


def again_text(facts: Facts) -> str:
    """Return how a sample that was made again is beside the stored one."""
    facts = for_terminal(facts)
    lines = [f"sample {facts['index']}, {facts['key']}"]
    for layer, sizes in facts["bytes"].items():
        both = f"made {sizes['made']:,} B" + ("" if sizes["stored"] is None else f", stored {sizes['stored']:,} B")
        lines.append(
            f"  {layer}: {both}: {facts['differences'].get(layer, 'equal' if facts['stored'] else 'not stored')}"
        )
    if "record" in facts["differences"]:
        lines.append(f"  record: {facts['differences']['record']}")
    lines += [f"  made here with another library: {line}" for line in facts["other_libraries"]]
    verdict = "equal to the stored one, byte for byte" if facts["equal"] else "not the one that is stored"
    lines.append(verdict if facts["stored"] else "no part holds it: there is nothing to compare it with")
    return "\n".join([*lines, *([] if facts["path"] is None else [str(facts["path"])])])
