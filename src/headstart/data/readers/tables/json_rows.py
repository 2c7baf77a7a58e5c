"""Tables in JSON: an object for each row in lines or in an array, or one object of all.

That gives each path its label, or an object with it, or each label a list of its paths, or each part a list of rows, or
each column the cells of all rows.

``metadata.jsonl`` beside the items is how Hugging Face's folders name their labels. Columns are the keys of all rows;
what stands in a cell is text, as in any other table.
"""

import json
import re
from collections.abc import Iterator
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from headstart.data.readers.json_stream import iter_json, read_ends
from headstart.data.readers.tables.csv_text import TextRow, TextTable
from headstart.data.readers.tables.table_columns import ALIASES, LABEL_COLUMNS, match_columns
from headstart.data.subsets import parse_subset
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.modality import all_modalities
from headstart_runtime.parsing import parse_json

LINES = (".jsonl", ".ndjson")
JSON_SUFFIXES = (*LINES, ".json")
_MOST_KEYS = 10_000
_LOOK_AT = 20  #: keys by which the form of an object is known
_PARTED = ("pairs", "triples", "rows")  #: forms of an object with a list of rows for each part
_SPLIT = "split"
_TRIPLE = ("path", "class_id", "label")
_MAPPING = ("path", "label")  #: the columns of an object that gives each path its label


def is_json_table(path: Path) -> bool:
    """Return whether a file with an ending of JSON begins like rows: an object with values, or several of them."""
    if path.suffix.lower() not in JSON_SUFFIXES:
        return False
    head = read_ends(path)
    if path.suffix.lower() in LINES:
        return head.startswith(b"{")
    if head.startswith(b"["):
        return head[1:].lstrip().startswith(b"{")
    return head.startswith(b"{") and bool(_find_form(path))


def is_path_array(path: Path) -> bool:
    """Return whether a file with an ending of JSON is an array of paths, which has no labels."""
    if path.suffix.lower() != ".json" or not re.match(rb"\[\s*\"", read_ends(path)):
        return False
    try:
        return all(_is_path(value) for _, value in islice(iter_json(path), _LOOK_AT))
    except DataError:
        return False


def read_path_array(table: Path) -> TextTable:
    """Return a row for each path of an array.

    Raises:
        DataError: it is no JSON.
    """

    def parse() -> Iterator[TextRow]:
        yield TextRow(0, 0, _MAPPING[:1])
        for number, (_, value) in enumerate(iter_json(table), 1):
            yield TextRow(number, number, (_format_value(value),))

    return TextTable(_MAPPING[:1], (), parse)


def read_json_table(table: Path) -> TextTable:
    """Return the rows of a table in JSON.

    Raises:
        DataError: it is no JSON, or has no rows.
        OSError: it cannot be read.
    """
    if table.suffix.lower() not in LINES and read_ends(table).startswith(b"{"):
        form = _find_form(table)
        if form in _PARTED:
            return _read_parts(table, form)
        if form == "columns":
            return _read_columns(table)
        if form != "records":
            return TextTable(_MAPPING, (), lambda: _iter_mapping(table, lists=form == "lists"))
        fields = dict.fromkeys(key for _, value in iter_json(table) if isinstance(value, dict) for key in value)
        columns = (_MAPPING[0], *(key for key in fields if key != _MAPPING[0]))
        return TextTable(columns, (), lambda: _iter_records(table, columns))
    keys: dict[str, None] = {}
    for row in _iter_objects(table):
        if isinstance(row, dict):
            keys.update(dict.fromkeys(row))
        if len(keys) > _MOST_KEYS:
            raise DataError(f"table {str(table)!r} has more than {_MOST_KEYS:,} different keys; wanted rows alike")
    return TextTable(tuple(keys), (), lambda: _iter_rows(table, tuple(keys)))


def _find_form(path: Path) -> str:
    """Return the form of an object of all rows by its first keys; "" for none.

    That is "mapping", "records", "lists", "columns", or one of rows of parts: "pairs", "triples", "rows".
    """
    forms: set[str] = set()
    try:
        for count, (key, value) in enumerate(iter_json(path)):
            forms.add(_recognise_form(key, value))
            if count >= _LOOK_AT or len(forms) > 1:
                break
    except DataError:
        return ""
    return forms.pop() if len(forms) == 1 else "mapping" if not forms else ""


def _recognise_form(key: str, value: Any) -> str:
    if isinstance(value, dict) and value and all(name.isdecimal() for name in value):
        return "columns" if all(isinstance(cell, str | int | float) for cell in value.values()) else ""
    if parse_subset(key) and isinstance(value, list | dict):
        return _recognise_row(value)
    if "." not in key:  # each element of a list comes with its key
        return "lists" if key and _is_path(value) and not parse_subset(key) else ""
    if isinstance(value, bool):
        return ""
    if isinstance(value, dict):
        plain = [
            name
            for name, cell in value.items()
            if _is_label(cell) or (isinstance(cell, list) and all(map(_is_label, cell)))
        ]
        return "records" if next(match_columns(plain, [*ALIASES["label"], *LABEL_COLUMNS]), None) else ""
    return "mapping" if isinstance(value, str | int | float) else ""


