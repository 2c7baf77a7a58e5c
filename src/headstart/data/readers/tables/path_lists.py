"""Lists of paths and labels with blanks between them, one item a line, as many old sets have them in text files."""

import csv
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from headstart.data.readers.encodings import decode_text
from headstart.data.readers.file_kinds import HEAD
from headstart.data.readers.tables.csv_lines import DELIMITERS, FindKeys
from headstart.data.readers.tables.csv_text import TextRow, TextTable, name_row_names
from headstart.data.readers.tables.table_files import FileFinder
from headstart.data.subsets import parse_subset
from headstart_runtime.modalities.modality import all_modalities

LIST_SUFFIXES = (".txt", ".lst", ".list")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
OFTEN = 1.5  #: lines of a label of several words, on average
LOOK_AT = 100  #: lines that say how a line is divided


def read_path_list(table: Path, find_keys: FindKeys, *, encoding: str | None = None) -> TextTable | None:
    """Return the rows of a list whose columns are divided by blanks; None where commas and the like divide them.

    Args:
        table: the file.
        find_keys: returns the columns of a header that have a known name.
        encoding: of the text; None finds it.

    Raises:
        OSError: it cannot be read.
        DataError: it is no text.
    """
    with table.open("rb") as opened:
        head = opened.read(HEAD).decode("latin-1").replace("\0", "").splitlines()
    first = next((line for line in head if line.strip() and not line.startswith("#")), "")
    if table.suffix.lower() in LIST_SUFFIXES and (named := _read_named_lines(table, first, encoding)):
        return named
    tokens = [token.strip('"') for token in first.split()]
    is_list = table.suffix.lower() in LIST_SUFFIXES
    if any(first.count(sign) for sign in DELIMITERS) or len(tokens) < 2:
        return None
    if not is_list and not _ends_like_file(tokens) and len(find_keys(tokens)) < 2:
        return None
    decoded = decode_text(table.read_bytes(), encoding, f"table {str(table)!r}")
    lines = decoded.text.splitlines()
    comments = sum(line.startswith("#") for line in lines)
    some = [line for line in lines if line.strip() and not line.startswith("#")][:LOOK_AT]
    quoted = re.fullmatch(r'\s*("[^"]*"\s*)+', first) is not None
    header_lacks_one = _lacks_one(some) and bool(find_keys(tokens))
    columns = -1 if _are_ids_with_words(some, table.parent, find_keys) else _count_columns(some, table.parent)
    notes = [f"{table.name} is not UTF-8 and was read as {decoded.encoding}"] if decoded.guessed else []
    if comments:
        notes.append(f"{comments} lines of {table.name} begin with # and are no rows")

    def parse() -> Iterator[TextRow]:
        for number, line in enumerate(lines, 1):
            if line.strip() and not line.startswith("#"):
                yield TextRow(number, number, divide(line))

    def divide(line: str) -> list[str]:
        if quoted:
            return next(csv.reader([line.strip()], delimiter=" ", skipinitialspace=True))
        return line.split() if header_lacks_one else _divide(line, columns)

    content = TextTable(divide(some[0]), tuple(notes), parse)
    return name_row_names(content, quoted=quoted) if quoted or header_lacks_one else content


def _lacks_one(lines: Sequence[str]) -> bool:
    """Return whether each line has one word more than the first, which may be a header without a name for rows."""
    counts = {len(line.split()) for line in lines[1:]}
    return counts == {len(lines[0].split()) + 1}


def _read_named_lines(table: Path, first: str, encoding: str | None) -> TextTable | None:
    """Return the rows of lines such as ``1.jpg: cat`` or ``cat: 1.jpg, 2.jpg``; None where not all lines are so."""
    if ":" not in first and "=" not in first:
        return None
    decoded = decode_text(table.read_bytes(), encoding, f"table {str(table)!r}")
    lines = [line.strip() for line in decoded.text.splitlines() if line.strip() and not line.startswith("#")]
    rows: list[tuple[str, str]] = []
    for divide in (_divide_file_and_label, _divide_label_and_files):
        rows = []
        for line in lines:
            pairs = divide(line)
            if not pairs:
                break
            rows += pairs
        else:
            break
        rows = []
    if not rows:
        return None
    notes = (f"{table.name} is not UTF-8 and was read as {decoded.encoding}",) if decoded.guessed else ()
    cells = [("path", "label"), *rows]
    return TextTable(cells[0], notes, lambda: (TextRow(number, number, row) for number, row in enumerate(cells, 1)))


def _divide_file_and_label(line: str) -> list[tuple[str, str]]:
    """Return path and label of ``1.jpg: cat``; nothing for another line."""
    match = re.fullmatch(r"([^:=]+?)[ \t]*[:=][ \t]*([^:=,;\t]+)", line)
    path, label = (text.strip("\"'") for text in match.groups()) if match else ("", "")
    return [(path, label)] if _ends_like_file([path]) and not _ends_like_file([label]) else []


def _divide_label_and_files(line: str) -> list[tuple[str, str]]:
    """Return each path and the label of ``cat: 1.jpg, 2.jpg``; nothing for another line."""
    match = re.fullmatch(r"([^:=,;\t]+?)[ \t]*:[ \t]+([^:=]+)", line)
    if not match or _ends_like_file([match[1]]):
        return []
    several = re.split(r"[,;\t]\s*", match[2].strip(",; "))
    files = several if len(several) > 1 else match[2].split()
    paths = [file.strip("\"' ") for file in files]
    return [(path, match[1]) for path in paths] if all(_ends_like_file([path]) for path in paths) else []


def _count_columns(lines: Sequence[str], folder: Path) -> int:
    """Return into how many columns lines divide: 0 for a label behind a path with blanks, -1 for one before it."""
    counts = {len(line.split()) for line in lines}
    *before, _ = lines[0].rsplit(None, 1)
    if len(counts) == 1 and not (max(counts) > 2 and before and os.path.isfile(folder / before[0].strip())):  # noqa: PTH113
        return counts.pop()
    ends = sum(_ends_like_file([line]) for line in lines)
    return -1 if 2 * ends > len(lines) else 0


def _are_ids_with_words(lines: Sequence[str], folder: Path, find_keys: FindKeys) -> bool:
    """Return whether each line is the id of a file and a label of several words: ``1025794 Boeing 707-320``.

    Each id is another one and most lead to files by their names without the ending; labels come again, and no column
    behind the id has only numbers or names of parts.
    """
    tokens = [line.split() for line in lines]
    width = min(map(len, tokens))
    if width < 2 or max(map(len, tokens)) < 3 or _ends_like_file(lines) or any(_ends_like_file(it) for it in tokens):
        return False
    if find_keys(tokens[0]):
        return False
    columns = [[line[place] for line in tokens] for place in range(1, width)]
    if any(all(_NUMBER.fullmatch(it) or parse_subset(it) for it in column) for column in columns):
        return False
    ids, labels = [line[0] for line in tokens], {" ".join(line[1:]) for line in tokens}
    if len(set(ids)) < len(ids) or len(lines) < OFTEN * len(labels):
        return False
    finders = (FileFinder(folder, modality) for modality in all_modalities())
    return any(2 * finder.count_leading(ids) > len(ids) for finder in finders)


def _divide(line: str, columns: int) -> list[str]:
    if columns == 0:
        return line.strip().rsplit(None, 1)
    return line.split(None, 1 if columns == -1 else columns - 1)


def _ends_like_file(texts: Sequence[str]) -> bool:
    suffixes = tuple(suffix for modality in all_modalities() for suffix in modality.suffixes)
    return any(text.rstrip().lower().endswith(suffixes) for text in texts)
