"""Label issues: labels that look wrong, by heads that were not fitted on their samples.

A wrong label stands out where the head is right, so heads on the last three layers answer together: with 5 % of the
labels flipped to the likeliest other class, more of the flipped are among the first issues than by the last layer
alone (``benchmarks/labels.py``). Of the penalty two values are tried, in proportion to the features' width: half a
decade of C changes little, and ``check --labels`` and a fit shall come to the same answer, whatever arms are fitted.

The order is that of log p(likely) - log p(given): with 5 % of the labels flipped at random, it had more flipped ones
among the first on six classes than self-confidence, the normalised margin and pruning by noise rate of Northcutt, Jiang
& Chuang (2021, J. Artif. Intell. Res. 70, 1373-1411); on two classes all are about the same: ``benchmarks/labels.py``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate

import numpy as np

from headstart.data.groups import encode_groups
from headstart.data.samples import Samples
from headstart.evaluation.label_noise import LabelNoise, estimate_label_noise
from headstart.heads.folds import assign_folds, count_folds, make_fold_groups
from headstart.heads.head import MadeTrainingSets, TrainingSet
from headstart.heads.logistic import predict_side_by_side
from headstart.heads.subsample import draw_subsample
from headstart_runtime.arrays import Bools, Floats, Ints
from headstart_runtime.linalg import softmax
from headstart_runtime.modalities.item import SAMPLE, Noun

LAYERS = 3  #: last ones of a network that may answer together
STRENGTHS = (3.0, 10.0)  #: C times the features' width: of standardised features, squares add up to that width
_MIXED_LEAST = 1e-12  #: probability under which none is told from nothing where answers are averaged
_LEAST = 1e-30  #: the same, where samples are ordered


@dataclass(frozen=True, slots=True)
class LabelIssue:
    """A sample that is held for another class than its label says: worth a second look."""

    id: str
    given: int  #: class of its label
    likely: int  #: class held for the likeliest
    given_probability: float  #: held out, uncalibrated
    likely_probability: float


@dataclass(frozen=True)
class LabelDiagnostics:
    """Labels compared with the predictions of heads that had not seen their samples."""

    noise: LabelNoise  #: how many are wrong by estimate
    issues: tuple[LabelIssue, ...]  #: the strongest first
    probabilities: Floats  #: (N, C)
    known: Bools  #: (N,) whose label's class the heads knew by other samples; of the rest nothing is known
    accuracy: float  #: share of the labels that the heads agree with


@dataclass(frozen=True)
class HeldOut:
    """Predictions for N samples by heads that were fitted without them."""

    probabilities: Floats  #: (N, C), not calibrated
    known: Bools  #: (N,) the head had seen the label's class, by other samples than those of its group


def make_training_sets(
    samples: Samples, layers: Sequence[str], rows: Callable[[str], Floats], seed: int
) -> Sequence[TrainingSet]:
    """Return the samples and their labels as features of a network's last layers, as ``diagnose_labels`` takes them.

    One layer is in memory at a time.

    Args:
        samples: N samples.
        layers: names of all the network's layers, from the input on.
        rows: gives features (N, D) of a layer, in the samples' order.
        seed: of the folds.
    """
    groups = encode_groups(samples.samples)

    def make(layer: str) -> TrainingSet:
        classes = len(samples.classes)
        return TrainingSet(rows(layer), samples.targets, classes, groups, balanced=False, seed=seed, disposable=True)

    return MadeTrainingSets([partial(make, layer) for layer in list(layers)[: -LAYERS - 1 : -1]])


def diagnose_labels(
    ids: Sequence[str],
    training_sets: Sequence[TrainingSet],
    *,
    folds: int,
    noun: Noun = SAMPLE,
    recall: Callable[[Callable[[], HeldOut]], HeldOut] = lambda make: make(),
) -> LabelDiagnostics:
    """Compare every label with heads that were fitted without its sample, and without those in its group.

    A class whose samples are all of one group is left out: no head knows it without them, and each would be doubted.

    Args:
        ids: of N samples.
        training_sets: they and their labels, as features of one layer each, the last layer of the network first.
        folds: of the cross-fitting; one for each group if that is fewer.
        noun: of the samples.
        recall: gives what a function makes, perhaps as it was made before.
    """
    question = training_sets[0].without_features()
    labels = question.targets
    held_out = recall(lambda: _predict_held_out(question, training_sets, folds))
    rows = np.flatnonzero(held_out.known)
    given, probabilities = labels[rows], held_out.probabilities[rows]
    return LabelDiagnostics(
        noise=estimate_label_noise(given, probabilities, question.groups[rows], noun=noun),
        issues=find_label_issues([ids[row] for row in rows.tolist()], given, probabilities),
        probabilities=held_out.probabilities,
        known=held_out.known,
        accuracy=float(np.mean(probabilities.argmax(axis=1) == given)) if len(given) else 0.0,
    )


def find_label_issues(ids: Sequence[str], labels: Ints, probabilities: Floats) -> tuple[LabelIssue, ...]:
    """Return every sample that another class is likelier for than its label, strongest first.

    Args:
        ids: of N samples.
        labels: (N,), classes.
        probabilities: (N, C), each row by a classifier that was not fitted on that sample.
    """
    rows = np.arange(len(labels))
    likely = probabilities.argmax(axis=1)
    given, best = probabilities[rows, labels], probabilities[rows, likely]
    doubt = np.log(np.maximum(best, _LEAST)) - np.log(np.maximum(given, _LEAST))
    order = [row for row in np.argsort(-doubt, kind="stable") if best[row] > given[row]]
    return tuple(
        LabelIssue(ids[row], int(labels[row]), int(likely[row]), float(given[row]), float(best[row])) for row in order
    )


def _predict_held_out(question: TrainingSet, training_sets: Sequence[TrainingSet], folds: int) -> HeldOut:
    """Return predictions of logistic heads for each sample, fitted without its fold.

    Tried are the last layer, the last two, the last three, their log-probabilities averaged, each with a strong and a
    weak penalty; the lowest held-out log loss is taken. Where all is one group, no head can be fitted: every class is
    as likely, and no label's class is known.
    """
    labels, classes = question.targets, question.outputs
    together = make_fold_groups(labels, question.groups)
    folds = min(folds, len(np.unique(together.groups)))
    if not count_folds(labels, together.groups, folds):
        return HeldOut(np.full((len(labels), classes), 1 / classes, np.float32), np.zeros(len(labels), bool))
    fold: Ints = assign_folds(labels, together.groups, folds, question.seed)
    choice = _choose_on_sample(training_sets, labels, together.groups, folds, question.seed)
    if choice is None:
        answers = _answer(training_sets, fold, STRENGTHS)
        choice = _choose(answers, labels)
    else:
        answers = _answer(training_sets[: choice[0]], fold, [choice[1]])
    return HeldOut(answers[choice], _find_known(labels, fold, classes) & together.counted)


def _answer(
    training_sets: Sequence[TrainingSet], fold: Ints, strengths: Sequence[float]
) -> dict[tuple[int, float], Floats]:
    """Return held-out probabilities (N, C) by how many layers answer together and by strength."""
    by_layer = [_answer_alone(training_sets[place], fold, strengths) for place in range(len(training_sets))]
    return {
        (number, strength): mean
        for strength, answers in zip(strengths, zip(*by_layer, strict=True), strict=True)
        for number, mean in enumerate(_average(answers), 1)
    }


def _answer_alone(rows: TrainingSet, fold: Ints, strengths: Sequence[float]) -> list[Floats]:
    path = [strength / rows.features.shape[1] for strength in strengths]
    return predict_side_by_side(rows, fold, path)


def _choose(answers: Mapping[tuple[int, float], Floats], labels: Ints) -> tuple[int, float]:
    """Return layers and strength of the lowest held-out log loss, the first of equals."""
    places = np.arange(len(labels))
    losses = {
        key: float(-np.log(np.maximum(answer[places, labels], _MIXED_LEAST)).mean()) for key, answer in answers.items()
    }
    return min(losses, key=losses.__getitem__)


def _choose_on_sample(
    training_sets: Sequence[TrainingSet], labels: Ints, groups: Ints, folds: int, seed: int
) -> tuple[int, float] | None:
    """Return layers and strength by a sample of many rows; None where they are few, or none of it can be held out."""
    chosen = draw_subsample(labels, groups, seed)
    if chosen is None:
        return None
    labels, inside = labels[chosen], groups[chosen]
    folds = min(folds, len(np.unique(inside)))
    if not count_folds(labels, inside, folds):
        return None
    fold: Ints = assign_folds(labels, inside, folds, seed)
    some = [training_sets[place].take(chosen) for place in range(len(training_sets))]
    return _choose(_answer(some, fold, STRENGTHS), labels)


def _average(answers: Sequence[Floats]) -> list[Floats]:
    """Return means of the first one, two ... answers' log-probabilities, as probabilities (N, C)."""
    sums = accumulate(np.log(np.maximum(answer, _MIXED_LEAST)) for answer in answers)
    return [softmax(np.asarray(total / number, np.float32)) for number, total in enumerate(sums, 1)]


def _find_known(labels: Ints, fold: Ints, classes: int) -> Bools:
    """Return whether the class of a row's label has rows in another fold, (N,)."""
    counts = np.zeros((fold.max() + 1, classes), np.int64)
    np.add.at(counts, (fold, labels), 1)
    return np.asarray((counts.sum(axis=0) - counts)[fold, labels] > 0)
