"""Tables in JSON: an object for each row in lines or in an array, or one object that gives each path its label.

``metadata.jsonl`` beside the items is how Hugging Face's folders name their labels. Columns are the keys of all rows;
what stands in a cell is text, as in any other table.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from headstart.data.readers.json_stream import iter_json, read_ends
from headstart.data.readers.tables.csv_text import TextRow, TextTable
from headstart.data.readers.tables.label_column import SEVERAL
from headstart.data.readers.tables.table_columns import ALIASES, normalise_column
from headstart.errors import DataError
from headstart.parsing import parse_json

LINES = (".jsonl", ".ndjson")
JSON_SUFFIXES = (*LINES, ".json")
_MOST_KEYS = 10_000
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
    return head.startswith(b"{") and _is_mapping(path)


def read_json_table(table: Path) -> TextTable:
    """Return the rows of a table in JSON.

    Raises:
        DataError: it is no JSON, or has no rows.
        OSError: it cannot be read.
    """
    if table.suffix.lower() not in LINES and read_ends(table).startswith(b"{"):
        return TextTable(_MAPPING, (), lambda: _iter_mapping(table))
    keys: dict[str, None] = {}
    for row in _iter_objects(table):
        if isinstance(row, dict):
            keys.update(dict.fromkeys(row))
        if len(keys) > _MOST_KEYS:
            raise DataError(f"table {str(table)!r} has more than {_MOST_KEYS:,} different keys; wanted rows alike")
    return TextTable(tuple(keys), (), lambda: _iter_rows(table, tuple(keys)))


def _is_mapping(path: Path) -> bool:
    """Return whether the values of an object are text or numbers, and its keys look like files."""
    try:
        for count, (key, value) in enumerate(iter_json(path)):
            if isinstance(value, bool) or not isinstance(value, str | int) or "." not in key:
                return False
            if count >= 20:
                return True
    except DataError:
        return False
    return True


def _iter_mapping(table: Path) -> Iterator[TextRow]:
    yield TextRow(1, 1, _MAPPING)
    for number, (key, value) in enumerate(iter_json(table), 2):
        yield TextRow(number, number, (key, _format_value(value)))


def _iter_rows(table: Path, keys: tuple[str, ...]) -> Iterator[TextRow]:
    yield TextRow(0, 0, keys)
    for number, row in enumerate(_iter_objects(table), 1):
        if not isinstance(row, dict):
            yield TextRow(number, number, ("",) * len(keys), "no JSON object in this row")
            continue
        cells = tuple(_format_value(row.get(key)) for key in keys)
        several = [
            value
            for key, value in row.items()
            if isinstance(value, list) and len(value) > 1 and normalise_column(key) in ALIASES["label"]
        ]
        yield TextRow(number, number, cells, f"{len(several[0])} labels: {SEVERAL}" if several else "")


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
