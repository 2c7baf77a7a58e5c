"""Numbered parts of answers, each a whole Parquet file of the items [kN, (k+1)N) of a list."""

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart_runtime.answer_files.listing import read_item_names
from headstart_runtime.answer_files.manifest import AnswerManifest
from headstart_runtime.answer_files.table import ERROR, ITEM, PURPOSE, SOURCE, AnswerColumns, clean_cell
from headstart_runtime.extras import import_extra
from headstart_runtime.whole_files import new_file, replace_bytes

if TYPE_CHECKING:
    import pyarrow

PART_ITEMS = 1000  #: items of a part, the most that a kill costs
GROUP_ITEMS = 65_536  #: rows that the joined file has in one piece
GROUP_BYTES = 32 << 20  #: or fewer, where they are longer than that


@dataclass(frozen=True, slots=True)
class Checked:
    """The rows of all parts, held against the list."""

    items: int
    failed: int  #: rows with an error
    damaged: tuple[int, ...]  #: parts that do not have the items that they should have


def name_part(folder: Path, part: int) -> Path:
    """Return the place of a part."""
    return folder / f"part-{part:06d}.parquet"


def write_part(folder: Path, part: int, rows: Sequence[Sequence[Any]], columns: AnswerColumns, job: str) -> None:
    """Write a part, whole or not at all.

    Raises:
        OSError: it cannot be written.
        StoreError: there is no space left.
    """
    parquet = import_extra("tables", PURPOSE, "pyarrow.parquet")
    schema = columns.make_schema(json.dumps({"job": job, "part": part}).encode())
    buffer = io.BytesIO()
    parquet.write_table(columns.make_table(rows, schema), buffer)
    replace_bytes(name_part(folder, part), buffer.getvalue())


def list_missing_parts(folder: Path, manifest: AnswerManifest) -> list[int]:
    """Return the parts that are not there, or not whole, or not of this job."""
    return [part for part in range(manifest.count_parts()) if not _is_whole(name_part(folder, part), part, manifest)]


def check_parts(folder: Path, listing: Path, manifest: AnswerManifest) -> Checked:
    """Hold the rows of all parts against the list: each item once, in its place, under its name."""
    names, damaged, failed, items = read_item_names(listing), list[int](), 0, 0
    for part in range(manifest.count_parts()):
        numbers = manifest.range_of(part)
        wanted = [clean_cell(name) for name in islice(names, len(numbers))]
        table = _try_read(name_part(folder, part), [ITEM, SOURCE, ERROR])
        if table is None or (table[ITEM].to_pylist(), table[SOURCE].to_pylist()) != (list(numbers), wanted):
            damaged.append(part)
            continue
        items, failed = items + table.num_rows, failed + table.num_rows - table[ERROR].null_count
    return Checked(items, failed, tuple(damaged))


def join_answer_parts(folder: Path, joined: Path, manifest: AnswerManifest, columns: AnswerColumns) -> None:
    """Write all parts as one file, a few at a time; it is there whole or not at all.

    Raises:
        OSError: it cannot be written.
        StoreError: there is no space left.
    """
    parquet = import_extra("tables", PURPOSE, "pyarrow.parquet")
    schema = columns.make_schema(json.dumps({"job": manifest.job, "manifest": manifest.to_json()}).encode())
    with new_file(joined) as stream, parquet.ParquetWriter(stream, schema) as writer:
        for table in _gather(folder, manifest):
            writer.write_table(table.replace_schema_metadata(schema.metadata))


def count_rows(file: Path) -> int:
    """Return how many rows a file says that it has."""
    parquet = import_extra("tables", PURPOSE, "pyarrow.parquet")
    with file.open("rb") as stream:
        return int(parquet.read_metadata(stream).num_rows)


def read_note(file: Path) -> dict[str, Any]:
    """Return the note of headstart in a Parquet file; nothing where there is none, or it is no such file."""
    return _read_footer(file)[0]


def _gather(folder: Path, manifest: AnswerManifest) -> "Iterator[pyarrow.Table]":
    pa = import_extra("tables", PURPOSE, "pyarrow")
    parquet = import_extra("tables", PURPOSE, "pyarrow.parquet")
    held: list[pyarrow.Table] = []
    for part in range(manifest.count_parts()):
        with name_part(folder, part).open("rb") as stream:  # a name given to pyarrow has to be UTF-8, and no URI
            table = parquet.read_table(stream)
        held.append(table.replace_schema_metadata(None))
        if sum(one.num_rows for one in held) >= GROUP_ITEMS or sum(one.nbytes for one in held) >= GROUP_BYTES:
            yield pa.concat_tables(held).combine_chunks()
            held.clear()
    if held:
        yield pa.concat_tables(held).combine_chunks()


def _is_whole(file: Path, part: int, manifest: AnswerManifest) -> bool:
    note, rows = _read_footer(file)
    return (note.get("job"), note.get("part"), rows) == (manifest.job, part, len(manifest.range_of(part)))


def _read_footer(file: Path) -> tuple[dict[str, Any], int]:
    """Return the note of headstart in a Parquet file and how many rows it has; nothing where it is no such file."""
    pa = import_extra("tables", PURPOSE, "pyarrow")
    parquet = import_extra("tables", PURPOSE, "pyarrow.parquet")
    try:
        with file.open("rb") as stream:
            footer = parquet.read_metadata(stream)
        note = (footer.metadata or {}).get(b"headstart")
        found = json.loads(note) if note else {}
    except (pa.ArrowException, OSError, ValueError):
        return {}, 0
    return (found if isinstance(found, dict) else {}), int(footer.num_rows)


def _try_read(file: Path, columns: list[str]) -> "pyarrow.Table | None":
    pa = import_extra("tables", PURPOSE, "pyarrow")
    parquet = import_extra("tables", PURPOSE, "pyarrow.parquet")
    try:
        with file.open("rb") as stream:
            return parquet.read_table(stream, columns=columns)
    except (pa.ArrowException, OSError, KeyError):
        return None