def _is_label(cell: Any) -> bool:
    return isinstance(cell, str | int | float) and not isinstance(cell, bool)


def _recognise_row(value: list[Any] | dict[str, Any]) -> str:
    """Return the form of a part's rows: "pairs" of path and label, "triples", "rows" with names; "" for another."""
    if isinstance(value, dict):
        named = next(match_columns(list(value), [*ALIASES["label"], *LABEL_COLUMNS]), None)
        plain = all(isinstance(cell, str | int) for cell in value.values())
        return "rows" if named and plain and any(map(_is_path, value.values())) else ""
    if len(value) == len(_TRIPLE) and isinstance(value[1], int) and isinstance(value[2], str) and _is_path(value[0]):
        return "triples"
    label = value[1] if len(value) == len(_MAPPING) else None
    return "pairs" if isinstance(label, str | int) and not isinstance(label, bool) and _is_path(value[0]) else ""


def _is_path(value: Any) -> bool:
    suffixes = tuple(suffix for one in all_modalities() for suffix in one.suffixes)
    return isinstance(value, str) and value.lower().endswith(suffixes)


def _read_parts(table: Path, form: str) -> TextTable:
    """Return the rows of ``{"train": [["1.jpg", "cat"], ...], "test": [...]}``, or of objects in the place of pairs."""
    fields: tuple[str, ...] = _TRIPLE if form == "triples" else _MAPPING
    if form == "rows":
        keys = [name for _, value in iter_json(table) if isinstance(value, dict) for name in value if name != _SPLIT]
        fields = tuple(dict.fromkeys(keys))

    def parse() -> Iterator[TextRow]:
        yield TextRow(1, 1, (*fields, _SPLIT))
        for number, (part, value) in enumerate(iter_json(table), 2):
            if isinstance(value, dict) and form == "rows":
                cells = tuple(_format_value(value.get(name)) for name in fields)
            elif isinstance(value, list) and len(value) == len(fields) and form != "rows":
                cells = tuple(map(_format_value, value))
            else:
                yield TextRow(number, number, ("",) * (len(fields) + 1), f"not like the other rows of {part!r}")
                continue
            yield TextRow(number, number, (*cells, part))

    return TextTable((*fields, _SPLIT), (), parse)


def _read_columns(table: Path) -> TextTable:
    """Return the rows of ``{"file": {"0": "1.jpg", ...}, "label": {"0": "cat", ...}}``, as pandas writes them."""
    columns = {name: cells for name, cells in iter_json(table) if isinstance(cells, dict)}
    fields, rows = tuple(columns), dict.fromkeys(row for cells in columns.values() for row in cells)

    def parse() -> Iterator[TextRow]:
        yield TextRow(1, 1, fields)
        for number, row in enumerate(rows, 2):
            yield TextRow(number, number, tuple(_format_value(columns[name].get(row)) for name in fields))

    return TextTable(fields, (), parse)


def _iter_mapping(table: Path, *, lists: bool) -> Iterator[TextRow]:
    yield TextRow(1, 1, _MAPPING)
    pairs = iter_json(table) if lists else _gather_lists(table)
    for number, (key, value) in enumerate(pairs, 2):
        cells = (key, _format_value(value))
        yield TextRow(number, number, cells[::-1] if lists else cells)


def _gather_lists(table: Path) -> Iterator[tuple[str, Any]]:
    """Yield each key with its value, or with the list of its values, which come one after the other."""
    for key, pairs in groupby(iter_json(table), key=itemgetter(0)):
        values = [value for _, value in pairs]
        yield key, values if len(values) > 1 else values[0]


def _iter_records(table: Path, columns: tuple[str, ...]) -> Iterator[TextRow]:
    yield TextRow(1, 1, columns)
    for number, (key, value) in enumerate(iter_json(table), 2):
        if isinstance(value, dict):
            cells = (key, *(_format_value(value.get(name)) for name in columns[1:]))
            yield TextRow(number, number, cells)
        else:
            yield TextRow(number, number, (key, *[""] * (len(columns) - 1)), "no JSON object in this row")


def _iter_rows(table: Path, keys: tuple[str, ...]) -> Iterator[TextRow]:
    yield TextRow(0, 0, keys)
    for number, row in enumerate(_iter_objects(table), 1):
        if not isinstance(row, dict):
            yield TextRow(number, number, ("",) * len(keys), "no JSON object in this row")
            continue
        yield TextRow(number, number, tuple(_format_value(row.get(key)) for key in keys))


def _iter_objects(table: Path) -> Iterator[Any]:
    """Yield each row; None for a line that is no JSON."""
    if table.suffix.lower() not in LINES:
        yield from (value for _, value in iter_json(table))
        return
    try:
        with table.open(encoding="utf-8-sig") as stream:
            for line in stream:
                if line.strip():
                    yield _parse_line(line)
    except UnicodeDecodeError:
        raise DataError(f"table {str(table)!r} is no UTF-8, as JSON has to be; save it as that") from None


def _parse_line(line: str) -> Any:
    try:
        return parse_json(line)
    except ValueError:
        return None


def _format_value(value: Any) -> str:
    """Return a value as the text of a cell: a list of one value is that, anything deeper is JSON."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)
