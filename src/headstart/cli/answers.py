"""Answers as lines: for people, as JSON, as a table. Every row of one form has the same fields."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from headstart.storage.csv_cells import format_csv, join_names

if TYPE_CHECKING:
    from headstart.inference.classifier import Classifier, Prediction

UNFAMILIAR = " (unfamiliar: declined)"  #: behind the label of a photo that is unlike all that were learnt from

#: classifier, predictions, how many classes of each -> for each its line, and whether it is an error
Form = Callable[["Classifier", Iterable["Prediction"], int], Iterator[tuple[str, bool]]]


def text_lines(classifier: "Classifier", predictions: Iterable["Prediction"], top: int) -> Iterator[tuple[str, bool]]:
    """Give a line for a person of each prediction."""
    for prediction in predictions:
        if prediction.error is not None:
            yield f"{prediction.source}: error: {prediction.error}", True
        else:
            best = _best(classifier, prediction, top)
            answers = ", ".join(f"{label} {probability:.1%}" for label, probability in best)
            declined = UNFAMILIAR if prediction.out_of_distribution else ""
            remarks = "; ".join(filter(None, (prediction.repaired, prediction.note)))
            yield f"{prediction.source}: {answers}{declined}{f' ({remarks})' if remarks else ''}", False


def json_lines(classifier: "Classifier", predictions: Iterable["Prediction"], top: int) -> Iterator[tuple[str, bool]]:
    """Give an object of each prediction; all have the same keys, null where there is nothing to say."""
    for prediction in predictions:
        good = prediction.error is None
        best = _best(classifier, prediction, top)
        pairs = zip(classifier.classes, prediction.probabilities, strict=good)
        record: dict[str, Any] = {
            "source": prediction.source,
            "label": prediction.label,
            "probability": prediction.probability if good else None,
            "probabilities": {name: float(value) for name, value in pairs} if good else None,
            "top": [{"label": label, "probability": probability} for label, probability in best] if good else None,
            "prediction_set": list(prediction.prediction_set) if good else None,
            "novelty": prediction.novelty,
            "out_of_distribution": prediction.out_of_distribution if good else None,
            "repaired": prediction.repaired,
            "note": prediction.note or None,
            "error": prediction.error,
        }
        yield json.dumps(record, ensure_ascii=False), not good


def csv_header(top: int) -> str:
    """The first line of the table."""
    more = [f"{field}{rank}" for rank in range(2, top + 1) for field in ("label", "probability")]
    tail = ["prediction_set", "novelty", "out_of_distribution", "error", "repaired", "note"]
    return _line(["source", "label", "probability", *more, *tail])


def csv_lines(classifier: "Classifier", predictions: Iterable["Prediction"], top: int) -> Iterator[tuple[str, bool]]:
    """Give a row of each prediction, without the header."""
    for prediction in predictions:
        if prediction.error is not None:
            row = [prediction.source, *[""] * (2 * top + 3), prediction.error, "", ""]
        else:
            pairs = [cell for label, value in _best(classifier, prediction, top) for cell in (label, f"{value:.6f}")]
            novelty = "" if prediction.novelty is None else f"{prediction.novelty:.6f}"
            declined = str(prediction.out_of_distribution).lower()
            chosen = join_names(prediction.prediction_set)
            row = [prediction.source, *pairs, chosen, novelty, declined, "", prediction.repaired or "", prediction.note]
        yield _line(row), prediction.error is not None


def _best(classifier: "Classifier", prediction: "Prediction", top: int) -> list[tuple[str, float]]:
    order = prediction.probabilities.argsort(kind="stable")[::-1][:top]
    return [(classifier.classes[index], float(prediction.probabilities[index])) for index in order]


def _line(row: list[str]) -> str:
    return format_csv([row]).removesuffix("\n")
