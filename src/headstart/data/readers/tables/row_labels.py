"""The labels of the rows of a table, from one column or from several."""

from pathlib import Path

from headstart.data.readers.reader import ReadContext
from headstart.data.readers.tables.label_cells import read_label_cells
from headstart.data.readers.tables.label_columns import read_label_columns
from headstart.data.readers.tables.label_rows import RowLabels
from headstart.data.readers.tables.table_columns import TableRows


def read_row_labels(table: Path, content: TableRows, context: ReadContext) -> RowLabels:
    """Return the rows of a table with their labels in one form; as they stand where nobody wants labels.

    Raises:
        DataError: the labels are of no form that the task reads, or what they mean is in doubt.
    """
    if context.labelled and content.label_columns:
        return read_label_columns(table, content.rows, content.label_columns, context)
    if context.labelled and (column := (content.taken or {}).get("label")):
        return read_label_cells(table, content.rows, column, context)
    return RowLabels(content.rows, "one", ())
