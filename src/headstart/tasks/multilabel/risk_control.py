"""Sets of labels that miss no more than a promised share of those that are there: conformal risk control.

Angelopoulos, Bates, Fisch, Lei & Schuster, 2022, arXiv:2208.02814 (ICLR 2024), theorem 1 with the false negative rate,
section 4.1: an item's loss is the share of its labels that is not in its set. Of n held-out items the threshold is the
greatest at which (n * mean loss + 1) / (n + 1) is no more than what is promised; a further item then loses no more than
that in expectation, whatever the model. The promise is of items that have a label: others have nothing to miss, and
would make it cheap.

Items of one group are not drawn one by one. So a group counts once, with the mean loss of its items, and the promise is
of an item of a further group.
"""

import numpy as np
from numpy.typing import NDArray

from headstart.evaluation.grouping import number_groups
from headstart.tasks.multilabel.label_shares import find_told_labels
from headstart_runtime.arrays import Floats, Ints
from headstart_runtime.tasks.multilabel.postprocessor import RiskControl


def fit_risk_control(targets: NDArray[np.integer], probabilities: Floats, groups: Ints, promised: float) -> RiskControl:
    """Return the rule of sets for a promised miss rate; of too few items it takes all labels.

    Args:
        targets: (N, K) 1 there, 0 absent, -1 unknown: what is unknown cannot be missed. A label that all items have
            is not missed either, and would pay for misses of the others: it is left out.
        probabilities: (N, K) float32, calibrated, of items that nothing was fitted on.
        groups: (N,) which of them belong together.
        promised: mean share of an item's labels that may be missed, in 0..1.
    """
    there = (targets == 1) & find_told_labels(targets)
    able = there.any(axis=1)
    numbers = number_groups(groups[able])
    n = int(numbers.max(initial=-1)) + 1
    if (n + 1) * promised < 1:
        return RiskControl(promised, 0.0, n)
    rows, labels = np.nonzero(there[able])
    share = 1 / there[able].sum(axis=1)[rows] / np.bincount(numbers)[numbers[rows]]
    values = probabilities[able][rows, labels]
    order = np.argsort(values, kind="stable")
    # A label is missed as soon as the threshold is above its probability: the loss rises step by step with it.
    lost = np.cumsum(share[order])
    allowed = (n + 1) * promised - 1
    first = int(np.searchsorted(lost, allowed + 1e-9, side="right"))
    threshold = float(values[order][first]) if first < len(order) else 1.0
    return RiskControl(promised, min(threshold, 1.0), n)
