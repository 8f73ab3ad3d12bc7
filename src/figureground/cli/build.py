"""The commands that make a dataset: demo, init, check, build."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from figureground.cli.app import (
    DatasetPlaces,
    NoCache,
    OutFolder,
    OutPlace,
    RecipeFile,
    Settings,
    Told,
    Workers,
    app,
    flag,
)
from figureground.cli.console import (
    Console,
    catalog_facts,
    catalog_text,
    cost_facts,
    cost_text,
    dataset_facts,
    dataset_text,
    failed_checks,
    in_shell,
    no_depth_lines,
)
from figureground.core.errors import FigureGroundError

if TYPE_CHECKING:
    from figureground.core.engines import Engine
    from figureground.core.recipe import Recipe


@app.command(help_epilogue="Example:\n  figureground demo demo\n")
def demo(
    out: OutFolder,
    /,
    *,
    backgrounds: Annotated[int, Parameter(help="How many rooms are drawn.")] = 8,
    people: Annotated[int, Parameter(help="How many people are drawn.")] = 8,
    workers: Workers = 0,
    console: Told,
) -> None:
    """Draw rooms and people, and build a small dataset from them, with exact depth and a report.

    Needs no photos, no network weights and no internet.
    """
    from figureground.core.engines import choose
    from figureground.core.recipe_toml import load_recipe
    from figureground.drawn.demo import write_photos
    from figureground.make import build as make

    engine = choose("auto", workers)
    with console.progress() as progress:
        recipe = write_photos(out, backgrounds, people, engine, progress)
        make.build(load_recipe(recipe), out / "dataset", engine=engine, progress=progress)
    _tell_built(console, out / "dataset")


@app.command(help_epilogue="Example:\n  figureground init mine --preset eva4\n")
def init(
    folder: Annotated[Path, Parameter(help="Where recipe.toml is written.")],
    /,
    *,
    preset: Annotated[str, Parameter(help="default | uniform | eva4")] = "default",
    all_: Annotated[bool, flag("Write every knob, not only those that a beginner turns.", name="--all")] = False,
    console: Told,
) -> None:
    """Write a commented recipe.toml to start from, and the folders that it names.

    Presets: default (figures that stand on the floor, with layered depth); uniform (figures placed anywhere, depth by a
    network on each composite); eva4 (the numbers of the 2020 student dataset).
    """
    from figureground.core.files import sweep_beside, write_whole
    from figureground.core.presets import starting_recipe

    recipe, text = starting_recipe(preset, every_knob=all_)
    path = folder / "recipe.toml"
    if folder.suffix.lower() == ".toml":
        raise FigureGroundError("init writes a folder", str(folder), f"figureground init {in_shell(folder.parent)}")
    if path.exists():
        raise FigureGroundError("there is a recipe already", str(path), "edit it, or name another folder")
    try:
        for photos in recipe.backgrounds[0].path + recipe.foregrounds[0].path:
            (folder / photos).mkdir(parents=True, exist_ok=True)
        sweep_beside(path)
        write_whole(path, text.encode())  # last: while it is not there, init may be run again
    except OSError as error:
        raise FigureGroundError(f"cannot write: {error.strerror}", str(path), "choose another folder") from None
    next_step = (
        f"{path}: put your photos into its folders, or edit the paths; then `figureground check {in_shell(path)}`"
    )
    console.tell({"recipe": path}, next_step, asked=False)


@app.command(help_epilogue="Example:\n  figureground check mine/recipe.toml\n")
def check(
    recipe: RecipeFile,
    /,
    *,
    out: Annotated[
        Path | None, Parameter(help="A folder for sheets of the photos, and for review.csv to mark those to leave out.")
    ] = None,
    settings: Settings = (),
    workers: Workers = 0,
    no_cache: NoCache = False,
    console: Told,
) -> None:
    """Prepare the photos and show which are used, and which are set aside and why.

    Writes nothing but what --out asks for, and prepared photos, in .figureground-cache beside the recipe, which `build`
    then takes from there.
    """
    from figureground.core.engines import choose
    from figureground.core.recipe_toml import load_recipe
    from figureground.make import build as make

    files: list[Path] = []
    with console.progress() as progress:
        loaded = load_recipe(recipe, settings, cache=not no_cache)
        if out is None:
            catalog = make.check(loaded, workers=workers, progress=progress)
        else:
            from figureground.make.preview import preview
            from figureground.resolve import resolve

            catalog, names = preview(resolve(loaded), out, 0, choose("auto", workers), progress)
            files = [out / name for name in names]
    facts = catalog_facts(catalog)
    text = "\n".join([catalog_text(facts, everything=True), *(f"  {path}" for path in files)])
    console.tell(facts | {"files": files} if files else facts, text)


@Parameter(name="*")
@dataclass(frozen=True)
class BuildOptions:
    """The flags of `build`."""

    settings: Settings = ()
    workers: Workers = 0
    engine: Annotated[str, Parameter(help="auto | serial | processes | ray")] = "auto"
    address: Annotated[
        str, Parameter(help="Of a Ray cluster: auto or HOST:PORT; none starts Ray on this machine.", show_default=False)
    ] = ""
    cpus_per_worker: Annotated[float, Parameter(help="Cores that Ray keeps for each worker.")] = 1.0
    gpus_per_worker: Annotated[float, Parameter(help="GPUs that Ray gives each worker; 0.5: two share one.")] = 0.0
    dry_run: Annotated[bool, flag("Print counts, bytes, time and the cost of depth; build nothing.")] = False
    strict: Annotated[bool, flag("End at the first photo that cannot be used.")] = False
    fresh: Annotated[bool, flag("Discard parts made under another recipe or from other photos.")] = False
    catalog_only: Annotated[bool, flag("Prepare the photos and stop: samples are then rendered when read.")] = False
    shard: Annotated[str, Parameter(help="i/N: make every N-th part, from the i-th, for `figureground merge`.")] = ""
    no_sync: Annotated[
        bool, flag("Do not wait for the disk: faster, and a power cut may damage what looks finished.")
    ] = False
    no_cache: NoCache = False


_DEFAULTS = BuildOptions()


@app.command(help_epilogue="Example:\n  figureground build mine/recipe.toml out --set placement.samples=20000\n")
def build(
    recipe: RecipeFile,
    out: OutPlace,
    /,
    *,
    options: BuildOptions = _DEFAULTS,
    console: Told,
) -> None:
    """Build a dataset from a recipe.  The same command again finishes what is missing."""
    from figureground.core.engines import choose, ended
    from figureground.core.places import store_at
    from figureground.core.ray_session import Cluster
    from figureground.core.recipe_toml import load_recipe
    from figureground.make import build as make
    from figureground.make.shard import shard_of

    shard, only = shard_of(options.shard) if options.shard else None, options.catalog_only
    if shard and only:
        raise FigureGroundError("a catalog has no shards", "--shard --catalog-only", "leave one of the two out")
    cluster = Cluster(options.address, options.cpus_per_worker, options.gpus_per_worker)
    with ended(choose(options.engine, options.workers, cluster)) as workforce:
        loaded = load_recipe(recipe, options.settings, cache=not options.no_cache)
        if options.dry_run:
            _tell_cost(console, loaded, workforce)
            return
        store = store_at(out, durable=not options.no_sync)
        strict, fresh = options.strict, options.fresh
        with console.progress() as progress:
            if shard:
                make.build_shard(loaded, store, shard, engine=workforce, strict=strict, fresh=fresh, progress=progress)
            else:
                make.build(
                    loaded, store, engine=workforce, strict=strict, fresh=fresh, catalog_only=only, progress=progress
                )
    if shard:
        _tell_shard(console, out, options.shard)
    elif only:
        _tell_prepared(console, out)
    else:
        _tell_built(console, out)


def _tell_cost(console: Console, recipe: Recipe, engine: Engine) -> None:
    from figureground.make.cost import dry_run

    with console.progress() as progress:
        cost, catalog = dry_run(recipe, engine=engine, progress=progress)
    used, costs = catalog_facts(catalog), cost_facts(cost, getattr(engine, "workers", 1) or 1)
    console.tell({"estimate": costs, "catalog": used}, f"{catalog_text(used)}\n{cost_text(costs)}")


def _tell_built(console: Console, out: Path | str) -> None:
    from figureground.core.places import file_in
    from figureground.dataset.opening import open_dataset

    data = open_dataset(out)
    used, facts, report = catalog_facts(data.catalog), dataset_facts(data), file_in(data.store, "report.html")
    text = f"{catalog_text(used)}\n{dataset_text(facts)}\nreport: {report}"
    if console.quiet:
        text = "\n".join([*no_depth_lines(facts), *failed_checks(facts)])  # they must not be missed
    console.tell({**facts, "catalog": used, "report": report}, text)


def _tell_shard(console: Console, out: Path | str, shard: str) -> None:
    from figureground.core.places import store_at
    from figureground.make.merge import finished_parts

    held, count = finished_parts(store_at(out))
    text = f"shard {shard}: {held:,} of {count:,} parts; figureground merge SHARD... --out OUT puts all together"
    console.tell({"path": out, "shard": shard, "parts": held, "of": count}, text, asked=False)


@app.command(help_epilogue="Example:\n  figureground merge shard1 shard2 shard3 --out whole\n")
def merge(
    shards: DatasetPlaces,
    /,
    *,
    out: OutPlace,
    no_sync: Annotated[
        bool, flag("Do not wait for the disk: faster, and a power cut may damage what looks finished.")
    ] = False,
    console: Told,
) -> None:
    """Put the shards of a dataset together, byte for byte as one machine would have built it.

    Shards are not changed; neither photos nor networks are needed.  The same command again goes on where it stopped.
    """
    from figureground.core.places import store_at
    from figureground.make.merge import merge as put_together

    with console.progress() as progress:
        put_together(shards, store_at(out, durable=not no_sync), progress=progress)
    _tell_built(console, out)


def _tell_prepared(console: Console, out: Path | str) -> None:
    from figureground.dataset.opening import open_dataset

    data = open_dataset(out, virtual=True)
    used = catalog_facts(data.catalog)
    how = f"{len(data):,} samples, rendered when they are read: open_dataset({str(out)!r}, virtual=True)"
    facts = {"path": out, "samples": len(data), "virtual": True, "catalog": used}
    console.tell(facts, f"{catalog_text(used)}\n{how}", asked=False)
