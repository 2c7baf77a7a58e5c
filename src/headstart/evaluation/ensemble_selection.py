"""Selection of the members of an ensemble, with weights.

A stack is (K, N, C): the probabilities of K members, cheap to dear, for the same N photos; each row sums to 1.
"""

import numpy as np
from numpy.typing import NDArray

from headstart.errors import DataError
from headstart.evaluation.metrics import SMALLEST

Stack = NDArray[np.floating]
Weights = NDArray[np.float64]  #: (K,), from 0 up; what they sum to does not matter

_GAIN = 1e-9  #: nats; less is rounding
_PATIENCE = 5  #: rounds without a gain to the end


def select_ensemble(stack: Stack, labels: NDArray[np.int64], *, rounds: int = 50) -> Weights:
    """Return weights (K,), summing to 1, of an ensemble that is grown to the lowest log loss on these photos.

    Forward selection with replacement and sorted initialisation (Caruana, Niculescu-Mizil, Crew & Ksikes, 2004,
    Ensemble selection from libraries of models, ICML, section 2). It starts from the best few members, as many as score
    best together; each round adds the member that helps most, or hurts least. The result is the best ensemble met on
    the way, so it is never worse on these photos than the best member. Of equals the earlier member is taken, and the
    smaller ensemble.

    Args:
        stack: (K, N, C), of photos that no member was fitted on.
        labels: (N,) in 0..C-1.
        rounds: most members that are added to the first few; it ends sooner where five rounds gain nothing.

    Raises:
        DataError: not a stack, or labels that do not belong to it.
    """
    _check(stack)
    members, photos, classes = stack.shape
    if labels.shape != (photos,) or not 0 <= labels.min() <= labels.max() < classes:
        raise DataError(f"labels have shape {labels.shape}; wanted ({photos},), each in 0 to {classes - 1}")
    own = stack[:, np.arange(photos), labels].astype(np.float64)
    counts = _initial(own)
    best, lowest, since = counts, float(_losses(counts @ own, counts.sum())), 0
    for _ in range(rounds):
        losses = _losses(counts @ own + own, counts.sum() + 1)
        counts = counts + (np.arange(members) == losses.argmin())
        since += 1
        if losses.min() < lowest - _GAIN:
            best, lowest, since = counts, float(losses.min()), 0
        if since == _PATIENCE:
            break
    return np.asarray(best / best.sum(), np.float64)


def _initial(own: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return counts (K,): 1 for each of the best members, as many of them as score best together."""
    order = np.argsort(_losses(own, 1), kind="stable")
    sizes = np.arange(1, len(own) + 1)
    losses = _losses(np.cumsum(own[order], axis=0), sizes[:, None])
    size = int((losses <= losses.min() + _GAIN).argmax()) + 1
    counts = np.zeros(len(own), np.int64)
    counts[order[:size]] = 1
    return counts


def _losses(sums: NDArray[np.float64], members: int | NDArray[np.int64]) -> NDArray[np.float64]:
    """Return log losses (...) from sums (..., N) of what ``members`` members give to the true class."""
    return np.asarray(-np.log(np.clip(sums / members, SMALLEST, 1)).mean(axis=-1), np.float64)


def _check(stack: Stack) -> None:
    if stack.ndim != 3 or 0 in stack.shape or not np.isfinite(stack).all():
        raise DataError(f"stack has shape {stack.shape}; wanted (members, photos, classes), none of them 0, no NaN")
