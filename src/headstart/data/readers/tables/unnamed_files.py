"""Files beside a table that none of its rows names: each has its line in the ledger, and a note says how many."""

import os
from collections import Counter
from collections.abc import Sequence

from headstart.data.readers.listing import RawSample, SourceListing
from headstart.data.readers.walk import FileTree
from headstart.data.samples import FileStatus, LedgerEntry
from headstart.data.sources import FileSource
from headstart_runtime.modalities.modality import get_modality


def find_unnamed_files(tree: FileTree, listing: SourceListing) -> Sequence[LedgerEntry]:
    """Return a line of the ledger for each file of the kind that is in no row.

    Args:
        tree: the folder of the table.
        listing: the rows of the table.
    """
    suffixes = get_modality(listing.modality).suffixes
    taken = {locate_sample(sample) for sample in listing.samples}
    said = {entry.name for entry in listing.entries} | {sample.name for sample in listing.samples}
    files = [file for file in tree.files_under(tree.root) if file.suffix.lower() in suffixes]
    once = Counter(key for file in files for key in {file.name, file.stem})
    skipped = (it.name.rpartition("/")[2] for it in listing.entries if not it.reason.startswith("missing"))
    in_rows = {name for name in skipped if once[name] == 1}
    entries = []
    for file in files:
        name = file.relative_to(tree.root).as_posix()
        told = name in said or file.name in in_rows or file.stem in in_rows
        if os.path.abspath(file) not in taken and not told:  # noqa: PTH100
            entries.append(LedgerEntry(name, FileStatus.SKIPPED, "in no row of the table"))
    return entries


def describe_unnamed(entries: Sequence[LedgerEntry], listing: SourceListing) -> str:
    """Return the note on the files that are in no row, one at least."""
    noun = get_modality(listing.modality).noun
    return f"{noun.count(len(entries))} in no row of a table, such as {entries[0].name!r}, left out: no label"


def locate_sample(sample: RawSample) -> str:
    """Return the absolute path of a sample's file; its name where it is none."""
    source = sample.source
    return os.path.abspath(source.path) if isinstance(source, FileSource) else sample.name  # noqa: PTH100
