"""The modality of a table's items: by a setting, by files that its cells name, by texts in its cells, else by names.

Cells that end like files, or lead to some, say more than what a column is called: a table of files may describe each
in a sentence, and a table of texts may have numbers that are called like files.
"""

from collections.abc import Iterable
from itertools import chain
from pathlib import Path, PurePosixPath

from headstart.data.choose_modality import (
    LOOK_AT,
    ModalityChoice,
    choose_by_names,
    choose_only,
    list_textual,
    take_only,
)
from headstart.data.names import preview
from headstart.data.readers.tables.column_evidence import MOSTLY, differs_by_row, share_of_files
from headstart.data.readers.tables.same_names import find_sure_subset
from headstart.data.readers.tables.table_columns import (
    ALIASES,
    ID_COLUMNS,
    TableSample,
    find_path_column,
    match_columns,
)
from headstart.data.readers.tables.table_files import FileFinder
from headstart.data.readers.tables.text_cells import differ, holds_running_text
from headstart.data.readers.tables.value_columns import list_value_columns
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.modality import Modality, all_modalities, get_modality


def choose_table_modality(table: Path, sample: TableSample, options: DataSettings) -> ModalityChoice:
    """Return the modality of a table's items.

    Args:
        table: its folder is where paths begin.
        sample: its header and some rows.
        options: the modality and the columns that are given.

    Raises:
        DataError: they may be of several.
        SettingError: there is none of a name.
    """
    source = f"table {str(table)!r}"
    if only := choose_only(options.modality):
        return ModalityChoice(only)
    if options.text_column is not None:
        return ModalityChoice(take_only(list_textual(), source))
    files = _list_file_cells(sample)
    if files:
        choice = choose_by_names(options.modality, files, source)
        return ModalityChoice(choice.modality, (*choice.notes, *_note_texts(sample, choice.modality)))
    texts = _find_textual(sample)
    led = _find_by_files(table, sample, options)
    if led:
        return ModalityChoice(led, tuple(_note_texts(sample, led)))
    if texts:
        return ModalityChoice(take_only(texts, source))
    return _choose_by_column_names(sample, options, source)


def _find_textual(sample: TableSample) -> list[Modality]:
    """Return the modalities whose items may stand in cells: those that a column is called after, else all."""
    found = {it.name: list_value_columns(sample, it) for it in all_modalities()}
    named = [name for name, columns in found.items() if any(match_columns(columns, _get_value_names(name)))]
    return [get_modality(name) for name in named or [name for name, columns in found.items() if columns]]


def _get_value_names(name: str) -> tuple[str, ...]:
    return get_modality(name).hints.value_columns


def _list_file_cells(sample: TableSample) -> list[str]:
    """Return the cells of columns most of whose cells end like files of a modality."""
    suffixes = {suffix for modality in all_modalities() for suffix in modality.suffixes}
    found = []
    for column in dict.fromkeys(sample.header):
        cells = [] if column in sample.contents else [cell for cell in sample.column(column)[:LOOK_AT] if cell]
        ending = [cell for cell in cells if _get_suffix(cell) in suffixes]
        if 2 * len(ending) > len(cells):
            found += ending
    return found


def _get_suffix(cell: str) -> str:
    return PurePosixPath(cell[-40:]).suffix.lower() if "." in cell[-8:] else ""


def _find_by_files(table: Path, sample: TableSample, options: DataSettings) -> Modality | None:
    """Return the modality to whose files the cells of a column lead that is called like paths or ids."""
    hints = chain.from_iterable(modality.hints.path_columns for modality in all_modalities())
    named = list(match_columns(sample.header, [*ALIASES["path"], *hints, *ID_COLUMNS]))
    given = [it for it in sample.header if it == options.path_column]
    columns = [it for it in (*given, *named) if it not in sample.contents and differs_by_row(sample.column(it))]
    columns = [it for it in dict.fromkeys(columns) if not holds_running_text(sample.column(it))]
    if not columns:
        return None
    finders = {it.name: FileFinder(table.parent, it, part=find_sure_subset(table)) for it in all_modalities()}
    for column in columns:
        shares = {name: share_of_files(sample.column(column), finder) for name, finder in finders.items()}
        best = max(shares, key=shares.__getitem__)
        if shares[best] >= MOSTLY and list(shares.values()).count(shares[best]) == 1:
            return get_modality(best)
    return None


def _note_texts(sample: TableSample, modality: Modality) -> list[str]:
    """Return a note where a table of files has texts in a column too, which may be meant."""
    others = [it for it in list_textual() if it.name != modality.name]
    texts = [it for it in list_value_columns(sample, others[0]) if differ(sample.column(it))] if others else []
    if not texts:
        return []
    noun = others[0].noun
    flag = f"--modality {others[0].name}"
    return [f"the {modality.noun.many} are read; column {preview(texts)} holds {noun.many}: {flag} reads those"]


def _choose_by_column_names(sample: TableSample, options: DataSettings, source: str) -> ModalityChoice:
    """Return the modality that a column is called after; else that of the files that cells name."""
    own = {it.name: next(match_columns(sample.header, it.hints.path_columns), "") for it in all_modalities()}
    fitting = {name: column for name, column in own.items() if column}
    if len(fitting) > 1:
        listed = " and ".join(f"{get_modality(name).noun.many} ({column!r})" for name, column in fitting.items())
        flags = " or ".join(f"--modality {name}" for name in fitting)
        raise DataError(f"{source} has columns for {listed}; choose with {flags}")
    if fitting:
        return ModalityChoice(get_modality(next(iter(fitting))))
    column = find_path_column(sample.header)
    names: Iterable[str] = () if column is None else sample.column(column)[:LOOK_AT]
    return choose_by_names(options.modality, names, source)
