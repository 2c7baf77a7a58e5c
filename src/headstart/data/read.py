"""Reading items and labels: a folder, a table, an archive, ``.npz`` or IDX files or arrays, all to the same samples.

Every file that is seen stands in the ledger: accepted, or skipped with a reason. No file of the user's is changed.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart import settings
from headstart.data.assembly import assemble_samples
from headstart.data.choose_modality import choose_by_sources, find_source_noun
from headstart.data.class_notes import note_classes
from headstart.data.decisions import PlaceKind
from headstart.data.group_pattern import apply_group_pattern
from headstart.data.inspection import inspect
from headstart.data.own_output import is_own_folder
from headstart.data.readers.archives.archive import ArchiveReader
from headstart.data.readers.archives.class_archives import ArchiveFolderReader
from headstart.data.readers.arrays.array_files import ArrayFileReader
from headstart.data.readers.arrays.arrays import ArrayReader, LabelledArrays
from headstart.data.readers.arrays.idx import IdxReader
from headstart.data.readers.containers import CONTAINERS
from headstart.data.readers.file_kinds import describe_unread
from headstart.data.readers.folders.folder import FolderReader
from headstart.data.readers.listing import SourceListing
from headstart.data.readers.reader import ReadContext, Reader
from headstart.data.readers.shards.webdataset import expand_braces
from headstart.data.readers.tables.array_labels_table import LabelledArrayFolderReader
from headstart.data.readers.tables.numbered_lists import NumberedListReader
from headstart.data.readers.tables.parquet_shards import ShardReader
from headstart.data.readers.tables.table import TableReader
from headstart.data.readers.walk import FileTree
from headstart.data.samples import Samples
from headstart.data.small_classes import leave_out_small
from headstart.data.stray_files import note_strays, refuse_stray_source
from headstart.data.targets import find_read_forms
from headstart.data.unseen_parts import note_unseen_parts
from headstart.events import Listener, ignore
from headstart.label_text import LabelForm
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError, SettingError
from headstart_runtime.folder_items import is_item
from headstart_runtime.modalities.given import takes_texts
from headstart_runtime.modalities.modality import all_modalities, get_modality
from headstart_runtime.plugins import Registry
from headstart_runtime.protocol_checks import expect_members
from headstart_runtime.tasks.task import get_task

#: The first that accepts a source reads it.
READERS: tuple[Reader, ...] = (
    ArrayReader(),
    *CONTAINERS,
    TableReader(),
    ArrayFileReader(),
    ArchiveReader(),
    ArchiveFolderReader(),
    IdxReader(),
    ShardReader(),
    NumberedListReader(),
    LabelledArrayFolderReader(),
    FolderReader(),
)
GROUP = "headstart.readers"  #: of the entry points by which other packages add readers; these are asked first
REGISTRY: Registry[Reader] = Registry(GROUP, "reader", {}, expect_members(Reader))
MOST_PROBLEMS = 8  #: in one message


def read_source(
    source: Any,
    *,
    labels: Any = None,
    options: DataSettings | None = None,
    listener: Listener = ignore,
    cache: Path | None = None,
    strict: bool = True,
    known: tuple[str, ...] = (),
) -> Samples:
    """Return the samples of a source, and the ledger of every file seen.

    Args:
        source: a path to a folder (a folder per class, perhaps inside train/val/test, or IDX files), a table (.csv,
            .tsv, .parquet), an archive of these or an .npz file; or items, such as an array (N, ...); or (items,
            labels); or what the reader of another package accepts.
        labels: with items, a label for each: integers or text.
        options: the modality and the task, where classes and groups stand, and the encoding of text; found out when
            not given.
        listener: is told of the progress.
        cache: where archives and packed files are unpacked; "archives" in the store when not given.
        strict: False returns samples that nothing can be fitted on too, so that a person can be shown what is wrong.
        known: columns whose cells a classifier's items were; taken where a table has all of them.

    Raises:
        DataError: nothing can be fitted on it; all problems at once.
        SettingError: there is no such modality or task.
        MissingExtra: a Parquet table without pyarrow.
    """
    options = options or DataSettings.model_validate({})
    forms = find_read_forms(options.task)
    home = cache or settings.locate_store() / "archives"
    context = ReadContext(options, home, known_columns=known, forms=forms)
    _refuse_forms(options, forms)
    listing = _list_source(_resolve_source(source, labels), context)
    if not listing.modality:
        listing = _choose_modality(listing, options.modality)
    if options.group_pattern is not None:
        listing = apply_group_pattern(listing, options.group_pattern)
    modality = get_modality(listing.modality)
    inspected = inspect(listing.samples, modality, listener)
    samples = assemble_samples(listing, inspected, modality, options.task, options.order)
    samples = note_unseen_parts(note_strays(note_classes(leave_out_small(samples, options.min_samples))))
    problems = _list_problems(samples) if strict else []
    if problems:
        rest = len(problems) - MOST_PROBLEMS
        more = f"; and {rest} more problems like these" if rest > 0 else ""
        meant = [] if samples.doubt in problems else samples.proposals
        raise DataError("; ".join(["; also: ".join(problems[:MOST_PROBLEMS]) + more, *meant]))
    return samples


def find_reader(source: Any, tree: FileTree | None) -> Reader | None:
    """Return the first reader that accepts a source; those of other packages are asked first. None where none does.

    A folder that headstart wrote, with its arrays and tables, is no source: the reader of folders says so.
    """
    if tree and is_own_folder(tree.root):
        return FolderReader()
    for reader, accepts in REGISTRY.poll(lambda reader: reader.accepts(source, tree)):
        if accepts:
            return reader
    return next((reader for reader in READERS if reader.accepts(source, tree)), None)


def _list_problems(samples: Samples) -> list[str]:
    """Return why nothing can be fitted on samples, or has to be asked before; empty where it can."""
    return samples.task.targets.find_problems(samples) or [samples.doubt] * bool(samples.doubt)


def _resolve_source(source: Any, labels: Any) -> Any:
    """Return a path that is there, arrays with their labels, or the object itself.

    Raises:
        DataError: there is no such path, or labels are given beside one.
    """
    if isinstance(source, str | os.PathLike):
        if labels is not None:
            raise DataError(
                f"labels are given beside the path {str(source)!r}; wanted them with arrays only; drop them"
            )
        path = Path(source).expanduser()
        if not os.path.exists(path) and not expand_braces(path):  # noqa: PTH110 (Path.exists raises for names that are too long)
            raise DataError(
                f"{str(path)!r} does not exist; wanted a folder, a table, an archive or .npz; check the path"
            )
        return path
    if labels is None and isinstance(source, tuple) and len(source) == 2:
        return LabelledArrays(*source)
    return source if labels is None else LabelledArrays(source, labels)


def _list_source(source: Any, context: ReadContext) -> SourceListing:
    tree = FileTree(source) if isinstance(source, Path) and source.is_dir() else None
    reader = find_reader(source, tree)
    if reader in CONTAINERS and tree and _asks_for_folders(context.options):
        reader = FolderReader()
    if isinstance(source, Path) and source.is_file():
        refuse_stray_source(source, pointers_only=reader is not None and reader not in READERS)
    if reader:
        _refuse_folder_options(source, reader, context.options)
        listing = reader.list(source, tree, context)
        _refuse_columns(listing, reader, context.options)
        note = tree.describe_ignored() if tree else ""
        return replace(listing, notes=(*listing.notes, note)) if note else listing
    if isinstance(source, Path) and (what := describe_unread(source) or _describe_item(source)):
        raise DataError(f"{str(source)!r} is {what}")
    if not isinstance(source, Path):
        raise DataError(f"got {type(source).__name__} without labels; wanted a path, or items with labels=...")
    readers = sorted((*REGISTRY.all().values(), *READERS), key=lambda reader: reader in CONTAINERS)
    known = ", ".join(dict.fromkeys(suffix for reader in readers for suffix in reader.suffixes))
    raise DataError(f"{str(source)!r} is a file of no kind that is read; wanted a folder or a file ending in {known}")


def _describe_item(source: Path) -> str:
    """Return what a file is, where it is one item, and what is wanted; "" where it is none."""
    for modality in all_modalities():
        recognised = not takes_texts(modality) and is_item(source, modality)  # any file of words may be a text
        if source.suffix.lower() in modality.suffixes or recognised:
            return f"one {modality.noun.one}; wanted a folder, a table or an archive of labelled {modality.noun.many}"
    return ""


def _asks_for_folders(options: DataSettings) -> bool:
    """Return whether the settings say where classes stand in a folder."""
    return options.classes_from is not None or options.class_pattern is not None


def _choose_modality(listing: SourceListing, setting: str) -> SourceListing:
    """Return the listing of another package's reader with the modality that its samples look like."""
    choice = choose_by_sources(setting, [raw.source for raw in listing.samples], repr(listing.root))
    return replace(listing, modality=choice.modality.name, notes=(*listing.notes, *choice.notes))


