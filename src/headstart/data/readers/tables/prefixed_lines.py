"""Lines with labels before a text, ``__label__spam Call now``, as fastText reads and writes them."""

from collections.abc import Iterator
from pathlib import Path

from headstart.data.readers.encodings import decode_text
from headstart.data.readers.file_kinds import read_beginning
from headstart.data.readers.tables.csv_text import TextRow, TextTable

PREFIX = "__label__"
_COLUMNS = ("text", "label")


def has_prefixed_lines(file: Path) -> bool:
    """Return whether the first line of a file begins with such a label."""
    return read_beginning(file).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(PREFIX.encode())


def read_prefixed_lines(table: Path, encoding: str | None) -> TextTable:
    """Return a row for each line: the text, and the labels before it with semicolons between.

    Raises:
        OSError: it cannot be read.
        DataError: it is no text.
    """
    decoded = decode_text(table.read_bytes(), encoding, f"table {str(table)!r}")
    lines = decoded.text.replace("\r\n", "\n").split("\n")
    notes = [f"{table.name} is not UTF-8 and was read as {decoded.encoding}"] if decoded.guessed else []

    def parse() -> Iterator[TextRow]:
        yield TextRow(0, 0, _COLUMNS)
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield TextRow(number, number, _divide(line))

    return TextTable(_COLUMNS, (*notes, f"labels stand before the texts after {PREFIX!r}, as fastText has them"), parse)


def _divide(line: str) -> tuple[str, str]:
    labels, rest = list[str](), line.strip()
    while rest.startswith(PREFIX):
        label, _, rest = rest.removeprefix(PREFIX).partition(" ")
        labels.append(label)
        rest = rest.lstrip()
    return rest, ";".join(labels)
