"""Files beside items that may hold their labels: tables, workbooks, JSON, a text beside each item.

Only what such a file says is found here; whether a reading stops for one is ruled in ``unused_labels``.
"""

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from headstart.data.names import preview
from headstart.data.readers.file_kinds import describe_unread
from headstart.data.readers.tables.column_evidence import differs_by_row, holds_labels
from headstart.data.readers.tables.csv_text import TextTable, read_text_table
from headstart.data.readers.tables.json_rows import JSON_SUFFIXES, is_json_table, read_json_table
from headstart.data.readers.tables.label_rows import MISSING
from headstart.data.readers.tables.loose_names import explain_difference
from headstart.data.readers.tables.path_lists import LIST_SUFFIXES, read_path_list
from headstart.data.readers.tables.split_column import read_parts
from headstart.data.readers.tables.table_columns import ALIASES, LABEL_COLUMNS, find_key_columns, match_columns
from headstart.data.readers.tables.table_files import FileFinder
from headstart.data.readers.walk import FileTree
from headstart_runtime.errors import DataError

TABLES = (".csv", ".tsv", *LIST_SUFFIXES, *JSON_SUFFIXES)
WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods", ".numbers", ".gsheet")
RECORDS = (".json", ".xml", ".yaml", ".yml", ".manifest")
MOST_FILES = 40  #: that are looked at
MOST_FOLDERS = 200  #: folders beside items whose files are looked at
MOST_BYTES = 50_000_000  #: of one of them
MOST_TEXT = 4_000_000  #: characters of a record in which items are looked for
ROWS = 1000  #: of a table, spread evenly
SHARE = 0.1  #: of the items that a record has to name
LOOK_AT = 100  #: cells of a column by which it is known whether they lead to items
_CALLED = re.compile(r"label|annotation|metadata|ground.?truth|etikett|etiquet|klassen|bestimmung", re.IGNORECASE)
_KEYS = re.compile(r'"(labels?|class(es)?|class_name|categor(y|ies)|annotations?|tags?|species|diagnosis)"\s*:')
_OTHERS = re.compile(r"read.?me|licen[cs]e|requirements|submission|history|results?_log", re.IGNORECASE)


@dataclass(frozen=True)
class LabelFile:
    """A file that may hold labels, and how far it goes with the items."""

    path: Path
    name: str  #: below the source
    rows: int = 0  #: that were looked at; of a record the items
    items: Sequence[str] = ()  #: of each row the one item that it leads to; "" for none
    several: int = 0  #: rows that may mean several items each
    column: str = ""  #: that leads to the items
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)  #: column called like labels -> its cells
    others: Mapping[str, Sequence[str]] = field(default_factory=dict)  #: further columns that hold some
    hint: str = ""  #: why others lead to none, as far as that is known
    example: str = ""  #: a cell that leads to no one item, and how an item is called
    kind: str = ""  #: "" for a table, else what it is
    words: frozenset[str] = frozenset()  #: of a record, in quotation marks or between tags

    @property
    def is_called_so(self) -> bool:
        """Whether its name says labels, annotations or the like."""
        return bool(_CALLED.search(self.path.stem))

    @property
    def is_workbook(self) -> bool:
        """Whether it is a workbook, which is not read."""
        return bool(self.kind) and not self.rows

    @cached_property
    def found(self) -> int:
        """The rows that lead to one item."""
        return sum(map(bool, self.items))

    @property
    def is_about_items(self) -> bool:
        """Whether it names any of the items, or nearly."""
        return bool(self.found or self.several or self.hint)


def find_label_files(tree: FileTree, base: Path, finder: FileFinder, used: Iterable[str]) -> list[LabelFile]:
    """Return the files of a folder, and of those right in it, that may hold labels of its items.

    Args:
        tree: the folder.
        base: the folder in it that is not only a wrapper.
        finder: of the items below the folder.
        used: names of files that are read already.
    """
    found = []
    taken = set(used)
    for path in _list_candidates(tree, base):
        name = path.relative_to(tree.root).as_posix()
        if name not in taken and (file := _read_file(path, name, finder)):
            found.append(file)
    if beside := _read_beside(finder, tree.root):
        found.append(beside)
    return found


