"""``headstart.predict``."""

import os
from collections.abc import Iterable, Sized
from typing import Any, overload

from headstart.display.html import html_table
from headstart_runtime.answer_files.records import WrittenAnswers
from headstart_runtime.answer_files.source import make_answer_source
from headstart_runtime.answer_files.write import write_answers
from headstart_runtime.inference.classifier import BATCH_FROM, Prediction, load
from headstart_runtime.inference.predictors import InferenceEngineChoice
from headstart_runtime.item_columns import ItemColumns
from headstart_runtime.items import ITEM, Expansion, expand_items, list_items, refuse_nothing, take_few
from headstart_runtime.modalities.item import Noun


class Predictions(list[Prediction]):
    """Predictions in the order of the items; an item that could not be read has an ``error`` and no label."""

    def __init__(self, predictions: Iterable[Prediction] = (), noun: Noun = ITEM, notes: Iterable[str] = ()):
        super().__init__(predictions)
        self.noun = noun
        self.notes = tuple(notes)  #: such as which column of a table was read

    def _repr_html_(self) -> str:
        rows = [
            (
                one.source,
                one.describe() if one.error is None else None,
                describe_remarks(one, self.noun),
            )
            for one in self
        ]
        return html_table((self.noun.one, "answer", ""), rows, caption="; ".join(self.notes))


def describe_remarks(prediction: Prediction, noun: Noun) -> str:
    """Return what else there is to say of an answer: an error, an item unlike those of training, a repair."""
    unfamiliar = f"unlike the training {noun.many}" if prediction.out_of_distribution else None
    return "; ".join(filter(None, (prediction.error, unfamiliar, prediction.repaired, prediction.note)))


@overload
def predict(
    model: str | os.PathLike[str],
    items: Any,
    *,
    engine: InferenceEngineChoice = "auto",
    path_column: str | None = None,
    text_column: str | None = None,
    threshold: float | None = None,
    out: None = None,
) -> Predictions: ...
@overload
def predict(
    model: str | os.PathLike[str],
    items: Any,
    *,
    engine: InferenceEngineChoice = "auto",
    path_column: str | None = None,
    text_column: str | None = None,
    threshold: float | None = None,
    out: str | os.PathLike[str],
) -> WrittenAnswers: ...
def predict(
    model: str | os.PathLike[str],
    items: Any,
    *,
    engine: InferenceEngineChoice = "auto",
    path_column: str | None = None,
    text_column: str | None = None,
    threshold: float | None = None,
    out: str | os.PathLike[str] | None = None,
) -> Predictions | WrittenAnswers:
    """Return what items show, by a saved classifier: a prediction for each, in order.

    Args:
        model: a saved classifier, its folder, or the run.
        items: an item of the classifier's kind of data (a path, the bytes of a file, an open file, an array), a folder,
            which is searched in depth, a table, an archive or another source that ``fit`` reads, or several of them.
            A ``pathlib.Path`` is always a path. A str is one too, except where items are texts: there it is an item.
        engine: what answers: "auto", "onnxruntime" or "openvino".
        path_column: the column of a table with the items or their paths, or the array of items among several.
        text_column: the column of a table whose cells are texts; several with commas between are joined with their
            names. None takes those that ``fit`` read, where all of them are there, and else finds it.
        threshold: the least probability from which on the positive class is predicted, or each of several labels, such
            as 0.3; None takes that of the model, or the likeliest class.
        out: write the answers as Parquet instead, of any number of items with bounded memory: into a folder, in parts,
            or as a file that ends in ``.parquet``. The same call goes on where one was ended. Where items are no paths,
            they have to be there once more for that: a list, a table.

    Returns:
        The predictions; with ``out`` how many there are, how many could not be read, and where.

    Raises:
        UserError: a classifier that cannot be used, a folder without items, or a table without a column of them,
            or a threshold for a model without a positive class; a place that has answers of another model, source,
            engine or threshold. An item that cannot be read is no error: its prediction says so.
        StoreError: there is no space left; what is answered stays in ``out``.
    """
    classifier = load(model, engine)
    modality = classifier.record.modality
    several = list_items(modality, items)
    columns = ItemColumns(path_column, text_column, classifier.record.item_columns)
    if out is not None:
        return write_answers(classifier, make_answer_source(modality, several, columns), out, threshold=threshold)
    met = Expansion(alone=isinstance(several, Sized) and len(several) == 1, columns=columns)
    files = expand_items(modality, several, met)
    answers = list(classifier.stream(take_few(files, BATCH_FROM), threshold=threshold))
    found = Predictions(answers, modality.noun, met.notes)
    if not found and (met.skipped or several):
        refuse_nothing(modality, items, met.skipped)
    return found
