"""Labels corrected by a table that a person has edited, as ``headstart check --labels`` writes it.

Needed are a column with the samples' names, called after the modality's items (or ``file``, ``path`` and the like), and
``label``; an empty label leaves the sample out. The table may have been through a spreadsheet: a byte order mark,
semicolons or tabs, quotes and CRLF are all read.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from headstart.data.names import normalise_class_name, preview
from headstart.data.readers.tables.csv_text import read_text_table, refuse_damaged_rows
from headstart.data.readers.tables.table_columns import ALIASES, match_columns
from headstart.data.samples import FileStatus, LedgerEntry, Relabel, Samples
from headstart.storage.run_layout import RELABELS, SPLIT
from headstart_runtime.csv_cells import format_csv, unescape_cell
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.item import Noun

MOST_PROBLEMS = 8  #: in one message


@dataclass(frozen=True, slots=True)
class Correction:
    """A row of the table."""

    row: int  #: as a person counts: the header is row 1
    name: str  #: as it is written
    label: str  #: "" leaves the sample out
    kept: bool  #: nothing was edited, now or before, whatever a spreadsheet made of it: it is what ``given`` says


def find_relabel_tables(relabel: Path | None, split_from: Path | None) -> tuple[Path, ...]:
    """Return the tables that correct labels, the later one wins: of the run that is gone on from, and the user's own.

    Args:
        relabel: the user's table.
        split_from: the folder of an earlier run, or its split.
    """
    tables = []
    if split_from is not None:
        run = split_from.expanduser()
        folder = run.parent if run.is_file() else run
        tables.append(folder / RELABELS)
    return (*(table for table in tables if table.is_file()), *([relabel.expanduser()] if relabel is not None else []))


def apply_relabels(samples: Samples, *tables: Path) -> Samples:
    """Return the samples with labels as the tables say; samples that none names stay. The ledger says what changed.

    A table that an earlier run kept may be older than the samples: rows that fit no more are left out, with a note.

    Raises:
        DataError: a table cannot be read, does not fit the samples, gives samples of equal bytes different labels, or
            leaves too little to learn from; all problems at once.
    """
    given = {sample.name: samples.describe(sample) for sample in samples.samples}
    wanted: dict[str, tuple[str, Path]] = {}
    notes = []
    for table in tables:
        corrections = _read(table, samples.noun.one)
        names = _match_names(samples, corrections)
        if _is_of_run(table):
            corrections, outdated = _separate_outdated(samples, corrections, names)
            notes += [_describe_outdated(table, outdated, samples.noun)] if outdated else []
        wanted |= {name: (label, table) for name, label in _check(samples, table, corrections, names).items()}
    changed = {name: to for name, to in wanted.items() if name in given and to[0] != given[name]}
    if not tables:
        return samples
    result = _change_labels(samples, changed, tables, notes)
    _refuse(tables[-1], [*_find_contradictions(result), *result.task.targets.find_problems(result)])
    relabels = tuple(Relabel(name, given[name], to[0]) for name, to in changed.items())
    gone = {relabel.name for relabel in relabels if not relabel.label}
    return replace(result, relabels=relabels, left_out=tuple(it for it in samples.samples if it.name in gone))


def format_relabels(relabels: Sequence[Relabel], noun: Noun) -> str:
    """Return corrections as a table that ``apply_relabels`` reads."""
    return format_csv([(noun.one, "given", "label"), *((it.name, it.given, it.label) for it in relabels)])


def _is_of_run(table: Path) -> bool:
    return table.name == RELABELS and (table.parent / SPLIT).is_file()


def _separate_outdated(
    samples: Samples, corrections: Sequence[Correction], names: Mapping[str, str]
) -> tuple[list[Correction], list[Correction]]:
    """Return the rows whose sample and class are there, and the others."""
    skipped = {entry.name for entry in samples.ledger.entries if entry.status is FileStatus.SKIPPED}
    current: list[Correction] = []
    outdated: list[Correction] = []
    for row in corrections:
        name = names.get(row.name)
        fits = row.kept or not row.label or (not _explain_unknown(samples, row.label) and name not in skipped)
        (current if name is not None and fits else outdated).append(row)
    return current, outdated


def _describe_outdated(table: Path, rows: Sequence[Correction], noun: Noun) -> str:
    names = preview([f"{it.name!r} (row {it.row})" for it in rows], show=str)
    return f"{_name(table)}: {len(rows)} rows left out, for their {noun.one} or class is there no more: {names}"


def _check(
    samples: Samples, table: Path, corrections: Sequence[Correction], names: Mapping[str, str]
) -> dict[str, str]:
    """Return name of the file -> label that a table wants, "" for leaving it out.

    Raises:
        DataError: rows that do not fit the samples.
    """
    problems = [
        *_find_unknown_names(samples, [it for it in corrections if it.name not in names]),
        *_find_unknown_labels(samples, corrections),
        *_find_conflicts(corrections, names),
        *_find_skipped(samples, corrections, names),
    ]
    _refuse(table, problems)
    return {names[it.name]: _rewrite(samples, it.label) for it in corrections if not it.kept}


def _read(table: Path, column: str) -> list[Correction]:
    keys = (column, "label", "given")
    try:
        content = read_text_table(table, partial(_find_keys, keys), remedy="save it as UTF-8")
    except OSError as error:
        raise DataError(f"table {str(table)!r} cannot be read: {error.strerror or error}; check the path") from None
    refuse_damaged_rows(table, content.rows)
    header = [cell.strip().lower() for cell in content.header]
    column = column if column in header else next(match_columns(header, ALIASES["path"]), column)
    if column not in header or "label" not in header:
        seen = f"has the columns {preview(header, most=6)}" if header else "is empty"
        wanted = f"the columns {column} and label, as headstart check --labels writes them"
        raise DataError(f"table {str(table)!r} {seen}; wanted {wanted}")
    place = {name: header.index(name) for name in (column, "label", "given", "now") if name in header}
    return [_parse_correction(row.number, row.cells, column, place) for row in content.rows]


def _find_keys(keys: Sequence[str], header: Sequence[str]) -> list[int]:
    """Return the columns that tell a row."""
    names = [cell.strip().lower() for cell in header]
    return [names.index(name) for name in keys if name in names]


def _parse_correction(row: int, cells: Sequence[str], column: str, place: Mapping[str, int]) -> Correction:
    cell = {name: unescape_cell(cells[at]) if at < len(cells) else "" for name, at in place.items()}  # ends may lack
    given = cell.get("given") or None
    kept = cell["label"] == given == (cell.get("now", given) or None)
    return Correction(row, cell[column], normalise_class_name(cell["label"]), kept)


def _match_names(samples: Samples, corrections: Sequence[Correction]) -> dict[str, str]:
    """Return name as it is written -> name of the file seen; names of no file are missing.

    A name may have been composed (NFC) or have lost its outer blanks on the way, where only one file can be meant.
    """
    written = {entry.name.encode("utf-8", "backslashreplace").decode(): entry.name for entry in samples.ledger.entries}
    alike = Counter(map(normalise_class_name, written))
    loose = {normalised: name for text, name in written.items() if alike[normalised := normalise_class_name(text)] == 1}
    names = {it.name: written.get(it.name) or loose.get(normalise_class_name(it.name)) for it in corrections}
    return {cell: name for cell, name in names.items() if name is not None}


def _find_unknown_names(samples: Samples, unknown: Sequence[Correction]) -> list[str]:
    if not unknown:
        return []
    by_file = {sample.name.rpartition("/")[2]: sample.name for sample in samples.samples}
    unknown_names = []
    for row in unknown:
        meant = by_file.get(row.name.replace("\\", "/").rpartition("/")[2])
        unknown_names.append(f"{row.name!r} (row {row.row}{f'; did you mean {meant!r}?' if meant else ''})")
    seen = f"no {samples.noun.one} is called {preview(unknown_names, show=str)}"
    return [f"{seen}; wanted names as headstart check --labels writes them"]


def _find_unknown_labels(samples: Samples, corrections: Sequence[Correction]) -> list[str]:
    rows: dict[str, list[int]] = defaultdict(list)
    for row in corrections:
        if row.label and not row.kept and _explain_unknown(samples, row.label):
            rows[row.label].append(row.row)
    return [
        f"row {preview([str(row) for row in numbers], show=str)}: {_explain_unknown(samples, label)}"
        for label, numbers in rows.items()
    ]


def _explain_unknown(samples: Samples, label: str) -> str:
    """Return why a label means no target of these samples; "" where it means one."""
    try:
        samples.task.targets.parse(samples.space, label)
    except DataError as error:
        return str(error)
    return ""


def _rewrite(samples: Samples, label: str) -> str:
    targets, space = samples.task.targets, samples.space
    return targets.describe(space, targets.parse(space, label)) if label else ""


def _find_conflicts(corrections: Sequence[Correction], names: Mapping[str, str]) -> list[str]:
    """Return problems of samples that stand in the table twice, with different labels."""
    rows: dict[str, list[Correction]] = defaultdict(list)
    for row in corrections:
        if row.name in names:
            rows[names[row.name]].append(row)
    problems = []
    for name, same in rows.items():
        labels = list(dict.fromkeys(row.label for row in same))
        if len(labels) > 1:
            numbers = preview([str(row.row) for row in same], show=str)
            problems.append(f"rows {numbers}: {name!r} is labelled {' and '.join(map(repr, labels))}; keep one row")
    return problems


def _find_skipped(samples: Samples, corrections: Sequence[Correction], names: Mapping[str, str]) -> list[str]:
    reasons = {entry.name: entry.reason for entry in samples.ledger.entries if entry.status is FileStatus.SKIPPED}
    return [
        f"row {row.row}: {row.name!r} is skipped ({reasons[names[row.name]]}) and can have no label; remove the row"
        for row in corrections
        if row.label and not row.kept and names.get(row.name) in reasons
    ]


def _change_labels(
    samples: Samples, changed: Mapping[str, tuple[str, Path]], tables: Sequence[Path], notes: Sequence[str]
) -> Samples:
    """Return samples and ledger with the labels of some names changed, "" for those left out, and notes added."""
    parse = samples.task.targets.parse
    corrected = tuple(
        replace(sample, target=parse(samples.space, changed[sample.name][0]))
        if changed.get(sample.name, ("",))[0]
        else sample
        for sample in samples.samples
    )
    entries = {
        entry.name: _update_entry(entry, *changed[entry.name])
        for entry in samples.ledger.entries
        if entry.name in changed
    }
    notes = [
        *notes,
        *(
            _describe_changes(
                table,
                [label for label, by in changed.values() if by == table],
                samples.noun,
                last=table == tables[-1],
            )
            for table in tables
        ),
    ]
    ledger = replace(samples.ledger, notes=(*samples.ledger.notes, *notes))
    return replace(samples, samples=corrected, ledger=ledger).with_updates(entries)


def _describe_changes(table: Path, labels: Sequence[str], noun: Noun, *, last: bool) -> str:
    """Return a note on what a table changed, where no later one has the sample too."""
    left_out = sum(not label for label in labels)
    if not labels and not last:
        return f"{_name(table)}: every correction in it stands in the table given later, which counts"
    others = len(labels) - left_out
    return f"{_name(table)}: {noun.count(others)} relabelled, {left_out} left out"


def _name(table: Path) -> str:
    return f"{table.name} of {table.parent.name}" if table.name == RELABELS else table.name


def _update_entry(entry: LedgerEntry, label: str, table: Path) -> LedgerEntry:
    if not label:
        return replace(entry, status=FileStatus.SKIPPED, reason=f"left out by {table.name}")
    return replace(entry, label=label, reason=f"relabelled: {entry.label!r} -> {label!r}")


def _find_contradictions(samples: Samples) -> list[str]:
    """Return problems of samples with equal bytes that would now be of different classes."""
    problems = []
    conflict = samples.task.targets.conflict
    for same in samples.copies:
        other = next((sample for sample in same if conflict(sample.target, same[0].target)), None)
        if other is not None:
            first = same[0]
            problems.append(
                f"{first.name!r} and {other.name!r} have the same bytes and would be {samples.describe(first)!r} "
                f"and {samples.describe(other)!r}; give both the same label, or one an empty one"
            )
    return problems


def _refuse(table: Path, problems: Sequence[str]) -> None:
    """Raise one error for all problems."""
    if problems:
        left = len(problems) - MOST_PROBLEMS
        more = f"; and {left} more problems like these" if left > 0 else ""
        raise DataError(f"table {str(table)!r}: " + "; also: ".join(problems[:MOST_PROBLEMS]) + more)
