"""Items as ``predict`` and ``explain`` are given them: one, several, folders of them, or tables with a row for each."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, NoReturn

from headstart_runtime.errors import UserError
from headstart_runtime.fitting_parts import import_fitting_part, is_fitting_installed
from headstart_runtime.folder_items import walk_items
from headstart_runtime.inference.streaming import Prefetchable
from headstart_runtime.item_columns import ItemColumns
from headstart_runtime.modalities.given import is_path
from headstart_runtime.modalities.item import BrokenItem, NamedItem, Noun
from headstart_runtime.modalities.modality import Modality

TABLES = frozenset({".csv", ".tsv", ".parquet", ".jsonl", ".ndjson"})
NO_TABLES = (
    "a table, which is read where headstart is installed; give its items one by one, or, where items are texts, a text "
    "or a JSON object in each line of standard input"
)
ITEM = Noun("item", "items")  #: where the kind of data is not at hand


@dataclass(slots=True)
class Expansion:
    """The findings about folders and tables that items stood in."""

    alone: bool = True  #: whether one thing is given: rows of a table are called by it where there is more
    columns: ItemColumns = field(default_factory=ItemColumns)  #: of tables that items are read from
    skipped: list[str] = field(default_factory=list)  #: names of what else lies in folders
    notes: list[str] = field(default_factory=list)  #: on tables, for a person


def list_items(modality: Modality, given: Any) -> Iterable[Any]:
    """Return what a caller gave as several items: one alone is a list of one."""
    one = modality.accepts(given) or not isinstance(given, Iterable)
    several: Iterable[Any] = [given] if one else given
    return several


def take_few(items: Iterator[Any], few: int) -> Iterable[Any]:
    """Return a list where there are fewer items than some number, for that is answered sooner; else all, one by one.

    These do not wait for answers: they may be taken in advance.
    """
    first = list(islice(items, few))
    return first if len(first) < few else Prefetchable(chain(first, items))


def name_path(path: str) -> NamedItem:
    """Return a path as a person wrote it, "./a.jpg" included, as an item."""
    return NamedItem(path, Path(path))


def expand_items(modality: Modality, items: Iterable[Any], expansion: Expansion) -> Iterator[Any]:
    """Yield items; in place of a folder the files in it that are items, by their bytes, in natural order.

    In place of a table, an archive or whatever else a fit reads come the items in it, in their order.

    Args:
        modality: of the items.
        items: items, folders, tables, archives and the like.
        expansion: what else there is to say is added.

    Raises:
        DataError: one of these cannot be read, or a table has no column with such items.
    """
    for item in items:
        value, name = (item.value, item.name) if isinstance(item, NamedItem) else (item, str(item))
        if not name or not is_path(modality, value):
            yield item
        elif os.path.isdir(value):  # noqa: PTH112  Path.is_dir raises for names that are too long
            yield from _expand_folder(modality, name, expansion)
        elif os.path.splitext(name)[1].lower() not in modality.suffixes and os.path.isfile(value):  # noqa: PTH113, PTH122
            yield from _expand_file(modality, item, Path(value), expansion)
        else:
            yield item


def _expand_folder(modality: Modality, name: str, expansion: Expansion) -> Iterator[NamedItem]:
    if not is_fitting_installed():
        root = Path(name)
        for path in walk_items(root, modality, others := list[str]()):
            yield NamedItem(os.path.join(name, path.relative_to(root).as_posix()), path)  # noqa: PTH118
        expansion.skipped += [os.path.join(name, other) for other in others]  # noqa: PTH118
        return
    lists = import_fitting_part("headstart.data.source_items")
    found = lists.list_folder_items(Path(name), modality, columns=expansion.columns)
    expansion.notes += [f"{name}: {note}" for note in found.notes]
    for one in found.items:
        # the name as the user wrote it, "./a.jpg" included
        yield NamedItem(os.path.join(name, one.name), one.value)  # noqa: PTH118
    expansion.skipped += [os.path.join(name, other) for other in found.skipped]  # noqa: PTH118


def _expand_file(modality: Modality, item: Any, file: Path, expansion: Expansion) -> Iterator[Any]:
    if not is_fitting_installed():
        name = item.name if isinstance(item, NamedItem) else str(item)
        yield NamedItem(name, BrokenItem(NO_TABLES)) if file.suffix.lower() in TABLES else item
        return
    lists = import_fitting_part("headstart.data.source_items")
    found = lists.list_file_items(file, modality, columns=expansion.columns)
    if found is None:
        yield item
        return
    expansion.notes += [f"{file}: {note}" for note in found.notes]
    for one in found.items:
        yield one if expansion.alone else NamedItem(f"{file}: {one.name}", one.value)
    expansion.skipped += [f"{file}: {other}" for other in found.skipped]


def refuse_nothing(modality: Modality, given: object, skipped: list[str]) -> NoReturn:
    """Refuse what has no items in it.

    Raises:
        UserError: always.
    """
    others = f" ({len(skipped)} other files, such as {skipped[0]!r})" if skipped else ""
    many = modality.noun.many
    raise UserError(f"no {many} found in {str(given)[:300]}{others}; give files, or folders with {many}")
