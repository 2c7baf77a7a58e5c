"""The answers of a saved classifier for labelled photos, through its public ``predict``, and their score.

A classifier may answer in ONNX Runtime and in OpenVINO. The score is of the answers of the engine that takes so many
photos by itself; some of the photos are answered by the other one too, from the same decoded pixels.
"""

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from headstart import events
from headstart.data.samples import ArraySource, Sample
from headstart.errors import DataError, HeadstartError
from headstart.evaluation import metrics
from headstart.evaluation.evaluation import Evaluation, score_predictions
from headstart.events import RunLog
from headstart.export import add_scores
from headstart.inference.classifier import Classifier, PhotoLike, Prediction
from headstart.inference.engine_agreement import EngineAgreement, EngineScore
from headstart.inference.engines import InferenceEngine
from headstart.inference.postprocess import BatchPredictions
from headstart.selection.context import make_targets
from headstart.selection.results import TestResult

MOST_TWICE = 256  #: photos that both engines answer: the share of equal answers is known to about 2 points then
_NAMES = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO"}


def score_classifier(
    classifier: Classifier,
    samples: Sequence[Sample],
    listener: events.Listener = events.ignore,
    *,
    part: str = "test",
    strict: bool = True,
    seed: int | None = None,
) -> TestResult:
    """Score a saved classifier through its public ``predict``, from file bytes to class name.

    Args:
        classifier: as loaded.
        samples: labelled photos.
        listener: is told of the progress.
        part: the name of the score.
        strict: whether a photo that cannot be read is an error.
        seed: draws at most ``MOST_TWICE`` photos that every engine answers; None asks one engine only.

    Raises:
        HeadstartError: a photo cannot be read; with ``strict`` off it is left out with a note, unless none is left.
    """
    both = _Both(classifier, samples, seed)
    known: list[Sample] = []
    predictions: list[Prediction] = []
    for number, (sample, prediction) in enumerate(both.predictions(), 1):
        if prediction.error is None:
            known.append(sample)
            predictions.append(prediction)
        elif strict:
            raise HeadstartError(f"{sample.name} could be read before and now cannot: {prediction.error}; run it again")
        else:
            listener(events.Note(f"{sample.name} is left out: {prediction.error}"))
        if number % 32 == 0 or number == len(samples):
            listener(events.Progress("test", number, len(samples)))
    if not known:
        raise DataError(f"none of the {len(samples)} photos decodes; run headstart check to see why")
    answers = _answers(classifier.classes, predictions)
    score = score_predictions(part, make_targets(known), answers.probabilities, classifier.classes)
    return TestResult(tuple(known), answers, score, both.agreement(), both.second_seconds)


def run_test(classifier: Classifier, samples: Sequence[Sample], seed: int, log: RunLog) -> TestResult:
    """Score a saved classifier on test; the time of the engine that does not give the score is a stage of its own."""
    with log.stage("test") as stage:
        test = score_classifier(classifier, samples, log, seed=seed)
        stage.summary, stage.apart = describe_test(test), test.second_seconds
    if second := describe_second_engine(test):
        log.finish("second engine", test.second_seconds, second)
    return test


def record_scores(classifier: Classifier, validation: Evaluation, test: TestResult) -> None:
    """Write the scores on validation and on test into the record of a saved classifier."""
    scores = {"validation": validation.to_json(), "test": test.evaluation.to_json()}
    add_scores(classifier, scores, test.engines)


