"""The labels of all parts: labels.csv, or of very many parts the table that each came with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from figureground.core.files import code_sha256
from figureground.core.progress import Paced, Progress
from figureground.core.store import Store, asked, remove_empty
from figureground.dataset import names
from figureground.dataset.labels import FOLDER, HEADER, labels_file, labels_rows
from figureground.dataset.part_table import list_count
from figureground.dataset.parts import PartInfo, PartReader


def label_files(count: int) -> list[str]:
    """Return the names of the tables of labels that a dataset of so many parts has."""
    return list(map(labels_file, range(count))) if list_count(count) else [names.LABELS]


def write_labels(store: Store, infos: Sequence[PartInfo], progress: Progress) -> None:
    """Write the labels of all parts of a dataset, a row a sample, and remove tables of labels that are none of it."""
    told, done, samples = Paced(progress), 0, sum(info.samples for info in infos)

    def count(info: PartInfo) -> None:
        nonlocal done
        done += info.samples
        told("labels", done, samples)

    if list_count(len(infos)):
        there = asked(store, lambda info: came_with(store, info) is not None, infos)
        for info, whole in zip(infos, there, strict=True):
            if not whole:
                store.write(labels_file(info.number), _of_rows(store, info))
            count(info)
    else:
        with store.writing(names.LABELS) as file:
            file.write(HEADER)
            for info in infos:  # one after another: side by side dozens of tables would be held
                file.write(part_labels(store, info)[len(HEADER) :])
                count(info)
    own = set(label_files(len(infos)))
    for name in [*store.list(f"{FOLDER}/part-"), names.LABELS]:
        if name not in own:
            store.delete(name)
    remove_empty(store, FOLDER)


def part_labels(store: Store, info: PartInfo) -> bytes:
    """Return the labels of a part as a file of their own: those that it came with, or else made of its rows.

    Raises FigureGroundError where the part is damaged.
    """
    data = came_with(store, info)
    return _of_rows(store, info) if data is None else data


def came_with(store: Store, info: PartInfo) -> bytes | None:
    """Return the labels that a part came with; None where its sidecar does not vouch for them, or other code wrote
    them."""
    if not info.labels or info.code != code_sha256():
        return None
    try:
        data = store.read(labels_file(info.number))
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == info.labels else None


def _of_rows(store: Store, info: PartInfo) -> bytes:
    reader = PartReader(store, info.file)
    try:
        return HEADER + labels_rows(info.file, map(reader.record, range(len(reader))))
    finally:
        reader.close()
