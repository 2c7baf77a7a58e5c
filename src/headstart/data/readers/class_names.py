"""The names of classes that a table gives as numbers, from a list beside it: a name a line, perhaps with its number."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from headstart.data.names import preview
from headstart.data.readers.encodings import decode_text
from headstart.errors import DataError

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
    if file is None or not file.is_file() or file.stat().st_size > MOST_BYTES:
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
    shown = preview([f"{label}: {named[label]}" for label in sorted(named, key=whole.__getitem__)], str)
    return named, f"the names of the classes are read from {file.name} ({shown})"


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
