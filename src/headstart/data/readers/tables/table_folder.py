"""Folders whose labels stand in tables: one beside the files or in a folder beside theirs, or one for each part.

A table counts if its labels can be told and its files are there. Several are the parts of a split if their names, or
those of their folders, say so; else the one that is meant is asked for.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from headstart.data.choose_modality import choose_by_names, choose_only, list_clear_suffixes
from headstart.data.decisions import Decision, PlaceKind, Role
from headstart.data.names import preview
from headstart.data.readers.evidence import index_near_top
from headstart.data.readers.file_kinds import is_text, read_beginning
from headstart.data.readers.listing import RawSample, SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.tables.column_evidence import is_wordy, says_the_same
from headstart.data.readers.tables.joined_forms import join_forms
from headstart.data.readers.tables.json_rows import is_json_table
from headstart.data.readers.tables.path_lists import LIST_SUFFIXES
from headstart.data.readers.tables.same_names import find_table_subset
from headstart.data.readers.tables.table import TABLE_SUFFIXES, items_exist, list_table
from headstart.data.readers.tables.table_columns import ALIASES, LABEL_COLUMNS, DoubtfulTableError, match_columns
from headstart.data.readers.tables.table_looks import looks_like_table
from headstart.data.readers.tables.tables_to_join import describe_join
from headstart.data.readers.tables.unnamed_files import describe_unnamed, find_unnamed_files, locate_sample
from headstart.data.readers.walk import FileTree, is_file_there
from headstart.data.samples import LedgerEntry, Subset
from headstart.data.sources import FileSource
from headstart.data.subsets import parse_subset, resolve_subsets
from headstart.label_text import LabelForm
from headstart.quoting import quote_argument
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import CLASS
from headstart_runtime.modalities.modality import get_modality

MOST_TABLES = 30  #: that are looked at
MOST_BYTES = 300_000_000  #: of such a table
FEWEST_FILES = 10  #: of items that tables in a folder are about
LOOK_AT = 200  #: files of a table of which it is asked whether they are there
COVERED = 0.9  #: share of a folder's files that a table has to have, to be another reading of all of it
_NOTES = re.compile(r"read.?me|licen[cs]e|requirements", re.IGNORECASE)  #: names of texts that are no tables
_OWN_HEADER = b"photo,given,now,likely"  #: of tables of labels that look wrong, which are no labels of a set


@dataclass(frozen=True, slots=True)
class FolderTables:
    """The tables of a folder that may have its labels."""

    listings: Mapping[Path, SourceListing]  #: of those with labels of files that are there
    problems: Mapping[Path, DataError]  #: of those with files that are there whose labels cannot be told, why
    list_again: Callable[[Path, LabelForm], SourceListing]  #: lists a table in a form, where it can be read so

    @property
    def may_be_read(self) -> bool:
        """Whether there are labels, or one table that may have them."""
        return bool(self.listings) or len(self.problems) == 1 or self.doubt is not None

    @property
    def doubt(self) -> DataError | None:
        """Why the rows of a table may not mean their files as they stand; another table does not answer that."""
        return next((it for it in self.problems.values() if isinstance(it, DoubtfulTableError)), None)


def find_label_tables(tree: FileTree, base: Path, context: ReadContext) -> FolderTables:
    """Return the tables with labels in a folder, in one of a part or in one that has nothing but tables.

    Args:
        tree: the folder.
        base: the folder in it that is not only a wrapper.
        context: of the reader.
    """
    context = _name_modality(tree, context)
    listings: dict[Path, SourceListing] = {}
    problems: dict[Path, DataError] = {}
    for table in _list_candidates(tree, base):
        try:
            listing = list_table(table, context)
        except DataError as error:
            if isinstance(error, DoubtfulTableError) or items_exist(table, replace(context, labelled=False)):
                problems[table] = error
            continue
        files = [it.source.path for it in listing.samples[:LOOK_AT] if isinstance(it.source, FileSource)]
        if listing.samples and 2 * sum(is_file_there(file) for file in files) >= len(files):
            listings[table] = listing
    repeated = {table: listing for table, listing in listings.items() if 2 * len(listing.classes) <= _count(listing)}
    return FolderTables(
        repeated or listings,
        problems,
        lambda table, form: list_table(table, replace(context, forms=frozenset({form}))),
    )


def _name_modality(tree: FileTree, context: ReadContext) -> ReadContext:
    """Return a context with the modality of the files in a folder, which its tables are about: no texts beside them."""
    clear = list_clear_suffixes()
    names = [path.name for suffix, paths in index_near_top(tree).items() if suffix in clear for path in paths]
    if choose_only(context.options.modality) or context.options.text_column or len(names) < FEWEST_FILES:
        return context
    try:
        choice = choose_by_names(context.options.modality, names, repr(str(tree.root)))
    except DataError:
        return context
    return replace(context, options=context.options.model_copy(update={"modality": choice.modality.name}))


def list_label_tables(found: FolderTables, tree: FileTree) -> SourceListing:
    """Return the rows of the table in a folder, or of the tables of its parts; files in none of them are skipped.

    Raises:
        DataError: there is none, or several that are no parts of a split, or the label of the only one is in doubt.
    """
    if found.doubt:
        raise found.doubt
    tables = list(found.listings)
    if not tables:
        if len(found.problems) == 1:
            (table, error), *_ = found.problems.items()
            join = describe_join(table, tree.scan(table.parent).files)
            raise DataError(f"{error}{join}") if join else error
        seen = f" (seen: {preview(_name_tables(tree, list(found.problems))) or 'none'})"
        raise DataError(
            f"{str(tree.root)!r} has no one table with labels{seen}; wanted one of {', '.join(TABLE_SUFFIXES)} in it; "
            "give the table itself, or drop --classes-from table"
        )
    subsets = {table: find_table_subset(table) for table in tables} if len(tables) > 1 else dict.fromkeys(tables)
    if len(tables) > 1 and (None in subsets.values() or len(set(subsets.values())) < len(tables)):
        counts = [f"{name!r} with {describe_classes(found.listings[it])}" for name, it in _zip_names(tree, tables)]
        raise DataError(
            f"{str(tree.root)!r} has {len(tables)} tables with labels: {', '.join(counts[:4])}; give the one that is "
            f"meant, such as {str(tables[0])!r}, or name them after their parts (train.csv, val.csv, test.csv)"
        )
    listing = _join(found, subsets, tree)
    left = find_unnamed_files(tree, listing)
    them = "it" if len(tables) == 1 else "them"
    names = preview(_name_tables(tree, tables))
    notes = [f"the classes are read from {names}; to read the folder without {them}, add --classes-from folder"]
    if left:
        notes.append(describe_unnamed(left, listing))
    said = " ".join(listing.notes)
    if alone := [table for table in found.problems if table.name not in said]:
        notes.append(f"{preview(_name_tables(tree, alone))} left alone: no labels can be read from it")
    return replace(listing, entries=(*listing.entries, *left), notes=(*notes, *listing.notes))


def refuse_two_readings(folders: SourceListing, found: FolderTables, tree: FileTree) -> None:
    """Refuse to choose where a table says other classes of nearly all files than the names of their folders.

    Raises:
        DataError: with both readings, their counts and what to add for each.
    """
    in_folders = {locate_sample(sample): sample.label for sample in folders.samples}
    for table, listing in found.listings.items():
        if not _has_named_labels(listing):
            continue
        in_table = {locate_sample(sample): sample.label for sample in listing.samples}
        both = [(in_folders[place], label) for place, label in in_table.items() if place in in_folders]
        if len(both) < COVERED * len(in_folders) or len(listing.classes) < 2:
            continue
        same = sum(one.casefold() == other.casefold() for one, other in both)
        if same >= COVERED * len(both) or says_the_same([it[0] for it in both], [it[1] for it in both]):
            continue
        name = table.relative_to(tree.root).as_posix()
        raise DataError(
            f"{str(tree.root)!r} can be read in two ways: its folders say {describe_classes(folders)}, the table "
            f"{name!r} says {describe_classes(listing)}; choose with --classes-from folder or --classes-from table"
        )


def says_more(found: FolderTables, names: SourceListing) -> bool:
    """Return whether the one table of a folder says the classes that names of files say, and more about them.

    It has a row for nearly all files and goes one to one with what the names say; it calls the classes otherwise, or
    has groups or parts.
    """
    if len(found.listings) != 1 or not any(it.kind is PlaceKind.NAME for it in names.decisions):
        return False
    listing = next(iter(found.listings.values()))
    if not _has_named_labels(listing):
        return False
    in_names = {locate_sample(sample): sample.label for sample in names.samples}
    both = [(in_names[place], it.label) for it in listing.samples if (place := locate_sample(it)) in in_names]
    if len(both) < COVERED * len(in_names) or not says_the_same([it[0] for it in both], [it[1] for it in both]):
        return False
    if is_wordy(names.classes) and not is_wordy(listing.classes):
        return False  # numbers of what the names call by words
    same = all(one.casefold() == other.casefold() for one, other in both)
    return not same or any(it.group or it.subset for it in listing.samples)


def _has_named_labels(listing: SourceListing) -> bool:
    """Return whether a column is called like labels; one that only holds some may be about something else."""
    columns = [it.place[-1] for it in listing.decisions if it.role is Role.LABELS and it.kind is PlaceKind.COLUMN]
    classes = any(it.role is Role.CLASS for it in listing.decisions)
    return classes or any(match_columns(columns, [*ALIASES["label"], *LABEL_COLUMNS]))


def suggest_tables(tree: FileTree, base: Path) -> str:
    """Return what to add to an error where a folder has tables; "" where it has none."""
    places = dict.fromkeys((tree.root, base))
    files = [file for place in places for file in tree.scan(place).files]
    tables = [quote_argument(file) for file in files if file.suffix.lower() in TABLE_SUFFIXES]
    return f"; to read a table instead, name the file: {preview(tables, show=str)}" if tables else ""


def _list_candidates(tree: FileTree, base: Path) -> Iterator[Path]:
    """Yield the tables that may have labels."""
    places = [tree.root, base] if base != tree.root else [base]
    for inner in tree.scan(base).folders:
        content = tree.scan(inner)
        if parse_subset(inner.name) or (content.files and not content.folders):
            places.append(inner)
    tables = [file for place in places for file in tree.scan(place).files if _is_called_table(file)]
    for table in [it for it in tables if "submission" not in it.name.lower()][:MOST_TABLES]:
        with table.open("rb") as opened:
            own = opened.read(len(_OWN_HEADER)).startswith(_OWN_HEADER)
        if not own and table.stat().st_size <= MOST_BYTES:
            yield table


def _is_called_table(file: Path) -> bool:
    """Return whether a file is called a table, or is a list whose lines have a path or an id, and a label."""
    if file.suffix.lower() in TABLE_SUFFIXES or is_json_table(file):
        return True
    if file.suffix.lower() not in LIST_SUFFIXES or _NOTES.match(file.stem) or not is_text(file):
        return False
    lines = read_beginning(file).splitlines()[:-1][:LOOK_AT]
    return looks_like_table(file) or sum(len(line.split()) > 1 for line in lines) > len(lines) / 2


def _join(found: FolderTables, subsets: Mapping[Path, Subset | None], tree: FileTree) -> SourceListing:
    """Return the rows of all tables as one listing, in the subsets of the tables."""
    joined = join_forms(str(tree.root), found.listings, found.list_again)
    listings = joined.listings
    modality = next(iter(listings.values())).modality
    given = resolve_subsets((subset for subset in subsets.values() if subset), get_modality(modality).noun)
    if given.problem:
        raise DataError(f"{str(tree.root)!r}: {given.problem}")
    samples: list[RawSample] = []
    entries: list[LedgerEntry] = []
    notes, decisions = ([given.note] if given.note else []), list[Decision]()
    names: set[str] = set()
    for table, listing in listings.items():
        inside = table.parent.relative_to(tree.root).as_posix()
        start = "" if inside == "." else f"{inside}/"
        told = [*(it.name for it in listing.samples), *(it.name for it in listing.entries)]
        if any(start + name in names for name in told):
            start = f"{start}{table.name}/"
        names.update(start + name for name in told)
        used = given.used_as.get(subset) if (subset := subsets[table]) else None
        samples += [replace(it, name=start + it.name, subset=it.subset or used) for it in listing.samples]
        entries += [replace(it, name=start + it.name) for it in listing.entries]
        notes += [note for note in listing.notes if note not in notes]
        place = table.relative_to(tree.root).parts
        reason = f"the labels of its files, which are the {subset} part" if subset else "the labels of its files"
        decisions.append(Decision(PlaceKind.FILE, place, Role.LABELS, reason, count=_count(listing)))
        decisions += [it for it in listing.decisions if it not in decisions]
    first = next(iter(listings.values()))
    return replace(
        first,
        root=str(tree.root),
        samples=tuple(samples),
        classes=joined.classes,
        entries=tuple(entries),
        notes=tuple(notes),
        form=joined.form,
        form_reason=joined.reason,
        label_columns=joined.columns,
        decisions=tuple(decisions),
    )


def _count(listing: SourceListing) -> int:
    return len(listing.samples)


def describe_classes(listing: SourceListing) -> str:
    """Return the number of classes and items of a reading, and some of the classes."""
    classes = preview(sorted(listing.classes), most=2)
    many = get_modality(listing.modality).noun.many
    return f"{CLASS.count(len(listing.classes))} ({classes}) of {_count(listing)} {many}"


def _zip_names(tree: FileTree, tables: list[Path]) -> Iterator[tuple[str, Path]]:
    return zip(_name_tables(tree, tables), tables, strict=True)


def _name_tables(tree: FileTree, tables: list[Path]) -> list[str]:
    return [table.relative_to(tree.root).as_posix() for table in tables]
