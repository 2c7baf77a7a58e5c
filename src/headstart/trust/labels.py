"""Labels that look wrong, by confident learning (Northcutt, Jiang & Chuang 2021, J. Artif. Intell. Res. 70, 1373-1411).

From probabilities of each photo by a classifier that was not fitted on it. How many labels are wrong comes from the
confident joint (their section 3.1). Which ones: the order of log p(given) - log p(likely), and as many as are
estimated are flagged. With 5 % of the labels flipped at random, that order had more flipped ones among the first on six
classes than self-confidence, the normalised margin and pruning by noise rate; on two classes all are about the same:
``benchmarks/labels.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Ints = NDArray[np.int64]

_LEAST = 1e-30  #: probability under which none is told from nothing
_ROUNDING = 1e-6  #: by which a probability may miss its threshold: a class's photos may all be told the same


@dataclass(frozen=True, slots=True)
class Suspect:
    """A photo that is held for another class than its label says."""

    id: str
    given: int  #: class of its label
    likely: int  #: class held for the likeliest
    given_probability: float  #: held out, uncalibrated
    likely_probability: float
    flagged: bool  #: among the most suspicious, as many as there are errors by estimate


def suspects(ids: Sequence[str], labels: Ints, probabilities: Float) -> tuple[Suspect, ...]:
    """Every photo that another class is likelier for than its label, most suspicious first.

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
    errors = estimated_errors(labels, probabilities)
    return tuple(
        Suspect(ids[row], int(labels[row]), int(likely[row]), float(given[row]), float(best[row]), place < errors)
        for place, row in enumerate(order)
    )


def estimated_errors(labels: Ints, probabilities: Float) -> int:
    """How many labels are wrong: what stands off the diagonal of the confident joint."""
    joint = confident_joint(labels, probabilities)
    return round(float(joint.sum() - np.trace(joint)))


def confident_joint(labels: Ints, probabilities: Float) -> NDArray[np.float64]:
    """Estimated photos (C, C) by given class and by true class; a row sums to the photos that were given its class.

    A photo counts for the likeliest of the classes for which its probability reaches the mean probability of that
    class among the photos given it; for none where it reaches none.
    """
    classes = probabilities.shape[1]
    counts = np.bincount(labels, minlength=classes)
    own = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    confidence = np.bincount(labels, weights=own, minlength=classes) / np.maximum(counts, 1)
    reached = (probabilities >= confidence - _ROUNDING) & (counts > 0)
    confident = reached.any(axis=1)
    joint = np.zeros((classes, classes))
    held_for = np.where(reached, probabilities, -1).argmax(axis=1)
    np.add.at(joint, (labels[confident], held_for[confident]), 1)
    # A class none of whose photos is surely its own would be nothing but errors.
    np.fill_diagonal(joint, np.maximum(joint.diagonal(), 1))
    scaled: NDArray[np.float64] = joint * (counts / joint.sum(axis=1))[:, None]
    return scaled
