"""The items of a source of which nobody wants a label: the rows of a table, what is in an archive, in arrays or shards.

The reader that a fit would take is taken here too, by the same bytes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from headstart import settings
from headstart.data.load import try_item
from headstart.data.read import find_reader
from headstart.data.readers.archives.archive import ArchiveReader
from headstart.data.readers.archives.unpacking import unpack
from headstart.data.readers.file_kinds import describe_unread
from headstart.data.readers.folders.folder import FolderReader
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext
from headstart.data.readers.tables.table import TableReader, list_table_items
from headstart.data.readers.walk import FileTree
from headstart.data.unlabelled import find_items
from headstart.settings import DataSettings
from headstart_runtime.errors import SettingError
from headstart_runtime.folder_items import HEAD
from headstart_runtime.item_columns import ItemColumns
from headstart_runtime.modalities.given import takes_texts
from headstart_runtime.modalities.item import BrokenItem, NamedItem
from headstart_runtime.modalities.modality import Modality

ANY_COLUMN = ItemColumns()  #: says nothing of columns


@dataclass(frozen=True, slots=True)
class SourceItems:
    """The items of a source, each with its name in there."""

    items: Iterable[NamedItem]  #: read one by one
    notes: tuple[str, ...] = ()  #: for a person
    skipped: Sequence[str] = ()  #: names of what else is in there; of a folder once its items are read


def list_file_items(
    file: Path, modality: Modality, cache: Path | None = None, *, columns: ItemColumns = ANY_COLUMN
) -> SourceItems | None:
    """Return the items of a file that ``read_source`` reads; None for a file that is one item, or nothing that is read.

    Args:
        file: a path; a file that is called like an item is one.
        modality: of the items.
        cache: as of ``read_source``.
        columns: of a table that the items are read from; they are found where nothing is said.

    Raises:
        DataError: it cannot be read, or its items are of another modality.
        SettingError: a column is named where nothing has any.
        MissingExtra: what reads it is not installed.
    """
    if file.suffix.lower() in modality.suffixes or not file.is_file():
        return None
    reader = find_reader(file, None)
    if reader is None and (what := describe_unread(file)):
        return SourceItems([NamedItem(file.name, BrokenItem(f"this is {what}"))])
    if reader is None or (file.suffix.lower() not in reader.suffixes and _is_one_item(file, modality)):
        return None
    context = _make_context(modality, cache, columns)
    if isinstance(reader, TableReader):
        table = list_table_items(file, context)
        return SourceItems(table.items, table.notes)
    if isinstance(reader, ArchiveReader):
        archive = unpack(file, context.cache, encoding=context.options.encoding)
        found = list_folder_items(archive.folder, modality, cache, columns=columns)
        return SourceItems(found.items, (*archive.notes, *found.notes), found.skipped)
    return _list_samples(reader.list(file, None, context))


def list_folder_items(
    folder: Path, modality: Modality, cache: Path | None = None, *, columns: ItemColumns = ANY_COLUMN
) -> SourceItems:
    """Return the files under a folder that are items; of one without such files, what ``read_source`` reads in it.

    Args:
        folder: a path.
        modality: of the items.
        cache: as of ``read_source``.
        columns: as of ``list_file_items``.

    Raises:
        DataError: it cannot be read.
        SettingError: a column is named where nothing has any.
        MissingExtra: what reads it is not installed.
    """
    others = list[str]()
    paths = find_items(folder, modality, others)
    first = next(paths, None)
    if first is None:
        tree = FileTree(folder)
        reader = find_reader(folder, tree)
        if reader is not None and not isinstance(reader, FolderReader):
            return _list_samples(reader.list(folder, tree, _make_context(modality, cache, columns)))
    for flag, given in (("--path-column", columns.path), ("--text-column", columns.text)):
        if given:
            raise SettingError(f"{flag} is for tables and arrays; {str(folder)!r} is a folder; give the table in it")
    found = () if first is None else chain([first], paths)
    items = (NamedItem(path.relative_to(folder).as_posix(), path) for path in found)  # a million need no memory
    return SourceItems(items, skipped=others)


def _make_context(modality: Modality, cache: Path | None, columns: ItemColumns) -> ReadContext:
    if columns.text and not takes_texts(modality):
        many = modality.noun.many
        raise SettingError(f"--text-column is for classifiers of texts, and this one reads {many}; drop it")
    given = {"modality": modality.name, "path_column": columns.path, "text_column": columns.text}
    options, home = DataSettings.model_validate(given), cache or settings.locate_store() / "archives"
    return ReadContext(options, home, labelled=False, known_columns=columns.known)


def _is_one_item(file: Path, modality: Modality) -> bool:
    try:
        with file.open("rb") as stream:
            return modality.recognise(stream.read(HEAD)) is not False
    except OSError:
        return True


def _list_samples(listing: SourceListing) -> SourceItems:
    """Return the samples of a listing as items without labels."""

    def read() -> Iterator[NamedItem]:
        for raw in listing.samples:
            yield NamedItem(raw.name, try_item(raw.source))

    return SourceItems(read(), listing.notes, tuple(f"{entry.name} ({entry.reason})" for entry in listing.entries))