def _refuse_folder_options(source: Any, reader: Reader, options: DataSettings) -> None:
    """Refuse to look for classes and groups in the names of folders where the labels are elsewhere."""
    if options.group_pattern is not None:
        for name in ("group_from", "group_column"):
            if getattr(options, name) is not None:
                raise SettingError(f"{name} is given beside a group_pattern, which reads the groups; drop one of them")
    if not reader.label_place:
        return
    what = repr(str(source)) if isinstance(source, Path) else "arrays"
    many = find_source_noun(options.modality).many
    for name in ("classes_from", "class_pattern", "group_from"):
        if getattr(options, name) is not None:
            raise SettingError(f"{name} is for folders of {many}; {what} has {reader.label_place}; drop it")


def _refuse_columns(listing: SourceListing, reader: Reader, options: DataSettings) -> None:
    """Refuse to look for columns where nothing has any."""
    if listing.in_rows and not isinstance(reader, ArrayReader | IdxReader):
        return
    has_fields = any(decision.kind is PlaceKind.FIELD for decision in listing.decisions)  #: one of which is the label
    for name in ("path_column", "label_column", "split_column", "group_column"):
        if getattr(options, name) is not None and not (has_fields and name == "label_column"):
            raise SettingError(f"{name} is for tables; {listing.root} is none; drop it")
    if options.number_shift is not None:
        raise SettingError(f"number_shift is for tables; {listing.root} is none; drop it")
    for name, given in (("label_cells", options.label_cells != "auto"), ("label_separator", options.label_separator)):
        if given:
            raise SettingError(f"{name} is for tables; {listing.root} is none; drop it")


def _refuse_forms(options: DataSettings, forms: frozenset[LabelForm] | None) -> None:
    """Refuse settings that say several labels in a cell where the task that is named reads one."""
    if forms is None or "several" in forms:
        return
    title = get_task(options.task).title
    if options.label_cells == "several" or options.label_separator is not None:
        flag = "--label-separator" if options.label_separator is not None else "--label-cells several"
        raise SettingError(
            f"{flag} says that a cell has several labels, and {title} reads one of each; drop it, or --task"
        )
