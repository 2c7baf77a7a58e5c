"""The names of classes that a table gives as numbers, from a file beside it.

That is a list of a name a line, perhaps with its number, or a small table or JSON that gives each number another name.
"""

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from headstart.data.names import preview
from headstart.data.readers.encodings import decode_text
from headstart_runtime.errors import DataError

FILES = (
    "classes.txt",
    "class_names.txt",
    "classnames.txt",
    "labels.txt",
    "label_names.txt",
    "names.txt",
    "synsets.txt",
)
MOST_BYTES = 1_000_000
MOST_FILES = 20  #: tables and JSON that are looked at
MOST_NAMES = 20  #: times as many numbers with names as are wanted
_LEGENDS = (".csv", ".tsv", ".json")
_NUMBERED = re.compile(r"class|label|categor|target|^id$|index|number|code", re.IGNORECASE)  #: headers of numbers
_NAMED = re.compile(r"name|species|text|meaning|description|title", re.IGNORECASE)  #: headers of names
_NUMBER_FIRST = re.compile(r"(\d+)[\s,;:]+(\S.*)")
_NUMBER_LAST = re.compile(r"(\S.*?)[\s,;:]+(\d+)")


def read_class_list(table: Path, labels: Iterable[str]) -> tuple[Mapping[str, str], str]:
    """Return the name of each number among labels, from a list of classes beside the table, and a note.

    Args:
        table: its folder is looked into.
        labels: all of the table; where one is no whole number nothing is looked for.

    Returns:
        Label -> name and what was done, for a person; nothing where there is no list. Where numbers and lines do not
        go together there are no names, but a note.
    """
    numbers = {label for label in labels if label}
    whole = {label: int(float(label)) for label in numbers if re.fullmatch(r"\d{1,6}(\.0+)?", label)}
    if not numbers or len(whole) < len(numbers):
        return {}, ""
    beside = {place.name.lower(): place for place in table.parent.iterdir()}
    file = next((beside[name] for name in FILES if name in beside and beside[name] != table), None)
    if file is None:
        return _read_legend([place for place in beside.values() if place != table], whole)
    if not file.is_file() or file.stat().st_size > MOST_BYTES:
        return {}, ""
    try:
        text = decode_text(file.read_bytes(), None, repr(file.name)).text
    except (OSError, DataError):
        return {}, f"{file.name} beside the table cannot be read; the labels stay numbers"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    names = _number_lines(lines, set(whole.values()))
    if names is None:
        wanted = f"labels from {min(whole.values())} to {max(whole.values())}"
        return {}, f"the {len(lines)} lines of {file.name} do not fit the {wanted}; the labels stay numbers"
    named = {label: names[number] for label, number in whole.items()}
    return named, _describe_names(file, named, whole)


def _describe_names(file: Path, named: Mapping[str, str], whole: Mapping[str, int]) -> str:
    shown = preview([f"{label}: {named[label]}" for label in sorted(named, key=whole.__getitem__)], str)
    return f"the names of the classes are read from {file.name} ({shown})"


def _read_legend(files: Sequence[Path], whole: Mapping[str, int]) -> tuple[Mapping[str, str], str]:
    """Return the name of each number from the one small table or JSON that has one for each, and a note."""
    found: dict[Path, dict[int, str]] = {}
    for file in [it for it in files if it.suffix.lower() in _LEGENDS][:MOST_FILES]:
        with suppress(OSError, DataError, ValueError, RecursionError, csv.Error):
            if file.is_file() and file.stat().st_size <= MOST_BYTES:
                read = _read_json_legend if file.suffix.lower() == ".json" else _read_table_legend
                if names := read(file, set(whole.values())):
                    found[file] = names
    if len({tuple(sorted(names.items())) for names in found.values()}) != 1:
        return {}, ""
    file, names = next(iter(found.items()))
    named = {label: names[number] for label, number in whole.items()}
    return named, _describe_names(file, named, whole)


def _read_json_legend(file: Path, wanted: set[int]) -> dict[int, str]:
    """Return the names in an object whose keys are numbers, or whose values are; nothing where it is none."""
    content = json.loads(file.read_bytes())
    if not isinstance(content, dict):
        return {}
    pairs = [(str(key), str(value)) for key, value in content.items() if isinstance(value, str | int)]
    turned = [(value, key) for key, value in pairs]
    every = len(pairs) == len(content)
    return (_take_names(pairs, wanted) or _take_names(turned, wanted)) if every else {}


def _read_table_legend(file: Path, wanted: set[int]) -> dict[int, str]:
    """Return the names in a table with a column of numbers, called like labels, and one of names."""
    text = decode_text(file.read_bytes(), None, repr(file.name)).text
    lines = text.splitlines()
    sign = next((sign for sign in (",", ";", "\t") if lines and sign in lines[0]), "")
    if not sign or len(lines) > MOST_NAMES * max(len(wanted), 5):
        return {}
    rows = [row for row in csv.reader(lines, delimiter=sign) if row]
    width = min(map(len, rows))
    numbers = [place for place in range(width) if _NUMBERED.search(rows[0][place])]
    for place in numbers:
        others = [it for it in range(width) if it != place and _NAMED.search(rows[0][it])]
        others = others or [it for it in range(width) if it != place and width == 2]
        if others and (names := _take_names([(row[place], row[others[0]]) for row in rows[1:]], wanted)):
            return names
    return {}


def _take_names(pairs: Sequence[tuple[str, str]], wanted: set[int]) -> dict[int, str]:
    """Return number -> name of pairs, where each number that is wanted has one of its own; else nothing."""
    if not all(re.fullmatch(r"\d{1,6}", key.strip()) for key, _ in pairs) or len(pairs) > MOST_NAMES * len(wanted):
        return {}
    names = {int(key): name.strip() for key, name in pairs}
    plain = all(name and not re.fullmatch(r"[\d.,+-]+", name) for name in names.values())
    return names if plain and wanted <= set(names) and len(set(names.values())) == len(pairs) else {}


def _number_lines(lines: Sequence[str], wanted: set[int]) -> dict[int, str] | None:
    """Return number -> name; None where some number has none, two have one, or the lines may begin with 0 or 1."""
    for pattern, number, name in ((_NUMBER_FIRST, 1, 2), (_NUMBER_LAST, 2, 1)):
        found = [pattern.fullmatch(line) for line in lines]
        if all(found):
            names = {int(it[number]): it[name].strip() for it in found if it}
            if wanted <= set(names) and len(set(names.values())) == len(lines):
                return names
    if len(set(lines)) < len(lines):
        return None
    starts = [start for start in (0, 1) if wanted <= set(range(start, start + len(lines)))]
    if len(starts) > 1:
        starts = [start for start in starts if start in wanted and len(wanted) == len(lines)]
    return {start + line: name for start in starts for line, name in enumerate(lines)} if len(starts) == 1 else None
