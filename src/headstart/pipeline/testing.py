"""The predictions of a saved classifier for labelled samples, from the bytes of files, and their score.

A classifier may answer in ONNX Runtime and in OpenVINO. The score is of the answers of the engine that takes so many
samples by itself; some of the samples are answered by the other one too, from the same decoding.
"""

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from headstart import events
from headstart.data.load import get_item
from headstart.data.samples import Sample
from headstart.evaluation.evaluation import Evaluation
from headstart.saving import add_scores
from headstart.selection.context import make_targets
from headstart.selection.results import TestResult
from headstart_runtime.arrays import Bools
from headstart_runtime.errors import DataError, HeadstartError
from headstart_runtime.inference.classifier import Classifier, ItemLike
from headstart_runtime.inference.engine_agreement import ENGINE_NAMES, EngineAgreement, EngineScore
from headstart_runtime.inference.postprocess import BatchPredictions
from headstart_runtime.inference.predictors import InferenceEngine
from headstart_runtime.modalities.item import BrokenItem, Noun
from headstart_runtime.modalities.modality import get_modality
from headstart_runtime.tasks.threshold_task import make_threshold_rule, replace_threshold


@dataclass(frozen=True)
class Answered:
    """A classifier's predictions for samples, from the bytes of their files."""

    samples: tuple[Sample, ...]  #: those that could be read
    predictions: BatchPredictions  #: in their order
    engines: EngineAgreement | None  #: None where no sample was answered by more than one
    second_seconds: float  #: that the engine took whose predictions these are not


def score_classifier(
    classifier: Classifier,
    samples: Sequence[Sample],
    listener: events.Listener = events.ignore,
    *,
    part: str = "test",
    strict: bool = True,
    twice: Bools | None = None,
    threshold: float | None = None,
) -> TestResult:
    """Score a saved classifier, from the bytes of files to probabilities.

    Args:
        classifier: as loaded.
        samples: labelled samples.
        listener: is told of the progress.
        part: the name of the score.
        strict: whether a sample that cannot be read is an error.
        twice: for each sample whether every engine answers it, (N,); None asks one engine only.
        threshold: the least probability at which something is predicted; None: as the classifier has it.

    Raises:
        UserError: a threshold for a model that has none.
        HeadstartError: a sample cannot be read; with ``strict`` off it is left out with a note, unless none is left.
    """
    task, record = classifier.task, classifier.record
    rule = make_threshold_rule(threshold, task, record.postprocessor, record.space)
    postprocessor = replace_threshold(threshold, task, record.postprocessor, record.space)
    found = answer_samples(classifier, samples, listener, strict=strict, twice=twice)
    found = replace(found, predictions=found.predictions.answer_by(rule))
    score = score_answers(classifier, part, found.samples, found.predictions, postprocessor)
    return TestResult(
        found.samples,
        found.predictions,
        score,
        len(found.samples),
        found.engines,
        found.second_seconds,
        postprocessor,
    )


def answer_samples(
    classifier: Classifier,
    samples: Sequence[Sample],
    listener: events.Listener = events.ignore,
    *,
    strict: bool = True,
    twice: Bools | None = None,
) -> Answered:
    """Do what ``score_classifier`` does, without the score."""
    noun = get_modality(classifier.record.spec.kind).noun
    both = _Both(classifier, samples, np.zeros(len(samples), bool) if twice is None else twice)
    known: list[Sample] = []
    rows: list[BatchPredictions] = []
    for number, (sample, row) in enumerate(both.predict(), 1):
        if not isinstance(row, BrokenItem):
            known.append(sample)
            rows.append(row)
        elif strict:
            raise HeadstartError(f"{sample.name} could be read before and now cannot: {row}; run it again")
        else:
            listener(events.Note(f"{sample.name} is left out: {row}"))
        if number % 32 == 0 or number == len(samples):
            listener(events.Progress("test", number, len(samples), noun.many))
    if not known:
        raise DataError(f"none of the {noun.count(len(samples))} decodes; run headstart check to see why")
    return Answered(tuple(known), BatchPredictions.concatenate(rows), both.compare(), both.second_seconds)


