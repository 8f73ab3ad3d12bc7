"""The labels of all parts -> labels.csv."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from figureground.core.files import code_sha256
from figureground.core.progress import Paced, Progress
from figureground.core.store import Store, remove_empty
from figureground.dataset import names
from figureground.dataset.labels import FOLDER, HEADER, labels_file, labels_rows
from figureground.dataset.parts import PartInfo, PartReader


def write_labels(store: Store, infos: Sequence[PartInfo], progress: Progress) -> None:
    """Write labels.csv of the parts that are told, a row a sample, and remove the labels that parts came with."""
    told, done, samples = Paced(progress), 0, sum(info.samples for info in infos)
    with store.writing(names.LABELS) as file:
        file.write(HEADER)
        for info in infos:
            file.write(part_labels(store, info)[len(HEADER) :])
            done += info.samples
            told("labels", done, samples)
    _remove_parts(store)


def part_labels(store: Store, info: PartInfo) -> bytes:
    """Return the labels of a part as a file of their own: those that it came with, where its sidecar vouches for them
    and this very code wrote them, or else made of its rows.

    Raises FigureGroundError where the part is damaged.
    """
    if info.labels and info.code == code_sha256():
        try:
            data = store.read(labels_file(info.number))
        except FileNotFoundError:
            data = b""
        if hashlib.sha256(data).hexdigest() == info.labels:
            return data
    reader = PartReader(store, info.file)
    try:
        return HEADER + labels_rows(info.file, map(reader.record, range(len(reader))))
    finally:
        reader.close()


def _remove_parts(store: Store) -> None:
    for name in store.list(f"{FOLDER}/part-"):
        store.delete(name)
    remove_empty(store, FOLDER)
