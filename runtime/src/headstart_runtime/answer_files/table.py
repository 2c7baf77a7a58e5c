"""Answers as rows of a table with types: numbers are numbers, several names are a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headstart_runtime.extras import import_extra
from headstart_runtime.tasks.task import CellType, TargetSpace, Task

if TYPE_CHECKING:
    import pyarrow

PURPOSE = "writing answers as Parquet"
ITEM, SOURCE, ERROR = "item", "source", "error"  #: columns that every table has
_BEFORE: tuple[tuple[str, CellType | str], ...] = ((ITEM, "whole"), (SOURCE, "text"))
_AFTER: tuple[tuple[str, CellType | str], ...] = (
    ("novelty", "number"),
    ("out_of_distribution", "truth"),
    (ERROR, "text"),
    ("repaired", "text"),
    ("note", "text"),
)


@dataclass(frozen=True, slots=True)
class AnswerColumns:
    """The columns of a table of answers: the item's number and name, the task's own, what else there is to say."""

    columns: tuple[tuple[str, str], ...]  #: name and type
    top: int  #: how many of the likeliest answers are listed

    @classmethod
    def from_task(cls, task: Task, space: TargetSpace, top: int) -> "AnswerColumns":
        """Return the columns of a task's answers."""
        taken = {name for name, _ in (*_BEFORE, *_AFTER)}
        names = [f"{name} (answer)" if name in taken else name for name in task.answer_columns(top, space)]
        own = zip(names, task.answer_types(top, space), strict=True)
        return cls((*_BEFORE, *own, *_AFTER), top)

    def make_schema(self, note: bytes) -> "pyarrow.Schema":
        """Return the schema of files, with a note in it.

        Raises:
            MissingExtra: pyarrow is not installed.
        """
        pa = import_extra("tables", PURPOSE, "pyarrow")
        types = {
            "text": pa.string(),
            "texts": pa.list_(pa.string()),
            "number": pa.float64(),
            "whole": pa.int64(),
            "truth": pa.bool_(),
        }
        return pa.schema([(name, types[kind]) for name, kind in self.columns], metadata={b"headstart": note})

    def make_row(self, number: int, answer: Any) -> list[Any]:
        """Return the row of an item's answer, or of its error.

        Args:
            number: of the item in the list, from 0.
            answer: as ``Task.make_predictions`` or ``Task.make_failure`` gives it.
        """
        source = clean_cell(answer.source)
        own = len(self.columns) - len(_BEFORE) - len(_AFTER)
        if answer.error is not None:
            return [number, source, *[None] * (own + 2), clean_cell(answer.error), None, None]
        values = [clean_cell(value) if isinstance(value, str) else value for value in answer.to_values(self.top)]
        notes = (answer.repaired or None, answer.note or None)
        return [number, source, *values, answer.novelty, answer.out_of_distribution, None, *notes]

    def make_table(self, rows: Sequence[Sequence[Any]], schema: "pyarrow.Schema") -> "pyarrow.Table":
        """Return rows as a table."""
        pa = import_extra("tables", PURPOSE, "pyarrow")
        arrays = [
            pa.array(list(cells), field.type) for cells, field in zip(zip(*rows, strict=True), schema, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=schema)


def clean_cell(text: str) -> str:
    """Return a text as UTF-8 has it; bytes of a file's name that are no text are escapes."""
    return text.encode("utf-8", "backslashreplace").decode()
