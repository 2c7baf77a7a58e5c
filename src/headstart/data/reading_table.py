"""A reading written as a table that can be edited and fitted: path, label, and part and group where there are any.

Labels that stand in several columns are written in these, with an empty cell for one that is not known.

Paths are relative to the table where files lie under its folder, else absolute, as ``readers.table`` reads them.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from headstart.data.names import preview
from headstart.data.samples import Sample, Samples
from headstart.data.sources import FileSource
from headstart.label_text import split_cells
from headstart.storage.atomic import replace_text
from headstart_runtime.csv_cells import format_csv
from headstart_runtime.errors import DataError, SettingError

_SEVERAL_COLUMNS = ("indicators", "columns")  #: forms of labels that have a column each
_ADVICE = (
    "to correct labels, edit the table that headstart check SOURCE --labels FILE.csv writes, and give it to fit "
    "--relabel"
)


def check_reading_table(table: Path) -> None:
    """Check that a table can be written, before anything is read.

    Raises:
        SettingError: it ends in another way than .csv, or is there already.
    """
    if table.suffix.lower() != ".csv":
        raise SettingError(f"table {str(table)!r} ends in {table.suffix!r}; wanted .csv")
    if table.exists():
        raise SettingError(f"table {str(table)!r} is there already and is not overwritten; name another, or remove it")


def write_reading_table(table: Path, samples: Samples, stores: Sequence[Path]) -> None:
    """Write a row for every usable sample; nothing that is there is overwritten.

    Args:
        table: where.
        samples: as read; those that were skipped have no row.
        stores: folders of the store: files that were unpacked there have no lasting path.

    Raises:
        DataError: there are no samples, or they lie in an archive, in arrays or in a table, or a path cannot be written
            as text.
        SettingError: the table cannot be written, or is there already.
    """
    if not samples.samples:
        raise DataError(f"{samples.root!r} has no usable {samples.noun.one}, so there is nothing to write a table of")
    folder = Path(os.path.abspath(table.expanduser())).parent  # noqa: PTH100 (links are not followed: paths stay as given)
    paths = _list_paths(samples, folder, stores)
    labels = _name_columns(samples)
    rows = [_make_row(path, sample, samples) for path, sample in zip(paths, samples.samples, strict=True)]
    columns = [place for place in range(3 + len(labels)) if place <= len(labels) or any(row[place] for row in rows)]
    lines = [[row[place] for place in columns] for row in (("path", *labels, "split", "group"), *rows)]
    check_reading_table(table)
    try:
        replace_text(table.expanduser(), format_csv(lines))
    except OSError as error:
        raise SettingError(f"table {str(table)!r} cannot be written: {error.strerror or error}") from None


def _name_columns(samples: Samples) -> tuple[str, ...]:
    """Return the columns of the labels.

    Raises:
        DataError: one is called like another column of the table.
    """
    if samples.form not in _SEVERAL_COLUMNS:
        return ("label",)
    taken = {"path", "split", "group"} & {name.strip().lower() for name in samples.classes}
    if taken:
        raise DataError(
            f"{samples.root!r} has a label called {min(taken)!r}, as a column of the table would be; give the label "
            "another name"
        )
    return samples.classes


def _make_row(path: str, sample: Sample, samples: Samples) -> tuple[str, ...]:
    subset, label = sample.subset.value if sample.subset else "", samples.describe(sample)
    labels = split_cells(label) if samples.form in _SEVERAL_COLUMNS else (label,)
    return path, *labels, subset, sample.group.given_name


def _list_paths(samples: Samples, folder: Path, stores: Sequence[Path]) -> list[str]:
    """Return the path of each sample as a table in a folder has it.

    Raises:
        DataError: some have none.
    """
    many = samples.noun.many
    homes = [Path(os.path.realpath(store)) for store in stores]
    paths, unwritable = list[str](), list[str]()
    for sample in samples.samples:
        source = sample.source
        if not isinstance(source, FileSource):
            raise DataError(
                f"the {many} of {samples.root!r} lie in it themselves and have no paths that a table could name; "
                f"{_ADVICE}"
            )
        path = Path(os.path.abspath(source.path))  # noqa: PTH100 (as above)
        if any(path.is_relative_to(home) for home in homes) or any(path.is_relative_to(store) for store in stores):
            raise DataError(
                f"the {many} of {samples.root!r} are packed in it and have no paths that a table could name; unpack it "
                f"and give the folder; or, {_ADVICE}"
            )
        text = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()
        if not _is_writable(text):
            unwritable.append(sample.name)
        paths.append(text)
    if unwritable:
        raise DataError(
            f"{len(unwritable)} {many} of {samples.root!r} have names that a table cannot hold (outer blanks, line "
            f"breaks, or no UTF-8): {preview(unwritable)}; rename them"
        )
    return paths


def _is_writable(path: str) -> bool:
    """Return whether a path is the same when it was read as a cell of a table in UTF-8."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return path == path.strip() and path.splitlines() == [path]
