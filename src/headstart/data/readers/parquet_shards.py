"""Folders of Parquet tables: a data set in shards, as the Hugging Face hub keeps it, perhaps in parts.

A shard's part is what its file's name begins with (``train-00000-of-00003.parquet``), else the name of its folder.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from headstart.data.names import preview
from headstart.data.readers.listing import RawSample, SourceListing
from headstart.data.readers.table import list_table
from headstart.data.samples import LedgerEntry, Subset
from headstart.data.subsets import KNOWN, parse_subset, resolve_subsets
from headstart.errors import DataError

_BESIDE = frozenset({".md", ".json", ".jsonl", ".txt", ".yaml", ".yml", ".py", ".rst"})  #: what describes a data set
_PLAIN = frozenset({"README", "LICENSE", "LICENCE"})


def find_parquet_shards(folder: Path) -> list[Path]:
    """Return the Parquet tables under a folder that holds nothing else but descriptions; none where it does."""
    shards: list[Path] = []
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122 (of many files)
            if name.startswith(".") or suffix in _BESIDE or name.upper() in _PLAIN:
                continue
            if suffix != ".parquet":
                return []
            shards.append(Path(here) / name)
    return shards


def list_shards(folder: Path, shards: Sequence[Path], cache: Path) -> SourceListing:
    """Return every row of some Parquet tables, under the names of the tables.

    Raises:
        DataError: one cannot be read, or their parts make no split.
        MissingExtra: pyarrow is not installed.
    """
    parts = {shard: _part_of(shard) for shard in shards}
    without = [shard.name for shard, part in parts.items() if part is None]
    if without and len(without) < len(shards):
        raise DataError(
            f"{str(folder)!r} has Parquet tables of parts and others ({preview(without)}); wanted names that begin "
            f"with the part in all of them or in none: {KNOWN}"
        )
    given = resolve_subsets(part for part in parts.values() if part)
    if given.problem:
        raise DataError(f"{str(folder)!r}: {given.problem}")
    found: list[RawSample] = []
    entries: list[LedgerEntry] = []
    notes = [f"{len(shards)} Parquet tables are read", *([given.note] if given.note else [])]
    for shard in shards:
        listing = list_table(shard, cache)
        start, part = f"{shard.relative_to(folder).as_posix()}/", parts[shard]
        used = given.used_as[part] if part else None
        found += [replace(it, name=start + it.name, subset=it.subset or used) for it in listing.found]
        entries += [replace(it, name=start + it.name) for it in listing.entries]
        notes += [note for note in listing.notes if note not in notes]
    classes = frozenset(it.label for it in found)
    return SourceListing(str(folder), tuple(found), classes, tuple(entries), notes=tuple(notes))


def note_sibling_shards(table: Path) -> list[str]:
    """Return a note where a table is one of several shards, the others of which lie beside it."""
    of = re.fullmatch(r"(.*-)\d{5}(-of-\d{5}.*\.parquet)", table.name)
    if of is None:
        return []
    others = [it for it in table.parent.glob("*.parquet") if it != table and it.name.startswith(of[1])]
    if not others:
        return []
    return [f"{len(others)} more tables of this set lie beside it; the folder {str(table.parent)!r} is all of them"]


def _part_of(shard: Path) -> Subset | None:
    stem = re.sub(r"-\d{5}-of-\d{5}.*$", "", shard.stem)
    return parse_subset(stem) or parse_subset(re.split(r"[-_.\d]", stem)[0]) or parse_subset(shard.parent.name)
