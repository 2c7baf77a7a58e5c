"""Folders of Parquet tables: a data set in shards, as the Hugging Face hub keeps it, perhaps in subsets.

A shard's subset is what its file's name begins with (``train-00000-of-00003.parquet``), else the name of its folder.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart.data.names import preview
from headstart.data.readers.listing import RawSample, SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.tables.joined_forms import join_forms
from headstart.data.readers.tables.table import list_table
from headstart.data.readers.walk import FileTree
from headstart.data.samples import LedgerEntry, Subset
from headstart.data.subsets import KNOWN, parse_subset, resolve_subsets
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.modality import get_modality

_BESIDE = frozenset({".md", ".json", ".jsonl", ".txt", ".yaml", ".yml", ".py", ".rst"})  #: descriptions of a data set
_PLAIN = frozenset({"README", "LICENSE", "LICENCE"})


class ShardReader:
    """The reader of a folder that holds Parquet tables and nothing else but descriptions of them."""

    suffixes: tuple[str, ...] = ()
    label_place: str = "the columns of its tables"

    def accepts(self, source: Any, tree: FileTree | None) -> bool:
        """Return whether a folder holds such tables."""
        return tree is not None and bool(find_shards(tree))

    def list(self, source: Path, tree: FileTree | None, context: ReadContext) -> SourceListing:
        """Return every row of the tables, under the names of the tables.

        Raises:
            DataError: one cannot be read, or their subsets make no split.
            MissingExtra: pyarrow is not installed.
        """
        assert tree is not None
        return _list_shards(source, find_shards(tree), context)


def find_shards(tree: FileTree) -> list[Path]:
    """Return the Parquet tables under a folder that holds nothing else but descriptions; none where it does."""
    shards: list[Path] = []
    for path in tree.files_under(tree.root):
        suffix = path.suffix.lower()
        if suffix in _BESIDE or path.name.upper() in _PLAIN:
            continue
        if suffix != ".parquet":
            return []
        shards.append(path)
    return shards


def _list_shards(folder: Path, shards: Sequence[Path], context: ReadContext) -> SourceListing:
    subsets = {shard: _find_subset(shard) if context.labelled else None for shard in shards}
    without = [shard.name for shard, subset in subsets.items() if subset is None]
    if without and len(without) < len(shards):
        raise DataError(
            f"{str(folder)!r} has Parquet tables of parts and others ({preview(without)}); wanted names that begin "
            f"with the part in all of them or in none: {KNOWN}"
        )
    joined = join_forms(
        str(folder),
        {shard: list_table(shard, context) for shard in shards},
        lambda shard, form: list_table(shard, replace(context, forms=frozenset({form}))),
    )
    listings = joined.listings
    modalities = sorted({listing.modality for listing in listings.values()})
    if len(modalities) > 1:
        raise DataError(f"{str(folder)!r} has tables of several kinds, {preview(modalities)}; wanted one, --modality")
    noun = get_modality(modalities[0]).noun
    given = resolve_subsets((subset for subset in subsets.values() if subset), noun)
    if given.problem:
        raise DataError(f"{str(folder)!r}: {given.problem}")
    samples: list[RawSample] = []
    entries: list[LedgerEntry] = []
    notes = [f"{len(shards)} Parquet tables are read", *([given.note] if given.note else [])]
    for shard, subset in subsets.items():
        listing = listings[shard]
        start = f"{shard.relative_to(folder).as_posix()}/"
        used = given.used_as[subset] if subset else None
        samples += [replace(it, name=start + it.name, subset=it.subset or used) for it in listing.samples]
        entries += [replace(it, name=start + it.name) for it in listing.entries]
        notes += [note for note in listing.notes if note not in notes]
    return SourceListing(
        str(folder),
        tuple(samples),
        joined.classes,
        tuple(entries),
        notes=tuple(notes),
        modality=modalities[0],
        in_rows=True,
        form=joined.form,
        form_reason=joined.reason,
        label_columns=joined.columns,
    )


def _find_subset(shard: Path) -> Subset | None:
    stem = re.sub(r"-\d{5}-of-\d{5}.*$", "", shard.stem)
    return parse_subset(stem) or parse_subset(re.split(r"[-_.\d]", stem)[0]) or parse_subset(shard.parent.name)
