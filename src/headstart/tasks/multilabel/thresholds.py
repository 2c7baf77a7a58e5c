"""Thresholds of labels, chosen on calibrated probabilities of samples that nothing was fitted on.

* ``f1``: where F1 is greatest (among the thresholds halfway between neighbouring probabilities, in logits).
* ``precision``: the lowest threshold from which on the precision that is wanted was reached; where none reaches it, the
  one that comes nearest.
* ``recall``: of n samples with the label the threshold is the floor((n + 1) (1 - recall))-th smallest probability, so
  that a further sample with the label is found with at least that chance (as in split conformal prediction: Vovk,
  Gammerman & Shafer, 2005, Algorithmic Learning in a Random World). With fewer than recall / (1 - recall) of them the
  label is always taken.

A label that fewer than ``FEWEST`` held-out samples have, has too few for a threshold of its own: for F1 it gets that of
all labels together, as it gets for precision.
"""

import numpy as np
from numpy.typing import NDArray

from headstart_runtime.arrays import Doubles, Floats, Ints
from headstart_runtime.tasks.multilabel.postprocessor import EVEN, LabelThreshold, ThresholdRule

FEWEST = 8  #: held-out samples with a label from which on it gets a threshold of its own
_NEVER = 1.1  #: the threshold of a label that is never taken


def choose_thresholds(
    targets: NDArray[np.integer], probabilities: Floats, rule: ThresholdRule, wanted: float
) -> tuple[LabelThreshold, ...]:
    """Return a threshold for each label.

    Args:
        targets: (N, K) 1 there, 0 absent, -1 unknown.
        probabilities: (N, K) float32, calibrated.
        rule: what each is chosen for.
        wanted: the precision or recall, where that is the rule.
    """
    known = targets >= 0
    together: float | None = None
    aim = None if rule == "f1" else wanted
    found = []
    for label in range(targets.shape[1]):
        rows = known[:, label]
        own, there = probabilities[rows, label], targets[rows, label] == 1
        count = int(there.sum())
        shared = rule != "recall" and count < FEWEST
        if shared:
            if together is None:
                together = _choose_one(probabilities[known], targets[known] == 1, rule, wanted)
            threshold = together
        else:
            threshold = _choose_one(own, there, rule, wanted)
        found.append(LabelThreshold(threshold, rule, aim, count, shared))
    return tuple(found)


def _choose_one(probabilities: Floats, there: NDArray[np.bool_], rule: ThresholdRule, wanted: float) -> float:
    if not there.any():
        return EVEN if rule == "f1" else (_NEVER if rule == "precision" else 0.0)
    if rule == "recall":
        return _find_recall_threshold(np.sort(probabilities[there]), wanted)
    values, hits, taken = _count_from_above(probabilities, there)
    if rule == "f1":
        best = int(np.argmax(2 * hits / (taken + hits[-1])))
        return _lie_between(values, best)
    precision = hits / taken
    reached = np.flatnonzero(precision >= wanted)
    best = int(reached[-1]) if len(reached) else int(np.argmax(precision))
    return _lie_between(values, best)


def _find_recall_threshold(own: Floats, wanted: float) -> float:
    """Return the threshold for a recall, from the rising probabilities of the samples that have the label."""
    rank = int(np.floor((len(own) + 1) * (1 - wanted) + 1e-9))
    return float(own[rank - 1]) if rank >= 1 else 0.0


def _count_from_above(probabilities: Floats, there: NDArray[np.bool_]) -> tuple[Floats, Ints, Ints]:
    """Return unlike probabilities, falling, and for each how many with the label, and how many in all, have no less."""
    values, at = np.unique(-probabilities, return_inverse=True)
    hits = np.bincount(at, there, minlength=len(values)).cumsum()
    taken = np.bincount(at, minlength=len(values)).cumsum()
    return -values, hits, taken


def _lie_between(values: Floats, place: int) -> float:
    """Return a threshold halfway, in logits, between the value at a place and the next lower one."""
    if place + 1 >= len(values):
        return float(values[place])
    pair: Doubles = np.clip(values[place : place + 2].astype(np.float64), 1e-12, 1 - 1e-12)
    middle = float(np.log(pair / (1 - pair)).mean())
    return float(np.float32(1 / (1 + np.exp(-middle))))
