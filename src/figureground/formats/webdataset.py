"""Tars for the webdataset library and whatever else streams them.

    train-00000.tar ...   000000007.image.jpg   000000007.mask.png   000000007.depth.png   000000007.json
    README.md             what it is, and how Hugging Face's `datasets` opens it; written last

A key is the sample's number in its dataset, so that it is short, unique in all tars, and the order; the JSON has the
record, whose `key` says more.  Tars are USTAR, with fixed dates, owners and modes.  `decode` makes a sample of one, as
most decoders make 16-bit depth 8-bit.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from figureground.core.errors import FigureGroundError
from figureground.core.features import Type, row_features
from figureground.core.layers import LAYERS
from figureground.core.nouns import DepthMap
from figureground.core.options import option
from figureground.core.record import Record
from figureground.core.typed import parsed_object
from figureground.formats.format import Format, Prepared, Work
from figureground.formats.hub_card import README, Files, card, shared_out, speaking
from figureground.formats.members import members, suffix_of
from figureground.samples import codec

_TIME = 1577836800  # 2020, as in the parts
_ABOUT = (
    "Tars of the WebDataset kind: `KEY.LAYER.SUFFIX` and `KEY.json`, whose row says what the sample shows. "
    "Read it with `webdataset` and `figureground.formats.webdataset.decode`, which keeps depth's 16 bits."
)


@dataclass(frozen=True)
class Options:
    per_file: int = option(1000, "Samples a tar.")


def prepare(work: Work, options: Options) -> Prepared:
    """Members are copied as they are stored."""
    files = shared_out(work, options.per_file, "{split}-{number}.tar")
    return Prepared(options, lambda: _write(work, files))


FORMAT = Format("webdataset", "Tars to stream, KEY.image.jpg and so on; webdataset reads them.", Options, prepare)


def _write(work: Work, files: Sequence[Files]) -> None:
    done = 0
    for one in files:
        for name, numbers in one.numbers.items():
            if work.store.size(name) is None:
                with work.store.writing(name) as file:
                    _write_tar(work, file, numbers, done)
            done += len(numbers)
            work.progress("export", done, len(work.numbers))
    work.put(README, card(work, files, _columns(speaking(work)), _ABOUT))


def _write_tar(work: Work, file: IO[bytes], numbers: Sequence[int], done: int) -> None:
    """Write samples as a tar.  `done`: how many stand in earlier ones."""
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for k, i in enumerate(numbers):
            record = work.dataset.record(i)
            for layer, data in members(work.dataset, i).items():
                _add(archive, f"{record.index:09d}.{layer}.{suffix_of(record, layer)}", data)
            row = json.dumps(_row(record), ensure_ascii=False, separators=(",", ":"))
            _add(archive, f"{record.index:09d}.json", row.encode())
            work.progress("export", done + k, len(work.numbers))


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)  # its owner and group are 0 and have no names
    entry.size, entry.mtime, entry.mode = len(data), _TIME, 0o644
    archive.addfile(entry, io.BytesIO(data))


def _row(record: Record) -> dict[str, Any]:
    """Return a record's row without the names that its members have in their part."""
    return {name: value for name, value in record.to_row().items() if not name.endswith("_file_name")}


def _columns(record: Record) -> dict[str, Type]:
    """Return the columns that `datasets` makes of a tar."""
    features = row_features(record)
    row: dict[str, Type] = {name: kind for name, kind in features.items() if kind != "image"}
    pictures: dict[str, Type] = {f"{layer}.{suffix_of(record, layer)}": "image" for layer in record.files}
    return {**pictures, "json": row, "__key__": "string", "__url__": "string"}


def decode(sample: Mapping[str, Any]) -> dict[str, Any]:
    """Return a sample of `webdataset.WebDataset(...)`, decoded: what to `.map` there.

    What comes back has the layers that were stored, as `figureground.open_dataset` gives them: "image" uint8 (height,
    width, 3), "mask" bool, "depth" float32 in its unit and NaN where there is no value, other layers uint8; "record",
    a `core.record.Record`; and whatever begins with "__" as it was.  The unit of the depth is
    `record.depths["depth"].unit`.  Raises FigureGroundError for what is no such sample.
    """
    where = str(sample.get("__key__", "sample"))
    try:
        record = Record.from_row(parsed_object(sample["json"]))
        found: dict[str, Any] = {name: value for name, value in sample.items() if name.startswith("__")}
        for name, data in sample.items():
            layer = name.partition(".")[0]
            if layer in LAYERS:
                values = codec.decode(layer, data, record.depths.get(layer))
                found[layer] = values.values if isinstance(values, DepthMap) else values
    except (KeyError, TypeError, ValueError) as error:
        said = f"it has no {error.args[0]}" if isinstance(error, KeyError) else error
        raise FigureGroundError(
            f"not a sample that figureground exported: {said}", where, "export it again; give it undecoded samples"
        ) from None
    return {**found, "record": record}