def _list_candidates(tree: FileTree, base: Path) -> Iterator[Path]:
    wanted = (*TABLES, *WORKBOOKS, *RECORDS)
    return _list_files(tree, base, lambda path: path.suffix.lower() in wanted)


def list_candidates(tree: FileTree, base: Path, items: Collection[str]) -> Iterator[Path]:
    """Return files of a folder, and of those right in it, that may hold labels: all but items.

    Args:
        tree: the folder.
        base: the folder in it that is not only a wrapper.
        items: endings of items.
    """
    return _list_files(tree, base, lambda path: path.suffix.lower() not in items)


def _list_files(tree: FileTree, base: Path, may_be: Callable[[Path], bool]) -> Iterator[Path]:
    places = dict.fromkeys((tree.root, base))
    places |= dict.fromkeys(inner for place in list(places) for inner in tree.scan(place).folders[:MOST_FOLDERS])
    count = 0
    for place in places:
        files = [it for it in tree.scan(place).files if may_be(it)]
        for path in files if len(files) <= MOST_FILES else ():
            count += 1
            if count > MOST_FILES:
                return
            if not _OTHERS.search(path.stem):
                yield path


def _read_file(path: Path, name: str, finder: FileFinder) -> LabelFile | None:
    """Return what a file says; None where it holds nothing like labels."""
    suffix = path.suffix.lower()
    if suffix in WORKBOOKS:
        kind = describe_unread(path) or "a workbook, which is not read; save the table as CSV"
        return LabelFile(path, name, kind=kind)
    with suppress(OSError, DataError, ValueError):
        if path.stat().st_size > MOST_BYTES:
            return None
        content = _read_rows(path)
        if content is not None:
            return _read_table(path, name, content, finder) if content.header else None
        if suffix in RECORDS:
            return _read_record(path, name, finder)
    return None


def _read_rows(path: Path) -> TextTable | None:
    suffix = path.suffix.lower()
    if suffix in JSON_SUFFIXES:
        return read_json_table(path) if is_json_table(path) else None
    if suffix in RECORDS:
        return None
    content = read_path_list(path, find_key_columns)
    if content is None and suffix in LIST_SUFFIXES and not _has_columns(path):
        return None
    return content or read_text_table(path, find_key_columns)


def _has_columns(path: Path) -> bool:
    with path.open("rb") as stream:
        first = stream.readline(4096)
    return any(first.count(sign) for sign in (b",", b";", b"\t"))


def _read_table(path: Path, name: str, content: TextTable, finder: FileFinder) -> LabelFile | None:
    header, rows = list(content.header), list(content.iter_some(ROWS))
    columns = [[row[place].strip() if place < len(row) else "" for row in rows] for place in range(len(header))]
    if not rows or len(header) < 2:
        return None
    shares = [
        _count_leads(cells, finder) if differs_by_row(cells) or place == 0 else 0.0
        for place, cells in enumerate(columns)
    ]
    path_at = max(range(len(header)), key=shares.__getitem__)
    if finder.find_files(header[path_at].strip()):  # no header, but an item like the others
        columns = [[cell.strip(), *cells] for cell, cells in zip(header, columns, strict=True)]
        header = [f"column {number}" for number in range(1, len(header) + 1)]
    items: list[str] = []
    several, left = 0, list[str]()
    for cell in columns[path_at]:
        files = finder.find_files(cell) if cell else []
        items.append(files[0] if len(files) == 1 else "")
        several += len(files) > 1
        left += [cell] if cell and not files else []
    loose = {} if len(left) < len(items) / 2 else finder.find_loosely(dict.fromkeys(left))
    items = [item or loose.get(cell, "") for item, cell in zip(items, columns[path_at], strict=True)]
    missed = (
        "" if loose else next((cell for cell in columns[path_at] if cell and len(finder.find_files(cell)) != 1), "")
    )
    hint = _explain(missed, finder) if missed else ""
    if missed and not any(items) and not several and not hint:
        hint = next(filter(None, (_explain(cells[0], finder) for cells in columns)), "")
    example = f"{missed!r}, where {finder.noun.a_one} is {finder.files[0]!r}" if missed and finder.files else ""
    named = set(match_columns(header, [*ALIASES["label"], *LABEL_COLUMNS])) - {header[path_at]}
    known = [["" if cell.lower() in MISSING else cell for cell in cells] for cells in columns]
    held = {
        column: cells
        for column, cells in zip(header, known, strict=True)
        if column != header[path_at] and not read_parts(column, set(cells), folds=False)
    }
    labels = {column: cells for column, cells in held.items() if column in named and len(set(cells) - {""}) > 1}
    others = {column: cells for column, cells in held.items() if column not in named and holds_labels(cells)}
    return LabelFile(path, name, len(items), items, several, header[path_at], labels, others, hint, example)


