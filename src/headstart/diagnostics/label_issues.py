"""Labels that look wrong: which ones, strongest first, and how many labels are wrong at all.

Each label is held to heads that were not fitted on its photo. The order is that of log p(likely) - log p(given): with
5 % of the labels flipped at random, it had more flipped ones among the first on six classes than self-confidence, the
normalised margin and pruning by noise rate of Northcutt, Jiang & Chuang (2021, J. Artif. Intell. Res. 70, 1373-1411);
on two classes all are about the same: ``benchmarks/labels.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.arrays import Floats, Ints
from headstart.diagnostics.label_noise import LabelNoise, estimate_label_noise
from headstart.diagnostics.label_predictions import predict_held_out
from headstart.heads.head import TrainingSet

_LEAST = 1e-30  #: probability under which none is told from nothing


@dataclass(frozen=True, slots=True)
class LabelIssue:
    """A photo that is held for another class than its label says: worth a second look."""

    id: str
    given: int  #: class of its label
    likely: int  #: class held for the likeliest
    given_probability: float  #: held out, uncalibrated
    likely_probability: float


@dataclass(frozen=True)
class LabelDiagnostics:
    """What came of holding labels to heads that had not seen their photos."""

    noise: LabelNoise
    issues: tuple[LabelIssue, ...]  #: the strongest first
    probabilities: Floats  #: (N, C)
    known: NDArray[np.bool_]  #: (N,) whose label's class the heads knew by other photos; of the rest nothing is said
    accuracy: float  #: share of the labels that the heads agree with


def diagnose_labels(ids: Sequence[str], tasks: Sequence[TrainingSet], *, folds: int) -> LabelDiagnostics:
    """Hold every label to heads that were fitted without its photo, and without those in its group.

    A class whose photos are all of one group is left out: no head knows it without them, and each would be suspected.

    Args:
        ids: of N photos.
        tasks: they and their labels, as features of one layer each, the last layer of the network first.
        folds: of the cross-fitting.
    """
    labels = tasks[0].labels
    answers = predict_held_out(tasks, folds=folds)
    rows = np.flatnonzero(answers.known)
    held, chances = labels[rows], answers.probabilities[rows]
    return LabelDiagnostics(
        noise=estimate_label_noise(held, chances, tasks[0].groups[rows]),
        issues=find_label_issues([ids[row] for row in rows.tolist()], held, chances),
        probabilities=answers.probabilities,
        known=answers.known,
        accuracy=float(np.mean(chances.argmax(axis=1) == held)) if len(held) else 0.0,
    )


def find_label_issues(ids: Sequence[str], labels: Ints, probabilities: Floats) -> tuple[LabelIssue, ...]:
    """Every photo that another class is likelier for than its label, strongest first.

    Args:
        ids: of N photos.
        labels: (N,), classes.
        probabilities: (N, C), each row by a classifier that was not fitted on that photo.
    """
    rows = np.arange(len(labels))
    likely = probabilities.argmax(axis=1)
    given, best = probabilities[rows, labels], probabilities[rows, likely]
    doubt = np.log(np.maximum(best, _LEAST)) - np.log(np.maximum(given, _LEAST))
    order = [row for row in np.argsort(-doubt, kind="stable") if best[row] > given[row]]
    return tuple(
        LabelIssue(ids[row], int(labels[row]), int(likely[row]), float(given[row]), float(best[row])) for row in order
    )
