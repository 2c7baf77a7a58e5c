"""What heads say of photos that they were not fitted on, for holding labels to it.

A wrong label stands out where the head is right, so heads on the last three layers answer together: with 5 % of the
labels flipped to the likeliest other class, more of the flipped are among the first suspects than by the last layer
alone (``benchmarks/labels.py``). Of the penalty two values are tried, in proportion to the features' width: half a
decade of C changes little, and ``check --labels`` and a fit shall come to the same answer, whatever arms are fitted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from headstart.arrays import Floats, Ints
from headstart.data.groups import encode_groups
from headstart.data.samples import Samples
from headstart.heads.folds import assign_folds, count_folds, make_fold_groups
from headstart.heads.head import TrainingSet
from headstart.heads.logistic import predict_held_out_path

LAYERS = 3  #: last ones of a network that may answer together
STRENGTHS = (3.0, 10.0)  #: C times the features' width: of standardised features, squares add up to that width
_LEAST = 1e-12  #: probability that counts as none


@dataclass(frozen=True)
class HeldOutPredictions:
    """What is said of N photos by heads that were fitted without them."""

    probabilities: Floats  #: (N, C), not calibrated
    known: NDArray[np.bool_]  #: (N,) the head had seen the label's class, by other photos than those of its group


def predict_held_out(tasks: Sequence[TrainingSet], *, folds: int) -> HeldOutPredictions:
    """Return what logistic heads say of each photo that were fitted without its fold.

    Tried are the last layer, the last two, the last three, their log-probabilities averaged, each with a strong and a
    weak penalty; the lowest held-out log loss is taken.

    Args:
        tasks: the same photos with the same labels and groups as features of one layer each, the last layer first.
        folds: as many, or one for each group if that is fewer. Where all is one group, no head can be fitted: every
            class is as likely, and no label's class is known.
    """
    labels, classes = tasks[0].labels, tasks[0].classes
    together = make_fold_groups(labels, tasks[0].groups)
    folds = min(folds, len(np.unique(together.groups)))
    if not count_folds(labels, together.groups, folds):
        return HeldOutPredictions(np.full((len(labels), classes), 1 / classes, np.float32), np.zeros(len(labels), bool))
    fold: Ints = assign_folds(labels, together.groups, folds, tasks[0].seed)
    by_layer = [predict_held_out_path(task, fold, [k / task.features.shape[1] for k in STRENGTHS]) for task in tasks]
    mixed = [mix for answers in zip(*by_layer, strict=True) for mix in _mix(answers)]
    rows = np.arange(len(labels))
    best = min(mixed, key=lambda it: float(-np.log(np.maximum(it[rows, labels], _LEAST)).mean()))
    return HeldOutPredictions(best, _classes_known(labels, fold, classes) & together.counted)


def _mix(answers: Sequence[Floats]) -> list[Floats]:
    """Means of the first one, two ... answers' log-probabilities, as probabilities (N, C)."""
    sums = accumulate(np.log(np.maximum(answer, _LEAST)) for answer in answers)
    means = [total / number for number, total in enumerate(sums, 1)]
    powers = [np.exp(mean - mean.max(axis=1, keepdims=True)) for mean in means]
    return [(it / it.sum(axis=1, keepdims=True)).astype(np.float32) for it in powers]


def _classes_known(labels: Ints, fold: Ints, classes: int) -> NDArray[np.bool_]:
    """(N,) whether the class of a row's label has rows in another fold."""
    counts = np.zeros((fold.max() + 1, classes), np.int64)
    np.add.at(counts, (fold, labels), 1)
    return np.asarray((counts.sum(axis=0) - counts)[fold, labels] > 0)


def make_training_sets(
    samples: Samples, layers: Sequence[str], rows: Callable[[str], Floats], seed: int
) -> list[TrainingSet]:
    """Return the photos and their labels as features of a network's last layers, as ``predict_held_out`` takes them.

    Args:
        samples: N photos.
        layers: names of all the network's layers, from the input on.
        rows: gives features (N, D) of a layer, in the samples' order.
        seed: of the folds.
    """
    groups = encode_groups(samples.samples)
    return [
        TrainingSet(rows(layer), samples.labels, len(samples.classes), groups, balanced=False, seed=seed)
        for layer in list(layers)[: -LAYERS - 1 : -1]
    ]
