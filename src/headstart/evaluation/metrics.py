"""Scores of predictions, in NumPy. scikit-learn is the second opinion, in the tests: importing it takes a second.

All but ``log_loss`` are made from the confusion matrix: (C, C), rows the true class, columns the
predicted one.
"""

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Doubles, Ints
from headstart_runtime.errors import DataError

SMALLEST = 1e-15  #: a probability of 0 that was wrong costs 34.5 nats, not infinitely many


def check_scored(part: str, targets: Ints, probabilities: NDArray[np.floating], classes: int, words: str) -> None:
    """Raise a DataError where probabilities (N, C) cannot be scored against indices (N,) of classes.

    Args:
        part: of which these are the rows.
        targets: indices.
        probabilities: of each class.
        classes: how many there are, C.
        words: that people have for the indices: "labels", "ranks".
    """
    if not len(targets):
        raise DataError(f"the part {part!r} has no rows to evaluate")
    if probabilities.shape != (len(targets), classes):
        raise DataError(
            f"{part}: probabilities have shape {probabilities.shape}; wanted ({len(targets)}, {classes}), a row for "
            "each label and a column for each class"
        )
    if not 0 <= targets.min() <= targets.max() < classes:
        raise DataError(f"{part}: {words} run from {targets.min()} to {targets.max()}; wanted 0 to {classes - 1}")
    if not np.isfinite(probabilities).all():
        raise DataError(f"{part}: {np.sum(~np.isfinite(probabilities).all(axis=1))} rows of probabilities hold NaN")


def confusion_matrix(labels: Ints, predicted: Ints, classes: int) -> Ints:
    """Return counts (C, C) of labels (N,) and predictions (N,)."""
    return np.bincount(labels.astype(np.int64) * classes + predicted, minlength=classes * classes).reshape(
        classes, classes
    )


def accuracy(confusion: Ints) -> float:
    """Return the share of right predictions; NaN of nothing."""
    return float(np.trace(confusion) / confusion.sum()) if confusion.sum() else float("nan")


def recalls(confusion: Ints) -> Doubles:
    """Return the share of each class (C,) that was found; 0 for a class without rows."""
    return _shares(np.diag(confusion), confusion.sum(axis=1))


def precisions(confusion: Ints) -> Doubles:
    """Return the share of the predictions of each class (C,) that were right; 0 for one never predicted."""
    return _shares(np.diag(confusion), confusion.sum(axis=0))


def f1_scores(confusion: Ints) -> Doubles:
    """Return the harmonic mean of precision and recall (C,); 0 where both are."""
    return _shares(2 * np.diag(confusion), confusion.sum(axis=0) + confusion.sum(axis=1))


def balanced_accuracy(confusion: Ints) -> float:
    """Return the mean recall of the classes that have rows, as scikit-learn does; NaN of nothing."""
    present = confusion.sum(axis=1) > 0
    return float(recalls(confusion)[present].mean()) if present.any() else float("nan")


def macro_f1(confusion: Ints) -> float:
    """Return the mean F1 of the classes that have rows; NaN of nothing.

    A class that was predicted but has no row has no F1 of its own: the rows that it took count as misses of theirs.
    scikit-learn does the same when it is given those classes as ``labels``.
    """
    present = confusion.sum(axis=1) > 0
    return float(f1_scores(confusion)[present].mean()) if present.any() else float("nan")


def log_loss(labels: Ints, probabilities: NDArray[np.floating]) -> float:
    """Return the mean -ln(probability of the true class), nats; labels (N,), probabilities (N, C). NaN of nothing."""
    if not len(labels):
        return float("nan")
    own = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return float(-np.log(np.clip(own, SMALLEST, 1)).mean())


def _shares(part: Ints, whole: Ints) -> Doubles:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
