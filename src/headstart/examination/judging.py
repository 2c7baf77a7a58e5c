"""A saved classifier's answers for labelled photos, through its public ``predict``, and their score."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart import events
from headstart.data.samples import ArraySource, Sample
from headstart.errors import DataError, HeadstartError
from headstart.evaluation.evaluation import Evaluation, evaluate
from headstart.runtime.answers import Answers
from headstart.runtime.classifier import Classifier, PhotoLike, Prediction
from headstart.strategies.material import targets_of


@dataclass(frozen=True)
class Judged:
    """Answers and their score."""

    samples: tuple[Sample, ...]  #: those that could be read
    answers: Answers  #: in their order
    evaluation: Evaluation

    @property
    def labels(self) -> NDArray[np.int64]:
        """(N,) the true classes."""
        return np.array([sample.label for sample in self.samples], dtype=np.int64)

    @property
    def right(self) -> NDArray[np.bool_]:
        """(N,) whether the likeliest class is the true one."""
        return np.asarray(self.answers.probabilities.argmax(axis=1) == self.labels)


def judge(
    classifier: Classifier,
    samples: Sequence[Sample],
    listener: events.Listener = events.ignore,
    *,
    part: str = "test",
    strict: bool = True,
) -> Judged:
    """Scores a saved classifier through its public ``predict``, from file bytes to class name.

    Raises:
        HeadstartError: a photo cannot be read; with ``strict`` off it is left out with a note, unless none is left.
    """
    kept: list[Sample] = []
    predictions: list[Prediction] = []
    stream = classifier.stream(map(_photo_of, samples))
    for number, (sample, prediction) in enumerate(zip(samples, stream, strict=True), 1):
        if prediction.error is None:
            kept.append(sample)
            predictions.append(prediction)
        elif strict:
            raise HeadstartError(f"{sample.name} could be read before and now cannot: {prediction.error}; run it again")
        else:
            listener(events.Note(f"{sample.name} is left out: {prediction.error}"))
        if number % 32 == 0 or number == len(samples):
            listener(events.Progress("judge", number, len(samples)))
    if not kept:
        raise DataError(f"none of the {len(samples)} photos decodes; run headstart check to see why")
    answers = _answers(classifier.classes, predictions)
    return Judged(tuple(kept), answers, evaluate(part, targets_of(kept), answers.probabilities, classifier.classes))


def in_words(it: Judged) -> str:
    """One line: the score, its interval, its N."""
    score = it.evaluation
    low, high = score.accuracy_interval.low, score.accuracy_interval.high
    return f"{score.part} accuracy {score.accuracy:.1%} ({low:.1%} to {high:.1%}) on {score.n} photos"


def _answers(classes: Sequence[str], predictions: Sequence[Prediction]) -> Answers:
    first = predictions[0]
    index = {name: place for place, name in enumerate(classes)}
    sets = np.zeros((len(predictions), len(classes)), np.bool_)
    for row, prediction in enumerate(predictions):
        sets[row, [index[name] for name in prediction.prediction_set]] = True
    return Answers(
        probabilities=np.stack([it.probabilities for it in predictions]),
        uncalibrated=np.stack([it.uncalibrated for it in predictions]),
        sets=sets if first.prediction_set else None,
        novelty=np.array([it.novelty for it in predictions], np.float32) if first.novelty is not None else None,
    )


def _photo_of(sample: Sample) -> PhotoLike:
    return sample.source.read() if isinstance(sample.source, ArraySource) else sample.source.path
