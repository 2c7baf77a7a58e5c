"""Answers as lines: for people, as JSON, as a table. Every row of one form has the same fields."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from headstart_runtime.csv_cells import format_csv, join_names
from headstart_runtime.modalities.item import Noun

if TYPE_CHECKING:
    from headstart_runtime.inference.prediction import Prediction

#: predictions -> for each its line, and whether it is an error
Form = Callable[[Iterable["Prediction"]], Iterator[tuple[str, bool]]]


def warn_of_unfamiliar(noun: Noun) -> str:
    """Return what stands behind the label of an item that is unlike all that were learnt from."""
    return f" (unlike the training {noun.many}: don't trust this answer)"


def format_text_lines(predictions: Iterable["Prediction"], top: int, noun: Noun) -> Iterator[tuple[str, bool]]:
    """Give a line for a person of each prediction."""
    for prediction in predictions:
        if prediction.error is not None:
            yield f"{prediction.source}: error: {prediction.error}", True
        else:
            declined = warn_of_unfamiliar(noun) if prediction.out_of_distribution else ""
            remarks = "; ".join(filter(None, (prediction.repaired, prediction.note)))
            answer = f"{prediction.describe(top)}{declined}"
            yield f"{prediction.source}: {answer}{f' ({remarks})' if remarks else ''}", False


def format_json_lines(predictions: Iterable["Prediction"], top: int) -> Iterator[tuple[str, bool]]:
    """Give an object of each prediction; all have the same keys, null where there is nothing to say."""
    for prediction in predictions:
        yield json.dumps(prediction.to_json(top), ensure_ascii=False), prediction.error is not None


def format_csv_header(columns: Sequence[str]) -> str:
    """The first line of the table.

    Args:
        columns: of the task's answers, see ``Task.answer_columns``.
    """
    return _line(["source", *columns, "novelty", "out_of_distribution", "error", "repaired", "note"])


def format_csv_lines(
    predictions: Iterable["Prediction"], top: int, columns: Sequence[str]
) -> Iterator[tuple[str, bool]]:
    """Give a row of each prediction, without the header."""
    for prediction in predictions:
        if prediction.error is not None:
            row = [prediction.source, *[""] * len(columns), "", "", prediction.error, "", ""]
        else:
            cells = [cell if isinstance(cell, str) else join_names(cell) for cell in prediction.to_cells(top)]
            novelty = "" if prediction.novelty is None else f"{prediction.novelty:.6f}"
            declined = str(prediction.out_of_distribution).lower()
            row = [prediction.source, *cells, novelty, declined, "", prediction.repaired or "", prediction.note]
        yield _line(row), prediction.error is not None


def _line(row: list[str]) -> str:
    return format_csv([row]).removesuffix("\n")
