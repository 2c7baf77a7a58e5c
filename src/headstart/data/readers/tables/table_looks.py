"""Texts that look like tables, whatever they are called."""

import re
from collections.abc import Sequence
from pathlib import Path

from headstart.data.readers.file_kinds import read_beginning
from headstart.data.readers.tables.prefixed_lines import has_prefixed_lines
from headstart.data.readers.tables.table_columns import find_key_columns
from headstart.data.readers.tables.text_cells import holds_running_text
from headstart_runtime.modalities.modality import all_modalities

LOOK_AT = 20  #: lines of a text that is not called like a table
FEWEST_LINES, LONGEST_LABEL = 6, 40  #: of a table without a header and an ending; characters


def looks_like_table(file: Path) -> bool:
    """Return whether a text begins with a header of known columns, or with lines that name a file and more."""
    lines = [line for line in read_beginning(file).decode("utf-8-sig", "replace").splitlines() if line.strip()][
        :LOOK_AT
    ]
    if len(lines) < 2 or lines[0].lstrip().startswith(("{", "[", "<")):
        return False
    if has_prefixed_lines(file) or _are_labelled_texts(lines[:-1]):
        return True
    if any(len(find_key_columns(lines[0].split(sign))) > 1 for sign in (",", ";", "\t")):
        return True
    suffixes = tuple(suffix for modality in all_modalities() for suffix in modality.suffixes)
    cells = [[cell for cell in re.split(r"[,;\t ]", line.strip()) if cell] for line in lines[1:]]
    naming = sum(len(line) > 1 and any(cell.strip("\"'").lower().endswith(suffixes) for cell in line) for line in cells)
    return 2 * naming > len(cells)


def _are_labelled_texts(lines: Sequence[str]) -> bool:
    """Return whether each line is a text and a word that comes again, with one tab between."""
    cells = [line.split("\t") for line in lines]
    if len(cells) < FEWEST_LINES or any(len(row) != 2 for row in cells):
        return False
    columns = list(zip(*cells, strict=True))
    return any(
        2 * len(set(labels)) <= len(labels) and max(map(len, labels)) <= LONGEST_LABEL and holds_running_text(texts)
        for labels, texts in (columns, columns[::-1])
    )


def note_sibling_shards(table: Path) -> list[str]:
    """Return a note where a table is one of several shards, the others of which lie beside it."""
    match = re.fullmatch(r"(.*-)\d{5}(-of-\d{5}.*\.parquet)", table.name)
    if match is None:
        return []
    others = [it for it in table.parent.glob("*.parquet") if it != table and it.name.startswith(match[1])]
    if not others:
        return []
    return [f"{len(others)} more tables of this set lie beside it; the folder {str(table.parent)!r} is all of them"]