def score_answers(
    classifier: Classifier,
    part: str,
    samples: Sequence[Sample],
    predictions: BatchPredictions,
    postprocessor: Any = None,
) -> Evaluation:
    """Return the score of a classifier's predictions for labelled samples, in their order.

    Args:
        classifier: as loaded.
        part: the name of the score.
        samples: N samples.
        predictions: of them.
        postprocessor: by which answers were taken; None: by the classifier's own.
    """
    task, record = classifier.task, classifier.record
    by = record.postprocessor if postprocessor is None else postprocessor
    return task.scoring.score_answers(part, make_targets(samples, task), predictions.outputs, record.space, by)


def record_scores(classifier: Classifier, validation: Evaluation, test: TestResult) -> None:
    """Write the scores on validation and on test into the record of a saved classifier."""
    scores = {"validation": validation.to_json(), "test": test.evaluation.to_json()}
    add_scores(classifier, scores, test.engines)


class _Both:
    """Samples answered by the engine whose answers are scored, and some of them by the other too."""

    def __init__(self, classifier: Classifier, samples: Sequence[Sample], twice: Bools):
        self._classifier, self._samples, self._twice = classifier, samples, twice
        self._main = classifier.select_engine(len(samples))
        self._seconds: dict[str, float] = defaultdict(float)
        self._lock = threading.Lock()
        self._rows: dict[InferenceEngine, list[BatchPredictions]] = defaultdict(list)  #: of samples that go twice
        self._answered: list[Sample] = []  #: these

    def predict(self) -> Iterator[tuple[Sample, BatchPredictions | BrokenItem]]:
        """Yield each sample and its prediction by the engine that is scored, as one row."""
        found = self._classifier.predict_by_engine(self._item, self._twice.tolist(), self._timed)
        for sample, twice, rows in zip(self._samples, self._twice, found, strict=True):
            if isinstance(rows, BrokenItem):
                yield sample, rows
                continue
            if twice:
                self._answered.append(sample)
                for engine, row in rows.items():
                    self._rows[engine].append(row)
            yield sample, rows[self._main]

    def _item(self, index: int) -> ItemLike:
        return get_item(self._samples[index].source)

    def _timed(self, engine: str, seconds: float) -> None:
        with self._lock:
            self._seconds[engine] += seconds

    @property
    def second_seconds(self) -> float:
        """Seconds that the other engine took; 0 where there is none."""
        return sum(self._seconds[engine] for engine in self._rows.keys() - {self._main})

    def compare(self) -> EngineAgreement | None:
        """Return how the engines predict; None where no sample that both were asked about could be read."""
        if not self._answered:
            return None
        task, count = self._classifier.task, len(self._answered)
        answers = {engine: BatchPredictions.concatenate(found) for engine, found in self._rows.items()}
        found = {
            engine: score_answers(self._classifier, "both", self._answered, own) for engine, own in answers.items()
        }
        outputs = {engine: own.outputs for engine, own in answers.items()}
        rows = {engine: own[task.answer] for engine, own in outputs.items()}
        scores: dict[str, EngineScore] = {engine: EngineScore(one.score, one.loss) for engine, one in found.items()}
        if len(rows) == 1:
            return EngineAgreement(self._main, count, scores, None, None)
        a, b = rows.values()
        same, difference = task.scoring.share_same(*outputs.values()), float(np.abs(a - b).mean())
        return EngineAgreement(self._main, count, scores, same, difference)


def describe_test(test: TestResult, noun: Noun) -> str:
    """Return the score, its interval, its N, and the engine that gave it, in one line."""
    score = test.evaluation
    engine = f", answered by {ENGINE_NAMES[test.engines.scored_by]}" if test.engines else ""
    return f"{score.part} {score.describe(noun)}{engine}"


def describe_second_engine(test: TestResult, noun: Noun) -> str | None:
    """Return the other engine's score beside that of the one that is scored, in one line; None without another."""
    engines = test.engines
    if engines is None or engines.same_answers is None:
        return None
    (other,) = engines.scores.keys() - {engines.scored_by}
    some = f"{engines.items} of " if engines.items < test.evaluation.n else ""
    measure = test.evaluation.measure
    first, second = (measure.format(engines.scores[name].score) for name in (engines.scored_by, other))
    return (
        f"{ENGINE_NAMES[other]}: {measure.name} {second} on {some}these {noun.many}, {ENGINE_NAMES[engines.scored_by]} "
        f"{first}; {engines.same_answers:.1%} same answers"
    )