class _Both:
    """Photos answered by the engine whose answers are scored, and some of them by the other too."""

    def __init__(self, classifier: Classifier, samples: Sequence[Sample], seed: int | None):
        self._classifier, self._samples = classifier, samples
        self._main = classifier.engine_for(len(samples))
        self._seconds: dict[str, float] = defaultdict(float)
        self._lock = threading.Lock()
        self._answers: list[tuple[int, Mapping[InferenceEngine, Prediction]]] = []  #: with the true class, of both
        count = 0 if seed is None else min(len(samples), MOST_TWICE)
        self._twice = np.zeros(len(samples), bool)
        self._twice[np.random.default_rng(seed).permutation(len(samples))[:count]] = True

    def predictions(self) -> Iterator[tuple[Sample, Prediction]]:
        """Yield each sample and its prediction by the engine that is scored."""
        answers = self._classifier.answer_by_both(self._photo, self._twice.tolist(), self._timed)
        for sample, twice, said in zip(self._samples, self._twice, answers, strict=True):
            if twice:
                self._answers.append((sample.label, said))
            yield sample, said[self._main]

    def _photo(self, index: int) -> PhotoLike:
        source = self._samples[index].source
        return source.read() if isinstance(source, ArraySource) else source.path

    def _timed(self, engine: str, seconds: float) -> None:
        with self._lock:
            self._seconds[engine] += seconds

    @property
    def second_seconds(self) -> float:
        """Seconds that the other engine took; 0 where there is none."""
        others = {engine for _, said in self._answers for engine in said} - {self._main}
        return sum(self._seconds[engine] for engine in others)

    def agreement(self) -> EngineAgreement | None:
        """Return how the engines answer; None where no photo that both answered could be read."""
        read = [(label, said) for label, said in self._answers if said[self._main].error is None]
        if not read:
            return None
        labels = np.array([label for label, _ in read], np.int64)
        rows = {engine: np.stack([said[engine].probabilities for _, said in read]) for engine in read[0][1]}
        chosen = {engine: row.argmax(axis=1) for engine, row in rows.items()}
        scores: dict[str, EngineScore] = {
            engine: EngineScore(float((chosen[engine] == labels).mean()), metrics.log_loss(labels, row))
            for engine, row in rows.items()
        }
        if len(rows) == 1:
            return EngineAgreement(self._main, len(read), scores, None, None)
        (a, b), (first, second) = rows.values(), chosen.values()
        same, difference = float((first == second).mean()), float(np.abs(a - b).mean())
        return EngineAgreement(self._main, len(read), scores, same, difference)


def describe_test(test: TestResult) -> str:
    """Return the score, its interval, its N, and the engine that gave it, in one line."""
    score = test.evaluation
    low, high = score.accuracy_interval.low, score.accuracy_interval.high
    engine = f", answered by {_NAMES[test.engines.judged_by]}" if test.engines else ""
    return f"{score.part} accuracy {score.accuracy:.1%} ({low:.1%} to {high:.1%}) on {score.counted}{engine}"


def describe_second_engine(test: TestResult) -> str | None:
    """Return the other engine's score beside that of the one that is scored, in one line; None without another."""
    engines = test.engines
    if engines is None or engines.same_answers is None:
        return None
    (other,) = engines.scores.keys() - {engines.judged_by}
    some = f"{engines.photos} of " if engines.photos < test.evaluation.n else ""
    return (
        f"{_NAMES[other]} has {engines.scores[other].accuracy:.1%} of {some}these photos right, "
        f"{_NAMES[engines.judged_by]} {engines.scores[engines.judged_by].accuracy:.1%}; "
        f"{engines.same_answers:.1%} same answers"
    )


def _answers(classes: Sequence[str], predictions: Sequence[Prediction]) -> BatchPredictions:
    first = predictions[0]
    index = {name: place for place, name in enumerate(classes)}
    sets = np.zeros((len(predictions), len(classes)), np.bool_)
    for row, prediction in enumerate(predictions):
        sets[row, [index[name] for name in prediction.prediction_set]] = True
    return BatchPredictions(
        probabilities=np.stack([it.probabilities for it in predictions]),
        uncalibrated=np.stack([it.uncalibrated for it in predictions]),
        prediction_set=sets if first.prediction_set else None,
        novelty=np.array([it.novelty for it in predictions], np.float32) if first.novelty is not None else None,
    )
