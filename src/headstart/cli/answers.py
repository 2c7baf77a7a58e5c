"""Answers as lines: for people, as JSON, as a table. Every row of one form has the same fields."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from headstart.modalities.modality import Noun
from headstart.storage.csv_cells import format_csv, join_names

if TYPE_CHECKING:
    from headstart.inference.prediction import Prediction

#: predictions, how many classes of each, the word for items -> for each its line, and whether it is an error
Form = Callable[[Iterable["Prediction"], int, Noun], Iterator[tuple[str, bool]]]


def warn_of_unfamiliar(noun: Noun) -> str:
    """Return what stands behind the label of an item that is unlike all that were learnt from."""
    return f" (unlike the training {noun.many}: don't trust this answer)"


def format_text_lines(predictions: Iterable["Prediction"], top: int, noun: Noun) -> Iterator[tuple[str, bool]]:
    """Give a line for a person of each prediction."""
    for prediction in predictions:
        if prediction.error is not None:
            yield f"{prediction.source}: error: {prediction.error}", True
        else:
            best = prediction.top(top)
            answers = ", ".join(f"{label} {probability:.1%}" for label, probability in best)
            declined = warn_of_unfamiliar(noun) if prediction.out_of_distribution else ""
            remarks = "; ".join(filter(None, (prediction.repaired, prediction.note)))
            yield f"{prediction.source}: {answers}{declined}{f' ({remarks})' if remarks else ''}", False


def format_json_lines(predictions: Iterable["Prediction"], top: int, noun: Noun) -> Iterator[tuple[str, bool]]:
    """Give an object of each prediction; all have the same keys, null where there is nothing to say."""
    for prediction in predictions:
        yield json.dumps(prediction.to_json(top), ensure_ascii=False), prediction.error is not None


def format_csv_header(top: int) -> str:
    """The first line of the table."""
    more = [f"{field}{rank}" for rank in range(2, top + 1) for field in ("label", "probability")]
    tail = ["prediction_set", "novelty", "out_of_distribution", "error", "repaired", "note"]
    return _line(["source", "label", "probability", *more, *tail])


def format_csv_lines(predictions: Iterable["Prediction"], top: int, noun: Noun) -> Iterator[tuple[str, bool]]:
    """Give a row of each prediction, without the header."""
    for prediction in predictions:
        if prediction.error is not None:
            row = [prediction.source, *[""] * (2 * top + 3), prediction.error, "", ""]
        else:
            pairs = [cell for label, value in prediction.top(top) for cell in (label, f"{value:.6f}")]
            novelty = "" if prediction.novelty is None else f"{prediction.novelty:.6f}"
            declined = str(prediction.out_of_distribution).lower()
            chosen = join_names(prediction.prediction_set)
            row = [prediction.source, *pairs, chosen, novelty, declined, "", prediction.repaired or "", prediction.note]
        yield _line(row), prediction.error is not None


def _line(row: list[str]) -> str:
    return format_csv([row]).removesuffix("\n")
