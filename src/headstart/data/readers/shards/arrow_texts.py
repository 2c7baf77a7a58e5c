"""The column of an Arrow file whose cells are texts."""

from pathlib import Path
from typing import TYPE_CHECKING

from headstart.data.choose_modality import choose_only, list_textual
from headstart.data.readers.tables.arrow_cells import read_cells
from headstart.data.readers.tables.given_columns import find_given_columns
from headstart.data.readers.tables.table_columns import TableSample
from headstart.data.readers.tables.value_columns import find_value_columns
from headstart.settings import DataSettings
from headstart_runtime.errors import DataError
from headstart_runtime.modalities.given import takes_texts

if TYPE_CHECKING:
    import pyarrow

LOOK_AT = 1000  #: rows


def find_texts(file: Path, batch: "pyarrow.RecordBatch", options: DataSettings) -> str:
    """Return the column whose cells are texts; "" where there is none, or the items are said to be others.

    Raises:
        DataError: several may be meant, or a setting names several, of which only tables are joined.
    """
    only, textual = choose_only(options.modality), list_textual()
    modality = only or (textual[0] if textual else None)
    if modality is None or not takes_texts(modality):
        return ""
    some = batch.slice(0, LOOK_AT)
    cells = [[cell if isinstance(cell, str) else "" for cell in read_cells(column)] for column in some.columns]
    sample = TableSample(batch.schema.names, cells, lambda name: cells[batch.schema.names.index(name)])
    given = find_given_columns(file, sample.header, "text", options.text_column)
    if len(given) > 1:
        raise DataError(
            f"--text-column names {len(given)} columns, and those of {str(file)!r} are not joined; name one"
        )
    return (given or find_value_columns(file, sample, modality, {options.label_column or ""}).columns or ("",))[0]