def _explain(cell: str, finder: FileFinder) -> str:
    """Return why a cell leads to no one item; "" where nothing is known."""
    files = finder.find_files(cell) if cell else []
    if len(files) > 1:
        return f"{cell!r} may be one of {len(files)}: {preview(files, most=2)}"
    return explain_difference(cell, finder.files) if cell else ""


def _count_leads(cells: Sequence[str], finder: FileFinder) -> float:
    """Return the share of some cells that lead to items; one item counts more than several."""
    some = list(dict.fromkeys(cell for cell in cells if cell))
    some = some[:: max(1, len(some) // LOOK_AT)]
    counts = [len(finder.find_files(cell)) for cell in some]
    return sum(1.0 if count == 1 else 0.9 if count else 0.0 for count in counts) / max(1, len(some))


def _read_record(path: Path, name: str, finder: FileFinder) -> LabelFile | None:
    """Return what a file of JSON or the like says that is no table: which items it names, and whether it has labels."""
    with path.open(encoding="utf-8", errors="replace") as stream:
        text = stream.read(MOST_TEXT)
    words = frozenset(re.findall(r'"([^"\n]{1,300})"|>([^<\n]{1,300})<', text))
    plain = frozenset(one or other for one, other in words)
    ends = {it.replace("\\", "/").rpartition("/")[2].casefold() for it in plain}
    items = ["" if not {_get_name(file), _get_stem(file)} & ends else file for file in finder.files[:ROWS]]
    if sum(map(bool, items)) < max(1, SHARE * len(items)) or not (_KEYS.search(text) or _CALLED.search(path.stem)):
        return None
    kind = f"it names {sum(map(bool, items))} of the {len(items)} {finder.noun.many}"
    return LabelFile(path, name, len(items), items, kind=kind, words=plain)


def _read_beside(finder: FileFinder, root: Path) -> LabelFile | None:
    """Return what texts beside the items say, one beside each, of the same name."""
    files = finder.files[:ROWS]
    some = files[:: max(1, len(files) // LOOK_AT)]
    for suffix in (".txt", ".json", ".xml"):
        beside = [os.path.splitext(root / file)[0] + suffix for file in some]  # noqa: PTH122
        there = [path for path in beside if os.path.isfile(path)]  # noqa: PTH113
        if len(some) < 2 or 2 * len(there) <= len(some):
            continue
        texts = []
        for path in beside:
            with suppress(OSError):
                texts.append(
                    Path(path).read_bytes()[:MOST_TEXT].decode("utf-8", "replace").strip() if path in there else ""
                )
        name = f"*{suffix}"
        kind = f"{suffix} files lie beside the {finder.noun.many}, one for each"
        if suffix == ".txt" and holds_labels(texts) and max(map(len, texts)) < 100:
            return LabelFile(root / name, name, len(some), some, labels={"text": texts}, kind=kind)
        if suffix != ".txt" and any(_KEYS.search(text) or "<name>" in text for text in texts):
            return LabelFile(root / name, name, len(some), some, kind=kind)
    return None


def _get_name(file: str) -> str:
    return file.rpartition("/")[2].casefold()


def _get_stem(file: str) -> str:
    name = _get_name(file)
    return name.rpartition(".")[0] or name
