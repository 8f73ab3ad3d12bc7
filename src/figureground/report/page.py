"""DATASET/report.html: one file that opens from disk, with nothing fetched and no scripts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from figureground.core.faults import at_work
from figureground.core.nouns import Catalog
from figureground.core.places import file_in, place_of
from figureground.core.recipe import ImageFormat, Recipe
from figureground.core.record import Record
from figureground.dataset.names import RECIPE, REPORT
from figureground.dataset.stored import Dataset
from figureground.report.cameras import camera_line
from figureground.report.classes import Classes, classes_of
from figureground.report.depth_facts import DepthFacts, depth_facts
from figureground.report.facts import Manifest, Numbers, read_manifest, read_numbers
from figureground.report.framings import Framings, framings
from figureground.report.photo_lists import PhotoList, photo_list
from figureground.report.placement import Placement, placement
from figureground.report.plausibility import Plausibility, plausibility
from figureground.report.plots import human_bytes
from figureground.report.sample_rows import SampleRows, sample_rows
from figureground.report.snippets import Snippet, snippets
from figureground.report.statistics_plots import StatisticsPlots, statistics_plots
from figureground.report.template import filled
from figureground.report.thumbnails import icon_uri
from figureground.resolve import depth_plan, formats_of, placing_of

# format -> what is said of it, and of the statistics
_IMAGES: dict[ImageFormat, tuple[str, str]] = {
    "jpeg": ("JPEG quality {0.quality}", " and corrected for what JPEG coding changes"),
    "png": ("PNG, lossless", ""),
    "webp": ("WebP, lossless", ""),
}
SAMPLES = 10


@dataclass(frozen=True)
class Report:
    """All that the page shows of a dataset; its template reads these by name.

    `depth` is None without depth, `plausibility` and `framings` in older datasets, `placement` where figures are placed
    without geometry, one at a time, by one depth; `cameras` is "" where none is
    known.
    """

    manifest: Manifest
    recipe: Recipe
    recipe_toml: str
    catalog: Catalog
    folder: str
    icon: str
    bytes: str
    depth: DepthFacts | None
    image_format: str
    corrected: str
    exact_masks: bool
    twins: bool
    shown: SampleRows
    numbers: Numbers
    failed: int
    plots: StatisticsPlots
    placement: Placement | None
    plausibility: Plausibility | None
    framings: Framings | None
    cameras: str
    classes: Classes
    set_aside: PhotoList
    warnings: PhotoList
    notes: PhotoList
    snippets: list[Snippet]


def write_report(dataset: Dataset) -> Path | str:
    """Write report.html into the dataset and return its path or address.  The same dataset gives the same bytes."""
    dataset.store.write(REPORT, page(dataset).encode("utf-8", "xmlcharrefreplace"))  # a folder's name may be no text
    return file_in(dataset.store, REPORT)


def rewrite_report(dataset: Dataset) -> Path | str:
    """Write the report of a dataset that nobody is writing, as `write_report` does.

    Raises FigureGroundError where somebody is, and where the disk refuses.
    """
    with at_work(dataset.store):
        return write_report(dataset)


def page(dataset: Dataset) -> str:
    """Return the page of a dataset."""
    return filled("page.html.j2", vars(report_of(dataset)))


def _first(dataset: Dataset) -> Record:
    """Return the first record whose depth can speak for others: it has a value, or there is no depth."""
    records = map(dataset.record, range(len(dataset)))
    return next((one for one in records if all(d.valid_fraction for d in one.depths.values())), dataset.record(0))


def report_of(dataset: Dataset) -> Report:
    """Return what the page of a dataset shows."""
    manifest, numbers = read_manifest(dataset.manifest), read_numbers(dataset.statistics)
    recipe, catalog = dataset.recipe, dataset.catalog
    first, plan, formats = _first(dataset), depth_plan(recipe), formats_of(recipe)
    meaning, (said, corrected) = first.depths.get("depth"), _IMAGES[formats.image]
    folder = Path(place_of(dataset.store)).resolve().name
    unit = (meaning.unit, meaning.direction) if meaning else None
    return Report(
        manifest=manifest,
        recipe=recipe,
        recipe_toml=dataset.store.read(RECIPE).decode(),
        catalog=catalog,
        folder=folder,
        icon=icon_uri(),
        bytes=human_bytes(manifest.bytes),
        depth=depth_facts(meaning, plan, manifest.network) if meaning else None,
        image_format="as they came" if "origin" in dataset.manifest else said.format(formats.jpeg),
        corrected=corrected,
        exact_masks=not formats.jpeg_masks,
        twins=placing_of(recipe).twins == 2,
        shown=sample_rows(dataset, SAMPLES),
        numbers=numbers,
        failed=sum(not check.passed for check in numbers.checks),
        plots=statistics_plots(numbers, catalog, manifest.canvas, plan, meaning),
        placement=placement(dataset, catalog, numbers.total),
        plausibility=plausibility(dataset, numbers.total),
        framings=framings(numbers.total),
        cameras=camera_line(catalog),
        classes=classes_of(catalog, numbers.total),
        set_aside=photo_list(catalog.set_aside, catalog),
        warnings=photo_list(catalog.warnings, catalog),
        notes=photo_list(catalog.notes, catalog),
        snippets=snippets(folder, manifest.parts[0].file, manifest.canvas, unit, first.files),
    )
