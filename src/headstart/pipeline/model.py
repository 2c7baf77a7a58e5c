"""The winner as a folder that predicts: exported, read back, checked against the fitted heads."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from headstart.data.load import get_item, load_item
from headstart.data.samples import Sample, Subset
from headstart.data.sources import SampleSource
from headstart.events import Note
from headstart.saving import FittedModel, ParityExample, UnsteadyNoveltyError, write_model
from headstart.selection.context import FitContext
from headstart.storage.run_layout import MODEL
from headstart_runtime.errors import SaveError
from headstart_runtime.inference.classifier import Classifier
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.modalities.batch import InputSpec
from headstart_runtime.modalities.item import BrokenItem

EXAMPLES = 16  #: validation samples on which the saved graph is checked against the fitted head
OPENED = 8  #: of them, how many are opened as predictions open them too


def export_model(model: FittedModel, context: FitContext) -> Classifier:
    """Save a classifier into the run's folder, read it back, and check its answers for validation samples.

    Where samples are so alike that rounding decides which are unfamiliar, it is saved without a novelty score.

    Raises:
        HeadstartError: the saved classifier answers otherwise than the fitted heads.
    """
    with context.log.stage("save") as stage:
        classifier = save_checked(model, context, context.folder / MODEL)
        parity = classifier.record.parity
        count = context.noun.count(parity.items)
        stage.summary = f"{parity.same_answers:.1%} same answers from the saved file on {count}"
    return classifier


def save_checked(model: FittedModel, context: FitContext, folder: Path) -> Classifier:
    """Do what ``export_model`` does, into a folder, outside a stage."""
    examples, columns = _parity_examples(model, context), context.samples.item_columns
    shutil.rmtree(folder, ignore_errors=True)  # of this run, when it was ended between saving and testing
    try:
        classifier = write_model(model, folder, examples, item_columns=columns)
        _check_predictions(classifier, model, examples[:OPENED], context)
        return classifier
    except UnsteadyNoveltyError:
        reason = f"{context.noun.many} are so alike that rounding decides which are unfamiliar"
        context.log(Note(f"{reason}, so that the classifier declines none"))
        kept = model.without_novelty()
        shorter = [replace(example, features=example.features[: len(kept.branches)]) for example in examples]
        return write_model(kept, folder, shorter, item_columns=columns)


def _check_predictions(
    classifier: Classifier, model: FittedModel, examples: Sequence[ParityExample], context: FitContext
) -> None:
    """Compare answers for items that are opened as predictions open them with the fitted heads'.

    Raises:
        SaveError: they differ by more than rounding explains: a modality reads items in two ways.
    """
    samples = _choose_samples(context)[: len(examples)]
    found = classifier.predict_by_engine(lambda index: get_item(samples[index].source), [False] * len(samples))
    rows = [row for one in found if not isinstance(one, BrokenItem) for row in one.values()]
    answer, count = model.task.answer, context.noun.count(len(examples))
    fitted = model.predict([np.stack(each) for each in zip(*(one.features for one in examples), strict=True)])
    output = next(one for one in model.task.graph.list_compared(fitted.outputs) if one.name == answer)
    wanted = fitted.outputs[answer]
    seen = BatchPredictions.concatenate(rows).outputs if len(rows) == len(examples) else None
    if seen is None or not float((np.abs(seen[answer] - wanted) / output.scale).mean()) <= output.most:
        shutil.rmtree(classifier.folder, ignore_errors=True)
        same = "nothing" if seen is None else f"{model.task.scoring.share_same(seen, fitted.outputs):.0%} the same"
        raise SaveError(
            f"{count} opened for a prediction get other answers than as they were read for fitting ({same}): "
            f"the modality {classifier.record.modality.name!r} opens an item in another way than it decodes one"
        )


def _choose_samples(context: FitContext) -> Sequence[Sample]:
    return sorted(context.samples_in(Subset.VALIDATION), key=lambda sample: sample.digest)[:EXAMPLES]


def _parity_examples(model: FittedModel, context: FitContext) -> Sequence[ParityExample]:
    samples = _choose_samples(context)
    features = [context.load_features(branch, samples) for branch in model.branches]
    return [
        ParityExample(_loader(sample.source, model.spec), tuple(rows[index] for rows in features))
        for index, sample in enumerate(samples)
    ]


def _loader(source: SampleSource, spec: InputSpec) -> Callable[[], Any]:
    return lambda: load_item(source, spec).value
