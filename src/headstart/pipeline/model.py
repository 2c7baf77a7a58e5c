"""The winner as a folder that predicts: exported, read back, checked against the fitted heads."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from headstart.data.load import load_item
from headstart.data.samples import Subset
from headstart.data.sources import SampleSource
from headstart.events import Note
from headstart.export import FittedModel, ParityExample, UnsteadyNoveltyError, write_model
from headstart.inference.classifier import Classifier
from headstart.modalities.batch import InputSpec
from headstart.selection.context import FitContext
from headstart.storage.run_layout import MODEL

EXAMPLES = 48  #: validation samples on which the saved graph is checked against the fitted head


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
    examples = _parity_examples(model, context)
    shutil.rmtree(folder, ignore_errors=True)  # of this run, when it was ended between saving and testing
    try:
        return write_model(model, folder, examples)
    except UnsteadyNoveltyError:
        reason = f"{context.noun.many} are so alike that rounding decides which are unfamiliar"
        context.log(Note(f"{reason}, so that the classifier declines none"))
        kept = model.without_novelty()
        shorter = [replace(example, features=example.features[: len(kept.branches)]) for example in examples]
        return write_model(kept, folder, shorter)


def _parity_examples(model: FittedModel, context: FitContext) -> Sequence[ParityExample]:
    samples = sorted(context.samples_in(Subset.VALIDATION), key=lambda sample: sample.digest)[:EXAMPLES]
    features = [context.load_features(branch, samples) for branch in model.branches]
    return [
        ParityExample(_loader(sample.source, model.spec), tuple(rows[index] for rows in features))
        for index, sample in enumerate(samples)
    ]


def _loader(source: SampleSource, spec: InputSpec) -> Callable[[], Any]:
    return lambda: load_item(source, spec).value
